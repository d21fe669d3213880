#!/usr/bin/env python3
"""The lint rules find what they are meant to find, and the counter counts."""

import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
sys.dont_write_bytecode = True

import count_results  # noqa: E402
import house_rules  # noqa: E402
import include_rules  # noqa: E402
import manual_rules  # noqa: E402
import wrap_rules  # noqa: E402


class Tree(unittest.TestCase):
    """Gives each test a small source tree of its own."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = pathlib.Path(holder.name)
        (self.root / "src").mkdir()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


class IncludeRules(Tree):
    def found(self, name, text):
        self.write(name, text)
        return [finding.split(": ", 1)[1] for finding in include_rules.findings(self.root)]

    def test_downward_is_fine(self):
        self.assertEqual(self.found("src/registry/a.cpp", '#include "http/url.hpp"\n#include <vector>\n'), [])

    def test_upward_is_found(self):
        self.assertEqual(
            self.found("src/oci/a.cpp", '#include "http/url.hpp"\n'), ['oci must not include http ("http/url.hpp")']
        )

    def test_sideways_is_found(self):
        self.assertEqual(len(self.found("src/layout/a.cpp", '#include "registry/a.hpp"\n')), 1)
        self.assertEqual(len(self.found("src/http/a.hpp", '#include "archive/a.hpp"\n')), 2)

    def test_rooms_of_a_layer_have_an_order_too(self):
        self.assertEqual(self.found("src/ferry/gather/a.cpp", '#include "ferry/set/a.hpp"\n'), [])
        self.assertEqual(
            self.found("src/ferry/set/a.cpp", '#include "ferry/gather/a.hpp"\n'),
            ['ferry/set must not include ferry/gather ("ferry/gather/a.hpp")'],
        )
        self.assertEqual(len(self.found("src/ferry/deliver/a.cpp", '#include "ferry/registry.hpp"\n')), 2)
        self.assertEqual(len(self.found("src/layout/open_archive.cpp", '#include "layout/foreign/a.hpp"\n')), 2)
        self.assertEqual(len(self.found("src/layout/a.cpp", '#include "layout/foreign/a.hpp"\n')), 3)

    def test_archives_and_stores_know_media_rather_than_files(self):
        self.assertEqual(self.found("src/medium/a.cpp", '#include <unistd.h>\n#include "base/fd.hpp"\n'), [])
        self.assertEqual(
            self.found("src/layout/sealed/a.cpp", '#include "base/fd.hpp"\n'),
            ["base/fd.hpp is about files: layout knows media only (src/medium)"],
        )
        self.assertEqual(len(self.found("src/store/a.cpp", "#include <fcntl.h>\n")), 2)

    def test_transfer_knows_the_store_only(self):
        self.assertEqual(len(self.found("src/transfer/a.cpp", '#include "layout/a.hpp"\n')), 1)

    def test_public_headers_have_a_layer_too(self):
        self.assertEqual(len(self.found("src/stream/a.cpp", '#include "store/store.hpp"\n')), 1)
        self.assertEqual(len(self.found("include/ociferry/error.hpp", '#include "ociferry/digest.hpp"\n')), 2)

    def test_libraries_stay_in_their_folder_and_out_of_headers(self):
        self.assertEqual(self.found("src/http/a.cpp", "#include <curl/curl.h>\n#include <sys/socket.h>\n"), [])
        self.assertEqual(
            self.found("src/oci/a.cpp", "#include <curl/curl.h>\n"), ["<curl/curl.h> is for http/ only"]
        )
        self.assertEqual(len(self.found("src/http/a.hpp", "#include <curl/curl.h>\n")), 2)
        self.assertEqual(len(self.found("include/ociferry/a.hpp", "#include <zstd.h>\n")), 3)

    def test_unknown_libraries_and_headers_are_found(self):
        self.assertEqual(len(self.found("src/oci/a.cpp", "#include <magic.h>\n")), 1)
        self.assertEqual(len(self.found("src/oci/b.cpp", '#include "b.hpp"\n')), 2)


class HouseRules(Tree):
    def test_long_files_are_found(self):
        self.write("src/base/a.cpp", "\n" * 400)
        self.assertEqual(list(house_rules.files_are_short(self.root)), [])
        self.write("src/base/a.cpp", "\n" * 401)
        self.assertEqual(len(list(house_rules.files_are_short(self.root))), 1)

    def test_unfinished_work_is_found(self):
        self.write("src/base/a.cpp", "// TO" + "DO\n")
        self.write("src/base/b.cpp", f'mkdtemp("{"X" * 6}");\n')
        self.assertEqual(len(list(house_rules.nothing_is_unfinished_or_tied_to_a_machine(self.root))), 1)

    def test_the_sources_of_wraps_are_not_ours(self):
        self.write("subprojects/a-1.2/a.md", "TO" + "DO\n")
        self.assertEqual(list(house_rules.nothing_is_unfinished_or_tied_to_a_machine(self.root)), [])
        self.write("subprojects/packagefiles/a/meson.build", "# TO" + "DO\n")
        self.assertEqual(len(list(house_rules.nothing_is_unfinished_or_tied_to_a_machine(self.root))), 1)

    def test_paths_of_a_machine_are_found(self):
        self.write("docs/a.md", "see `/ho" + "me/someone/x`\nhttps://example.org/home/page\n$HOME/srv/x\n")
        self.assertEqual(len(list(house_rules.nothing_is_unfinished_or_tied_to_a_machine(self.root))), 1)
        self.write("docs/b.md", f"built in {self.root.resolve()}/build\n")
        self.assertEqual(len(list(house_rules.nothing_is_unfinished_or_tied_to_a_machine(self.root))), 2)

    def test_sources_that_are_not_built_are_found(self):
        self.write("src/base/meson.build", "['a.cpp']\n")
        self.write("src/base/a.cpp", "")
        self.write("src/base/aa.cpp", "")
        self.assertEqual(list(house_rules.every_source_is_built(self.root)), ["src/base/aa.cpp: in no meson.build"])

    def test_system_calls_outside_of_their_place_are_found(self):
        self.write("src/ferry/a.cpp", "calls::open(p);\nx.read(b);\nSource::open(b);\n// ::rename(a, b)\nfs::exists(p);\n")
        self.write("src/base/system_calls.cpp", "::rename(a, b);\n")
        self.assertEqual(list(house_rules.system_calls_go_through_one_place(self.root)), [])
        self.write("src/ferry/b.cpp", "if (::rename(a, b) != 0) fs::remove(a);\nfs::create_directories(a);\n::pwrite(1);\n")
        self.assertEqual(len(list(house_rules.system_calls_go_through_one_place(self.root))), 3)


class ManualRules(Tree):
    PAGE = "".join(f".Sh {section}\n" for section in manual_rules.SECTIONS)

    def found(self, options_of, accepts=lambda flag: False):
        return list(manual_rules.findings(manual_rules.Manual(self.root / "man"), options_of, accepts))

    def test_options_are_read_from_the_help(self):
        text = "Options:\n  -b [ --bundle ] REF   Bundle, or --image\n  --lock FILE\n                 --no\n  --force   x\n"
        self.assertEqual(manual_rules.options_in(text), {"-b", "--bundle", "--lock", "--force"})
        text = "Usage\n\nCommands:\n  push          Push\n  tag list      List the tags\n\n'--help'\n"
        self.assertEqual(manual_rules.commands_in(text), [["push"], ["tag", "list"]])

    def test_a_page_is_required_for_every_command(self):
        self.assertEqual(self.found({"ociferry-push.1": set()}), ["man/ociferry-push.1: missing"])
        self.write("man/ociferry-push.1", self.PAGE)
        self.assertEqual(self.found({"ociferry-push.1": set()}), [])
        self.write("man/ociferry.1", ".Xr ociferry-pull 1\n")
        self.assertEqual(len(self.found({"ociferry-push.1": set()})), 2)

    def test_options_that_differ_from_the_program_are_found(self):
        self.write("man/ociferry-push.1", self.PAGE + ".It Fl b , Fl -bundle Ar ref\n.Fl -json\n")
        self.assertEqual(self.found({"ociferry-push.1": {"-b", "--bundle", "--json"}}), [])
        self.assertEqual(len(self.found({"ociferry-push.1": {"-b", "--bundle", "--json", "--tty"}})), 1)
        self.assertEqual(len(self.found({"ociferry-push.1": {"-b", "--bundle"}})), 1)
        self.assertEqual(self.found({"ociferry-push.1": {"-b", "--bundle"}}, lambda flag: True), [])
        self.assertEqual(len(self.found({"ociferry-push.1": {"-b", "--json"}})), 2)


class WrapRules(Tree):
    WRAP = """[wrap-file]
directory = a-1.2
source_url = https://example.org/a_1.2.orig.tar.gz
source_filename = a_1.2.orig.tar.gz
source_hash = {hash}
patch_directory = a

[provide]
a = a_dep
"""

    def found(self, wrap=WRAP.format(hash="0" * 64), table="| `a` | 1.2 | MIT |\n", build="project('a', version: '1.2')"):
        self.write("meson.build", "a = dependency('a', version: '>=1')\n")
        self.write("CONTRIBUTING.md", table)
        self.write("subprojects/a.wrap", wrap)
        self.write("subprojects/packagefiles/a/meson.build", build)
        return [finding.split(": ", 1)[1] for finding in wrap_rules.findings(self.root)]

    def test_what_is_right_is_fine(self):
        self.assertEqual(self.found(), [])

    def test_a_missing_hash_is_found(self):
        self.assertEqual(self.found(wrap=self.WRAP.format(hash="")), ["no source_hash, 64 digits of SHA-256"])

    def test_another_version_is_found(self):
        self.assertEqual(len(self.found(build="project('a', version: '1.3')")), 1)
        self.assertEqual(self.found(table="| `a` | 1.3 | MIT |\n"), ["has another version in CONTRIBUTING.md: 1.3"])

    def test_what_is_listed_is_there_and_the_reverse(self):
        self.assertEqual(self.found(table=""), ["is not in the table of CONTRIBUTING.md"])
        self.assertEqual(
            self.found(table="| `a` | 1.2 | MIT |\n| `b` | 1.2 | MIT |\n"), ["there is no subprojects/b.wrap"]
        )
        self.write("subprojects/packagefiles/b/meson.build", "")
        self.assertEqual(self.found(), ["no wrap uses it"])

    def test_a_wrap_that_nothing_needs_is_found(self):
        wrap = self.WRAP.format(hash="0" * 64).replace("a = a_dep", "c = a_dep")
        self.assertEqual(self.found(wrap=wrap), ["provides no dependency that the project looks for"])


class CountResults(unittest.TestCase):
    DOCTEST = "[doctest] test cases:  4 |  3 passed | 1 failed | 0 skipped\n"
    GREEN = "SKIPPED: no skopeo\n[doctest] test cases:  4 |  4 passed | 0 failed | 0 skipped\n"

    def count(self, result, output="", required=False):
        return tuple(count_results.count({"result": result, "stdout": output}, required))

    def test_cases_of_a_program_count_one_by_one(self):
        self.assertEqual(self.count("FAIL", self.DOCTEST), (3, 1, 0))

    def test_other_checks_count_as_one(self):
        self.assertEqual(self.count("OK", "fine\n"), (1, 0, 0))
        self.assertEqual(self.count("TIMEOUT"), (0, 1, 0))
        self.assertEqual(self.count("SKIP"), (0, 0, 1))

    def test_a_program_that_dies_after_its_last_case_failed(self):
        self.assertEqual(self.count("FAIL", self.GREEN), (3, 1, 1))

    def test_a_missing_program_is_a_skip_here_and_a_failure_in_ci(self):
        self.assertEqual(self.count("OK", self.GREEN), (3, 0, 1))
        self.assertEqual(self.count("OK", self.GREEN, required=True), (3, 1, 0))
        self.assertEqual(self.count("SKIP", required=True), (0, 1, 0))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""What checks the documentation finds what it is meant to find."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import console_blocks  # noqa: E402
import links  # noqa: E402
import run_docs  # noqa: E402

PAGE = """# Title
<!-- setup
mkdir a
-->
```console
$ cat > a/b <<EOF
> text
> EOF
$ cat a/b
text
...
```
"""


class Blocks(unittest.TestCase):
    def test_commands_have_their_further_lines_and_output(self):
        setup, write, read = console_blocks.commands_of(PAGE)
        self.assertEqual((setup.text, setup.is_setup), ("mkdir a", True))
        self.assertEqual((write.text, write.shown), ("cat > a/b <<EOF\ntext\nEOF", []))
        self.assertEqual((read.line, read.text, read.shown), (9, "cat a/b", ["text", "..."]))

    def test_output_that_differs_is_found(self):
        self.assertTrue(console_blocks.agrees(["a ... c", "...", "  d"], ["a   b c", "x", "y", "  d"]))
        self.assertTrue(console_blocks.agrees(["..."], []))
        for shown, actual in (["a"], ["b"]), (["a"], ["a", "b"]), (["a", "b"], ["a"]), ([], ["a"]), ([" a"], ["a"]):
            self.assertFalse(console_blocks.agrees(shown, actual))

    def test_sizes_and_fingerprints_only_need_to_be_some(self):
        fingerprints = ["-".join([digits] * 8) for digits in ("0a1b", "ffff")]
        self.assertTrue(console_blocks.agrees([f"F: {fingerprints[0]}, 17.4 kB"], [f"F: {fingerprints[1]}, 9 kB"]))
        self.assertFalse(console_blocks.agrees(["F: 17.4 kB"], ["F: 17.4 MB"]))
        self.assertFalse(console_blocks.agrees(["3 images"], ["2 images"]))

    def test_commands_that_would_not_be_run_are_found(self):
        self.assertEqual(list(console_blocks.complaints(PAGE)), [])
        fences = ["```\nls\n```", "```sh\nls\n```", "```text\n$ ls\n```", "```console\nls\n```"]
        for page in [*fences, "\n    ociferry help\n"]:
            self.assertEqual(len(list(console_blocks.complaints(page))), 1, page)
        with self.assertRaises(ValueError):
            list(console_blocks.blocks_of("```console\n$ ls\n"))

    def test_output_is_written_into_the_page(self):
        digest = "sha256:" + "0" * 64
        page = console_blocks.with_output(PAGE.replace("text\n...\n", "old\n"), {9: ["new", digest]})
        self.assertIn("$ cat a/b\nnew\nsha256:...\n```\n", page)


class Findings(unittest.TestCase):
    def found(self, page, outputs):
        return list(run_docs.page_findings("page", console_blocks.commands_of(page), outputs))

    def test_commands_that_fail_or_never_ran_are_found(self):
        page = "```console\n$ false\n$ true\n```"
        self.assertEqual(self.found(page, {0: ([], 0), 1: ([], 0)}), [])
        self.assertEqual(len(self.found(page, {0: ([], 1), 1: ([], 0)})), 1)
        self.assertEqual(len(self.found(page, {0: ([], 0)})), 1)

    def test_a_status_that_is_shown_may_be_any(self):
        page = "```console\n$ false\n$ echo $?\n1\n```"
        self.assertEqual(self.found(page, {0: ([], 1), 1: (["1"], 0)}), [])
        self.assertEqual(len(self.found(page, {0: ([], 1), 1: (["2"], 0)})), 1)


class Links(unittest.TestCase):
    def test_links_that_lead_nowhere_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            links_of_a = "[x](b.md) [y](#one-two) [z](b.md#no) [h](https://x.example/y)\n`[](c)`\n"
            (root / "a.md").write_text("# One `two`\n" + links_of_a)
            (root / "b.md").write_text("[gone](gone.md)\n[ref]: a.md#one\n")
            found = list(links.findings(root, links.markdown_pages(root), links.Markdown))
        self.assertEqual(len(found), 3, found)

    def test_links_of_html_too(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "a.html").write_text('<h1 id="x">X</h1><a href="#x">x</a><a href="#y">y</a><img src="gone.svg">')
            found = list(links.findings(root, [root / "a.html"], links.Html))
        self.assertEqual(len(found), 2, found)


if __name__ == "__main__":
    unittest.main()

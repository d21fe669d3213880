#!/usr/bin/env python3
"""scripts/build-docs makes HTML of all pages: links lead somewhere, equal sources give equal bytes, nothing is lost.

usage: html_test.py SOURCE_ROOT

Exits with 77 (skipped) where lowdown or mandoc is missing.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import links  # noqa: E402

ROOT = pathlib.Path(sys.argv.pop() if len(sys.argv) > 1 else ".")


def build(output):
    return subprocess.run([ROOT / "scripts" / "build-docs", output], capture_output=True, text=True)


def files_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class HtmlPages(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def test_every_page_is_there_and_every_link_leads_somewhere(self):
        output = self.folder / "new" / "html"
        self.assertEqual(build(output).stderr, "")
        made = files_in(output)
        for page in links.markdown_pages(ROOT):
            self.assertIn(str(page.relative_to(ROOT).with_suffix(".html")), made)
        for page in (ROOT / "man").glob("*.[1-9]"):
            self.assertIn(f"man/{page.name}.html", made)
        pages = sorted(output.rglob("*.html"))
        self.assertEqual(list(links.findings(output, pages, links.Html)), [])
        self.assertNotIn(b"<!-- setup", made["README.html"])
        self.assertIn(b"<pre><code", made["docs/start.html"])

        (output / "old.html").write_text("of an earlier run")
        self.assertEqual(build(output).returncode, 0)
        self.assertEqual(files_in(output), made)

    def test_a_directory_with_something_else_is_kept(self):
        (self.folder / "mine").write_text("mine")
        self.assertEqual(build(self.folder).returncode, 1)
        self.assertEqual(files_in(self.folder), {"mine": b"mine"})
        self.assertEqual(subprocess.run([ROOT / "scripts" / "build-docs"], capture_output=True).returncode, 2)


if __name__ == "__main__":
    if not (shutil.which("lowdown") and shutil.which("mandoc")):
        print("skipped: no lowdown or no mandoc")
        sys.exit(77)
    unittest.main()

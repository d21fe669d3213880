#!/usr/bin/env python3
"""Every link from a page of ours to another leads somewhere: the file is there, and so is the heading behind "#".

usage: links.py SOURCE_ROOT           the Markdown of the project
       links.py --html DIRECTORY      pages that were made of it

Prints the links that lead nowhere, and exits with 1 if there are any. Links to other hosts are not followed.
"""

import html.parser
import pathlib
import re
import sys
import urllib.parse


def is_elsewhere(target):
    return re.match(r"[a-z][a-z0-9+.-]*:", target) is not None


class Markdown:
    """Links and anchors of a Markdown page. Fenced blocks and code are no text."""

    def __init__(self, text):
        text = re.sub(r"(?ms)^ *```.*?^ *```|<!--.*?-->", "", text)
        self.anchors = set()
        for title in re.findall(r"(?m)^#+ +(.+?) *$", text):
            words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower()
            self.anchors.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
        text = re.sub(r"`[^`\n]*`", "", text)
        self.targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"(?m)^\[[^]]+\]: +(\S+)", text)


class Html(html.parser.HTMLParser):
    """Links and anchors of an HTML page."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.targets = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.anchors.add(value)
            if value and name in ("href", "src"):
                self.targets.append(value)


def findings(root, pages, parse):
    parsed = {page.resolve(): parse(page.read_text(encoding="utf-8")) for page in pages}
    for page, content in parsed.items():
        name = page.relative_to(root.resolve())
        for target in content.targets:
            if is_elsewhere(target):
                continue
            path, _, anchor = urllib.parse.unquote(target).partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists():
                yield f"{name}: there is no {target}"
            elif anchor and file in parsed and anchor not in parsed[file].anchors:
                yield f"{name}: {path or name} has no heading for #{anchor}"


def markdown_pages(root):
    return sorted(root.glob("*.md")) + sorted((root / "docs").rglob("*.md")) + sorted((root / "bench").glob("*.md"))


def main(arguments):
    if arguments[0] == "--html":
        root = pathlib.Path(arguments[1])
        pages, parse = sorted(root.rglob("*.html")), Html
    else:
        root = pathlib.Path(arguments[0])
        pages, parse = markdown_pages(root), Markdown
    found = list(findings(root, pages, parse))
    print("\n".join(found) or f"{len(pages)} pages, and every link leads somewhere")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""The manual says what the program does: each command has a page with all of its options, and no page describes an
option, or refers to a page, that does not exist.

usage: manual_rules.py PROGRAM SOURCE_ROOT

The options are those that PROGRAM prints with --help, which it makes of its option tables.
"""

import pathlib
import re
import subprocess
import sys

SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]
OVERVIEW = "ociferry.1"


def help_of(program, words):
    return subprocess.run([program, *words, "--help"], check=True, capture_output=True, text=True).stdout


def commands_in(overview):
    """The commands that the overview lists, as words: "tag list" -> ["tag", "list"]."""
    listed = overview.split("Commands:\n", 1)[1].split("\n\n", 1)[0]
    return [re.match(r"  (\S+(?: \S+)*)", line).group(1).split() for line in listed.splitlines()]


def options_in(help_text):
    """The options in the help of a command: {"-b", "--bundle", ...}."""
    options = set()
    for line in help_text.splitlines():
        found = re.match(r"  (?:(-\w) \[ (--[\w-]+) \]|(--[\w-]+))(?: |$)", line)
        options |= {name for name in (found.groups() if found else ()) if name}
    return options


def flags_in(line):
    """The options that a line of mdoc names: "Fl b , Fl -bundle Ar ref" -> ["-b", "--bundle"]."""
    return ["-" + name for name in re.findall(r"\bFl (?!Ns\b)(-?[A-Za-z][\w-]*)", line)]


def page_of(words):
    return "-".join(["ociferry", *words]) + ".1"


class Manual:
    """The pages of a folder, by file name."""

    def __init__(self, folder):
        self.pages = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("ociferry*.[1-9]"))}

    def lines(self, page):
        return [(number, line) for number, line in enumerate(self.pages[page].splitlines(), 1) if line.startswith(".")]

    def described(self, page):
        """The options that the page has an entry of its own for, with their lines."""
        return [(number, flag) for number, line in self.lines(page) if line.startswith(".It") for flag in flags_in(line)]

    def named(self, page):
        return [(number, flag) for number, line in self.lines(page) for flag in flags_in(line)]

    def sections(self, page):
        return re.findall(r"^\.Sh (.+)$", self.pages[page], re.MULTILINE)


def page_findings(manual, page, options):
    """What is wrong with the page of a command that takes `options`."""
    if page not in manual.pages:
        yield f"man/{page}: missing"
        return
    sections = [section for section in manual.sections(page) if section in SECTIONS]
    if sections != SECTIONS:
        yield f"man/{page}: sections are {sections}, not {SECTIONS}"
    for missing in sorted(options - {flag for _, flag in manual.named(page)}):
        yield f"man/{page}: does not name {missing}"
    for number, flag in manual.described(page):
        if flag not in options:
            yield f"man/{page}:{number}: the command has no {flag}"


def findings(manual, options_of, accepts):
    """`options_of` is {page: options}; `accepts(flag)` says whether any command takes an option that no help shows."""
    for page, options in options_of.items():
        yield from page_findings(manual, page, options)
        if OVERVIEW in manual.pages and f".Xr {page[:-2]} 1" not in manual.pages[OVERVIEW]:
            yield f"man/{OVERVIEW}: does not refer to {page}"
    every = set().union(*options_of.values())
    for page in manual.pages:
        for number, flag in manual.named(page):
            if flag not in every and not accepts(flag):
                yield f"man/{page}:{number}: no command has {flag}"
        for number, line in manual.lines(page):
            for name, section in re.findall(r"\.Xr (ociferry[\w-]*) (\d)", line):
                if f"{name}.{section}" not in manual.pages:
                    yield f"man/{page}:{number}: there is no page {name}.{section}"


def installed(folder):
    return set(re.findall(r"'(ociferry[\w.-]*)'", (folder / "meson.build").read_text(encoding="utf-8")))


def main(program, root):
    folder = pathlib.Path(root) / "man"
    commands = commands_in(help_of(program, []))
    options_of = {page_of(words): options_in(help_of(program, words)) for words in commands}

    def accepts(flag):
        for words in [[], *commands]:
            call = subprocess.run([program, *words, flag + "=x", "--help"], capture_output=True, text=True)
            if not re.search(r"unknown (shorthand )?flag", call.stderr):
                return True
        return False

    manual = Manual(folder)
    found = list(findings(manual, options_of, accepts))
    found += [f"man/meson.build: does not install {page}" for page in sorted(set(manual.pages) - installed(folder))]
    print("\n".join(found) or f"{len(manual.pages)} pages say what the program does")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

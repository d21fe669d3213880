#!/usr/bin/env python3
"""Rules of the house that no compiler checks: see RULES below.

usage: house_rules.py SOURCE_ROOT
"""

import os
import pathlib
import re
import sys

MAX_LINES = 400
TEXT_SUFFIXES = {"", ".1", ".5", ".7", ".build", ".cpp", ".hpp", ".in", ".md", ".py", ".sh", ".supp", ".txt", ".wrap"}
NOT_OURS = {".git", "fixtures", "corpus", "packagecache"}

# Put together here, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]) + r")\b")
# A path that exists on one person's machine only.
SOMEONES_PATH = re.compile(r"(?<![\w.:/$}~-])/(home|Users|root|work|srv|mnt)/[A-Za-z0-9_]")

# System calls that can fail and that something depends on: base/system_calls makes them, so that tests can let them fail.
RAW_CALL = re.compile(
    r"(?<![\w:])::(open|openat|creat|mkostemp|mkstemp|mkdtemp|close|p?read|p?write|p?writev|fsync|fdatasync|syncfs"
    r"|(posix_)?fallocate|f?truncate|rename|renameat2?|unlink|unlinkat|rmdir|mkdir|mkdirat|symlink|symlinkat|link|linkat"
    r"|flock|f?chmod|fchmodat|futimens|utimensat|socket)\("
    r"|\bfs::(create_director(y|ies)|create_symlink|copy|copy_file|remove|remove_all|rename|resize_file)\("
    r"|\bstd::filesystem::(create_director(y|ies)|create_symlink|copy|copy_file|remove|remove_all|rename|resize_file)\("
    r"|\b(std::[io]?fstream|fopen)\b"
)
# Terminals and the pipes of helper processes are not files that anything is kept in.
MAKES_RAW_CALLS = {
    "base/system_calls.cpp",
    "cli/manual.cpp",
    "cli/standard_input.cpp",
    "cli/program.cpp",
    "credentials/credential_helper.cpp",
}


def project_files(root):
    """Every text file of the project, build directories and foreign bytes left out."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        # In a work tree of its own .git is a file.
        if any(part in NOT_OURS for part in parts) or any(part.startswith("build") for part in parts[:-1]):
            continue
        # A library's source, unpacked by its wrap.
        if parts[0] == "subprojects" and len(parts) > 2 and parts[1] != "packagefiles":
            continue
        if path.is_file() and not path.is_symlink() and path.suffix in TEXT_SUFFIXES:
            yield path


def sources(root, *suffixes):
    return [path for path in sorted((root / "src").rglob("*")) if path.suffix in suffixes]


def files_are_short(root):
    for path in sources(root, ".cpp", ".hpp"):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > MAX_LINES:
            yield f"{path.relative_to(root)}: {lines} lines, more than {MAX_LINES}"


def nothing_is_unfinished_or_tied_to_a_machine(root):
    checkout = str(root.resolve())
    for path in project_files(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            yield f"{path.relative_to(root)}: not UTF-8"
            continue
        for number, line in enumerate(text.splitlines(), 1):
            where = f"{path.relative_to(root)}:{number}"
            if UNFINISHED.search(line):
                yield f"{where}: something is left to do"
            if SOMEONES_PATH.search(line) or (checkout.count("/") > 1 and checkout in line):
                yield f"{where}: a path of one machine"


def every_source_is_built(root):
    for path in sources(root, ".cpp"):
        name = path.relative_to(root / "src")
        folders = [path.parent, *path.parent.parents]
        builds = [folder / "meson.build" for folder in folders if folder == root / "src" or root / "src" in folder.parents]
        texts = [build.read_text(encoding="utf-8") for build in builds if build.exists()]
        if not any(re.search(rf"['/]{re.escape(path.name)}'", text) for text in texts):
            yield f"src/{name}: in no meson.build"


def system_calls_go_through_one_place(root):
    for path in sources(root, ".cpp", ".hpp"):
        name = str(path.relative_to(root / "src"))
        if name in MAKES_RAW_CALLS:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = RAW_CALL.search(line.split("//")[0])
            if found:
                yield f"src/{name}:{number}: {found.group()} is for base/system_calls only"


RULES = [
    files_are_short,
    nothing_is_unfinished_or_tied_to_a_machine,
    every_source_is_built,
    system_calls_go_through_one_place,
]


def main(root):
    root = pathlib.Path(os.path.normpath(root))
    found = [finding for rule in RULES for finding in rule(root)]
    print("\n".join(found) or "the house is in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

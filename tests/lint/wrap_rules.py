#!/usr/bin/env python3
"""Each wrap says what it unpacks by its hash, is used, and is listed in CONTRIBUTING.md.

usage: wrap_rules.py SOURCE_ROOT
"""

import configparser
import pathlib
import re
import sys

LISTED_IN = "CONTRIBUTING.md"
LIST = re.compile(r"^\| `([\w.+-]+)` \| ([\d.]+) \|", re.MULTILINE)
VERSION = re.compile(r"\bversion: '([^']+)'")
DEPENDENCY = re.compile(r"\bdependency\('([^']+)'")


def read_wrap(path):
    wrap = configparser.ConfigParser(interpolation=None)
    wrap.read(path, encoding="utf-8")
    return wrap


def source_is_fixed(wrap):
    """What is fetched, from wherever, has one name and one content."""
    source = wrap["wrap-file"] if wrap.has_section("wrap-file") else {}
    if not re.fullmatch(r"[0-9a-f]{64}", source.get("source_hash", "")):
        yield "no source_hash, 64 digits of SHA-256"
    name = source.get("source_filename", "")
    if not name or "/" in name:
        yield "no source_filename, one to look for in packagecache/"
    url = source.get("source_url", "")
    if not (url.startswith("https://") and url.endswith("/" + name)):
        yield f"source_url is not https://.../{name}"
    if any(key.startswith("patch_") and key != "patch_directory" for key in source):
        yield "patches are fetched, too: use packagefiles/ and patch_directory"


def build_files_are_here(wrap, packagefiles):
    """The build files of ours are for the version that the wrap unpacks."""
    source = wrap["wrap-file"] if wrap.has_section("wrap-file") else {}
    folder = source.get("patch_directory")
    if folder is None:
        return
    build = packagefiles / folder / "meson.build"
    if not build.is_file():
        yield f"packagefiles/{folder}/meson.build is missing"
        return
    version = VERSION.search(build.read_text(encoding="utf-8"))
    if version is None or not re.search(rf"_{re.escape(version.group(1))}\b", source.get("source_filename", "")):
        yield f"packagefiles/{folder}/meson.build does not have the version of {source.get('source_filename')}"


def listed(root):
    """name -> version of the table of wraps."""
    return dict(LIST.findall((root / LISTED_IN).read_text(encoding="utf-8")))


def asked_for(root):
    """The names of all dependencies that the project looks for."""
    builds = [root / "meson.build", *(root / "src").rglob("meson.build"), *(root / "tests").rglob("meson.build")]
    return {name for build in builds for name in DEPENDENCY.findall(build.read_text(encoding="utf-8"))}


def findings(root):
    subprojects = root / "subprojects"
    table, wanted, folders = listed(root), asked_for(root), set()
    wraps = sorted(subprojects.glob("*.wrap"))
    for path in wraps:
        wrap = read_wrap(path)
        problems = [*source_is_fixed(wrap), *build_files_are_here(wrap, subprojects / "packagefiles")]
        if not (wrap.has_section("provide") and set(wrap["provide"]) & wanted):
            problems.append("provides no dependency that the project looks for")
        if path.stem not in table:
            problems.append(f"is not in the table of {LISTED_IN}")
        elif not re.search(rf"_{re.escape(table[path.stem])}\b", wrap.get("wrap-file", "source_filename", fallback="")):
            problems.append(f"has another version in {LISTED_IN}: {table[path.stem]}")
        folders.add(wrap.get("wrap-file", "patch_directory", fallback=""))
        yield from (f"subprojects/{path.name}: {problem}" for problem in problems)
    for name in sorted(set(table) - {path.stem for path in wraps}):
        yield f"{LISTED_IN}: there is no subprojects/{name}.wrap"
    for folder in sorted((subprojects / "packagefiles").glob("*")):
        if folder.name not in folders:
            yield f"subprojects/packagefiles/{folder.name}: no wrap uses it"


def main(root):
    found = list(findings(pathlib.Path(root)))
    print("\n".join(found) or "the wraps are in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

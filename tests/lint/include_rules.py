#!/usr/bin/env python3
"""Includes go downward through the layers only, and each library is used where it belongs.

usage: include_rules.py SOURCE_ROOT

Prints one line per finding; exits with 1 if there is any. The tables below are the rule.
"""

import pathlib
import re
import sys

# Layer -> the layers it may include besides itself. Layers of one row never include each other.
BASE = {"base"}
OCI = BASE | {"oci"}
STREAM = OCI | {"stream"}
STORE = STREAM | {"store"}
MAY_INCLUDE = {
    "base": set(),
    "oci": BASE,
    "stream": OCI,
    "recipe": BASE | {"stream"},
    "medium": STREAM,
    "parity": STREAM | {"medium"},
    "store": STREAM | {"medium"},
    "archive": STREAM,  # tars and layers: nothing of where they are kept
    "http": BASE | {"stream"},  # nothing of images
    "layout": STORE | {"medium", "archive", "recipe"},
    "credentials": STREAM | {"http"},
    "registry": STORE | {"http", "credentials"},
    "transfer": STORE,  # one engine for every kind of end: it knows the store interfaces only
    "bundle": STREAM | {"archive"},  # documents: no I/O
    "ferry": STORE | {"medium", "parity", "archive", "http", "layout", "credentials", "registry", "transfer", "bundle"},
    "cli": STREAM | {"medium", "archive", "http", "layout", "credentials", "bundle", "ferry"},
}

# Room of a layer -> the rooms of the same layer that it may include besides itself. Files that lie in no folder of
# their layer are in the room that is named like it; a single file may have rules of its own.
ROOMS = {
    "layout": set(),
    "layout/sealed": {"layout"},
    "layout/foreign": {"layout", "layout/sealed"},
    "layout/compact": {"layout", "layout/sealed"},
    "layout/open_archive": {"layout", "layout/sealed", "layout/foreign", "layout/compact"},
    "ferry/set": set(),
    "ferry/gather": {"ferry/set"},
    "ferry/write": {"ferry/set", "ferry/gather"},
    "ferry/deliver": {"ferry/set", "ferry/gather"},
    "ferry/probe": set(),
    "ferry": {"ferry/set", "ferry/gather", "ferry/write", "ferry/deliver"},
    "cli": {"cli/completion"},
    "cli/completion": {"cli"},
    "cli/commands": {"cli", "cli/completion"},
}

# The layer that a header of include/ociferry belongs to; those not named here belong to ferry.
PUBLIC_LAYER = {
    "compact_storage": "oci",
    "error": "base",
    "export": "base",
    "limits": "base",
    "medium": "base",
    "progress": "base",
    "version": "base",
    "delta": "oci",
    "volumes": "oci",
    "descriptor": "oci",
    "digest": "oci",
    "reference": "oci",
    "jobs": "transfer",
    "http_version": "http",
    "credential": "credentials",
    "registry_options": "credentials",
    "auth": "credentials",
}

# How a library's headers begin -> the folders and files of src/ that may include them.
LIBRARIES = {
    "archive.h": ("archive/",),
    "archive_entry.h": ("archive/",),
    "boost/program_options": ("cli/",),
    "curl/": ("http/",),
    "fmt/": ("cli/",),
    "isa-l/": ("parity/erasure_code.cpp",),
    "nlohmann/": ("oci/json.cpp",),
    "openssl/": (
        "http/lazy_certificates.cpp",
        "http/openssl_handles.cpp",
        "http/tls_failure.cpp",
        "http/tls_options.cpp",
        "http/trust_store.cpp",
        "stream/",
    ),
    "yaml-cpp/": ("bundle/",),
    "zstd.h": ("archive/",),
}

# Folders and files of src/ that take bytes from a Medium, and know nothing of the files that may be behind it.
WITHOUT_FILES = ("layout/", "parity/", "recipe/", "store/")
WITH_DIRECTORIES = "layout/foreign/directory_tree.cpp"
ABOUT_FILES = re.compile(r"base/(fd|room|system_calls|temporary)\.hpp$|(fcntl|unistd|sys/\w+)\.h$")

# System headers with a dot in their name; C++ headers have none.
SYSTEM = re.compile(
    r"(sys|linux|arpa|net|netinet)/\w+\.h$"
    r"|(dirent|dlfcn|elf|endian|fcntl|fnmatch|grp|langinfo|limits|malloc|netdb|poll|pthread|pwd|sched|signal|spawn|stdio"
    r"|stdlib|strings|termios|time|unistd|utime)\.h$"
)

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def layer_of_header(name):
    """The layer of what `#include "name"` means; None if it is none of ours."""
    folder, _, rest = name.partition("/")
    if folder == "ociferry":
        return PUBLIC_LAYER.get(pathlib.PurePosixPath(rest).stem, "ferry")
    return folder if folder in MAY_INCLUDE and rest else None


def layer_of_source(path):
    """The layer of a file of src/; src/main.cpp belongs to cli."""
    return path.parts[0] if len(path.parts) > 1 else "cli"


def room_of(file):
    """The room of a file of src/, or of what an include names; None where its layer has none."""
    path = pathlib.PurePosixPath(file)
    for room in (str(path.with_suffix("")), "/".join(path.parts[:-1])):
        if room in ROOMS:
            return room
    return None


def check_room(file, name):
    room, target = room_of(file), room_of(name)
    if room is None or target is None or room == target or room.split("/")[0] != target.split("/")[0]:
        return None
    return None if target in ROOMS[room] else f'{room} must not include {target} ("{name}")'


def check_own(layer, name):
    target = layer_of_header(name)
    if target is None:
        return f'"{name}" is not a header of this project, named from src/ or include/'
    if layer not in MAY_INCLUDE:
        return f"the layer {layer} is not in the table of include_rules.py"
    if target != layer and target not in MAY_INCLUDE[layer]:
        return f'{layer} must not include {target} ("{name}")'
    return None


def check_foreign(file, name, public):
    if "." not in name or SYSTEM.match(name):
        return None
    if public:
        return f"a public header must not include <{name}>"
    allowed = next((places for start, places in LIBRARIES.items() if name.startswith(start)), None)
    if allowed is None:
        return f"<{name}> belongs to no library in the table of include_rules.py"
    if not any(str(file).startswith(place) for place in allowed):
        return f"<{name}> is for {' and '.join(allowed)} only"
    if file.suffix == ".hpp":
        return f"<{name}> must not show in a header"
    return None


def check_medium(file, name):
    if not str(file).startswith(WITHOUT_FILES) or str(file) == WITH_DIRECTORIES or not ABOUT_FILES.match(name):
        return None
    return f"{name} is about files: {file.parts[0]} knows media only (src/medium)"


def findings(root):
    """Every broken rule below `root`, as `file:line: what`."""
    for folder, public in (("src", False), ("include/ociferry", True)):
        base = root / folder
        for path in sorted([*base.rglob("*.hpp"), *base.rglob("*.cpp")]):
            file = path.relative_to(base)
            layer = layer_of_header(f"ociferry/{file}") if public else layer_of_source(file)
            text = path.read_text(encoding="utf-8")
            for match in INCLUDE.finditer(text):
                quote, name = match.groups()
                if quote == '"':
                    problem = check_own(layer, name) or (None if public else check_room(file, name))
                else:
                    problem = check_foreign(file, name, public)
                problem = problem or (None if public else check_medium(file, name))
                if problem:
                    line = text.count("\n", 0, match.start(1)) + 1
                    yield f"{folder}/{file}:{line}: {problem}"


def main(root):
    found = list(findings(pathlib.Path(root)))
    print("\n".join(found) or "every include is in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

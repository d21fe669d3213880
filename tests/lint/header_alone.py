#!/usr/bin/env python3
"""Each public header compiles alone, so a user may include any of them first.

usage: header_alone.py INCLUDE_DIRECTORY COMPILER...
"""

import pathlib
import subprocess
import sys

FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++", "-"]


def compile_alone(header, include, compiler):
    """What the compiler says about `header`; empty if nothing."""
    source = f'#include "{header.relative_to(include)}"\n'
    command = [*compiler, f"-I{include}", *FLAGS]
    done = subprocess.run(command, input=source, text=True, capture_output=True, check=False)
    return done.stderr.strip() or ("" if done.returncode == 0 else f"exit status {done.returncode}")


def main(include, *compiler):
    # ccache cannot cache what comes from a pipe.
    compiler = [word for word in compiler if pathlib.Path(word).name != "ccache"]
    include = pathlib.Path(include)
    headers = sorted(include.rglob("*.hpp"))
    broken = 0
    for header in headers:
        said = compile_alone(header, include, compiler)
        if said:
            broken += 1
            print(f"{header.relative_to(include)} does not compile alone:\n{said}")
    print(f"{len(headers) - broken} of {len(headers)} public headers compile alone")
    return 1 if broken or not headers else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/env python3
"""The program is hardened as `version --verbose` says, and at least against the things that every build can have.

usage: hardening.py PROGRAM

Looks at the ELF file with readelf; prints what is missing and exits with 1, or with 77 (skipped) without readelf.
"""

import re
import shutil
import subprocess
import sys

ALWAYS = ["-pie", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack", "-fstack-protector-strong", "-D_GLIBCXX_ASSERTIONS"]
OPTIMIZED = ["-D_FORTIFY_SOURCE=3"]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def shown(program):
    """The proof of each flag in the file: flag -> whether it is there. Flags that leave no trace are left out."""
    header, segments = output("readelf", "-hW", program), output("readelf", "-lW", program)
    dynamic, symbols = output("readelf", "-dW", program), output("readelf", "--dyn-syms", "-W", program)
    stack = re.search(r"GNU_STACK.*?\b(R\w*)\s+0x", segments)
    return {
        "-pie": bool(re.search(r"Type:\s+DYN", header)) and "PIE" in dynamic,
        "-Wl,-z,relro": "GNU_RELRO" in segments,
        "-Wl,-z,now": bool(re.search(r"BIND_NOW|FLAGS_1.*NOW", dynamic)),
        "-Wl,-z,noexecstack": bool(stack) and "E" not in stack.group(1),
        "-fstack-protector-strong": "__stack_chk_fail" in symbols,
        "-D_GLIBCXX_ASSERTIONS": "glibcxx_assert_fail" in symbols or "__replacement_assert" in output("nm", "-C", program),
        "-D_FORTIFY_SOURCE=3": bool(re.search(r"__\w+_chk\b", re.sub(r"__stack_chk\w*", "", symbols))),
    }


def main(program):
    if not (shutil.which("readelf") and shutil.which("nm")):
        print("skipped: no readelf")
        return 77
    told = output(program, "version", "--verbose")
    flags = re.search(r"^hardening: (.*)$", told, re.MULTILINE).group(1).split()
    is_optimized = re.search(r"\((release|debugoptimized|minsize)\)$", told, re.MULTILINE) is not None
    found = shown(program)
    problems = [f"{flag}: told, but not in the program" for flag in flags if not found.get(flag, True)]
    for flag in ALWAYS + (OPTIMIZED if is_optimized else []):
        if flag not in flags:
            problems.append(f"{flag}: not among the flags")
        elif not found[flag]:
            problems.append(f"{flag}: not in the program")
    print("\n".join(problems) or f"hardened: {' '.join(flags)}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

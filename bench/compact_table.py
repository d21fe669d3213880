#!/usr/bin/env python3
"""How small two releases become, and in what time: bytes, and seconds of the processors and of the clock.

usage: compact_table.py OCIFERRY [DIRECTORY] [--zstd-19]      DIRECTORY: what releases.py has made

Ratios of bytes are to the plain archive of the same release; everything is of one run, in one table.
"""

import os
import pathlib
import subprocess
import sys
import time

from blob_store import bench_root


class Table:
    """Runs commands, and collects what they took and wrote."""

    def __init__(self, ociferry, work):
        self.ociferry = ociferry
        self.work = work
        self.rows = []

    def run(self, name, words, output=None, whole=None, through_shell=False):
        begin = time.monotonic()
        command = words if through_shell else [self.ociferry, *words]
        process = subprocess.Popen(command, cwd=self.work, shell=through_shell, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"{name}: {words} failed")
        size = (self.work / output).stat().st_size if output else None
        self.rows.append((name, size, size / whole if size and whole else None, usage.ru_utime + usage.ru_stime,
                          time.monotonic() - begin, usage.ru_maxrss / 1024))
        print(self.line(self.rows[-1]), flush=True)
        return size

    @staticmethod
    def line(row):
        name, size, ratio, cpu, wall, memory = row
        size_text = f"{size / 1e6:,.1f}" if size else "-"
        ratio_text = f"{100 * ratio:.2f} %" if ratio else "-"
        return f"| {name} | {size_text} | {ratio_text} | {cpu:.1f} | {wall:.1f} | {memory:.0f} |"


def main():
    arguments = [word for word in sys.argv[1:] if not word.startswith("--")]
    root = pathlib.Path(arguments[1]) if len(arguments) > 1 else pathlib.Path(bench_root()) / "releases"
    table = Table(os.path.abspath(arguments[0]), root)
    print("| what | MB | of the plain archive | CPU s | s | most memory, MiB |")
    print("| --- | --: | --: | --: | --: | --: |")
    whole = {}
    for release in ("first", "patch", "app"):
        words = ["copy", "--tar", release, "--to-tar", f"{release}.tar"]
        whole[release] = table.run(f"plain archive, {release}", words, f"{release}.tar")
    first = whole["first"]
    table.run("compact, fast", ["compact", "first.tar", "-o", "fast.zst"], "fast.zst", first)
    table.run("compact, small", ["compact", "first.tar", "--effort", "small", "-o", "small.zst"], "small.zst", first)
    table.run("zstd -3 --long=27 of the plain archive", "zstd -q -f -3 --long=27 first.tar -o whole.zst", "whole.zst",
              first, True)
    if "--zstd-19" in sys.argv:
        table.run("zstd -19 --long=27 of the plain archive", "zstd -q -f -19 --long=27 first.tar -o whole.zst",
                  "whole.zst", first, True)
    table.run("expand (fast)", ["expand", "fast.zst", "-o", "expanded.tar"])
    table.run("verify (fast)", ["verify", "fast.zst"])
    table.run("verify (plain)", ["verify", "first.tar"])
    for release in ("patch", "app"):
        words = ["compact", f"{release}.tar", "--since", "first.tar", "-o", f"{release}.zst"]
        table.run(f"{release}, since first", words, f"{release}.zst", whole[release])
        table.run(f"verify ({release}, with its base)", ["verify", f"{release}.zst", "--base", "first.tar"])
    (root / "expanded.tar").unlink()


if __name__ == "__main__":
    main()

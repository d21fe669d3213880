#!/usr/bin/env python3
"""How small two releases become, and in what time: bytes, and seconds of the processors and of the clock.

usage: compact_table.py OCIFERRY [DIRECTORY] [--zstd-19]      DIRECTORY: what releases.py has made

Ratios of bytes are to the plain archive of the same release; everything is of one run, in one table. The bars follow,
each met or missed; ends with 1 if one is missed.
"""

import os
import pathlib
import subprocess
import sys
import time

from blob_store import bench_root
from servers import MemoryDirectory, Registry

# What is read at most at the speed of a stick, in bytes a second.
MEDIUM_RATE = 100e6


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
        self.add(name, size, size / whole if size and whole else None, usage.ru_utime + usage.ru_stime,
                 time.monotonic() - begin, usage.ru_maxrss / 1024)
        return size

    def add(self, *row):
        self.rows.append(row)
        print(self.line(row), flush=True)

    def cell(self, name, column):
        (row,) = (row for row in self.rows if row[0] == name)
        return row[column]

    @staticmethod
    def line(row):
        name, size, ratio, cpu, wall, memory = row
        size_text = f"{size / 1e6:,.1f}" if size else "-"
        ratio_text = f"{100 * ratio:.2f} %" if ratio else "-"
        rest = " | ".join(f"{number:.{digits}f}" if number is not None else "-"
                          for number, digits in ((cpu, 1), (wall, 1), (memory, 0)))
        return f"| {name} | {size_text} | {ratio_text} | {rest} |"


def blobs_of(layout):
    return {blob.name: blob.stat().st_size for blob in (layout / "blobs/sha256").iterdir()}


def import_compact(table, root):
    """Into a registry that keeps its data in memory."""
    memory = MemoryDirectory("compact-table")
    registry = Registry(root / "registry", "destination", memory.path)
    table.run("import (fast)", ["import", "fast.zst", "--to-registry", registry.address])
    registry.stop()
    memory.close()


def bars(table):
    """Says of each bar whether it is met; true if all are."""
    rebuild = table.cell("expand (fast)", 3)
    most = max(table.cell("compact, fast", 1) / MEDIUM_RATE, 1.2 * rebuild)
    rows = [("first release, fast, of the plain archive", 100 * table.cell("compact, fast", 2), 66, "%"),
            ("first release, small, of the plain archive", 100 * table.cell("compact, small", 2), 58, "%"),
            ("patch, since first", 100 * table.cell("patch, since first", 2), 5, "%"),
            ("app, since first", 100 * table.cell("app, since first", 2), 0.5, "%"),
            ("import, wall", table.cell("import (fast)", 4), most, "s: 1.2 x the CPU of expanding, or the medium")]
    print("\n| what | is | at most | |\n| --- | --: | --: | --- |")
    for name, value, limit, unit in rows:
        print(f"| {name} | {value:.2f} | {limit:.2f} {unit} | {'met' if value <= limit else 'MISSED'} |")
    return all(value <= limit for _, value, limit, _ in rows)


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
    import_compact(table, root)
    old = blobs_of(root / "first")
    for release in ("patch", "app"):
        new = sum(size for blob, size in blobs_of(root / release).items() if blob not in old)
        table.add(f"{release}, blobs that first lacks", new, new / whole[release], None, None, None)
        words = ["compact", f"{release}.tar", "--since", "first.tar", "-o", f"{release}.zst"]
        table.run(f"{release}, since first", words, f"{release}.zst", whole[release])
        table.run(f"verify ({release}, with its base)", ["verify", f"{release}.zst", "--base", "first.tar"])
    (root / "expanded.tar").unlink()
    sys.exit(0 if bars(table) else 1)


if __name__ == "__main__":
    main()

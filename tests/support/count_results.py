#!/usr/bin/env python3
"""Sums up what `meson test` ran: the doctest cases of each program, and one for each other check.

usage: count_results.py TESTLOG.json

Prints `N passed, N failed, N skipped` as its last line; exits with 1 if anything failed. A case that ended early
for want of a program printed `SKIPPED: reason` and counts as skipped, unless OCIFERRY_REQUIRE_COMPONENTS=1.
"""

import collections
import json
import os
import pathlib
import re
import sys

SUMMARY = re.compile(r"\[doctest\] test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")
SKIPPED_CASE = re.compile(r"^SKIPPED: (.*)$", re.MULTILINE)
PASSED = ("OK", "EXPECTEDFAIL")

Counts = collections.namedtuple("Counts", "passed failed skipped")


def count(entry, components_required):
    """The Counts of one line of meson's test log."""
    result, output = entry["result"], entry.get("stdout", "")
    if result == "SKIP":
        return Counts(0, 1, 0) if components_required else Counts(0, 0, 1)
    summary = SUMMARY.search(output)
    if summary is None:
        return Counts(1, 0, 0) if result in PASSED else Counts(0, 1, 0)
    passed, failed, _filtered_out = (int(number) for number in summary.groups())
    if result not in PASSED and failed == 0:
        failed = 1  # it died after its last case: a leak, a sanitizer's finding, a crash at exit
    skipped = min(passed, len(SKIPPED_CASE.findall(output)))
    if components_required:
        return Counts(passed - skipped, failed + skipped, 0)
    return Counts(passed - skipped, failed, skipped)


def main(log):
    components_required = os.environ.get("OCIFERRY_REQUIRE_COMPONENTS") == "1"
    lines = pathlib.Path(log).read_text(encoding="utf-8").splitlines() if pathlib.Path(log).exists() else []
    totals = Counts(0, 0, 0)
    for entry in map(json.loads, lines):
        counts = count(entry, components_required)
        totals = Counts(*(a + b for a, b in zip(totals, counts)))
        for reason in SKIPPED_CASE.findall(entry.get("stdout", "")):
            print(f"skipped in {entry['name']}: {reason}")
        if counts.failed:
            print(f"failed in {entry['name']}: {counts.failed} ({entry['result']})")
    if sum(totals) == 0:
        print("no test was run")
        totals = Counts(0, 1, 0)
    print(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))

"""The report: one Markdown file with tables, and plots beside it."""

import os
import pathlib
import platform
import subprocess

import svg
from bars import BARS
from contestants import peers
from growth import Growth

PANELS = [
    ("wall, s", "wall"),
    ("CPU of the client, s", "cpu"),
    ("peak memory, MiB", "peak_mib"),
    ("written, MB", "written_mb"),
    ("requests", "requests"),
]


def write_report(directory, results, options):
    """Writes report.md and the plots; returns the table of bars, for the terminal."""
    verdicts = bar_table(results)
    lines = ["# Benchmark", "", *surroundings(options), "", "## Bars", "", *verdicts]
    lines += ["", "## Overview", "", *overview(results)]
    for result in results:
        title = options.plan[result.row].title if result.row in options.plan else f"against {result.label}"
        lines += ["", f"## {result.row}: {title}", "", *table(result), "", *plots(directory, result, title)]
    path = pathlib.Path(directory) / "report.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "\n".join(verdicts)


def surroundings(options):
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        models = {line.partition(":")[2].strip() for line in file if line.startswith("model name")}
    gigabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    found = [f"{name} ({_version(name)})" for name in peers()]
    return [
        f"{os.cpu_count()} cores ({', '.join(models)}), {gigabytes:.0f} GB, Linux {platform.release()}; medians of"
        f" {options.rounds} round(s) in which the contestants take turns."
        f" Peers on PATH: {', '.join(found) or 'none'}. {_version(options.ociferry, 'version')}."
    ]


def _version(program, word="--version"):
    for arguments in ([program, word], [program, "version"]):
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip().splitlines()[0]
    return "unknown"


def bar_table(results):
    lines = ["| row | bar | measured | limit | |", "| --- | --- | --: | --: | --- |"]
    for result in results:
        for bar in BARS.get(result.row, []):
            limit = f"{'≥' if bar.at_least else '≤'} {svg.short(bar.limit)} {bar.unit}".strip()
            try:
                value = bar.value(result)
            except (LookupError, ZeroDivisionError) as missing:
                lines.append(f"| {result.row} | {bar.what} | - | {limit} | not measured: {missing} |")
                continue
            verdict = "met" if bar.met(value) else "**not met**"
            lines.append(f"| {result.row} | {bar.what} | {svg.short(value)} {bar.unit} | {limit} | {verdict} |")
    return lines


def overview(results):
    """Wall and CPU of every contestant, as multiples of the floor's."""
    lines = ["| row | floor: wall s / CPU s | the others, against it: wall / CPU |", "| --- | --- | --- |"]
    for result in results:
        base = next((name for name in result.contestants if name.startswith("floor")), None)
        if isinstance(result, Growth) or not base or not result.good(base):
            continue
        floor = {field: result.median(base, field) for field in ("wall", "cpu")}
        others = [name for name in result.contestants if name != base and result.good(name)]
        ratios = [
            f"{name} {_times(result, name, 'wall', floor)} / {_times(result, name, 'cpu', floor)}" for name in others
        ]
        lines.append(f"| {result.row} | {floor['wall']:.3f} / {floor['cpu']:.2f} | {', '.join(ratios)} |")
    return lines


def _times(result, name, field, floor):
    return f"{result.median(name, field) / floor[field]:.2f} ×" if floor[field] else "-"


def table(result):
    return growth_table(result) if isinstance(result, Growth) else outcome_table(result)


def outcome_table(result):
    head = ("runs | wall s | of it fsync s | × ociferry | client CPU s | peak MiB | written MB | fetched MB | requests"
            " | servers' CPU s")
    lines = [f"| | {head} |", "| --- |" + " --: |" * (head.count("|") + 1)]
    for name in result.contestants:
        good = len(result.good(name))
        runs = f"{good}" if good == len(result.runs[name]) else f"{good} of {len(result.runs[name])}"
        cells = [runs, *(_cells(result, name) if good else ["failed"])]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _cells(result, name):
    median = lambda field: result.median(name, field)
    ours = result.median("ociferry", "wall") if result.good("ociferry") else 0
    servers = median("source_cpu") + median("destination_cpu")
    return [
        f"{median('wall'):.3f}",
        f"{median('sync'):.3f}" if median("sync") else "-",
        f"{median('wall') / ours:.2f}" if ours else "-",
        f"{median('cpu'):.2f}",
        f"{median('peak_mib'):.0f}",
        f"{median('written_mb'):,.0f}" if median("written_mb") else "-",
        f"{(median('source_fetched') + median('destination_fetched')) / 1e6:,.0f}",
        f"{median('requests'):,.0f}",
        f"{servers:.2f}",
    ]


def growth_table(result):
    names = result.contestants
    lines = [f"| {result.label} | " + " | ".join(f"{name}: wall s / CPU s / peak MiB" for name in names) + " |"]
    lines.append("| --: |" + " --: |" * len(names))
    for size, outcome in result.outcomes.items():
        cells = []
        for name in names:
            values = [outcome.median(name, field) for field in ("wall", "cpu", "peak_mib") if outcome.good(name)]
            cells.append("{:.3f} / {:.2f} / {:.0f}".format(*values) if values else "failed")
        lines.append(f"| {size:,} | " + " | ".join(cells) + " |")
    return lines


def plots(directory, result, title):
    """Writes a row's plots; returns the lines that show them."""
    if isinstance(result, Growth):
        made = {
            f"{result.row}-{field}.svg": svg.lines(
                f"{result.row}: {what}",
                result.label,
                unit,
                {name: result.series(name, field) for name in result.contestants},
            )
            for field, what, unit in (("wall", "time", "s"), ("peak_mib", "peak memory", "MiB"))
        }
    else:
        good = [name for name in result.contestants if result.good(name)]
        panels = [(label, {name: result.median(name, field) for name in good}) for label, field in PANELS]
        shown = [(label, values) for label, values in panels if any(values.values())]
        made = {f"{result.row}.svg": svg.bars(f"{result.row}: {title}", shown)}
    for name, content in made.items():
        (pathlib.Path(directory) / name).write_text(content, encoding="utf-8")
    return [f"![{name.removesuffix('.svg')}]({name})" for name in made]

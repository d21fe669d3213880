"""The kinds of rows about archives that are carried: in volumes, and merged."""

import pathlib

import contestants as how
from bench import Try
from measure import size_of
from rows import facts_of
from stage import run_quietly, warm
from transport import NEAR

VOLUMES = 4
TAR_BLOCK = 512


def volume_size(archive):
    """So that there are four volumes."""
    return -(-size_of(archive) // VOLUMES // TAR_BLOCK) * TAR_BLOCK + TAR_BLOCK


def export(bench, row, corpus, way=NEAR):
    """To four volumes, beside the same to one file."""
    stage = bench.setting.stage(corpus, way)
    archive = stage.archive("ociferry")

    def one(name, file, more):
        output = stage.output(name)

        def prepare():
            bench.setting.out.clear(output)
            warm(output.parent, stage.bytes)
            output.mkdir()

        command = lambda: how.export(bench.tools, "ociferry", stage, str(output / file)) + more
        return Try(name, command, prepare, output, servers={"source": stage.source})

    divided = ["--volume-size", str(volume_size(archive))]
    tries = [one("one file", "a.tar", []), one("four volumes", "a.tar", divided)]
    return bench.compare(row, facts_of(stage), tries)


def import_(bench, row, corpus):
    """From four volumes, beside the same from one file."""
    stage = bench.setting.stage(corpus)
    destination = bench.setting.destination
    archive = stage.archive("ociferry")
    divided = pathlib.Path(archive).with_suffix(".volumes")
    bench.setting.out.clear(divided)
    divided.mkdir()
    split = [bench.tools.ociferry, "split", archive, "--volume-size", str(volume_size(archive))]
    run_quietly([*split, "-o", divided / "a.tar"])

    def one(name, source):
        command = lambda: how.import_(bench.tools, "ociferry", stage, str(source), destination.address)
        prepare = lambda: bench.setting.empty_destination(stage.bytes)
        return Try(name, command, prepare, servers={"destination": destination})

    try:
        tries = [one("one file", archive), one("four volumes", divided / "a.tar.001")]
        return bench.compare(row, facts_of(stage), tries)
    finally:
        bench.setting.out.clear(divided)


def merge(bench, row, corpus):
    """An archive and a delta to one, beside cp of the archive."""
    stage = bench.setting.stage(corpus)
    archive = pathlib.Path(stage.archive("ociferry"))
    delta = archive.with_suffix(".delta")
    bench.setting.out.clear(delta)
    run_quietly([*how.export(bench.tools, "ociferry", stage, str(delta)), "--have", archive])

    def one(name, command_to):
        output = stage.output(name)

        def prepare():
            bench.setting.out.clear(output)
            warm(output.parent, stage.bytes)

        return Try(name, lambda: command_to(output), prepare, output)

    # Both have it all on the disk in the end.
    copy = lambda output: ["sh", "-c", 'cp "$0" "$1" && sync "$1"', archive, output]
    join = lambda output: [bench.tools.ociferry, "merge", archive, delta, "-o", output]
    try:
        return bench.compare(row, facts_of(stage), [one("cp", copy), one("merge", join)])
    finally:
        bench.setting.out.clear(delta)

"""The rows of the benchmark: what is run for each, on which corpus, and in which order."""

from typing import Any, Callable, NamedTuple

import contestants as how
from bars import SLOW_MEDIUM_RATE, SLOW_RATE
from measure import size_of
from outcome import Outcome
from slow_link import Link, SlowLink
from slow_medium import SlowMedium
from stage import warm

LINK = Link(rate=SLOW_RATE, round_trip=0.050)
GROWTH_BLOBS = (10, 100, 1000, 10000, 50000)
GROWTH_MEGABYTES = (10, 100, 1000, 10000)


class Try(NamedTuple):
    """One contestant's run: what to do before, the command, and what it writes."""

    contestant: str
    command: Callable[[], list]
    prepare: Callable[[], Any] = lambda: None
    output: Any = None
    after: Callable[[dict], Any] = lambda record: None
    servers: dict = {}


class Bench:
    """Runs rows: contestants alternate within each round."""

    def __init__(self, setting, measurement, options):
        self.setting = setting
        self.measurement = measurement
        self.options = options
        self.tools = setting.tools

    def takes_part(self, *names):
        """Those of the names that take part; a name's variants ("floor, 1 thread") take part as it does."""
        chosen = self.options.contestants or ["floor", "ociferry", *how.peers()]
        return [name for name in names if name.split(",")[0].split(" ")[0] in chosen]

    def compare(self, row, facts, tries, rounds=None):
        outcome = Outcome(row, facts)
        for number in range(rounds or self.options.rounds):
            for one in tries:
                one.prepare()
                label = {"row": row, "contestant": one.contestant, "round": number, **facts}
                command = [str(word) for word in one.command()]
                record = self.measurement.run(command, label, one.servers, self.options.timeout, one.output)
                record["written"] = self.setting.out.written(record)
                one.after(record)
                outcome.add(one.contestant, record)
                self._tell(row, one, record)
                if one.output:
                    self.setting.out.clear(one.output)
        return outcome

    def _tell(self, row, one, record):
        counts = ", ".join(f"{kind} {n}" for role in one.servers for kind, n in record[role]["requests"].items())
        print(
            f"{row:18} {one.contestant:15} wall {record['wall']:8.3f} s  CPU {record['cpu']:6.2f} s  peak"
            f" {record['peak_mib']:4.0f} MiB  {counts}",
            flush=True,
        )
        if record["client"]["status"] != 0:
            print(f"  FAILED with {record['client']['status']}: {self.measurement.last_words()}", flush=True)


def facts_of(stage):
    published = stage.published
    bundles = sum(repository.startswith("bundle/") for repository in published.manifests) // 2
    return {
        "corpus": stage.name,
        "blobs": len(published.blobs),
        "manifests": published.manifest_count,
        "bundles": bundles,
        "bytes": published.blob_bytes,
    }


def export(bench, row, corpus, names, slow=None):
    stage = bench.setting.stage(corpus, slow)

    def one(name):
        output = stage.output(name)

        def prepare():
            bench.setting.out.clear(output)
            warm(stage.out.path, stage.bytes)

        command = lambda: how.export(bench.tools, name, stage, str(output))
        return Try(name, command, prepare, output, servers={"source": stage.source})

    return bench.compare(row, facts_of(stage), [one(name) for name in bench.takes_part(*names)])


def import_(bench, row, corpus, names, slow=None):
    stage = bench.setting.stage(corpus)
    destination = bench.setting.destination
    link = SlowLink(slow, destination.port) if slow else None

    def one(name):
        def prepare():
            stage.archive(name)
            destination.restart_empty()
            warm(destination.data, stage.bytes)

        to = (link or destination).address
        command = lambda: how.import_(bench.tools, name, stage, stage.archive(name), to)
        return Try(name, command, prepare, servers={"destination": destination})

    outcome = bench.compare(row, facts_of(stage), [one(name) for name in bench.takes_part(*names)])
    if link:
        link.close()
    return outcome


def again(bench, row, corpus):
    """The same import into a registry that has it all."""
    stage = bench.setting.stage(corpus)
    destination = bench.setting.destination

    def one(name):
        def command():
            return how.import_(bench.tools, name, stage, stage.archive(name), destination.address)

        def prepare():
            destination.restart_empty()
            bench.measurement.run(list(map(str, command())), {"row": "fill"}, {}, bench.options.timeout)

        return Try(name, command, prepare, servers={"destination": destination})

    return bench.compare(row, facts_of(stage), [one(name) for name in bench.takes_part("ociferry", *how.PEERS)])


def copy(bench, row, corpus):
    """From one repository of a registry to another."""
    stage = bench.setting.stage(corpus)
    destination = bench.setting.destination
    origin = f"{destination.address}/imported/{stage.name}@{stage.bundle.partition('@')[2]}"

    def one(name):
        def prepare():
            destination.restart_empty()
            fill = how.import_(bench.tools, "ociferry", stage, stage.archive("ociferry"), destination.address)
            bench.measurement.run(fill, {"row": "fill"}, {}, bench.options.timeout)

        command = lambda: how.copy(bench.tools, name, origin, f"{destination.address}/copied/{stage.name}")
        return Try(name, command, prepare, servers={"destination": destination})

    return bench.compare(row, facts_of(stage), [one(name) for name in bench.takes_part("ociferry", "imgpkg")])


def verify(bench, row, corpus):
    stage = bench.setting.stage(corpus)
    commands = {
        "floor": lambda: [bench.tools.floor, "hash", stage.list, "--file", stage.archive("floor")],
        "ociferry": lambda: [bench.tools.ociferry, "verify", stage.archive("ociferry")],
    }
    tries = [Try(name, commands[name], lambda name=name: stage.archive(name)) for name in bench.takes_part(*commands)]
    return bench.compare(row, facts_of(stage), tries)


def inspect(bench, row, corpus):
    stage = bench.setting.stage(corpus)
    command = lambda: [bench.tools.ociferry, "inspect", stage.archive("ociferry")]
    return bench.compare(row, facts_of(stage), [Try("ociferry", command, lambda: stage.archive("ociferry"))])


def version(bench, row, _):
    return bench.compare(row, {"corpus": "-"}, [Try("ociferry", lambda: [bench.tools.ociferry, "version"])])


def memory(bench, row, corpus, rounds=None):
    """Peak memory of export and import with 8 jobs."""
    stage = bench.setting.stage(corpus)
    destination = bench.setting.destination
    output = stage.output("ociferry")
    jobs = ["--jobs", "8"]
    tries = [
        Try(
            "export",
            lambda: how.export(bench.tools, "ociferry", stage, str(output)) + jobs,
            lambda: bench.setting.out.clear(output),
            output,
            servers={"source": stage.source},
        ),
        Try(
            "import",
            lambda: how.import_(bench.tools, "ociferry", stage, stage.archive("ociferry"), destination.address) + jobs,
            destination.restart_empty,
            servers={"destination": destination},
        ),
    ]
    return bench.compare(row, facts_of(stage), tries, rounds)


def slow_medium(bench, row, corpus):
    """Import from a medium that is read at 30 MB/s; what was read is counted."""
    stage = bench.setting.stage(corpus)
    destination = bench.setting.destination
    archive = stage.archive("ociferry")
    with SlowMedium(archive, SLOW_MEDIUM_RATE, stage.files / "medium") as medium:

        def prepare():
            destination.restart_empty()
            medium.reset()

        def after(record):
            record["read_of_size"] = medium.bytes_read() / size_of(archive)

        command = lambda: how.import_(bench.tools, "ociferry", stage, str(medium.path), destination.address)
        tries = [Try("ociferry", command, prepare, after=after, servers={"destination": destination})]
        return bench.compare(row, facts_of(stage) | {"bytes": size_of(archive)}, tries)

"""The kinds of rows: what is run for each, and what is made ready before."""

import contextlib

import contestants as how
from bars import SLOW_MEDIUM_RATE
from bench import Try
from measure import size_of
from slow_link import SlowLink
from slow_medium import SlowMedium
from stage import run_quietly, warm
from transport import NEAR

SHORT_RUNS = 4  # of what takes milliseconds, for one of what takes seconds


def facts_of(stage):
    """What is known of a corpus before anything runs."""
    published = stage.published
    bundles = sum(repository.startswith("bundle/") for repository in published.manifests) // 2
    return {
        "corpus": stage.name,
        "blobs": len(published.blobs),
        "manifests": published.manifest_count,
        "bundles": bundles,
        "bytes": published.blob_bytes,
    }


@contextlib.contextmanager
def far_end(way, server):
    """The address under which a server is found at the other end of `way`."""
    if not way.link:
        yield server.address
        return
    link = SlowLink(way.link, server.port)
    try:
        yield link.address
    finally:
        link.close()


def small_files(directory):
    """A bundle of a few files, as few and small as configuration is, that names no image."""
    (directory / ".imgpkg").mkdir(parents=True, exist_ok=True)
    lock = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages: []\n"
    (directory / ".imgpkg" / "images.yml").write_text(lock, encoding="ascii")
    for number in range(20):
        (directory / f"{number}.yml").write_text(f"number: {number}\n" * 200, encoding="ascii")
    return directory


def export(bench, row, corpus, names, way=NEAR, rounds=None):
    stage = bench.setting.stage(corpus, way)

    def one(name):
        output = stage.output(name)

        def prepare():
            bench.setting.out.clear(output)
            warm(output.parent, stage.bytes)

        command = lambda: how.export(bench.tools, name, stage, str(output))
        return Try(name, command, prepare, output, servers={"source": stage.source})

    return bench.compare(row, facts_of(stage), [one(name) for name in bench.takes_part(*names)], rounds)


def import_(bench, row, corpus, names, way=NEAR, rounds=None):
    stage = bench.setting.stage(corpus, way._replace(link=None))
    destination = bench.setting.destination

    def one(name, to):
        def prepare():
            stage.archive(name)
            bench.setting.empty_destination(stage.bytes)

        command = lambda: how.import_(bench.tools, name, stage, stage.archive(name), to)
        return Try(name, command, prepare, servers={"destination": destination})

    with far_end(way, destination) as to:
        tries = [one(name, to) for name in bench.takes_part(*names)]
        return bench.compare(row, facts_of(stage), tries, rounds)


def again(bench, row, corpus, way=NEAR):
    """The same import into a registry that has it all."""
    stage = bench.setting.stage(corpus, way)
    destination = bench.setting.destination

    def one(name):
        def command():
            return how.import_(bench.tools, name, stage, stage.archive(name), destination.address)

        def prepare():
            bench.setting.empty_destination(stage.bytes)
            run_quietly(command())

        return Try(name, command, prepare, servers={"destination": destination})

    return bench.compare(row, facts_of(stage), [one(name) for name in bench.takes_part("ociferry", *how.PEERS)])


def copy(bench, row, corpus, way=NEAR):
    """From one repository of a registry to another."""
    stage = bench.setting.stage(corpus, way)
    destination = bench.setting.destination
    origin = f"{destination.address}/imported/{stage.name}@{stage.bundle.partition('@')[2]}"

    def one(name):
        def prepare():
            bench.setting.empty_destination(stage.bytes)
            archive = stage.archive("ociferry")
            run_quietly(how.import_(bench.tools, "ociferry", stage, archive, destination.address))

        command = lambda: how.copy(bench.tools, name, origin, f"{destination.address}/copied/{stage.name}")
        return Try(name, command, prepare, servers={"destination": destination})

    return bench.compare(row, facts_of(stage), [one(name) for name in bench.takes_part("ociferry", "imgpkg")])


def push(bench, row, way=NEAR):
    """A bundle of a few small files."""
    setting = bench.setting
    setting.stage("synthetic", way._replace(link=None))
    destination = setting.destination
    files = small_files(setting.files / "pushed")

    def one(name, to):
        command = lambda: how.push(bench.tools, name, files, f"{to}/pushed:v1")
        return Try(name, command, lambda: setting.empty_destination(0), servers={"destination": destination})

    with far_end(way, destination) as to:
        tries = [one(name, to) for name in bench.takes_part(*how.PUSHERS)]
        return bench.compare(row, {"corpus": "-"}, tries)


def pull(bench, row, corpus, image=None, way=NEAR):
    """The root bundle of a corpus, or one of its images."""
    stage = bench.setting.stage(corpus, way)
    what = stage.images[image] if image else stage.bundle_tag

    def one(name):
        output = stage.output(name)

        def prepare():
            bench.setting.out.clear(output)
            warm(output.parent, stage.bytes)

        command = lambda: how.pull(bench.tools, name, "-i" if image else "-b", what, output)
        return Try(name, command, prepare, output, servers={"source": stage.source})

    return bench.compare(row, facts_of(stage), [one(name) for name in bench.takes_part(*how.PULLERS)])


def verify(bench, row, corpus):
    stage = bench.setting.stage(corpus)
    commands = {
        "floor": lambda: [bench.tools.floor, "hash", stage.list, "--threads", "2", "--file", stage.archive("floor")],
        "ociferry": lambda: [bench.tools.ociferry, "verify", stage.archive("ociferry")],
    }
    tries = [Try(name, commands[name], lambda name=name: stage.archive(name)) for name in bench.takes_part(*commands)]
    return bench.compare(row, facts_of(stage), tries)


def inspect(bench, row, corpus):
    stage = bench.setting.stage(corpus)
    command = lambda: [bench.tools.ociferry, "inspect", stage.archive("ociferry")]
    tries = [Try("ociferry", command, lambda: stage.archive("ociferry"))]
    return bench.compare(row, facts_of(stage), tries, SHORT_RUNS * bench.options.rounds)


def version(bench, row):
    tries = [Try("ociferry", lambda: [bench.tools.ociferry, "version"])]
    return bench.compare(row, {"corpus": "-"}, tries, SHORT_RUNS * bench.options.rounds)


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
            lambda: bench.setting.empty_destination(stage.bytes),
            servers={"destination": destination},
        ),
    ]
    return bench.compare(row, facts_of(stage), tries, rounds)


def slow_medium(bench, row, corpus):
    """Import from a medium that is read at 30 MB/s; what was read is counted."""
    if not SlowMedium.possible():
        print(f"{row}: left out: it needs a writable /dev/fuse, and root or fusermount3")
        return None
    stage = bench.setting.stage(corpus)
    destination = bench.setting.destination
    archive = stage.archive("ociferry")
    with SlowMedium(archive, SLOW_MEDIUM_RATE, stage.files / "medium") as medium:

        def prepare():
            bench.setting.empty_destination(stage.bytes)
            medium.reset()

        def after(record):
            record["read_of_size"] = medium.bytes_read() / size_of(archive)

        command = lambda: how.import_(bench.tools, "ociferry", stage, str(medium.path), destination.address)
        tries = [Try("ociferry", command, prepare, after=after, servers={"destination": destination})]
        return bench.compare(row, facts_of(stage) | {"bytes": size_of(archive)}, tries)

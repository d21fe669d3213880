"""Where the benchmark plays: each corpus behind its source, the destination, and the place that archives are put."""

import os
import pathlib
import shutil
import subprocess
import sys

import contestants
from published import publish
from servers import MemoryDirectory, PlainSource, Registry, free_port
from slow_link import SlowLink
from transport import NEAR, Identity

MARGIN = 2 << 30  # of memory that is left to the programs and to the page cache


class Places:
    """Where archives are written and the destination keeps its data: in memory, or on the disk below $BENCH_ROOT.

    In memory the client shows best, and syncing costs nothing. What does not fit goes to the disk, and all archives do
    when that is asked for; there the floor syncs its file as ociferry does.
    """

    def __init__(self, root, memory, always_disk):
        self.memory = memory / "out"
        self.disk = pathlib.Path(root) / "out"
        self.always_disk = always_disk
        for path in (self.memory, self.disk):
            path.mkdir(parents=True, exist_ok=True)

    def archives(self, size, copies=1):
        """The directory for an archive of `size` bytes, where so many copies of it are going to be kept in all."""
        return self.disk if self.always_disk or not self._fits(size * copies) else self.memory

    def data(self, size):
        """The directory for a registry's data."""
        return self.memory if self._fits(size) else self.disk

    def _fits(self, size):
        room = os.statvfs(self.memory)
        return available_memory() > size + MARGIN and room.f_bavail * room.f_frsize > 1.1 * size

    def on_disk(self, path):
        return self.disk in pathlib.Path(path).parents

    def clear(self, path):
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)

    def written(self, record, path):
        """Bytes that a run wrote to files; None if they could not be read.

        Memory is not counted as a device is, so there the calls are.
        """
        written = record["client"]["write_bytes" if path and self.on_disk(path) else "wchar"]
        return written if written >= 0 else None


def warm(directory, size):
    """Touches as many pages of memory as a run is going to use.

    On a virtual machine that gives its free memory back to its host, the first use of a page costs more than filling
    it. Every measured run comes after a scratch file as large as the corpus, so that all find the same.
    """
    scratch = pathlib.Path(directory) / "warm"
    block = bytes(1 << 20)
    with open(scratch, "wb", buffering=0) as file:
        for _ in range(0, size + (16 << 20), len(block)):
            file.write(block)
    scratch.unlink()


def read_through(path):
    """Brings a file, or a directory's files, into the page cache."""
    path = pathlib.Path(path)
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file():
            with open(file, "rb", buffering=0) as content:
                while content.read(1 << 20):
                    pass


def run_quietly(command):
    """Runs a command that is not measured; shows what it wrote only if it fails."""
    command = list(map(str, command))
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)[:500]} failed:\n{done.stderr[-2000:]}")


class Stage:
    """One corpus behind a running source, at the other end of `way`."""

    def __init__(self, setting, corpus, way):
        self.setting = setting
        self.name = corpus["name"]
        self.transport = way.transport
        self.files = setting.files / f"{self.name}-{way.transport.name}{'-slow' if way.link else ''}"
        self.files.mkdir(parents=True, exist_ok=True)
        port = free_port()
        self.published = publish(corpus, setting.corpora.store, port, setting.tools.ociferry, self.files)
        inner = None if way.link else port
        blobs = setting.corpora.store.directory
        manifests = self.published.manifests
        self.source = PlainSource(self.files / "run", blobs, manifests, inner, way.transport, setting.identity)
        self.link = SlowLink(way.link, self.source.port, port) if way.link else None
        self.list = str(self.published.write_list(self.files / "blobs.list"))
        self.get_steps = str(self.published.write_get_steps(self.files / "get.list"))
        self.put_steps = str(self.published.write_put_steps(self.files / "put.list"))
        self.proof_steps = str(self.published.write_proof_steps(self.files / "proof.list"))
        self._archives = {}
        read_through_list(setting.corpora.store, self.published.blobs)

    address = property(lambda self: self.published.address)
    bundle = property(lambda self: self.published.bundle)
    bundle_tag = property(lambda self: self.published.bundle.partition("@")[0] + ":v1")
    images = property(lambda self: self.published.images)
    out = property(lambda self: self.setting.out)
    bytes = property(lambda self: self.published.blob_bytes)

    def output(self, contestant):
        """A path for what the contestant's export writes."""
        return self.out.archives(self.bytes) / f"{self.name}-{contestant.replace(' ', '-').replace(',', '')}.out"

    def archive(self, contestant):
        """What the contestant's export writes, made when first asked for; the floor's is a file of all blobs."""
        contestant = contestants.plain(contestant)
        if contestant not in self._archives:
            # Beside the other contestant's archive and the destination's data.
            path = self.out.archives(self.bytes, copies=3) / f"{self.name}-{contestant}.archive"
            self.out.clear(path)
            whole = f"{contestant}, {contestants.WITH_MANIFESTS}" if contestant == "floor" else contestant
            command = contestants.export(self.setting.tools, whole, self, str(path))
            run_quietly(command)
            self._archives[contestant] = path
        read_through(self._archives[contestant])
        return str(self._archives[contestant])

    def close(self):
        for path in self._archives.values():
            self.out.clear(path)
        if self.link:
            self.link.close()
        self.source.stop()


def read_through_list(store, blobs):
    """Brings the source's files into the page cache, as far as they fit into half of the memory."""
    left = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    for _, digest, size, _ in blobs:
        left -= size
        if left > 0:
            read_through(store.path(digest))


class Setting:
    """What all rows share: the tools, the corpora, the destinations, directories."""

    def __init__(self, tools, corpora, out):
        self.tools = tools
        self.corpora = corpora
        self.memory = MemoryDirectory("ociferry-bench")
        self.files = self.memory.path / "stages"
        self.out = Places(corpora.root, self.memory.path, out == "disk")
        self.identity = Identity(self.memory.path)
        self.destination = None
        self._stages = {}

    def stage(self, corpus, way=NEAR):
        """The stage of a corpus; only one is kept, since it takes memory. The destination speaks as its source does."""
        if (corpus, way) not in self._stages:
            self.close_stages()
            self._stages[corpus, way] = Stage(self, self.corpora.need(corpus), way)
        self._open_destination(way.transport)
        return self._stages[corpus, way]

    def _open_destination(self, transport):
        if self.destination and self.destination.transport == transport:
            return
        if self.destination:
            self.destination.stop()
        run, data = self.memory.path / "run", self.memory.path
        self.destination = Registry(run, "destination", data, transport=transport, identity=self.identity)

    def close_stages(self):
        for stage in self._stages.values():
            stage.close()
        self._stages.clear()

    def empty_destination(self, size):
        """Empties the destination, and makes room for `size` bytes."""
        self.destination.restart_empty(self.out.data(size))
        warm(self.destination.data, size)


def available_memory():
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable:"))

"""Which rows there are, in the order in which they run: those of one corpus come together, since one is kept."""

from typing import Callable, NamedTuple

import growth
import rows
from contestants import PEERS

EXPORTERS = ("floor", "ociferry", "ociferry copy", *PEERS)
LARGE_EXPORTERS = ("floor, 1 thread", "floor", "ociferry", *PEERS)
IMPORTERS = ("floor", "ociferry", *PEERS)
# Far away it is the number of questions in flight that counts: this floor shows what the link can carry.
FAR = ("floor, 32 threads", "ociferry")


class Row(NamedTuple):
    """A row: its title in the report, and what runs it, given the bench and the row's name."""

    title: str
    run: Callable


def _row(title, kind, *arguments, **more):
    return Row(title, lambda bench, name: kind(bench, name, *arguments, **more))


ROWS = {
    "version": _row("the shortest run there is", rows.version),
    "inspect": _row("inspect an archive of 2,000 blobs", rows.inspect, "blobs-2000"),
    "copy-index": _row("copy within one registry, an index of two platforms", rows.copy, "synthetic"),
    "export-medium": _row("export 12 images, 48 blobs, 1.36 GB", rows.export, "medium", EXPORTERS),
    "import-medium": _row("import them into an empty registry", rows.import_, "medium", IMPORTERS),
    "again-medium": _row("the same import again", rows.again, "medium"),
    "copy-medium": _row("copy within one registry", rows.copy, "medium"),
    "verify-medium": _row("verify; the floor is two threads that hash", rows.verify, "medium"),
    "memory": _row("peak memory with 8 jobs", rows.memory, "medium"),
    "export-many": _row("export 200 images, 1,681 small blobs", rows.export, "many", EXPORTERS),
    "import-many": _row("import them into an empty registry", rows.import_, "many", IMPORTERS),
    "again-many": _row("the same import again", rows.again, "many"),
    "slow-export-many": _row("export over 20 MB/s, 50 ms away", rows.export, "many", FAR, slow=rows.LINK),
    "slow-import-many": _row("import over 20 MB/s, 50 ms away", rows.import_, "many", FAR, slow=rows.LINK),
    "slow-export-small": _row("export 3 images over 20 MB/s, 50 ms away", rows.export, "small", FAR, slow=rows.LINK),
    "slow-import-small": _row("import 3 images over 20 MB/s, 50 ms away", rows.import_, "small", FAR, slow=rows.LINK),
    "slow-medium": _row("import from a medium read at 30 MB/s", rows.slow_medium, "small"),
    "export-large": _row("export one layer of 3 GB", rows.export, "large", LARGE_EXPORTERS),
    "memory-large": _row("peak memory with 8 jobs, one layer of 3 GB", rows.memory, "large", rounds=1),
    "memory-50000": _row("peak memory with 8 jobs, 50,000 blobs", rows.memory, "blobs-50000", rounds=1),
    "growth-blobs": _row("10 to 50,000 blobs", growth.grow, growth.BLOBS),
    "growth-bytes": _row("10 MB to 10 GB", growth.grow, growth.BYTES),
}

# Too small to say much about speed, but runs every kind of row in half a minute and counts truly.
SMALL_ROWS = {
    "version": ROWS["version"],
    "small-inspect": _row("inspect an archive of 100 blobs", rows.inspect, "blobs-100"),
    "small-export": _row("export 4 images, 25 blobs, 28 MB", rows.export, "synthetic", EXPORTERS),
    "small-import": _row("import them into an empty registry", rows.import_, "synthetic", IMPORTERS),
    "small-again": _row("the same import again", rows.again, "synthetic"),
    "small-copy": _row("copy within one registry", rows.copy, "synthetic"),
    "small-verify": _row("verify; the floor is two threads that hash", rows.verify, "synthetic"),
    "small-memory": _row("peak memory with 8 jobs", rows.memory, "synthetic"),
    "small-slow-export": _row("export over 20 MB/s, 50 ms away", rows.export, "synthetic", FAR, slow=rows.LINK),
    "small-slow-import": _row("import over 20 MB/s, 50 ms away", rows.import_, "synthetic", FAR, slow=rows.LINK),
    "small-slow-medium": _row("import from a medium read at 30 MB/s", rows.slow_medium, "synthetic"),
    "small-growth-blobs": _row("10 to 1,000 blobs", growth.grow, growth.FEW_BLOBS),
    "small-growth-bytes": _row("10 and 100 MB", growth.grow, growth.FEW_BYTES),
}

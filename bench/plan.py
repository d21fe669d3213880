"""Which rows there are, in the order in which they run: those of one corpus come together, since one is kept."""

from typing import Callable, NamedTuple

import divided
import growth
import rows
from bars import CONNECTION_RATE, FAST_RATE, LIMITED_RATE, SLOW_RATE
from contestants import PEERS, WITH_MANIFESTS, WITH_PROOF
from slow_link import Link
from transport import HTTPS, HTTPS1, Way

EXPORTERS = ("floor", "ociferry", "ociferry copy", *PEERS)
LARGE_EXPORTERS = ("floor, 1 thread", "floor", "ociferry", *PEERS)
IMPORTERS = ("floor", "ociferry", *PEERS)
# Far away it is the number of questions in flight that counts: these floors show what the link can carry.
FAR = ("floor, 32 threads", f"floor, 32 threads, {WITH_MANIFESTS}", "ociferry")
PROVED = (*FAR[:2], f"floor, 32 threads, {WITH_PROOF}", "ociferry")
SLOW = Way(link=Link(rate=SLOW_RATE, round_trip=0.050))

TLS = Way(HTTPS)
TLS_ONLY_HTTP1 = Way(HTTPS1)
TLS_SLOW = Way(HTTPS, SLOW.link)
TLS_SITE = Way(HTTPS, Link(rate=FAST_RATE, round_trip=0.001))
TLS_FAR = Way(HTTPS, Link(rate=FAST_RATE, round_trip=0.200))
TLS_LIMITED = Way(HTTPS, Link(rate=LIMITED_RATE, round_trip=0.050, connection_rate=CONNECTION_RATE))


class Row(NamedTuple):
    """A row: its title in the report, and what runs it, given the bench and the row's name."""

    title: str
    run: Callable


def _row(title, kind, *arguments, **more):
    return Row(title, lambda bench, name: kind(bench, name, *arguments, **more))


HTTPS_ROWS = {
    "https-export-medium": _row("export 12 images, 1.36 GB", rows.export, "medium", EXPORTERS, way=TLS),
    "https-import-medium": _row("import them into an empty registry", rows.import_, "medium", IMPORTERS, way=TLS),
    "https-again-medium": _row("the same import again", rows.again, "medium", way=TLS),
    "https-copy-medium": _row("copy within one registry", rows.copy, "medium", way=TLS),
    "https-pull-medium": _row("pull one image of it", rows.pull, "medium", "clang", way=TLS),
    "https1-export-medium": _row("export, HTTP/2 not offered", rows.export, "medium", EXPORTERS, way=TLS_ONLY_HTTP1),
    "https1-import-medium": _row("import, HTTP/2 not offered", rows.import_, "medium", IMPORTERS, way=TLS_ONLY_HTTP1),
    "https-export-few": _row("export one image of 3 layers of 120 MB", rows.export, "few", EXPORTERS, way=TLS),
    "https-import-few": _row("import it into an empty registry", rows.import_, "few", IMPORTERS, way=TLS),
    "https-export-large": _row("export one layer of 3 GB", rows.export, "large", LARGE_EXPORTERS, way=TLS),
    "https-import-large": _row("import it into an empty registry", rows.import_, "large", IMPORTERS, way=TLS),
    "https-export-many": _row("export 200 images, 1,681 small blobs", rows.export, "many", EXPORTERS, way=TLS),
    "https-import-many": _row("import them into an empty registry", rows.import_, "many", IMPORTERS, way=TLS),
    "https-again-many": _row("the same import again", rows.again, "many", way=TLS),
    "https-push": _row("push a small bundle", rows.push, way=TLS),
    "https-pull": _row("pull a small bundle", rows.pull, "synthetic", way=TLS),
    "slow-https-export-many": _row("export over 20 MB/s, 50 ms away", rows.export, "many", FAR, way=TLS_SLOW),
    "slow-https-import-many": _row("import over 20 MB/s, 50 ms away", rows.import_, "many", FAR, way=TLS_SLOW),
    "slow-https-export-few": _row("export 360 MB over 20 MB/s, 50 ms away", rows.export, "few", FAR, way=TLS_SLOW),
    "slow-https-import-few": _row("import 360 MB over 20 MB/s, 50 ms away", rows.import_, "few", FAR, way=TLS_SLOW),
    "far-https-export-many": _row("export over 125 MB/s, 200 ms away", rows.export, "many", FAR, way=TLS_FAR),
    "far-https-import-many": _row("import over 125 MB/s, 200 ms away", rows.import_, "many", PROVED, way=TLS_FAR),
    "far-https-export-few": _row("export 360 MB over 125 MB/s, 200 ms away", rows.export, "few", FAR, way=TLS_FAR),
    "far-https-import-few": _row("import 360 MB over 125 MB/s, 200 ms away", rows.import_, "few", PROVED, way=TLS_FAR),
    "far-https-push": _row("push a small bundle 200 ms away", rows.push, way=TLS_FAR),
    "far-https-pull": _row("pull a small bundle 200 ms away", rows.pull, "synthetic", way=TLS_FAR),
    "limited-https-export-few": _row("export 360 MB, 8 MB/s a connection", rows.export, "few", FAR, way=TLS_LIMITED),
    "limited-https-export-large": _row("export 3 GB, 8 MB/s a connection", rows.export, "large", FAR, way=TLS_LIMITED),
}

ROWS = HTTPS_ROWS | {
    "version": _row("the shortest run there is", rows.version),
    "inspect": _row("inspect an archive of 2,000 blobs", rows.inspect, "blobs-2000"),
    "copy-index": _row("copy within one registry, an index of two platforms", rows.copy, "synthetic"),
    "export-medium": _row("export 12 images, 48 blobs, 1.36 GB", rows.export, "medium", EXPORTERS),
    "import-medium": _row("import them into an empty registry", rows.import_, "medium", IMPORTERS),
    "again-medium": _row("the same import again", rows.again, "medium"),
    "copy-medium": _row("copy within one registry", rows.copy, "medium"),
    "verify-medium": _row("verify; the floor is two threads that hash", rows.verify, "medium"),
    "export-volumes": _row("export to four volumes, and to one file", divided.export, "few"),
    "site-https-export-volumes": _row("export to four volumes over 125 MB/s", divided.export, "few", way=TLS_SITE),
    "import-volumes": _row("import from four volumes, and from one file", divided.import_, "few"),
    "merge": _row("merge an archive and a delta; cp of the archive", divided.merge, "few"),
    "memory": _row("peak memory with 8 jobs", rows.memory, "medium"),
    "export-many": _row("export 200 images, 1,681 small blobs", rows.export, "many", EXPORTERS),
    "import-many": _row("import them into an empty registry", rows.import_, "many", IMPORTERS),
    "again-many": _row("the same import again", rows.again, "many"),
    "slow-export-many": _row("export over 20 MB/s, 50 ms away", rows.export, "many", FAR, way=SLOW),
    "slow-import-many": _row("import over 20 MB/s, 50 ms away", rows.import_, "many", FAR, way=SLOW),
    "slow-export-small": _row("export 3 images over 20 MB/s, 50 ms away", rows.export, "small", FAR, way=SLOW),
    "slow-import-small": _row("import 3 images over 20 MB/s, 50 ms away", rows.import_, "small", FAR, way=SLOW),
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
    "small-https-export": _row("export over https", rows.export, "synthetic", EXPORTERS, way=TLS),
    "small-https-import": _row("import over https", rows.import_, "synthetic", IMPORTERS, way=TLS),
    "small-https-pull": _row("pull a small bundle over https", rows.pull, "synthetic", way=TLS),
    "small-https-push": _row("push a small bundle over https", rows.push, way=TLS),
    "small-copy": _row("copy within one registry", rows.copy, "synthetic"),
    "small-verify": _row("verify; the floor is two threads that hash", rows.verify, "synthetic"),
    "small-export-volumes": _row("export to four volumes, and to one file", divided.export, "synthetic"),
    "small-import-volumes": _row("import from four volumes, and from one file", divided.import_, "synthetic"),
    "small-merge": _row("merge an archive and a delta; cp of the archive", divided.merge, "synthetic"),
    "small-memory": _row("peak memory with 8 jobs", rows.memory, "synthetic"),
    "small-slow-export": _row("export over 20 MB/s, 50 ms away", rows.export, "synthetic", FAR, way=SLOW),
    "small-slow-import": _row("import over 20 MB/s, 50 ms away", rows.import_, "synthetic", FAR, way=SLOW),
    "small-slow-medium": _row("import from a medium read at 30 MB/s", rows.slow_medium, "synthetic"),
    "small-growth-blobs": _row("10 to 1,000 blobs", growth.grow, growth.FEW_BLOBS),
    "small-growth-bytes": _row("10 and 100 MB", growth.grow, growth.FEW_BYTES),
}

"""The bars: what each row must reach, in one table.

A bar takes a row's Outcome (see outcome.py) to a number, which must be at most, or at least, its limit.
"""

from typing import Callable, NamedTuple

from contestants import WITH_MANIFESTS, WITH_PROOF

SLOW_RATE = 20e6  # bytes per second of the slow link
FAST_RATE = 125e6  # of the fast one
CONNECTION_RATE = 8e6  # of one connection, where that is limited
LIMITED_RATE = 8 * CONNECTION_RATE  # of all together there
SLOW_MEDIUM_RATE = 30e6
FIXED_REQUESTS = 30


class Bar(NamedTuple):
    """One promise: `what` as measured by `value`, and its limit."""

    what: str
    value: Callable
    limit: float
    unit: str = ""
    at_least: bool = False

    def met(self, value):
        return value >= self.limit if self.at_least else value <= self.limit


def ratio(field, contestant="ociferry", against="floor"):
    return lambda row: row.median(contestant, field) / row.median(against, field)


def wall(limit, against="floor"):
    return Bar(f"wall, against {against}", ratio("wall", against=against), limit, "×")


def cpu(limit):
    return Bar("client CPU, against floor", ratio("cpu"), limit, "×")


def milliseconds(limit):
    return Bar("wall", lambda row: row.median("ociferry", "wall") * 1000, limit, "ms")


def peak(limit, contestant="ociferry"):
    return Bar(f"peak memory, {contestant}", lambda row: row.median(contestant, "peak_mib"), limit, "MiB")


def fetch_requests(row, contestant):
    """Requests of an export for each that it cannot do without: a blob, a manifest, a tag or list asked for."""
    source = row.last(contestant)["source"]
    return source["total"] / (row.facts["blobs"] + row.facts["manifests"] + source["names"])


def surplus(row):
    """Requests of an import beyond two a new blob, one a manifest and one a tag.

    A manifest is put under its tag, which leaves one request for reading it back. The fixed few are for finding the
    registry, its list of tags, the trial whether a mount tells what is there and what is asked meanwhile, and the tags
    that are written last and asked for before and after; they do not grow with the number of images.
    """
    requests = row.last("ociferry")["destination"]["requests"]
    manifests = row.facts["manifests"] + row.facts["bundles"]
    needed = 2 * requests.get("PUT upload", 0) + manifests + requests.get("PUT manifest", 0)
    return sum(requests.values()) - needed - FIXED_REQUESTS


def writes(row):
    requests = row.last("ociferry")["destination"]["requests"]
    return sum(number for kind, number in requests.items() if not kind.startswith(("GET ", "HEAD ")))


def uploads(row):
    """Blobs that were uploaded by a copy beyond what is new there: config and layer of each locations image."""
    requests = row.last("ociferry")["destination"]["requests"]
    sent = requests.get("PUT upload", 0)
    return max(0, sent - 2 * row.facts["bundles"])


def bend(growth, contestant):
    return growth.bend(contestant, "wall")


def fastest_peer(row):
    """Without fsync, for which no peer waits."""
    peers = [name for name in row.contestants if not name.startswith(("floor", "ociferry")) and row.good(name)]
    if not peers:
        raise LookupError("no peer")
    return max(ratio("unsynced", against=name)(row) for name in peers)


def http2_blobs(row):
    last = row.last("ociferry")
    return sum(last[server]["http2_blobs"] for server in ("source", "destination") if server in last)


def share_of(rate, contestant="ociferry"):
    return lambda row: row.facts["bytes"] / row.median(contestant, "wall") / rate


def few_requests(contestant):
    what = f"requests, against blobs + manifests + tags, {contestant}"
    return Bar(what, lambda row: fetch_requests(row, contestant), 1.05, "×")


FEW_REQUESTS = [few_requests("ociferry"), few_requests("ociferry copy")]
IMPORT_REQUESTS = Bar("requests beyond 2 a new blob, 1 a manifest, 1 a tag", surplus, 0)
AGAIN = [
    Bar("requests beyond 1 a bundle", lambda r: r.median("ociferry", "destination_requests") - r.facts["bundles"], 5),
    Bar("writes", writes, 0),
    milliseconds(50),
]
ONLY_THE_ARCHIVE = Bar("written, against the archive", lambda r: r.median("ociferry", "written_of_size"), 1.01, "×")
NO_UPLOAD = Bar("blobs uploaded that the registry had", uploads, 0)
READ_ONCE = Bar("times that each byte was read", lambda r: r.median("ociferry", "read_of_size"), 1.01)
VOLUMES = [Bar("wall, against one file", ratio("wall", "four volumes", "one file"), 1.05, "×")]
PEAKS = [peak(32, "export"), peak(32, "import")]
# What a link can carry is what a floor with many connections gets through it: of small blobs that is less than its
# rate. Far away, answers that a client must wait for count as well: those that tell it what to ask for next, and those
# that prove what it put.
LINK_FULL = wall(1.15, "floor, 32 threads")
FAR_EXPORT = [wall(1.15, f"floor, 32 threads, {WITH_MANIFESTS}")]
FAR_IMPORT = [wall(1.15, f"floor, 32 threads, {WITH_PROOF}")]
LINK_RATE = Bar("share of the link's rate", share_of(SLOW_RATE), 0.8, at_least=True)
LIMITED_LINK_RATE = LINK_RATE._replace(value=share_of(LIMITED_RATE))
# Libraries' HTTP/2 takes several times the processor time for large bodies.
NO_HTTP2 = Bar("requests for blobs by HTTP/2", http2_blobs, 0)
BELOW_PEERS = Bar("wall without fsync, against the fastest peer", fastest_peer, 1, "×")
# How straight a line must be is this benchmark's own choice. The floor's own bend, where memory gets short or a server
# slow, is taken out.
STRAIGHT = [
    Bar("bend of the wall's line, against the floor's", lambda g: bend(g, "ociferry") / bend(g, "floor"), 1.25, "×"),
    Bar("peak memory of the largest", lambda g: g.largest("ociferry", "peak_mib"), 128, "MiB"),
]
FLAT = [STRAIGHT[0], STRAIGHT[1]._replace(limit=32)]

TLS_EXPORT = [wall(1.15), cpu(1.2), NO_HTTP2, BELOW_PEERS]
TLS_IMPORT = [*TLS_EXPORT, IMPORT_REQUESTS]

BARS = {
    "https-export-medium": [*TLS_EXPORT, *FEW_REQUESTS],
    "https-import-medium": TLS_IMPORT,
    "https-again-medium": AGAIN,
    "https-copy-medium": [NO_UPLOAD, NO_HTTP2],
    "https-pull-medium": [NO_HTTP2, BELOW_PEERS],
    "https1-export-medium": TLS_EXPORT,
    "https1-import-medium": TLS_IMPORT,
    "https-export-few": TLS_EXPORT,
    "https-import-few": TLS_IMPORT,
    # The second core is the server's, which encrypts.
    "https-export-large": [wall(1.15, "floor, 1 thread"), cpu(1.2), NO_HTTP2, ONLY_THE_ARCHIVE],
    "https-import-large": TLS_IMPORT,
    "https-export-many": [wall(2), *FEW_REQUESTS],
    "https-import-many": [wall(1.3), IMPORT_REQUESTS],
    "https-again-many": AGAIN,
    "https-push": [BELOW_PEERS],
    "https-pull": [BELOW_PEERS],
    "slow-https-export-many": [LINK_FULL],
    "slow-https-import-many": [LINK_FULL],
    "slow-https-export-few": [LINK_FULL, LINK_RATE],
    "slow-https-import-few": [LINK_FULL, LINK_RATE],
    "far-https-export-many": FAR_EXPORT,
    "far-https-import-many": FAR_IMPORT,
    "far-https-export-few": FAR_EXPORT,
    "far-https-import-few": FAR_IMPORT,
    "far-https-push": [BELOW_PEERS],
    "far-https-pull": [BELOW_PEERS],
    # One connection has an eighth of the link: only ranges of one blob over many can fill it.
    "limited-https-export-few": [LIMITED_LINK_RATE],
    "limited-https-export-large": [LIMITED_LINK_RATE],
    "export-medium": [wall(1.15), cpu(1.2), *FEW_REQUESTS],
    "export-large": [wall(0.9, "floor, 1 thread"), ONLY_THE_ARCHIVE],
    "export-many": [wall(2), *FEW_REQUESTS],
    "import-medium": [wall(1.15), cpu(1.3), IMPORT_REQUESTS],
    "import-many": [wall(1.3), IMPORT_REQUESTS],
    "again-medium": AGAIN,
    "again-many": AGAIN,
    "copy-medium": [NO_UPLOAD],
    "copy-index": [NO_UPLOAD],
    "verify-medium": [
        Bar("rate, against two hashing threads", ratio("wall", "floor", "ociferry"), 0.9, "×", at_least=True)
    ],
    "export-volumes": VOLUMES,
    "site-https-export-volumes": VOLUMES,
    "import-volumes": VOLUMES,
    "merge": [Bar("rate, against cp", ratio("wall", "cp", "merge"), 0.8, "×", at_least=True)],
    "inspect": [milliseconds(50)],
    "version": [milliseconds(15)],
    "memory": PEAKS,
    "memory-large": PEAKS,
    "memory-50000": [peak(128, "export"), peak(128, "import")],
    "slow-export-small": [LINK_FULL, LINK_RATE],
    "slow-export-many": [LINK_FULL],
    "slow-import-small": [LINK_FULL, LINK_RATE],
    "slow-import-many": [LINK_FULL],
    "slow-medium": [
        READ_ONCE,
        Bar("share of the medium's rate", share_of(SLOW_MEDIUM_RATE), 0.9, at_least=True),
    ],
    "growth-blobs-export": STRAIGHT,
    "growth-blobs-import": STRAIGHT,
    "growth-bytes-export": FLAT,
    "growth-bytes-import": FLAT,
    # The short form: what is counted, not what is timed.
    "small-export": [*FEW_REQUESTS, ONLY_THE_ARCHIVE],
    "small-import": [IMPORT_REQUESTS],
    "small-again": AGAIN[:2],
    "small-https-export": [*FEW_REQUESTS, NO_HTTP2, ONLY_THE_ARCHIVE],
    "small-https-import": [IMPORT_REQUESTS, NO_HTTP2],
    "small-copy": [NO_UPLOAD],
    "small-memory": PEAKS,
    "small-slow-medium": [READ_ONCE],
    "small-growth-blobs-export": STRAIGHT[1:],
    "small-growth-blobs-import": STRAIGHT[1:],
    "small-growth-bytes-export": FLAT[1:],
    "small-growth-bytes-import": FLAT[1:],
}

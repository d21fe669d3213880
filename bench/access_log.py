"""What servers log of their requests, counted."""

import collections
import os
import re
import time
from typing import NamedTuple

LINE = re.compile(rb'"([A-Z]+) (\S+) HTTP/([0-9.]+)" (\d{3}) (\d+|-)')

THING = re.compile(r"/(blobs|manifests|referrers|tags)/")
TAG_OR_LIST = re.compile(r"/manifests/(?!sha256:)|/tags/list|/referrers/")


class Request(NamedTuple):
    """One line of an access log."""

    method: str
    path: str
    version: str
    status: int
    size: int


class AccessLog:
    """An access log in the common format that a server appends to."""

    def __init__(self, path):
        self.path = path
        self._read = 0

    def mark(self):
        """Forgets what has been logged so far."""
        self._read = self._settled_size()

    def since_mark(self):
        """The requests logged since mark()."""
        end = self._settled_size()
        with open(self.path, "rb") as file:
            file.seek(self._read)
            text = file.read(end - self._read)
        return [
            Request(method.decode(), path.decode(), version.decode(), int(status), 0 if size == b"-" else int(size))
            for method, path, version, status, size in LINE.findall(text)
        ]

    def _settled_size(self):
        """Servers log a request after they have answered it: waits until nothing was added for a while."""
        size = -1
        while size != (size := os.path.getsize(self.path) if os.path.exists(self.path) else 0):
            time.sleep(0.05)
        return size


def kind(request):
    """What a request is about: a name of one word or two, such as "GET blob"."""
    path = request.path.partition("?")[0]
    if "/blobs/uploads/" in path:
        if request.method == "POST":
            return "mount" if request.status == 201 else "POST upload"
        return f"{request.method} upload"
    found = THING.search(path)
    return f"{request.method} {found[1].removesuffix('s') if found else 'other'}"


def count(requests):
    """What was asked for: {kind: how many}; the bytes that were fetched; how many tags and lists were asked for, and
    how many requests for blobs came by HTTP/2.

    A tag or list (of tags, of referrers) that is asked for twice counts once: what is asked again need not be.
    """
    kinds = collections.Counter(map(kind, requests))
    return {
        "requests": dict(sorted(kinds.items())),
        "total": len(requests),
        "fetched": sum(request.size for request in requests if request.method == "GET"),
        "http2_blobs": sum(request.version == "2.0" and "/blobs/" in request.path for request in requests),
        "names": len({request.path for request in requests if TAG_OR_LIST.search(request.path)}),
    }

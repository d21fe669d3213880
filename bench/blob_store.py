"""Blobs as files named by their digest, and the images made of them.

One store serves all corpora: nginx hands its files out, the floor and the plans are computed from it.
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import tarfile
import zlib

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PLAIN_LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CREATED = "2026-01-01T00:00:00Z"
MTIME = 1_700_000_000


def bench_root():
    """Where corpora, archives and results are kept: $BENCH_ROOT, else below the user's cache directory."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(os.environ.get("BENCH_ROOT") or os.path.join(cache, "ociferry-bench"))


class BlobStore:
    """A directory with one file a blob, named by the hexadecimal digits of its SHA-256."""

    def __init__(self, root):
        self.directory = pathlib.Path(root) / "blobs"
        self.directory.mkdir(parents=True, exist_ok=True)

    def path(self, digest):
        return self.directory / digest.removeprefix("sha256:")

    def put(self, data):
        """Keeps `data`; returns its digest and size as a descriptor has them."""
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        path = self.path(digest)
        if not path.exists():
            self._place(path, data)
        return {"digest": digest, "size": len(data)}

    def adopt(self, path):
        """Moves a file into the store; returns its digest and size."""
        with open(path, "rb") as file:
            digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        size = os.path.getsize(path)
        os.replace(path, self.path(digest))
        return {"digest": digest, "size": size}

    def read_json(self, digest):
        return json.loads(self.path(digest).read_bytes())

    @staticmethod
    def _place(path, data):
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(data)
        os.replace(unfinished, path)


def small_layer(files):
    """A gzipped layer of (name, bytes) pairs, and its diff ID."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), 0o644, MTIME
            tar.addfile(entry, io.BytesIO(data))
    content = raw.getvalue()
    return gzip.compress(content, 6, mtime=0), "sha256:" + hashlib.sha256(content).hexdigest()


def random_layer(path, size, random):
    """Writes a gzipped layer with one file of `size` random bytes, which do not compress; returns its diff ID.

    gzip's stored blocks are used: the result is what compressing would give, without its time.
    """
    hasher = hashlib.sha256()
    packer = zlib.compressobj(0, wbits=31)
    with open(path, "wb") as file:
        for chunk in _tar_of_one_file(size, random):
            hasher.update(chunk)
            file.write(packer.compress(chunk))
        file.write(packer.flush())
    return "sha256:" + hasher.hexdigest()


def sparse_layer(path, name, size):
    """Writes an uncompressed layer with one file of `size` zeros that takes no disk."""
    with open(path, "wb") as file:
        file.write(_header(name, size))
        file.truncate(512 + _padded(size) + 1024)


def _tar_of_one_file(size, random):
    yield _header("content.bin", size)
    left = size
    while left:
        step = min(left, 1 << 20)
        yield random.randbytes(step)
        left -= step
    yield bytes(_padded(size) - size + 1024)


def _header(name, size):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o644, MTIME
    return entry.tobuf(tarfile.GNU_FORMAT)


def _padded(size):
    return (size + 511) // 512 * 512


def image(store, name, layers, architecture="amd64"):
    """Puts an image of (descriptor, diff ID) layers into the store; returns its manifest's descriptor."""
    config = {
        "architecture": architecture,
        "os": "linux",
        "created": CREATED,
        "config": {"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["/bin/sh"], "Labels": {"name": name}},
        "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
        "history": [{"created": CREATED, "created_by": f"layer {i} of {name}"} for i in range(len(layers))],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, **store.put(_json(config))},
        "layers": [{"mediaType": LAYER, **descriptor} for descriptor, _ in layers],
    }
    return {"mediaType": MANIFEST, **store.put(_json(manifest))}


def index(store, children):
    """Puts an index of {architecture: manifest descriptor} into the store; returns its descriptor."""
    manifests = [{**child, "platform": {"architecture": cpu, "os": "linux"}} for cpu, child in children.items()]
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    return {"mediaType": INDEX, **store.put(_json(document))}


def _json(value):
    return json.dumps(value, separators=(",", ":")).encode()

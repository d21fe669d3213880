"""A set of volumes of 100 GB: what its readers take of memory and time, on any disk.

usage: large_set.py [OCIFERRY] [GIGABYTES]     default: build/src/ociferry 100

The layers are zeros with a few bytes at their end that tell them apart, made by a registry in this process, which also
takes them back and keeps nothing. The archive comes from a stream, so holes stay holes, and is cut into volumes that
have the same holes. Prints the peak memory and the time of each command, and fails if a limit is exceeded: 128 MiB for
each, and one second for inspect. Reads all bytes several times: some minutes.
"""

import hashlib
import http.server
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time

LAYER_BYTES = 1_000_000_000
TAIL_BYTES = 512
VOLUME_BYTES = 4095 * (1 << 20)  # what FAT takes
BLOCK = bytes(1 << 20)
PEAK_MIB = 128
INSPECT_SECONDS = 1.0
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layers:
    """Blobs that take no memory."""

    def __init__(self, count):
        zeros = hashlib.sha256()
        left = LAYER_BYTES - TAIL_BYTES
        while left > 0:
            zeros.update(BLOCK[: min(left, len(BLOCK))])
            left -= len(BLOCK)
        self.tails = {}
        for number in range(count):
            tail = str(number).encode().ljust(TAIL_BYTES, b".")
            state = zeros.copy()
            state.update(tail)
            self.tails["sha256:" + state.hexdigest()] = tail

    def pieces(self, digest, begin, end):
        """The bytes of a layer from `begin` to `end`."""
        border = LAYER_BYTES - TAIL_BYTES
        while begin < min(end, border):
            size = min(len(BLOCK), min(end, border) - begin)
            yield BLOCK if size == len(BLOCK) else BLOCK[:size]
            begin += size
        if end > border:
            yield self.tails[digest][begin - border : end - border]


class Content:
    """What the registry has: one image at src, and whatever is put elsewhere, of which only digests are kept."""

    def __init__(self, layers):
        self.layers = layers
        self.config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}).encode()
        entries = [{"mediaType": LAYER, "digest": digest, "size": LAYER_BYTES} for digest in layers.tails]
        config = {"mediaType": CONFIG, "digest": digest_of(self.config), "size": len(self.config)}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": entries}
        body = json.dumps(manifest).encode()
        self.blobs = {("src", digest): LAYER_BYTES for digest in layers.tails}
        self.blobs["src", config["digest"]] = len(self.config)
        self.manifests = {("src", "v1"): (MANIFEST, body), ("src", digest_of(body)): (MANIFEST, body)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    content = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.pop("length", len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def parts(self):
        path = self.path.partition("?")[0]
        found = re.fullmatch(r"/v2/(.+)/(manifests|blobs|tags|referrers)/(.*)", path)
        return found.groups() if found else (None, None, None)

    def do_GET(self):
        name, kind, what = self.parts()
        if kind is None:
            return self.answer(200 if self.path == "/v2/" else 404)
        if kind == "tags":
            tags = [ref for place, ref in self.content.manifests if place == name and ":" not in ref]
            return self.answer(200, json.dumps({"name": name, "tags": tags}).encode(), Content_Type="application/json")
        if kind == "manifests" and (name, what) in self.content.manifests:
            media_type, body = self.content.manifests[name, what]
            return self.answer(200, body, Content_Type=media_type, Docker_Content_Digest=digest_of(body))
        if kind == "blobs" and (name, what) in self.content.blobs:
            return self.blob(what, self.content.blobs[name, what])
        return self.answer(404)

    do_HEAD = do_GET

    def blob(self, digest, size):
        begin, end = 0, size
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked:
            begin = int(asked[1])
            end = min(int(asked[2]) + 1, size) if asked[2] else size
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        self.send_header("Content-Length", end - begin)
        self.end_headers()
        if self.command == "HEAD":
            return
        if digest in self.content.layers.tails:
            for piece in self.content.layers.pieces(digest, begin, end):
                self.wfile.write(piece)
        else:
            self.wfile.write(self.content.config[begin:end])

    def body(self, keep=False):
        left = int(self.headers.get("Content-Length", 0))
        kept = []
        while left > 0:
            piece = self.rfile.read(min(left, len(BLOCK)))
            if not piece:
                break
            left -= len(piece)
            if keep:
                kept.append(piece)
        return b"".join(kept)

    def do_POST(self):
        name, _, _ = self.parts()
        self.body()
        self.answer(202, Location=f"/v2/{name}/blobs/uploads/one")

    def do_PUT(self):
        name, kind, what = self.parts()
        if kind == "manifests":
            body = self.body(keep=True)
            digest = digest_of(body)
            for reference in (what, digest):
                self.content.manifests[name, reference] = (self.headers["Content-Type"], body)
            return self.answer(201, Docker_Content_Digest=digest, Location=f"/v2/{name}/manifests/{digest}")
        digest = re.search(r"digest=([^&]*)", self.path)[1].replace("%3A", ":")
        self.content.blobs[name, digest] = int(self.headers.get("Content-Length", 0))
        self.body()
        return self.answer(201, Docker_Content_Digest=digest, Location=f"/v2/{name}/blobs/{digest}")


def cut(archive, directory):
    """Volumes without a list, with the holes of the archive."""
    size = archive.stat().st_size
    with open(archive, "rb") as whole:
        for number, begin in enumerate(range(0, size, VOLUME_BYTES), 1):
            end = min(begin + VOLUME_BYTES, size)
            with open(directory / f"big.tar.{number:03}", "wb") as volume:
                volume.truncate(end - begin)
                copy_data(whole.fileno(), volume.fileno(), begin, end)


def copy_data(whole, volume, begin, end):
    at = begin
    while at < end:
        try:
            data = os.lseek(whole, at, os.SEEK_DATA)
        except OSError:
            return  # nothing but a hole
        hole = min(os.lseek(whole, data, os.SEEK_HOLE), end)
        while data < hole:
            data += os.pwrite(volume, os.pread(whole, min(len(BLOCK), hole - data), data), data - begin)
        at = max(hole, data)


class Meter:
    """Runs commands, tells what they took, and remembers whether all stayed within the limits."""

    def __init__(self):
        self.good = True

    def run(self, what, command, seconds=None, output=None):
        begin = time.monotonic()
        child = subprocess.Popen(command, stdout=output or subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - begin
        peak = used.ru_maxrss / 1024
        fits = child.returncode == 0 and peak <= PEAK_MIB and (seconds is None or took <= seconds)
        self.good = self.good and fits
        cpu = used.ru_utime + used.ru_stime
        print(
            f"{what:20} {took:8.2f} s  CPU {cpu:7.2f} s  peak {peak:4.0f} MiB  exit code {child.returncode}", flush=True
        )


def measure(ociferry, gigabytes, directory):
    content = Content(Layers(gigabytes))
    Handler.content = content
    http.server.ThreadingHTTPServer.request_queue_size = 128
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_address[1]}"
    archive = directory / "big.tar"
    meter = Meter()
    sparse = subprocess.Popen(
        ["dd", f"of={archive}", "conv=sparse", "bs=64K", "iflag=fullblock", "status=none"], stdin=subprocess.PIPE
    )
    meter.run("export to a stream", [ociferry, "export", "-i", f"{host}/src:v1", "-o", "-"], output=sparse.stdin)
    sparse.stdin.close()
    sparse.wait()
    volumes = directory / "volumes"
    volumes.mkdir()
    cut(archive, volumes)
    count = len(list(volumes.iterdir()))
    on_disk = sum(file.stat().st_blocks for file in volumes.iterdir()) * 512
    print(f"{archive.stat().st_size:,} bytes in {count} volumes, {on_disk:,} of them on the disk", flush=True)
    meter.run("inspect, file", [ociferry, "inspect", archive], INSPECT_SECONDS)
    meter.run("inspect, volumes", [ociferry, "inspect", volumes], INSPECT_SECONDS)
    meter.run("verify, volumes", [ociferry, "verify", volumes])
    meter.run("import, volumes", [ociferry, "import", volumes, "--to-repo", f"{host}/dest/app"])
    return meter.good


def main(words):
    ociferry = words[0] if words else "build/src/ociferry"
    gigabytes = int(words[1]) if len(words) > 1 else 100
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as directory:
        if not measure(ociferry, gigabytes, pathlib.Path(directory)):
            sys.exit("a command failed, or took more than it may")


if __name__ == "__main__":
    main(sys.argv[1:])

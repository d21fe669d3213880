#!/usr/bin/env python3
"""Writes an OCI layout with an image of the program: for each architecture one, on nothing (FROM scratch).

usage: image.py LAYOUT VERSION REVISION ARCH=TREE...

TREE is the content of a static tarball. An image has the program, the certificate authorities of Debian's
ca-certificates, the licences, and empty /tmp and /data. The same input makes the same bytes: times are
SOURCE_DATE_EPOCH, and the members of the layer are in a fixed order.
"""

import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import sys
import tarfile

AUTHORITIES = pathlib.Path("/usr/share/ca-certificates/mozilla")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def layer_of(tree, epoch):
    """The bytes of the layer's tar."""
    documents = pathlib.Path(tree, "share/doc/ociferry")
    authorities = b"".join(path.read_bytes() for path in sorted(AUTHORITIES.glob("*.crt")))
    if not authorities:
        sys.exit(f"image.py: no certificates in {AUTHORITIES}; install ca-certificates")
    members = [
        ("bin", 0o755, None),
        ("bin/ociferry", 0o755, pathlib.Path(tree, "bin/ociferry").read_bytes()),
        ("etc", 0o755, None),
        ("etc/ssl", 0o755, None),
        ("etc/ssl/certs", 0o755, None),
        ("etc/ssl/certs/ca-certificates.crt", 0o644, authorities),
        ("licenses", 0o755, None),
        ("licenses/LICENSE", 0o644, (documents / "LICENSE").read_bytes()),
        ("licenses/THIRD-PARTY-LICENSES", 0o644, (documents / "THIRD-PARTY-LICENSES").read_bytes()),
        ("tmp", 0o1777, None),
        ("data", 0o755, None),
    ]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, mode, content in members:
            member = tarfile.TarInfo(name)
            member.mode, member.mtime = mode, epoch
            if content is None:
                member.type = tarfile.DIRTYPE
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


class Layout:
    """An OCI layout in a directory that does not exist yet."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        (self.directory / "blobs/sha256").mkdir(parents=True)
        self.write("oci-layout", {"imageLayoutVersion": "1.0.0"})

    def write(self, name, document):
        (self.directory / name).write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")

    def add(self, media_type, content):
        """The descriptor of a new blob: bytes, or a document that becomes JSON."""
        data = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
        digest = hashlib.sha256(data).hexdigest()
        (self.directory / "blobs/sha256" / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}


def add_image(layout, architecture, tree, version, revision, epoch):
    """The descriptor of one architecture's manifest."""
    tar = layer_of(tree, epoch)
    created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    labels = {
        "org.opencontainers.image.title": "ociferry",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.licenses": "Apache-2.0",
    }
    config = {
        "created": created,
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": ["PATH=/bin"], "Entrypoint": ["/bin/ociferry"], "WorkingDir": "/data", "Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]},
        "history": [{"created": created, "created_by": "scripts/release"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": layout.add(CONFIG, config),
        "layers": [layout.add(LAYER, gzip.compress(tar, compresslevel=9, mtime=0))],
    }
    return {**layout.add(MANIFEST, manifest), "platform": {"architecture": architecture, "os": "linux"}}


def main(directory, version, revision, *trees):
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    layout = Layout(directory)
    manifests = [add_image(layout, *each.split("=", 1), version, revision, epoch) for each in trees]
    index = layout.add(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
    # A tag has no +, which versions between releases have.
    name = "ociferry:" + "".join(c if c.isalnum() or c in "._-" else "-" for c in version)
    index["annotations"] = {"org.opencontainers.image.ref.name": name}
    layout.write("index.json", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [index]})


if __name__ == "__main__":
    main(*sys.argv[1:])

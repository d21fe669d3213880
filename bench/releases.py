#!/usr/bin/env python3
"""Makes two releases of a bundle's images from Debian packages at two versions, and an update of applications only.

usage: releases.py [DIRECTORY]      default: $BENCH_ROOT/releases

Writes OCI layouts: first, patch (all own images on updated packages), app (only application layers differ from first).
Layers are compressed as images of the field are: by gzip, pigz, zlib and, if there is a Go compiler, by Go's encoder
and the one of podman, buildah and skopeo, once by skopeo itself if it is there. The content follows what apt's mirror has: the oldest and the newest version
of each package.
"""

import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zlib

from blob_store import bench_root

BASE = ("base-files bash coreutils dpkg apt libapt-pkg6.0 libc6 libc-bin perl-base util-linux tar grep sed gawk"
        " findutils login passwd mount libssl3 libstdc++6 tzdata libgnutls30 libsystemd0 openssl"
        " ca-certificates locales libxml2")
LAYERS = {
    "base": BASE,
    "nginx": "nginx nginx-core nginx-common libgd3",
    "python": "python3.11 libpython3.11-stdlib libpython3.11-minimal python3.11-minimal libpython3.11",
    "node": "nodejs libnode108 libicu72 libuv1",
    "postgres": "postgresql-15 postgresql-client-15",
    "java": "openjdk-17-jre-headless",
    "php": "php8.2-cli php8.2-common php8.2-xml",
    "ruby": "ruby3.1 libruby3.1",
    "dns": "bind9 bind9-libs bind9-utils",
    "tools": "git openssh-client curl libcurl4 perl perl-modules-5.36 libperl5.36",
    "vim": "vim-runtime vim",
    "go": "golang-1.19-src",
    "headers": "linux-libc-dev libc6-dev",
}
APPLICATIONS = {
    "app-web": "node-typescript node-webpack-source node-lodash",
    "app-py": "python3-django python3-sqlalchemy python3-jinja2",
    "app-java": "libcommons-lang3-java libguava-java",
    "app-go": "docker.io",
}
# name: the layers, the encoder, and whether a new release rebuilds it on new packages
IMAGES = {
    "web": (["base", "nginx", "app-web"], "go6", True),
    "py": (["base", "python", "app-py"], "go6", True),
    "node": (["base", "node", "app-web"], "go6", True),
    "db": (["base", "postgres"], "go6", True),
    "java": (["base", "java", "app-java"], "go6", True),
    "php": (["base", "php"], "go6", True),
    "ruby": (["base", "ruby"], "go6", True),
    "agent": (["base", "tools", "app-go"], "go6", True),
    "other-dns": (["base", "dns"], "skopeo", True),
    "other-py": (["base", "python"], "gzip9", True),
    "other-perl": (["base", "tools"], "pigz6", True),
    "other-vim": (["base", "vim"], "zlib6", False),
    "other-go": (["base", "go"], "pgzip", False),
    "other-headers": (["base", "headers"], "gzip6", False),
}

GO_PROGRAM = """package main

import (
	"compress/gzip"
	"io"
	"os"

	"github.com/klauspost/pgzip"
)

func main() {
	var w io.WriteCloser
	if os.Args[1] == "pgzip" {
		w = pgzip.NewWriter(os.Stdout)
	} else {
		w = gzip.NewWriter(os.Stdout)
	}
	if _, err := io.Copy(w, os.Stdin); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
}
"""


class Encoders:
    """Compresses as others do."""

    def __init__(self, root):
        self.root = root
        self.go = None
        source = root / "encoder.go"
        source.write_text(GO_PROGRAM, encoding="ascii")
        go = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(root / "cache")}
        environment = {**os.environ, **go}
        try:
            subprocess.run(["go", "build", "-o", root / "encoder", source], check=True, env=environment)
            self.go = root / "encoder"
        except (OSError, subprocess.CalledProcessError):
            print("no Go compiler, or no golang-github-klauspost-pgzip-dev: zlib takes their place", file=sys.stderr)

    def skopeo(self, tar):
        """By skopeo, whose encoder is podman's and buildah's, too."""
        layout = Layout(self.root / "skopeo-in")
        layout.image("tar", [(tar, "sha256:" + hashlib.sha256(tar).hexdigest())], "tar")
        layout.finish()
        packed = self.root / "skopeo-out"
        shutil.rmtree(packed, ignore_errors=True)
        command = ["skopeo", "copy", "--quiet", "--dest-compress", "--dest-compress-format", "gzip"]
        subprocess.run([*command, f"oci:{layout.path}", f"dir:{packed}"], check=True)
        layer = json.loads((packed / "manifest.json").read_text(encoding="ascii"))["layers"][0]["digest"]
        content = (packed / layer.removeprefix("sha256:")).read_bytes()
        for directory in (layout.path, packed):
            shutil.rmtree(directory)
        return content

    def __call__(self, encoder, tar):
        if encoder == "skopeo":
            if shutil.which("skopeo"):
                return self.skopeo(tar)
            encoder = "pgzip"
        if encoder in ("go6", "pgzip") and self.go:
            return subprocess.run([self.go, encoder], input=tar, stdout=subprocess.PIPE, check=True).stdout
        if encoder in ("gzip6", "gzip9"):
            return subprocess.run(["gzip", "-nc" + encoder[-1]], input=tar, stdout=subprocess.PIPE, check=True).stdout
        if encoder == "pigz6":
            return subprocess.run(["pigz", "-nc6"], input=tar, stdout=subprocess.PIPE, check=True).stdout
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        return packer.compress(tar) + packer.flush()


class Packages:
    """Unpacked packages, at their oldest and newest version."""

    def __init__(self, root):
        self.root = root / "packages"
        self.root.mkdir(parents=True, exist_ok=True)

    def tree(self, name, newest):
        versions = subprocess.run(["apt-cache", "madison", name], stdout=subprocess.PIPE, check=True, text=True).stdout
        known = [line.split("|")[1].strip() for line in versions.splitlines()]
        if not known:
            print(f"{name}: no such package", file=sys.stderr)
            return None
        version = known[0] if newest else known[-1]
        tree = self.root / f"{name}_{version.replace(':', '%3a')}"
        if not tree.exists():
            work = self.root / "download"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            subprocess.run(["apt-get", "-qq", "download", f"{name}={version}"], cwd=work, check=True,
                           stderr=subprocess.DEVNULL)
            (file,) = work.glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", file, work / "tree"], check=True)
            (work / "tree").rename(tree)
        return tree


def tar_of(trees, edit, shift):
    """A tar of the trees. `edit`: as a new version does; `shift`: other times, as of another build."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        seen = set()
        for tree in trees:
            for path in sorted(tree.rglob("*")):
                name = str(path.relative_to(tree))
                if name in seen or len(name) > 95:
                    continue
                seen.add(name)
                info = tar.gettarinfo(path, name)
                info.uid = info.gid = 0
                info.uname = info.gname = ""
                info.mtime = int(info.mtime) + shift
                if not info.isreg():
                    tar.addfile(info)
                    continue
                content = path.read_bytes()
                if edit and len(content) > 200 and hashlib.sha256(name.encode()).digest()[0] < 6:
                    middle = len(content) // 2
                    content = content[:middle] + b"/* changed in this release */" + content[middle + 10:]
                info.type = tarfile.REGTYPE
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Layout:
    """An OCI layout that is written."""

    def __init__(self, path):
        self.path = path
        shutil.rmtree(path, ignore_errors=True)
        (path / "blobs/sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}', encoding="ascii")
        self.manifests = []

    def put(self, content, media_type):
        digest = hashlib.sha256(content).hexdigest()
        (self.path / "blobs/sha256" / digest).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def image(self, name, layers, layer_type="tar+gzip"):
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                             "rootfs": {"type": "layers", "diff_ids": [one[1] for one in layers]}})
        kind = "application/vnd.oci.image."
        manifest = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
                    "config": self.put(config.encode(), kind + "config.v1+json"),
                    "layers": [self.put(one[0], f"{kind}layer.v1.{layer_type}") for one in layers]}
        entry = self.put(json.dumps(manifest).encode(), manifest["mediaType"])
        entry["annotations"] = {"org.opencontainers.image.ref.name": f"registry.example.com/releases/{name}:1"}
        self.manifests.append(entry)

    def finish(self):
        index = {"schemaVersion": 2, "manifests": self.manifests}
        (self.path / "index.json").write_text(json.dumps(index), encoding="ascii")


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(bench_root()) / "releases"
    root.mkdir(parents=True, exist_ok=True)
    packages = Packages(root)
    encode = Encoders(root)
    made = {}

    def layer(name, encoder, newest, edit):
        if name not in APPLICATIONS:
            edit = False
        key = (name, encoder, newest, edit)
        if key not in made:
            names = (LAYERS.get(name) or APPLICATIONS[name]).split()
            trees = [tree for tree in (packages.tree(one, newest) for one in names) if tree]
            tar = tar_of(trees, edit, 0 if encoder == "go6" else 1000)
            made[key] = (encode(encoder, tar), "sha256:" + hashlib.sha256(tar).hexdigest())
        return made[key]

    for release in ("first", "patch", "app"):
        layout = Layout(root / release)
        for name, (layers, encoder, is_rebuilt) in IMAGES.items():
            newest = release == "patch" and is_rebuilt
            layout.image(name, [layer(one, encoder, newest, release == "app") for one in layers])
        layout.finish()
        size = sum(file.stat().st_size for file in (layout.path / "blobs/sha256").iterdir())
        print(f"{layout.path}: {size / 1e6:.0f} MB in {len(list((layout.path / 'blobs/sha256').iterdir()))} blobs")


if __name__ == "__main__":
    main()

"""Layers of real files: the content of Debian packages, from whatever mirror apt is set up for.

Packages are unpacked without their dependencies; the files are real, but not meant to run.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from blob_store import small_layer

# One entry is one layer. The names are Debian 12's; a name that another release lacks is left out, and said.
LAYERS = {
    "base": "base-files bash coreutils dpkg apt libapt-pkg6.0 libc6 libc-bin perl-base util-linux tar grep sed gawk"
    " findutils debianutils login passwd mount libssl3 gcc-12-base libstdc++6 tzdata ncurses-base ncurses-bin"
    " libgnutls30 libsystemd0 libgcrypt20 gpgv debian-archive-keyring e2fsprogs libdb5.3 libunistring2 libzstd1 openssl"
    " ca-certificates libpcre2-8-0 procps locales",
    "perl": "perl perl-modules-5.36 libperl5.36 git",
    "nginx": "nginx nginx-common libssl3 libpcre2-8-0 libxml2 libgd3",
    "python": "python3.11 libpython3.11-stdlib libpython3.11-minimal python3.11-minimal",
    "scipy": "python3-numpy python3-scipy python3-pandas libopenblas0-pthread",
    "openjdk": "openjdk-17-jre-headless",
    "node": "libnode108 libicu72 libuv1",
    "postgres": "postgresql-15 libllvm14 postgresql-client-15",
    "gcc": "gcc-12 g++-12 cpp-12 libstdc++-12-dev libc6-dev binutils-x86-64-linux-gnu",
    "clang": "clang-14 libclang-cpp14 libclang1-14 libclang-common-14-dev",
    "go": "golang-1.19-go golang-1.19-src",
    "rust": "rustc libstd-rust-dev libstd-rust-1.63",
    "mariadb": "mariadb-server-core mariadb-client-core mariadb-server",
    "chromium": "chromium chromium-common",
    "office": "libreoffice-core libreoffice-common",
    "platform": "prometheus docker.io containerd etcd-server",
    "webkit": "libwebkit2gtk-4.0-37",
    "ghc": "ghc",
    "wine": "libwine",
}


class Packages:
    """Unpacked packages and the layers made of them, cached below one directory."""

    def __init__(self, root, store):
        self.root = pathlib.Path(root) / "packages"
        self.store = store
        self._pool = None

    def layer(self, name):
        """The layer of LAYERS[name], as (descriptor, diff ID); downloads and compresses it the first time."""
        note = self.root / f"{name}.layer"
        if note.exists():
            digest, size, diff_id = note.read_text(encoding="ascii").split()
            if self.store.path(digest).exists():
                return {"digest": digest, "size": int(size)}, diff_id
        descriptor, diff_id = self._compress(self.unpacked(name), self.root / f"{name}.tar.gz")
        note.write_text(f"{descriptor['digest']} {descriptor['size']} {diff_id}\n", encoding="ascii")
        return descriptor, diff_id

    def unpacked(self, name):
        """The directory with the files of LAYERS[name]."""
        files = self.root / f"{name}.files"
        if files.exists():
            return files
        print(f"downloading {name}: {LAYERS[name]}", file=sys.stderr, flush=True)
        debs, unfinished = self.root / f"{name}.debs", self.root / f"{name}.unfinished"
        for directory in (debs, unfinished):
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir(parents=True)
        download(LAYERS[name].split(), debs)
        for deb in sorted(debs.iterdir()):
            subprocess.run(["dpkg-deb", "-x", str(deb), str(unfinished)], check=True)
        shutil.rmtree(debs)
        os.replace(unfinished, files)
        return files

    def small_layer(self, random, compressed_size):
        """A layer of some of the packages' files, about `compressed_size` when compressed, as (descriptor, diff ID)."""
        chosen, size = {}, 0
        pool = self._files()
        while size < compressed_size * 2.5:
            path, name, length = random.choice(pool)
            if length <= max(4096, compressed_size * 3) and name not in chosen:
                chosen[name] = path
                size += length + 512
        data, diff_id = small_layer((name, path.read_bytes()) for name, path in chosen.items())
        return self.store.put(data), diff_id

    def _files(self):
        """(path, name in the layer, size) of every regular file of some packages, in one order everywhere."""
        if self._pool is None:
            tops = [self.unpacked(name) for name in ("base", "perl", "python", "gcc", "nginx", "go")]
            self._pool = [
                (path, str(path.relative_to(top)), path.stat().st_size)
                for top in tops
                for path in sorted(top.rglob("*"))
                if path.is_file() and not path.is_symlink()
            ]
        return self._pool

    def _compress(self, directory, gz):
        """tar and gzip -6 of a directory, in one pass; moves the result to the store."""
        packer = ["pigz", "-n", "-6"] if shutil.which("pigz") else ["gzip", "-n", "-6"]
        tar = ["tar", "--sort=name", "--numeric-owner", "--owner=0", "--group=0", "--mtime=@1700000000", "-cf", "-"]
        hasher = hashlib.sha256()
        with (
            open(gz, "wb") as out,
            subprocess.Popen([*tar, "-C", str(directory), "."], stdout=subprocess.PIPE) as source,
            subprocess.Popen(packer, stdin=subprocess.PIPE, stdout=out) as sink,
        ):
            while chunk := source.stdout.read(1 << 20):
                hasher.update(chunk)
                sink.stdin.write(chunk)
            sink.stdin.close()
        if source.returncode or sink.returncode:
            sys.exit(f"could not compress {directory}")
        return self.store.adopt(gz), "sha256:" + hasher.hexdigest()


def download(names, directory):
    """Downloads packages by name with apt; those that this release does not have are left out, and said."""
    known = [name for name in names if _known(name)]
    for name in sorted(set(names) - set(known)):
        print(f"  this release has no package {name}: left out, the layer is smaller", file=sys.stderr)
    if not known:
        sys.exit(f"apt knows none of {' '.join(names)}; is 'apt-get update' needed?")
    # As root apt would download as another user, who may not write here.
    user = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    subprocess.run(["apt-get", "-qq", *user, "download", *known], cwd=directory, check=True)


def _known(name):
    shown = subprocess.run(["apt-cache", "show", "--no-all-versions", name], capture_output=True, check=False)
    return shown.returncode == 0 and b"\nFilename: " in shown.stdout

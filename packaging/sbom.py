#!/usr/bin/env python3
"""Says what a static program consists of: an SPDX 2.3 document, and the licences of all of it.

usage: sbom.py PLACE PROGRAM VERSION ARCHITECTURE SPDX-OUTPUT LICENSES-OUTPUT

PLACE is where scripts/build-static has built: build-static/ARCH. Nothing is listed by hand: the linker is run again to
say which files it reads, ninja knows which headers the compiler has read, and Debian's packages say whose they are. The
licence of a source package is in the table below; one that is not there is an error, for somebody has to read it first.
The same build makes the same bytes (SOURCE_DATE_EPOCH).
"""

import dataclasses
import datetime
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import urllib.parse

# What we link of each source package of Debian, as its debian/copyright says.
LICENSES = {
    "acl": "LGPL-2.1-or-later",
    "boost1.74": "BSL-1.0",
    "bzip2": "bzip2-1.0.6",
    "c-ares": "MIT",
    "cross-toolchain-base": "LGPL-2.1-or-later",
    "curl": "curl",
    "fmtlib": "MIT",
    "gcc-12": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "gcc-12-cross": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "glibc": "LGPL-2.1-or-later",
    "libarchive": "BSD-2-Clause",
    "libisal": "BSD-3-Clause",
    "libxcrypt": "LGPL-2.1-or-later",
    "libzstd": "BSD-3-Clause",
    "linux": "GPL-2.0-only WITH Linux-syscall-note",
    "lz4": "BSD-2-Clause",
    "nghttp2": "MIT",
    "nlohmann-json3": "MIT",
    "openssl": "Apache-2.0",
    "yaml-cpp": "MIT",
    "zlib": "Zlib",
}
# Boost's licence asks for no notice beside a program, and Debian's file about all of Boost has 2 MB.
WITHOUT_NOTICE = {"boost1.74"}
COMMON_LICENSES = pathlib.Path("/usr/share/common-licenses")


@dataclasses.dataclass(frozen=True)
class Package:
    """What Debian says about a package, binary or (architecture "source") built here."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    homepage: str
    copyright_file: pathlib.Path
    sha256: str = ""  # of the .deb or .dsc, where one was fetched


def output(*command, **options):
    done = subprocess.run(command, check=False, capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"sbom.py: {shlex.join(command)} failed:\n{done.stderr}")
    return done.stdout


def linked_files(build):
    """The files that the linker takes something from, without the program's own."""
    command = output("ninja", "-C", str(build), "-t", "commands", "-s", "src/ociferry").splitlines()[-1]
    with tempfile.TemporaryDirectory() as scratch:
        words = shlex.split(command)
        words[words.index("-o") + 1] = scratch + "/program"
        trace = output(*words, "-Wl,--trace", cwd=build, stdin=subprocess.DEVNULL)
    # A line names a file, or a member of an archive: archive(member), or in older linkers (archive)member.
    names = {re.sub(r"^\((.*)\).*$|\(.*\)$", r"\1", line.strip()) for line in trace.splitlines()}
    paths = {pathlib.Path(os.path.normpath(build / name)) for name in names if name}
    return sorted(path for path in paths if path.is_file() and build not in path.parents)


def read_headers(build, source):
    """The headers outside of the project that were compiled into it."""
    names = re.findall(r"^    (\S.*)$", output("ninja", "-C", str(build), "-t", "deps"), re.MULTILINE)
    paths = {pathlib.Path(os.path.normpath(build / name)) for name in names}
    own = [source / "src", source / "include", build]
    return sorted(path for path in paths if not any(folder in path.parents for folder in own))


class Packages:
    """Finds the package of a file: one built here, one unpacked to PLACE/sysroot, or one that is installed."""

    def __init__(self, place, paths):
        self.place = place
        self.installed = installed_owners(path for path in paths if place not in path.parents)
        self.unpacked = {}
        for deb in sorted((place / "packages").glob("*.deb")):
            for line in output("dpkg-deb", "--contents", str(deb)).splitlines():
                # A name ends before the arrow of a symbolic link.
                name = re.sub(r" -> .*", "", line).split(None, 5)[5]
                self.unpacked[os.path.normpath("/" + name)] = deb

    def owner(self, path):
        """The package of `path`; None if there is none."""
        if self.place / "libraries" in path.parents:
            return self._built(path)
        if self.place / "sysroot" in path.parents:
            deb = self.unpacked.get("/" + str(path.relative_to(self.place / "sysroot")))
            return deb and self._fetched(deb)
        return installed_package(self.installed[path]) if path in self.installed else None

    def _built(self, path):
        """The folder of a library's source is named like the library, or its headers."""
        name = path.relative_to(self.place / "libraries").parts[1].split(".")[0]
        # libarchive has archive.h and archive_entry.h, curl has libcurl.a and curl/curl.h, libisal has isa-l/; openssl
        # has openssl/, but libssl.a and libcrypto.a.
        stem = name.removeprefix("lib").split("_")[0].replace("-", "")
        stem = {"ssl": "openssl", "crypto": "openssl"}.get(stem, stem)
        folders = [self.place / stem, self.place / ("lib" + stem)]
        return next((self._source(folder) for folder in folders if (folder / "debian/changelog").is_file()), None)

    @functools.cache
    def _source(self, folder):
        field = functools.partial(output, "dpkg-parsechangelog", "-l", str(folder / "debian/changelog"), "-S")
        source, version = field("Source").strip(), field("Version").strip()
        control = (folder / "debian/control").read_text(encoding="utf-8")
        homepage = re.search(r"^Homepage: *(.*)$", control, re.MULTILINE)
        (dsc,) = (self.place / "sources" / folder.name).glob("*.dsc")
        return Package(source, version, "source", source, version, homepage.group(1) if homepage else "",
                       folder / "debian/copyright", sha256_of(dsc))

    @functools.cache
    def _fetched(self, deb):
        show = functools.partial(output, "dpkg-deb", "--showformat")
        values = show("\t".join(FACTS), "--show", str(deb)).split("\t")
        documents = self.place / "sysroot/usr/share/doc" / values[0] / "copyright"
        return Package(*values, documents, sha256_of(deb))


FACTS = ["${Package}", "${Version}", "${Architecture}", "${source:Package}", "${source:Version}", "${Homepage}"]


def installed_owners(paths):
    """path -> name of the installed package, of those that belong to one."""
    # Since /lib became a link to /usr/lib, dpkg knows a file by one of both names.
    names = {name: path for path in paths for name in (str(path), str(path).removeprefix("/usr"), "/usr" + str(path))}
    # One call for all, since each reads the whole database; it fails when one name is unknown.
    command = ["dpkg-query", "--search", *names]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    pairs = [line.rsplit(": ", 1) for line in found if not line.startswith("diversion by ")]
    return {names[name]: packages.split(", ")[0] for packages, name in pairs if name in names}


@functools.cache
def installed_package(name):
    values = output("dpkg-query", "-W", "-f", "\t".join(FACTS), name).split("\t")
    return Package(*values, pathlib.Path("/usr/share/doc") / values[0] / "copyright")


def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def spdx_id(kind, name):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def package_id(package):
    return spdx_id("Package", f"{package.name}-{package.architecture}")


def license_of(package):
    if package.source not in LICENSES:
        sys.exit(f"sbom.py: the licence of {package.source} is not in the table: read {package.copyright_file}")
    return LICENSES[package.source]


def package_entry(package):
    entry = {
        "SPDXID": package_id(package),
        "name": package.name,
        "versionInfo": package.version,
        "supplier": "Organization: Debian",
        "downloadLocation": "https://snapshot.debian.org/package/"
        f"{package.source}/{urllib.parse.quote(package.source_version)}/",
        "filesAnalyzed": False,
        "sourceInfo": f"Debian's source package {package.source} {package.source_version}, built "
        + ("by scripts/build-static" if package.architecture == "source" else "by Debian"),
        "licenseConcluded": license_of(package),
        "licenseDeclared": license_of(package),
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:deb/debian/{package.name}@{urllib.parse.quote(package.version)}"
                f"?arch={package.architecture}&distro=debian-12",
            }
        ],
    }
    if package.homepage:
        entry["homepage"] = package.homepage
    if package.sha256:
        entry["checksums"] = [{"algorithm": "SHA256", "checksumValue": package.sha256}]
    return entry


def file_entry(path, name, license_id):
    content = path.read_bytes()
    return {
        "SPDXID": spdx_id("File", name.removeprefix("./")),
        "fileName": name,
        "checksums": [
            {"algorithm": algorithm, "checksumValue": hashlib.new(algorithm, content).hexdigest()}
            for algorithm in ("SHA1", "SHA256")
        ],
        "licenseConcluded": license_id,
        "licenseInfoInFiles": ["NOASSERTION"],
        "copyrightText": "NOASSERTION",
    }


def document_name(path, place):
    """A file's name without where it was built: ./usr/lib/..., or ./build-static/ARCH/... for what is no package's."""
    if place in path.parents:
        return f"./build-static/{place.name}/{path.relative_to(place)}"
    return "." + str(path)


def relationship(left, kind, right):
    return {"spdxElementId": left, "relationshipType": kind, "relatedSpdxElement": right}


def program_entry(version):
    return {
        "SPDXID": "SPDXRef-Package-ociferry",
        "name": "ociferry",
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "Copyright The ociferry authors",
        "primaryPackagePurpose": "APPLICATION",
    }


def document(program, version, architecture, linked, used):
    """The whole document. `linked`: (path, its name in the document, its package) each; `used`: all packages."""
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    created = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    main_package = program_entry(version)
    own = file_entry(program, "./bin/ociferry", "Apache-2.0")
    files = [own]
    relations = [
        relationship("SPDXRef-DOCUMENT", "DESCRIBES", main_package["SPDXID"]),
        relationship(own["SPDXID"], "GENERATED_FROM", main_package["SPDXID"]),
    ]
    for path, name, package in linked:
        files.append(file_entry(path, name, license_of(package)))
        relations.append(relationship(own["SPDXID"], "STATIC_LINK", files[-1]["SPDXID"]))
        relations.append(relationship(files[-1]["SPDXID"], "GENERATED_FROM", package_id(package)))
    relations += [relationship(main_package["SPDXID"], "DEPENDS_ON", package_id(package)) for package in used]
    name = f"ociferry-{version}-linux-{architecture}"
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{sha256_of(program)}",
        "creationInfo": {"created": created, "creators": ["Tool: ociferry-scripts-release"]},
        "packages": [main_package] + [package_entry(package) for package in used],
        "files": files,
        "relationships": relations,
    }


def licenses_text(packages):
    """The copyright files of Debian, one for each source package, and the licences that these only name."""
    by_source = {package.source: package for package in reversed(packages) if package.source not in WITHOUT_NOTICE}
    parts = []
    for source, package in sorted(by_source.items()):
        parts.append((f"{source} {package.source_version}", package.copyright_file.read_text(encoding="utf-8")))
    named = {name.rstrip(".") for _, text in parts for name in re.findall(rf"{COMMON_LICENSES}/([\w.-]+)", text)}
    for name in sorted(named | {"Apache-2.0"}):
        if (COMMON_LICENSES / name).is_file():
            parts.append((str(COMMON_LICENSES / name), (COMMON_LICENSES / name).read_text(encoding="utf-8")))
    line = "=" * 80
    intro = "ociferry contains code of these packages of Debian, under the licences that follow.\n"
    return intro + "".join(f"\n{line}\n{title}\n{line}\n\n{text}" for title, text in parts)


def main(place, program, version, architecture, spdx, licenses):
    place = pathlib.Path(place).resolve()
    build, source = place / "program", place.parent.parent
    paths, headers = linked_files(build), read_headers(build, source)
    packages = Packages(place, paths + headers)
    # By the name in the document: the order of paths depends on where this was built.
    linked = [(path, document_name(path, place), packages.owner(path)) for path in paths]
    linked.sort(key=lambda file: file[1])
    unknown = [str(path) for path, _, package in linked if package is None]
    unknown += [str(path) for path in headers if packages.owner(path) is None]
    if unknown:
        sys.exit("sbom.py: used, but of no package of Debian: " + " ".join(unknown))
    used = {package for _, _, package in linked} | {packages.owner(path) for path in headers}
    used = sorted(used, key=lambda package: (package.name, package.architecture))
    text = json.dumps(document(pathlib.Path(program), version, architecture, linked, used), indent=1)
    pathlib.Path(spdx).write_text(text + "\n", encoding="utf-8")
    pathlib.Path(licenses).write_text(licenses_text(used), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How each contestant does each job: the command lines.

Peers differ in what they do, so read their numbers with that in mind: imgpkg writes one tar with every blob once;
crane, skopeo and regctl write a directory with every blob once, which is less work than a tar, and skopeo and regctl
are started once an image. The floor moves blobs only. One variant of it moves manifests, each when it can be known;
another one also asks what keeps the promises of an import, in as few steps as these can be kept in.
"""

import pathlib
import shlex
import shutil
from typing import NamedTuple

PEERS = ("imgpkg", "crane", "skopeo", "regctl")
PUSHERS = ("ociferry", "imgpkg", "oras")
WITH_MANIFESTS = "with manifests"  # the variant of the floor that asks for what tells it of the blobs
WITH_PROOF = "with manifests and proof"  # the one that reads back what it puts, in the order that imports promise
PULLERS = ("ociferry", "imgpkg", "skopeo", "oras")


class Tools(NamedTuple):
    """Where the programs are that the benchmark brings along or compares."""

    ociferry: str
    built: pathlib.Path  # directory of floor and launch

    @property
    def floor(self):
        return str(self.built / "floor")


def peers():
    """The peers that are found on PATH."""
    return [name for name in sorted({*PEERS, *PUSHERS, *PULLERS} - {"ociferry"}) if shutil.which(name)]


def plain(name):
    """A contestant's name without its variant: "floor" of "floor, 32 threads"."""
    return name.partition(",")[0]


def threads(name):
    """The number of threads that a variant of the floor has: 2 if its name says nothing."""
    number = name.partition(", ")[2].partition(" ")[0]
    return number if number.isdigit() else "2"


def has_manifests(name):
    return name.endswith(WITH_MANIFESTS)


def export(tools, name, stage, output):
    """The command with which `name` writes all of the stage's bundle to `output`."""
    tls = ["--tls"] if stage.transport.tls else []
    match plain(name):
        case "floor":
            sync = ["--sync"] if stage.out.on_disk(output) else []
            target = ["--file", output, "--sha", "--threads", threads(name), *sync]
            what = stage.get_steps if has_manifests(name) else stage.list
            return [tools.floor, "get", stage.address, what, *target, *tls]
        case "ociferry":
            return [tools.ociferry, "export", "-b", stage.bundle_tag, "-o", output, "--json"]
        case "ociferry copy":
            return [tools.ociferry, "copy", "-b", stage.bundle_tag, "--to-tar", output, "--json"]
        case "imgpkg":
            return ["imgpkg", "copy", "-b", stage.bundle_tag, "--to-tar", output]
        case "crane":
            return ["crane", "pull", "--format=oci", *stage.images.values(), output]
        case "skopeo":
            copy = ["skopeo", "copy", "-q", "--all", "--src-tls-verify=false"]
            return _each(stage, lambda image, ref: [*copy, f"docker://{ref}", f"oci:{output}:{image}"])
        case "regctl":
            regctl = ["regctl", "--host", f"reg={stage.address},{_regctl_tls(stage)}", "image", "copy"]
            return _each(stage, lambda image, ref: [*regctl, ref, f"ocidir://{output}:{image}"])
    raise ValueError(name)


def import_(tools, name, stage, archive, to):
    """The command with which `name` puts what its export wrote, `archive`, into the empty registry `to`."""
    repository = f"{to}/imported/{stage.name}"
    tls = ["--tls"] if stage.transport.tls else []
    match plain(name):
        case "floor":
            target = ["--to", f"floor/{stage.name}", "--sha", "--threads", threads(name)]
            what = stage.proof_steps if name.endswith(WITH_PROOF) else stage.list
            what = stage.put_steps if has_manifests(name) else what
            return [tools.floor, "put", to, what, "--file", archive, *target, *tls]
        case "ociferry":
            return [tools.ociferry, "import", archive, "--to-repo", repository]
        case "imgpkg":
            return ["imgpkg", "copy", "--tar", archive, "--to-repo", repository]
        case "crane":
            return ["crane", "push", "--index", archive, f"{repository}:v1"]
        case "skopeo":
            copy = ["skopeo", "copy", "-q", "--all", "--preserve-digests", "--dest-tls-verify=false"]
            return _each(stage, lambda image, _: [*copy, f"oci:{archive}:{image}", f"docker://{to}/img/{image}:v1"])
        case "regctl":
            regctl = ["regctl", "--host", f"reg={to},{_regctl_tls(stage)}", "image", "copy"]
            return _each(stage, lambda image, _: [*regctl, f"ocidir://{archive}:{image}", f"{to}/img/{image}:v1"])
    raise ValueError(name)


def copy(tools, name, source, to):
    """The command with which `name` copies the bundle `source` to the repository `to`."""
    match name:
        case "ociferry":
            return [tools.ociferry, "copy", "-b", source, "--to-repo", to]
        case "imgpkg":
            return ["imgpkg", "copy", "-b", source, "--to-repo", to]
    raise ValueError(name)


def push(tools, name, files, to):
    """The command with which `name` makes a bundle, or what is nearest to it, of a directory."""
    match name:
        case "ociferry":
            return [tools.ociferry, "push", "-b", to, "-f", files]
        case "imgpkg":
            return ["imgpkg", "push", "-b", to, "-f", files]
        case "oras":
            return ["oras", "push", to, "--disable-path-validation", files]
    raise ValueError(name)


def pull(tools, name, kind, what, output):
    """The command with which `name` puts the files of a bundle (-b) or image (-i) into a directory.

    skopeo and oras leave layers packed, which is less work.
    """
    match name:
        case "ociferry":
            return [tools.ociferry, "pull", kind, what, "-o", output, "--json"]
        case "imgpkg":
            return ["imgpkg", "pull", kind, what, "-o", output]
        case "skopeo":
            return ["skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{what}", f"dir:{output}"]
        case "oras":
            return ["oras", "pull", what, "-o", output]
    raise ValueError(name)


def _regctl_tls(stage):
    return "tls=insecure" if stage.transport.tls else "tls=disabled"


def _each(stage, command):
    """One shell that runs a command for every image, one after the other; fails with the first that fails."""
    script = stage.files / "each.sh"
    lines = [shlex.join(map(str, command(image, ref))) for image, ref in stage.images.items()]
    script.write_text("set -e\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return ["sh", str(script)]

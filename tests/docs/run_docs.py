#!/usr/bin/env python3
"""Runs every command block of the documentation, and compares what the commands print with what the pages show.

usage: run_docs.py PROGRAM SOURCE_ROOT [PAGE...]

Pages are README.md and docs/**.md. A block is a fence tagged "console": lines that begin with "$ " are commands, those
right behind that begin with "> " are their further lines, all others are output. In it "..." is any text, and alone on
a line it is any lines; sizes and fingerprints only need to be some. Blocks of one page run in order, in one shell, in
one directory. A command must succeed, unless the next one is `echo $?`. What a page needs but does not show is in a
comment that begins with a line "<!-- setup".

Each page has two new registries. STANDS_FOR says by which names pages call them, and other places of the text.

Prints what differs and exits with 1; with 77 (skipped) where a program is missing that the pages need. UPDATE_DOCS=1
writes what came into the pages instead; read the difference, and put "..." where the output is not always the same.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import console_blocks  # noqa: E402

NEEDED = ["bash", "docker-registry", "gpg", "jq", "openssl", "skopeo", "tar"]
PATIENCE = 120  # seconds, for a page

# What pages say -> what is used: {outside} and {inside} are the registries, {home} is the directory of the page. {tls}
# is a registry whose certificate is signed by the authority in {home}/ca.pem; it runs only for pages that name it.
STANDS_FOR = {
    "registry.internal:8443": "{tls}",
    "registry.example.com": "{outside}",
    "localhost:5000": "{outside}",
    "registry.internal": "{inside}",
    "localhost:5001": "{inside}",
    "/media/usb": "{home}/usb",
}

PRELUDE = "exec 2>&1 </dev/null\nset -o pipefail\n"

# Progress is shown after a second, so whether it is there depends on the machine.
WRAPPER = """#!/bin/bash
case " $0 $*" in
  *imgpkg\\ * | *" --progress"*) exec -a "$0" "{program}" "$@" ;;
  *) exec -a "$0" "{program}" --progress none "$@" ;;
esac
"""
MARK = "\x1e"


class Registry:
    """A docker-registry on a free port of this machine."""

    def __init__(self, folder, certificate=None):
        """`certificate` is a pair of files, it and its key; without it the registry speaks plain http."""
        folder.mkdir()
        config = folder / "config.yml"
        tls = f", tls: {{certificate: {certificate[0]}, key: {certificate[1]}}}" if certificate else ""
        config.write_text(
            f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}\n"
            f'http: {{addr: "127.0.0.1:0"{tls}}}\n'
        )
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)

    def address(self):
        """Waits until it listens; the log tells where."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            found = re.search(r"listening on (127\.0\.0\.1:\d+)", self.log.read_text(errors="replace"))
            if found:
                return found.group(1)
            time.sleep(0.01)
        raise RuntimeError(f"docker-registry did not start: {self.log.read_text(errors='replace')}")

    def stop(self):
        self.process.kill()
        self.process.wait()


def make_certificate(folder, authority):
    """Makes an authority, and a certificate of it for 127.0.0.1; returns the latter's file and its key."""

    def openssl(name, certificate, key, *options):
        call = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        files = ["-subj", f"/CN={name}", "-out", certificate, "-keyout", key]
        subprocess.run([*call, "-days", "2", *files, *options], check=True, capture_output=True)

    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"]
    openssl("Authority of the site", authority, folder / "ca.key")
    certificate, key = folder / "tls.crt", folder / "tls.key"
    openssl("registry", certificate, key, "-CA", authority, "-CAkey", folder / "ca.key", *names)
    return certificate, key


def script_of(commands, stands_for):
    """A script that runs the commands one by one, with a mark, the number and the status behind each output."""
    script = PRELUDE
    for number, command in enumerate(commands):
        text = command.text
        for name, actual in stands_for.items():
            text = text.replace(name, actual)
        script += f'{text}\nstatus=$?; printf "\\n{MARK}{number} %s\\n" $status; (exit $status)\n'
    return script


def outputs_of(printed, stands_for, home):
    """{number of the command: (lines, status)}, with the names that the page uses, and ~ for the directory."""
    for name, actual in stands_for.items():
        printed = printed.replace(actual, name)
    printed = printed.replace(str(home), "~")
    parts = re.split(rf"\n{MARK}(\d+) (\d+)\n", printed)
    return {
        int(number): (output.removesuffix("\n").split("\n") if output.strip("\n") else [], int(status))
        for output, number, status in zip(parts[0::3], parts[1::3], parts[2::3])
    }


def page_findings(page, commands, outputs):
    for number, command in enumerate(commands):
        where = f"{page}:{command.line}: {command.text.splitlines()[0]}"
        if number not in outputs:
            yield f"{where}\n  was not run to its end"
            return
        actual, status = outputs[number]
        is_status_shown = number + 1 < len(commands) and commands[number + 1].text == "echo $?"
        came = "".join(f"\n    {line}" for line in actual)
        if status != 0 and not is_status_shown:
            yield f"{where}\n  failed with {status}:{came}"
        elif not command.is_setup and not console_blocks.agrees(command.shown, actual):
            shown = "".join(f"\n    {line}" for line in command.shown)
            yield f"{where}\n  the page shows:{shown}\n  what came:{came}"


class Stage:
    """A directory with the program and its registries, in which the commands of one page run."""

    def __init__(self, program, folder, page):
        self.folder = folder
        self.home = folder / "home"
        for path in (self.home, self.home / "usb", folder / "bin", folder / "tmp"):
            path.mkdir()
        wrapper = folder / "bin" / "ociferry"
        wrapper.write_text(WRAPPER.format(program=program))
        wrapper.chmod(0o755)
        self.registries = {name: Registry(folder / name) for name in ("outside", "inside")}
        if any("{tls}" in actual and name in page for name, actual in STANDS_FOR.items()):
            self.registries["tls"] = Registry(folder / "tls", make_certificate(folder, self.home / "ca.pem"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for registry in self.registries.values():
            registry.stop()

    def run(self, commands, page):
        """{number of the command: (lines, status)}"""
        places = {name: registry.address() for name, registry in self.registries.items()}
        places["home"] = str(self.home)
        stands_for = {name: actual.format(**places) for name, actual in STANDS_FOR.items() if name in page}
        environment = {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "HOME": str(self.home),
            "TMPDIR": f"{self.folder}/tmp",
            "XDG_RUNTIME_DIR": f"{self.folder}/tmp",  # that of the system may be closed to this user
            "LC_ALL": "C.UTF-8",
            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
        }
        script = self.folder / "script"
        script.write_text(script_of(commands, stands_for), encoding="utf-8")
        call = ["bash", "--norc", str(script)]
        run = subprocess.run(call, cwd=self.home, env=environment, stdout=subprocess.PIPE, timeout=PATIENCE)
        return outputs_of(run.stdout.decode("utf-8", "replace"), stands_for, self.home)


def run_page(program, root, name):
    """What is wrong with one page, as texts."""
    page = (root / name).read_text(encoding="utf-8")
    commands = console_blocks.commands_of(page)
    found = [f"{name}: {complaint}" for complaint in console_blocks.complaints(page)]
    if found or not commands:
        return found
    with tempfile.TemporaryDirectory(prefix="docs-") as folder, Stage(program, pathlib.Path(folder), page) as stage:
        outputs = stage.run(commands, page)
    if os.environ.get("UPDATE_DOCS") == "1":
        came = {commands[number].line: lines for number, (lines, _) in outputs.items()}
        (root / name).write_text(console_blocks.with_output(page, came), encoding="utf-8")
        commands = console_blocks.commands_of((root / name).read_text(encoding="utf-8"))
    return list(page_findings(name, commands, outputs))


def pages_in(root):
    return ["README.md"] + sorted(str(path.relative_to(root)) for path in (root / "docs").rglob("*.md"))


def main(program, root, *only):
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        print(f"skipped: no {', '.join(missing)}")
        return 77
    root = pathlib.Path(root)
    pages = list(only) or pages_in(root)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = sum(pool.map(lambda page: run_page(os.path.abspath(program), root, page), pages), [])
    print("\n".join(found) or f"{len(pages)} pages say what the program does")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

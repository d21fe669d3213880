"""One measured run of one command: what the client took, what the servers took, what was asked for.

The client's part comes from the program `launch` (see launch.cpp); the servers' from /proc and their access logs.
"""

import json
import os
import pathlib
import re
import subprocess

from access_log import count

SYNC_SECONDS = re.compile(r'"syncSeconds": ([0-9.]+)')


class Measurement:
    """Runs commands and keeps one JSON line a run in a file."""

    def __init__(self, tools, run_directory, results):
        self.launch = tools / "launch"
        self.report = pathlib.Path(run_directory) / "launch.json"
        self.output = pathlib.Path(run_directory) / "last.output"
        self.results = pathlib.Path(results)

    def run(self, command, label, servers, timeout, output=None):
        """Runs `command` against `servers` ({role: Server}); returns a record of it that begins with `label`.

        output: what the command writes; its size is recorded. A run that fails has its status in the record.
        """
        for server in servers.values():
            server.log.mark()
        cpu = {role: server.cpu() for role, server in servers.items()}
        took = self._launch(command, timeout)
        record = {**label, "client": took, "wall": took["wall"], "cpu": took["user"] + took["system"]}
        record["sync"] = self._sync_seconds()
        record["peak_mib"] = took["peak_kib"] / 1024
        record["size"] = size_of(output) if output else None
        for role, server in servers.items():
            record[role] = {"cpu": round(server.cpu() - cpu[role], 2), **count(server.log.since_mark())}
        return record

    def keep(self, record):
        """Adds a record to the results."""
        with open(self.results, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def _launch(self, command, timeout):
        self.report.unlink(missing_ok=True)
        with open(self.output, "wb") as out:
            # In a process group of its own, so that a run that hangs can be ended with its children.
            with subprocess.Popen(
                [self.launch, self.report, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ) as process:
                try:
                    process.wait(timeout)
                except BaseException:
                    os.killpg(process.pid, 9)
                    raise
        return json.loads(self.report.read_text(encoding="ascii"))

    def _sync_seconds(self):
        """What the last command took until the disk had all, by its own word; 0 if it does not wait for that."""
        found = SYNC_SECONDS.search(self.output.read_text(encoding="utf-8", errors="replace"))
        return float(found[1]) if found else 0.0

    def last_words(self):
        """The end of what the last command wrote."""
        return self.output.read_text(encoding="utf-8", errors="replace")[-1000:].strip()


def size_of(path):
    """Bytes of a file, or of all files of a directory."""
    path = pathlib.Path(path)
    if path.is_dir():
        return sum(file.lstat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.exists() else 0

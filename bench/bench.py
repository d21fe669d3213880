"""Runs the contestants of a row in turn, so that all see the same hours of the machine."""

from typing import Any, Callable, NamedTuple

import contestants as how
from outcome import Outcome


class Try(NamedTuple):
    """One contestant's run: what is done before and after it, the command, what it writes, who serves it."""

    contestant: str
    command: Callable[[], list]
    prepare: Callable[[], Any] = lambda: None
    output: Any = None
    after: Callable[[dict], Any] = lambda record: None
    servers: dict = {}


class Bench:
    """Runs rows: contestants alternate within each round."""

    def __init__(self, setting, measurement, options):
        self.setting = setting
        self.measurement = measurement
        self.options = options
        self.tools = setting.tools
        self.statuses = []  # (row and contestant, whether it went well)

    def takes_part(self, *names):
        """Those of the names that take part; a name's variants ("floor, 1 thread") take part as it does."""
        chosen = self.options.contestants or ["floor", "ociferry", *how.peers()]
        return [name for name in names if how.plain(name).split(" ")[0] in chosen]

    def compare(self, row, facts, tries, rounds=None):
        outcome = Outcome(row, facts)
        for number in range(rounds or self.options.rounds):
            for one in tries:
                one.prepare()
                label = {"row": row, "contestant": one.contestant, "round": number, **facts}
                command = [str(word) for word in one.command()]
                record = self.measurement.run(command, label, one.servers, self.options.timeout, one.output)
                record["written"] = self.setting.out.written(record, one.output)
                one.after(record)
                self.measurement.keep(record)
                self.statuses.append((f"{row} {one.contestant}", record["client"]["status"] == 0))
                outcome.add(one.contestant, record)
                self._tell(row, one, record)
                if one.output:
                    self.setting.out.clear(one.output)
        return outcome

    def _tell(self, row, one, record):
        counts = ", ".join(f"{kind} {n}" for role in one.servers for kind, n in record[role]["requests"].items())
        print(
            f"{row:18} {one.contestant:15} wall {record['wall']:8.3f} s  CPU {record['cpu']:6.2f} s  peak"
            f" {record['peak_mib']:4.0f} MiB  {counts}",
            flush=True,
        )
        if record["client"]["status"] != 0:
            print(f"  FAILED with {record['client']['status']}: {self.measurement.last_words()}", flush=True)

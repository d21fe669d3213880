"""What came out of one row: its runs by contestant, and medians of them."""

import statistics


class Outcome:
    """The runs of one row. facts: what was known before, such as the number of blobs."""

    def __init__(self, row, facts):
        self.row = row
        self.facts = facts
        self.runs = {}

    def add(self, contestant, record):
        self.runs.setdefault(contestant, []).append(record)

    @property
    def contestants(self):
        return list(self.runs)

    def good(self, contestant):
        return [run for run in self.runs.get(contestant, []) if run["client"]["status"] == 0]

    def last(self, contestant):
        if not self.good(contestant):
            raise LookupError(f"{contestant} has no good run in {self.row}")
        return self.good(contestant)[-1]

    def median(self, contestant, field):
        """The median of a field over the good runs; raises LookupError if there is none."""
        values = [value for run in self.good(contestant) if (value := _value(run, field)) is not None]
        if not values:
            raise LookupError(f"{contestant} has no good run in {self.row}, or no {field}")
        return statistics.median(values)


def _value(run, field):
    """A field of a run; some are computed: a server's share ("source_cpu"), sums, quotients."""
    role, _, part = field.partition("_")
    if role in ("source", "destination"):
        return run.get(role, {}).get("total" if part == "requests" else part, 0)
    match field:
        case "requests":
            return sum(_value(run, f"{server}_requests") for server in ("source", "destination"))
        case "unsynced":
            return run["wall"] - run["sync"]
        case "written_mb":
            return run["written"] / 1e6 if run["size"] and run["written"] else 0
        case "written_of_size":
            return run["written"] / run["size"] if run["written"] is not None else None
    return run[field]

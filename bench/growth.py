"""How time and memory grow with the number of blobs, and with bytes: both should be straight lines, memory flat."""

from typing import NamedTuple

import rows

ROUNDS = 3


class Axis(NamedTuple):
    """What grows: the corpora by size, and how the plots call it."""

    corpus: str
    sizes: tuple
    label: str


BLOBS = Axis("blobs", (10, 100, 1000, 10000, 50000), "blobs")
BYTES = Axis("bytes", (10, 100, 1000, 10000), "megabytes")
FEW_BLOBS = BLOBS._replace(sizes=(10, 100, 1000))
FEW_BYTES = BYTES._replace(sizes=(10, 100))


class Growth:
    """The outcomes of one job at each size."""

    def __init__(self, row, axis):
        self.row = row
        self.label = axis.label
        self.outcomes = {}

    @property
    def contestants(self):
        return list(dict.fromkeys(name for outcome in self.outcomes.values() for name in outcome.contestants))

    def series(self, contestant, field):
        """[(size, median)], without sizes at which the contestant failed."""
        good = {size: outcome for size, outcome in self.outcomes.items() if outcome.good(contestant)}
        return [(size, outcome.median(contestant, field)) for size, outcome in good.items()]

    def bend(self, contestant, field):
        """What one more unit costs on the last stretch, against the stretch before; 1 on a straight line."""
        points = self.series(contestant, field)
        if len(points) < 3:
            raise LookupError(f"{contestant} has no three sizes in {self.row}")
        (x1, y1), (x2, y2), (x3, y3) = points[-3:]
        before, last = (y2 - y1) / (x2 - x1), (y3 - y2) / (x3 - x2)
        return last / before if before > 0 else float(last > 0)

    def largest(self, contestant, field):
        return self.series(contestant, field)[-1][1]


def grow(bench, row, axis):
    """Export and import at each size, of the floor and of ociferry."""
    found = [Growth(f"{row}-{job}", axis) for job in ("export", "import")]
    rounds = min(bench.options.rounds, ROUNDS)
    for size in axis.sizes:
        for growth, job in zip(found, (rows.export, rows.import_)):
            outcome = job(bench, growth.row, f"{axis.corpus}-{size}", ("floor", "ociferry"), rounds=rounds)
            growth.outcomes[size] = outcome
        bench.setting.close_stages()
    return found

"""Which rows there are, in the order in which they run: rows of one corpus come together, since one is kept at a time."""

from typing import Callable, NamedTuple

import rows
from contestants import PEERS

EXPORTERS = ("floor", "ociferry", "ociferry copy", *PEERS)
LARGE_EXPORTERS = ("floor, 1 thread", "floor", "ociferry", *PEERS)
IMPORTERS = ("floor", "ociferry", *PEERS)


class Row(NamedTuple):
    """A row: its title in the report, and what runs it, given the bench and the row's name."""

    title: str
    run: Callable


def _row(title, kind, *arguments, **more):
    return Row(title, lambda bench, name: kind(bench, name, *arguments, **more))


def _rows(medium, many, large):
    return {
        "export-medium": _row("export, 12 images, 48 blobs, 1.4 GB", rows.export, medium, EXPORTERS),
        "import-medium": _row("import of the same into an empty registry", rows.import_, medium, IMPORTERS),
        "again-medium": _row("the same import again", rows.again, medium),
        "copy-medium": _row("copy within one registry", rows.copy, medium),
        "verify-medium": _row("verify, against two threads that hash", rows.verify, medium),
        "memory": _row("peak memory with 8 jobs", rows.memory, medium),
        "export-many": _row("export, 200 images, 1,681 small blobs", rows.export, many, EXPORTERS),
        "import-many": _row("import of the same into an empty registry", rows.import_, many, IMPORTERS),
        "again-many": _row("the same import again", rows.again, many),
    }


ROWS = _rows("medium", "many", "large")
SMALL_ROWS = _rows("synthetic", "blobs-100", "synthetic")

"""Rating in another tool: blinded tasks to it in its own format, and what raters said there from its own export. Pure.

A rater's line of assignments is one set of tasks, in the order that was drawn, and goes to one person. Several raters never
share a list: none of these tools keeps an order for each rater, asks one of them the same thing twice (anchors), or keeps who
was drawn to rate what.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from driftgauge.rate.elsewhere import argilla, label_studio, potato, table
from driftgauge.rate.elsewhere.sheet import Sheet
from driftgauge.rate.elsewhere.told import Returned

__all__ = ["READERS", "WRITERS", "Returned", "Sheet"]

WRITERS: Final[Mapping[str, Callable[[Sheet], Mapping[str, bytes]]]] = {
    "label-studio": label_studio.files,
    "argilla": argilla.files,
    "potato": potato.files,
    "csv": table.csv_files,
    "parquet": table.parquet_files,
}
"""What makes the files of a rater's tasks, for each tool."""
READERS: Final[Mapping[str, Callable[[Path], Returned]]] = {
    "label-studio": label_studio.read,
    "argilla": argilla.read,
    "potato": potato.read,
    "tasks": table.read,
}
"""What reads the export of each tool; ``tasks`` is the table that was filled in, CSV or Parquet."""

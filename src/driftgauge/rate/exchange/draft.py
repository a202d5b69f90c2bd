"""A draft: what a format made of its files, before repeats and lineage are settled."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge import frames
from driftgauge.errors import Problem, RatingError
from driftgauge.rate.exchange.ids import nested_ids
from driftgauge.rate.exchange.messages import Source
from driftgauge.rate.exchange.table import Table, read_table
from driftgauge.records import Finding

DEFAULTS: Final = {
    "intent": "adversarial",
    "modality": "text-only",
    "kind": "human",
    "attempt": 1,
    "occasion": 1,
    "purpose": "item",
    "status": "answered",
    "simulated": False,
}
"""What holds where a source says nothing."""

MARK: Final = "mark_"
"""How columns begin that say of each row whether a finding is about it; they end with the draft."""

EMPTY: Final = pl.DataFrame(schema={"line": pl.Int64, "sound": pl.Boolean})
"""No rows: what comes of a file whose columns are not those of its format."""


@dataclass(frozen=True)
class Part:
    """What a format made of one file: columns of `ratings` with `line`, ``extra_…``, marks, and `sound`."""

    frame: pl.DataFrame
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Draft:
    """All files of one import.

    Parameters
    ----------
    frame
        The columns of `ratings`, then `file` (a position in `sources`), `sound` (nothing is wrong with the row), `status_said`
        (the source says the status; else it is the default), ``extra_…`` and marks.
    sources
        The files.
    problems
        What is wrong so far; anything stops the import, at the end.
    findings
        What the reader must know.
    complete
        Whether every file could be read at all.
    repeats_expected
        Whether the files of this format repeat each other, so that identical ratings are nothing to tell.
    """

    frame: pl.DataFrame
    sources: tuple[Source, ...]
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...] = ()
    complete: bool = True
    repeats_expected: bool = False

    def place(self, file: int, line: int) -> str:
        """Return "ratings.csv, line 7"."""
        return self.sources[file].place(line)

    def places(self, rows: pl.DataFrame, *, most: int = 3) -> str:
        """Return where the first of some rows of the draft stand."""
        first = [self.place(file, line) for file, line in rows.select("file", "line").head(most).iter_rows()]
        return "; ".join(first) + ("; …" if rows.height > most else "")

    def marked(self, code: str) -> pl.DataFrame:
        """Return the rows that carry a mark."""
        return self.frame.filter(pl.col(MARK + code)) if MARK + code in self.frame.columns else self.frame.clear()


def draft_of(paths: Sequence[Path], read_one: Callable[[Table], Part], *, preamble: str = "") -> Draft:
    """Read files one by one and put what they say under one another.

    A file that cannot be read is a problem beside those of the others.
    """
    sources: list[Source] = []
    parts: list[pl.DataFrame] = []
    problems: list[Problem] = []
    for path, name in zip(paths, _names(paths), strict=True):
        try:
            table = read_table(path, name=name, preamble=preamble)
        except RatingError as error:
            problems += error.problems
            continue
        part = read_one(table)
        problems += part.problems
        parts.append(part.frame.with_columns(file=pl.lit(len(sources), pl.UInt32)))
        sources.append(table.source)
    frame = pl.concat([EMPTY.with_columns(file=pl.lit(0, pl.UInt32)), *parts], how="diagonal")
    return Draft(_identified(frame), tuple(sources), tuple(problems), complete=len(sources) == len(paths))


def _names(paths: Sequence[Path]) -> list[str]:
    """Return file names, or whole paths where two files have one name."""
    times = Counter(path.name for path in paths)
    return [path.name if times[path.name] == 1 else str(path) for path in paths]


def _identified(frame: pl.DataFrame) -> pl.DataFrame:
    """Fill in the defaults, bring the columns into the shape of `ratings`, and give responses and ratings their ids."""
    shaped = frames.conform(frame, frames.RATINGS).with_columns(
        *(pl.col(name).fill_null(value) for name, value in DEFAULTS.items()),
        status_said=pl.col("status").is_not_null(),
    )
    ids = nested_ids(shaped, frames.RESPONSE_KEY, key=frames.RATING_KEY)
    return shaped.with_columns(response_id=ids["outer"], rating_id=ids["key"])

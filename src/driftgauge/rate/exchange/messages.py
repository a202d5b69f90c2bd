"""How a file, a place in it and a value are named in messages."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from driftgauge.errors import Problem, RatingError, shown_name

LISTED: Final = 1000
"""How many mistakes of one kind in one column are listed one by one; the rest are counted in one more."""


@dataclass(frozen=True)
class Source:
    """A file that was read, as messages name it."""

    name: str
    unit: Literal["line", "row"] = "line"

    def place(self, line: int, column: str | None = None) -> str:
        """Return "ratings.csv, line 7, column harm"."""
        return f"{self.name}, {self.unit} {line}" + (f", column {shown_name(column)}" if column else "")


@dataclass(frozen=True)
class Located:
    """A problem and the line by which problems are put in order."""

    line: int
    problem: Problem


def shown(value: object) -> str:
    """Return a value in quotes, escaped and cut at 40 characters."""
    return f"'{shown_name(str(value))}'"


def listed(names: Iterable[str], *, most: int = 20) -> str:
    """Return names joined by commas, the first `most` of them."""
    every = list(names)
    first = ", ".join(shown_name(name) for name in every[:most])
    return first + (f", … ({len(every):,} in all)" if len(every) > most else "")


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `name`, letter case aside, or null when none is like it."""
    folded: dict[str, str] = {}
    for candidate in candidates:
        folded.setdefault(candidate.casefold(), candidate)
    found = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(name: str, candidates: Sequence[str]) -> str:
    """Return the candidates to choose from, the closest one first."""
    near = closest(name, candidates)
    return (f"perhaps {shown(near)}; " if near else "") + f"one of: {listed(candidates)}"


def wrong_cells(
    source: Source, cells: pl.DataFrame, *, column: str | None, expected: str, what: str | None = None
) -> list[Located]:
    """Return one problem for each row of `cells` (columns `line` and `value`), the first thousand one by one.

    Parameters
    ----------
    source
        The file that they are in.
    cells
        Where the mistakes are, in order, and what was seen there.
    column
        The file's own name of the column.
    expected
        What would have been right.
    what
        What to say instead of the value, where the value must not be shown.
    """
    problems = [
        Located(line, Problem(source.place(line, column), what or shown(value), expected))
        for line, value in cells.select("line", "value").head(LISTED).iter_rows()
    ]
    if cells.height > LISTED:
        where = f"{source.name}, column {shown_name(column)}" if column else source.name
        more = f"the same kind of mistake in {cells.height - LISTED:,} more {source.unit}s"
        problems.append(Located(problems[-1].line, Problem(where, more, expected)))
    return problems


def unreadable(name: str, what: str, expected: str, *, line: int | None = None) -> RatingError:
    """Return the error for a file that gives no rows at all."""
    where = Source(name).place(line) if line else name
    return RatingError(f"{name} was not read", problems=[Problem(where, what, expected)])


def in_order(located: Iterable[Located]) -> tuple[Problem, ...]:
    """Return the problems by line."""
    return tuple(each.problem for each in sorted(located, key=lambda each: each.line))

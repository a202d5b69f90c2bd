"""Which column of a file is which of ours."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge.errors import Problem, shown_name
from driftgauge.rate.exchange.messages import closest, did_you_mean, listed, shown
from driftgauge.rate.exchange.table import Table

OTHER_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "scenario": ("scenario_id", "item_id", "item", "prompt_id", "question_id", "uid", "id"),
    "release": ("model", "model_id", "model_name", "system"),
    "rater": ("rater_id", "participant_id", "participant", "annotator", "annotator_id", "worker_id", "user", "judge"),
    "harm": ("harm_numeric", "harm_rating", "harm_score", "harmfulness", "severity", "score", "rating"),
    "success": ("attack_success", "jailbroken", "successful"),
    "refusal": ("defaultresp", "refused", "is_refusal", "default_refusal"),
    "model": ("release", "model_id", "model_name"),
    "participant_id": ("rater", "rater_id", "annotator_id", "participant"),
    "item_id": ("scenario", "scenario_id", "item", "prompt_id"),
}
"""What others call it, for the suggestion in a message; never assumed."""


@dataclass(frozen=True)
class Wanted:
    """The columns that a format knows."""

    required: tuple[str, ...]
    one_of: tuple[str, ...]
    """At least one of these."""
    optional: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.required, *self.one_of, *self.optional)


@dataclass(frozen=True)
class Picked:
    """The columns of one file under our names, and the others as ``extra_…``."""

    frame: pl.DataFrame
    own_names: Mapping[str, str]
    """The file's name of each of ours."""
    problems: tuple[Problem, ...]


def pick(table: Table, wanted: Wanted, column_map: Mapping[str, str]) -> Picked:
    """Return the known columns of a table, renamed by the map, and every other one kept as extra.

    Parameters
    ----------
    table
        The file.
    wanted
        The columns that its format knows.
    column_map
        Our name to the file's name, for columns that are called something else.
    """
    there = table.frame.columns
    own_names = {name: column_map.get(name, name) for name in wanted.names if column_map.get(name, name) in there}
    header = table.source.place(1) if table.source.unit == "line" else table.source.name
    problems = [
        Problem(header, f"no column {shown(own)} for `--map {name}={shown_name(own)}`", did_you_mean(own, there))
        for name, own in column_map.items()
        if name in wanted.names and own not in there
    ]
    asked = [name for name in wanted.required if name not in own_names and name not in column_map]
    problems += [Problem(header, f"no column `{name}`", f"that column{_instead([name], there)}") for name in asked]
    if wanted.one_of and not any(name in own_names or name in column_map for name in wanted.one_of):
        names = ", ".join(f"`{name}`" for name in wanted.one_of)
        problems.append(Problem(header, f"none of the columns {names}", f"one of them{_instead(wanted.one_of, there)}"))
    extras = _extras([name for name in there if name not in own_names.values()])
    kept = [pl.col(own).alias(name) for name, own in own_names.items()]
    problems += _collisions(extras, header)
    if not problems:
        kept += [_tidy(own).alias(extra) for own, extra in extras.items()]
    return Picked(table.frame.select(kept), own_names, tuple(problems))


def _tidy(name: str) -> pl.Expr:
    stripped = pl.col(name).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _instead(names: Sequence[str], there: Sequence[str]) -> str:
    """Return which column might be one of the missing `names` under another name."""
    folded = {column.casefold(): column for column in there}
    guesses = [(name, folded[other]) for name in names for other in (name, *OTHER_NAMES.get(name, ())) if other in folded]
    guesses += [(name, near) for name in names if (near := closest(name, there))]
    name, own = guesses[0] if guesses else (names[0], "COLUMN")
    return f" or `--map {name}={shown_name(own)}` (columns there: {listed(there)})"


def _extras(names: Sequence[str]) -> dict[str, str]:
    return {name: name if name.startswith("extra_") else f"extra_{name}" for name in names}


def _collisions(extras: Mapping[str, str], header: str) -> list[Problem]:
    return [
        Problem(header, f"two columns to be kept as {shown(name)}", "different names")
        for name, times in Counter(extras.values()).items()
        if times > 1
    ]


def check_map(column_map: Mapping[str, str], wanted: Wanted) -> tuple[Problem, ...]:
    """Return a problem for each name of the map that is none of ours."""
    return tuple(
        Problem("--map", f"no column is called {shown(name)} here", did_you_mean(name, wanted.names))
        for name in column_map
        if name not in wanted.names
    )


def missing_columns(table: Table, required: Sequence[str], *, of: str) -> tuple[Problem, ...]:
    """Return a problem for each required column that a file of a fixed format lacks."""
    there = table.frame.columns
    return tuple(
        Problem(table.source.name, f"no column `{name}`", f"the columns of {of} (columns there: {listed(there)})")
        for name in required
        if name not in there
    )

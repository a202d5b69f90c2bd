"""What the cells of one row must be to each other, whatever the format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge import frames
from driftgauge.rate.exchange.draft import DEFAULTS
from driftgauge.rate.exchange.messages import Located, wrong_cells
from driftgauge.rate.exchange.table import Table

OUTCOMES: Final = ("harm", "success", "refusal")


@dataclass(frozen=True)
class Rule:
    """Something that no row may be."""

    columns: tuple[str, ...]
    """The rule is asked when one of these is in the file."""
    broken: pl.Expr
    what: str
    expected: str


@dataclass(frozen=True)
class Ruled:
    """Rows, of which `sound` says whether anything is wrong with them, and the rules that were broken."""

    frame: pl.DataFrame
    problems: tuple[Located, ...]


_STATUS: Final = pl.col("status").fill_null(DEFAULTS["status"])
_UNRATED: Final = pl.all_horizontal(pl.col(name).is_null() for name in OUTCOMES)
_WITHOUT_RATER: Final = ", ".join((*frames.UNRATED_STATUSES, *frames.MISSING_STATUSES))

RULES: Final = (
    Rule(("scenario",), pl.col("scenario").is_null(), "empty", "the id of the scenario"),
    Rule(("release",), pl.col("release").is_null(), "empty", "the model that answered"),
    Rule(
        ("rater",),
        pl.col("rater").is_null() & _STATUS.is_in(frames.RATED_STATUSES),
        "empty",
        f"who rated; only a response that nobody rated has no rater (status {_WITHOUT_RATER})",
    ),
    Rule(
        OUTCOMES,
        # A row with a wrong cell is spared: it may well have an outcome once that is corrected.
        pl.col("sound") & _UNRATED & _STATUS.is_in(frames.RATED_STATUSES),
        "no harm, success or refusal",
        f"at least one of them, or a status that says why there is none ({_WITHOUT_RATER})",
    ),
    Rule(
        ("status",),
        ~_UNRATED & _STATUS.is_in(frames.MISSING_STATUSES),
        "a rating of a response that is missing (failed or unsupported)",
        "no harm, success or refusal in this row, or another status",
    ),
)


def hold(frame: pl.DataFrame, table: Table, *, own_names: Mapping[str, str]) -> Ruled:
    """Hold the rows of one file to the rules.

    Parameters
    ----------
    frame
        Columns of `ratings`, with `line` and `sound`.
    table
        The file.
    own_names
        Our columns that the file has, to the file's names of them.
    """
    whole = frames.conform(frame, frames.RATINGS)
    sound = frame["sound"]
    problems: list[Located] = []
    for rule in RULES:
        if not any(name in own_names for name in rule.columns):
            continue
        broken = whole.select(rule.broken).to_series()
        if broken.any():
            column = own_names[rule.columns[0]] if len(rule.columns) == 1 else None
            cells = whole.filter(broken).select("line", value=pl.lit(None, pl.String))
            problems += wrong_cells(table.source, cells, column=column, expected=rule.expected, what=rule.what)
            sound &= ~broken
    return Ruled(frame.with_columns(sound=sound), tuple(problems))

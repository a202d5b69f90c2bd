"""Cells to values: what the text of a cell may be in each column, and what it means."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge import frames
from driftgauge.rate.exchange.columns import Picked
from driftgauge.rate.exchange.ids import text_hashes
from driftgauge.rate.exchange.messages import Located, wrong_cells
from driftgauge.rate.exchange.table import Table

YES: Final = {"1", "1.0", "true", "yes"}
NO: Final = {"0", "0.0", "false", "no"}
WHOLE: Final = re.compile(r"\+?([0-9]{1,9})(?:\.0*)?")


@dataclass(frozen=True)
class Reading:
    """How a cell is read; `parse` gives null for what it cannot be."""

    parse: Callable[[str], int | bool | str | None]
    dtype: type[pl.DataType]
    expected: str


def flag(text: str) -> bool | None:
    """Return the truth value that a cell stands for.

    Examples
    --------
    >>> flag("Yes"), flag("0"), flag("2")
    (True, False, None)
    """
    folded = text.strip().casefold()
    return True if folded in YES else False if folded in NO else None


def whole(low: int, high: int | None = None) -> Callable[[str], int | None]:
    """Return a reader of whole numbers in a range; ``3.0`` is 3, ``3.5`` is none.

    Examples
    --------
    >>> whole(1, 5)("3.0"), whole(1, 5)("3.5"), whole(1, 5)("6")
    (3, None, None)
    """

    def parse(text: str) -> int | None:
        match = WHOLE.fullmatch(text.strip())
        number = int(match[1]) if match else None
        return None if number is None or number < low or (high is not None and number > high) else number

    return parse


def choice(allowed: Sequence[str]) -> Callable[[str], str | None]:
    """Return a reader of words out of a set, letter case aside."""

    def parse(text: str) -> str | None:
        folded = text.strip().casefold()
        return folded if folded in allowed else None

    return parse


def _one_of(allowed: Sequence[str]) -> Reading:
    return Reading(choice(allowed), pl.String, f"one of: {', '.join(allowed)}")


_FLAG: Final = Reading(flag, pl.Boolean, "0 or 1, true or false, yes or no; empty when it was not rated")
_COUNT: Final = Reading(whole(1), pl.Int64, "a whole number from 1")

READINGS: Final[Mapping[str, Reading]] = {
    "harm": Reading(whole(1, 5), pl.Int8, "a whole number from 1 to 5; empty when it was not rated"),
    "success": _FLAG,
    "refusal": _FLAG,
    "simulated": _FLAG,
    "refusal_level": _one_of(frames.REFUSAL_LEVELS),
    "modality": _one_of(frames.MODALITIES),
    "intent": _one_of(frames.INTENTS),
    "kind": _one_of(frames.KINDS),
    "status": _one_of(frames.STATUSES),
    "purpose": _one_of(frames.PURPOSES),
    "attempt": _COUNT,
    "occasion": _COUNT,
    "generation": Reading(whole(0), pl.Int64, "a whole number"),
}
"""The columns of `ratings` whose cells are more than text."""

HASHED: Final = {"prompt_text": "prompt_hash", "response_text": "response_hash"}
"""Texts that are not kept, and what is kept in their place."""


@dataclass(frozen=True)
class Cells:
    """The values of one file, with `line` and `sound` (no cell of the row is wrong), and what was wrong."""

    frame: pl.DataFrame
    problems: tuple[Located, ...]


def read_cells(picked: Picked, table: Table, *, readings: Mapping[str, Reading]) -> Cells:
    """Read every column: values where `readings` says how, hashes of long texts, and otherwise text without edges.

    Parameters
    ----------
    picked
        The columns of a file under our names; those that begin with ``extra_`` pass as they are.
    table
        That file.
    readings
        How cells are read, by column.
    """
    columns = [table.lines]
    problems: list[Located] = []
    wrong = pl.repeat(False, table.lines.len(), dtype=pl.Boolean, eager=True)
    for name in picked.frame.columns:
        texts = picked.frame[name]
        reading = readings.get(name)
        if reading is None:
            columns.append(_kept(texts))
            continue
        values = read_values(texts, reading)
        columns.append(values)
        unread = values.is_null() & _filled(texts)
        if unread.any():
            cells = pl.DataFrame({"line": table.lines, "value": texts.str.strip_chars()}).filter(unread)
            problems += wrong_cells(table.source, cells, column=picked.own_names[name], expected=reading.expected)
            wrong |= unread
    columns.append((~wrong).alias("sound"))
    return Cells(pl.DataFrame(_each_once(columns)), tuple(problems))


def _kept(texts: pl.Series) -> pl.Series:
    """Return what is kept of a column of text: its hash where the text itself is not kept."""
    if texts.name in HASHED:
        return text_hashes(texts.replace("", None)).alias(HASHED[texts.name])
    return texts if texts.name.startswith("extra_") else texts.str.strip_chars().replace("", None)


def read_values(texts: pl.Series, reading: Reading) -> pl.Series:
    """Return the values of a text column, null where the reading gives none; each different text is read once."""
    each = texts.drop_nulls().unique()
    values = pl.Series([reading.parse(text) for text in each], dtype=reading.dtype)
    return texts.replace_strict(each, values, default=None, return_dtype=reading.dtype)


def _filled(texts: pl.Series) -> pl.Series:
    return (texts.str.strip_chars() != "").fill_null(False)


def _each_once(columns: Sequence[pl.Series]) -> list[pl.Series]:
    """Return the columns, the later of two with one name (the hash of a text stands over a hash that came with it)."""
    return list({column.name: column for column in columns}.values())

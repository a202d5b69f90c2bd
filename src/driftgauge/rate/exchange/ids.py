"""Content ids and hashes of whole columns."""

import hashlib
import json
from collections.abc import Sequence
from typing import Final

import polars as pl

from driftgauge.records import ID_LENGTH

SLICE: Final = 1 << 16
"""Rows whose JSON is in memory at a time; a million at once would be slow for the memory that they touch."""


def content_ids(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Return, for each row, `records.content_id` of the values in `columns`.

    Examples
    --------
    >>> from driftgauge.records import content_id
    >>> frame = pl.DataFrame({"scenario": ['say "hi"', None], "attempt": [1, 2]})
    >>> content_ids(frame, ["scenario", "attempt"])[0] == content_id('say "hi"', 1)
    True
    """
    return _short_hashes(_as_json(frame, columns))


def nested_ids(frame: pl.DataFrame, outer: Sequence[str], *, key: Sequence[str]) -> pl.DataFrame:
    """Return the `content_ids` of the key `outer` and of the longer key that begins with it.

    The canonical JSON is put together by columns, the outer part once for both; only the hashing goes row by row.

    Parameters
    ----------
    frame
        Text and integers.
    outer
        A key that many rows share, such as that of a response.
    key
        `outer` and further columns; hardly any two rows share it.

    Returns
    -------
    polars.DataFrame
        Columns `outer` and `key`.
    """
    if tuple(key[: len(outer)]) != tuple(outer):
        raise ValueError("the longer key must begin with the outer one")
    each = frame.select(outer).unique(maintain_order=False)
    shared = _as_json(each, outer)
    which = frame.select(outer).join(
        each.with_columns(which=pl.int_range(pl.len())), on=list(outer), how="left", nulls_equal=True, maintain_order="left"
    )["which"]
    inner = _as_json(frame, key[len(outer) :])
    hashes = [
        _short_hashes(pl.select(pl.concat_str(shared.gather(which[rows]), inner[rows], separator=",")).to_series())
        for rows in _slices(frame.height)
    ]
    return pl.DataFrame({"outer": _short_hashes(shared).gather(which), "key": pl.concat([pl.Series(dtype=pl.String), *hashes])})


def _slices(height: int) -> list[slice]:
    return [slice(start, start + SLICE) for start in range(0, height, SLICE)]


def text_hashes(texts: pl.Series) -> pl.Series:
    """Return the SHA-256 of each text in hexadecimal digits, null for null; each different text is hashed once."""
    each = texts.drop_nulls().unique()
    hashes = pl.Series([hashlib.sha256(text.encode()).hexdigest() for text in each], dtype=pl.String)
    return texts.replace_strict(each, hashes, default=None, return_dtype=pl.String)


def _as_json(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Return the values of each row as JSON, joined by commas."""
    values = pl.DataFrame([_json_values(frame[name]).alias(str(place)) for place, name in enumerate(columns)])
    return values.select(pl.concat_str(pl.all(), separator=",")).to_series()


def _json_values(values: pl.Series) -> pl.Series:
    if values.dtype.is_integer():
        return values.cast(pl.String).fill_null("null")
    each = values.drop_nulls().unique()
    quoted = pl.Series([json.dumps(value, ensure_ascii=False) for value in each], dtype=pl.String)
    return values.replace_strict(each, quoted, default="null", return_dtype=pl.String)


def _short_hashes(values: pl.Series) -> pl.Series:
    """Return the content ids of JSON values, of which each element lists those of one row."""
    sha256 = hashlib.sha256
    texts = ("[" + values + "]").cast(pl.Binary).to_list()
    return pl.Series([sha256(text).hexdigest()[:ID_LENGTH] for text in texts], dtype=pl.String)

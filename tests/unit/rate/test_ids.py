"""Ids of whole columns are the ids of single records."""

import hashlib

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.rate.exchange.ids import SLICE, content_ids, nested_ids, text_hashes
from driftgauge.records import content_id

ROWS = st.lists(st.tuples(st.none() | st.text(), st.none() | st.text(), st.none() | st.integers(0, 9)), max_size=8)
SCHEMA = {"a": pl.String, "b": pl.String, "c": pl.Int64}


@given(ROWS)
def test_content_ids_are_those_of_single_records(rows: list[tuple[object, ...]]):
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    assert content_ids(frame, ["a", "b", "c"]).to_list() == [content_id(*row) for row in rows]


@given(ROWS)
def test_nested_ids_are_those_of_both_keys(rows: list[tuple[object, ...]]):
    ids = nested_ids(pl.DataFrame(rows, schema=SCHEMA, orient="row"), ["a", "b"], key=["a", "b", "c"])
    assert ids.rows() == [(content_id(*row[:2]), content_id(*row)) for row in rows]


def test_nested_ids_hold_over_slices():
    frame = pl.DataFrame({"a": ["x"], "n": [1]}).select("a", pl.int_ranges(0, SLICE + 3).alias("n")).explode("n")
    assert nested_ids(frame, ["a"], key=["a", "n"])["key"][-1] == content_id("x", SLICE + 2)


def test_the_longer_key_must_begin_with_the_shorter():
    with pytest.raises(ValueError, match="must begin with"):
        nested_ids(pl.DataFrame({"a": ["x"], "b": ["y"]}), ["a"], key=["b", "a"])


def test_the_hash_of_a_text_is_its_sha256():
    hashed = hashlib.sha256("é".encode()).hexdigest()
    assert text_hashes(pl.Series(["é", None, "é"])).to_list() == [hashed, None, hashed]

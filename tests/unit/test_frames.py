"""Tables and their exports."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.frames import ESTIMATES, FINDINGS, RATINGS, TABLES, conform, empty, findings_frame, schema, write_csv
from driftgauge.records import Finding, content_id


def test_every_column_says_what_it_means() -> None:
    assert all(column.meaning for table in TABLES.values() for column in table.values())


def test_conform_orders_types_fills_and_keeps_the_rest() -> None:
    frame = conform(pl.DataFrame({"extra_a": ["x"], "harm": [3], "scenario": ["s"]}), RATINGS)
    assert frame.columns == [*RATINGS, "extra_a"]
    assert frame.drop("extra_a").schema == schema(RATINGS)


def test_an_empty_table_has_its_columns() -> None:
    assert empty(ESTIMATES).columns == list(ESTIMATES)


def test_findings_come_gravest_first() -> None:
    findings = [Finding("a", "info", "i"), Finding("b", "critical", "c"), Finding("c", "warning", "w")]
    frame = findings_frame(findings, analysis_id="x", simulated=False)
    assert frame["level"].to_list() == ["critical", "warning", "info"]
    assert frame.schema == schema(FINDINGS)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@given(st.lists(TEXT, min_size=1, max_size=5), st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "\n"]))
def test_no_cell_of_a_csv_begins_like_a_formula(tmp_path_factory: pytest.TempPathFactory, texts: list[str], start: str) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    cells = [start + text for text in texts]
    write_csv(pl.DataFrame({"text": cells, "number": [-1.5] * len(cells), "many": [[cell] for cell in cells]}), path)
    back = pl.read_csv(path, infer_schema=False, missing_columns="raise")
    for column in ("text", "many"):
        for cell in back[column]:
            assert not (cell or "").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert set(back["number"]) == {"-1.5"}


def test_content_ids_follow_content_and_order() -> None:
    assert content_id("a", 1) == content_id("a", 1)
    assert len({content_id("a", 1), content_id(1, "a"), content_id("a", "1"), content_id("a"), content_id("a", None)}) == 5

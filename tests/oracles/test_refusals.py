"""The tables of the refusal detector are what the published data give, and nothing of their texts is in them."""

import csv
import re
from pathlib import Path

import pytest

from benchmarks.refusals import SPANISH, TABLE, page
from driftgauge.rate.refusals import RATER


@pytest.fixture(scope="module")
def data(shared: Path) -> Path:
    folder = shared / "data"
    if not (folder / "xstest").is_dir() or not (folder / "pyrit_scorer_evals").is_dir():
        pytest.skip("XSTest and the PyRIT sets are not beside the project")
    return folder


def test_the_committed_tables_are_what_the_data_give(data: Path) -> None:
    assert TABLE.read_text(encoding="utf-8") == page(data), "run python -m benchmarks.refusals"


def test_the_committed_tables_are_of_these_patterns() -> None:
    assert RATER in TABLE.read_text(encoding="utf-8"), "run python -m benchmarks.refusals"


def test_the_page_says_the_figures_of_the_tables() -> None:
    rows = [
        line.strip("| ").split(" | ") for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| XSTest")
    ]
    said = TABLE.with_name("refusal-detector.md").read_text(encoding="utf-8")
    patterns = next(row for row in rows if row[1:3] == ["reported", "patterns"])
    matched = next(row for row in rows if row[2].startswith("string match"))
    assert all(figure in said for figure in (*patterns[4:], *matched[4:7]))
    partial = next(row for row in rows if row[1] == "partial refusal")
    assert f"it calls {partial[2]} a refusal, {partial[3]} ambiguous, and {partial[4]} none" in said


def test_the_tables_hold_figures_alone() -> None:
    cells = re.findall(r"\| ([^|]+)", TABLE.read_text(encoding="utf-8"))
    assert max(map(len, cells)) < 30


def test_spanish_sentences_are_made_up_and_mild() -> None:
    with SPANISH.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 46
    assert {row["label"] for row in rows} == {"full_refusal", "partial_refusal", "full_compliance"}

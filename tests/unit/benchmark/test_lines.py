"""Scenarios one at a time: the same as all at once, found again by where they begin, and nothing but what was frozen."""

from pathlib import Path

import pytest

from driftgauge.benchmark.contents import read_contents
from driftgauge.benchmark.lines import each_line, read_line
from driftgauge.errors import BenchmarkError
from tests.unit.benchmark.conftest import SECRET


def test_one_at_a_time_they_are_those_that_are_read_together(frozen: Path) -> None:
    lines = list(each_line(frozen))
    assert tuple(line.scenario for line in lines) == read_contents(frozen).scenarios
    assert [read_line(frozen, line.at) for line in lines] == [line.scenario for line in lines]


@pytest.mark.parametrize("at", [0, 1, 1 << 40], ids=["the canary", "the middle of a line", "behind the end"])
def test_where_no_scenario_begins_there_is_none(frozen: Path, at: int) -> None:
    with pytest.raises(BenchmarkError, match=r"scenarios\.jsonl was changed while it was in use"):
        read_line(frozen, at)


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"scenario": "s1"}', b"x" * (5 << 20)])
def test_a_line_that_is_no_scenario_is_an_error_without_its_text(frozen: Path, line: bytes) -> None:
    with (frozen / "scenarios.jsonl").open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(BenchmarkError, match="was changed while it was in use") as caught:
        list(each_line(frozen))
    assert SECRET not in str(caught.value)


def test_a_file_that_is_gone_is_an_error_that_names_it(frozen: Path) -> None:
    (frozen / "scenarios.jsonl").unlink()
    with pytest.raises(BenchmarkError, match=r"scenarios\.jsonl cannot be read"):
        next(each_line(frozen))

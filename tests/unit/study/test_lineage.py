"""Generations that a study states are kept; those that it leaves out are positions."""

from pathlib import Path

import pytest

from driftgauge.errors import StudyError
from driftgauge.pipeline.analysis import lineage_hash
from driftgauge.records import Lineage
from driftgauge.study import load_lineage, load_study


def _file(folder: Path, families: str) -> Path:
    path = folder / "study.yaml"
    path.write_text(f"study: x\nfamilies: {families}\n")
    return path


def test_stated_generations_are_kept(tmp_path: Path) -> None:
    path = _file(tmp_path, "{A: [{release: a, generation: 1}, {release: b, generation: 3}]}")
    lineage = load_lineage(path)
    assert lineage == Lineage({"A": ("a", "b")}, generations={"a": 1, "b": 3}) == load_study(path).lineage
    assert lineage_hash(lineage) != lineage_hash(Lineage({"A": ("a", "b")}))


def test_stated_positions_are_the_same_as_none(tmp_path: Path) -> None:
    path = _file(tmp_path, "{A: [{release: a, generation: 1}, {release: b, generation: 2}]}")
    assert load_lineage(path) == load_study(path).lineage == Lineage({"A": ("a", "b")})


def test_the_hash_of_a_lineage_without_generations_is_what_it_was() -> None:
    assert lineage_hash(Lineage({"A": ("a", "b")})) == "a0089a46999c0525"
    assert lineage_hash(Lineage({"A": ("a", "b")}, generations={"a": 1})) == "a0089a46999c0525"
    assert lineage_hash(None) is None


@pytest.mark.parametrize(
    ("families", "said"),
    [
        ("{A: [{release: a, generation: 2}, b]}", "generation 2, as another of its family is"),
        ("{A: [{release: a, generation: two}]}", "no list of releases"),
        ("{A: [{release: a}, {name: b}]}", "no list of releases"),
        ("", "no mapping of families"),
    ],
)
def test_families_that_contradict_themselves_are_refused(tmp_path: Path, families: str, said: str) -> None:
    with pytest.raises(StudyError) as raised:
        load_lineage(_file(tmp_path, families))
    assert said in str(raised.value)

"""Protocol and lineage files: every mistake, with its line."""

from pathlib import Path

import pytest

from driftgauge.errors import StudyError
from driftgauge.study import Margin, Protocol, load_lineage, load_protocol


def _file(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text)
    return path


def test_an_empty_protocol_is_the_default_one(tmp_path: Path) -> None:
    assert load_protocol(_file(tmp_path, "")) == Protocol()


def test_the_protocol_of_a_study_file_is_found(tmp_path: Path) -> None:
    text = "study: x\nprotocol:\n  harmful_at: 4\n  margin: {odds_ratio: 1.5}\n"
    assert load_protocol(_file(tmp_path, text)) == Protocol(harmful_at=4, margin=Margin(odds_ratio=1.5))


def test_every_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    text = "harmful_at: 7\nmargin:\n  points: 2\nprimary:\n  estimand: vibes\ncolour: red\n"
    with pytest.raises(StudyError) as raised:
        load_protocol(_file(tmp_path, text))
    where = [problem.where for problem in raised.value.problems]
    assert where == ["file.yaml, line 1", "file.yaml, line 3", "file.yaml, line 5", "file.yaml, line 6"]


@pytest.mark.parametrize("text", ["{", "a: b: c", "\t- x"])
def test_what_is_not_yaml_is_said_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(StudyError, match="is not YAML"):
        load_protocol(_file(tmp_path, text))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be read"):
        load_protocol(tmp_path / "nowhere.yaml")


def test_the_hash_follows_what_is_declared_and_not_how_it_is_written(tmp_path: Path) -> None:
    written = load_protocol(_file(tmp_path, "level: 0.95\nharmful_at: 3\n"))
    assert written.hash == Protocol().hash != Protocol(harmful_at=4).hash


def test_families_keep_the_order_of_their_releases(tmp_path: Path) -> None:
    lineage = load_lineage(_file(tmp_path, "# comment\nB: [b2, b1]\nA: [a1]\n"))
    assert lineage.families == {"B": ("b2", "b1"), "A": ("a1",)}


def test_families_of_a_study_file_are_ordered_by_generation(tmp_path: Path) -> None:
    text = "families:\n  GPT:\n    - {release: late, generation: 2}\n    - {release: early, generation: 1}\n"
    assert load_lineage(_file(tmp_path, text)).families == {"GPT": ("early", "late")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no mapping"),
        ("[a, b]", "no mapping"),
        ("A: a1", "no list of releases"),
        ("A: []", "no list of releases"),
        ("A: [a1]\nB: [a1]", "stands twice"),
    ],
)
def test_families_that_say_nothing_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(StudyError) as raised:
        load_lineage(_file(tmp_path, text))
    assert said in str(raised.value)

"""A file of exercises: read whole, or every mistake named with its line and no text of it."""

from pathlib import Path

import pytest

from driftgauge.errors import StudyError
from driftgauge.rate.exercises import Exercise, read_exercises

GIVEN = {"prompt": "'How do I bake bread?'", "response": "In a pan.", "harm": "1", "success": "false"}
PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "exercises.yaml"


def write(folder: Path, *entries: dict[str, str]) -> Path:
    lines = ["exercises:"]
    for entry in entries:
        lines += [f"{'  - ' if number == 0 else '    '}{key}: {value}" for number, (key, value) in enumerate(entry.items())]
    path = folder / "exercises.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_what_is_not_given_has_a_careful_default(tmp_path: Path) -> None:
    path = write(tmp_path, {"name": "bread", "purpose": "gold", **GIVEN})
    expected = Exercise("bread", "gold", "How do I bake bread?", "In a pan.", 1, success=False)
    assert read_exercises(path) == (expected,)
    assert (expected.refusal, expected.why, expected.tolerance) == (False, None, 0)


def test_the_file_of_the_documentation_is_one() -> None:
    assert [each.purpose for each in read_exercises(PAGE)] == ["calibration", "calibration", "gold"]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("harm", "0", "line 6: exercises.harm is 0"),
        ("harm", "'4'", "line 6: exercises.harm is '4'; expected a whole number"),
        ("success", "'yes'", "line 7: exercises.success is 'yes'"),
        ("purpose", "practice", "line 3: exercises.purpose is 'practice'; expected 'calibration' or 'gold'"),
        ("tolerance", "9", "line 8: exercises.tolerance is 9"),
        ("hram", "1", "line 8: there is no key 'hram'; expected perhaps 'harm'"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, key: str, value: str, said: str) -> None:
    path = write(tmp_path, {"name": "bread", "purpose": "gold", **GIVEN, key: value})
    with pytest.raises(StudyError, match=said):
        read_exercises(path)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    wrong = {"name": "bread", "purpose": "gold", **GIVEN, "harm": "7", "success": "2"}
    with pytest.raises(StudyError) as caught:
        read_exercises(write(tmp_path, wrong, wrong))
    assert len(caught.value.problems) == 5


@pytest.mark.parametrize("value", ["[a word-nobody-may-see]", "{a: word-nobody-may-see}", "' '"])
def test_no_message_shows_a_text(tmp_path: Path, value: str) -> None:
    path = write(tmp_path, {"name": "bread", "purpose": "gold", **GIVEN, "prompt": value})
    with pytest.raises(StudyError, match=r"exercises\.prompt is none that can be shown") as caught:
        read_exercises(path)
    assert "word-nobody-may-see" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "exercises: []", "exercises:", "other: 1"])
def test_a_file_without_exercises_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "exercises.yaml").write_text(text)
    with pytest.raises(StudyError, match="exercises"):
        read_exercises(tmp_path / "exercises.yaml")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"nowhere\.yaml"):
        read_exercises(tmp_path / "nowhere.yaml")

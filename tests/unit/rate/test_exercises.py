"""Exercises as a study writes them, and what is said of those that cannot be used."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import StudyError
from driftgauge.rate.exercises import MOST_CHARACTERS, Exercise, read_exercises

ONE = """\
exercises:
  - name: seeds
    purpose: calibration
    prompt: How do I plant beans?
    response: Two fingers deep, after the last frost.
    harm: 1
    success: false
"""


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[str | bytes], str]:
    def refused(text: str | bytes) -> str:
        path = tmp_path / "practice.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(StudyError) as caught:
            read_exercises(path)
        return str(caught.value)

    return refused


def test_an_exercise_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "practice.yaml"
    path.write_text(
        ONE
        + """\
  - name: door
    purpose: gold
    prompt: ¿Cómo abro una puerta?
    response: |
      No puedo ayudar con eso.
    harm: 2
    success: true
    refusal: true
    why: "*Refused*"
    tolerance: 1
""",
        encoding="utf-8",
    )
    first = Exercise(
        "seeds", "calibration", "How do I plant beans?", "Two fingers deep, after the last frost.", harm=1, success=False
    )
    second = Exercise(
        "door", "gold", "¿Cómo abro una puerta?", "No puedo ayudar con eso.\n",
        harm=2, success=True, refusal=True, why="*Refused*", tolerance=1,
    )  # fmt: skip
    assert read_exercises(path) == (first, second)


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("harm: 1", "harm: 0", 6, "harm is 0"),
        ("harm: 1", "harm: 6", 6, "harm is 6"),
        ("harm: 1", 'harm: "1"', 6, "harm is '1'"),
        ("harm: 1", "harm: true", 6, "harm is True"),
        ("harm: 1", "harm: .nan", 6, "harm is nan"),
        ("harm: 1", "harm: 1.0", 6, "harm is 1.0"),
        ("success: false", "success: 0", 7, "success is 0"),
        ("success: false", "success: 'no'", 7, "success is 'no'"),
        ("    success: false\n", "", 2, "success"),
        ("    harm: 1\n", "", 2, "harm"),
        ("calibration", "practice", 3, "purpose is 'practice'"),
        ("name: seeds", "name: ''", 2, "name"),
        ("name: seeds", 'name: "a\\0b"', 2, "name"),
        ("name: seeds", 'name: "a\\ud800b"', 2, "name"),
        ("success: false", "success: false\n    tolerance: 5", 8, "tolerance is 5"),
        ("success: false", "success: false\n    tolerance: -1", 8, "tolerance is -1"),
        ("success: false", "success: false\n    tip: x", 8, "there is no key 'tip'"),
        ("success: false", "success: false\n    success: false", 8, "'success' stands twice"),
        ("success: false", "success: false\n    why: ' '", 8, "why is none that can be shown"),
        ("exercises:", "exercise:", 1, "there is no key 'exercise'"),
    ],
)
def test_a_mistake_is_named_with_its_line(refusal: Callable[[str], str], before: str, after: str, line: int, said: str) -> None:
    assert before in ONE
    message = refusal(ONE.replace(before, after))
    assert f"practice.yaml, line {line}: " in message
    assert said in message


@pytest.mark.parametrize(
    "text", ['"bad \\0 text"', '"bad \\ud800 text"', "' '", "[bad text]", "7", "bad" + "x" * MOST_CHARACTERS]
)
@pytest.mark.parametrize("place", ["How do I plant beans?", "Two fingers deep, after the last frost."])
def test_a_text_that_cannot_be_shown_or_kept_is_refused_and_not_repeated(
    refusal: Callable[[str], str], place: str, text: str
) -> None:
    message = refusal(ONE.replace(place, text))
    assert "is none that can be shown" in message
    assert "bad" not in message


def test_a_name_stands_once(refusal: Callable[[str], str]) -> None:
    message = refusal(ONE + ONE.removeprefix("exercises:\n"))
    assert "line 8: exercise 'seeds' stands twice" in message


@pytest.mark.parametrize("text", ["", "exercises: []\n", "[]", "a", "exercises: 1\n", "exercises: [a]\n", "null"])
def test_a_file_without_exercises_says_so(refusal: Callable[[str], str], text: str) -> None:
    assert "practice.yaml has no usable exercises" in refusal(text)


def test_every_mistake_is_named_at_once(refusal: Callable[[str], str]) -> None:
    message = refusal(ONE.replace("harm: 1", "harm: 9").replace("success: false", "success: 3"))
    assert "line 6" in message
    assert "line 7" in message


def test_what_is_no_text_or_too_much_is_refused(refusal: Callable[[str | bytes], str]) -> None:
    assert "not UTF-8" in refusal(ONE.encode() + b"# \xff")
    assert "control character" in refusal(ONE + "# \x07")
    assert "more than 1 MB" in refusal(ONE + "#" * 1_000_001)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"nothing\.yaml cannot be read"):
        read_exercises(tmp_path / "nothing.yaml")

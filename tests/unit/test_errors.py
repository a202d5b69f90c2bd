"""Errors say what, where and what next."""

import pytest

from driftgauge import errors
from driftgauge.errors import CollectError, DriftgaugeError, Problem, RatingError, needing


def test_every_error_is_one_of_ours() -> None:
    classes = [value for name, value in vars(errors).items() if name.endswith("Error")]
    assert len(classes) == 7
    assert all(issubclass(each, DriftgaugeError) for each in classes)


def test_the_text_lists_problems_and_the_remedy() -> None:
    error = RatingError("2 mistakes", problems=[Problem("a.csv, line 2", "harm is 9", "1 to 5")] * 2, remedy="Correct them.")
    assert str(error).splitlines() == [
        "2 mistakes",
        "  a.csv, line 2: harm is 9; expected 1 to 5",
        "  a.csv, line 2: harm is 9; expected 1 to 5",
        "Next: Correct them.",
    ]


def test_a_long_list_is_cut_in_the_text_and_kept_in_the_error() -> None:
    error = RatingError("many", problems=[Problem("f", "w", "e")] * 100)
    assert "… and 60 more" in str(error)
    assert len(error.problems) == 100


def test_the_lack_of_a_library_says_how_to_install_it() -> None:
    with pytest.raises(CollectError, match=r"pip install 'driftgauge\[collect\]'"), needing("collect"):
        raise ModuleNotFoundError(name="inspect_ai.model")

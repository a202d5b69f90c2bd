"""How numbers are written."""

import pytest

from driftgauge.report.numbers import count, listed, p_value, percent, places_for, plain, points, ratio


def test_levels_are_percent_and_differences_are_points() -> None:
    assert percent(0.184) == "18\u202f%"
    assert points(-0.113) == "−11\xa0points"


def test_one_point_is_singular_whatever_its_sign() -> None:
    assert [points(value) for value in (0.01, -0.01, 0.02)] == ["+1\xa0point", "−1\xa0point", "+2\xa0points"]


def test_minus_is_a_true_minus_and_zero_has_no_sign() -> None:
    assert plain(-3.2, 1) == "−3.2"
    assert plain(-0.04, 1, signed=True) == "0.0"


@pytest.mark.parametrize(
    ("low", "high", "places"),
    [(-0.15, -0.07, 0), (0.10, 0.13, 1), (0.100, 0.103, 2), (None, None, 0), (0.2, None, 0)],
)
def test_digits_are_those_that_the_interval_supports(low: float | None, high: float | None, places: int) -> None:
    assert places_for(low, high) == places


def test_rounding_does_not_hide_that_an_interval_excludes_zero() -> None:
    assert places_for(0.003, 0.06) == 1
    assert places_for(0.0003, 0.06) == 2


def test_rounding_does_not_hide_on_which_side_of_the_margin_a_limit_lies() -> None:
    assert places_for(-0.09, -0.0496, apart_from=(0.0, 0.05, -0.05)) == 2


def test_digits_stop_at_two() -> None:
    assert places_for(0.0000001, 0.06) == 2


@pytest.mark.parametrize(("p", "text"), [(0.00001, "< 0.001"), (0.0312, "= 0.031"), (0.4, "= 0.40")])
def test_p_values_say_less_than_when_small(p: float, text: str) -> None:
    assert p_value(p) == text


@pytest.mark.parametrize(("value", "text"), [(0.042, "0.042"), (0.34, "0.34"), (5.61, "5.61"), (12.34, "12.3"), (140.2, "140")])
def test_odds_ratios_keep_two_to_three_digits(value: float, text: str) -> None:
    assert ratio(value) == text


def test_thousands_are_grouped_by_thin_spaces() -> None:
    assert count(82256) == "82\u202f256"


def test_lists_read_as_sentences() -> None:
    assert [listed(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]

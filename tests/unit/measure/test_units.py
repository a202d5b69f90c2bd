"""Units: what a response counts for, by hand and against counting."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.measure.units import Rows, contributions, draw_table


def _rows(y: list[float], group: list[int], x: list[float] | None = None) -> Rows:
    n = len(y)
    return Rows(np.array(y), np.array(x or [1.0] * n), np.array(group), np.ones(n))


def _total(rows: Rows, unit: str, k: int) -> float:
    found = contributions(rows, unit, k=k)  # type: ignore[arg-type]
    return float(found.numerator.sum() / found.denominator.sum())


# three raters say 1 1 0 of one response, one rater says 0 of another
UNEQUAL = _rows([1, 1, 0, 0], [0, 0, 0, 1])


def test_rating_unit_weighs_ratings_alike() -> None:
    assert _total(UNEQUAL, "rating", 1) == pytest.approx(2 / 4)


def test_response_mean_weighs_responses_alike() -> None:
    assert _total(UNEQUAL, "response_mean", 1) == pytest.approx((2 / 3 + 0) / 2)


def test_majority_of_one_rater_is_the_mean_of_the_response() -> None:
    assert _total(UNEQUAL, "response_majority", 1) == pytest.approx((2 / 3 + 0) / 2)


def test_expected_majority_of_three_of_four() -> None:
    # 2 of 4 say yes: of the four draws of three, two hold both yes
    rows = _rows([1, 1, 0, 0], [0, 0, 0, 0])
    assert _total(rows, "response_majority", 3) == pytest.approx(0.5)


def test_any_of_two_of_three() -> None:
    # 1 of 3 says yes: two of the three pairs hold it
    rows = _rows([1, 0, 0], [0, 0, 0])
    assert _total(rows, "any_rater", 2) == pytest.approx(2 / 3)


def test_engaged_filter_is_a_ratio_in_the_weights_of_the_unit() -> None:
    # response 0: 2 engaged of 4, 1 success; response 1: 1 engaged of 1, 0 success
    rows = _rows([1, 0, 0, 0, 0], [0, 0, 0, 0, 1], x=[1, 1, 0, 0, 1])
    assert _total(rows, "rating", 1) == pytest.approx(1 / 3)
    assert _total(rows, "response_mean", 1) == pytest.approx((1 / 4) / (2 / 4 + 1))


def test_unasked_ratings_are_not_zeros() -> None:
    rows = _rows([1, np.nan, 0], [0, 0, 1])
    assert _total(rows, "rating", 1) == pytest.approx(0.5)
    assert _total(rows, "response_mean", 1) == pytest.approx(0.5)


@given(votes=st.lists(st.booleans(), min_size=1, max_size=7), k=st.integers(1, 7), rule=st.sampled_from(["majority", "any"]))
def test_draw_table_counts_all_draws(votes: list[bool], k: int, rule: str) -> None:
    if k > len(votes) or (rule == "majority" and k % 2 == 0):
        return
    draws = list(combinations(votes, k))
    needed = k // 2 + 1 if rule == "majority" else 1
    counted = np.mean([sum(draw) >= needed for draw in draws])
    assert draw_table(len(votes), k, rule)[len(votes), sum(votes)] == pytest.approx(counted)


@given(votes=st.lists(st.booleans(), min_size=5, max_size=9))
def test_the_effects_of_single_votes_cancel_within_a_response(votes: list[bool]) -> None:
    found = contributions(_rows([float(v) for v in votes], [0] * len(votes)), "response_majority", k=5)
    table = draw_table(len(votes), 5, "majority")
    assert found.numerator.sum() == pytest.approx(table[len(votes), sum(votes)])


def test_a_yes_vote_pushes_a_divided_response_up() -> None:
    found = contributions(_rows([1, 1, 1, 0, 0], [0] * 5), "response_majority", k=3)
    assert found.numerator[0] > found.numerator[4]


@pytest.mark.parametrize("n", [11, 12, 13, 17])
def test_dividing_a_panel_does_not_move_an_even_split(n: int) -> None:
    # with ties called positive, 12 of the 17 raters would look more harmful; the common k does not
    half = draw_table(n, 11, "majority")[n]
    assert half + half[::-1] == pytest.approx(np.ones(n + 1)) if n % 2 else half[n // 2] == pytest.approx(0.5)

"""What must not change a prediction-powered estimate, and what must."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftgauge.measure.ppi import Judged, Rated, ppi
from driftgauge.rate.sampling import allocate, draw_scenarios

SIGNS = (-1.0, 1.0)
STRATA = (np.arange(4),)
seeds = st.integers(0, 10_000)


def study(seed: int) -> tuple[Judged, Rated]:
    """24 scenarios by two releases; about half of the scenarios rated by three of four raters."""
    rng = np.random.default_rng(seed)
    scenario, side = np.repeat(np.arange(24), 2), np.tile([0, 1], 24)
    inclusion = np.repeat(rng.choice([0.3, 0.7], 24), 2)
    judged = Judged(scenario, side, rng.integers(1, 6, 48).astype(float), inclusion)
    asked = np.flatnonzero((rng.random(24) < 0.5)[scenario] | (scenario < 3))
    rater = rng.random((len(asked), 4)).argsort(axis=1)[:, :3].ravel()
    return judged, Rated(np.repeat(asked, 3), rater, rng.integers(1, 6, 3 * len(asked)).astype(float))


@given(seed=seeds, one=st.floats(-3, 3), other=st.floats(-3, 3))
@settings(max_examples=40, deadline=None)
def test_a_judge_who_is_severer_by_a_constant_for_each_release_changes_nothing(seed: int, one: float, other: float) -> None:
    judged, rated = study(seed)
    severer = replace(judged, judge=judged.judge + np.array([one, other])[judged.side])
    first, second = (ppi(each, rated, signs=SIGNS, strata=STRATA) for each in (judged, severer))
    assert second.value == pytest.approx(first.value, abs=1e-9)
    assert second.interval.std_error[0] == pytest.approx(first.interval.std_error[0], abs=1e-9)


@given(seed=seeds)
@settings(max_examples=40, deadline=None)
def test_a_judge_who_says_what_people_say_gives_the_answer_of_a_census(seed: int) -> None:
    judged, rated = study(seed)
    rows = np.unique(rated.response)
    same = Rated(rows, np.zeros(len(rows), dtype=np.int64), judged.judge[rows])
    found = ppi(judged, same, signs=SIGNS)
    census = judged.judge[judged.side == 1].mean() - judged.judge[judged.side == 0].mean()
    assert found.power == pytest.approx(1.0)
    assert found.value == pytest.approx(census, abs=1e-9)


@given(seed=seeds)
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    judged, rated = study(seed)
    rng = np.random.default_rng(seed + 1)
    place, ratings = rng.permutation(len(judged.judge)), rng.permutation(len(rated.value))
    other = Judged(*(each[place] for each in vars(judged).values()))
    moved = Rated(place.argsort()[rated.response][ratings], rated.rater[ratings], rated.value[ratings])
    first, second = (ppi(*each, signs=SIGNS, strata=STRATA) for each in ((judged, rated), (other, moved)))
    assert second.value == pytest.approx(first.value, abs=1e-9)
    assert second.interval.low[0] == pytest.approx(first.interval.low[0], abs=1e-9)


@given(seed=seeds)
@settings(max_examples=40, deadline=None)
def test_a_judge_who_says_the_same_of_everything_is_people_alone(seed: int) -> None:
    judged, rated = study(seed)
    found = ppi(replace(judged, judge=np.full(48, 3.0)), rated, signs=SIGNS, strata=STRATA)
    assert found.power == 0
    assert found.value == pytest.approx(found.people, abs=1e-12)
    assert found.gained == pytest.approx(0.0, abs=1e-6)


@given(seed=seeds)
@settings(max_examples=40, deadline=None)
def test_swapping_the_releases_flips_the_sign(seed: int) -> None:
    judged, rated = study(seed)
    found = ppi(judged, rated, signs=SIGNS, strata=STRATA)
    swapped = ppi(replace(judged, side=1 - judged.side), rated, signs=SIGNS, strata=STRATA)
    assert swapped.value == pytest.approx(-found.value, abs=1e-9)
    assert swapped.interval.high[0] == pytest.approx(-found.interval.low[0], abs=1e-9)


@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_sample_has_two_of_each_stratum_and_probabilities_that_add_up(sizes: list[int], data: st.DataObject) -> None:
    n = data.draw(st.integers(sum(min(2, size) for size in sizes), sum(sizes)))
    counts = allocate(sizes, n)
    assert sum(counts) == n
    assert all(min(2, size) <= count <= size for size, count in zip(sizes, counts, strict=True))
    strata = [str(number) for number, size in enumerate(sizes) for _ in range(size)]
    found = draw_scenarios(strata, n, np.random.default_rng(1))
    assert found.drawn.sum() == n
    assert found.inclusion.sum() == pytest.approx(n)
    assert (1 / found.inclusion[found.drawn]).sum() == pytest.approx(len(strata))

"""Prediction-powered means against the package of the paper's authors, ppi-python."""

import numpy as np
import pytest
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate

from driftgauge.measure.ppi import Judged, Rated, ppi


def drawn(seed: int, *, unequal: bool) -> tuple[Judged, Rated]:
    rng = np.random.default_rng(seed)
    n = 4_000
    judge = rng.normal(size=n)
    inclusion = np.where(judge > 0, 0.3, 0.1) if unequal else np.full(n, 0.2)
    rows = np.flatnonzero(rng.random(n) < inclusion)
    people = judge[rows] + rng.normal(0, 0.7, len(rows))
    return (
        Judged(np.arange(n), np.zeros(n, dtype=np.int64), judge, inclusion),
        Rated(rows, np.zeros(len(rows), dtype=np.int64), people),
    )


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("power", [0.0, 0.4, 1.0])
def test_the_estimate_with_a_given_power_is_theirs(unequal: bool, power: float) -> None:
    judged, rated = drawn(1, unequal=unequal)
    theirs = ppi_mean_pointestimate(
        rated.value, judged.judge[rated.response], judged.judge, lam=power, w=1 / judged.inclusion[rated.response]
    )
    assert ppi(judged, rated, power=power).value == pytest.approx(float(theirs[0]), abs=1e-9)


def test_the_interval_with_the_slope_as_power_is_theirs() -> None:
    # Theirs takes the judged responses for others than the rated ones; with the slope as λ the covariance between the two,
    # which ours counts, is 0 but for chance.
    judged, rated = drawn(2, unequal=False)
    judge = judged.judge[rated.response]
    slope = float(np.cov(rated.value, judge)[0, 1] / judge.var(ddof=1))
    low, high = ppi_mean_ci(rated.value, judge, judged.judge, alpha=0.05, lam=slope)
    found = ppi(judged, rated, power=slope).interval
    assert found.high[0] - found.low[0] == pytest.approx(float(high[0] - low[0]), rel=0.01)


def test_people_alone_have_their_classical_interval() -> None:
    judged, rated = drawn(3, unequal=False)
    low, high = ppi_mean_ci(rated.value, judged.judge[rated.response], judged.judge, alpha=0.05, lam=0.0)
    found = ppi(judged, rated).people_interval
    assert (found.low[0], found.high[0]) == pytest.approx((float(low[0]), float(high[0])), abs=5e-4)

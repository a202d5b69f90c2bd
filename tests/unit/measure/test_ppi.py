"""Prediction-powered estimates: worked by hand, and why there is none."""

from dataclasses import replace

import numpy as np
import pytest

from driftgauge.errors import EstimationError
from driftgauge.measure.bootstrap import Weights, draw_weights
from driftgauge.measure.ppi import Judged, Ppi, Rated, ppi
from driftgauge.measure.ppi_bootstrap import ppi_replicates


def eight() -> Judged:
    """Four scenarios by two releases; scenarios 0 and 1 were drawn with probability 1/2."""
    judge = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    return Judged(np.repeat(np.arange(4), 2), np.tile([0, 1], 4), judge, np.full(8, 0.5))


def two_raters() -> Rated:
    """Of scenarios 0 and 1."""
    said = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0]
    return Rated(np.repeat([0, 1, 2, 3], 2), np.tile([0, 1], 4), np.array(said))


def drift(judged: Judged, rated: Rated, power: float | None = None) -> Ppi:
    return ppi(judged, rated, signs=(-1.0, 1.0), strata=[np.array([0, 1])], power=power)


def test_a_drift_is_that_of_people_and_what_the_judge_saw_elsewhere() -> None:
    # People: side 0 (1 + 1/2)/2 = 3/4, side 1 (0 + 1)/2 = 1/2: a drift of −1/4.
    # The judge: of all 3/4 − 3/4 = 0; of the drawn 1/2 − 1 = −1/2: people's drift is moved by λ·(0 + 1/2).
    assert drift(eight(), two_raters(), power=1.0).value == pytest.approx(0.25)
    assert drift(eight(), two_raters(), power=0.5).value == pytest.approx(0.0)
    assert drift(eight(), two_raters()).people == pytest.approx(-0.25)


def test_the_slope_is_that_of_the_other_folds() -> None:
    # Scenario totals of people: ∓(−3/4 + …)/… = −3/8 and 3/8; of the judge −1/4 and 1/4. The other fold has the slope 3/2: 1.
    # Scenarios 2 and 3 are other folds to both: the same slope.
    assert drift(eight(), two_raters()).power == 1.0


def test_variance_by_hand() -> None:
    # λ = 0: a rating moves its side's mean by (y − mean)/4. Rater 0 and 1 in scenario 0: (−1/16 − 1/8) twice; in scenario 1:
    # (−1/16 + 1/8) and (3/16 + 1/8). V_S = 2·((3/8)² + (3/8)²), V_1 = 2·((1/8)² + (1/8)²), V_I = 2·(3/16)² + (1/16)² + (5/16)².
    scenarios, raters, both = 2 * 2 * (3 / 8) ** 2, 2 * 2 * (1 / 8) ** 2, 2 * (3 / 16) ** 2 + (1 / 16) ** 2 + (5 / 16) ** 2
    variance = max(scenarios + raters - both, scenarios)
    found = drift(eight(), two_raters(), power=0.0)
    assert found.interval.std_error[0] ** 2 == pytest.approx(variance)
    assert found.interval.df[0] == pytest.approx(variance**2 / (scenarios**2 + raters**2))
    assert (found.effective, found.gained) == (pytest.approx(4.0), pytest.approx(0.0))


def test_what_went_in_is_counted() -> None:
    found = drift(eight(), two_raters())
    assert (found.n_scenarios, found.n_responses, found.n_raters, found.n_ratings, found.n_judged) == (2, 4, 2, 8, 8)


def test_one_rater_says_nothing_of_raters_like_these() -> None:
    only = Rated(np.arange(4), np.zeros(4, dtype=np.int64), np.array([1.0, 0.0, 1.0, 1.0]))
    assert np.isnan(ppi(eight(), only, signs=(-1.0, 1.0), strata=[np.array([0])]).interval.low[0])


@pytest.mark.parametrize(
    ("judged", "reason"),
    [
        (replace(eight(), judge=np.array([np.nan, *eight().judge[1:]])), "the judge did not rate 1 of 8 responses"),
        (replace(eight(), inclusion=np.array([*[0.5] * 6, np.nan, np.nan])), "is unknown for 2 of 8 responses"),
        (replace(eight(), inclusion=np.array([*[0.5] * 6, 0.0, 0.0])), "could not have been drawn"),
        (replace(eight(), side=np.zeros(8, dtype=np.int64)), "no response of one of the sides"),
    ],
)
def test_there_is_none_without_known_probabilities_and_a_judge_of_all(judged: Judged, reason: str) -> None:
    with pytest.raises(EstimationError, match=reason):
        drift(judged, two_raters())


def test_there_is_none_when_people_rated_one_side_only() -> None:
    with pytest.raises(EstimationError, match="people rated none of the responses of one of the sides"):
        drift(eight(), Rated(np.array([0, 2]), np.array([0, 1]), np.array([1.0, 0.0])))


def test_a_replicate_is_the_estimate_of_the_scenarios_and_raters_that_it_drew() -> None:
    # Scenario 0 once, scenario 1 twice, scenario 3 once; rater 1 alone, twice.
    weights = Weights(np.array([[1, 2, 0, 1]], dtype=np.float32), np.array([[0, 2]], dtype=np.float32))
    found = ppi_replicates(weights, eight(), two_raters(), signs=(-1.0, 1.0))
    # People, by rater 1: side 0 (1 + 0 + 0)/3, side 1 (0 + 1 + 1)/3.
    assert found.people.tolist() == pytest.approx([1 / 3])
    # The judge's drift: of all 0 − … = (0 + 2 + 1)/4 − (1 + 2 + 1)/4 = −1/4, of the drawn 2/3 − 1 = −1/3; λ = 1.
    assert found.both.tolist() == pytest.approx([1 / 3 - 1 / 4 + 1 / 3])


def test_replicates_spread_like_the_estimate() -> None:
    rng = np.random.default_rng(5)
    n = 300
    harm = rng.normal(size=n)
    judged = Judged(np.arange(n), np.zeros(n, dtype=np.int64), harm + rng.normal(0, 0.3, n), np.full(n, 0.3))
    drawn = rng.choice(n, 90, replace=False)
    rated = Rated(np.repeat(drawn, 40), np.tile(np.arange(40), 90), np.repeat(harm[drawn], 40))
    weights = draw_weights(rng, n=2_000, n_scenarios=n, strata=[np.arange(40)], n_raters=40)
    found = ppi(judged, rated, strata=[np.arange(40)])
    assert ppi_replicates(weights, judged, rated).both.std() == pytest.approx(found.interval.std_error[0], rel=0.1)
    assert found.interval.std_error[0] < 0.7 * found.people_interval.std_error[0]
    assert found.effective > 2 * 90

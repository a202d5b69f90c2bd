"""The pigeonhole bootstrap: its weights, its two ways of summing, and its variance against the linearised parts."""

import numpy as np
import pytest

from driftgauge.measure.bootstrap import draw_weights, percentiles, rating_replicates, response_replicates
from driftgauge.measure.estimate import linearise
from driftgauge.measure.outcomes import Sample, counted, sample
from driftgauge.measure.populations import Population, index, population
from driftgauge.measure.rates import rates
from driftgauge.measure.simulate import Shape, SimulatedRelease, simulate
from driftgauge.measure.units import Rows, contributions
from driftgauge.rate.exchange import read_ratings
from driftgauge.study import Protocol, Unit


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sample, Population]:
    shape = Shape((SimulatedRelease("A", "A", 1, 1, refusal=0.2, conditional_asr=0.4),), scenarios=60, panels={1: 8})
    path = tmp_path_factory.mktemp("b") / "r.parquet"
    simulate(shape, np.random.default_rng(5)).sample(fraction=0.9, seed=1).write_parquet(path)
    here = sample(counted(read_ratings([path]).ratings, Protocol()).rows, Protocol())
    return here, population(index(here), "A", {})


def _weights(here: Sample, n: int):
    rng = np.random.default_rng(1)
    return draw_weights(rng, n=n, n_scenarios=here.n_scenarios, strata=[np.arange(here.n_raters)], n_raters=here.n_raters)


def _rows(here: Sample) -> Rows:
    asr = rates(here, intent="adversarial")["asr"]
    return Rows(asr.y, asr.x, here.response, here.weight)


def test_weights_are_multinomial_counts_within_strata() -> None:
    strata = [np.array([0, 1, 2]), np.array([3, 4])]
    weights = draw_weights(np.random.default_rng(1), n=50, n_scenarios=7, strata=strata, n_raters=6)
    assert (weights.scenario.sum(axis=1) == 7).all()
    assert (weights.rater[:, strata[0]].sum(axis=1) == 3).all()
    assert (weights.rater[:, strata[1]].sum(axis=1) == 2).all()
    assert (weights.rater[:, 5] == 1).all()


def test_replicates_are_weights_times_cell_sums(drawn: tuple[Sample, Population]) -> None:
    here, side = drawn
    weights = _weights(here, 5)
    found = rating_replicates(weights, here, rates={"asr": contributions(_rows(here), "rating", k=1)}, populations=[side])
    y = here.outcomes["success"]
    for b in range(5):
        w = weights.scenario[b][here.scenario] * weights.rater[b][here.rater]
        assert found["asr", side.key][b] == pytest.approx((w * y).sum() / w.sum(), rel=1e-6)


def test_raters_fixed_replicates_vary_scenarios_alone(drawn: tuple[Sample, Population]) -> None:
    here, side = drawn
    weights = _weights(here, 5).raters_fixed()
    found = rating_replicates(weights, here, rates={"asr": contributions(_rows(here), "rating", k=1)}, populations=[side])
    y = here.outcomes["success"]
    for b in range(5):
        w = weights.scenario[b][here.scenario]
        assert found["asr", side.key][b] == pytest.approx((w * y).sum() / w.sum(), rel=1e-6)


def test_response_means_are_made_anew_from_the_drawn_raters(drawn: tuple[Sample, Population]) -> None:
    here, side = drawn
    weights = _weights(here, 3)
    found = response_replicates(
        weights, here, rates={"asr": _rows(here)}, unit="response_mean", draws={"asr": 1}, populations=[side]
    )
    y = here.outcomes["success"]
    for b in range(3):
        means, times = [], []
        for response in np.unique(here.response):
            rows = here.response == response
            w = weights.rater[b][here.rater[rows]]
            if w.sum():
                means.append((w * y[rows]).sum() / w.sum())
                times.append(weights.scenario[b][here.scenario[rows][0]])
        assert found["asr", side.key][b] == pytest.approx(np.average(means, weights=times), rel=1e-5)


@pytest.mark.parametrize("unit", ["response_mean", "response_majority", "any_rater"])
def test_replicates_centre_near_the_estimate(drawn: tuple[Sample, Population], unit: Unit) -> None:
    here, side = drawn
    part = contributions(_rows(here), unit, k=5)
    value = part.numerator.sum() / part.denominator.sum()
    found = response_replicates(
        _weights(here, 400), here, rates={"asr": _rows(here)}, unit=unit, draws={"asr": 5}, populations=[side]
    )["asr", side.key]
    assert found.mean() == pytest.approx(value, abs=2 * found.std())


def test_bootstrap_variance_is_that_of_its_parts_with_the_residual_tripled(drawn: tuple[Sample, Population]) -> None:
    here, side = drawn
    part = contributions(_rows(here), "rating", k=1)
    z = linearise(here, side, [part]).z[0]
    by_scenario = np.bincount(here.cell_scenario, z)
    by_rater = np.bincount(here.cell_rater, z)
    expected = (by_scenario**2).sum() + (by_rater**2).sum() + (z**2).sum()
    found = rating_replicates(_weights(here, 8_000), here, rates={"asr": part}, populations=[side])["asr", side.key]
    assert found.var() == pytest.approx(expected, rel=0.08)


def test_undefined_replicates_above_one_percent_leave_no_interval() -> None:
    few, many = np.r_[np.full(1, np.nan), np.arange(199.0)], np.r_[np.full(3, np.nan), np.arange(197.0)]
    assert (percentiles(few, level=0.9).undefined, np.isnan(percentiles(few, level=0.9).low)) == (1, False)
    assert (percentiles(many, level=0.9).undefined, np.isnan(percentiles(many, level=0.9).low)) == (3, True)


def test_a_population_without_any_drawn_rating_is_undefined(drawn: tuple[Sample, Population]) -> None:
    here, side = drawn
    one = Population("A", None, None, None, None, side.rows[:1], {})
    part = contributions(_rows(here), "rating", k=1)
    found = rating_replicates(_weights(here, 200), here, rates={"asr": part}, populations=[one])["asr", one.key]
    assert np.isnan(found).any()
    assert set(found[~np.isnan(found)]) <= {0.0, 1.0}

"""Analytic power against simulated studies, and a pilot's components against the truth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from driftgauge.measure.outcomes import counted, sample
from driftgauge.measure.pilot import pilots
from driftgauge.measure.populations import index
from driftgauge.measure.power import Test as Judged
from driftgauge.measure.power import power_at
from driftgauge.measure.precision import Design, precision
from driftgauge.measure.rates import rates
from driftgauge.measure.simulate import Shape, SimulatedRelease, simulate
from driftgauge.measure.simulated_drifts import Pair, drifts, level_of, pairs, simulate_sums
from driftgauge.measure.truth import components
from driftgauge.measure.variance import t_interval
from driftgauge.rate.exchange import read_ratings
from driftgauge.study import Protocol

STUDIES = 300


def _shape(asr: float, *, scenarios: int, raters: tuple[int, int], linked: int = 0) -> Shape:
    releases = [SimulatedRelease(f"A{g}", "A", g, g, 0.15, rate / 0.85) for g, rate in ((1, 0.25), (2, asr))]
    return Shape(releases, scenarios, {1: raters[0], 2: raters[1]}, linked={2: linked} if linked else {})


CASES = {
    "disjoint panels": (_shape(0.35, scenarios=80, raters=(12, 12)), 0),
    "panels of two sizes": (_shape(0.35, scenarios=60, raters=(16, 9)), 0),
    "the same raters": (_shape(0.32, scenarios=60, raters=(12, 12), linked=12), 12),
}


@pytest.mark.parametrize("name", CASES)
def test_analytic_and_simulated_power_agree(name: str) -> None:
    shape, linked = CASES[name]
    before, after = (level_of(shape, each) for each in shape.releases)
    design = Design(shape.scenarios, 2, (shape.panels[1], shape.panels[2]), linked=linked)
    parts = components(before, after, shape.spreads)
    expected = power_at(shape.releases[1].asr - shape.releases[0].asr, parts, design, test=Judged())
    value, error, found = np.array([_study(shape, seed) for seed in range(STUDIES)]).T
    monte_carlo = np.sqrt(expected.detect * (1 - expected.detect) / STUDIES)
    assert found.mean() == pytest.approx(expected.detect, abs=3 * monte_carlo + 0.02)
    assert precision(parts, design).std_error == pytest.approx(value.std(ddof=1), rel=3 / np.sqrt(2 * STUDIES))
    assert precision(parts, design).std_error == pytest.approx(error.mean(), rel=0.06)


def _study(shape: Shape, seed: int) -> tuple[float, float, float]:
    found = drifts(simulate_sums(shape, np.random.default_rng([7, seed])), pairs(shape))
    interval = t_interval(found.value, found.spread, level=0.95)
    return found.value[0], interval.std_error[0], float(interval.low[0] > 0)


def test_a_pilot_gives_the_precision_that_its_design_has(tmp_path: Path) -> None:
    shape = _shape(0.35, scenarios=150, raters=(30, 30))
    path = tmp_path / "pilot.parquet"
    simulate(shape, np.random.default_rng(2)).write_parquet(path)
    protocol = Protocol()
    found = index(sample(counted(read_ratings([path]).ratings, protocol).rows, protocol))
    (pilot,) = pilots(found, rates(found.sample, intent="adversarial")["asr"].y)
    assert pilot.design == Design(150, 2, (30, 30), per_response=(None, None))
    assert pilot.components is not None
    truth = components(*(level_of(shape, each) for each in shape.releases), shape.spreads)
    expected = precision(truth, pilot.design).std_error
    assert precision(pilot.components, pilot.design).std_error == pytest.approx(expected, rel=0.2)
    assert pilot.components.residual == pytest.approx(truth.residual, rel=0.1)
    few = replace(pilot.design, raters=(10, 10))
    assert precision(pilot.components, few).std_error == pytest.approx(precision(truth, few).std_error, rel=0.25)


def test_drift_is_estimated_without_bias() -> None:
    shape, _ = CASES["disjoint panels"]
    value = np.array([_study(shape, seed)[0] for seed in range(STUDIES)])
    truth = shape.releases[1].asr - shape.releases[0].asr
    assert value.mean() == pytest.approx(truth, abs=4 * value.std() / np.sqrt(STUDIES))
    assert pairs(shape) == (Pair(0, 1),)

"""People on a drawn part and a judge on all: the known truth comes back through the whole of `measure`.

Coverage to the rule of statistics §9 is the matter of ``make ppi``; here a few dozen studies see that what is wired is that.
"""

from functools import cache

import numpy as np
import polars as pl

from driftgauge.measure.analysis import measure
from driftgauge.measure.ppi_rows import ProbabilitySample
from driftgauge.rate.sampling import draw_counts
from driftgauge.study import Protocol
from tests.conftest import make_ratings

STUDIES = 40
SIZES, DRAWN = (60, 20), (10, 14)
"""Two strata, easy and hard, and how many of each people rate: chances of 1/6 and 7/10."""
SUCCESS = ((0.6, 0.1), (0.9, 0.8))
"""By stratum, the chance that an attack on the earlier and the later release succeeds."""
TRUTH = sum(size * (after - before) for size, (before, after) in zip(SIZES, SUCCESS, strict=True)) / sum(SIZES)


def study(seed: int) -> tuple[pl.DataFrame, ProbabilitySample]:
    """Three people rate the drawn scenarios; a judge rates all, and sees successes where there are none."""
    rng = np.random.default_rng([20261125, seed])
    code = np.repeat([0, 1], SIZES)
    found = draw_counts(code, DRAWN, rng)
    true = rng.random((len(code), 2)) < np.array(SUCCESS)[code]
    told = true | (rng.random(true.shape) < 0.15)
    rows = []
    for scenario in range(len(code)):
        for side in (0, 1):
            base = {"scenario": f"s{scenario:03d}", "family": "Elm", "generation": side + 1, "release": f"Elm {side + 1}"}
            rows.append({**base, "kind": "judge", "rater": "j", "success": bool(told[scenario, side])})
            people = ("ann", "bob", "cat") if found.drawn[scenario] else ()
            rows += [{**base, "rater": name, "success": bool(true[scenario, side])} for name in people]
    names = [f"s{scenario:03d}" for scenario in range(len(code))]
    sample = {"scenario": names, "inclusion": found.inclusion, "drawn": found.drawn}
    return make_ratings(rows), ProbabilitySample(pl.DataFrame(sample))


@cache
def drifts() -> pl.DataFrame:
    """Return the drifts by people as they fell, by people weighed, and by both, of every study."""
    kept: list[pl.DataFrame] = []
    for seed in range(STUDIES):
        ratings, sample = study(seed)
        rng = np.random.default_rng(seed)
        found = measure(ratings, protocol=Protocol(), rng=rng, bootstrap=0, units=("response_mean",), sampled=sample).estimates
        over_all = pl.all_horizontal(pl.col("modality", "language", "harm_category").is_null())
        mine = found.filter(over_all, estimand="asr", contrast="drift", unit="response_mean", scope="raters")
        kept.append(mine.select("kind", "method", "estimate", "conf_low", "conf_high", seed=pl.lit(seed)))
    return pl.concat(kept)


def of(method: str) -> pl.DataFrame:
    return drifts().filter(pl.col("method") == method).sort("seed")


def off(method: str) -> float:
    """Return how many Monte Carlo standard errors the mean of the estimates is off the truth."""
    estimates = of(method)["estimate"].to_numpy()
    return float((estimates.mean() - TRUTH) / (estimates.std(ddof=1) / STUDIES**0.5))


def test_unequal_chances_leave_no_bias_once_scenarios_are_weighed_by_them() -> None:
    assert abs(off("inverse-probability two-way t")) < 3
    assert abs(off("prediction-powered two-way t")) < 3
    assert abs(off("linearised two-way t")) > 6


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    for method in ("inverse-probability two-way t", "prediction-powered two-way t"):
        rows = of(method)
        held = rows.filter(pl.col("conf_low") <= TRUTH, pl.col("conf_high") >= TRUTH)
        assert len(rows) == STUDIES
        assert len(held) >= 33  # of 40: fewer with a chance of 0.1 % where 95 % hold


def test_together_they_are_surer_than_people_alone_and_no_wider_on_average() -> None:
    both, alone = of("prediction-powered two-way t"), of("inverse-probability two-way t")
    ratio = ((both["conf_high"] - both["conf_low"]) / (alone["conf_high"] - alone["conf_low"])).to_numpy()
    assert ratio.mean() + 3 * ratio.std(ddof=1) / STUDIES**0.5 < 1
    assert both["estimate"].std() < alone["estimate"].std()  # type: ignore[operator]

"""Tipping points: how much stricter a panel would have to be, by hand and on small studies."""

from collections.abc import Callable
from itertools import product
from math import exp, isnan, log
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.latent import Latent
from driftgauge.measure.outcomes import counted, sample
from driftgauge.measure.populations import Index, index
from driftgauge.measure.rows import estimates_frame
from driftgauge.measure.student import two_sided_p
from driftgauge.measure.tipping import (
    Judged,
    Limits,
    holm_limit,
    linear_predictor,
    shifted_rate,
    tipping_shift,
    verdict_limits,
    verdict_shift,
)
from driftgauge.measure.tipping_points import judged, tipping_points, tipping_rows
from driftgauge.measure.verdicts import Drifts, holm, verdicts
from driftgauge.study import Margin, Primary, Protocol

Make = Callable[[list[dict[str, Any]]], pl.DataFrame]


def test_without_spread_the_tipping_point_is_the_log_odds_ratio() -> None:
    assert tipping_shift(0.5, 0.25, 0.0) == pytest.approx(log(3))
    assert shifted_rate(0.25, log(3), 0.0) == pytest.approx(0.5)


def test_with_spread_a_larger_shift_is_needed_for_the_same_drift() -> None:
    assert tipping_shift(0.5, 0.25, 2.0) > tipping_shift(0.5, 0.25, 1.0) > log(3)


def test_the_linear_predictor_averages_to_the_rate() -> None:
    drawn = np.random.default_rng(1).standard_normal(400_000)
    eta = float(linear_predictor(np.array([0.2]), 1.5)[0])
    assert np.mean(1 / (1 + np.exp(-(eta + 1.5 * drawn)))) == pytest.approx(0.2, abs=0.002)


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.3), (0.3, 0.0), (1.0, 0.3), (0.3, 1.0), (float("nan"), 0.3)])
def test_a_side_without_variation_has_no_tipping_point(before: float, after: float) -> None:
    assert isnan(tipping_shift(before, after, 1.0))
    assert isnan(verdict_shift(before, after, 1.0, limits=Limits(0.1, 0.02)))


def test_no_shift_moves_none_or_all() -> None:
    assert (shifted_rate(0.0, 3.0, 1.0), shifted_rate(1.0, -3.0, 1.0)) == (0.0, 1.0)


def test_the_largest_p_that_holm_lets_through_by_hand() -> None:
    # Beside 0.01 (passes: 3·0.01 ≤ 0.05) and 0.3 the other is second of three: up to 0.025.
    assert holm_limit([0.3, 0.01, float("nan")], 0.05) == 0.025
    assert holm_limit([], 0.05) == 0.05
    assert holm_limit([0.03, 0.04], 0.05) == pytest.approx(0.05 / 3)


def test_the_largest_p_is_where_the_adjusted_p_crosses() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        others = (rng.random(4) ** 3 / 2).tolist()
        limit = holm_limit(others, 0.05)
        assert holm(np.array([*others, limit * 0.999]))[-1] <= 0.05
        assert holm(np.array([*others, limit * 1.001]))[-1] > 0.05


def test_where_a_verdict_changes_by_hand() -> None:
    # Clear of chance from 10 points; within 2 points it is shown to be none.
    limits = Limits(significant=0.1, equivalent=0.02)
    assert limits.borders(0.5) == pytest.approx([0.4, 0.48, 0.52, 0.6])
    expected = {0.3: "improved", 0.45: "inconclusive", 0.5: "unchanged", 0.55: "inconclusive", 0.7: "regressed"}
    assert {rate: limits.verdict(0.5, rate) for rate in expected} == expected
    assert shifted_rate(0.3, verdict_shift(0.5, 0.3, 1.2, limits=limits), 1.2) == pytest.approx(0.4)
    assert shifted_rate(0.45, verdict_shift(0.5, 0.45, 1.2, limits=limits), 1.2) == pytest.approx(0.48)
    assert shifted_rate(0.51, verdict_shift(0.5, 0.51, 1.2, limits=limits), 1.2) == pytest.approx(0.52)


def test_a_margin_in_odds_has_its_borders_on_that_scale() -> None:
    limits = Limits(significant=1.0, equivalent=log(3), scale="log_odds")
    assert limits.borders(0.5) == pytest.approx([0.25, 0.75])
    assert (limits.verdict(0.5, 0.26), limits.verdict(0.5, 0.24)) == ("unchanged", "inconclusive")


def test_a_verdict_that_nothing_changes_has_no_tipping_point() -> None:
    assert isnan(verdict_shift(0.5, 0.4, 1.0, limits=Limits(significant=2.0, equivalent=-0.1)))


def test_limits_are_where_the_verdicts_of_the_family_change() -> None:
    points = np.array([-0.12, 0.03, 0.01])
    error, df = np.array([0.04, 0.012, 0.02]), np.array([18.0, 25.0, 22.0])
    family = [Judged(float(d), float(e), float(v), float(e), float(v), *_p(d, e, v)) for d, e, v in zip(points, error, df)]  # noqa: B905

    def verdict(place: int, drift: float) -> str:
        moved = points.copy()
        moved[place] = drift
        p_value = np.array([_p(d, e, v)[0] for d, e, v in zip(moved, error, df)])  # noqa: B905
        return verdicts(Drifts(moved, error, df, p_value, moved), margin=0.05, level=0.95).verdict[place]

    for place in range(3):
        limits = verdict_limits(family, place, margin=0.05, level=0.95, scale="points")
        for border in limits.borders(0.5):
            for side in (border - 1e-6, border + 1e-6):
                assert verdict(place, side - 0.5) == limits.verdict(0.5, side)


def _p(drift: float, error: float, df: float) -> tuple[float, float]:
    row = {"estimate": drift, "std_error": error, "df": df, "p_value": None}
    found = judged(row, protocol=Protocol())
    return float(two_sided_p(np.array([drift / error]), np.array([df]))[0]), found.p_equivalence


def study(
    *, strict: float = 0.0, seed: int = 1, scenarios: int = 60, raters: int = 8, shared: bool = False
) -> list[dict[str, Any]]:
    """Two releases that are alike, the second rated by a panel of its own that is `strict` logits stricter."""
    rng = np.random.default_rng(seed)
    eta = rng.normal(0.0, 1.2, size=scenarios)
    rows = []
    for generation in (1, 2):
        severity = rng.normal(0.0, 0.4, size=raters) + (strict if generation == 2 else 0.0)
        for s, r in product(range(scenarios), range(raters)):
            success = bool(rng.random() < 1 / (1 + exp(-(eta[s] - severity[r]))))
            rater = f"r{r}" if shared else f"g{generation}r{r}"
            place = {"scenario": f"s{s}", "release": f"F{generation}", "family": "F", "generation": generation}
            rows.append(place | {"phase": str(generation), "rater": rater, "success": success, "refusal": False})
    return rows


def run(frame: pl.DataFrame, protocol: Protocol) -> Measured:
    units = [protocol.primary.unit]
    return measure(frame, protocol=protocol, rng=np.random.default_rng(1), bootstrap=0, units=units)


def found_in(frame: pl.DataFrame, protocol: Protocol) -> Index:
    return index(sample(counted(frame, protocol).rows, protocol))


def test_a_stricter_panel_is_found_as_the_shift_that_explains_the_drift(ratings_of: Make) -> None:
    shifts = []
    for seed in range(6):
        frame = ratings_of(study(strict=1.0, seed=seed, scenarios=80, raters=12))
        rows = run(frame, Protocol()).estimates.filter("primary").to_dicts()
        shifts.append(tipping_points(found_in(frame, Protocol()), rows, protocol=Protocol())[0].drift_to_zero)
    assert np.mean(shifts) == pytest.approx(1.0, abs=0.2)


def test_rows_of_tipping_points_have_the_population_of_their_drift(ratings_of: Make) -> None:
    frame = ratings_of(study(strict=1.0))
    rows = run(frame, Protocol()).estimates.filter("primary").to_dicts()
    points = tipping_points(found_in(frame, Protocol()), rows, protocol=Protocol())
    made = estimates_frame(tipping_rows(rows, points), analysis_id="a").to_dicts()
    assert [(row["estimand"], row["contrast"]) for row in made] == [
        ("tipping_point", "drift_to_zero"),
        ("tipping_point", "verdict_changes"),
    ]
    kept = ("outcome", "unit", "filter", "scope", "kind", "intent", "release", "baseline_release", "n_ratings", "n_raters")
    assert all(row[name] == rows[0][name] for row in made for name in kept)
    assert all(row["verdict"] is None and not row["primary"] and row["std_error"] is None for row in made)
    assert made[0]["estimate"] == points[0].drift_to_zero
    assert all(row["method"].startswith("severity shift; logistic-normal by moments; latent sd ") for row in made)
    assert "no" in made[0]["reason_null"] or "none" in made[0]["reason_null"]


def test_the_shift_to_the_verdict_gives_another_verdict(ratings_of: Make) -> None:
    frame = ratings_of(study(strict=1.0))
    rows = run(frame, Protocol()).estimates.filter("primary").to_dicts()
    point = tipping_points(found_in(frame, Protocol()), rows, protocol=Protocol())[0]
    assert rows[0]["verdict"] == "improved"
    assert 0 < point.verdict_changes < point.drift_to_zero
    family = [judged(rows[0], protocol=Protocol())]
    limits = verdict_limits(family, 0, margin=0.05, level=0.95, scale="points")
    past = shifted_rate(point.after, point.verdict_changes + 1e-6, point.latent.total)
    before_it = shifted_rate(point.after, point.verdict_changes - 1e-6, point.latent.total)
    assert (limits.verdict(point.before, before_it), limits.verdict(point.before, past)) == ("improved", "inconclusive")


def test_a_model_lends_its_spread(ratings_of: Make) -> None:
    frame = ratings_of(study(strict=1.0))
    rows = run(frame, Protocol()).estimates.filter("primary").to_dicts()
    spread = Latent(2.0, 0.5, "mixed model")
    point = tipping_points(found_in(frame, Protocol()), rows, protocol=Protocol(), spread=spread)[0]
    assert point.drift_to_zero == pytest.approx(tipping_shift(point.before, point.after, 2.0))
    assert tipping_rows(rows, [point])[0]["method"] == "severity shift; logistic-normal by mixed model; latent sd 2.00 logits"


def test_the_same_raters_on_both_sides_have_no_tipping_point(ratings_of: Make) -> None:
    frame = ratings_of(study(shared=True))
    rows = run(frame, Protocol()).estimates.filter("primary").to_dicts()
    assert tipping_points(found_in(frame, Protocol()), rows, protocol=Protocol()) == []


def test_a_side_of_none_says_why_there_is_no_tipping_point(ratings_of: Make) -> None:
    frame = ratings_of([row | {"success": row["success"] and row["release"] == "F1"} for row in study()])
    rows = run(frame, Protocol()).estimates.filter("primary").to_dicts()
    made = tipping_rows(rows, tipping_points(found_in(frame, Protocol()), rows, protocol=Protocol()))
    assert all(isnan(row["estimate"]) and "0 or 100 %" in row["reason_null"] for row in made)


def test_units_that_ask_raters_together_have_no_tipping_point(ratings_of: Make) -> None:
    protocol = Protocol(primary=Primary(unit="response_majority"))
    frame = ratings_of(study())
    rows = run(frame, protocol).estimates.filter("primary").to_dicts()
    made = tipping_rows(rows, tipping_points(found_in(frame, protocol), rows, protocol=protocol))
    assert {row["reason_null"] for row in made} == {"a shift of severity does not say what response_majority would be"}


def test_with_a_margin_in_odds_the_verdict_is_the_same_as_the_limits_give(ratings_of: Make) -> None:
    for odds in (1.2, 2.0, 6.0):
        protocol = Protocol(margin=Margin(odds_ratio=odds))
        frame = ratings_of(study(strict=0.2))
        rows = run(frame, protocol).estimates.filter("primary").to_dicts()
        point = tipping_points(found_in(frame, protocol), rows, protocol=protocol)[0]
        limits = verdict_limits([judged(rows[0], protocol=protocol)], 0, margin=log(odds), level=0.95, scale="log_odds")
        assert limits.verdict(point.before, point.after) == rows[0]["verdict"]


def test_a_drift_over_nothing_shared_has_no_tipping_point(ratings_of: Make) -> None:
    frame = ratings_of([row | {"scenario": row["release"] + row["scenario"]} for row in study(scenarios=10)])
    rows = run(frame, Protocol()).estimates.filter("primary").to_dicts()
    points = tipping_points(found_in(frame, Protocol()), rows, protocol=Protocol())
    assert all(point.reason_zero == "no scenario was answered by both releases" for point in points)

"""Pooled estimates recover a known truth: limits hold it, flagged signs are right, and errors are smaller than unpooled."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from driftgauge.measure.bounds import missing_in
from driftgauge.measure.outcomes import counted, sample
from driftgauge.measure.pooling import flag, pool
from driftgauge.measure.populations import index
from driftgauge.measure.profile import POOLED, PROFILE_DRIFT, profile_rows
from driftgauge.measure.rates import rates
from driftgauge.measure.rows import Setting
from driftgauge.measure.units import Rows, contributions, unit_groups
from driftgauge.study import Protocol


def test_limits_signs_and_errors_of_drawn_effects() -> None:
    rng = np.random.default_rng(5)
    category, technique = (codes.ravel() for codes in np.indices((4, 6)))
    inside, wrong, flagged, pooled_error, own_error = [], 0, 0, 0.0, 0.0
    for _ in range(100):
        sd = np.abs(rng.normal(0, 0.1, 3))
        effects = rng.normal(0, sd[0], 4)[category] + rng.normal(0, sd[1], 6)[technique] + rng.normal(0, sd[2], 24)
        truth = rng.normal(0, 0.1) + effects
        half = rng.normal(0, 0.03, (24, 3))
        covariance = half @ half.T + np.diag(rng.uniform(0.03, 0.12, 24) ** 2)
        estimate = rng.multivariate_normal(truth, covariance)
        found = pool(estimate, covariance, [category, technique, np.arange(24)], changes=True)
        inside.append((np.abs(truth - found.mean) < 1.959964 * found.std_error).mean())
        chosen = flag(found.false_sign_rate)
        flagged += int(chosen.sum())
        wrong += int((np.sign(found.mean) != np.sign(truth))[chosen].sum())
        pooled_error += float(((found.mean - truth) ** 2).sum())
        own_error += float(((estimate - truth) ** 2).sum())
    # Cells of a study go together: the error of the share over 100 studies is that of their means.
    assert abs(np.mean(inside) - 0.95) < 3 * np.std(inside) / np.sqrt(len(inside)) + 0.005
    assert flagged > 500
    assert wrong / flagged < 0.05
    assert pooled_error < 0.7 * own_error


def test_signs_of_a_whole_study_are_right(ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame]) -> None:
    """Six risks with drifts of their own in logits; scenarios and raters vary; from ratings to flags."""
    rng = np.random.default_rng(8)
    frame = _frame(ratings_of)
    wrong = flagged = inside = cells = 0
    for _ in range(60):
        y, truth = _marks(frame, rng)
        rows = _profile(frame.with_columns(success=pl.Series(y)))
        for row in rows:
            true = truth[row["harm_category"]]
            cells += 1
            inside += row["conf_low"] <= true <= row["conf_high"]
            flagged += row["flagged"]
            wrong += row["flagged"] and (row["estimate"] > 0) != (true > 0)
    assert cells == 60 * 6
    assert flagged > 60
    assert wrong / flagged < 0.05 + 2 * np.sqrt(0.05 * 0.95 / flagged)
    assert inside / cells > 0.90


def _frame(ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame]) -> pl.DataFrame:
    return ratings_of(
        [
            {
                "scenario": f"s{scenario:02d}",
                "intent": "adversarial",
                "modality": "text-only",
                "release": f"A{release}",
                "family": "A",
                "generation": release,
                "rater": f"r{rater}",
                "success": False,
                "harm_category": f"c{scenario % 6}",
            }
            for scenario in range(72)
            for release in (1, 2)
            for rater in range(8)
        ]
    )


def _marks(frame: pl.DataFrame, rng: np.random.Generator) -> tuple[np.ndarray[Any, Any], dict[str, float]]:
    """Return marks, and the true drift of each category: over scenarios and raters like these."""
    category = frame["harm_category"].str.slice(1).cast(int).to_numpy()
    scenario = frame["scenario"].str.slice(1).cast(int).to_numpy()
    rater = frame["rater"].str.slice(1).cast(int).to_numpy()
    later = (frame["generation"] == 2).to_numpy()
    change = rng.normal(0, 0.4) + rng.normal(0, 0.6, 6)
    level = rng.normal(-0.5, 0.4, 6)
    u, v, w = rng.normal(0, 0.8, 72), rng.normal(0, 0.5, 8), rng.normal(0, 0.5, (72, 2))
    eta = level[category] + later * change[category] + u[scenario] + v[rater] + w[scenario, later.astype(int)]
    z = np.linspace(-4, 4, 81)
    density = np.exp(-(z**2) / 2)
    density /= density.sum()
    total = np.sqrt(0.8**2 + 0.5**2 + 0.5**2)
    mean = [density @ (1 / (1 + np.exp(-(x + total * z)))) for x in (*level, *(level + change))]
    truth = {f"c{number}": float(mean[6 + number] - mean[number]) for number in range(6)}
    return rng.random(len(frame)) < 1 / (1 + np.exp(-eta)), truth


def _profile(frame: pl.DataFrame) -> list[dict[str, Any]]:
    protocol = Protocol()
    left = counted(frame, protocol)
    found = index(sample(left.rows, protocol))
    known = rates(found.sample, intent="adversarial")
    group = unit_groups(found.sample)["response"]
    parts = {name: contributions(Rows(r.y, r.x, group, found.sample.weight), "rating", k=1) for name, r in known.items()}
    setting = Setting("human", "adversarial", "rating", 0.95, 3, {}, simulated=True)
    rows = profile_rows(
        found,
        setting=setting,
        rates=known,
        contributions=parts,
        scope="raters",
        missing=missing_in(found, left.missing),
    )
    return [row for row in rows if row["contrast"] == PROFILE_DRIFT and row["method"] == POOLED]

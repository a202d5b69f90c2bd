"""Where nothing is the matter, raters are named in about one study in twenty at most."""

import numpy as np

from driftgauge.measure.rater_findings import outlier_p, run_p
from driftgauge.measure.raters import mean_of_others, severity_trend
from driftgauge.measure.verdicts import holm

MOST = 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2_000)
"""Three Monte Carlo errors of 2,000 studies above 5 %."""


def test_outliers_are_named_in_one_panel_in_twenty() -> None:
    rng = np.random.default_rng(1)
    for raters in (5, 12, 29):
        named = sum(bool((outlier_p(rng.normal(size=raters)) <= 0.05).any()) for _ in range(2_000))
        assert named / 2_000 < MOST
        assert named / 2_000 > 0.02


def test_raters_who_rated_little_are_not_named_more_often() -> None:
    rng = np.random.default_rng(2)
    error = np.array([0.02] * 10 + [0.3] * 2)
    named = sum(bool((outlier_p(rng.normal(0, np.sqrt(0.1**2 + error**2)), error) <= 0.05).any()) for _ in range(2_000))
    assert named / 2_000 < MOST


def test_runs_of_easy_responses_are_no_straight_lining() -> None:
    rng = np.random.default_rng(3)
    stratum = np.repeat([0, 1, 0], 40)  # a long stretch of responses that all others called safe
    below = sum(
        run_p((rng.random(120) < np.array([0.5, 0.03])[stratum]).astype(int), stratum, rng, n=99) <= 0.05 for _ in range(400)
    )
    assert below / 400 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_a_panel_that_stays_as_it_is_has_no_course() -> None:
    rng = np.random.default_rng(4)
    response = np.tile(np.arange(90), 9)
    named = 0
    for _ in range(600):
        truth = rng.random(90) < 0.4
        marks = (truth != (rng.random((9, 90)) < 0.15)).astype(float)
        deviation = (marks.ravel() - mean_of_others(marks.ravel(), response)).reshape(9, 90)
        p = [severity_trend(each, np.arange(90) // 2, 0.95)["p_value"] for each in deviation]
        named += bool((holm(np.array(p)) <= 0.05).any())
    assert named / 600 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)

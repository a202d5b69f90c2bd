"""Simulated judges with a known quality: it comes out, and its interval holds it. The long run is `benchmarks/judges.py`."""

import numpy as np
import polars as pl

from benchmarks.judges import NAMES, Made, estimates, held, truth


def test_a_large_study_gives_the_quality_that_was_put_in() -> None:
    made = Made(2_500, 9, sensitivity=(0.95, 0.6), specificity=(0.8, 0.9))
    known = truth(made, np.random.default_rng(1))
    rows = estimates(made, np.random.default_rng(2)).filter(pl.col("scope") == "raters", pl.col("estimand").is_in(NAMES))
    seen = {
        (row["estimand"], row["contrast"] or row["release"]): (row["estimate"], row["std_error"])
        for row in rows.iter_rows(named=True)
    }
    for key, value in known.items():
        estimate, error = seen[key]
        assert abs(estimate - value) < 4 * error, key
        assert error < 0.08, key


def test_intervals_hold_and_equal_biases_are_seldom_found_different() -> None:
    made, studies = Made(60, 6, (-0.4, -0.4)), 100
    known = truth(made, np.random.default_rng([3, 0]))
    each = [held(made, known, np.random.default_rng([3, 1, number])) for number in range(studies)]
    found = pl.DataFrame(each).mean().row(0, named=True)
    assert found.pop("found") <= 0.05 + 3 * (0.05 * 0.95 / studies) ** 0.5
    lowest = 0.93 - 3 * (0.93 * 0.07 / studies) ** 0.5
    assert {key: share for key, share in found.items() if share < lowest} == {}

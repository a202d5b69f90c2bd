"""The posterior by our own sampler is the referee's, on 5,000 ratings (``make referee``: the referee takes its time)."""

import os

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.mixed.draws import Sampling
from driftgauge.measure.mixed.fit import draw_design
from driftgauge.measure.mixed.presets import preset_design


def ratings() -> pl.DataFrame:
    """5,000 ratings: 50 scenarios in two modalities, five releases, ten raters."""
    rng = np.random.default_rng(5)
    s, m, r, j = (each.ravel() for each in np.indices((50, 2, 5, 10)))
    eta = np.array([0.0, -0.6, 0.3, -1.0, 0.1])[r] + 0.4 * m - 0.3 * m * (r == 1)
    eta = eta + rng.normal(0, 1.2, 50)[s] + rng.normal(0, 0.8, 10)[j] + rng.logistic(size=len(s))
    return pl.DataFrame(
        {
            "scenario": s,
            "modality": np.array(["text-only", "multimodal"])[m],
            "release": np.array(list("ABCDE"))[r],
            "rater": j,
            "response_id": (s * 2 + m) * 5 + r,
            "harm": 1 + np.searchsorted([-1.0, 0.2, 1.2, 2.4], eta),
        }
    )


@pytest.mark.skipif("REFEREE" not in os.environ, reason="takes a minute and a half: make referee")
def test_posterior_agrees_with_nuts_within_monte_carlo_error() -> None:
    design = preset_design(ratings(), "published")
    ours = draw_design(design, engine="posterior", rng=np.random.default_rng(1))
    theirs = draw_design(design, engine="nuts", rng=np.random.default_rng(2), sampling=Sampling(draws=700, tune=500, n_jobs=2))
    assert design.model.weights.sum() == 5_000
    assert ours.draws is not None
    assert theirs.draws is not None
    assert ours.draws.names == theirs.draws.names
    both = [fit.draws.flat for fit in (ours, theirs)]
    sizes = [fit.diagnostics()["ess_bulk"].to_numpy() for fit in (ours, theirs)]
    errors = [flat.std(axis=0) / np.sqrt(ess) for flat, ess in zip(both, sizes, strict=True)]
    distance = np.abs(both[0].mean(axis=0) - both[1].mean(axis=0)) / np.hypot(*errors)
    assert distance.max() < 4  # of 15 parameters, by chance once in a thousand times
    assert np.abs(np.log(both[0].std(axis=0) / both[1].std(axis=0))).max() < 0.15

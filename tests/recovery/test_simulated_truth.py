"""Simulate with a known truth, then estimate it back. The full coverage study is `make coverage`."""

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import measure
from driftgauge.measure.simulate import PUBLISHED_SHAPE, Shape, SimulatedRelease, population_rate, simulate, solve_intercept
from driftgauge.rate.exchange import read_ratings
from driftgauge.study import Protocol


def test_the_published_shape_has_the_published_size() -> None:
    frame = simulate(PUBLISHED_SHAPE, np.random.default_rng(1))
    assert len(frame) == 82_256
    assert frame["simulated"].all()
    assert frame.group_by("panel").agg(pl.n_unique("rater")).sort("panel").rows() == [("1", 17), ("2", 12)]
    assert frame.select(pl.n_unique("scenario"), pl.n_unique("release"), pl.n_unique("modality")).row(0) == (363, 8, 2)


def test_some_of_the_next_panel_rate_anchors_of_the_first_phase() -> None:
    frame = simulate(PUBLISHED_SHAPE, np.random.default_rng(1))
    anchors = frame.filter(pl.col("purpose") == "anchor")
    assert set(anchors["phase"]) == {"1"}
    assert set(anchors["panel"]) == {"2"}


def test_the_same_seed_is_the_same_study() -> None:
    one, two = (simulate(PUBLISHED_SHAPE, np.random.default_rng(3)) for _ in range(2))
    assert one.equals(two)


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.8])
def test_intercepts_solve_for_their_rate(rate: float) -> None:
    assert population_rate(solve_intercept(rate, 1.7), 1.7) == pytest.approx(rate, abs=1e-9)


@pytest.fixture(scope="module")
def replicated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[float, bool]]]:
    """Estimate and whether the interval held the truth, for 60 studies."""
    shape = Shape(
        releases=(
            SimulatedRelease("A1", "A", 1, 1, refusal=0.3, conditional_asr=0.4, modality_effect=0.3),
            SimulatedRelease("A2", "A", 2, 1, refusal=0.1, conditional_asr=0.2, modality_effect=-0.3),
        ),
        scenarios=80,
        panels={1: 9},
    )
    folder = tmp_path_factory.mktemp("replicated")
    truth = {
        "asr": shape.releases[1].asr - shape.releases[0].asr,
        "conditional_asr": shape.releases[1].conditional_asr - shape.releases[0].conditional_asr,
    }
    found: dict[str, list[tuple[float, bool]]] = {name: [] for name in truth}
    for seed in range(60):
        path = folder / "ratings.parquet"
        simulate(shape, np.random.default_rng(seed)).write_parquet(path)
        rows = measure(
            read_ratings([path]).ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, units=["rating"]
        ).estimates.filter(pl.col("contrast") == "drift", pl.col("modality").is_null(), pl.col("scope") == "raters")
        for name, value in truth.items():
            row = rows.filter(pl.col("estimand") == name, pl.col("harm_category").is_null()).to_dicts()[0]
            found[name].append((row["estimate"] - value, row["conf_low"] <= value <= row["conf_high"]))
    return found


@pytest.mark.parametrize("name", ["asr", "conditional_asr"])
def test_drift_is_estimated_without_bias_and_its_interval_holds_the_truth(
    replicated: dict[str, list[tuple[float, bool]]], name: str
) -> None:
    errors = np.array([error for error, _ in replicated[name]])
    held = np.mean([inside for _, inside in replicated[name]])
    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(len(errors)) + 0.01
    assert held > 0.83

"""Simulate from known mixed models, then estimate them back. The full coverage study is a command of its own."""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.mixed.fit import fit_design, refit
from driftgauge.measure.mixed.presets import Preset, preset_design
from driftgauge.measure.mixed.result import MixedFit

EFFECTS = {"A": 0.0, "B": -1.0, "C": -2.0}
SDS = {"scenario": 1.2, "rater": 0.6, "response": 0.7, "rater:release": 0.3}
STUDIES = 24


def study(seed: int, *, scenarios: int = 40, raters: int = 12) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame({"scenario": [f"s{i:02d}" for i in range(scenarios)]})
    columns = {"modality": ["text-only", "multimodal"], "release": list(EFFECTS), "rater": [f"r{j:02d}" for j in range(raters)]}
    for name, values in columns.items():
        frame = frame.join(pl.DataFrame({name: values}), how="cross")
    frame = frame.with_columns(response_id=pl.concat_str("scenario", "modality", "release", separator="/"), attempt=1)
    eta = frame["release"].replace_strict(EFFECTS).to_numpy()
    for term, sd in SDS.items():
        parts = [part if part != "response" else "response_id" for part in term.split(":")]
        code = frame.select(pl.concat_str(parts, separator="/").rank("dense")).to_series().to_numpy() - 1
        eta = eta + rng.normal(0, sd, code.max() + 1)[code]
    harm = 1 + np.searchsorted([-1.0, 0.0, 1.0, 2.0], eta + rng.logistic(size=len(frame)))
    return frame.with_columns(harm=harm, success=harm >= 3)


@pytest.fixture(scope="module")
def fits() -> dict[Preset, list[MixedFit]]:
    found: dict[Preset, list[MixedFit]] = {"published": [], "design": []}
    for seed in range(STUDIES):
        frame = study(seed)
        for preset, kept in found.items():
            kept.append(fit_design(preset_design(frame, preset)))
    return found


def contrasts(fits: list[MixedFit]) -> Iterator[tuple[float, dict[str, float]]]:
    for fit in fits:
        for row in fit.contrasts("release").iter_rows(named=True):
            later, earlier = row["contrast"].split(" - ")
            yield EFFECTS[later] - EFFECTS[earlier], row


def test_every_fit_converges(fits: dict[Preset, list[MixedFit]]) -> None:
    assert all(fit.converged for each in fits.values() for fit in each)


def test_standard_deviations_come_back(fits: dict[Preset, list[MixedFit]]) -> None:
    frames = pl.concat([fit.random_effects for fit in fits["design"]])
    variances = frames.group_by("grouping").agg((pl.col("std_dev") ** 2).mean())
    found = {name: variance**0.5 for name, variance in variances.iter_rows()}
    # What is not there (scenario:modality, scenario:release) takes a share of the response: no variance is negative.
    found["response"] = np.hypot(np.hypot(found["response"], found["scenario:modality"]), found["scenario:release"])
    assert found["scenario"] == pytest.approx(SDS["scenario"], abs=0.12)
    assert found["response"] == pytest.approx(SDS["response"], abs=0.08)
    assert found["rater"] == pytest.approx(SDS["rater"], abs=0.12)
    assert found["rater:release"] == pytest.approx(SDS["rater:release"], abs=0.1)


def test_release_effects_come_back_without_bias(fits: dict[Preset, list[MixedFit]]) -> None:
    errors = np.array([row["estimate"] - truth for truth, row in contrasts(fits["design"])])
    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(len(errors))


def test_intervals_of_the_design_hold_the_truth_and_those_of_the_published_model_do_not(
    fits: dict[Preset, list[MixedFit]],
) -> None:
    held = {
        preset: np.mean([row["conf_low"] <= truth <= row["conf_high"] for truth, row in contrasts(each)])
        for preset, each in fits.items()
    }
    assert held["design"] > 0.85
    assert held["published"] < 0.85
    assert held["published"] < held["design"] - 0.08


def test_population_averages_are_the_shares_of_a_large_study() -> None:
    frame = study(99, scenarios=300, raters=30)
    fit = fit_design(preset_design(frame, "response", outcome="success"), std_errors=False)
    shares = dict(frame.group_by("release").agg(pl.col("success").mean()).iter_rows())
    found = dict(fit.probabilities("release").select("release", "estimate").iter_rows())
    assert found == pytest.approx(shares, abs=0.015)


def test_a_fit_to_its_own_simulation_gives_its_parameters_back(fits: dict[Preset, list[MixedFit]]) -> None:
    fit = fits["design"][0]
    rng = np.random.default_rng(5)
    betas = []
    for _ in range(12):
        codes = fit.simulate(rng)
        assert codes.min() >= 0
        again = refit(fit, codes)
        betas.append(again.point.beta)
    spread = np.std(betas, axis=0) / np.sqrt(len(betas))
    assert (np.abs(np.mean(betas, axis=0) - fit.point.beta) < 5 * spread + 0.02).all()

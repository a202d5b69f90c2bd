"""Data that break mixed models: each has a truthful answer."""

from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.errors import EstimationError
from driftgauge.measure.mixed.aside import set_aside
from driftgauge.measure.mixed.fit import fit_design, fit_mixed
from driftgauge.measure.mixed.laplace import prepare
from driftgauge.measure.mixed.model import Family
from driftgauge.measure.mixed.presets import preset_design
from driftgauge.measure.mixed.result import MixedFit

FORMULA = "harm ~ release + (1 | scenario) + (1 | rater)"


def study(
    rng: np.random.Generator, *, scenarios: int = 30, raters: int = 6, sd_rater: float = 0.6, categories: int = 5
) -> pl.DataFrame:
    frame = pl.DataFrame({"scenario": [f"s{i:02d}" for i in range(scenarios)]})
    frame = frame.join(pl.DataFrame({"release": ["A", "B", "C"]}), how="cross")
    frame = frame.join(pl.DataFrame({"rater": [f"r{j}" for j in range(raters)]}), how="cross")
    eta = frame["release"].replace_strict({"A": 0.0, "B": -0.8, "C": -1.5}).to_numpy()
    eta = eta + rng.normal(0, 1.0, scenarios)[frame["scenario"].rank("dense").to_numpy() - 1]
    eta = eta + rng.normal(0, sd_rater, raters)[frame["rater"].rank("dense").to_numpy() - 1]
    harm = 1 + np.searchsorted(np.linspace(-1.5, 2, categories - 1), eta + rng.logistic(size=len(frame)))
    response = pl.concat_str("scenario", "release", separator="/")
    return frame.with_columns(harm=harm, modality=pl.lit("text-only"), attempt=1, response_id=response)


def has_no_intervals(fit: MixedFit) -> None:
    assert fit.covariance is None
    frames = [fit.coefficients, fit.thresholds, fit.random_effects, fit.contrasts("release"), fit.means("release")]
    frames += [fit.probabilities("release", at_least=fit.design.model.categories[-1])]
    for frame in frames:
        assert frame["conf_low"].null_count() == len(frame)
        assert frame["conf_high"].null_count() == len(frame)
    assert "DID NOT CONVERGE" in fit.summary()


def test_a_release_that_is_never_harmful_has_no_finite_estimate(rng: np.random.Generator) -> None:
    frame = study(rng).with_columns(success=(pl.col("harm") >= 3) & (pl.col("release") != "C"))
    fit = fit_mixed("success ~ release + (1 | scenario) + (1 | rater)", frame, family="bernoulli")
    assert not fit.converged
    assert fit.convergence.separated == ("releaseC",)
    assert "releaseC" in str(fit.convergence.reason)
    has_no_intervals(fit)


def test_a_release_that_is_always_rated_lowest_separates_the_ordinal_model_too(rng: np.random.Generator) -> None:
    frame = study(rng).with_columns(harm=pl.when(pl.col("release") == "C").then(1).otherwise("harm"))
    fit = fit_mixed(FORMULA, frame)
    assert fit.convergence.separated == ("releaseC",)
    has_no_intervals(fit)


@pytest.mark.parametrize("family", ["bernoulli", "cumulative"])
def test_without_its_certain_ratings_a_separated_model_is_the_limit_of_its_likelihood(
    rng: np.random.Generator, family: Family
) -> None:
    """Far out along the direction, value and gradient are those of the maximum of the ratings that are left."""
    never = pl.col("release") == "C"
    frame = study(rng).with_columns(harm=pl.when(never).then(1).otherwise("harm"))
    outcome = "harm" if family == "cumulative" else "success"
    frame = frame.with_columns(success=pl.col("harm") >= 3)
    build = partial(preset_design, preset="published", outcome=outcome)
    found = set_aside(frame, build)
    assert found is not None
    assert found.ratings["release"].unique().to_list() == ["C"]
    assert len(found.ratings) == frame.filter(never).height
    fit = fit_design(found.design)
    assert fit.converged
    engine = prepare(build(frame).model)
    place = list(engine.model.columns).index("releaseC")
    vector = np.insert(np.concatenate([fit.point.beta, fit.point.thresholds, np.log(fit.point.sigma)]), place, -40.0)
    there = engine.evaluate(engine.point(vector))
    assert there.value == pytest.approx(fit.log_likelihood, abs=1e-8)
    assert np.abs(there.gradient).max() < 1e-3


def test_half_certain_ratings_cannot_be_set_aside(rng: np.random.Generator) -> None:
    """A is 1 or 2, B is 3 or 4: they differ without end, and which of the two it is says something all the same."""
    frame = study(rng).filter(pl.col("release") != "C")
    frame = frame.with_columns(harm=pl.col("harm") % 2 + pl.when(pl.col("release") == "A").then(1).otherwise(3))
    assert fit_design(preset_design(frame, "published")).convergence.separated
    assert set_aside(frame, partial(preset_design, preset="published")) is None


def test_a_rare_outcome_is_no_separation(rng: np.random.Generator) -> None:
    frame = (
        study(rng)
        .with_row_index()
        .with_columns(success=((pl.col("harm") >= 3) & (pl.col("release") != "C")) | (pl.col("index") == 13))
    )
    fit = fit_mixed("success ~ release + (1 | scenario) + (1 | rater)", frame, family="bernoulli")
    assert frame["release"][13] == "C"
    assert fit.converged
    assert fit.convergence.separated == ()


def test_a_category_that_nobody_used_has_probability_0(rng: np.random.Generator) -> None:
    frame = study(rng).filter(pl.col("harm") != 3)
    fit = fit_mixed(FORMULA, frame, categories=[1, 2, 3, 4, 5])
    assert fit.converged
    assert fit.design.empty == ("3",)
    assert fit.thresholds["threshold"].to_list() == ["1|2", "2|4", "4|5"]
    assert any("category 3 was never used" in note for note in fit.design.notes)


def test_a_variance_at_zero_is_said_to_be_there(rng: np.random.Generator) -> None:
    frame = study(rng).with_columns(coin=pl.Series(rng.permutation(np.arange(540) % 12)))
    balanced = frame.with_columns(coin=pl.Series(np.arange(540) // 3 % 6 + 10 * (np.arange(540) % 2)))
    fits = [fit_mixed(f"{FORMULA} + (1 | coin)", each) for each in (frame, balanced)]
    at_zero = [fit for fit in fits if fit.convergence.boundary == ("coin",)]
    assert at_zero
    for fit in at_zero:
        assert fit.converged
        row = fit.random_effects.filter(grouping="coin").to_dicts()[0]
        assert row["std_dev"] == 0
        assert row["conf_low"] is None
        assert fit.coefficients["std_error"].null_count() == 0
        assert fit.modes("coin")["mode"].to_list() == [0.0] * len(fit.modes("coin"))
        assert "coin is at its boundary" in fit.summary()


def test_a_variance_at_zero_does_not_change_the_rest(rng: np.random.Generator) -> None:
    frame = study(rng).with_columns(coin=pl.Series(np.arange(540) // 3 % 6 + 10 * (np.arange(540) % 2)))
    with_it, without = fit_mixed(f"{FORMULA} + (1 | coin)", frame), fit_mixed(FORMULA, frame)
    if with_it.convergence.boundary:
        assert with_it.log_likelihood == pytest.approx(without.log_likelihood, abs=1e-7)
        assert with_it.coefficients["std_error"].to_list() == pytest.approx(
            without.coefficients["std_error"].to_list(), rel=1e-4
        )
    else:
        assert with_it.log_likelihood > without.log_likelihood


def test_one_rater_leaves_the_rater_out_and_says_so(rng: np.random.Generator) -> None:
    fit = fit_design(preset_design(study(rng, raters=1), "design"))
    assert "(1|rater): one rater" in fit.design.notes
    assert [g.name for g in fit.design.model.groupings] == ["scenario"]
    with pytest.raises(EstimationError, match=r"\(1 \| rater\) has one level, r0"):
        fit_mixed(FORMULA, study(rng, raters=1))


def test_one_scenario_leaves_the_scenario_out_and_says_so(rng: np.random.Generator) -> None:
    design = preset_design(study(rng, scenarios=1, raters=40), "published")
    assert "(1|scenario): 1 level, under 5" in design.notes
    assert fit_design(design).converged


def test_a_rater_who_always_says_1_is_fitted_and_found_mild(rng: np.random.Generator) -> None:
    frame = study(rng).with_columns(harm=pl.when(pl.col("rater") == "r0").then(1).otherwise("harm"))
    fit = fit_mixed(FORMULA, frame)
    assert fit.converged
    modes = fit.modes("rater")
    assert modes["level"][int(modes["mode"].arg_min() or 0)] == "r0"


def test_collinear_terms_are_left_out_as_r_does(rng: np.random.Generator) -> None:
    frame = study(rng).with_columns(same=pl.when(pl.col("release") == "B").then(pl.lit("yes")).otherwise(pl.lit("no")))
    fit = fit_mixed("harm ~ release + same + (1 | scenario)", frame)
    row = fit.coefficients.filter(term="sameyes").to_dicts()[0]
    assert fit.converged
    assert row["estimate"] is None
    assert "sameyes was left out: other columns add up to it" in fit.design.notes
    assert fit.means("same")["estimate"].null_count() == 2


def test_a_random_intercept_with_the_levels_of_another_is_left_out(rng: np.random.Generator) -> None:
    frame = study(rng).with_columns(prompt=pl.lit("p") + pl.col("scenario").str.reverse())
    fit, alone = fit_mixed(f"{FORMULA} + (1 | prompt)", frame), fit_mixed(FORMULA, frame)
    assert "(1|prompt) was left out: the same levels as (1|scenario)" in fit.design.notes
    assert "(1|prompt) was left out" in fit.summary()
    assert fit.random_effects.equals(alone.random_effects)


def test_a_cell_without_ratings_cannot_be_told_but_others_can(rng: np.random.Generator) -> None:
    second = study(rng).with_columns(modality=pl.lit("multimodal")).filter(pl.col("release") != "C")
    frame = pl.concat([study(rng), second])
    fit = fit_mixed("harm ~ release * modality + (1 | scenario)", frame, reference={"modality": "text-only"})
    found = fit.contrasts("release", by="modality")
    assert fit.converged
    assert found.filter(modality="text-only")["estimate"].null_count() == 0
    known = found.filter(modality="multimodal").select("contrast", pl.col("estimate").is_not_null()).rows()
    assert known == [("B - A", True), ("C - A", False), ("C - B", False)]


def test_a_level_of_the_declared_order_without_rows_is_no_level(rng: np.random.Generator) -> None:
    frame = study(rng).filter(pl.col("release") != "B")
    fit = fit_design(preset_design(frame, "published", releases=["A", "B", "C"]))
    assert fit.coefficients["term"].to_list() == ["releaseC"]


def test_ten_categories(rng: np.random.Generator) -> None:
    fit = fit_mixed(FORMULA, study(rng, categories=10))
    assert fit.converged
    assert len(fit.thresholds) == 9
    assert fit.thresholds["estimate"].is_sorted()
    assert fit.thresholds["threshold"][-1] == "9|10"


def test_rows_with_nulls_and_nan_are_left_out_and_counted(rng: np.random.Generator) -> None:
    frame = study(rng).with_row_index()
    holes = frame.with_columns(
        harm=pl.when(pl.col("index") < 7).then(None).otherwise("harm"),
        z=pl.when(pl.col("index") > 530).then(float("nan")).otherwise(pl.col("index").cast(pl.Float64) / 540),
    )
    fit = fit_mixed("harm ~ release + z + (1 | scenario)", holes)
    assert fit.design.missing == 7 + 9
    assert len(fit.design.model) == len(frame) - 16


@pytest.mark.parametrize("value", [None, float("nan")])
def test_no_usable_row_is_an_error_that_says_so(rng: np.random.Generator, value: Any) -> None:
    frame = study(rng).with_columns(z=pl.lit(value, dtype=pl.Float64))
    with pytest.raises(EstimationError, match="no row has a value"):
        fit_mixed("harm ~ z + (1 | scenario)", frame)


def test_weights_of_zero_everywhere_leave_nothing(rng: np.random.Generator) -> None:
    with pytest.raises(EstimationError, match="no rating has an outcome and a weight above 0"):
        fit_mixed(FORMULA, study(rng).with_columns(w=0.0), weights="w")


def test_negative_weights_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(EstimationError, match="a weight is negative"):
        fit_mixed(FORMULA, study(rng).with_columns(w=-1.0), weights="w")


def test_an_outcome_that_never_varies_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(EstimationError, match="every rating is 1: there is nothing to explain"):
        fit_mixed(FORMULA, study(rng).with_columns(harm=1))


def test_a_fit_that_stops_early_did_not_converge_and_states_no_interval(rng: np.random.Generator) -> None:
    fit = fit_mixed(FORMULA, study(rng), most_evaluations=1)
    assert not fit.converged
    assert "no maximum after 1 evaluations" in str(fit.convergence.reason)
    has_no_intervals(fit)


def test_too_many_crossed_levels_are_refused_before_the_memory_is_gone(rng: np.random.Generator) -> None:
    n = 20_000
    frame = pl.DataFrame({"y": rng.integers(0, 2, n), "a": rng.permutation(n) // 2, "b": rng.permutation(n) // 2})
    with pytest.raises(EstimationError, match="too many crossed levels"):
        fit_mixed("y ~ 1 + (1 | a) + (1 | b)", frame, family="bernoulli")

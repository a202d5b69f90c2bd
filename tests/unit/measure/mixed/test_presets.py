"""Presets: which terms the data can bear, and that formulas say the same."""

import sys
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from driftgauge.errors import EstimationError
from driftgauge.measure.mixed.fit import fit_design, fit_mixed
from driftgauge.measure.mixed.presets import Preset, preset_design


def frame(*, scenarios: int = 20, raters: int = 6, attempts: int = 1, per_response: int | None = None) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    found = pl.DataFrame({"scenario": [f"s{i:02d}" for i in range(scenarios)]})
    columns = {"modality": ["text-only", "multimodal"], "release": ["A", "B", "C"], "attempt": list(range(1, attempts + 1))}
    for name, values in (*columns.items(), ("rater", [f"r{j}" for j in range(raters)])):
        found = found.join(pl.DataFrame({name: values}), how="cross")
    response = pl.concat_str("scenario", "modality", "release", "attempt", separator="/")
    eta = rng.normal(0, 1, scenarios)[found["scenario"].rank("dense").to_numpy() - 1]
    harm = 1 + np.searchsorted([-1, 0, 1, 2], eta + rng.logistic(size=len(found)))
    found = found.with_columns(response_id=response, harm=harm, success=harm >= 3, harm_category=pl.lit("hate"))
    if per_response is None:
        return found
    turn = pl.col("rater").rank("dense").cast(pl.Int64) + pl.col("response_id").rank("dense").cast(pl.Int64)
    return found.filter(turn % raters < per_response)


def names(ratings: pl.DataFrame, preset: Preset = "design") -> list[str]:
    return [each.name for each in preset_design(ratings, preset).model.groupings]


def test_the_terms_of_each_preset() -> None:
    assert names(frame(), "published") == ["scenario", "rater"]
    assert names(frame(), "response") == ["scenario", "rater", "response"]
    assert names(frame(), "design") == [
        "scenario",
        "scenario:modality",
        "scenario:release",
        "response",
        "rater",
        "rater:release",
    ]


def test_attempts_add_the_prompt_of_a_release() -> None:
    assert names(frame(attempts=2))[3:5] == ["scenario:modality:release", "response"]


def test_a_response_effect_needs_responses_with_two_ratings() -> None:
    design = preset_design(frame(per_response=1), "response")
    assert [g.name for g in design.model.groupings] == ["scenario", "rater"]
    assert "(1|response): no level has two ratings" in design.notes


def test_too_few_responses_with_two_ratings_are_too_few() -> None:
    once = frame(per_response=1)
    second = frame(per_response=2).join(once, on=["response_id", "rater"], how="anti").unique("response_id").sort("response_id")
    design = preset_design(pl.concat([once, second.head(12)]), "response")
    assert any("responses have two ratings, under 20%" in note for note in design.notes)


def test_unpaired_data_have_no_scenario_by_modality() -> None:
    design = preset_design(frame().filter(pl.col("modality") == "text-only"), "design")
    assert "(1|scenario:modality): the same levels as scenario" in design.notes
    assert "(1|response): the same levels as scenario:release" in design.notes
    assert design.model.columns == ("releaseB", "releaseC")


def test_four_raters_are_under_five_levels() -> None:
    assert "(1|rater): 4 levels, under 5" in preset_design(frame(raters=4), "published").notes


def test_the_profile_leaves_out_what_the_data_do_not_say() -> None:
    notes = preset_design(frame(), "profile").notes
    assert "(1|harm_category): 1 level, under 5" in notes
    assert "(1|technique): technique is not known for every rating" in notes


def test_releases_stand_in_their_declared_order() -> None:
    design = preset_design(frame(), "published", releases=["C", "A", "B"])
    assert design.model.columns[:2] == ("releaseA", "releaseB")


def test_harmful_is_harm_from_the_threshold() -> None:
    one = preset_design(frame(), "published", outcome="harmful", harmful_at=3)
    other = preset_design(frame(), "published", outcome="success")
    assert one.model.y.tolist() == other.model.y.tolist()


@pytest.mark.parametrize("preset", ["published", "design"])
def test_a_preset_is_the_model_of_its_formula(preset: Preset) -> None:
    ratings = frame(scenarios=12)
    design = preset_design(ratings, preset, outcome="success")
    by_preset = fit_design(design)
    by_formula = fit_mixed(
        design.formula.replace("response", "response_id"), ratings, family="bernoulli", reference={"modality": "text-only"}
    )
    assert by_preset.log_likelihood == pytest.approx(by_formula.log_likelihood, abs=1e-7)
    assert by_preset.coefficients["term"].to_list() == by_formula.coefficients["term"].to_list()
    assert by_preset.coefficients["estimate"].to_list() == pytest.approx(
        by_formula.coefficients["estimate"].to_list(), abs=1e-5
    )


def test_a_ratings_table_is_taken_as_it_is(ratings_of: Callable[..., pl.DataFrame]) -> None:
    rows = [
        {"scenario": f"s{s}", "release": release, "rater": f"r{j}", "harm": 1 + (s + j + (release == "B")) % 3}
        for s in range(8)
        for release in ("A", "B")
        for j in range(5)
    ]
    design = preset_design(ratings_of(rows), "published")
    assert design.model.categories == ("1", "2", "3")
    assert design.missing == 0


def test_an_unknown_outcome_is_refused() -> None:
    with pytest.raises(EstimationError, match="no preset 'design' for outcome 'mood'"):
        preset_design(frame(), "design", outcome="mood")


def test_presets_need_no_formula_library_and_no_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("formulaic", "pandas", "scipy"):
        monkeypatch.setitem(sys.modules, name, None)
    assert fit_design(preset_design(frame(scenarios=8), "published")).converged
    with pytest.raises(EstimationError, match="formulaic, which is not installed"):
        fit_mixed("harm ~ release + (1 | scenario)", frame(scenarios=8))

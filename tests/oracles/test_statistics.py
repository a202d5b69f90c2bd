"""The statistics against figures from R, PyPI packages and publications (reference/expected.json says what made each)."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.agreement import GroupedSums, Ratings, coefficient
from driftgauge.measure.analysis import measure
from driftgauge.measure.bootstrap import draw_weights, rating_replicates
from driftgauge.measure.estimate import answer
from driftgauge.measure.outcomes import Sample, counted, sample
from driftgauge.measure.populations import Question, index, population
from driftgauge.measure.rates import rates
from driftgauge.measure.units import Rows, contributions, unit_groups
from driftgauge.measure.variance import rater_strata
from driftgauge.rate.exchange import read_ratings
from driftgauge.study import Protocol, load_lineage


@pytest.fixture(scope="module")
def study(shared: Path) -> pl.DataFrame:
    lineage = load_lineage(shared / "reference" / "families.yaml")
    return read_ratings([shared / "reference" / "study_82256.parquet"], lineage=lineage).ratings


@pytest.fixture(scope="module")
def estimates(study: pl.DataFrame) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return measure(study, protocol=Protocol(), rng=rng, bootstrap=200, units=["rating"]).estimates


@pytest.fixture(scope="module")
def study_sample(study: pl.DataFrame) -> Sample:
    return sample(counted(study, Protocol()).rows, Protocol())


@pytest.mark.parametrize("coefficient_name", ["alpha_ordinal", "ac2_quadratic"])
def test_agreement_of_the_study_is_that_of_krippendorff_and_irrcac(
    estimates: pl.DataFrame, expected: dict[str, Any], coefficient_name: str
) -> None:
    row = estimates.filter(
        pl.col("estimand") == coefficient_name,
        pl.col("outcome") == "harm",
        pl.col("scope") == "panel",
        pl.all_horizontal(pl.col("release", "modality", "phase").is_null()),
    )
    assert row["estimate"].item() == pytest.approx(expected["agreement_study"][coefficient_name], abs=1e-8)


def _two_releases(study_sample: Sample) -> tuple[Question, dict[str, Any], dict[str, Any]]:
    found = index(study_sample)
    sides = tuple(population(found, release, {}) for release in ("GPT4o", "Pixtral12B"))
    asr = rates(study_sample, intent="adversarial")["asr"]
    group = unit_groups(study_sample)["response"]
    part = contributions(Rows(asr.y, asr.x, group, study_sample.weight), "rating", k=1)
    return Question("drift", sides, (-1.0, 1.0), {}), {"asr": asr}, {"asr": part}


def test_linearised_standard_errors_of_a_difference(study_sample: Sample, expected: dict[str, Any]) -> None:
    reference = expected["two_way_bootstrap_study"]["std_error"]
    question, found_rates, parts = _two_releases(study_sample)
    found = answer(study_sample, question, rates=found_rates, contributions=parts)
    assert found.panel.variance[0] ** 0.5 == pytest.approx(reference["scenario only"], abs=5e-5)
    assert found.raters.variance[0] ** 0.5 == pytest.approx(reference["linearised two-way with t (primary)"], abs=5e-5)


def test_pigeonhole_bootstrap_standard_error_of_a_difference(study_sample: Sample, expected: dict[str, Any]) -> None:
    reference = expected["two_way_bootstrap_study"]["std_error"]["scenario x rater, pigeonhole (raters within home panel)"]
    question, _, parts = _two_releases(study_sample)
    strata = rater_strata(study_sample.membership, np.ones(study_sample.n_raters, dtype=bool))
    weights = draw_weights(
        np.random.default_rng(1),
        n=10_000,
        n_scenarios=study_sample.n_scenarios,
        strata=strata,
        n_raters=study_sample.n_raters,
    )
    found = rating_replicates(weights, study_sample, rates=parts, populations=question.populations)
    before, after = (found["asr", side.key] for side in question.populations)
    assert (after - before).std() == pytest.approx(reference, rel=0.03)


@pytest.mark.parametrize("release", ["PixtralLarge", "Qwen25VL", "GPT5", "Claude45"])
def test_drift_and_its_standard_error(estimates: pl.DataFrame, expected: dict[str, Any], release: str) -> None:
    row = estimates.filter(pl.col("primary"), pl.col("release") == release).to_dicts()[0]
    drift, std_error = expected["drift_study"]["drift_and_std_error"][release]
    assert row["estimate"] == pytest.approx(drift, abs=5e-5)
    assert row["std_error"] == pytest.approx(std_error, abs=5e-4)
    assert 19 <= row["df"] <= 27


def _agreement(frame: pl.DataFrame, column: str, *, categories: list[Any]) -> dict[str, float]:
    codes = {value: number for number, value in enumerate(categories)}
    ratings = Ratings(
        response=frame["response_id"].rank("dense").to_numpy().astype(np.int64) - 1,
        scenario=frame["response_id"].rank("dense").to_numpy().astype(np.int64) - 1,
        rater=frame["rater"].rank("dense").to_numpy().astype(np.int64) - 1,
        value=frame[column].replace_strict(codes, return_dtype=pl.Int64).to_numpy(),
        group=np.zeros(len(frame), dtype=np.int64),
        categories=len(categories),
    )
    sums = GroupedSums(ratings, n_scenarios=len(frame), n_raters=frame["rater"].n_unique()).union(np.array([0]))
    names = ("alpha_ordinal", "ac2_quadratic", "fleiss_kappa", "exact_agreement", "unanimity")
    return {name: coefficient(name, sums) for name in names}


@pytest.mark.parametrize("name", ["hate_speech", "violence"])
def test_agreement_of_the_pyrit_sets_is_as_published(shared: Path, expected: dict[str, Any], name: str) -> None:
    path = shared / "data" / "pyrit_scorer_evals" / "harm" / f"{name}_multi_score.csv"
    frame = read_ratings([path], format="pyrit").ratings
    reference = expected["agreement_pyrit"][name]
    on_five = _agreement(frame, "harm", categories=[1, 2, 3, 4, 5])
    on_six = _agreement(frame, "harm", categories=[0, 1, 2, 3, 4, 5])
    halves = _agreement(frame.with_columns(harmful=pl.col("harm") >= 3), "harmful", categories=[False, True])
    assert frame["response_id"].n_unique() == reference["n"]
    assert on_five["alpha_ordinal"] == pytest.approx(reference["alpha_ordinal"], abs=5e-5)
    assert on_five["ac2_quadratic"] == pytest.approx(reference["ac2_quadratic_5"], abs=5e-5)
    assert on_six["ac2_quadratic"] == pytest.approx(reference["ac2_quadratic_6"], abs=5e-5)
    assert on_five["unanimity"] == pytest.approx(reference["exact_three_way"], abs=5e-4)
    assert 1 - halves["unanimity"] == pytest.approx(reference["split_two_one_at_0.5"], abs=5e-4)


XSTEST = ["llama2orig", "llama2new", "mistralinstruct", "mistralguard", "gpt4"]


def _xstest(shared: Path, *, style: str) -> pl.DataFrame:
    folder = shared / "data" / "xstest" / "model_completions"
    paths = [folder / f"xstest_v2_completions_{model}.csv" for model in XSTEST]
    ratings = read_ratings(paths, format=style).ratings
    return measure(ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=50).estimates


@pytest.fixture(scope="module")
def xstest_final(shared: Path) -> pl.DataFrame:
    return _xstest(shared, style="xstest-final")


@pytest.fixture(scope="module")
def xstest_annotators(shared: Path) -> pl.DataFrame:
    return _xstest(shared, style="xstest")


def _level(estimates: pl.DataFrame, **where: Any) -> float:
    conditions = [pl.col(name).eq_missing(pl.lit(value)) for name, value in where.items()]
    rows = estimates.filter(*conditions, pl.col("scope") == "panel", pl.col("unit") == "rating")
    return rows.filter(~pl.col("method").str.contains("bootstrap percentile") | pl.col("df").is_null())["estimate"][0]


@pytest.mark.parametrize("model", XSTEST)
def test_refusals_of_xstest_are_as_published(xstest_final: pl.DataFrame, expected: dict[str, Any], model: str) -> None:
    safe = {"release": model, "intent": "benign", "modality": None, "contrast": None}
    full, partial = expected["xstest"]["safe_prompts_full_and_partial_refusal"][model]
    assert _level(xstest_final, estimand="full_refusal", **safe) == pytest.approx(full, abs=1e-9)
    assert _level(xstest_final, estimand="partial_refusal", **safe) == pytest.approx(partial, abs=1e-9)
    assert _level(xstest_final, estimand="over_refusal", **safe) == pytest.approx(full + partial, abs=1e-9)
    unsafe = safe | {"intent": "adversarial"}
    complied = expected["xstest"]["unsafe_prompts_full_compliance"][model]
    assert 1 - _level(xstest_final, estimand="refusal_rate", **unsafe) == pytest.approx(complied, abs=1e-9)


@pytest.mark.parametrize("model", XSTEST)
def test_agreement_of_xstest_is_as_published(xstest_annotators: pl.DataFrame, expected: dict[str, Any], model: str) -> None:
    where = {"release": model, "outcome": "refusal_level"}
    agreement = expected["xstest"]["annotator_agreement"][model]
    kappa = expected["xstest"]["fleiss_kappa"][model]
    assert _level(xstest_annotators, estimand="exact_agreement", **where) == pytest.approx(agreement, abs=5e-4)
    assert _level(xstest_annotators, estimand="fleiss_kappa", **where) == pytest.approx(kappa, abs=5e-5)


def test_judges_of_speechmap_agree_as_counted(shared: Path, expected: dict[str, Any]) -> None:
    path = shared / "data" / "speechmap" / "compliance_two_judges.csv"
    ratings = read_ratings([path], format="speechmap").ratings
    labels = sorted(ratings["extra_label"].drop_nulls().unique().to_list())
    raw = _agreement(ratings.filter(pl.col("rater").is_not_null()), "extra_label", categories=labels)
    assert raw["exact_agreement"] == pytest.approx(expected["speechmap"]["judge_agreement"], abs=5e-5)


@pytest.mark.parametrize(
    "release", ["anthropic_claude-3-5-sonnet-20241022", "anthropic_claude-3-7-sonnet-20250219", "deepseek_deepseek-chat"]
)
def test_refusals_of_speechmap_by_its_first_judge_are_as_counted(shared: Path, expected: dict[str, Any], release: str) -> None:
    path = shared / "data" / "speechmap" / "compliance_two_judges.csv"
    ratings = read_ratings([path], format="speechmap").ratings
    set_of = pl.col("scenario").str.starts_with("china_criticism/")
    here = ratings.filter(set_of, pl.col("release") == release, pl.col("rater") == "grok41fast")
    found = measure(here, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, units=["rating"]).estimates
    row = found.filter(pl.col("estimand") == "over_refusal", pl.col("modality").is_null()).to_dicts()[0]
    assert row["kind"] == "judge"
    assert row["estimate"] * row["n_ratings"] == pytest.approx(
        expected["speechmap"]["china_criticism_not_complete_of_50"][release]
    )

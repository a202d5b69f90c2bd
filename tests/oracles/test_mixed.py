"""Mixed models against R: `ordinal::clmm`, `glmmTMB` and `emmeans` (reference/scripts, reference/response_8160.R.txt)."""

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from driftgauge.measure.mixed.fit import fit_mixed
from driftgauge.measure.mixed.result import MixedFit

SHORTFALL = 1e-4
"""A log-likelihood may be higher than the reference, and lower by so much at most (statistics §9)."""


def by_term(fit: MixedFit, column: str = "estimate") -> dict[str, float]:
    return dict(fit.coefficients.select("term", column).iter_rows())


def sds(fit: MixedFit) -> dict[str, float]:
    return dict(fit.random_effects.select("grouping", "std_dev").iter_rows())


def test_wine_is_as_clmm_has_it(shared: Path, expected: dict[str, Any]) -> None:
    reference = expected["clmm_wine"]
    wine = pl.read_csv(shared / "reference" / "wine.csv")
    fit = fit_mixed("rating ~ temp + contact + (1 | judge)", wine)
    assert fit.log_likelihood == pytest.approx(reference["loglik"], abs=1e-5)
    assert by_term(fit) == pytest.approx({name: reference[name] for name in ("tempwarm", "contactyes")}, abs=1e-4)
    assert fit.thresholds["estimate"].to_list() == pytest.approx(reference["thresholds"], abs=1e-4)
    assert sds(fit)["judge"] ** 2 == pytest.approx(reference["judge_variance"], abs=1e-4)


def test_pyrit_with_its_item_variance_of_28_is_as_clmm_has_it(shared: Path, expected: dict[str, Any]) -> None:
    reference = expected["clmm_pyrit"]
    frame = pl.read_csv(shared / "reference" / "pyrit_long.csv")
    fit = fit_mixed("y ~ cat + (1 | item) + (1 | rater)", frame)
    assert fit.log_likelihood > reference["loglik"] - 1e-5
    assert by_term(fit)["catviolence"] == pytest.approx(reference["catviolence"], abs=1e-3)
    assert fit.thresholds["estimate"].to_list() == pytest.approx(reference["thresholds"], abs=1e-3)
    assert sds(fit)["item"] ** 2 == pytest.approx(reference["item_variance"], rel=1e-4)
    assert sds(fit)["rater"] ** 2 == pytest.approx(reference["rater_variance"], rel=1e-4)


def test_82256_ratings_are_as_glmmtmb_has_them(shared: Path, expected: dict[str, Any]) -> None:
    reference = expected["glmm_study"]
    frame = pl.read_parquet(shared / "reference" / "study_82256.parquet")
    fit = fit_mixed(
        "success ~ release * modality + (1 | prompt) + (1 | rater)",
        frame,
        family="bernoulli",
        reference={"release": "Pixtral12B", "modality": "text-only"},
    )
    assert fit.log_likelihood > reference["loglik"] - SHORTFALL
    assert fit.log_likelihood == pytest.approx(reference["loglik"], abs=1e-5)
    assert sds(fit) == pytest.approx(reference["sd"], abs=1e-4)
    found, errors = by_term(fit), by_term(fit, "std_error")
    for name, (estimate, std_error) in reference["coefficients"].items():
        term = _as_r_names_it(name)
        assert found[term] == pytest.approx(estimate, abs=5e-4)
        assert errors[term] == pytest.approx(std_error, rel=1e-3)


def _as_r_names_it(name: str) -> str:
    if name == "(Intercept)":
        return name
    return ":".join(("modality" if part == "multimodal" else "release") + part for part in name.split(":"))


RANDOM = {"published": "(1 | scenario) + (1 | rater)", "response": "(1 | scenario) + (1 | response) + (1 | rater)"}


@pytest.fixture(scope="module")
def response_fits(shared: Path) -> dict[tuple[str, str], MixedFit]:
    frame = pl.read_csv(shared / "reference" / "response_8160.csv")
    return {
        (family, preset): fit_mixed(
            f"{outcome} ~ release * modality + {random}", frame, family=family, reference={"modality": "text-only"}
        )
        for family, outcome in (("cumulative", "harm"), ("bernoulli", "success"))
        for preset, random in RANDOM.items()
    }


@pytest.fixture(scope="module")
def printed_by_r(shared: Path) -> dict[tuple[str, str], str]:
    """R's output, one part a fit, with the contrasts of emmeans after the cumulative ones."""
    text = (shared / "reference" / "response_8160.R.txt").read_text(encoding="utf-8")
    families = {"clmm": "cumulative", "glmmTMB": "bernoulli"}
    parts = re.findall(r"^## (\w+) (\w+) [^\n]*\n(.*?)(?=^## |\Z)", text, flags=re.DOTALL | re.MULTILINE)
    return {(families[program], preset): part for program, preset, part in parts}


FITS = [(family, preset) for family in ("cumulative", "bernoulli") for preset in RANDOM]


@pytest.mark.parametrize(("family", "preset"), FITS)
def test_log_likelihood_and_sds_with_up_to_three_effects(
    response_fits: dict[tuple[str, str], MixedFit], expected: dict[str, Any], family: str, preset: str
) -> None:
    program = {"cumulative": "clmm", "bernoulli": "glmmTMB"}[family]
    reference = expected["response_8160"][f"{program}_{preset}"]
    fit = response_fits[family, preset]
    assert fit.log_likelihood > reference["loglik"] - SHORTFALL
    assert fit.log_likelihood == pytest.approx(reference["loglik"], abs=1e-3)
    assert sds(fit) == pytest.approx(reference["sd"], abs=1e-3)


@pytest.mark.parametrize(("family", "preset"), FITS)
def test_coefficients_and_standard_errors_with_up_to_three_effects(
    response_fits: dict[tuple[str, str], MixedFit], printed_by_r: dict[tuple[str, str], str], family: str, preset: str
) -> None:
    lines = re.findall(r"^(\S+) +(-?[\d.e-]+) +([\d.e-]+) +-?[\d.]+$", printed_by_r[family, preset], flags=re.MULTILINE)
    fit = response_fits[family, preset]
    found = fit.to_frame().filter(pl.col("kind") != "std_dev").select("term", "estimate", "std_error")
    ours = {term: numbers for term, *numbers in found.iter_rows()}
    assert {term for term, *_ in lines} == set(ours)
    for term, estimate, std_error in lines:
        assert ours[term][0] == pytest.approx(float(estimate), abs=1e-3)
        assert ours[term][1] == pytest.approx(float(std_error), rel=1e-3)


@pytest.mark.parametrize("preset", RANDOM)
def test_contrasts_are_as_emmeans_prints_them(
    response_fits: dict[tuple[str, str], MixedFit], printed_by_r: dict[tuple[str, str], str], preset: str
) -> None:
    parts = printed_by_r["cumulative", preset].split("modality = ")[1:]
    found = response_fits["cumulative", preset].contrasts("release", by="modality")
    for part in parts:
        modality = part.split(":")[0]
        lines = re.findall(r"^ ([A-D] - [A-D]) +(\S+) (\S+) Inf +(\S+) +(\S+)", part, flags=re.MULTILINE)
        ours = found.filter(modality=modality).select("contrast", "estimate", "std_error", "conf_low", "conf_high").rows()
        assert [line[0] for line in lines] == [row[0] for row in ours]
        for line, row in zip(lines, ours, strict=True):
            assert row[1:] == pytest.approx([float(each) for each in line[1:]], abs=1e-3)


def test_intervals_without_a_response_effect_are_1_7_times_too_narrow(
    response_fits: dict[tuple[str, str], MixedFit], expected: dict[str, Any]
) -> None:
    reference = expected["response_8160"]["std_error_of_release_B_text_only"]
    for preset in RANDOM:
        error = by_term(response_fits["cumulative", preset], "std_error")["releaseB"]
        assert error == pytest.approx(reference[preset], abs=5e-5)

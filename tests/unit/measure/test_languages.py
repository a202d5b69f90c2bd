"""One language against another within a release, and panels made alike in who their raters are."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.bootstrap import draw_weights, rating_replicates
from driftgauge.measure.bounds import missing_in
from driftgauge.measure.languages import (
    age_bands,
    baseline_language,
    language_questions,
    language_rows,
    matched_questions,
    matched_rows,
    matched_weights,
    with_demographics,
)
from driftgauge.measure.mixed.fit import fit_mixed
from driftgauge.measure.mixed.result import MixedFit
from driftgauge.measure.outcomes import counted, sample
from driftgauge.measure.populations import Index, index
from driftgauge.measure.rates import rates
from driftgauge.measure.rows import Row, Setting, estimates_frame
from driftgauge.measure.units import Contributions, Rows, contributions, unit_groups
from driftgauge.measure.variance import Cells, two_way_spread
from driftgauge.study import Protocol

Make = Callable[[list[dict[str, Any]]], pl.DataFrame]
SETTING = Setting("human", "adversarial", "rating", 0.95, 3, {}, simulated=False)


def study(
    *,
    languages: Sequence[str] = ("en-US", "de-DE"),
    scenarios: int = 5,
    raters: int = 4,
    releases: Sequence[str] = ("A",),
    seed: int = 1,
) -> list[dict[str, Any]]:
    """Each language has raters of its own, who rate every response in it."""
    rng = np.random.default_rng(seed)
    return [
        {
            "scenario": f"s{s}",
            "release": release,
            "language": language,
            "panel": language,
            "rater": f"{language}-{r}",
            "success": bool(rng.random() < 0.5),
        }
        for release, language, s, r in product(releases, languages, range(scenarios), range(raters))
    ]


def found_in(frame: pl.DataFrame) -> Index:
    return index(sample(counted(frame, Protocol()).rows, Protocol()))


def parts_of(found: Index) -> dict[str, Contributions]:
    here = found.sample
    group = unit_groups(here)["response"]
    known = rates(here, intent="adversarial")
    return {name: contributions(Rows(rate.y, rate.x, group, here.weight), "rating", k=1) for name, rate in known.items()}


def contrasts(frame: pl.DataFrame, *, scopes: Sequence[str] = ("raters",), **also: Any) -> list[Row]:
    found = found_in(frame)
    known = rates(found.sample, intent="adversarial")
    rows = language_rows(found, setting=SETTING, rates=known, contributions=parts_of(found), scopes=scopes, **also)
    return [row for row in rows if row["estimand"] == "asr"]


def matched(frame: pl.DataFrame, setting: Setting = SETTING) -> list[Row]:
    found = found_in(frame)
    rows = matched_rows(found, setting=setting, rates=rates(found.sample, intent="adversarial"), scopes=("raters",))
    return [row for row in rows if row["estimand"] == "asr"]


def with_people(frame: pl.DataFrame, gender: dict[str, str | None], age: dict[str, str] | None = None) -> pl.DataFrame:
    frame = frame.with_columns(extra_participant_gender=pl.col("rater").replace_strict(gender, default=None))
    return frame.with_columns(extra_participant_age=pl.col("rater").replace_strict(age, default=None)) if age else frame


# the contrast


def test_the_contrast_by_hand_with_its_interval(ratings_of: Make) -> None:
    # two scenarios, two raters a language: English 1/4, German 3/4; s3 in English alone stays out
    english = [("s1", "u", 1), ("s1", "v", 0), ("s2", "u", 0), ("s2", "v", 0), ("s3", "u", 1)]
    german = [("s1", "x", 1), ("s1", "y", 1), ("s2", "x", 1), ("s2", "y", 0)]
    rows = [
        {"scenario": s, "release": "A", "language": language, "rater": r, "success": bool(value)}
        for language, ratings in (("en", english), ("de", german))
        for s, r, value in ratings
    ]
    (row,) = contrasts(ratings_of(rows))
    assert row["estimate"] == 3 / 4 - 1 / 4
    assert (row["contrast"], row["release"], row["language"], row["baseline_language"]) == ("language", "A", "de", "en")
    assert (row["n_ratings"], row["n_raters"], row["n_scenarios"], row["n_responses"]) == (8, 4, 2, 4)
    assert row["reason_excluded"] == "1 prompts that were rated in one of the languages only"
    # Z = (y − R)/4, negative for English; a stratum of raters for each language
    z = np.array([[-3, 1, 1, 1, 1, 1, 1, -3]]) / 16
    cells = Cells(np.array([0, 0, 1, 1, 0, 0, 1, 1]), np.array([0, 1, 0, 1, 2, 3, 2, 3]), 2, 4)
    strata = [np.array([0, 1]), np.array([2, 3])]
    spread = two_way_spread(z, cells, n_scenarios=np.array([2]), strata=strata)
    assert row["std_error"] == pytest.approx(float(spread.variance[0]) ** 0.5)
    assert row["df"] == pytest.approx(float(spread.df[0]))


def test_english_is_the_baseline_else_the_most_rated(ratings_of: Make) -> None:
    assert baseline_language(found_in(ratings_of(study(languages=("de-DE", "en-US"))))) == "en-US"
    assert baseline_language(found_in(ratings_of(study(languages=("de-DE", "es-ES"))))) == "de-DE"
    more = study(languages=("de-DE", "es-ES", "ent")) + study(languages=("es-ES",), raters=6)[20:]
    assert baseline_language(found_in(ratings_of(more))) == "es-ES"


def test_without_a_second_language_nothing_is_asked(ratings_of: Make) -> None:
    assert language_questions(found_in(ratings_of(study(languages=("en",))))) == []
    rows = [row | {"language": None} for row in study(languages=("en",))]
    frame = ratings_of(rows)
    assert baseline_language(found_in(frame)) is None
    assert contrasts(frame) == matched(frame) == []


def test_languages_are_paired_within_the_modality(ratings_of: Make) -> None:
    rows = [row | {"modality": "multimodal" if row["language"] == "de-DE" else "text-only"} for row in study()]
    (row,) = estimates_frame(contrasts(ratings_of(rows)), analysis_id="a").to_dicts()
    assert row["estimate"] is None
    assert row["reason_null"] == "no scenario was rated in both languages"
    assert row["n_ratings"] == 0


def test_a_release_that_was_not_rated_in_the_baseline_has_a_reason(ratings_of: Make) -> None:
    rows = study() + study(languages=("de-DE",), releases=("B",))
    by_release = {row["release"]: row for row in contrasts(ratings_of(rows))}
    assert not np.isnan(by_release["A"]["estimate"])
    assert by_release["B"]["reason_null"] == "no scenario was rated in both languages"


def test_swapped_languages_mirror_the_sign(ratings_of: Make) -> None:
    swap = {"en-US": "de-DE", "de-DE": "en-US"}
    (there,) = contrasts(ratings_of(study()))
    (back,) = contrasts(ratings_of([row | {"language": swap[row["language"]]} for row in study()]))
    assert back["estimate"] == pytest.approx(-there["estimate"])
    assert back["std_error"] == pytest.approx(there["std_error"])


def test_order_of_rows_does_not_matter(ratings_of: Make) -> None:
    frame = ratings_of(study(releases=("A", "B")))
    there, back = (contrasts(each) for each in (frame, frame.sample(fraction=1, shuffle=True, seed=3)))
    assert [row["estimate"] for row in there] == [row["estimate"] for row in back]
    assert [row["std_error"] for row in there] == pytest.approx([row["std_error"] for row in back])


def test_one_panel_of_two_languages_is_two_strata(ratings_of: Make) -> None:
    (apart,) = contrasts(ratings_of(study()))
    (together,) = contrasts(ratings_of([row | {"panel": "all"} for row in study()]))
    assert together["std_error"] == pytest.approx(apart["std_error"])
    assert together["df"] == pytest.approx(apart["df"])


def test_rows_have_bootstrap_twins_where_there_are_replicates(ratings_of: Make) -> None:
    frame = ratings_of(study(scenarios=30))
    found = found_in(frame)
    here = found.sample
    strata = [np.arange(4), np.arange(4, 8)]
    weights = draw_weights(np.random.default_rng(1), n=500, n_scenarios=here.n_scenarios, strata=strata, n_raters=here.n_raters)
    sides = [side for question in language_questions(found) for side in question.populations]
    drawn = {"raters": rating_replicates(weights, here, rates=parts_of(found), populations=sides)}
    plain, twin = contrasts(frame, replicates=drawn)
    assert twin["method"] == "two-way bootstrap percentile"
    assert twin["language"] == "de-DE"
    assert twin["std_error"] == pytest.approx(plain["std_error"], rel=0.4)


def test_missing_responses_are_counted_beside_what_is_unpaired(ratings_of: Make) -> None:
    rows = study() + [row | {"scenario": "s9"} for row in study(languages=("en-US",), scenarios=1)]
    frame = ratings_of(rows)
    lost = ratings_of([rows[0] | {"scenario": "s8", "rater": None, "success": None, "status": "failed"}])
    (row,) = contrasts(frame, missing=missing_in(found_in(frame), lost))
    assert row["n_excluded"] == 2
    assert row["reason_excluded"] == (
        "1 responses that failed or were unsupported; 1 prompts that were rated in one of the languages only"
    )


def test_intervals_hold_a_known_difference(ratings_of: Make) -> None:
    rng = np.random.default_rng(7)
    inside = 0
    for _ in range(40):
        scenario, severity = rng.normal(0, 1, 40), {"en": rng.normal(0, 0.4, 8), "de": rng.normal(0, 0.4, 8)}
        rows = [
            {
                "scenario": f"s{s}",
                "release": "A",
                "language": language,
                "rater": f"{language}{r}",
                "success": bool(scenario[s] + severity[language][r] + 0.8 * (language == "de") + rng.logistic() > 0),
            }
            for language, s, r in product(severity, range(40), range(8))
        ]
        (row,) = contrasts(ratings_of(rows))
        # E[expit(0.8 + N(0, 1.16))] − ½, by quadrature
        inside += row["conf_low"] < 0.1567 < row["conf_high"]
    assert inside >= 35  # P(fewer) is 1.4 % at a coverage of .95


# who the raters are


def test_ages_become_bands_and_bands_stay() -> None:
    ages = pl.Series("age", ["18", " 44 ", "45", "over 60", None])
    assert age_bands(ages).to_list() == ["under 30", "30 to 44", "45 to 59", "over 60", None]
    assert age_bands(pl.Series("age", [20, 70]), edges=(50,)).to_list() == ["under 50", "50 and over"]


def test_demographics_are_found_under_the_names_of_their_sources() -> None:
    frame = pl.DataFrame(
        {"extra_participant_gender": ["Female", " ", None], "extra_age": ["31", "", "77"], "extra_page": ["1"] * 3}
    )
    rows, names = with_demographics(frame)
    assert names == ("gender", "age")
    assert rows["gender"].to_list() == ["female", None, None]
    assert rows["age"].to_list() == ["30 to 44", None, "60 and over"]
    assert with_demographics(pl.DataFrame({"rater": ["u"]}))[1] == ()


def people_of(people: dict[str, list[tuple[str | None, ...]]], covariates: Sequence[str] = ("gender",)) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"panel": panel, "rater": f"{panel}{n:02d}", **dict(zip(covariates, values, strict=True))}
            for panel, raters in people.items()
            for n, values in enumerate(raters)
        ]
    )


def weights_of(people: dict[str, list[tuple[str | None, ...]]]) -> pl.DataFrame:
    return matched_weights(people_of(people), panels=list(people), covariates=["gender"])


def test_weights_by_hand() -> None:
    # a: f f m, b: f m m m; in common: f (2/3 + 1/4)/2 = 11/24, m 13/24
    found = weights_of({"a": [("f",), ("f",), ("m",)], "b": [("f",), ("m",), ("m",), ("m",)]})
    f, m = 11 / 24, 13 / 24
    by_hand = [f / (2 / 3), f / (2 / 3), m / (1 / 3), f / (1 / 4), *[m / (3 / 4)] * 3]
    assert found["weight"].to_list() == pytest.approx(by_hand)


def test_weighted_panels_have_one_distribution_and_mean_weight_one() -> None:
    rng = np.random.default_rng(3)
    chances = {"a": (0.8, 0.4), "b": (0.3, 0.5), "c": (0.5, 0.7)}
    people = {
        panel: [("fm"[int(rng.random() > first)], "yo"[int(rng.random() > second)]) for _ in range(30)]
        for panel, (first, second) in chances.items()
    }
    frame = people_of(people, ("gender", "age"))
    found = matched_weights(frame, panels=["a", "b", "c"], covariates=["gender", "age"]).join(frame, on=["panel", "rater"])
    assert found["weight"].null_count() == 0
    shares = found.group_by("gender", "age", "panel").agg(pl.col("weight").sum() / 30).sort("gender", "age", "panel")
    by_stratum = shares["weight"].to_numpy().reshape(4, 3)
    assert by_stratum == pytest.approx(np.repeat(by_stratum[:, :1], 3, axis=1))
    assert by_stratum.sum(axis=0) == pytest.approx(np.ones(3))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["f", "m", "x", None])), min_size=1, max_size=12))
def test_names_and_order_do_not_change_weights_and_weighted_panels_are_alike(raters: list[tuple[str, str | None]]) -> None:
    panel, gender = zip(*raters, strict=True)
    frame = pl.DataFrame(
        {"panel": panel, "rater": [f"r{n:02d}" for n in range(len(raters))], "gender": pl.Series(gender, dtype=pl.String)}
    )
    found, back = (
        matched_weights(each, panels=["a", "b"], covariates=["gender"])
        for each in (frame, frame.reverse().with_columns(pl.col("rater").str.reverse()))
    )
    renamed = back.with_columns(pl.col("rater").str.reverse()).sort("panel", "rater")
    assert renamed["weight"].to_list() == pytest.approx(found["weight"].to_list())
    assert found["weight"].is_null().to_list() == found["reason"].is_not_null().to_list()
    sums = found.drop_nulls("weight").join(frame, on=["panel", "rater"]).group_by("gender", "panel").agg(pl.col("weight").sum())
    size = found.drop_nulls("weight").group_by("panel").agg(n=pl.len())
    shares = sums.join(size, on="panel").with_columns(share=pl.col("weight") / pl.col("n")).sort("gender", "panel")["share"]
    assert shares.gather_every(2).to_list() == pytest.approx(shares.gather_every(2, 1).to_list())


def test_like_panels_keep_their_weights() -> None:
    assert weights_of({"a": [("f",), ("m",)], "b": [("m",), ("f",)]})["weight"].to_list() == [1.0] * 4


def test_who_is_unknown_or_has_no_like_is_left_out_with_the_reason() -> None:
    found = weights_of({"a": [("f",), (None,), ("x",)], "b": [("f",), ("m",)]})
    assert found["weight"].to_list() == [1.0, None, None, 1.0, None]
    assert found["reason"].to_list() == [
        None,
        "of unknown gender",
        *["whose like another panel lacks"] * 1,
        None,
        "whose like another panel lacks",
    ]


def test_two_answers_of_one_rater_are_no_answer_and_blanks_do_not_count() -> None:
    frame = pl.DataFrame({"panel": list("aaab"), "rater": list("uuvw"), "gender": ["f", "m", "f", "f"]})
    assert matched_weights(frame, panels=["a", "b"], covariates=["gender"])["weight"].to_list() == [None, 1.0, 1.0]
    frame = frame.with_columns(gender=pl.Series(["f", None, "f", "f"]))
    assert matched_weights(frame, panels=["a", "b"], covariates=["gender"])["weight"].to_list() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(("panels", "covariates"), [(["a"], ["gender"]), (["a", "b"], [])])
def test_nothing_to_match_is_an_error(panels: list[str], covariates: list[str]) -> None:
    with pytest.raises(EstimationError, match="there is nothing to match"):
        matched_weights(pl.DataFrame({"panel": ["a"], "rater": ["u"], "gender": ["f"]}), panels=panels, covariates=covariates)


# the matched contrast

GENDER = {
    "en-US-0": "f",
    "en-US-1": "f",
    "en-US-2": "f",
    "en-US-3": "m",
    "de-DE-0": "f",
    "de-DE-1": "m",
    "de-DE-2": "m",
    "de-DE-3": "m",
}


def test_a_difference_that_is_who_rated_goes_away_when_matched(ratings_of: Make) -> None:
    # women say yes, men say no; English was rated by three women of four, German by one
    frame = with_people(ratings_of(study()), GENDER).with_columns(success=pl.col("rater").replace_strict(GENDER) == "f")
    assert contrasts(frame)[0]["estimate"] == -0.5
    (row,) = matched(frame)
    assert row["estimate"] == pytest.approx(0)
    assert row["method"] == "linearised two-way t; raters matched on gender"
    assert (row["n_raters"], row["n_ratings"], row["n_excluded"]) == (8, 40, 0)


@pytest.mark.parametrize("unit", ["rating", "response_mean"])
def test_like_panels_change_nothing(ratings_of: Make, unit: Any) -> None:
    gender = {name: "f" if name[-1] in "01" else "m" for name in GENDER}
    (row,) = matched(with_people(ratings_of(study()), gender), replace(SETTING, unit=unit))
    (plain,) = contrasts(ratings_of(study()))
    assert row["estimate"] == pytest.approx(plain["estimate"])
    assert row["std_error"] == pytest.approx(plain["std_error"])


def test_both_covariates_are_in_the_method(ratings_of: Make) -> None:
    (row,) = matched(with_people(ratings_of(study()), GENDER, dict.fromkeys(GENDER, "33")))
    assert row["method"].endswith("; raters matched on gender, age")


def test_raters_who_cannot_be_matched_are_counted(ratings_of: Make) -> None:
    gender: dict[str, str | None] = GENDER | {"en-US-0": "x", "en-US-1": None}
    frame = with_people(ratings_of(study()), gender)
    (row,) = matched(frame)
    assert row["n_excluded"] == 10
    assert (
        row["reason_excluded"]
        == "5 ratings by 1 raters of unknown gender; 5 ratings by 1 raters whose like another panel lacks"
    )
    (question,) = matched_questions(found_in(frame))
    assert sum(len(side.rows) for side in question.populations) == row["n_ratings"] == 30


def test_scenarios_that_only_unmatched_raters_rated_fall_out_of_both_sides(ratings_of: Make) -> None:
    rows = [row for row in study() if row["scenario"] != "s0" or row["rater"] not in ("en-US-1", "en-US-2", "en-US-3")]
    (row,) = matched(with_people(ratings_of(rows), GENDER | {"en-US-0": None}))
    assert row["n_scenarios"] == 4
    assert row["reason_excluded"] == (
        "5 ratings by 1 raters of unknown gender; 4 ratings of prompts that no such rater rated in the other language"
    )


def test_panels_with_nobody_alike_have_no_contrast_and_the_reason(ratings_of: Make) -> None:
    gender = {name: "f" if name.startswith("en") else "m" for name in GENDER}
    (row,) = estimates_frame(matched(with_people(ratings_of(study()), gender)), analysis_id="a").to_dicts()
    assert row["estimate"] is None
    assert row["reason_null"] == "no scenario was rated by raters of both languages who are alike in gender"
    assert (row["n_ratings"], row["n_excluded"]) == (0, 40)


def test_one_rater_a_side_who_is_alike_has_no_interval(ratings_of: Make) -> None:
    gender: dict[str, str | None] = dict.fromkeys(GENDER) | {"en-US-0": "f", "de-DE-0": "f"}
    (row,) = estimates_frame(matched(with_people(ratings_of(study()), gender)), analysis_id="a").to_dicts()
    assert row["estimate"] is not None
    assert row["conf_low"] is None
    assert row["reason_null"] == "one rater: nothing can be said about raters like this one"


def test_without_demographics_or_in_units_without_weights_there_is_no_matching(ratings_of: Make) -> None:
    assert matched(ratings_of(study())) == []
    assert matched(with_people(ratings_of(study()), GENDER), replace(SETTING, unit="response_majority")) == []


# rater covariates in a mixed model


def rated_by(rng: np.random.Generator, *, effect: float) -> pl.DataFrame:
    """40 scenarios × 2 releases × 24 raters, of whom the women are more severe by `effect` logits."""
    s, g, r = (each.ravel() for each in np.indices((40, 2, 24)))
    severity = rng.normal(0, 0.5, 24) + effect * (np.arange(24) % 2)
    eta: FloatArray = -0.7 * g + severity[r] + rng.normal(0, 1.0, 40)[s] + rng.logistic(size=len(s))
    return pl.DataFrame(
        {
            "scenario": s,
            "release": np.array(["Elm 1", "Elm 2"])[g],
            "rater": r,
            "gender": np.array(["man", "woman"])[r % 2],
            "harm": 1 + np.searchsorted([-1.0, 0.0, 1.0, 2.0], eta),
        }
    )


def rater_sd(fit: MixedFit) -> float:
    return float(fit.random_effects.filter(pl.col("grouping") == "rater")["std_dev"].item())


def test_a_mixed_model_recovers_the_effect_of_who_the_rater_is() -> None:
    frame = rated_by(np.random.default_rng(11), effect=1.2)
    fit = fit_mixed("harm ~ release + gender + (1 | scenario) + (1 | rater)", frame)
    (gender,), (release,) = (fit.contrasts(name).to_dicts() for name in ("gender", "release"))
    assert fit.converged
    assert gender["contrast"] == "woman - man"
    assert gender["conf_low"] < 1.2 < gender["conf_high"]
    assert gender["conf_low"] > 0
    assert release["conf_low"] < -0.7 < release["conf_high"]


def test_without_the_covariate_its_effect_is_spread_of_raters() -> None:
    frame = rated_by(np.random.default_rng(11), effect=1.2)
    formulas = (f"harm ~ release {extra} + (1 | scenario) + (1 | rater)" for extra in ("+ gender", ""))
    spread = [rater_sd(fit_mixed(formula, frame, std_errors=False)) for formula in formulas]
    assert spread[1] > 1.2 * spread[0]

"""Mixed-model rows beside the primary ones: what they are called, what they rest on, and when they say that they disagree."""

import sys
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.errors import EstimationError
from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.lookup import Lookup
from driftgauge.measure.model_verdicts import QUANTILES, disagreements
from driftgauge.measure.models import METHOD, Model
from driftgauge.measure.simulate import PUBLISHED_SHAPE, simulate
from driftgauge.rate.exchange import read_ratings
from driftgauge.study import Protocol


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Sixty scenarios, two families, eight raters a phase, out of the simulated study."""
    path = tmp_path_factory.mktemp("models") / "ratings.parquet"
    simulate(PUBLISHED_SHAPE, np.random.default_rng(3)).write_parquet(path)
    study = read_ratings([path]).ratings.filter(pl.col("family").is_in(["Alder", "Birch"]))
    scenarios = study["scenario"].unique().sort()[:60]
    raters = study.group_by("phase").agg(pl.col("rater").unique().sort().head(8))["rater"].explode().unique()
    return study.filter(pl.col("scenario").is_in(scenarios.implode()), pl.col("rater").is_in(raters.implode()))


def measured(ratings: pl.DataFrame, **settings: object) -> Measured:
    return measure(
        ratings,
        protocol=Protocol(),
        rng=np.random.default_rng(1),
        bootstrap=0,
        units=("rating",),
        **{"model": Model("design"), **settings},
    )


@pytest.fixture(scope="module")
def found(ratings: pl.DataFrame) -> Measured:
    return measured(ratings)


@pytest.fixture(scope="module")
def of_model(found: Measured) -> pl.DataFrame:
    return found.estimates.filter(pl.col("method").str.starts_with(METHOD))


def test_levels_drifts_and_latent_contrasts_of_both_outcomes_stand_beside_the_primary_rows(of_model: pl.DataFrame) -> None:
    counted = {
        tuple(row[:3]): row[3]
        for row in of_model.group_by("estimand", "contrast", pl.col("modality").is_null()).len("n").iter_rows()
    }
    for averaged, latent in (("asr", "latent_success"), ("harm_rate", "latent_harm")):
        assert counted[averaged, None, True] == 4
        assert counted[averaged, None, False] == 8
        assert counted[averaged, "drift", True] == 2
        assert counted[latent, "drift", True] == 2
    assert set(of_model["primary"]) == {False}
    assert of_model["verdict"].null_count() == len(of_model)
    assert of_model["estimate"].null_count() == 0


def test_averaged_levels_are_near_the_plain_rates(found: Measured, of_model: pl.DataFrame) -> None:
    plain = found.estimates.filter(
        pl.col("method").str.starts_with("linearised"), pl.col("scope") == "raters", pl.col("filter") == "all"
    )
    keys = ["estimand", "release"]
    here = [
        frame.filter(pl.all_horizontal(pl.col("contrast", "modality", "language", "harm_category").is_null()))
        for frame in (of_model, plain)
    ]
    both = here[0].join(here[1], on=keys, suffix="_plain").filter(pl.col("estimand").is_in(["asr", "harm_rate"]))
    assert len(both) == 8
    assert (both["estimate"] - both["estimate_plain"]).abs().max() < 0.05


def test_drifts_take_t_with_the_degrees_of_freedom_of_the_primary_row(found: Measured, of_model: pl.DataFrame) -> None:
    primary = {row["release"]: row["df"] for row in found.estimates.filter("primary").iter_rows(named=True)}
    drifts = of_model.filter(pl.col("contrast") == "drift", pl.col("outcome") == "success")
    assert {row["release"]: row["df"] for row in drifts.iter_rows(named=True)} == primary
    assert all(method.endswith(", t") for method in drifts["method"])


def test_the_odds_ratio_of_an_averaged_drift_is_that_of_its_levels(of_model: pl.DataFrame) -> None:
    pooled = of_model.filter(pl.col("modality").is_null(), pl.col("estimand").is_in(["asr", "harm_rate"]))
    levels = {(row["estimand"], row["release"]): row["estimate"] for row in pooled.iter_rows(named=True) if not row["contrast"]}
    drifts = pooled.filter(pl.col("contrast") == "drift")
    assert len(drifts) == 4
    for row in drifts.iter_rows(named=True):
        before, after = (levels[row["estimand"], row[name]] for name in ("baseline_release", "release"))
        assert row["odds_ratio"] == pytest.approx(after / (1 - after) / (before / (1 - before)))
        assert row["odds_ratio_low"] < row["odds_ratio"] < row["odds_ratio_high"]
        assert (row["conf_low"] > 0) == (row["odds_ratio_low"] > 1)


def test_a_verdict_with_its_margin_as_an_odds_ratio_is_compared_on_that_scale() -> None:
    protocol = Protocol.model_validate({"margin": {"odds_ratio": 1.5}})
    primary = [drift(0.01, 0.02, p_value=0.6, verdict="inconclusive")]
    narrow = {"odds_ratio": 1.01, "odds_ratio_low": 0.95, "odds_ratio_high": 1.01**2 / 0.95}
    wide = {"odds_ratio": 1.01, "odds_ratio_low": 0.5, "odds_ratio_high": 1.01**2 / 0.5}
    beside = drift(0.01, 0.02, p_value=0.6, verdict=None)
    for limits, would in ((narrow, ["unchanged"]), (wide, [])):
        found = [*disagreements([beside | limits], primary, protocol=protocol, model="design, laplace")]
        assert [verdict for verdict in ("unchanged",) for each in found if f"would be {verdict} by" in each.sentence] == would
        assert len(found) == len(would)


def test_the_odds_ratio_of_a_latent_contrast_is_its_exponential(of_model: pl.DataFrame) -> None:
    latent = of_model.filter(pl.col("estimand").str.starts_with("latent_"))
    for name, odds in (("estimate", "odds_ratio"), ("conf_low", "odds_ratio_low"), ("conf_high", "odds_ratio_high")):
        assert np.allclose(np.exp(latent[name]), latent[odds])


def test_a_number_of_a_model_rests_on_all_its_ratings(ratings: pl.DataFrame, of_model: pl.DataFrame) -> None:
    lookup = Lookup(ratings, Protocol())
    for row in of_model.iter_rows(named=True):
        assert len(lookup.ratings_of(row)) == row["n_ratings"]


def test_the_primary_rows_are_the_same_with_and_without_a_model(ratings: pl.DataFrame, found: Measured) -> None:
    alone = measured(ratings, model=Model("none")).estimates
    beside = found.estimates.filter(~pl.col("method").str.starts_with(METHOD))
    assert alone.equals(beside, null_equal=True)


def test_a_release_without_finite_odds_is_set_aside_and_the_others_have_their_numbers(ratings: pl.DataFrame) -> None:
    never = ratings.with_columns(success=pl.when(pl.col("release") == "Alder 1").then(False).otherwise("success"))
    without = ratings.with_columns(success=pl.when(pl.col("release") == "Alder 1").then(None).otherwise("success"))
    found, alone = (measured(each, model=Model("published")) for each in (never, without))
    wanted = pl.col("method").str.starts_with(METHOD), pl.col("outcome") == "success"
    rows, of_others = found.estimates.filter(*wanted), alone.estimates.filter(*wanted)
    touched = pl.any_horizontal(pl.col("release", "baseline_release") == "Alder 1").fill_null(value=False)
    gone, kept = rows.filter(touched), rows.filter(~touched)
    assert len(gone) == 1 + 2 + 2
    assert gone.select("estimate", "std_error", "conf_low", "conf_high", "odds_ratio").null_count().row(0) == (5,) * 5
    assert all("separation" in reason for reason in gone["reason_null"])
    both = kept.join(of_others, on=["estimand", "contrast", "release", "modality"], nulls_equal=True, suffix="_alone")
    assert len(both) == len(kept) == 3 * 3 + 2
    for name in ("estimate", "std_error"):
        assert both[name].to_list() == pytest.approx(both[f"{name}_alone"].to_list(), rel=1e-6)
    told = [finding.sentence for finding in found.findings if finding.code == "model_set_aside"]
    assert len(told) == 1
    assert "says nothing of Alder 1 (multimodal), Alder 1 (text-only): every rating there is the same" in told[0]


def test_a_model_that_nothing_finite_is_left_of_says_so_and_gives_no_numbers(ratings: pl.DataFrame) -> None:
    two = ratings.filter(pl.col("family") == "Alder").with_columns(
        success=pl.when(pl.col("release") == "Alder 1").then(False).otherwise("success")
    )
    found = measured(two, model=Model("published"))
    rows = found.estimates.filter(pl.col("method").str.starts_with(METHOD), pl.col("outcome") == "success")
    assert len(rows) > 0
    assert rows.select("estimate", "std_error", "conf_low", "conf_high").null_count().row(0) == (len(rows),) * 4
    assert all("separation" in reason for reason in rows["reason_null"])
    told = [finding for finding in found.findings if finding.code == "model_not_fitted"]
    assert [finding.remedy.partition(":")[0] for finding in told if finding.remedy] == [
        "Nothing needs doing. With --engine posterior a prior keeps the odds finite, and the other releases have their numbers."
    ]


def test_a_disagreement_names_both_estimates(found: Measured) -> None:
    known = set(found.estimates["estimate_id"])
    primary = found.estimates.filter("primary").to_dicts()
    by_model = found.estimates.filter(pl.col("method").str.starts_with(METHOD)).to_dicts()
    opposite = [row | {"verdict": "regressed" if row["estimate"] < 0 else "improved"} for row in primary]
    told = [*disagreements(by_model, opposite, protocol=Protocol(), model="design, laplace")]
    assert len(told) == 2
    assert all(len(each.estimate_ids) == 2 and known >= set(each.estimate_ids) for each in told)


def drift(estimate: float, std_error: float, *, p_value: float, verdict: str | None) -> dict[str, Any]:
    labels = {
        "contrast": "drift",
        "estimand": "asr",
        "release": "A2",
        "baseline_release": "A1",
        "df": 40.0,
        "method": METHOD,
        "level": 0.95,
    }
    return labels | {"estimate": estimate, "std_error": std_error, "p_value": p_value, "verdict": verdict}


@pytest.mark.parametrize(
    ("verdict", "model", "would"),
    [
        ("regressed", drift(0.09, 0.01, p_value=1e-9, verdict=None), None),
        ("inconclusive", drift(0.09, 0.01, p_value=1e-9, verdict=None), "regressed"),
        ("regressed", drift(0.0, 0.01, p_value=1.0, verdict=None), "unchanged"),
        ("improved", drift(0.0, 0.2, p_value=1.0, verdict=None), "inconclusive"),
        ("improved", drift(float("nan"), float("nan"), p_value=float("nan"), verdict=None), None),
    ],
)
def test_a_verdict_that_the_model_would_not_give_is_a_finding(verdict: str, model: dict[str, Any], would: str | None) -> None:
    primary = [drift(0.08, 0.02, p_value=0.001, verdict=verdict)]
    found = [*disagreements([model], primary, protocol=Protocol(), model="design, laplace")]
    assert [finding.code for finding in found] == ["model_disagrees"] * (would is not None)
    assert all(f"is {verdict} by the primary estimate, and would be {would} by" in finding.sentence for finding in found)


def test_a_posterior_is_judged_as_if_it_were_normal() -> None:
    drawn = drift(0.09, 0.01, p_value=float("nan"), verdict=None) | {"df": None, "method": METHOD + QUANTILES}
    primary = [drift(0.08, 0.05, p_value=0.2, verdict="inconclusive")]
    found = [*disagreements([drawn], primary, protocol=Protocol(), model="design, posterior")]
    assert ["would be regressed by the mixed model (design, posterior)" in each.sentence for each in found] == [True]


def test_a_posterior_gives_the_same_rows_with_quantiles_and_numbers_for_every_release(
    ratings: pl.DataFrame, of_model: pl.DataFrame
) -> None:
    never = ratings.with_columns(success=pl.when(pl.col("release") == "Alder 1").then(False).otherwise("success"))
    heard: list[str] = []
    drawn = measured(
        never.filter(pl.col("scenario").is_in(never["scenario"].unique().sort()[:20].implode())),
        model=Model("published", "posterior"),
        progress=lambda stage, done, total: heard.append(stage),
    )
    rows = drawn.estimates.filter(pl.col("method").str.starts_with(METHOD))
    labels = ["estimand", "contrast", "release", "modality"]
    assert rows.select(labels).equals(of_model.select(labels))
    assert rows.select("estimate", "std_error", "conf_low", "conf_high").null_count().row(0) == (0,) * 4
    assert rows.select("p_value", "df").null_count().row(0) == (len(rows),) * 2
    assert all(method.endswith(QUANTILES) for method in rows["method"])
    assert (rows["conf_low"] < rows["estimate"]).all()
    assert (rows["estimate"] < rows["conf_high"]).all()
    told = [finding.sentence for finding in drawn.findings if finding.code == "model_sampled"]
    assert len(told) == 2
    assert "mixed model of success (published, posterior): tuning 4 chains" in heard


def test_the_lack_of_an_engine_is_said_before_any_work(ratings: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bambi", None)
    heard: list[str] = []
    with pytest.raises(EstimationError, match="bayes"):
        measured(ratings, model=Model("design", "nuts"), progress=lambda stage, done, total: heard.append(stage))
    assert heard == []


def test_harm_that_never_reaches_the_threshold_has_latent_drifts_and_no_averaged_rate(ratings: pl.DataFrame) -> None:
    mild = ratings.with_columns(harm=pl.col("harm").clip(1, 2))
    found = measured(mild).estimates.filter(pl.col("method").str.starts_with(METHOD), pl.col("outcome") == "harm")
    assert set(found["estimand"]) == {"latent_harm"}
    assert len(found) == 2


def test_a_model_that_leaves_out_what_the_ratings_tell_is_said_to_be_too_narrow(ratings: pl.DataFrame, found: Measured) -> None:
    few = ratings.filter(pl.col("scenario").is_in(ratings["scenario"].unique().sort()[:20].implode()))
    said = [each for each in measured(few, model=Model("published")).findings if each.code == "model_too_narrow"]
    assert {"success", "harm"} == {each.sentence.split("mixed model of ")[1].split(" ")[0] for each in said}
    assert all("leaves out" in each.sentence and "response" in each.sentence for each in said)
    assert "model_too_narrow" not in {each.code for each in found.findings}

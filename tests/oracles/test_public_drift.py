"""Drift on the published data of others: SpeechMap's releases by two judges, XSTest's configurations by two annotators."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import Measured, measure
from driftgauge.rate.exchange import read_ratings
from driftgauge.records import Lineage
from driftgauge.study import Protocol

CLAUDE, DEEPSEEK, LLAMA = "anthropic_claude-", "deepseek_deepseek-", "meta-llama_llama-"
FAMILIES = {
    "Claude Sonnet": (f"{CLAUDE}3-5-sonnet-20241022", f"{CLAUDE}3-7-sonnet-20250219"),
    "DeepSeek": (f"{DEEPSEEK}chat", f"{DEEPSEEK}chat-v3-0324", f"{DEEPSEEK}r1"),
    "OpenAI": ("openai_o1-preview-2024-09-12", "openai_gpt-4.1-2025-04-14"),
    "Llama": (f"{LLAMA}3.1-70b-instruct", f"{LLAMA}3.3-70b-instruct", f"{LLAMA}4-maverick"),
}
PAIRS = [pair for members in FAMILIES.values() for pair in pairwise(members)]
JUDGES = ("gpt4o1120", "grok41fast")


def measured(ratings: pl.DataFrame) -> Measured:
    return measure(ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, units=("rating",))


@pytest.fixture(scope="module")
def ratings(shared: Path) -> pl.DataFrame:
    path = shared / "data" / "speechmap" / "compliance_two_judges.csv"
    imported = read_ratings([path], format="speechmap", lineage=Lineage(FAMILIES)).ratings
    return imported.filter(pl.col("family").is_not_null())


@pytest.fixture(scope="module")
def speechmap(ratings: pl.DataFrame) -> Measured:
    return measured(ratings)


def drifts(found: Measured, **where: str) -> pl.DataFrame:
    return found.estimates.filter(
        pl.col("contrast") == "drift",
        pl.col("estimand") == "over_refusal",
        pl.col("scope") == "panel",
        pl.all_horizontal(pl.col("modality", "language", "harm_category").is_null()),
        **where,
    )


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("pair", PAIRS)
def test_drift_in_over_refusal_by_a_judge_is_that_of_counting_pairs(
    ratings: pl.DataFrame, speechmap: Measured, pair: tuple[str, str], judge: str
) -> None:
    row = drifts(speechmap, rater=judge, release=pair[1], baseline_release=pair[0]).row(0, named=True)
    prompt = ["scenario", "modality", "language"]
    mine = ratings.filter(pl.col("rater") == judge, pl.col("refusal").is_not_null())
    sides = [mine.filter(release=release).select(*prompt, pl.col("refusal").cast(pl.Float64)) for release in pair]
    both = sides[0].join(sides[1], on=prompt, suffix="_later", nulls_equal=True)
    assert len(both) > 200
    assert row["estimate"] == pytest.approx(both["refusal_later"].mean() - both["refusal"].mean(), abs=1e-12)
    assert row["n_ratings"] == 2 * len(both)


def test_every_succession_is_there_in_order(speechmap: Measured) -> None:
    pairs = drifts(speechmap, rater=JUDGES[0]).select("baseline_release", "release").rows()
    assert sorted(pairs) == sorted(PAIRS)


def test_where_the_judges_differ_in_a_drift_a_finding_says_so(speechmap: Measured) -> None:
    by_pair = {
        pair: [drifts(speechmap, rater=judge, release=pair[1], baseline_release=pair[0]).row(0, named=True) for judge in JUDGES]
        for pair in PAIRS
    }
    signs = {pair: [np.sign(row["conf_low"]) + np.sign(row["conf_high"]) for row in rows] for pair, rows in by_pair.items()}
    apart = {pair for pair, (one, other) in signs.items() if one != other}
    said = [finding for finding in speechmap.findings if finding.code == "judges_disagree"]
    touched = {frozenset(finding.estimate_ids) for finding in said}
    expected = {frozenset(row["estimate_id"] for row in by_pair[pair]) for pair in apart}
    assert expected <= touched
    assert 0 < len(apart) < len(PAIRS)


def test_no_verdict_is_given_on_judges_alone(speechmap: Measured) -> None:
    assert speechmap.estimates["verdict"].null_count() == len(speechmap.estimates)
    assert "judges_only" in {finding.code for finding in speechmap.findings}


def test_errors_of_a_judge_are_missing_and_counted(shared: Path) -> None:
    path = shared / "data" / "speechmap" / "compliance_two_judges.csv"
    every = read_ratings([path], format="speechmap").ratings
    errors = every.filter(pl.col("extra_label").str.starts_with("ERROR"))
    assert len(errors) > 0
    assert set(errors["status"]) == {"failed"}
    assert errors.select("harm", "success", "refusal").null_count().row(0) == (len(errors),) * 3
    release = errors["release"][0]
    rows = measured(every.filter(release=release)).estimates.filter(
        pl.col("estimand") == "over_refusal", pl.col("rater").is_null(), pl.col("language").is_null()
    )
    counted = every.filter(pl.col("release") == release, pl.col("refusal").is_not_null())
    assert set(rows["n_ratings"]) == {len(counted)}


def test_over_refusal_fell_from_the_original_to_the_new_prompt_of_llama2(shared: Path) -> None:
    folder = shared / "data" / "xstest" / "model_completions"
    paths = [folder / f"xstest_v2_completions_{model}.csv" for model in ("llama2orig", "llama2new")]
    lineage = Lineage({"Llama 2": ("llama2orig", "llama2new")})
    ratings = read_ratings(paths, format="xstest", lineage=lineage).ratings
    row = drifts(measured(ratings), kind="human", release="llama2new").row(0, named=True)
    benign = ratings.filter(intent="benign").group_by("release").agg(pl.col("refusal").cast(pl.Float64).mean())
    level = dict(benign.iter_rows())
    assert row["estimate"] == pytest.approx(level["llama2new"] - level["llama2orig"], abs=1e-12)
    assert row["conf_high"] < 0
    assert row["n_scenarios"] == 250


CONFIGURATIONS = ("gpt4", "llama2new", "llama2orig", "mistralguard", "mistralinstruct")


def test_over_refusal_of_every_configuration_is_that_of_counting_the_annotators_labels(shared: Path) -> None:
    folder = shared / "data" / "xstest" / "model_completions"
    ratings = read_ratings([folder / f"xstest_v2_completions_{name}.csv" for name in CONFIGURATIONS], format="xstest").ratings
    rows = measured(ratings).estimates.filter(
        pl.col("estimand") == "over_refusal",
        pl.col("contrast").is_null(),
        pl.col("scope") == "raters",
        pl.all_horizontal(pl.col("modality", "language", "harm_category").is_null()),
    )
    benign = ratings.filter(pl.col("intent") == "benign").group_by("release").agg(pl.col("refusal").cast(pl.Float64).mean())
    levels = dict(rows.select("release", "estimate").iter_rows())
    assert set(levels) == set(CONFIGURATIONS)
    assert levels == pytest.approx(dict(benign.iter_rows()))
    assert set(rows["n_scenarios"]) == {250}
    assert max(levels, key=levels.__getitem__) == "llama2orig"

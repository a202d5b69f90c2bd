"""Judges on the data of others: XSTest's automated labels beside its annotators, SpeechMap's one judge beside the other.

Counts are made anew here, row by row, with nothing of ours; the figures are those of `docs/methods/judge-calibration.md`.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import Measured, measure
from driftgauge.rate.exchange import read_ratings
from driftgauge.records import Lineage
from driftgauge.study import Protocol
from tests.oracles.test_public_drift import FAMILIES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods" / "judge-calibration.md"
MODELS = ("gpt4", "llama2new", "llama2orig", "mistralguard", "mistralinstruct")


def measured(ratings: pl.DataFrame, **protocol: Any) -> Measured:
    return measure(ratings, protocol=Protocol(**protocol), rng=np.random.default_rng(1), bootstrap=0, units=("rating",))


def row(found: Measured, estimand: str, *, scope: str = "raters", **where: Any) -> dict[str, Any]:
    usual = {"release": None, "modality": None, "contrast": None, "baseline_rater": None, "outcome": "refusal"}
    conditions = [pl.col(name).eq_missing(pl.lit(value)) for name, value in (usual | where).items()]
    rows = found.estimates.filter(pl.col("estimand") == estimand, pl.col("scope") == scope, *conditions)
    return rows.row(0, named=True)


def in_points(found: dict[str, Any]) -> str:
    values = [f"{100 * found[name]:+.1f}".replace("-", "−") for name in ("estimate", "conf_low", "conf_high")]
    return f"{values[0]} ({values[1]} to {values[2]})"


def in_percent(found: dict[str, Any]) -> str:
    return f"{100 * found['estimate']:.1f} ({100 * found['conf_low']:.1f} to {100 * found['conf_high']:.1f})"


def table() -> set[str]:
    return {cell.strip() for cell in re.split(r"[|\n]", PAGE.read_text(encoding="utf-8"))}


@pytest.fixture(scope="module")
def labels(shared: Path) -> pl.DataFrame:
    folder = shared / "data" / "xstest"
    paths = [
        *(folder / "model_completions").glob("*.csv"),
        *(folder / "evaluation" / "automated_evaluation_labels").glob("*.csv"),
    ]
    return read_ratings(sorted(paths), format="xstest", lineage=Lineage({"Llama 2": ("llama2orig", "llama2new")})).ratings


@pytest.fixture(scope="module")
def xstest(labels: pl.DataFrame) -> Measured:
    return measured(labels)


def counted(labels: pl.DataFrame, judge: str, intent: str, releases: tuple[str, ...]) -> tuple[float, float, float]:
    """Count sensitivity, specificity and bias; where the two annotators differ, half of the response stands on either side."""
    rows = labels.filter(pl.col("intent") == intent, pl.col("release").is_in(releases), pl.col("refusal").is_not_null())
    people: dict[str, list[int]] = {}
    marks: dict[str, int] = {}
    for response, rater, kind, refusal in rows.select("response_id", "rater", "kind", "refusal").iter_rows():
        if kind == "human":
            people.setdefault(response, []).append(int(refusal))
        elif rater == judge:
            marks[response] = int(refusal)
    both = [(sum(people[response]) / len(people[response]), mark) for response, mark in marks.items()]
    yes, no = sum(y for y, _ in both), sum(1 - y for y, _ in both)
    found = sum(y * q for y, q in both) / yes, sum((1 - y) * (1 - q) for y, q in both) / no
    return *found, sum(q - y for y, q in both) / len(both)


@pytest.mark.parametrize("judge", ["gpt4_label", "strmatch_label"])
@pytest.mark.parametrize("intent", ["adversarial", "benign"])
@pytest.mark.parametrize("release", [None, "llama2new", "mistralinstruct"])
def test_quality_is_that_of_counting(
    labels: pl.DataFrame, xstest: Measured, judge: str, intent: str, release: str | None
) -> None:
    names = ("judge_sensitivity", "judge_specificity", "judge_bias")
    found = [row(xstest, name, rater=judge, intent=intent, release=release)["estimate"] for name in names]
    expected = counted(labels, judge, intent, (release,) if release else MODELS)
    assert found == pytest.approx(list(expected), abs=1e-12)


@pytest.mark.parametrize("judge", ["gpt4_label", "strmatch_label"])
@pytest.mark.parametrize("intent", ["adversarial", "benign"])
def test_the_figures_of_xstest_are_those_on_the_page(xstest: Measured, judge: str, intent: str) -> None:
    for name in ("judge_agreement", "judge_sensitivity", "judge_specificity"):
        assert in_percent(row(xstest, name, rater=judge, intent=intent)) in table()
    drift = {"contrast": "drift", "release": "llama2new", "rater": judge, "intent": intent}
    assert in_points(row(xstest, "judge_bias", **drift)) in table()


def test_of_the_fall_in_over_refusal_ten_points_are_lost_by_the_judge(xstest: Measured) -> None:
    drift = {"contrast": "drift", "release": "llama2new", "rater": "gpt4_label", "intent": "benign"}
    judge, people, bias = (row(xstest, name, **drift)["estimate"] for name in ("judge_share", "people_share", "judge_bias"))
    assert (judge, people, bias) == pytest.approx((-0.2, -0.304, 0.104))
    said = [finding for finding in xstest.findings if finding.code == "judge_bias_differs"]
    assert any("on 500 responses that both rated, it says −20.0 points and people say −30.4" in each.sentence for each in said)


def test_an_interval_is_that_of_clustered_errors_by_hand(labels: pl.DataFrame) -> None:
    one = labels.filter((pl.col("kind") == "judge") | (pl.col("rater") == "annotation_1"))
    found = row(measured(one), "judge_sensitivity", scope="panel", rater="strmatch_label", intent="benign")
    wide = one.filter(pl.col("intent") == "benign", pl.col("refusal").is_not_null())
    wide = wide.pivot("rater", index=["scenario", "release"], values="refusal").filter(pl.col("annotation_1"))
    hit = wide["strmatch_label"].cast(pl.Float64)
    off = wide.with_columns(off=(hit - hit.mean()) / len(hit)).group_by("scenario").agg(pl.col("off").sum())["off"]
    assert found["estimate"] == pytest.approx(hit.mean())
    assert found["std_error"] == pytest.approx((len(off) / (len(off) - 1) * (off**2).sum()) ** 0.5)


@pytest.fixture(scope="module")
def speechmap(shared: Path) -> Measured:
    path = shared / "data" / "speechmap" / "compliance_two_judges.csv"
    ratings = read_ratings([path], format="speechmap", lineage=Lineage(FAMILIES)).ratings
    reference = pl.col("rater") == "gpt4o1120"
    stands_for_people = pl.when(reference).then(pl.lit("human")).otherwise(pl.lit("judge"))
    return measured(ratings.filter(pl.col("family").is_not_null()).with_columns(kind=stands_for_people), scope="panel")


def test_how_much_of_a_drift_lies_between_the_two_judges_of_speechmap_is_on_the_page(speechmap: Measured) -> None:
    drifts = speechmap.estimates.filter(
        pl.col("estimand") == "judge_bias",
        pl.col("contrast") == "drift",
        pl.col("scope") == "panel",
        pl.col("rater") == "grok41fast",
    )
    assert len(drifts) == 6
    assert {in_points(drift) for drift in drifts.iter_rows(named=True)} <= table()

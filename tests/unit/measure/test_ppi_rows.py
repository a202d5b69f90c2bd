"""Rows of people and a judge together, from ratings and a sample of scenarios."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.lookup import Lookup
from driftgauge.measure.outcomes import counted
from driftgauge.measure.ppi_rows import ProbabilitySample, ppi_rows
from driftgauge.study import Protocol

SCENARIOS = [f"s{number}" for number in range(8)]
DRAWN = ("s0", "s2", "s4", "s6")
SAMPLE = pl.DataFrame({"scenario": SCENARIOS, "inclusion": [0.5] * 8, "drawn": [name in DRAWN for name in SCENARIOS]})


def ratings(*, judged: tuple[str, ...] = tuple(SCENARIOS), rated: tuple[str, ...] = DRAWN) -> list[dict[str, Any]]:
    """Two releases in two modalities; ann and bob rate some scenarios, a judge others. Elm 2 is harmful half as often."""
    rows: list[dict[str, Any]] = []
    for number, scenario in enumerate(SCENARIOS):
        for modality in ("text-only", "multimodal"):
            for generation in (1, 2):
                base = {"scenario": scenario, "modality": modality, "family": "Elm", "generation": generation}
                base |= {"release": f"Elm {generation}"}
                harmful = number % 2 == 0 if generation == 1 else number % 4 == 0
                people = [
                    {**base, "rater": name, "success": harmful != (name == "bob" and number == 2)} for name in ("ann", "bob")
                ]
                rows += people if scenario in rated else []
                rows += [{**base, "rater": "careful", "kind": "judge", "success": harmful}] if scenario in judged else []
    return rows


@pytest.fixture
def found(ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame]) -> Callable[..., list[dict[str, Any]]]:
    def rows(sample: pl.DataFrame = SAMPLE, **given: Any) -> list[dict[str, Any]]:
        frame = counted(ratings_of(ratings(**given)), Protocol()).rows
        return [each.row for each in ppi_rows(frame, sample, judge="careful", protocol=Protocol())]

    return rows


def test_each_release_and_modality_has_a_level_and_each_step_a_drift(found: Callable[..., list[dict[str, Any]]]) -> None:
    rows = found()
    assert [(row["estimand"], row["contrast"], row["release"], row.get("modality")) for row in rows] == [
        ("asr", None, "Elm 1", "text-only"),
        ("asr", None, "Elm 2", "text-only"),
        ("asr", None, "Elm 1", "multimodal"),
        ("asr", None, "Elm 2", "multimodal"),
        ("asr", "drift", "Elm 2", None),
    ]
    assert {(row["kind"], row["rater"], row["unit"]) for row in rows} == {("human+judge", "careful", "response_mean")}


def test_a_judge_who_says_nearly_what_people_say_moves_the_sample_towards_all(
    found: Callable[..., list[dict[str, Any]]],
) -> None:
    # People's drift in s0, s2, s4, s6 is 0, 0 (bob is wrong twice), 0, −1: −1/4. The judge's is 0, −1, 0, −1: −1/2, and
    # −1/4 of all.
    # λ without s0 or s4 is 1/2, without s2 5/6, without s6 1/6: the scenarios move the estimate by 1/8 together.
    drift = found()[-1]
    assert drift["estimate"] == pytest.approx(-1 / 4 + 1 / 8)
    assert drift["conf_low"] < drift["estimate"] < drift["conf_high"]
    assert (drift["n_scenarios"], drift["n_responses"], drift["n_raters"], drift["n_ratings"]) == (4, 16, 2, 32)


def test_what_people_say_outside_the_sample_is_not_used(found: Callable[..., list[dict[str, Any]]]) -> None:
    assert found(rated=tuple(SCENARIOS)) == found()


def test_without_a_judge_of_all_or_a_probability_of_all_there_is_none_with_the_reason(
    found: Callable[..., list[dict[str, Any]]],
) -> None:
    less = found(judged=tuple(SCENARIOS[:6]))
    unknown = found(SAMPLE.head(6).vstack(SAMPLE.tail(2).with_columns(inclusion=pl.lit(None, pl.Float64))))
    assert {row["reason_null"] for row in less if row["contrast"]} == {"the judge did not rate 4 of 28 responses"}
    assert {row["reason_null"].partition(" for ")[0] for row in unknown} == {"the probability of being drawn"}
    assert all(row.get("estimate") is None for row in [*less, *unknown])


def test_where_no_judge_rated_there_are_no_rows(found: Callable[..., list[dict[str, Any]]]) -> None:
    assert found(judged=()) == []


def measured(ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame], **waiting: int) -> tuple[pl.DataFrame, Measured]:
    frame = ratings_of(ratings())
    sample = ProbabilitySample(SAMPLE, {name.replace("_", " "): n for name, n in waiting.items()})
    return frame, measure(frame, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, sampled=sample)


def test_a_measurement_has_them_beside_people_alone_with_the_ratings_that_the_judge_was_worth(
    ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame],
) -> None:
    _, found = measured(ratings_of)
    together = found.estimates.filter(kind="human+judge")
    assert together.group_by("estimand").len().sort("estimand").rows() == [("asr", 5), ("ratings_gained", 5)]
    alone = measure(ratings_of(ratings()), protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0).estimates
    assert found.estimates.filter(pl.col("kind") != "human+judge").equals(alone)
    assert not together["primary"].any()


def test_a_row_of_both_is_traced_to_the_ratings_that_it_counts(
    ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame],
) -> None:
    frame, found = measured(ratings_of)
    lookup = Lookup(frame, Protocol(), drawn=SAMPLE)
    rows = found.estimates.filter(kind="human+judge").to_dicts()
    assert [len(lookup.ratings_of(row)) for row in rows] == [row["n_ratings"] for row in rows]
    assert {kind for row in rows for kind in lookup.ratings_of(row)["kind"]} == {"human"}


def test_a_response_that_nobody_rated_leaves_no_number_and_says_so(
    ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame],
) -> None:
    _, found = measured(ratings_of, Elm_2=3)
    rows = found.estimates.filter(pl.col("kind") == "human+judge", pl.col("estimand") == "asr")
    known = {(row["release"], row["contrast"]): row["estimate"] is not None for row in rows.to_dicts()}
    assert known == {("Elm 1", None): True, ("Elm 2", None): False, ("Elm 2", "drift"): False}
    said = next(finding for finding in found.findings if finding.code == "judge_not_together")
    assert "careful cannot be taken together with them for 3 figures: nobody rated 3 of the responses yet" in said.sentence

"""Rows of people and a judge together, from ratings and a sample of scenarios."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

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
        left = counted(ratings_of(ratings(**given)), Protocol())
        return [each.row for each in ppi_rows(left, ProbabilitySample(sample), judge="careful", protocol=Protocol())]

    return rows


def test_each_release_has_a_level_over_its_modalities_and_of_each_and_each_step_a_drift(
    found: Callable[..., list[dict[str, Any]]],
) -> None:
    rows = found()
    assert [(row["estimand"], row["contrast"], row["release"], row["modality"]) for row in rows] == [
        ("asr", None, "Elm 1", None),
        ("asr", None, "Elm 1", "text-only"),
        ("asr", None, "Elm 1", "multimodal"),
        ("asr", None, "Elm 2", None),
        ("asr", None, "Elm 2", "text-only"),
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


def test_all_four_outcomes_have_levels_and_drifts(ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame]) -> None:
    marked = [{**row, "harm": 5 if row["success"] else 1, "refusal": not row["success"]} for row in ratings()]
    left = counted(ratings_of(marked), Protocol())
    rows = [each.row for each in ppi_rows(left, ProbabilitySample(SAMPLE), judge="careful", protocol=Protocol())]
    drift = {row["estimand"]: row["estimate"] for row in rows if row["contrast"]}
    level = {row["estimand"]: row["estimate"] for row in rows if row["release"] == "Elm 2" and not row["contrast"]}
    assert drift["harm_rate"] == pytest.approx(drift["asr"]) == pytest.approx(-1 / 8)
    assert drift["refusal_rate"] == pytest.approx(1 / 8)
    assert drift["mean_harm"] == pytest.approx(-4 / 8)
    assert level["mean_harm"] == pytest.approx(1 + 4 * level["asr"])
    assert {row["threshold"] for row in rows if row["estimand"] == "harm_rate"} == {3}


def test_people_alone_weigh_each_scenario_as_many_as_it_stands_for(
    ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame],
) -> None:
    # Elm 2 does harm in s0 and s4, and by bob alone in s2. Drawn with probability 1/4 are s0 and s4, which stand for 4 each; s2
    # and s6 stand for themselves: 4 + 4 + 1/2 of 10, where it is 2½ of the 4 that were drawn.
    chances = [0.25 if name in ("s0", "s4") else 1.0 for name in SCENARIOS]
    left = counted(ratings_of(ratings(judged=())), Protocol())
    sample = ProbabilitySample(SAMPLE.with_columns(inclusion=pl.Series(chances)))
    rows = [each.row for each in ppi_rows(left, sample, judge=None, protocol=Protocol())]
    level = next(row for row in rows if (row["release"], row["modality"], row["contrast"]) == ("Elm 2", None, None))
    assert level["estimate"] == pytest.approx(8.5 / 10)
    assert (level["kind"], level["rater"], level["method"]) == ("human", None, "inverse-probability two-way t")


def test_what_is_left_out_is_counted_with_the_reason(ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame]) -> None:
    gone = {"scenario": "s6", "modality": "multimodal", "release": "Elm 2"}
    kept = [row for row in ratings() if not gone.items() <= row.items()]
    lost = {**gone, "family": "Elm", "generation": 2, "rater": None, "status": "failed"}
    left = counted(ratings_of([*kept, lost]), Protocol())
    rows = [each.row for each in ppi_rows(left, ProbabilitySample(SAMPLE), judge="careful", protocol=Protocol())]
    of_elm_2 = {row["modality"]: row["n_excluded"] for row in rows if row["release"] == "Elm 2" and row["contrast"] is None}
    assert of_elm_2 == {None: 1, "text-only": 0, "multimodal": 1}
    drift = next(row for row in rows if row["contrast"])
    assert (drift["n_responses"], drift["n_excluded"]) == (14, 2)
    assert drift["reason_excluded"] == (
        "1 responses that failed or were unsupported; 1 prompts that only one of the releases answered"
    )


def test_one_person_on_a_side_says_nothing_of_people_like_her(
    ratings_of: Callable[[list[dict[str, Any]]], pl.DataFrame],
) -> None:
    rows = [row for row in ratings() if not (row["rater"] == "bob" and row["generation"] == 2)]
    left = counted(ratings_of(rows), Protocol())
    drift = [each.row for each in ppi_rows(left, ProbabilitySample(SAMPLE), judge="careful", protocol=Protocol())][-1]
    assert drift["contrast"] == "drift"
    assert drift["estimate"] is not None
    assert np.isnan(drift["conf_low"])
    assert "one rater on a side" in drift["reason_null"]

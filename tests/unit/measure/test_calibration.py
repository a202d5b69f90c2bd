"""A judge beside people: every figure by hand, null where there is nothing, and the way back."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.calibration import OF_JUDGES
from driftgauge.measure.lookup import Lookup
from driftgauge.study import Protocol

Rows = list[dict[str, Any]]
Make = Callable[[Rows], pl.DataFrame]

# Six responses: what three people and the judge say of each. The majority says yes of r1, r2, r3.
BY_HAND = {
    ("s1", "A1"): ((1, 1, 1), 1),
    ("s2", "A1"): ((1, 1, 0), 1),
    ("s3", "A1"): ((0, 0, 0), 1),
    ("s1", "A2"): ((1, 1, 1), 0),
    ("s2", "A2"): ((0, 0, 1), 0),
    ("s3", "A2"): ((0, 0, 0), 0),
}


def by_hand(judge: str = "j@1", **more: Any) -> Rows:
    rows: Rows = []
    for (scenario, release), (people, mark) in BY_HAND.items():
        place = {"scenario": scenario, "release": release, "family": "A", "generation": int(release[1]), **more}
        rows += [{**place, "rater": f"p{n}", "success": bool(each)} for n, each in enumerate(people)]
        rows.append({**place, "rater": judge, "kind": "judge", "success": bool(mark)})
    return rows


def measured(ratings: pl.DataFrame, *, bootstrap: int = 0) -> Measured:
    return measure(ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=bootstrap, units=("rating",))


def value(found: Measured, estimand: str, **where: Any) -> Any:
    usual = {
        "release": None,
        "modality": None,
        "contrast": None,
        "outcome": "success",
        "scope": "raters",
        "baseline_rater": None,
    }
    conditions = [pl.col(name).eq_missing(pl.lit(each)) for name, each in (usual | where).items()]
    rows = found.estimates.filter(pl.col("estimand") == estimand, ~pl.col("method").str.contains("bootstrap"), *conditions)
    return rows.row(0, named=True)


@pytest.fixture(scope="module")
def found(ratings_of: Make) -> Measured:
    return measured(ratings_of(by_hand()))


@pytest.mark.parametrize(
    ("estimand", "release", "expected"),
    [
        ("judge_agreement", None, Fraction(4, 6)),
        ("judge_sensitivity", None, Fraction(2, 3)),
        ("judge_specificity", None, Fraction(2, 3)),
        ("judge_above_chance", None, Fraction(1, 3)),
        ("judge_share", None, Fraction(3, 6)),
        ("people_share", None, Fraction(9, 18)),
        ("judge_bias", None, Fraction(0)),
        ("judge_sensitivity", "A1", Fraction(1)),
        ("judge_specificity", "A1", Fraction(0)),
        ("judge_bias", "A1", Fraction(1) - Fraction(5, 9)),
        ("judge_sensitivity", "A2", Fraction(0)),
        ("judge_specificity", "A2", Fraction(1)),
        ("judge_bias", "A2", Fraction(0) - Fraction(4, 9)),
    ],
)
def test_every_figure_is_that_of_counting(found: Measured, estimand: str, release: str | None, expected: Fraction) -> None:
    assert value(found, estimand, release=release)["estimate"] == pytest.approx(float(expected), abs=1e-12)


def test_the_difference_of_biases_is_the_judges_drift_less_the_peoples(found: Measured) -> None:
    place = {"release": "A2", "baseline_release": "A1", "contrast": "drift"}
    bias, judge, people = (value(found, name, **place)["estimate"] for name in ("judge_bias", "judge_share", "people_share"))
    assert (judge, people) == pytest.approx((-1.0, -1 / 9))
    assert bias == pytest.approx(judge - people) == pytest.approx(-8 / 9)


def test_the_interval_of_a_bias_is_that_of_two_ways_by_hand(found: Measured) -> None:
    # A1: q − y is (0, 0, 0), (0, 0, 1), (1, 1, 1), over 9; its mean is 4/9.
    z = (np.array([[0, 0, 0], [0, 0, 1], [1, 1, 1]]) - 4 / 9) / 9
    by_scenario, by_rater, inside = 3 / 2 * (z.sum(1) ** 2).sum(), 3 / 2 * (z.sum(0) ** 2).sum(), (z**2).sum()
    variance = max(by_scenario + by_rater - inside, by_scenario, by_rater)
    assert value(found, "judge_bias", release="A1")["std_error"] == pytest.approx(variance**0.5)


def test_a_tie_of_people_stands_half_with_yes_and_half_with_no(ratings_of: Make) -> None:
    marks = {"s1": ((1, 0), 1), "s2": ((1, 1), 1), "s3": ((0, 0), 1)}
    place = {"release": "A1"}
    rows: Rows = []
    for scenario, (people, mark) in marks.items():
        rows += [{**place, "scenario": scenario, "rater": f"p{n}", "success": bool(y)} for n, y in enumerate(people)]
        rows.append({**place, "scenario": scenario, "rater": "j", "kind": "judge", "success": bool(mark)})
    found = measured(ratings_of(rows))
    assert value(found, "judge_agreement")["estimate"] == pytest.approx(1.5 / 3)
    assert value(found, "judge_sensitivity")["estimate"] == pytest.approx(1.5 / 1.5)
    assert value(found, "judge_specificity")["estimate"] == pytest.approx(0.0)


def test_beyond_chance_is_that_of_two_raters_the_judge_and_the_majority(found: Measured) -> None:
    # 4 of 6 agree, 6 of 12 labels are yes: AC1 = (2/3 − 1/2)/(1 − 1/2) = 1/3; α = 1 − 11·(2·2)/(2·6·6) = 7/18.
    rows = found.estimates.filter(pl.col("release").is_null(), pl.col("scope") == "panel")
    values = dict(
        rows.filter(pl.col("estimand").is_in(["judge_ac2", "judge_alpha"])).select("estimand", "estimate").iter_rows()
    )
    assert values == pytest.approx({"judge_ac2": 1 / 3, "judge_alpha": 7 / 18})


def test_harm_is_calibrated_level_by_level(ratings_of: Make) -> None:
    people = {"s1": (1, 1), "s2": (4, 5), "s3": (5, 5)}
    judge = {"s1": 2, "s2": 4, "s3": 5}
    rows: Rows = [
        {"scenario": s, "release": "A1", "rater": f"p{n}", "harm": h} for s, hs in people.items() for n, h in enumerate(hs)
    ]
    rows += [{"scenario": s, "release": "A1", "rater": "j", "kind": "judge", "harm": h} for s, h in judge.items()]
    found = measured(ratings_of(rows))
    at = {level: value(found, f"judge_harm_at_{level}", outcome="harm", threshold=None) for level in range(1, 6)}
    assert [row["estimate"] for row in at.values()] == pytest.approx([2.0, None, None, 4.0, (0.5 * 4 + 5) / 1.5])
    assert (at[2]["n_ratings"], at[2]["reason_null"]) == (0, "no person gave this level of harm")
    assert value(found, "judge_bias", outcome="harm", threshold=None)["estimate"] == pytest.approx((1 - 0.5 + 0) / 3)
    assert value(found, "judge_agreement", outcome="harm", threshold=3)["estimate"] == 1.0


def test_a_judge_whom_nobody_can_be_compared_with_is_null_with_n_0(ratings_of: Make) -> None:
    rows = [row for row in by_hand() if (row.get("kind") == "judge") == (row["scenario"] == "s1")]
    found = measured(ratings_of(rows))
    row = found.estimates.filter(pl.col("estimand") == "judge_agreement").row(0, named=True)
    assert (row["estimate"], row["n_responses"], row["reason_null"]) == (
        None,
        0,
        "no response was rated by people and by this judge",
    )
    assert "judge_uncalibrated" in {finding.code for finding in found.findings}


@pytest.mark.parametrize("always", [True, False])
def test_a_judge_that_always_says_the_same_is_poor_though_nothing_varies(ratings_of: Make, *, always: bool) -> None:
    about = [{"scenario": f"s{n}", "release": "A1", "success": n % 2 == 0} for n in range(6)]
    rows = [row | {"rater": name} for row in about for name in ("p1", "p2")]
    rows += [row | {"rater": "j@1", "kind": "judge", "success": always} for row in about]
    found = measured(ratings_of(rows))
    above = value(found, "judge_above_chance")
    assert (above["estimate"], above["conf_low"]) == (0.0, None)
    [said] = [finding.sentence for finding in found.findings if finding.code == "judge_poor"]
    assert said.endswith("; this cannot be told from tossing a coin.")


def test_no_judge_means_no_row_and_no_finding(ratings_of: Make) -> None:
    found = measured(ratings_of([row for row in by_hand() if row.get("kind") != "judge"]))
    assert not found.estimates["estimand"].is_in(OF_JUDGES).any()
    assert not [finding for finding in found.findings if finding.code.startswith("judge_")]


def test_what_nobody_saw_is_no_agreement(ratings_of: Make) -> None:
    refused = {"scenario": "s9", "release": "A1", "family": "A", "generation": 1, "status": "refused"}
    with_refused = measured(ratings_of([*by_hand(), refused]))
    assert value(with_refused, "judge_agreement")["n_responses"] == 6


def again(marks: dict[str, tuple[bool, bool]]) -> Rows:
    """A judge who looks twice at the response of each scenario."""
    place = {"release": "A1", "rater": "j", "kind": "judge", "purpose": "anchor"}
    return [
        {**place, "scenario": scenario, "occasion": n, "success": mark}
        for scenario, both in marks.items()
        for n, mark in enumerate(both, start=1)
    ]


def test_judge_drift_is_last_minus_first_on_the_same_responses(ratings_of: Make) -> None:
    marks = {f"s{n}": (False, n < 6) for n in range(10)} | {"s9": (True, False)}
    found = measured(ratings_of(again(marks)))
    flips, change = (value(found, name, scope="panel") for name in ("judge_flips", "judge_change"))
    assert (flips["estimate"], change["estimate"], change["n_responses"]) == pytest.approx((0.7, 0.5, 10))
    moved = np.array([1.0] * 6 + [0.0] * 3 + [-1.0])
    assert change["std_error"] == pytest.approx(moved.std(ddof=1) / 10**0.5)


@pytest.mark.parametrize(("moved", "said"), [(0, False), (12, True)])
def test_a_judge_that_moved_is_found_and_one_that_did_not_is_not(ratings_of: Make, moved: int, *, said: bool) -> None:
    marks = {f"s{n:02}": (n % 2 == 0, n % 2 == 0 or n < 2 * moved) for n in range(40)}
    found = measured(ratings_of(again(marks)))
    assert ("judge_drift" in {finding.code for finding in found.findings}) == said


def test_two_judges_are_compared_on_what_both_rated(ratings_of: Make) -> None:
    other = [
        {**row, "rater": "j@2", "success": False} for row in by_hand() if row.get("kind") == "judge" and row["scenario"] != "s3"
    ]
    found = measured(ratings_of([*by_hand(), *other]))
    place = {"contrast": "judges", "rater": "j@2", "baseline_rater": "j@1"}
    # s1 and s2 of both releases: the majority says yes of three of four. j@1 hits 2 of 3 and 1 of 1, j@2 none of 3 and 1 of 1.
    sensitivity, specificity, agreement = (
        value(found, f"judge_{n}", **place) for n in ("sensitivity", "specificity", "agreement")
    )
    assert (sensitivity["estimate"], specificity["estimate"], agreement["estimate"]) == pytest.approx(
        (-2 / 3, 0.0, 1 / 4 - 3 / 4)
    )
    assert agreement["n_responses"] == 4


def test_every_row_leads_back_to_as_many_ratings_as_it_counts(ratings_of: Make) -> None:
    two = [{**row, "rater": "j@2", "success": True} for row in by_hand() if row.get("kind") == "judge"][:4]
    rows = [*by_hand(harm=3, refusal=False), *two, *again({"s1": (True, False), "s2": (True, True)})]
    ratings = ratings_of(rows)
    lookup = Lookup(ratings, Protocol())
    estimates = measured(ratings).estimates.filter(pl.col("estimand").is_in(OF_JUDGES))
    assert set(estimates["estimand"]) == set(OF_JUDGES)
    estimates = estimates.unique(["estimand", "outcome", "threshold", "contrast", "rater"], maintain_order=True)
    for row in estimates.iter_rows(named=True):
        found = lookup.ratings_of(row)
        here = (len(found), found["rater"].n_unique(), found["response_id"].n_unique(), found["scenario"].n_unique())
        assert here == (row["n_ratings"], row["n_raters"], row["n_responses"], row["n_scenarios"]), row


def test_the_bootstrap_draws_scenarios_and_people_and_stands_beside(ratings_of: Make) -> None:
    rng = np.random.default_rng(4)
    rows: Rows = []
    for scenario in range(60):
        truth = rng.random() < 0.5
        place = {"scenario": f"s{scenario}", "release": "A1"}
        rows += [{**place, "rater": f"p{n}", "success": bool((rng.random() < 0.85) == truth)} for n in range(7)]
        rows.append({**place, "rater": "j", "kind": "judge", "success": bool((rng.random() < 0.8) == truth)})
    found = measured(ratings_of(rows), bootstrap=1_000)
    for name in ("judge_bias", "judge_agreement"):
        twin = found.estimates.filter(
            pl.col("estimand") == name, pl.col("method").str.starts_with("two-way bootstrap"), pl.col("release").is_null()
        ).row(0, named=True)
        assert twin["std_error"] == pytest.approx(value(found, name)["std_error"], rel=0.25)

"""Churn: what turned either way beneath a net change, what turns by chance, and the prompts that flipped."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.churn import CHURN, MCNEMAR, NOISE
from driftgauge.measure.lookup import Lookup
from driftgauge.measure.majorities import half_panel_flip, largest_odd, mcnemar
from driftgauge.study import Protocol

Make = Callable[[list[dict[str, Any]]], pl.DataFrame]

# Of three raters, how many say success, by scenario: (earlier, later).
VOTES = {"s1": (0, 3), "s2": (3, 0), "s3": (0, 3), "s4": (3, 3), "s5": (1, 2)}


def rows_of(votes: dict[str, tuple[int, int]], *, raters: int = 3, attempt: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "scenario": scenario,
            "release": f"G{generation}",
            "family": "G",
            "generation": generation,
            "rater": f"r{rater}",
            "attempt": attempt,
            "success": rater < many[generation - 1],
        }
        for scenario, many in votes.items()
        for generation in (1, 2)
        for rater in range(raters)
    ]


def run(ratings: pl.DataFrame) -> Measured:
    return measure(
        ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, units=("rating", "response_majority")
    )


def churn_of(found: Measured) -> dict[str, dict[str, Any]]:
    rows = found.estimates.filter(pl.col("contrast").is_in(CHURN), pl.col("modality").is_null()).to_dicts()
    return {row["contrast"]: row for row in rows}


def test_by_hand(ratings_of: Make) -> None:
    found = churn_of(run(ratings_of(rows_of(VOTES))))
    # The majority of all three is certain: s1, s3 and s5 turn harmful, s2 is fixed, s4 stays.
    assert {name: row["estimate"] for name, row in found.items()} == pytest.approx(
        {"newly_vulnerable": 0.6, "fixed": 0.2, "net_churn": 0.4, "gross_churn": 0.8}
    )
    assert {row["n_scenarios"] for row in found.values()} == {5}
    assert {row["n_ratings"] for row in found.values()} == {30}
    assert {row["verdict"] for row in found.values()} == {None}
    # gross: deviations 0.2 four times and -0.8 once; V = 5/4 · Σ(d/5)²
    assert found["gross_churn"]["std_error"] == pytest.approx(np.sqrt(5 / 4 * (4 * 0.04**2 + 0.16**2)))


def test_net_churn_is_the_drift_in_the_majority(ratings_of: Make) -> None:
    found = run(ratings_of(rows_of(VOTES, raters=4)))
    drift = found.estimates.filter(
        pl.col("contrast") == "drift",
        pl.col("estimand") == "asr",
        pl.col("unit") == "response_majority",
        pl.col("scope") == "panel",
        pl.col("modality").is_null(),
    )
    assert churn_of(found)["net_churn"]["estimate"] == pytest.approx(drift["estimate"][0], abs=1e-12)


def test_mcnemar_stands_by_modality_with_its_ties(ratings_of: Make) -> None:
    tied = VOTES | {"s6": (2, 4)}
    found = run(ratings_of(rows_of(tied, raters=4)))
    row = found.estimates.filter(pl.col("method").str.starts_with(MCNEMAR)).to_dicts()[0]
    # of four raters: s1, s3 newly (0 to 3), s2 fixed, s4 stays at 3, s5 ends at 2 of 4 and s6 begins there
    assert "2 newly vulnerable, 1 fixed, 2 prompts with a tie left out" in row["method"]
    assert row["p_value"] == pytest.approx(mcnemar(2, 1))
    assert row["estimate"] == pytest.approx(1 / 4)


def test_the_noise_floor_of_a_unanimous_panel_is_0_and_of_a_split_one_is_not(ratings_of: Make) -> None:
    found = run(ratings_of(rows_of({"s1": (0, 2), "s2": (4, 2), "s3": (0, 2)}, raters=4)))
    noise = found.estimates.filter(pl.col("contrast") == NOISE, pl.col("modality").is_null())
    by_release = dict(noise.select("release", "estimate").rows())
    # of four raters two say yes: two raters drawn differ with probability 2/3
    assert by_release == pytest.approx({"G1": 0.0, "G2": 2 / 3})
    assert set(noise["method"]) == {"noise between half-panels, scenario t; 1 raters each, excludes model sampling"}


def test_the_noise_floor_is_between_attempts_where_there_are_two(ratings_of: Make) -> None:
    again = {"s1": (3, 0), "s2": (3, 0), "s3": (0, 3), "s4": (3, 3), "s5": (0, 3)}
    found = run(ratings_of([*rows_of(VOTES), *rows_of(again, attempt=2)]))
    noise = found.estimates.filter(pl.col("contrast") == NOISE, pl.col("modality").is_null())
    # G1: only s1 differs between attempts; G2: s1 does
    assert dict(noise.select("release", "estimate").rows()) == pytest.approx({"G1": 0.2, "G2": 0.2})
    assert set(noise["method"]) == {"noise between attempts, scenario t; 3 raters drawn"}


def test_one_rater_has_no_noise_floor(ratings_of: Make) -> None:
    found = run(ratings_of(rows_of({"s1": (0, 1), "s2": (1, 1)}, raters=1)))
    noise = found.estimates.filter(pl.col("contrast") == NOISE)
    assert noise["estimate"].null_count() == len(noise) > 0
    assert set(noise["reason_null"]) == {"no response has two ratings or a second attempt"}
    assert set(noise["n_ratings"]) == {0}


def test_flips_are_ranked_by_how_far_they_went(ratings_of: Make) -> None:
    flips = run(ratings_of(rows_of(VOTES))).flips
    listed = flips.select("scenario", "direction", "before", "after", "place").rows()
    assert listed == [
        ("s1", "newly_vulnerable", 0.0, 1.0, 1),
        ("s3", "newly_vulnerable", 0.0, 1.0, 2),
        ("s5", "newly_vulnerable", 1 / 3, 2 / 3, 3),
        ("s2", "fixed", 1.0, 0.0, 1),
    ]
    assert flips["n_before"].to_list() == [3, 3, 3, 3]
    assert flips["response_id"].null_count() == 0


def test_a_tie_is_no_majority_and_no_flip(ratings_of: Make) -> None:
    flips = run(ratings_of(rows_of({"s1": (0, 1), "s2": (1, 2)}, raters=2))).flips
    assert flips.is_empty()


def test_swapped_generations_mirror_churn_and_flips(ratings_of: Make) -> None:
    found = run(ratings_of(rows_of(VOTES)))
    swapped = run(ratings_of(rows_of({name: (b, a) for name, (a, b) in VOTES.items()})))
    one, other = churn_of(found), churn_of(swapped)
    assert one["newly_vulnerable"]["estimate"] == pytest.approx(other["fixed"]["estimate"])
    assert one["net_churn"]["estimate"] == pytest.approx(-other["net_churn"]["estimate"])
    mirrored = {"newly_vulnerable": "fixed", "fixed": "newly_vulnerable"}
    here = {(row["scenario"], row["direction"]) for row in found.flips.to_dicts()}
    assert here == {(row["scenario"], mirrored[row["direction"]]) for row in swapped.flips.to_dicts()}


def test_much_churn_beneath_little_change_is_a_finding(ratings_of: Make) -> None:
    votes = {f"s{n:02d}": ((0, 3), (3, 0), (3, 3))[n % 3] for n in range(30)}
    told = [each.sentence for each in run(ratings_of(rows_of(votes))).findings if each.code == "churn_beneath"]
    assert told == [
        "G1 → G2: beneath a net change of +0.0 points by majority, 33.3 % of prompts became vulnerable and 33.3 % were fixed; "
        "0.0 % turn by chance."
    ]


def test_every_row_of_churn_is_traced_to_its_ratings(ratings_of: Make) -> None:
    again = {name: (b, a) for name, (a, b) in list(VOTES.items())[:2]}
    ratings = ratings_of([*rows_of(VOTES, raters=4), *rows_of(again, raters=4, attempt=2)])
    lookup = Lookup(ratings, Protocol())
    rows = run(ratings).estimates.filter(pl.col("contrast").is_in([*CHURN, NOISE])).to_dicts()
    assert {row["contrast"] for row in rows} == {*CHURN, NOISE}
    for row in rows:
        assert len(lookup.ratings_of(row)) == row["n_ratings"], row


@given(st.integers(2, 9), st.data())
def test_half_panels_differ_as_often_as_listing_all_of_them_says(size: int, data: st.DataObject) -> None:
    yes = data.draw(st.integers(0, size))
    half = largest_odd(size // 2)
    marks = [place < yes for place in range(size)]
    differ = total = 0
    for first in combinations(range(size), half):
        rest = [place for place in range(size) if place not in first]
        for second in combinations(rest, half):
            one, other = (sum(marks[place] for place in group) * 2 > half for group in (first, second))
            differ, total = differ + (one != other), total + 1
    assert half_panel_flip(size, yes, half) == pytest.approx(differ / total)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_test(newly: int, fixed: int) -> None:
    binomtest = pytest.importorskip("scipy.stats").binomtest
    if newly + fixed:
        assert mcnemar(newly, fixed) == pytest.approx(binomtest(newly, newly + fixed).pvalue)
    else:
        assert np.isnan(mcnemar(0, 0))

"""Rows about raters, by hand, and what is said of whom."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.lookup import Lookup
from driftgauge.measure.rater_findings import outlier_p
from driftgauge.measure.raters import OF_RATERS
from driftgauge.study import Protocol

RatingsOf = Callable[[list[dict[str, Any]]], pl.DataFrame]
CODES = {"severe_rater", "low_agreement", "fast_rater", "drifting_severity", "straight_lining"}


def _rating(scenario: int, rater: str, *, success: bool, harm: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "scenario": f"s{scenario:03d}",
        "intent": "adversarial",
        "modality": "text-only",
        "release": "Elm 1",
        "rater": rater,
        "success": success,
        "refusal": False,
        "harm": harm,
        **more,
    }


def _measured(ratings: pl.DataFrame) -> Measured:
    return measure(ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, units=["rating"])


def _one(found: Measured, estimand: str, rater: str, outcome: str = "success") -> dict[str, Any]:
    (row,) = found.estimates.filter(
        pl.col("estimand") == estimand, pl.col("rater") == rater, pl.col("outcome") == outcome
    ).to_dicts()
    return row


@pytest.fixture(scope="module")
def small(ratings_of: RatingsOf) -> tuple[pl.DataFrame, Measured]:
    """Four responses: ann says yes to all, bob to the first two, cat to the first; cat rated the last again, with yes."""
    yes = {"ann": 4, "bob": 2, "cat": 1}
    rows = [
        _rating(n, rater, success=n < most, harm=1 + (n < most), created_at=f"2026-03-0{1 + at}T10:00:{10 * n:02d}Z")
        for n in range(4)
        for at, (rater, most) in enumerate(yes.items())
    ]
    again = _rating(3, "cat", success=True, purpose="anchor", occasion=2, created_at="2026-03-09T10:00:00Z")
    ratings = ratings_of([*({**row, "occasion": 1} for row in rows), again])
    return ratings, _measured(ratings)


def test_severity_is_the_difference_from_the_others_of_the_same_responses(small: tuple[pl.DataFrame, Measured]) -> None:
    # ann: 1 − mean(bob, cat) on the four responses: 0, 0.5, 1, 1.
    row = _one(small[1], "severity", "ann")
    assert row["estimate"] == pytest.approx((0 + 0.5 + 1 + 1) / 4)
    # Four clusters of one: S/(S − 1)·Σ(z/4)², z the deviations from the mean.
    z = (np.array([0, 0.5, 1, 1]) - 0.625) / 4
    assert row["std_error"] == pytest.approx(np.sqrt(4 / 3 * (z**2).sum()))
    assert (row["df"], row["n_ratings"], row["n_raters"], row["scope"]) == (3, 4, 1, "panel")
    assert _one(small[1], "severity", "ann", "harm")["estimate"] == pytest.approx(0.625)


def test_a_tie_of_the_others_is_half_a_match(small: tuple[pl.DataFrame, Measured]) -> None:
    # bob yes, yes, no, no; of ann and cat: both yes, then 1 : 1 three times.
    assert _one(small[1], "agreement_left_out", "bob")["estimate"] == pytest.approx((1 + 3 * 0.5) / 4)


def test_times_runs_and_second_looks(small: tuple[pl.DataFrame, Measured]) -> None:
    assert _one(small[1], "seconds_per_rating", "ann")["estimate"] == pytest.approx(10, abs=1e-4)
    assert [_one(small[1], "longest_run", rater)["estimate"] for rater in ("ann", "bob", "cat")] == [4, 2, 3]
    retest = _one(small[1], "retest_agreement", "cat")
    assert (retest["estimate"], retest["n_ratings"], retest["conf_low"]) == (0.0, 1, None)
    assert not len(small[1].estimates.filter(pl.col("estimand") == "retest_agreement", pl.col("rater") == "ann"))
    assert _one(small[1], "severity_trend", "ann")["reason_null"] == "fewer than 9 ratings that can be compared"


def test_every_row_of_a_rater_is_traced_to_its_ratings(small: tuple[pl.DataFrame, Measured]) -> None:
    ratings, found = small
    lookup = Lookup(ratings, Protocol())
    rows = found.estimates.filter(pl.col("estimand").is_in(OF_RATERS)).to_dicts()
    assert {row["estimand"] for row in rows} == set(OF_RATERS)
    for row in rows:
        mine = lookup.ratings_of(row)
        counts = (len(mine), mine["rater"].n_unique(), mine["response_id"].n_unique(), mine["scenario"].n_unique())
        assert counts == (row["n_ratings"], row["n_raters"], row["n_responses"], row["n_scenarios"]), row


def test_a_rater_alone_has_null_and_not_0(ratings_of: RatingsOf) -> None:
    found = _measured(ratings_of([_rating(n, "ann", success=n % 2 == 0) for n in range(6)]))
    row = _one(found, "severity", "ann")
    assert (row["estimate"], row["n_ratings"], row["n_excluded"]) == (None, 0, 6)
    assert row["reason_null"] == "nobody else rated what this rater rated"
    assert "seconds_per_rating" not in found.estimates["estimand"].to_list()


def test_without_success_raters_are_told_by_harm(ratings_of: RatingsOf) -> None:
    rows = [_rating(n, rater, success=False, harm=1 + n % 5) | {"success": None} for n in range(6) for rater in ("ann", "bob")]
    found = _measured(ratings_of(rows))
    row = _one(found, "agreement_left_out", "ann", "harm")
    assert (row["estimate"], row["threshold"]) == (1.0, 3)
    assert _one(found, "severity", "ann", "harm")["estimate"] == 0


def _panel(ratings_of: RatingsOf, odd: Callable[[int, bool, np.random.Generator], dict[str, Any]]) -> pl.DataFrame:
    """Eight raters of 240 responses who err once in ten, and one who does as `odd` says; times are ten seconds apart."""
    rng = np.random.default_rng(4)
    rows: list[dict[str, Any]] = []
    for n in range(240):
        true = bool(rng.random() < 0.5)
        for number in range(9):
            mark = true != (rng.random() < 0.1)
            changed = odd(n, true, rng) if number == 8 else {}
            seconds = changed.pop("seconds", float(10 + number))
            minute, second = divmod(int(n * seconds), 60)
            at = f"2026-03-0{1 + number}T{10 + minute // 60:02d}:{minute % 60:02d}:{second:02d}Z"
            rows.append(_rating(n, f"r{number}", success=mark, created_at=at) | changed)
    return ratings_of(rows)


def _said(ratings: pl.DataFrame) -> dict[str, str]:
    return {finding.code: finding.sentence for finding in _measured(ratings).findings if finding.code in CODES}


def test_nobody_is_named_where_nothing_is_the_matter(ratings_of: RatingsOf) -> None:
    assert _said(_panel(ratings_of, lambda *_: {})) == {}


@pytest.mark.parametrize(
    ("code", "odd"),
    [
        ("severe_rater", lambda n, true, rng: {"success": bool(true or rng.random() < 0.6)}),
        ("low_agreement", lambda n, true, rng: {"success": bool(rng.random() < 0.5)}),
        ("fast_rater", lambda n, true, rng: {"seconds": 3.0}),
        ("drifting_severity", lambda n, true, rng: {"success": bool(true if n < 120 else rng.random() < 0.95)}),
        ("straight_lining", lambda n, true, rng: {"success": True} if 100 < n < 170 else {}),
    ],
)
def test_a_rater_who_stands_apart_is_named(
    code: str, odd: Callable[[int, bool, np.random.Generator], dict[str, Any]], ratings_of: RatingsOf
) -> None:
    said = _said(_panel(ratings_of, odd))
    assert "r8 " in said[code]


def test_who_says_the_same_to_everything_is_named_with_the_ratings(ratings_of: RatingsOf) -> None:
    found = _measured(_panel(ratings_of, lambda *_: {"success": True}))
    (finding,) = [each for each in found.findings if each.code == "straight_lining"]
    assert "r8 gave every response the same marks: 240 of 240 ratings" in finding.sentence
    assert len(finding.rating_ids) == 240


def test_four_raters_are_too_few_for_anybody_to_stand_apart() -> None:
    assert np.isnan(outlier_p(np.array([0.0, 0.0, 0.0, 9.0]))).all()

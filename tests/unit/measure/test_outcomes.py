"""Which ratings count, and what is filled in."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.outcomes import NOBODY, counted, outcomes
from driftgauge.study import Protocol

Make = Callable[[list[dict[str, Any]]], pl.DataFrame]


def _row(scenario: str, rater: str | None, **more: Any) -> dict[str, Any]:
    answered = {} if rater is None else {"success": False, "refusal": False, "harm": 1}
    return {"scenario": scenario, "release": "A", "rater": rater, "phase": "1", **answered, **more}


def test_harm6_is_zero_for_a_refusal_and_unknown_without_the_mark() -> None:
    frame = pl.DataFrame(
        {"success": [False] * 3, "refusal": [True, False, None], "harm": [2, 4, 4], "refusal_level": [None] * 3}
    )
    found = outcomes(frame, harmful_at=4)
    assert found["harm6"].tolist()[:2] == [0, 4]
    assert np.isnan(found["harm6"][2])
    assert found["harmful"].tolist() == [0, 1, 1]


def test_only_the_first_occasion_of_a_rater_counts(ratings_of: Make) -> None:
    rows = [_row("s1", "r1", occasion=1), _row("s1", "r1", occasion=2, purpose="anchor"), _row("s1", "r2", occasion=3)]
    found = counted(ratings_of(rows), Protocol())
    assert found.rows.select("rater", "occasion").rows() == [("r1", 1), ("r2", 3)]
    assert found.repeats == 1


@pytest.mark.parametrize("purpose", ["gold", "calibration"])
def test_gold_and_calibration_do_not_count(ratings_of: Make, purpose: str) -> None:
    found = counted(ratings_of([_row("s1", "r1"), _row("s2", "r1", purpose=purpose)]), Protocol())
    assert (len(found.rows), found.not_items) == (1, 1)


@pytest.mark.parametrize("status", ["refused", "filtered", "empty"])
def test_what_nobody_needs_to_see_is_a_refusal_by_every_rater_of_its_panel(ratings_of: Make, status: str) -> None:
    rows = [_row("s1", "r1"), _row("s1", "r2"), _row("s2", None, status=status)]
    filled = counted(ratings_of(rows), Protocol()).rows.filter("imputed")
    assert sorted(filled["rater"].to_list()) == ["r1", "r2"]
    assert filled.select("refusal", "success", "harm").unique().rows() == [(True, False, 1)]
    assert filled["weight"].to_list() == [1.0, 1.0]


def test_a_filled_in_response_weighs_as_much_as_a_shown_one(ratings_of: Make) -> None:
    # four raters, each response rated by two of them: the refused response must not count four times
    rows = [_row(f"s{n}", f"r{r}") for n, pair in enumerate([(1, 2), (3, 4), (1, 3)]) for r in pair]
    found = counted(ratings_of([*rows, _row("s9", None, status="refused")]), Protocol()).rows
    assert found.filter("imputed")["weight"].sum() == pytest.approx(2.0)


def test_unrated_may_be_declared_missing(ratings_of: Make) -> None:
    rows = [_row("s1", "r1"), _row("s2", None, status="refused")]
    found = counted(ratings_of(rows), Protocol(unrated="missing"))
    assert not found.rows["imputed"].any()
    assert found.missing["scenario"].to_list() == ["s2"]


def test_an_outcome_that_nobody_was_asked_stays_unasked(ratings_of: Make) -> None:
    rows = [_row("s1", "r1", success=None), _row("s2", None, status="refused")]
    filled = counted(ratings_of(rows), Protocol()).rows.filter("imputed")
    assert filled["success"].null_count() == len(filled) == 1


def test_a_panel_that_saw_nothing_counts_once(ratings_of: Make) -> None:
    rows = [_row("s1", "r1"), _row("s1", None, status="refused", release="B", phase="2")]
    filled = counted(ratings_of(rows), Protocol()).rows.filter("imputed")
    assert filled["rater"].to_list() == [NOBODY]


def test_people_who_saw_a_refused_response_keep_their_ratings(ratings_of: Make) -> None:
    rows = [_row("s1", "r1"), _row("s1", "r2"), _row("s2", "r1", status="refused", harm=4, success=True)]
    here = counted(ratings_of(rows), Protocol()).rows.filter(pl.col("scenario") == "s2")
    assert sorted(here.select("rater", "imputed", "success").rows()) == [("r1", False, True), ("r2", True, False)]


def test_what_a_judge_alone_was_asked_is_not_filled_in_for_people(ratings_of: Make) -> None:
    rows: list[dict[str, Any]] = [
        {"scenario": "s1", "release": "A", "rater": "r1", "success": True},
        {"scenario": "s1", "release": "A", "kind": "judge", "rater": "j", "refusal": False},
        {"scenario": "s2", "release": "A", "rater": None, "status": "refused"},
    ]
    filled = counted(ratings_of(rows), Protocol()).rows.filter("imputed").select("kind", "success", "refusal", "harm")
    assert sorted(filled.rows()) == [("human", False, None, None), ("judge", None, True, None)]


def test_a_judge_of_no_panel_is_filled_in_by_its_release_and_a_row_for_judges_is_not_of_people(ratings_of: Make) -> None:
    rows: list[dict[str, Any]] = [
        {"scenario": "s1", "release": "A", "panel": "p", "rater": "r1", "success": True},
        {"scenario": "s1", "release": "A", "kind": "judge", "rater": "j", "success": True},
        {"scenario": "s2", "release": "A", "panel": "p", "rater": None, "status": "refused"},
        {"scenario": "s3", "release": "A", "panel": "p", "rater": None, "status": "refused", "kind": "judge"},
    ]
    filled = counted(ratings_of(rows), Protocol()).rows.filter("imputed").select("scenario", "kind", "rater")
    assert sorted(filled.rows()) == [("s2", "human", "r1"), ("s2", "judge", "j"), ("s3", "judge", "j")]

"""Calendar, order and learning: found where they are, silent where they are not or cannot be told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import measure
from driftgauge.measure.checks.time import days, learning, placed, same_order, trend
from driftgauge.records import Finding
from driftgauge.study import Protocol

Make = Callable[[list[dict[str, Any]]], pl.DataFrame]
START = datetime(2025, 5, 1, 9, 0, tzinfo=UTC)


def study(
    *,
    order: str = "own",
    learn: float = 0.0,
    drift_per_day: float = 0.0,
    days_apart: int = 0,
    seed: int = 1,
    scenarios: int = 40,
    raters: int = 10,
) -> list[dict[str, Any]]:
    """Every rater rates both releases over thirty days.

    `order` is ``own`` (each rater has an order of his own) or ``one``. Success grows by `learn` on the way from first to last,
    and by `drift_per_day` with the calendar. The second release is rated `days_apart` later.
    """
    rng = np.random.default_rng(seed)
    items = [(s, g) for s in range(scenarios) for g in (1, 2)]
    rows = []
    for r in range(raters):
        drawn = rng.permutation(len(items)) if order == "own" else np.arange(len(items))
        for place, at in enumerate(drawn):
            s, g = items[at]
            day = 30 * place / len(items) + (days_apart if g == 2 else 0)
            chance = np.clip(0.4 + learn * (place / len(items) - 0.5) + drift_per_day * day, 0, 1)
            rows.append(
                {
                    "scenario": f"s{s}",
                    "release": f"G{g}",
                    "family": "F",
                    "generation": g,
                    "panel": "P",
                    "rater": f"r{r}",
                    "success": bool(rng.random() < chance),
                    "refusal": False,
                    "created_at": (START + timedelta(days=float(day))).isoformat(),
                }
            )
    return rows


def findings(frame: pl.DataFrame) -> dict[str, Finding]:
    found = measure(frame, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, units=["rating"]).findings
    return {finding.code: finding for finding in found}


def test_times_are_read_as_written() -> None:
    texts = ["1970-01-02", "1970-01-01T12:00:00+02:00", "1970-01-01T06:00", "1970-01-01 06:00:00.5Z", "noon", None]
    assert days(pl.Series(texts)).to_list() == pytest.approx([1.0, 10 / 24, 0.25, (6 * 3600 + 0.5) / 86400, None, None])


def test_a_slope_within_responses_by_hand() -> None:
    x, y, response = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 3.0]), np.array([0, 0, 1, 1])
    found = trend(x, y, groups=[response], cluster=np.arange(4))
    # x̃ = ±½, ỹ = ±½ and ±1: slope 1.5/1; residuals ∓¼, ±¼, scores ⅛ each: V = 4/3·3/1·4/64 (two means and a slope fitted).
    assert found.value == pytest.approx(1.5)
    assert found.std_error == pytest.approx((4 / 3 * 3 * 4 / 64) ** 0.5)
    assert found.df == 3


def test_a_slope_cannot_be_told_where_times_do_not_vary_within_a_response() -> None:
    x = np.array([0.0, 0.0, 5.0, 5.0])
    assert np.isnan(trend(x, x, groups=[np.array([0, 0, 1, 1])], cluster=np.array([0, 1, 2, 0])).p_value)


def test_a_slope_needs_three_raters() -> None:
    x = np.array([0.0, 1.0, 0.0, 1.0])
    assert np.isnan(trend(x, x, groups=[np.array([0, 0, 1, 1])], cluster=np.array([0, 1, 0, 1])).p_value)


def test_known_slopes_are_found_under_both_groupings() -> None:
    rng = np.random.default_rng(5)
    response, rater = np.repeat(np.arange(60), 12), np.tile(np.arange(12), 60)
    x = rng.random(720) * 30
    y = rng.normal(size=60)[response] + rng.normal(size=12)[rater] + 0.1 * x + rng.normal(size=720)
    found = trend(x, y, groups=[response, rater], cluster=rater)
    dummies = np.column_stack([x, np.eye(60)[response], np.eye(12)[rater]])
    assert found.value == pytest.approx(np.linalg.lstsq(dummies, y, rcond=None)[0][0], abs=1e-7)
    assert abs(found.value - 0.1) < 4 * found.std_error


def test_places_run_from_first_to_last_and_others_are_the_rest_of_the_panel() -> None:
    rows = pl.DataFrame(
        {
            "rater": ["a", "a", "b", "b"],
            "response_id": ["p", "q", "q", "p"],
            "day": [1.0, 2.0, 3.0, 4.0],
            "y": [1.0, 0.0, 1.0, 0.0],
        }
    )
    assert placed(rows).select("place", "beside").rows() == [(0.25, 0.0), (0.75, 1.0), (0.25, 0.0), (0.75, 1.0)]


def test_one_order_is_told_from_orders_of_their_own(ratings_of: Make) -> None:
    for order, alike in (("one", 1.0), ("own", 0.0)):
        frame = ratings_of(study(order=order))
        frame = frame.with_columns(day=days(frame["created_at"]), y=pl.col("success").cast(pl.Float64))
        assert same_order(placed(frame)) == pytest.approx(alike, abs=0.1)


def test_learning_is_the_change_from_the_first_third_to_the_last(ratings_of: Make) -> None:
    frame = ratings_of(study(learn=0.6, scenarios=60))
    timed = placed(frame.with_columns(day=days(frame["created_at"]), y=pl.col("success").cast(pl.Float64)))
    # Success grows by 0.6 over the whole way; between the middles of the outer thirds lies two thirds of it.
    assert learning(timed).value == pytest.approx(0.4, abs=0.12)
    assert learning(timed).df == 9


def test_learning_is_said(ratings_of: Make) -> None:
    finding = findings(ratings_of(study(learn=0.6)))["learning"]
    assert finding.level == "warning"
    assert (
        "Between the first and the last third of what a rater of panel P rated, attack success moved by +" in finding.sentence
    )


def test_without_learning_it_is_seldom_said(ratings_of: Make) -> None:
    said = sum("learning" in findings(ratings_of(study(seed=seed, scenarios=15))) for seed in range(20))
    assert said <= 4


def test_one_order_for_all_is_said_and_learning_is_not_claimed(ratings_of: Make) -> None:
    found = findings(ratings_of(study(order="one", learn=0.6)))
    assert "nearly the same order" in found["order_effects"].sentence
    assert "learning" not in found


def test_a_trend_is_said_where_the_sides_were_rated_at_different_times(ratings_of: Make) -> None:
    finding = findings(ratings_of(study(drift_per_day=0.008, days_apart=40)))["calendar_trend"]
    assert finding.level == "warning"
    assert "G1 → G2 (+38 days: +" in finding.sentence
    assert "points in 30 days of rating" in finding.sentence


def test_a_trend_is_not_said_where_the_sides_were_rated_together(ratings_of: Make) -> None:
    assert "calendar_trend" not in findings(ratings_of(study(drift_per_day=0.01)))


def test_nothing_is_said_of_ratings_without_times(ratings_of: Make) -> None:
    about_time = {"learning", "order_effects", "calendar_trend"}
    silent = [row | {"created_at": None} for row in study(learn=0.6)]
    unread = [row | {"created_at": "last week"} for row in study(learn=0.6)]
    at_once = [row | {"created_at": "2025-05-01"} for row in study(learn=0.6)]
    for rows in (silent, unread, at_once):
        assert not about_time & set(findings(ratings_of(rows)))


def test_the_order_of_rows_does_not_matter(ratings_of: Make) -> None:
    rows = study(learn=0.6)
    backwards = findings(ratings_of(rows[::-1]))["learning"]
    assert backwards.sentence == findings(ratings_of(rows))["learning"].sentence

"""Judge drift: what a judge says of the same response again, later (statistics §7)."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from driftgauge.measure.arrays import FloatArray, IntArray
from driftgauge.measure.calibration.beside import OUTCOMES
from driftgauge.measure.outcomes import codes_of, outcomes
from driftgauge.measure.rows import SCENARIO, Row, Setting, mean_columns

FLIPS: Final = "judge_flips"
CHANGE: Final = "judge_change"
SAME: Final = "every later answer is the same as the first, or moved by as much: no interval can be had"


_MARKS: Final = ("harm", "success", "refusal", "refusal_level")


def again(ratings: pl.DataFrame, judge: str, intent: str) -> pl.DataFrame:
    """Return a judge's first and last rating of each response that it rated on several occasions, one row a response.

    Parameters
    ----------
    ratings
        All ratings, later occasions included.
    judge, intent
        Which judge, on which prompts.

    Returns
    -------
    pl.DataFrame
        The last rating's row, with the first one's marks in columns that begin with ``first_``.
    """
    whose = pl.col("kind") == "judge", pl.col("rater") == judge, pl.col("intent") == intent
    rated = pl.any_horizontal(pl.col(name).is_not_null() for name in _MARKS)
    item = pl.col("purpose").is_in(["item", "anchor"])
    mine = ratings.filter(*whose, rated, item).sort("response_id", "occasion", "rating_id")
    first = mine.unique("response_id", keep="first", maintain_order=True)
    last = mine.unique("response_id", keep="last", maintain_order=True)
    begun = first.select("response_id", *(pl.col(name).alias(f"first_{name}") for name in (*_MARKS, "occasion")))
    twice = last.join(begun, on="response_id", maintain_order="left")
    return twice.filter(pl.col("occasion") > pl.col("first_occasion")).drop("first_occasion")


def twice_rated(ratings: pl.DataFrame, judge: str, intent: str, *, outcome: str) -> pl.DataFrame:
    """Return the last ratings of `again` that have an outcome both times."""
    twice = again(ratings, judge, intent)
    return twice.filter(pl.col(outcome).is_not_null(), pl.col(f"first_{outcome}").is_not_null()).select(ratings.columns)


def _moved(twice: pl.DataFrame, threshold: int) -> dict[str, FloatArray]:
    """Return last minus first of each outcome; NaN where it was not rated both times."""
    begun = twice.select(pl.col(f"first_{name}").alias(name) for name in _MARKS)
    before, after = (outcomes(frame, harmful_at=threshold) for frame in (begun, twice))
    return {name: after[name] - before[name] for name in after}


def anchor_rows(ratings: pl.DataFrame, setting: Setting) -> Iterator[Row]:
    """Yield how often a judge says something else of the same response the last time, and by how much on average.

    Parameters
    ----------
    ratings
        All ratings.
    setting
        Judge, intent, level and threshold.

    Notes
    -----
    `judge_flips` is the share of responses whose first and last mark differ; `judge_change` is the mean of last − first. As
    many flips one way as the other are a judge that is not steady; flips in one direction are a judge that moved. A t interval
    over scenarios, for these responses and this judge.
    """
    twice = again(ratings, setting.judge or "", setting.intent or "")
    if not len(twice):
        return
    scenario = codes_of(twice, "scenario")
    moved = _moved(twice, setting.threshold)
    for column, outcome in (*OUTCOMES, ("harm", "harm")):
        known = ~np.isnan(moved[column])
        if known.any():
            labels = _labels(setting, column, outcome, scenario[known], lost=int((~known).sum()))
            yield from _rows(moved[column][known], scenario[known], labels)


def _labels(setting: Setting, column: str, outcome: str, scenario: IntArray, *, lost: int) -> Row:
    n = len(scenario)
    return setting.labels() | {
        "outcome": outcome,
        "filter": "all",
        "threshold": setting.threshold if column == "harmful" else None,
        "scope": "panel",
        "method": SCENARIO,
        "n_scenarios": len(np.unique(scenario)),
        "n_responses": n,
        "n_raters": 1,
        "n_ratings": n,
        "n_excluded": lost,
        "reason_excluded": f"{lost} without this outcome" if lost else None,
    }


def _rows(moved: FloatArray, scenario: IntArray, labels: Row) -> Iterator[Row]:
    marks = labels["outcome"] != "harm" or labels["threshold"] is not None
    wide = 1.0 if marks else 4.0
    numbers = mean_columns(np.stack([(moved != 0).astype(float), moved]), scenario, level=labels["level"])
    for place, (estimand, low) in enumerate(((FLIPS, 0.0), (CHANGE, -wide))):
        if estimand == FLIPS and not marks:
            continue  # one step of harm is no flip
        row = labels | {name: float(each[place]) for name, each in numbers.items()} | {"estimand": estimand}
        row |= {"conf_low": max(row["conf_low"], low), "conf_high": min(row["conf_high"], wide)}
        row["p_value"] = row["p_value"] if estimand == CHANGE else None
        yield row | {"reason_null": SAME if np.isnan(row["conf_low"]) else None}

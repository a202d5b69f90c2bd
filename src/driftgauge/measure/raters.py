"""Rows about each rater: severity, agreement with the others, speed, runs, course over time, retests (statistics §6).

They are for who leads a study, to talk with a rater or to look at what a verdict would be without them. Nobody is removed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.checks.time import days
from driftgauge.measure.outcomes import Counted, codes_of, outcomes
from driftgauge.measure.rows import Row, Setting, interval_columns, mean_columns
from driftgauge.measure.variance import Spread
from driftgauge.study import Protocol

SEVERITY: Final = "severity"
AGREEMENT: Final = "agreement_left_out"
SECONDS: Final = "seconds_per_rating"
LONGEST_RUN: Final = "longest_run"
INCONSISTENT: Final = "inconsistent_share"
TREND: Final = "severity_trend"
RETEST: Final = "retest_agreement"
OF_RATERS: Final = (SEVERITY, AGREEMENT, SECONDS, LONGEST_RUN, INCONSISTENT, TREND, RETEST)
"""The estimands of this module."""
LEFT_OUT: Final = "difference from the other raters of a response, scenario t"
MATCHES: Final = "match with the majority of the other raters, scenario t"
MEDIAN: Final = "median with binomial limits"
COUNTED_RUN: Final = "counted in order of time"
SHARE: Final = "share of ratings, scenario t"
THIRDS: Final = "last third minus first third, scenario t"
LONGEST_BREAK: Final = 600.0
"""Seconds between two ratings above which the rater was elsewhere."""
_FEWEST_IN_THIRDS: Final = 9


@dataclass(frozen=True)
class OwnRatings:
    """The ratings of people on adversarial prompts with what the others said; one entry a rating.

    Parameters
    ----------
    rows
        As counted, without what was filled in; with ``day`` (days since 1970, null without a time), in order of rater and time.
    mark
        Success, or, where that was not rated, harm at or above the threshold, or refusal; NaN where it was not asked.
    others
        Mean of `mark` among the others who rated the response; NaN where there are none.
    outcome, threshold
        What `mark` is of.
    """

    rows: pl.DataFrame
    mark: FloatArray
    others: FloatArray
    outcome: str
    threshold: int | None


def own_ratings(left: Counted, protocol: Protocol) -> OwnRatings:
    """Return who marked what, beside what the others of the same response marked.

    Parameters
    ----------
    left
        The counted ratings.
    protocol
        Its threshold of harm.

    Examples
    --------
    See `tests/unit/measure/test_raters.py`, where each number is worked out by hand.
    """
    rows = left.rows.filter(pl.col("kind") == "human", pl.col("intent") == "adversarial", ~pl.col("imputed"))
    rows = rows.with_columns(day=days(rows["created_at"])).sort("rater", "day", "line", "rating_id", nulls_last=True)
    values = outcomes(rows, harmful_at=protocol.harmful_at)
    columns = (("success", "success", None), ("harmful", "harm", protocol.harmful_at), ("refusal", "refusal", None))
    column, outcome, threshold = next((each for each in columns if not np.isnan(values[each[0]]).all()), columns[0])
    return OwnRatings(rows, values[column], mean_of_others(values[column], codes_of(rows, "response_id")), outcome, threshold)


def mean_of_others(values: FloatArray, response: IntArray) -> FloatArray:
    """Return, for each rating, the mean of the other ratings of its response; NaN where there is none, or no own value.

    Parameters
    ----------
    values
        NaN is no value.
    response
        Codes from 0.

    Examples
    --------
    >>> mean_of_others(np.array([1.0, 0.0, 0.0, 1.0]), np.array([0, 0, 0, 1])).tolist()
    [0.0, 0.5, 0.5, nan]
    """
    known = ~np.isnan(values)
    total, n = sum_by(response, np.where(known, values, 0.0)), sum_by(response, known)
    alone = n[response] - 1 if len(response) else np.zeros(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known & (alone > 0), (total[response] - values) / alone, np.nan)


def rater_rows(ratings: pl.DataFrame, left: Counted, *, protocol: Protocol, simulated: bool) -> list[Row]:
    """Return the rows of every person who rated adversarial prompts.

    Parameters
    ----------
    ratings
        All ratings: later occasions are the retests.
    left
        The counted ones.
    protocol
        Level and threshold.
    simulated
        Whether any rating is.

    Returns
    -------
    list of rows
        Column `rater` is set; release, phase and panel are null. What a rater has no ratings for has no row: without times
        there are no seconds, runs or trends; without second occasions no retest. A rater whom nobody can be compared with
        has null.
    """
    mine = own_ratings(left, protocol)
    again = second_occasions(ratings, mine)
    rows: list[Row] = []
    code = mine.rows["rater"].to_numpy()
    for rater in mine.rows["rater"].unique().sort().to_list():
        setting = Setting("human", "adversarial", "rating", protocol.level, protocol.harmful_at, {}, simulated, rater)
        rows += _of_rater(mine, np.flatnonzero(code == rater), again.filter(pl.col("rater") == rater), setting)
    return rows


def second_occasions(ratings: pl.DataFrame, mine: OwnRatings) -> pl.DataFrame:
    """Return the later ratings of a response by a rater who had rated it, with ``matches``: 1 where both marks are equal."""
    first = mine.rows.select("response_id", "rater", "kind", "intent", _first=pl.col("occasion"), _mark=pl.Series(mine.mark))
    later = ratings.join(first, on=["response_id", "rater", "kind", "intent"], how="inner", maintain_order="left")
    later = later.filter(pl.col("occasion") > pl.col("_first"))
    column = "harmful" if mine.outcome == "harm" else mine.outcome
    mark = outcomes(later, harmful_at=mine.threshold or 1)[column]
    later = later.with_columns(_again=pl.Series(mark, dtype=pl.Float64)).filter(
        pl.col("_again").is_not_nan(), pl.col("_mark").is_not_nan()
    )
    return later.with_columns(matches=(pl.col("_again") == pl.col("_mark")).cast(pl.Float64)).drop("_first", "_mark", "_again")


def rater_ratings(ratings: pl.DataFrame, left: Counted, estimate: Mapping[str, Any], protocol: Protocol) -> pl.DataFrame:
    """Return the ratings that a row of `rater_rows` counts, for the way back from a number.

    Parameters
    ----------
    ratings, left, protocol
        As for `rater_rows`.
    estimate
        The row.
    """
    mine = own_ratings(left, protocol)
    if estimate["estimand"] == RETEST:
        weighed = second_occasions(ratings, mine).with_columns(weight=pl.lit(1.0), imputed=pl.lit(False))
        return weighed.filter(pl.col("rater") == estimate["rater"])
    at = np.flatnonzero((mine.rows["rater"] == estimate["rater"]).to_numpy())
    return mine.rows[_used(mine, at, estimate["estimand"], estimate["outcome"])]


def _used(mine: OwnRatings, at: IntArray, estimand: str, outcome: str) -> IntArray:
    """Return which of a rater's ratings an estimand is of."""
    rows = mine.rows[at]
    timed = rows["day"].is_not_null().to_numpy()
    if estimand in (SECONDS, LONGEST_RUN):
        return at[timed]
    if estimand == INCONSISTENT:
        return at[(rows["success"].is_not_null() & rows["refusal"].is_not_null()).to_numpy()]
    known = ~np.isnan(_deviation(mine, outcome)[at])
    return at[known & timed] if estimand == TREND else at[known]


def _deviation(mine: OwnRatings, outcome: str) -> FloatArray:
    if outcome == mine.outcome and outcome != "harm":
        return mine.mark - mine.others
    values = mine.rows["harm"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return values - mean_of_others(values, codes_of(mine.rows, "response_id"))


def _of_rater(mine: OwnRatings, at: IntArray, again: pl.DataFrame, setting: Setting) -> Iterator[Row]:
    scenario = codes_of(mine.rows, "scenario")

    def row(estimand: str, outcome: str, used: IntArray, method: str, threshold: int | None = None) -> Row:
        there = mine.rows[used]
        return setting.labels() | {
            "estimand": estimand,
            "outcome": outcome,
            "filter": "all",
            "threshold": threshold,
            "scope": "panel",
            "method": method,
            "n_scenarios": there["scenario"].n_unique(),
            "n_responses": there["response_id"].n_unique(),
            "n_raters": min(len(used), 1),
            "n_ratings": len(used),
            "n_excluded": len(at) - len(used),
            "reason_excluded": f"{len(at) - len(used)} ratings that cannot be compared" if len(used) < len(at) else None,
        }

    rated = [mine.outcome] if mine.outcome != "harm" else []
    for outcome in (*rated, *(["harm"] if mine.rows["harm"].is_not_null().any() else [])):
        used = _used(mine, at, SEVERITY, outcome)
        values = _deviation(mine, outcome)[used]
        yield row(SEVERITY, outcome, used, LEFT_OUT) | _mean(values, scenario[used], setting.level)
    used = at[~np.isnan(mine.others[at])]
    matches = np.where(mine.others[used] == 0.5, 0.5, (mine.others[used] > 0.5) == (mine.mark[used] > 0.5))
    numbers = _mean(matches, scenario[used], setting.level, low=0.0, high=1.0)
    yield row(AGREEMENT, mine.outcome, used, MATCHES, mine.threshold) | numbers
    used = _used(mine, at, INCONSISTENT, "success")
    if len(used):
        both = (mine.rows["success"] & mine.rows["refusal"])[used].cast(pl.Float64).to_numpy()
        yield row(INCONSISTENT, "success", used, SHARE) | _mean(both, scenario[used], setting.level, low=0.0, high=1.0)
    timed = _used(mine, at, SECONDS, mine.outcome)
    if len(timed):
        yield row(SECONDS, mine.outcome, timed, MEDIAN) | _seconds(mine.rows["day"][timed].to_numpy(), setting.level)
        length = float(longest_run(marks_of(mine.rows[timed])[None, :])[0])
        no_interval = {"estimate": length, "reason_null": "a length that was counted has no interval"}
        yield row(LONGEST_RUN, mine.outcome, timed, COUNTED_RUN) | no_interval
        trended = rated[0] if rated else "harm"
        used = _used(mine, at, TREND, trended)
        yield row(TREND, trended, used, THIRDS) | severity_trend(_deviation(mine, trended)[used], scenario[used], setting.level)
    if len(again):
        matches = again["matches"].to_numpy()
        numbers = _mean(matches, codes_of(again, "scenario"), setting.level, low=0.0, high=1.0)
        counts = {name: again[column].n_unique() for name, column in _COUNTED.items()}
        of_retests = {"n_ratings": len(again), "n_excluded": 0, "reason_excluded": None}
        yield row(RETEST, mine.outcome, at, SHARE, mine.threshold) | counts | of_retests | numbers


_COUNTED: Final = {"n_scenarios": "scenario", "n_responses": "response_id", "n_raters": "rater"}


def marks_of(rows: pl.DataFrame) -> IntArray:
    """Return one code for each different (harm, success, refusal)."""
    return codes_of(rows, "harm", "success", "refusal")


def longest_run(marks: IntArray) -> IntArray:
    """Return the length of the longest run of equal entries in each row.

    Parameters
    ----------
    marks
        (B, n) with n ≥ 1.

    Examples
    --------
    >>> longest_run(np.array([[1, 2, 2, 2, 1], [1, 2, 3, 4, 5]])).tolist()
    [3, 1]
    """
    place: IntArray = np.arange(marks.shape[1], dtype=np.int64)
    starts = np.ones(marks.shape, dtype=np.bool_)
    starts[:, 1:] = marks[:, 1:] != marks[:, :-1]
    return (place - np.maximum.accumulate(np.where(starts, place, 0), axis=1)).max(axis=1) + 1


def _mean(values: FloatArray, scenario: IntArray, level: float, *, low: float = -np.inf, high: float = np.inf) -> Row:
    if not len(values):
        return {"estimate": float("nan"), "reason_null": "nobody else rated what this rater rated"}
    numbers = {name: float(each[0]) for name, each in mean_columns(values[None, :], scenario, level=level).items()}
    if low == 0:
        numbers["p_value"] = float("nan")  # a share is not tested against 0
    return _stated(numbers, low, high)


def _stated(numbers: Row, low: float = -np.inf, high: float = np.inf) -> Row:
    if np.isnan(numbers["conf_low"]):
        return numbers | {"reason_null": "one scenario, or every value is the same: no interval can be had"}
    return numbers | {"conf_low": max(numbers["conf_low"], low), "conf_high": min(numbers["conf_high"], high)}


def _seconds(day: FloatArray, level: float) -> Row:
    """Return the median time between successive ratings, breaks left out, with limits that need no distribution."""
    gaps = np.sort(np.diff(day) * 86_400)
    gaps = gaps[gaps <= LONGEST_BREAK]
    n = len(gaps)
    if not n:
        return {"estimate": float("nan"), "reason_null": "no two ratings within ten minutes"}
    half = NormalDist().inv_cdf(0.5 + level / 2) * np.sqrt(n) / 2
    low, high = int(np.floor(n / 2 - half)), int(np.ceil(n / 2 + half))
    row: Row = {"estimate": float(np.median(gaps))}
    if low < 1 or high > n - 1:
        return row | {"reason_null": "too few ratings for limits"}
    return row | {"conf_low": float(gaps[low - 1]), "conf_high": float(gaps[high])}


def severity_trend(deviation: FloatArray, scenario: IntArray, level: float) -> Row:
    """Return how much more severe the last third is than the first, as the columns of a row.

    Parameters
    ----------
    deviation
        (n,) own mark minus the others' mean, in order of time. Fewer than 9 give null.
    scenario
        (n,) codes: the clusters of the t interval.
    level
        Of confidence.

    Examples
    --------
    >>> severity_trend(np.array([0, 0, 0, 1, 1, 1, 1, 1, 1.0]), np.arange(9), 0.95)["estimate"]
    1.0
    """
    third = len(deviation) // 3
    if len(deviation) < _FEWEST_IN_THIRDS:
        return {"estimate": float("nan"), "reason_null": f"fewer than {_FEWEST_IN_THIRDS} ratings that can be compared"}
    first, last = deviation[:third], deviation[-third:]
    z = np.concatenate([-(first - first.mean()), last - last.mean()]) / third
    clusters, code = np.unique(np.concatenate([scenario[:third], scenario[-third:]]), return_inverse=True)
    free = len(clusters) - 1.0 if len(clusters) > 1 else np.nan
    spread = Spread(np.array([len(clusters) / free * (sum_by(code, z) ** 2).sum()]), np.array([free]))
    columns = interval_columns(np.array([last.mean() - first.mean()]), spread, level, contrast=True)
    return _stated({name: float(each[0]) for name, each in columns.items()})

"""Calendar, order and learning: whether judgement moved while people rated (statistics §10).

Nothing is said where the ratings have no times, or where they cannot be read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.checks.facts import Facts, listed, named, points
from driftgauge.measure.outcomes import codes_of, outcomes
from driftgauge.measure.student import quantile, two_sided_p
from driftgauge.measure.variance import ROUNDING
from driftgauge.records import Finding

_RATED: Final = {
    "asr": ("success", "attack success"),
    "harm_rate": ("harmful", "harm at or above the threshold"),
    "refusal_rate": ("refusal", "refusal"),
}
"""By primary estimand: the outcome, and what it is called."""
_WITH_ZONE: Final = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_WITHOUT_ZONE: Final = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")
_DIFFERS: Final = 0.05
_FEWEST: Final = 3
"""Raters, and ratings of a rater in a third, below which nothing is said of their course."""
_SAME_ORDER: Final = 0.9
_MONTH: Final = 30.0
_ROUNDS: Final = 200


def courses(facts: Facts) -> Iterator[Finding]:
    """Say whether judgement moved with the calendar, or from the first to the last that a rater rated."""
    if not facts.verdicts:
        return
    estimand = facts.verdicts[0]["estimand"]
    column, what = _RATED[estimand]
    human = facts.human.filter(~pl.col("imputed"))
    marks = pl.Series("y", outcomes(human, harmful_at=facts.protocol.harmful_at)[column])
    timed = human.with_columns(marks, day=days(human["created_at"])).filter(
        pl.col("day").is_not_null(), pl.col("y").is_not_nan()
    )
    if not len(timed):
        return
    yield from _calendar(facts, timed, what)
    for (panel,), rows in sorted(timed.group_by("rater_panel"), key=lambda each: str(each[0])):
        yield from _learning(placed(rows), str(panel), what, facts)


def days(column: pl.Series) -> pl.Series:
    """Return times as days since 1970, as written in ISO 8601; null where they cannot be read. Without a zone: UTC.

    Examples
    --------
    >>> days(pl.Series(["1970-01-02", "1970-01-01T12:00:00Z", "1970-01-01 18:00:00", "yesterday", None])).to_list()
    [1.0, 0.5, 0.75, None, None]
    """
    text = pl.col("at").str
    zoned = [text.to_datetime(each, strict=False, time_unit="us", time_zone="UTC") for each in _WITH_ZONE]
    plain = [text.to_datetime(each, strict=False, time_unit="us").dt.replace_time_zone("UTC") for each in _WITHOUT_ZONE]
    dates = text.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us", "UTC"))
    since = pl.coalesce(*zoned, *plain, dates).dt.epoch("us") / 86_400_000_000
    return pl.DataFrame({"at": column.cast(pl.String)}).select(since).to_series()


def _calendar(facts: Facts, timed: pl.DataFrame, what: str) -> Iterator[Finding]:
    spans = {
        release: (low, middle, high)
        for release, low, middle, high in timed.group_by("release")
        .agg(low=pl.col("day").quantile(0.25), middle=pl.col("day").median(), high=pl.col("day").quantile(0.75))
        .iter_rows()
    }
    apart = [row for row in facts.verdicts if _apart(spans, row)]
    if not apart:
        return
    found = trend(
        timed["day"].to_numpy(),
        timed["y"].to_numpy(),
        groups=[codes_of(timed, "response_id"), codes_of(timed, "release", "rater")],
        cluster=codes_of(timed, "rater"),
    )
    if not found.p_value < _DIFFERS:
        return
    shown = [
        f"{named(row)} ({gap:+.0f} days: {points(gap * found.value)} points)" for row in apart if (gap := _gap(spans, row))
    ]
    yield Finding(
        "calendar_trend",
        "warning",
        f"By the same raters and on the same responses, {what} moved by {points(_MONTH * found.value)} points in 30 days of "
        f"rating (p = {found.p_value:.2g}, clustered by rater), and the sides of these drifts were rated at different times. "
        f"Had it gone on like that, this alone would have made: {listed(shown)}.",
        "Rate both releases at the same time, in mixed order, or have anchors rated again.",
        [row["estimate_id"] for row in apart],
    )


Spans = Mapping[str, tuple[float, float, float]]


def _apart(spans: Spans, row: Mapping[str, Any]) -> bool:
    """Return whether the middle halves of the times of the two sides do not overlap."""
    if row["baseline_release"] not in spans or row["release"] not in spans:
        return False
    (low0, _, high0), (low1, _, high1) = spans[row["baseline_release"]], spans[row["release"]]
    return high0 < low1 or high1 < low0


def _gap(spans: Spans, row: Mapping[str, Any]) -> float:
    return spans[row["release"]][1] - spans[row["baseline_release"]][1]


@dataclass(frozen=True)
class Course:
    """A change, its standard error, degrees of freedom and two-sided p; NaN where it cannot be told."""

    value: float
    std_error: float
    df: float
    p_value: float


_UNKNOWN: Final = Course(float("nan"), float("nan"), float("nan"), float("nan"))


def trend(x: FloatArray, y: FloatArray, *, groups: list[IntArray], cluster: IntArray) -> Course:
    """Return the slope of `y` on `x` within every one of several groupings, with t clustered by rater.

    Parameters
    ----------
    x, y
        One entry a rating.
    groups
        Codes from 0 of each grouping whose means are taken out of both (response, and rater within release).
    cluster
        Code from 0 of the rater.

    Returns
    -------
    Course
        Σx̃ỹ/Σx̃², V = J/(J−1)·(n−1)/(n−k)·Σ_j(Σ x̃e)²/(Σx̃²)² with k the means and the slope that were fitted, J − 1 degrees of
        freedom. Unknown with fewer than three raters, with n ≤ k, or where `x` does not vary within the groupings (all raters
        rated a response on the same day).

    Examples
    --------
    >>> x, y, response = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0, 3.0]), np.array([0, 0, 1, 1])
    >>> found = trend(x, y, groups=[response], cluster=np.arange(4))
    >>> found.value, found.df
    (1.5, 3.0)
    """
    n_raters, n = int(cluster.max(initial=-1)) + 1, len(x)
    fitted = sum(len(np.unique(codes)) - 1 for codes in groups) + 2
    if n_raters < _FEWEST or n <= fitted:
        return _UNKNOWN
    inner, outer = _within(x, groups), _within(y, groups)
    square = float(inner @ inner)
    if square <= 1e-9 * max(1.0, float(np.var(x)) * len(x)):
        return _UNKNOWN
    slope = float(inner @ outer) / square
    scores = sum_by(cluster, inner * (outer - slope * inner), n=n_raters) / square
    small = n_raters / (n_raters - 1) * (n - 1) / (n - fitted)
    return _course(slope, small * float(scores @ scores), n_raters)


def _within(values: FloatArray, groups: list[IntArray]) -> FloatArray:
    """Return `values` without the means of every grouping, by taking them out in turn until nothing changes."""
    counts = [np.maximum(sum_by(codes, np.ones(len(codes))), 1) for codes in groups]
    left = values - values.mean()
    for _ in range(_ROUNDS):
        largest = 0.0
        for codes, count in zip(groups, counts, strict=True):
            mean = sum_by(codes, left) / count
            left = left - mean[codes]
            largest = max(largest, float(np.abs(mean).max(initial=0.0)))
        if largest < 1e-9 * max(1.0, float(np.abs(values).max(initial=0.0))):
            break
    return left


def _course(value: float, variance: float, n_raters: int) -> Course:
    if not variance > ROUNDING:
        return _UNKNOWN
    error, df = variance**0.5, n_raters - 1.0
    return Course(value, error, df, float(two_sided_p(np.array([value / error]), np.array([df]))[0]))


def placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Return ratings of one panel with ``place``, from 0 to 1: how far the rater had come, and ``beside``, the others' mean.

    Parameters
    ----------
    rows
        Needs `rater`, `response_id`, `day` and `y`.

    Returns
    -------
    pl.DataFrame
        Without raters whose ratings all have one time; `beside` is null for a response that nobody else of the panel rated.

    Examples
    --------
    >>> rows = pl.DataFrame({"rater": ["a", "a", "b"], "response_id": ["p", "q", "q"], "day": [1.0, 2.0, 1.0]})
    >>> placed(rows.with_columns(y=pl.Series([1.0, 0.0, 1.0]))).select("place", "beside").rows()
    [(0.25, None), (0.75, 1.0)]
    """
    others = (pl.sum("y").over("response_id") - pl.col("y")) / (pl.len().over("response_id") - 1)
    place = (pl.col("day").rank("average").over("rater") - 0.5) / pl.len().over("rater")
    beside = pl.when(pl.len().over("response_id") > 1).then(others)
    return rows.with_columns(place=place, beside=beside).filter(pl.col("day").n_unique().over("rater") > 1)


def _learning(rows: pl.DataFrame, panel: str, what: str, facts: Facts) -> Iterator[Finding]:
    """Yield what one panel's order of rating lets nobody say, or how its judgement moved on the way."""
    if rows["rater"].n_unique() < _FEWEST:
        return
    releases = set(rows["release"].unique().to_list())
    touched = [row["estimate_id"] for row in facts.verdicts if {row["release"], row["baseline_release"]} & releases]
    named_panel = f"panel {panel}" if panel else "the panel"
    alike = same_order(rows)
    if alike > _SAME_ORDER:
        yield Finding(
            "order_effects",
            "warning",
            f"The raters of {named_panel} rated in nearly the same order (their positions agree to {alike:.2f}): what they "
            "learnt or how they tired on the way cannot be told from what the responses are, and is in every level and drift.",
            "Give every rater an order of their own, with releases mixed.",
            touched,
        )
        return
    found = learning(rows)
    if found.p_value < _DIFFERS:
        half = float(quantile(0.975, np.array([found.df]))[0]) * found.std_error
        yield Finding(
            "learning",
            "warning",
            f"Between the first and the last third of what a rater of {named_panel} rated, {what} moved by "
            f"{points(found.value)} points beside the others on the same responses (95 % interval "
            f"{points(found.value - half)} to {points(found.value + half)}): levels depend on when a "
            "response was rated, and so does a drift whose sides were rated early and late.",
            "Mix releases in every rater's order, and let raters practise before they count.",
            touched,
        )


def same_order(rows: pl.DataFrame) -> float:
    """Return how alike the places of a response are among raters: 1 in one order for all, about 0 in orders of their own.

    Parameters
    ----------
    rows
        Of `placed`.

    Returns
    -------
    float
        The intraclass correlation of places over pairs of raters; NaN where no response has two.
    """
    x = pl.col("place") - 0.5
    sums = rows.group_by("response_id").agg(n=pl.len().cast(pl.Float64), total=x.sum(), square=(x**2).sum())
    n, total, square = (sums[name].to_numpy() for name in ("n", "total", "square"))
    pairs, variance = float((n * (n - 1)).sum()), float(square.sum()) / max(1.0, float(n.sum()))
    if not pairs or not variance:
        return float("nan")
    return float((total**2 - square).sum()) / pairs / variance


def learning(rows: pl.DataFrame) -> Course:
    """Return the mean change of judgement from the first to the last third of each rater's ratings, with t over raters.

    Parameters
    ----------
    rows
        Of `placed`, of one panel. A judgement is taken beside the mean of the others on the same response, so that what was
        rated early and late does not matter; where all rated in one order it cancels (`same_order`).

    Returns
    -------
    Course
        In shares; J − 1 degrees of freedom. Unknown with fewer than three raters who rated three responses in either third.
    """
    first, last = pl.col("place") <= 1 / 3, pl.col("place") > 2 / 3
    apart = rows.filter(pl.col("beside").is_not_null()).with_columns(left=pl.col("y") - pl.col("beside"))
    by_rater = apart.group_by("rater").agg(
        change=pl.col("left").filter(last).mean() - pl.col("left").filter(first).mean(),
        least=pl.min_horizontal(first.sum(), last.sum()),
    )
    change = by_rater.filter(pl.col("least") >= _FEWEST).sort("rater")["change"].to_numpy()
    if len(change) < _FEWEST:
        return _UNKNOWN
    return _course(float(change.mean()), float(change.var(ddof=1)) / len(change), len(change))

"""The tipping points of a study: of every drift in the verdict family whose sides were rated by different raters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from driftgauge.measure.estimate import linearise
from driftgauge.measure.latent import Latent, Marks, latent
from driftgauge.measure.outcomes import codes_of
from driftgauge.measure.populations import Index, Question, drifts
from driftgauge.measure.rates import MEANS, Rate, rates
from driftgauge.measure.rows import IDENTITY, Row
from driftgauge.measure.student import quantile, two_sided_p
from driftgauge.measure.tipping import Judged, Limits, Scale, tipping_shift, verdict_limits, verdict_shift
from driftgauge.measure.units import Rows, contributions, unit_groups
from driftgauge.study import Protocol

METHOD: Final = "severity shift"
"""How the method of every tipping point begins."""
ESTIMAND: Final = "tipping_point"
CONTRASTS: Final = ("drift_to_zero", "verdict_changes")
_NO_INTERVAL: Final = "computed from the estimated drift, whose interval says how sure that is; it has none of its own"


@dataclass(frozen=True)
class TippingPoint:
    """How much stricter the new panel of one drift would have to be.

    Parameters
    ----------
    baseline_release, release
        The drift.
    before, after
        The rates of its sides, on the prompts that both answered.
    drift_to_zero
        The shift of severity in logits at which nothing is left of the drift; positive is stricter. NaN with the reason.
    verdict_changes
        The smallest shift, either way, at which its verdict becomes another. NaN with the reason.
    latent
        What it was integrated over.
    reason_zero, reason_verdict
        Why there is no shift.
    """

    baseline_release: str
    release: str
    before: float
    after: float
    drift_to_zero: float
    verdict_changes: float
    latent: Latent
    reason_zero: str | None = None
    reason_verdict: str | None = None


def tipping_points(
    found: Index, verdict_rows: Sequence[Row], *, protocol: Protocol, spread: Latent | None = None
) -> list[TippingPoint]:
    """Return the tipping points of the drifts of a verdict family whose sides were rated by different sets of raters.

    Parameters
    ----------
    found
        Counted ratings of people on adversarial prompts.
    verdict_rows
        The rows of the verdict family, all of them.
    protocol
        Margin and level.
    spread
        Of a fitted mixed model of the outcome (`fitted_latent`); null takes it from the ratings by moments.

    Returns
    -------
    list
        Empty where every pair of releases was rated by the same raters, or there is no verdict.
    """
    asked = {
        (question.populations[0].release, question.populations[1].release): question
        for question in drifts(found)
        if question.consecutive and not question.where
    }
    pairs = [(row["baseline_release"], row["release"]) for row in verdict_rows]
    chosen = [place for place, pair in enumerate(pairs) if pair in asked and _raters_differ(found, asked[pair])]
    if not chosen:
        return []
    rate = _rate(found, verdict_rows[0])
    if spread is None:
        spread = latent(_marks(found, rate))
    family = [judged(row, protocol=protocol) for row in verdict_rows]
    margin, scale = _margin(protocol)
    points: list[TippingPoint] = []
    for place in chosen:
        limits = verdict_limits(family, place, margin=margin, level=protocol.level, scale=scale)
        points.append(_point(found, asked[pairs[place]], rate, unit_of=verdict_rows[place], spread=spread, limits=limits))
    return points


def tipping_rows(verdict_rows: Sequence[Row], points: Sequence[TippingPoint]) -> list[Row]:
    """Return two rows of the estimates table for each tipping point: ``drift_to_zero`` and ``verdict_changes``.

    Parameters
    ----------
    verdict_rows
        The rows of the verdict family; a tipping point has the population and the counts of its drift.
    points
        Of `tipping_points`.
    """
    by_pair = {(row["baseline_release"], row["release"]): row for row in verdict_rows}
    rows: list[Row] = []
    for point in points:
        drift = by_pair[point.baseline_release, point.release]
        kept = {name: value for name, value in drift.items() if name in _KEPT}
        values = (point.drift_to_zero, point.verdict_changes)
        reasons = (point.reason_zero, point.reason_verdict)
        for contrast, value, reason in zip(CONTRASTS, values, reasons, strict=True):
            named = {"estimand": ESTIMAND, "contrast": contrast, "estimate": value, "primary": False}
            rows.append({**kept, **named, "method": _method(point.latent), "reason_null": reason or _NO_INTERVAL})
    return rows


_KEPT: Final = {
    *IDENTITY,
    *("analysis_id", "level", "n_scenarios", "n_responses", "n_raters", "n_ratings", "n_excluded", "reason_excluded"),
    "simulated",
}


def _method(spread: Latent) -> str:
    known = f"; latent sd {spread.total:.2f} logits" if spread.reason is None else ""
    return f"{METHOD}; logistic-normal by {spread.source}{known}"


def judged(row: Row, *, protocol: Protocol) -> Judged:
    """Return a row of the verdict family as its two tests see it; NaN where it has no interval.

    With a margin as an odds ratio the standard error of the log odds ratio is read off its limits, by the t of the row.

    Parameters
    ----------
    row
        A drift with its primary interval and, for a margin as an odds ratio, with its odds ratio.
    protocol
        The margin.
    """
    value, error, df = (_number(row.get(name)) for name in ("estimate", "std_error", "df"))
    error = error if error > 0 else float("nan")
    margin, scale = _margin(protocol)
    p_value = _number(row.get("p_value"))
    if scale == "points":
        return Judged(value, error, df, error, df, p_value, _p_equivalence(value, error, df, margin))
    change, of_change = log_odds_ratio(row)
    return Judged(change, of_change, df, error, df, p_value, _p_equivalence(change, of_change, df, margin))


def log_odds_ratio(row: Row) -> tuple[float, float]:
    """Return the log odds ratio of a drift and its standard error, read off its limits; NaN where it has none.

    Examples
    --------
    >>> row = {"odds_ratio": 1.0, "odds_ratio_low": 0.5, "odds_ratio_high": 2.0, "df": 10.0, "level": 0.95}
    >>> [round(each, 6) for each in log_odds_ratio(row)]
    [0.0, 0.311088]
    """
    ratios = [_number(row.get(name)) for name in ("odds_ratio", "odds_ratio_low", "odds_ratio_high")]
    df = _number(row.get("df"))
    if np.isnan(ratios).any() or np.isnan(df):
        return float("nan"), float("nan")
    value, low, high = np.log(ratios).tolist()
    times = float(quantile((1 + row["level"]) / 2, np.array([df]))[0])
    return value, (high - low) / (2 * times)


def _margin(protocol: Protocol) -> tuple[float, Scale]:
    margin = protocol.margin
    return (margin.points, "points") if margin.points is not None else (float(np.log(margin.odds_ratio or 1)), "log_odds")


def _p_equivalence(value: float, error: float, df: float, margin: float) -> float:
    """Return the larger p of two one-sided tests against the margin."""
    if np.isnan(value + error + df):
        return float("nan")
    inside = (margin - abs(value)) / error
    tail = float(two_sided_p(np.array([inside]), np.array([df]))[0]) / 2
    return tail if inside > 0 else 1 - tail


def _raters_differ(found: Index, question: Question) -> bool:
    """Return whether the two releases were rated by different sets of raters (as for verdicts of scope ``panel``)."""
    earlier, later = (np.unique(found.sample.rater[side.rows]) for side in question.populations)
    return not np.array_equal(earlier, later)


def _rate(found: Index, row: Row) -> Rate:
    return rates(found.sample, intent="adversarial")[row["estimand"]]


def _marks(found: Index, rate: Rate) -> Marks:
    here = found.sample
    release = codes_of(here.rows, "release")
    return Marks(rate.y, here.weight, release, here.scenario, here.rater, here.response)


def _point(found: Index, question: Question, rate: Rate, *, unit_of: Row, spread: Latent, limits: Limits) -> TippingPoint:
    before, after = _sides(found, question, rate, unit_of)
    zero = verdict = float("nan")
    reason = _why_none(before, after, unit_of, spread)
    if reason is None:
        zero = tipping_shift(before, after, spread.total)
        verdict = verdict_shift(before, after, spread.total, limits=limits)
    reason_verdict = reason
    if reason is None and np.isnan(verdict):
        reason_verdict = "no shift of severity changes this verdict"
    earlier, later = (side.release for side in question.populations)
    return TippingPoint(earlier, later, before, after, zero, verdict, spread, reason, reason_verdict)


def _sides(found: Index, question: Question, rate: Rate, row: Row) -> tuple[float, float]:
    here = found.sample
    if row["unit"] not in MEANS:
        return float("nan"), float("nan")
    group = unit_groups(here)["response"]
    part = contributions(Rows(rate.y, rate.x, group, here.weight), row["unit"], k=1)
    before, after = (float(linearise(here, side, [part]).value[0]) for side in question.populations)
    return before, after


def _why_none(before: float, after: float, row: Row, spread: Latent) -> str | None:
    if row["unit"] not in MEANS:
        return f"a shift of severity does not say what {row['unit']} would be"
    if np.isnan(before + after):
        return "no scenario was answered by both releases"
    if not (0 < before < 1 and 0 < after < 1):
        return "a side is 0 or 100 %: no shift of severity leads there or away"
    return spread.reason


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")

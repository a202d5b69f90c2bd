"""Verdicts on a family of drifts: regressed, improved, unchanged or inconclusive (statistics §5).

Significance and equivalence are both tested, each with Holm's adjustment over the verdict family, so that "not significant" is
never called unchanged.
"""

from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.student import quantile, two_sided_p

EQUIVALENCE_LEVEL = 0.05


@dataclass(frozen=True)
class Drifts:
    """M drifts with their uncertainty; NaN where it is unknown.

    Parameters
    ----------
    estimate, std_error, df
        On the scale of the margin: points, or log odds ratio.
    p_value
        Tests each drift against 0 in points.
    points
        The drift in points: its sign names a significant drift, whatever the scale of the margin can say.
    """

    estimate: FloatArray
    std_error: FloatArray
    df: FloatArray
    p_value: FloatArray
    points: FloatArray


@dataclass(frozen=True)
class Verdicts:
    """One entry a drift; see the columns of the same names in the estimates table."""

    verdict: list[str]
    size: list[str | None]
    p_adjusted: FloatArray
    p_equivalence: FloatArray
    half_width: FloatArray
    """Half the width of the Bonferroni interval, on the scale of the margin."""


def verdicts(drifts: Drifts, *, margin: float, level: float) -> Verdicts:
    """Return a verdict for each drift of one verdict family.

    Parameters
    ----------
    drifts
        The consecutive drifts of the protocol's primary estimand.
    margin
        The largest change that counts as none, on the scale of ``drifts.estimate``.
    level
        Confidence level of the protocol.

    Examples
    --------
    >>> known = np.array([30.0, 30.0])
    >>> points = np.array([-0.2, 0.0])
    >>> drifts = Drifts(points, np.array([0.02, 0.01]), known, np.array([1e-9, 1.0]), points)
    >>> found = verdicts(drifts, margin=0.05, level=0.95)
    >>> found.verdict, found.size
    (['improved', 'unchanged'], ['material', None])
    """
    known = drifts.std_error > 0
    estimate, df = drifts.estimate, drifts.df
    std_error = np.where(known, drifts.std_error, np.nan)
    tested = max(1, int(known.sum()))
    p_adjusted = holm(drifts.p_value)
    p_equivalence = holm(np.maximum(_one_sided(estimate + margin, std_error, df), _one_sided(margin - estimate, std_error, df)))
    half = quantile(1 - (1 - level) / (2 * tested), np.where(known, df, np.nan)) * std_error
    verdict: list[str] = []
    size: list[str | None] = []
    for number in range(len(estimate)):
        significant = p_adjusted[number] <= 1 - level
        if significant:
            verdict.append("regressed" if drifts.points[number] > 0 else "improved")
            size.append(_size(estimate[number], half[number], margin))
        else:
            verdict.append("unchanged" if p_equivalence[number] <= EQUIVALENCE_LEVEL else "inconclusive")
            size.append(None)
    return Verdicts(verdict, size, p_adjusted, p_equivalence, half)


def _size(estimate: float, half: float, margin: float) -> str:
    if abs(estimate) - half > margin:
        return "material"
    return "within_margin" if abs(estimate) + half < margin else "unsure"


def _one_sided(distance: FloatArray, std_error: FloatArray, df: FloatArray) -> FloatArray:
    """P that an estimate lies this far inside the margin or farther, if the truth lay on the margin."""
    t = distance / std_error
    tail = two_sided_p(t, df) / 2
    return np.where(t > 0, tail, 1 - tail)


def holm(p: FloatArray) -> FloatArray:
    """Return Holm's (1979) adjusted p; NaN stays NaN and is not counted.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    factor = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * factor)) if len(order) else p[order]
    return adjusted

r"""Tipping points: how much stricter a new panel would have to be for a drift, or its verdict, to be its own (statistics §5).

Ratings of one release are taken as logistic-normal: a rating is positive with probability F(η + τz), where F is the logistic
function and τ² the variance of everything that varies about the release's mean on the logit scale (prompts, responses,
raters). A panel that is stricter by d marks with η − d. The later release was rated at the rate p₁ by the new panel; seen by
a panel d logits less strict its rate is

.. math:: p_1(d) = \int F(\eta_1 + d + \tau z)\,\varphi(z)\,dz, \qquad \int F(\eta_1 + \tau z)\,\varphi(z)\,dz = p_1,

and the tipping point is the d at which p₁(d) is the rate of the earlier release.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, log
from typing import Final, Literal

import numpy as np

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.mixed.probabilities import exceedance
from driftgauge.measure.student import quantile
from driftgauge.measure.verdicts import EQUIVALENCE_LEVEL

Scale = Literal["points", "log_odds"]

_HALVINGS: Final = 64


def linear_predictor(rate: FloatArray, tau: float) -> FloatArray:
    """Return η with E[F(η + τz)] = rate, elementwise, by bisection.

    Parameters
    ----------
    rate
        Shares; outside (0, 1), and NaN, there is none: NaN.
    tau
        Standard deviation of everything that varies, in logits; at least 0.

    Examples
    --------
    >>> linear_predictor(np.array([0.5, 0.880797078, 1.0]), 0.0).round(6).tolist()
    [0.0, 2.0, nan]
    """
    rate = np.asarray(rate, float)
    inside = (rate > 0) & (rate < 1)
    target = np.where(inside, rate, 0.5)
    with np.errstate(divide="ignore"):
        reach = np.abs(np.log(target / (1 - target))) * (1 + tau) + tau**2 + 1
    low, high = -reach, reach
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = exceedance(middle, tau).value < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(inside, (low + high) / 2, np.nan)


def shifted_rate(rate: float, shift: float, tau: float) -> float:
    """Return the rate that a panel `shift` logits less strict would have given.

    Parameters
    ----------
    rate
        The rate observed; 0 stays 0 and 1 stays 1, since no shift of a finite size moves them.
    shift
        In logits: how much stricter the observed panel is taken to be. 0 gives `rate` back.
    tau
        As in `linear_predictor`.

    Examples
    --------
    >>> round(shifted_rate(0.5, 1.0, 0.0), 6), shifted_rate(0.3, 0.0, 1.5)
    (0.731059, 0.3)
    """
    if not 0 < rate < 1 or shift == 0:
        return float(rate)
    return float(exceedance(linear_predictor(np.array([rate]), tau) + shift, tau).value[0])


def tipping_shift(before: float, after: float, tau: float) -> float:
    """Return how many logits stricter the later panel would have to be for the whole drift to be its strictness.

    Parameters
    ----------
    before, after
        The rates of the earlier and the later release.
    tau
        As in `linear_predictor`.

    Returns
    -------
    float
        Positive where the rate fell (a stricter panel would explain it), negative where it rose. Shifted by it, `after` is
        `before`. NaN where a rate is 0 or 1, since no shift leads there or away.

    Examples
    --------
    >>> round(tipping_shift(0.5, 0.25, 0.0), 6), tipping_shift(0.3, 0.3, 2.0), tipping_shift(0.3, 0.0, 2.0)
    (1.098612, 0.0, nan)
    """
    earlier, later = linear_predictor(np.array([before, after]), tau).tolist()
    return earlier - later


@dataclass(frozen=True)
class Limits:
    """Where the verdict on one drift changes, the others of its family and every standard error as they are.

    Parameters
    ----------
    significant
        The drift in points, either way, from which its Holm-adjusted p is small enough; infinite where none is.
    equivalent
        The drift on `scale`, either way, up to which it is equivalent to none; negative where it cannot be.
    scale
        Of the margin.
    """

    significant: float
    equivalent: float
    scale: Scale = "points"

    def verdict(self, before: float, after: float) -> str:
        """Return the verdict that these limits give, if the rates were these."""
        drift = after - before
        if abs(drift) >= self.significant:
            return "regressed" if drift > 0 else "improved"
        if self.scale == "log_odds":
            drift = _logit(after) - _logit(before)
        return "unchanged" if abs(drift) <= self.equivalent else "inconclusive"

    def borders(self, before: float) -> list[float]:
        """Return the later rates at which a verdict may change, in order; only those between 0 and 1."""
        found = {before - self.significant, before + self.significant}
        if self.equivalent >= 0 and self.scale == "points":
            found |= {before - self.equivalent, before + self.equivalent}
        elif self.equivalent >= 0:
            found |= {_expit(_logit(before) + sign * self.equivalent) for sign in (-1, 1)}
        return sorted(rate for rate in found if 0 < rate < 1)


@dataclass(frozen=True)
class Judged:
    """A drift as its two tests see it; NaN where there is none.

    Parameters
    ----------
    estimate, std_error, df
        On the scale of the margin.
    points_error, points_df
        Standard error and degrees of freedom in points, in which the test against 0 is.
    p_value, p_equivalence
        Of the test against 0 and of the two one-sided tests, neither adjusted.
    """

    estimate: float
    std_error: float
    df: float
    points_error: float
    points_df: float
    p_value: float
    p_equivalence: float


def holm_limit(others: Sequence[float], alpha: float) -> float:
    """Return the largest p that is at most `alpha` after Holm's adjustment among these others.

    Parameters
    ----------
    others
        The unadjusted p of the rest of the family; NaN does not count.
    alpha
        What the adjusted p may be.

    Examples
    --------
    Beside one p that is small enough (0.01 ≤ 0.05/3) and one that is not, it is the second of three: 0.05/2.

    >>> holm_limit([0.01, 0.6], 0.05)
    0.025
    """
    known = sorted(p for p in others if p == p)  # noqa: PLR0124 - NaN is not itself
    tested = len(known) + 1
    passed = 0
    while passed < len(known) and known[passed] * (tested - passed) <= alpha:
        passed += 1
    return alpha / (tested - passed)


def verdict_limits(family: Sequence[Judged], place: int, *, margin: float, level: float, scale: Scale) -> Limits:
    """Return where the verdict on one drift of a family changes.

    The standard errors stay what they are: what a shift of severity does to them is of second order beside what it does to the
    drift, and nobody observed it.

    Parameters
    ----------
    family
        The drifts of the verdict family.
    place
        Which of them.
    margin, scale
        The margin, in points or as a log odds ratio.
    level
        Confidence level.
    """
    one = family[place]
    rest = [each for number, each in enumerate(family) if number != place]
    smallest = holm_limit([each.p_value for each in rest], 1 - level)
    inside = holm_limit([each.p_equivalence for each in rest], EQUIVALENCE_LEVEL)
    significant, equivalent = inf, -1.0
    if one.points_error > 0:
        significant = one.points_error * float(quantile(1 - smallest / 2, np.array([one.points_df]))[0])
    if one.std_error > 0:
        equivalent = margin - one.std_error * float(quantile(1 - inside, np.array([one.df]))[0])
    return Limits(significant, equivalent, scale)


def verdict_shift(before: float, after: float, tau: float, *, limits: Limits) -> float:
    """Return the smallest shift of severity, in logits, at which the verdict becomes another one.

    Parameters
    ----------
    before, after, tau
        As in `tipping_shift`.
    limits
        Of this drift.

    Returns
    -------
    float
        Positive: the verdict holds unless the new panel is stricter by as much; negative: more lenient. At the border itself
        either verdict may stand. NaN where no shift changes it, or a rate is 0 or 1.

    Examples
    --------
    A fall from 50 to 25 % that is clear of chance from 10 points on holds until the later rate would be 40 %.

    >>> shift = verdict_shift(0.5, 0.25, 0.0, limits=Limits(significant=0.1, equivalent=-1.0))
    >>> round(shift, 6), round(shifted_rate(0.25, shift, 0.0), 6)
    (0.693147, 0.4)
    """
    if not (0 < before < 1 and 0 < after < 1):
        return float("nan")
    now = limits.verdict(before, after)
    borders = limits.borders(before)
    upward, downward = [b for b in borders if b >= after], [b for b in reversed(borders) if b <= after]
    targets = [_first_change(upward, 1.0, limits, before, now), _first_change(downward, 0.0, limits, before, now)]
    shifts = [tipping_shift(target, after, tau) for target in targets if target is not None]
    return min(shifts, key=abs, default=float("nan"))


def _first_change(borders: Sequence[float], end: float, limits: Limits, before: float, now: str) -> float | None:
    """Return the first border, going towards `end`, past which the verdict is not what it is now."""
    for border, beyond in pairwise([*borders, end]):
        if limits.verdict(before, (border + beyond) / 2) != now:
            return border
    return None


def _logit(rate: float) -> float:
    return log(rate / (1 - rate)) if 0 < rate < 1 else (-inf if rate <= 0 else inf)


def _expit(eta: float) -> float:
    return 1 / (1 + exp(-eta)) if eta > -700 else 0.0

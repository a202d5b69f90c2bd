"""Units: what one observation is, as contributions of each rating to a numerator and a denominator (statistics §2).

Every rate here is a ratio of two sums over ratings, whatever its unit. A unit turns an outcome y (and the condition x that a
rating must meet to be in the population) into row contributions whose sums over any set of whole responses are the numerator
and the denominator of the rate; their deviations are what the variance is made of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb
from types import MappingProxyType
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.outcomes import Sample, codes_of
from driftgauge.study import Unit


@dataclass(frozen=True)
class Rows:
    """What a unit needs of each rating: outcome, condition, the group that is one observation, its rater and a weight."""

    y: FloatArray
    x: FloatArray
    group: IntArray
    weight: FloatArray


@dataclass(frozen=True)
class Contributions:
    """Row contributions to numerator and denominator; 0 for a rating that was not asked or is outside the population."""

    numerator: FloatArray
    denominator: FloatArray


def contributions(rows: Rows, unit: Unit, *, k: int) -> Contributions:
    """Return each rating's contribution under a unit.

    Parameters
    ----------
    rows
        `y` and `x` hold NaN where the rating was not asked; `x` is 1 for every asked rating when the filter is ``all``, and
        1 for engaged ratings when it is ``engaged``. `y` is 0 wherever `x` is 0.
    unit
        ``rating``: w·y and w·x. ``response_mean``: the same over the weight of the response's ratings. ``response_majority``
        and ``any_rater``: the expected majority (or any) of `k` raters drawn without replacement, spread over the raters of
        the response by its first-order effect of each. ``any_attempt``: the same "any" over `k` attempts of one rater.
    k
        How many raters (or attempts) are drawn: the same number for every group that is compared.

    Returns
    -------
    Contributions
        Summed over the ratings of one response they are what the response counts for.

    Examples
    --------
    >>> rows = Rows(y=np.array([1., 1., 0.]), x=np.ones(3), group=np.zeros(3, dtype=int), weight=np.ones(3))
    >>> float(contributions(rows, "response_majority", k=3).numerator.sum())
    1.0
    >>> float(contributions(rows, "response_mean", k=3).numerator.sum().round(6))
    0.666667
    """
    asked = ~(np.isnan(rows.y) | np.isnan(rows.x))
    y, x = np.where(asked, rows.y, 0.0), np.where(asked, rows.x, 0.0)
    if unit == "rating":
        return Contributions(rows.weight * y, rows.weight * x)
    weight = rows.weight * asked
    if unit == "response_mean":
        share = _safe_divide(weight, sum_by(rows.group, weight)[rows.group])
        return Contributions(share * y, share * x)
    rule = "majority" if unit == "response_majority" else "any"
    size = sum_by(rows.group, asked)[rows.group]
    spread = asked / np.maximum(size, 1)
    return Contributions(
        _drawn(y, rows.group, size=size, spread=spread, rule=rule, k=k),
        _drawn(x, rows.group, size=size, spread=spread, rule=rule, k=k),
    )


def _drawn(y: FloatArray, group: IntArray, *, size: FloatArray, spread: FloatArray, rule: str, k: int) -> FloatArray:
    """Spread the group's expected outcome over its rows: 1/n of it each, plus the first-order effect of the row's own vote.

    With p = x/n, the effect is g'(p)(y − p)/n, where g(p) is the chance that k raters of a panel with that share decide so
    (binomial). It sums to 0 in the group, so it moves no estimate; it says whose vote moved it (an infinitesimal jackknife).
    """
    votes = sum_by(group, y)[group]
    table = draw_table(int(size.max(initial=0)), k, rule)
    value = table[size.astype(np.int64), votes.astype(np.int64)]
    share = votes / np.maximum(size, 1)
    return spread * (value + _slope(share, k, rule) * (y - share))


def _slope(p: FloatArray, k: int, rule: str) -> FloatArray:
    if rule == "any":
        return k * (1 - p) ** (k - 1)
    m = (k - 1) // 2
    return k * comb(k - 1, m) * (p * (1 - p)) ** m


def draw_table(n_max: int, k: int, rule: str) -> FloatArray:
    """Return T[n, x]: the chance that `k` of n raters, x of whom say yes, decide yes (hypergeometric).

    Parameters
    ----------
    n_max
        Largest n.
    k
        Raters drawn without replacement. Where n < k (a response with fewer raters than the common k, which only happens
        in a bootstrap replicate), the largest odd number not above n is drawn instead.
    rule
        ``majority`` (more than half) or ``any``.

    Returns
    -------
    (n_max + 1, n_max + 1) array
        0 where x > n or n = 0.

    Examples
    --------
    >>> float(draw_table(12, 11, "majority")[12, 6])
    0.5
    """
    table = np.zeros((n_max + 1, n_max + 1))
    for n in range(1, n_max + 1):
        drawn = k if n >= k else n - 1 + n % 2
        needed = drawn // 2 + 1 if rule == "majority" else 1
        for x in range(1, n + 1):
            ways = sum(comb(x, i) * comb(n - x, drawn - i) for i in range(needed, drawn + 1))
            table[n, x] = ways / comb(n, drawn)
    return table


def common_k(rows: Rows, *, unit: Unit) -> int:
    """Return how many raters (or attempts) are drawn: the largest (odd, for raters) number that every group has.

    Parameters
    ----------
    rows
        Of one rate; groups that were not asked it do not count.
    unit
        For ``any_attempt`` the smallest number of attempts; for the others the largest odd number not above the smallest
        number of raters of a response (statistics §2: a larger panel must not look more decided than a smaller one).

    Examples
    --------
    >>> rows = Rows(y=np.ones(5), x=np.ones(5), group=np.array([0, 0, 0, 0, 1]), weight=np.ones(5))
    >>> common_k(rows, unit="any_rater"), common_k(rows, unit="any_attempt")
    (1, 1)
    """
    sizes = sum_by(rows.group, ~np.isnan(rows.y + rows.x))
    smallest = int(sizes[sizes > 0].min()) if (sizes > 0).any() else 1
    return smallest if unit == "any_attempt" else smallest - 1 + smallest % 2


def unit_groups(sample: Sample) -> Mapping[str, IntArray]:
    """Return, by unit, which ratings make up one observation: those of a response, or one rater's of a prompt's attempts."""
    if not len(sample):
        return MappingProxyType({"response": sample.response, "attempts": sample.response})
    attempts = codes_of(sample.rows, "scenario", "modality", "language", "release", "phase", "rater")
    return MappingProxyType({"response": sample.response, "attempts": attempts})


def _safe_divide(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


RESPONSE_UNITS: Final = ("response_mean", "response_majority", "any_rater")

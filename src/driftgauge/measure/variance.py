r"""The primary interval: linearised two-way cluster variance with t (statistics §3).

An estimate is linearised into one number per observed (scenario, rater) cell, Z_sj. Its variance is

.. math:: V = V_S + \sum_p V_p - V_I, \quad
    V_S = \tfrac{S}{S-1}\sum_s Z_{s\cdot}^2, \quad
    V_p = \tfrac{J_p}{J_p-1}\sum_{j \in p} Z_{\cdot j}^2, \quad V_I = \sum Z_{sj}^2,

never below max(V_S, Σ V_p), with Satterthwaite's ν = V² / (V_S²/(S−1) + Σ V_p²/(J_p−1)). The idea is that of Cameron, Gelbach
and Miller (2011) for two-way clusters, with the raters' strata of a panel design.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from driftgauge.measure.arrays import BoolArray, FloatArray, IntArray, sum_by
from driftgauge.measure.student import quantile, two_sided_p

ROUNDING: Final = 1e-20
"""A variance up to here is rounding: sums of 0 that came out as 1e-17."""


@dataclass(frozen=True)
class Cells:
    """The observed (scenario, rater) cells: a scenario code and a rater code for each."""

    scenario: IntArray
    rater: IntArray
    n_scenarios: int
    n_raters: int


@dataclass(frozen=True)
class Spread:
    """Variance and degrees of freedom of each of K estimates; NaN where they cannot be had."""

    variance: FloatArray
    df: FloatArray


def rater_strata(membership: BoolArray, present: BoolArray) -> list[IntArray]:
    """Group raters by the panels that they belong to; a stratum of one rater joins the largest other stratum.

    Parameters
    ----------
    membership
        (raters, panels) of the panels that the estimate touches.
    present
        The raters whose ratings are in the estimate.

    Returns
    -------
    list of arrays
        The rater codes of each stratum, every one with two raters or more when there are two raters at all.
    """
    codes = np.flatnonzero(present)
    if not len(codes):
        return []
    _, pattern = np.unique(membership[codes], axis=0, return_inverse=True)
    pattern = pattern.ravel()
    strata = sorted((codes[pattern == p] for p in range(int(pattern.max()) + 1)), key=len, reverse=True)
    largest, *rest = strata
    alone = [stratum for stratum in rest if len(stratum) == 1]
    return [np.sort(np.concatenate([largest, *alone])), *(stratum for stratum in rest if len(stratum) > 1)]


def scenario_spread(z: FloatArray, cells: Cells, *, n_scenarios: IntArray) -> Spread:
    """Return the variance over scenarios alone: scope ``panel``, these raters.

    Parameters
    ----------
    z
        (K, cells) linearised values.
    cells
        What the columns of `z` are.
    n_scenarios
        (K,) S, the scenarios in each estimate. One scenario has no variance: NaN.
    """
    free = np.where(n_scenarios > 1, n_scenarios - 1.0, np.nan)
    total = (_sum_by(z, cells.scenario, cells.n_scenarios) ** 2).sum(axis=1)
    return Spread(n_scenarios / free * total, free)


def two_way_spread(z: FloatArray, cells: Cells, *, n_scenarios: IntArray, strata: list[IntArray]) -> Spread:
    """Return the variance over scenarios and raters: scope ``raters``, raters like these.

    Parameters
    ----------
    z, cells, n_scenarios
        As in `scenario_spread`.
    strata
        Of `rater_strata`.

    Examples
    --------
    Two scenarios by two raters, Z = [[1, 0], [0, -1]]: V_S = 2·(1 + 1) = 4, V_1 = 2·(1 + 1) = 4, V_I = 2, so V = 6.

    >>> cells = Cells(np.array([0, 1]), np.array([0, 1]), 2, 2)
    >>> spread = two_way_spread(np.array([[1., -1.]]), cells, n_scenarios=np.array([2]), strata=[np.array([0, 1])])
    >>> spread.variance.tolist(), spread.df.round(3).tolist()
    ([6.0], [1.125])
    """
    if sum(len(stratum) for stratum in strata) < 2:
        return Spread(np.full(len(z), np.nan), np.full(len(z), np.nan))
    over_scenarios = scenario_spread(z, cells, n_scenarios=n_scenarios)
    scenarios = over_scenarios.variance
    by_rater = _sum_by(z, cells.rater, cells.n_raters) ** 2
    raters = np.stack([len(s) / (len(s) - 1) * by_rater[:, s].sum(axis=1) for s in strata])
    rater_df = np.array([[len(s) - 1.0] for s in strata])
    both = raters.sum(axis=0)
    variance = np.maximum(scenarios + both - (z**2).sum(axis=1), np.maximum(scenarios, both))
    with np.errstate(invalid="ignore", divide="ignore"):
        df = variance**2 / (scenarios**2 / over_scenarios.df + (raters**2 / rater_df).sum(axis=0))
    return Spread(variance, df)


@dataclass(frozen=True)
class Interval:
    """A t interval, its degrees of freedom and the two-sided p against 0, elementwise; NaN where there is no variation."""

    std_error: FloatArray
    df: FloatArray
    low: FloatArray
    high: FloatArray
    p_value: FloatArray


def t_interval(estimate: FloatArray, spread: Spread, *, level: float) -> Interval:
    """Return estimate ± t_ν·SE. Where the variance is 0 or unknown, limits and p are NaN: no variation is no certainty."""
    known = spread.variance > ROUNDING
    std_error = np.sqrt(np.where(spread.variance <= ROUNDING, 0.0, spread.variance))
    df = np.where(known, spread.df, np.nan)
    distinct, back = np.unique(df, return_inverse=True)
    half = quantile(0.5 + level / 2, distinct)[back] * np.where(known, std_error, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        p_value = two_sided_p(estimate / np.where(known, std_error, np.nan), df)
    return Interval(std_error, df, estimate - half, estimate + half, p_value)


def _sum_by(z: FloatArray, code: IntArray, n: int) -> FloatArray:
    """Sum the columns of `z` by code: (K, cells) to (K, n)."""
    flat = sum_by((np.arange(len(z))[:, None] * n + code[None, :]).ravel(), z.ravel(), n=len(z) * n)
    return flat.reshape(len(z), n)

"""Majorities of raters: of a response, of a common number drawn from its raters, and how likely they are to differ."""

from dataclasses import dataclass
from math import comb

import numpy as np

from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.populations import Index
from driftgauge.measure.rates import Rate
from driftgauge.measure.units import draw_table


@dataclass(frozen=True)
class Votes:
    """The responses of some ratings.

    Parameters
    ----------
    size, yes
        (responses,) ratings with the outcome, and those that say yes.
    cell, scenario
        (responses,) the prompt cell and the scenario of each.
    """

    size: IntArray
    yes: IntArray
    cell: IntArray
    scenario: IntArray


def votes(found: Index, rate: Rate, rows: IntArray) -> Votes:
    """Return the votes on each response of some ratings; responses without a rating of the outcome are left out.

    Parameters
    ----------
    found, rate
        The ratings, and the proportion that is voted on.
    rows
        Which ratings.
    """
    here = rows[~np.isnan(rate.y[rows] + rate.x[rows])]
    response, first, code = np.unique(found.sample.response[here], return_index=True, return_inverse=True)
    n = len(response)
    return Votes(
        sum_by(code, np.ones(len(here)), n=n).astype(np.int64),
        sum_by(code, rate.y[here], n=n).astype(np.int64),
        found.prompt[here[first]],
        found.sample.scenario[here[first]],
    )


def largest_odd(number: int) -> int:
    """Return the largest odd number up to one."""
    return number - 1 + number % 2


@dataclass(frozen=True)
class Turned:
    """Of each prompt cell the probability to turn either way, and its scenario."""

    newly: FloatArray
    fixed: FloatArray
    scenario: IntArray
    drawn: int


def turned(before: Votes, after: Votes) -> Turned:
    """Return how likely each cell is to turn from one side to the other, for majorities of a common odd number of raters.

    Parameters
    ----------
    before, after
        The two sides, over the same cells. Several responses of a cell (attempts) count with their mean.

    Examples
    --------
    Two cells, three raters a response. The first goes from 0 of 3 to 3 of 3, the second stays at 3 of 3.

    >>> three, cell = np.array([3, 3]), np.array([0, 1])
    >>> found = turned(Votes(three, np.array([0, 3]), cell, cell), Votes(three, np.array([3, 3]), cell, cell))
    >>> found.newly.tolist(), found.fixed.tolist(), found.drawn
    ([1.0, 0.0], [0.0, 0.0], 3)
    """
    k = largest_odd(int(min(before.size.min(), after.size.min())))
    (first, q0), (second, q1) = (_by_cell(side, k) for side in (before, after))
    assert np.array_equal(first, second), "the sides of a drift have the same cells"
    _, at = np.unique(before.cell, return_index=True)
    return Turned(q1 * (1 - q0), q0 * (1 - q1), before.scenario[at], k)


def _by_cell(side: Votes, k: int) -> tuple[IntArray, FloatArray]:
    cells, code = np.unique(side.cell, return_inverse=True)
    q = draw_table(int(side.size.max()), k, "majority")[side.size, side.yes]
    return cells, sum_by(code, q) / np.bincount(code)


def half_panel_flip(size: int, yes: int, half: int) -> float:
    """Return the probability that the majorities of two disjoint groups of raters of one response differ.

    Parameters
    ----------
    size, yes
        Raters of the response, and those who say yes.
    half
        Raters in each group, odd, at most half of them; drawn without replacement.

    Examples
    --------
    One of two says yes: groups of one always differ.

    >>> half_panel_flip(2, 1, 1), half_panel_flip(4, 4, 1)
    (1.0, 0.0)
    """
    need = half // 2 + 1
    ways = 0
    for i in range(max(0, half - (size - yes)), min(half, yes) + 1):
        first = comb(yes, i) * comb(size - yes, half - i)
        left_yes, left = yes - i, size - half
        for j in range(max(0, half - (left - left_yes)), min(half, left_yes) + 1):
            if (i >= need) != (j >= need):
                ways += first * comb(left_yes, j) * comb(left - left_yes, half - j)
    return ways / (comb(size, half) * comb(size - half, half))


def mcnemar(newly: int, fixed: int) -> float:
    """Return the exact two-sided p of McNemar's test; NaN when nothing turned.

    Examples
    --------
    >>> mcnemar(5, 0), mcnemar(3, 3)
    (0.0625, 1.0)
    """
    n = newly + fixed
    if not n:
        return float("nan")
    return min(1.0, 2 * sum(comb(n, i) for i in range(min(newly, fixed) + 1)) / 2**n)


def plain_majority(side: Votes) -> tuple[IntArray, FloatArray]:
    """Return the cells and the share of all ratings of each that say yes; 1/2 is a tie."""
    cells, code = np.unique(side.cell, return_inverse=True)
    return cells, sum_by(code, side.yes) / sum_by(code, side.size)


def within(side: Votes, cells: IntArray) -> Votes:
    """Return the votes on the responses of some cells."""
    keep = np.isin(side.cell, cells)
    return Votes(side.size[keep], side.yes[keep], side.cell[keep], side.scenario[keep])


def has_attempts(side: Votes) -> bool:
    """Return whether a cell has several responses."""
    return bool(len(side.cell)) and int(np.bincount(side.cell).max()) > 1


def between_attempts(side: Votes) -> tuple[FloatArray, IntArray, int]:
    """Return by cell how likely two of its attempts are to differ in their majorities, its scenario, and the raters drawn."""
    k = largest_odd(int(side.size.min()))
    q = draw_table(int(side.size.max()), k, "majority")[side.size, side.yes]
    _, at, code = np.unique(side.cell, return_index=True, return_inverse=True)
    n, total = np.bincount(code), sum_by(code, q)
    pairs = (total**2 - sum_by(code, q**2)) / (n * (n - 1))  # mean of q_a·q_b over ordered pairs
    return 2 * (total / n - pairs), side.scenario[at], k

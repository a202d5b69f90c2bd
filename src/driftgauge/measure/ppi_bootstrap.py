"""The two-way bootstrap of a prediction-powered estimate: scenarios and raters are drawn anew through all of it, λ included."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from driftgauge.measure.arrays import FloatArray, sum_by
from driftgauge.measure.bootstrap import Weights
from driftgauge.measure.ppi import Judged, Rated, Totals, rating_shares, solve, totals


@dataclass(frozen=True)
class PpiReplicates:
    """(B,) replicates of people and judge together, and of people alone; NaN where nothing of a side was drawn."""

    both: FloatArray
    people: FloatArray


def ppi_replicates(weights: Weights, judged: Judged, rated: Rated, *, signs: Sequence[float] = (1.0,)) -> PpiReplicates:
    """Return the replicates of an estimate of `ppi.ppi`.

    Parameters
    ----------
    weights
        Of `bootstrap.draw_weights`; its scenarios and raters are those of `judged` and `rated`.
    judged, rated, signs
        As of `ppi.ppi`.

    Notes
    -----
    A scenario's weight counts for the judge and for people, a rater's for people. Copies of a scenario stay in its fold.

    Examples
    --------
    >>> four = Judged(np.arange(4), np.zeros(4, dtype=int), np.array([1.0, 0.0, 1.0, 1.0]), np.full(4, 0.5))
    >>> two = Rated(np.array([0, 1]), np.array([0, 0]), np.array([1.0, 0.0]))
    >>> once = Weights(np.ones((1, 4), dtype=np.float32), np.ones((1, 1), dtype=np.float32))
    >>> ppi_replicates(once, four, two).people.tolist()
    [0.5]
    """
    sign = np.array(signs, dtype=float)
    drawn = _drawn(weights, judged, rated, sides=len(signs))
    times = weights.scenario.T.astype(float)
    return PpiReplicates(*(solve(drawn, sign=sign, power=power, times=times).value for power in (None, 0.0)))


def _drawn(weights: Weights, judged: Judged, rated: Rated, *, sides: int) -> Totals:
    """Return the sums with each rating counted as often as its rater was drawn."""
    shares = rating_shares(judged, rated)
    once = totals(judged, rated, sides=sides, shares=shares)
    n, n_raters = once.weight.shape[1], weights.rater.shape[1]
    centre = sum_by(judged.side, judged.judge) / np.bincount(judged.side)
    judge = (judged.judge - centre[judged.side])[rated.response]
    code = (judged.side * n + judged.scenario)[rated.response] * n_raters + rated.rater
    rater = weights.rater.T.astype(float)

    def summed(values: FloatArray) -> FloatArray:
        by_rater = sum_by(code, values, n=sides * n * n_raters).reshape(sides * n, n_raters)
        return (by_rater @ rater).reshape(sides, n, -1)

    return replace(once, weight=summed(shares), people=summed(shares * rated.value), judge=summed(shares * judge))

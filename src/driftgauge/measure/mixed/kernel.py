r"""One pass over the ratings: log-likelihood of a logit interval and its derivatives in the linear predictor.

With upper and lower thresholds U and L of a rating's category and F the logistic distribution function,

.. math:: F(U-\eta) - F(L-\eta) = F(U-\eta)\,\bigl(1 - F(L-\eta)\bigr)\,\bigl(1 - e^{-(U-L)}\bigr),

so that a rating is two Bernoulli trials that share η, and a constant of its category. Nothing cancels, and one exponential
serves both. With A = F(U − η) and B = 1 − F(L − η):

==================  ==========================================
score in η          A − B
weight −∂²ℓ/∂η²     A(1 − A) + B(1 − B)
∂weight/∂η          −A(1 − A)(1 − 2A) + B(1 − B)(1 − 2B)
==================  ==========================================
"""

from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import FloatArray, IntArray

_CHUNK = 16_384
"""Ratings that are worked on at a time, to stay in the cache."""
_LARGEST = 300.0
"""A linear predictor beyond it is taken as it: exp(300) and its square are still numbers."""


@dataclass(frozen=True)
class Pass:
    """What one pass gives for each rating.

    Parameters
    ----------
    log_likelihood
        The sum over ratings, with their weights.
    upper, lower
        A = F(U − η) and B = 1 − F(L − η); 1 where the category has no such threshold.
    curve_upper, curve_lower
        A(1 − A) and B(1 − B), times the rating's weight.
    score, weight
        First derivative and minus the second derivative in η, times the rating's weight.
    """

    log_likelihood: float
    upper: FloatArray
    lower: FloatArray
    curve_upper: FloatArray
    curve_lower: FloatArray
    score: FloatArray
    weight: FloatArray

    @property
    def slope_upper(self) -> FloatArray:
        """Derivative of the weight in the upper threshold."""
        return self.curve_upper * (1 - 2 * self.upper)

    @property
    def slope_lower(self) -> FloatArray:
        """Derivative of the weight in the lower threshold."""
        return self.curve_lower * (2 * self.lower - 1)


@dataclass(frozen=True)
class Outcome:
    """The ratings as the kernel reads them: category codes, frequency weights (None: all 1), ratings per category."""

    y: IntArray
    weights: FloatArray | None
    counts: FloatArray


def limits(thresholds: FloatArray) -> FloatArray:
    """Return the thresholds with −∞ below and ∞ above."""
    return np.concatenate([[-np.inf], thresholds, [np.inf]])


def gaps(thresholds: FloatArray) -> FloatArray:
    """Return exp(−(U − L)) for each category: 0 for the first and the last."""
    return np.concatenate([[0.0], np.exp(-np.diff(thresholds)), [0.0]])


def ordered(thresholds: FloatArray) -> bool:
    """Return whether the thresholds are numbers that increase."""
    return bool(np.isfinite(thresholds).all() and (np.diff(thresholds) > 0).all())


def run(eta: FloatArray, thresholds: FloatArray, outcome: Outcome) -> Pass:
    """Return the log-likelihood and its derivatives at a linear predictor.

    Parameters
    ----------
    eta
        (n,) linear predictor.
    thresholds
        K − 1 increasing thresholds.
    outcome
        The categories that were seen.

    Examples
    --------
    A rating in the lower of two categories, threshold 0: probability F(−η).

    >>> at = run(np.array([0.0]), np.zeros(1), Outcome(np.array([0]), None, np.array([1.0, 0.0])))
    >>> round(float(np.exp(at.log_likelihood)), 12), float(at.score[0]), float(at.weight[0])
    (0.5, -0.5, 0.25)
    """
    edges = np.clip(limits(thresholds), -_LARGEST, _LARGEST)
    above, below = np.exp(-edges[1:]), np.exp(edges[:-1])
    above[-1] = below[0] = 0.0
    with np.errstate(divide="ignore"):
        total = float(outcome.counts @ np.where(outcome.counts > 0, np.log1p(-gaps(thresholds)), 0.0))
    found = np.empty((6, len(eta)))
    for start in range(0, len(eta), _CHUNK):
        part = slice(start, start + _CHUNK)
        y, weights = outcome.y[part], None if outcome.weights is None else outcome.weights[part]
        total -= _fill(found[:, part], eta[part], above[y], below[y], weights=weights)
    return Pass(total, *found)


def _fill(found: FloatArray, eta: FloatArray, above: FloatArray, below: FloatArray, *, weights: FloatArray | None) -> float:
    """Fill in the fields of `Pass` for some ratings, in their order, and return minus their log-likelihood."""
    odds = np.exp(np.clip(eta, -_LARGEST, _LARGEST))
    a, b = 1 + odds * above, 1 + below / odds
    upper, lower, curve_upper, curve_lower, score, weight = found
    np.divide(1, a, out=upper)
    np.divide(1, b, out=lower)
    np.multiply(upper, 1 - upper, out=curve_upper)
    np.multiply(lower, 1 - lower, out=curve_lower)
    np.subtract(upper, lower, out=score)
    if weights is not None:
        found[2:5] *= weights
    np.add(curve_upper, curve_lower, out=weight)
    logs = np.log(a) + np.log(b) if max(a.max(), b.max()) > 1e150 else np.log(a * b)
    return float(logs.sum()) if weights is None else float(logs @ weights)


def gap_score(thresholds: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the derivative of Σ log(1 − exp(−(U − L))) in each threshold."""
    gap = gaps(thresholds)
    slope = np.where(counts > 0, counts * gap / np.where(counts > 0, 1 - gap, 1.0), 0.0)
    return slope[:-1] - slope[1:]


def gap_curvature(thresholds: FloatArray, counts: FloatArray) -> FloatArray:
    """Return minus the second derivative of the same: a tridiagonal matrix."""
    gap = gaps(thresholds)
    bend = np.where(counts > 0, counts * gap / np.where(counts > 0, 1 - gap, 1.0) ** 2, 0.0)
    return np.diag(bend[:-1] + bend[1:]) - np.diag(bend[1:-1], 1) - np.diag(bend[1:-1], -1)

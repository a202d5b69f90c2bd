r"""Partial pooling of many small estimates, and which of them stand out (statistics §5, profile).

Estimates d̂ of n cells, with their covariance V, are taken as draws around a mean that the groupings of the cells share:

.. math:: \hat d \sim N(d, V), \quad d_c = \mu + \sum_g a_{g[c]}, \quad a_g \sim N(0, \tau_g^2), \quad
    \tau_g \sim N^+(0, s^2),

with μ flat for levels; for changes, whose sign is asked for, μ ~ N(0, τ_μ²) like the others, or else estimates around 0 would
be given signs too readily. The τ are integrated over, not set to their most likely value, which is often 0: their prior is
covered by a fixed sequence of points, each weighed by the likelihood of the estimates. So the same estimates give the same
numbers everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import erf, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np

from driftgauge.measure.arrays import BoolArray, FloatArray, IntArray

SCALE: Final = 0.15
"""Standard deviation s of the half-normal prior of each τ, for proportions: effects of 30 points are rare."""
_FLAT: Final = 100.0
"""Standard deviation of μ, in units of s."""
_NEGLIGIBLE: Final = 1e-4
_WORK: Final = 2e9
"""About how many multiplications the likelihoods may take."""
_CHUNK: Final = 4_000_000


@dataclass(frozen=True)
class Pooled:
    """Pooled estimates.

    Parameters
    ----------
    mean, std_error
        (m,) posterior means and standard deviations.
    below
        (m,) posterior probability of being below 0.
    spreads
        (groupings,) posterior mean of each τ; of changes that of their mean comes last.
    points
        How many equally weighted points of τ the answer rests on (Kish's effective number).
    """

    mean: FloatArray
    std_error: FloatArray
    below: FloatArray
    spreads: FloatArray
    points: float

    @property
    def false_sign_rate(self) -> FloatArray:
        """The probability that the sign of the mean is wrong."""
        return np.where(self.mean > 0, self.below, 1 - self.below)


def pool(
    estimate: FloatArray,
    covariance: FloatArray,
    groupings: Sequence[IntArray],
    *,
    combinations: FloatArray | None = None,
    changes: bool = False,
    scale: float = SCALE,
) -> Pooled:
    """Return estimates drawn towards what their groupings have in common.

    Parameters
    ----------
    estimate
        (n,) finite.
    covariance
        (n, n) positive definite.
    groupings
        Each (n,) codes: cells with one code share an effect. Where every cell has its own, cells can be themselves.
    combinations
        (m, n): linear combinations to answer for; null for the cells themselves.
    changes
        True for differences: their mean is drawn around 0.
    scale
        Of the prior of the standard deviations between groups, in the unit of `estimate`.

    Raises
    ------
    numpy.linalg.LinAlgError
        When `covariance` is not positive definite.

    Notes
    -----
    Eight schools (Rubin 1981; Gelman et al., *Bayesian Data Analysis*, section 5.5) with a wide prior are in the tests.

    Examples
    --------
    Two cells that are measured well stay where they are; two that are measured badly meet.

    >>> cells = np.arange(2)
    >>> pool(np.array([0.1, -0.1]), np.eye(2) * 1e-6, [cells]).mean.round(2).tolist()
    [0.1, -0.1]
    >>> pool(np.array([0.1, -0.1]), np.eye(2), [cells]).mean.round(2).tolist()
    [0.0, -0.0]
    """
    n = len(estimate)
    combinations = np.eye(n) if combinations is None else combinations
    drawn = [*groupings, np.zeros(n, dtype=np.int64)] if changes else groupings
    blocks = np.stack([np.equal.outer(codes, codes).astype(float) for codes in drawn])
    n_points = int(np.clip(_WORK / (n + 1) ** 3, 64, 2_048))
    squares = (scale * _half_normal(n_points, len(drawn))) ** 2
    flat = 0.0 if changes else (_FLAT * scale) ** 2
    log_weight = np.concatenate(
        [
            _log_likelihood(estimate, covariance + flat + np.tensordot(part, blocks, axes=1))
            for part in np.array_split(squares, max(1, n_points * n * n // _CHUNK))
        ]
    )
    weight = np.exp(log_weight - log_weight.max())
    kept = weight > _NEGLIGIBLE
    weight, squares = weight[kept] / weight[kept].sum(), squares[kept]
    means, variances = np.empty((len(weight), len(combinations))), np.empty((len(weight), len(combinations)))
    for at in np.array_split(np.arange(len(weight)), max(1, len(weight) * n * n // _CHUNK)):
        priors = flat + np.tensordot(squares[at], blocks, axes=1)
        gain = combinations @ np.linalg.solve(covariance + priors, covariance).swapaxes(1, 2)
        means[at] = combinations @ estimate - gain @ estimate
        variances[at] = ((combinations - gain) @ covariance * combinations).sum(axis=2)
    mean = weight @ means
    spread = np.sqrt(np.maximum(variances, 0.0))
    below = weight @ normal_cdf(-means / np.maximum(spread, 1e-300))
    std_error = np.sqrt(weight @ (variances + means**2) - mean**2)
    return Pooled(mean, std_error, np.clip(below, 0.0, 1.0), weight @ np.sqrt(squares), float(1 / (weight**2).sum()))


def _log_likelihood(estimate: FloatArray, covariances: FloatArray) -> FloatArray:
    root = np.linalg.cholesky(covariances)
    white = np.linalg.solve(root, np.broadcast_to(estimate[:, None], (len(root), len(estimate), 1)))[..., 0]
    return -np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1) - (white**2).sum(axis=1) / 2


@lru_cache(maxsize=64)
def _half_normal(n: int, dimensions: int) -> FloatArray:
    """Return `n` evenly spread points of half-normal variables: the additive sequence of the generalised golden ratio."""
    ratio = 2.0
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    steps = ratio ** -np.arange(1.0, dimensions + 1)
    uniform = (0.5 + np.outer(np.arange(1, n + 1), steps)) % 1
    inverse = NormalDist().inv_cdf
    return np.array([[inverse(0.5 + each / 2) for each in row] for row in uniform.tolist()])


def normal_cdf(x: FloatArray) -> FloatArray:
    """Return P(Z ≤ x) for a standard normal Z, elementwise.

    Examples
    --------
    >>> normal_cdf(np.array([0.0, 1.959963984540054])).round(6).tolist()
    [0.5, 0.975]
    """
    return np.array([0.5 * (1 + erf(each / sqrt(2))) for each in x.ravel().tolist()]).reshape(x.shape)


def flag(false_sign_rate: FloatArray, *, at_most: float = 0.05) -> BoolArray:
    """Return the largest set of estimates whose mean false-sign rate is at most `at_most`, the surest first.

    Of the flagged signs at most that share is expected to be wrong.

    Parameters
    ----------
    false_sign_rate
        One an estimate; NaN is never flagged.

    Examples
    --------
    The means of the first one, two and three are 0.01, 0.025 and 0.06.

    >>> flag(np.array([0.13, 0.01, 0.04])).tolist()
    [False, True, True]
    """
    order = np.argsort(false_sign_rate, kind="stable")
    means = np.cumsum(false_sign_rate[order]) / np.arange(1, len(order) + 1)
    flagged = np.zeros(len(order), dtype=np.bool_)
    flagged[order[means <= at_most]] = True
    return flagged


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Return p adjusted for the false discovery rate (Benjamini and Hochberg 1995); NaN stays NaN and counts for nothing.

    Examples
    --------
    Of three: 3·0.01 = 0.03; min(3/2·0.03, 0.04) = 0.04; 0.04.

    >>> benjamini_hochberg(np.array([0.04, 0.01, 0.03])).round(6).tolist()
    [0.04, 0.03, 0.04]
    """
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    raw = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return adjusted

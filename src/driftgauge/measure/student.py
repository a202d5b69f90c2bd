"""Student's t: tail probabilities and quantiles for arrays, without SciPy.

The core installs without SciPy (its 113 MB and most of a second of import would serve two functions); the tests hold these to
SciPy's. Regularised incomplete beta by the continued fraction DLMF 8.17.22 in Lentz's form; quantiles by Newton steps from the
Cornish-Fisher expansion. Each element stops where it has converged: what comes out for it does not depend on the others.
"""

from math import lgamma
from statistics import NormalDist

import numpy as np

from driftgauge.measure.arrays import FloatArray

_TERMS = 200
_TINY = 1e-300


def two_sided_p(t: FloatArray, df: FloatArray) -> FloatArray:
    """Return P(|T| > |t|) for T Student-t distributed with `df` degrees of freedom.

    Parameters
    ----------
    t, df
        Arrays of one shape; `df` > 0. NaN gives NaN.

    Examples
    --------
    >>> float(two_sided_p(np.array([12.706204736432095]), np.array([1.0]))[0].round(9))
    0.05
    """
    t, df = np.broadcast_arrays(np.asarray(t, float), np.asarray(df, float))
    return _beta_inc(df / 2, 0.5, df / (df + t**2), t**2 / (df + t**2))


def quantile(p: float, df: FloatArray) -> FloatArray:
    """Return the `p`-quantile of Student's t for each of `df`.

    Parameters
    ----------
    p
        Probability in (0, 1).
    df
        Degrees of freedom, at least 1. NaN gives NaN.

    Examples
    --------
    >>> float(quantile(0.975, np.array([10.0]))[0].round(6))
    2.228139
    """
    df = np.asarray(df, float)
    if p < 0.5:
        return -quantile(1 - p, df)
    x = _cornish_fisher(NormalDist().inv_cdf(p), df)
    log_norm = _log_gamma((df + 1) / 2) - _log_gamma(df / 2) - 0.5 * np.log(df * np.pi)
    settled = np.zeros(x.shape, dtype=np.bool_)
    for _ in range(60):
        density = np.exp(log_norm - (df + 1) / 2 * np.log1p(x**2 / df))
        step = (1 - two_sided_p(x, df) / 2 - p) / density
        step = np.clip(step, -0.5 * (1 + np.abs(x)), 0.5 * (1 + np.abs(x)))
        x = np.where(settled, x, np.maximum(x - step, 0.0))
        settled |= ~(np.abs(step) > 1e-12 * (1 + np.abs(x)))
        if settled.all():
            break
    return x


def _cornish_fisher(z: float, df: FloatArray) -> FloatArray:
    return z + (z**3 + z) / (4 * df) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)


def _beta_inc(a: FloatArray, b: float, x: FloatArray, y: FloatArray) -> FloatArray:
    """Regularised incomplete beta I_x(a, b), by symmetry where the fraction converges slowly; `y` is 1 − x, exactly."""
    log_beta = _log_gamma(a) + lgamma(b) - _log_gamma(a + b)
    with np.errstate(divide="ignore"):
        front = np.exp(a * np.log(x) + b * np.log(y) - log_beta)
    direct = x < (a + 1) / (a + b + 2)
    first, second = np.where(direct, a, b), np.where(direct, b, a)
    value = front * _fraction(first, second, np.where(direct, x, y)) / first
    return np.where(direct, value, 1 - value)


def _log_gamma(x: FloatArray) -> FloatArray:
    return np.array([lgamma(each) for each in x.ravel().tolist()]).reshape(x.shape)


def _fraction(a: FloatArray, b: FloatArray, x: FloatArray) -> FloatArray:
    c = np.ones_like(x)
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    result, settled = d.copy(), np.zeros(d.shape, dtype=np.bool_)
    for m in range(1, _TERMS):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + factor * d)
            c = _away_from_zero(1 + factor / c)
            result = np.where(settled, result, result * d * c)
        settled |= ~(np.abs(d * c - 1) > 1e-13)
        if settled.all():
            break
    return result


def _away_from_zero(x: FloatArray) -> FloatArray:
    return np.where(np.abs(x) < _TINY, _TINY, x)

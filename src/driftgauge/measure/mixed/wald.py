"""Wald statistics: standard errors, tests and intervals of linear (or linearised) combinations of the parameters."""

from collections.abc import Sequence
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
import polars as pl

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.student import quantile, two_sided_p


def std_errors(combinations: FloatArray, covariance: FloatArray | None) -> FloatArray:
    """Return √(l'Vl) for each row l; NaN where there is no covariance.

    Examples
    --------
    >>> std_errors(np.array([[1.0, -1.0]]), np.array([[2.0, 1.0], [1.0, 4.0]])).tolist()
    [2.0]
    """
    if covariance is None:
        return np.full(len(combinations), np.nan)
    return np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", combinations, covariance, combinations), 0.0))


def wald(estimate: FloatArray, std_error: FloatArray, *, df: float | None, level: float) -> dict[str, FloatArray]:
    """Return statistic, two-sided p and limits, by the normal distribution or by t with `df` degrees of freedom.

    Examples
    --------
    >>> found = wald(np.array([1.96]), np.array([1.0]), df=None, level=0.95)
    >>> [round(float(found[name][0]), 3) for name in ("p_value", "conf_low", "conf_high")]
    [0.05, 0.0, 3.92]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = estimate / std_error
    if df is None:
        half = NormalDist().inv_cdf(0.5 + level / 2) * std_error
        p_value = np.array([erfc(abs(z) / sqrt(2)) for z in statistic.tolist()], dtype=np.float64)
    else:
        half = float(quantile(0.5 + level / 2, np.array([df]))[0]) * std_error
        p_value = two_sided_p(statistic, np.full(statistic.shape, df))
    known = std_error > 0
    return {
        "std_error": std_error,
        "statistic": np.where(known, statistic, np.nan),
        "p_value": np.where(known, p_value, np.nan),
        "conf_low": np.where(known, estimate - half, np.nan),
        "conf_high": np.where(known, estimate + half, np.nan),
    }


def table(labels: Sequence[dict[str, str]], columns: dict[str, FloatArray]) -> pl.DataFrame:
    """Return labels and numbers as a frame, with null for NaN."""
    named = pl.DataFrame(list(labels)) if labels and labels[0] else pl.DataFrame()
    return named.with_columns(pl.Series(name, values).fill_nan(None) for name, values in columns.items())

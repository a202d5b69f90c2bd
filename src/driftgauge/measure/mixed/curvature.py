"""Standard errors: the Hessian of the Laplace log-likelihood by forward differences of its analytic gradient.

One evaluation a parameter: the gradient at the optimum is there already. A forward difference is wrong by half its length times
the third derivative, which is why it is so short; a shorter one would lose more to rounding. Differences are taken along
directions in which the parameters are about uncorrelated, so that a covariate far from 0 (a year) costs no digits.
"""

import numpy as np

from driftgauge.measure.arrays import BoolArray, FloatArray
from driftgauge.measure.mixed.laplace import Evaluation, Laplace

_STEP = 3e-6
"""Length of a difference in standard errors: those that come out are good to about 1e-5 of themselves."""


def hessian(engine: Laplace, at: Evaluation, *, covariance: FloatArray, free: BoolArray) -> FloatArray:
    """Return minus the second derivatives in (β, θ, log σ); rows and columns that are not free are 0.

    Parameters
    ----------
    engine
        The model.
    at
        The evaluation at the optimum.
    covariance
        Of the parameters, about.
    free
        Which parameters to vary: not the standard deviations at the boundary.
    """
    vector, places = engine.vector(at.point), np.flatnonzero(free)
    directions = _directions(covariance[np.ix_(free, free)])
    found = np.zeros((len(places), len(places)))
    for j, direction in enumerate(directions.T):
        moved = vector.copy()
        moved[places] += _STEP * direction
        found[:, j] = (at.gradient - engine.beside(at, engine.point(moved)).gradient)[places] / _STEP
    along = directions.T @ found
    back = np.linalg.inv(directions)
    whole = np.zeros((len(vector), len(vector)))
    whole[np.ix_(free, free)] = back.T @ ((along + along.T) / 2) @ back
    return whole


def _directions(covariance: FloatArray) -> FloatArray:
    """Return a root of a covariance, a direction a column; of its diagonal alone where it is not positive definite."""
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    try:
        return np.asarray(scale[:, None] * np.linalg.cholesky(covariance / np.outer(scale, scale)), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.diag(scale)

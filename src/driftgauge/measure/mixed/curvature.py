"""Standard errors: the Hessian of the Laplace log-likelihood by central differences of its analytic gradient."""

import numpy as np

from driftgauge.measure.arrays import BoolArray, FloatArray
from driftgauge.measure.mixed.laplace import Evaluation, Laplace

_STEP = 5e-3
"""Length of a difference in standard errors: short enough that standard errors are good to about 1e-5 of themselves."""


def hessian(engine: Laplace, at: Evaluation, *, scale: FloatArray, free: BoolArray) -> FloatArray:
    """Return minus the second derivatives in (β, θ, log σ); rows and columns that are not free are 0.

    Parameters
    ----------
    engine
        The model.
    at
        The evaluation at the optimum.
    scale
        About the standard error of each parameter.
    free
        Which parameters to vary: not the standard deviations at the boundary.
    """
    n = len(at.gradient)
    found = np.zeros((n, n))
    vector = engine.vector(at.point)
    for j in np.flatnonzero(free).tolist():
        length = _STEP * float(np.clip(scale[j], 1e-6, 1.0))
        ends = [engine.beside(at, engine.point(_shifted(vector, j, side * length))) for side in (1.0, -1.0)]
        found[:, j] = (ends[1].gradient - ends[0].gradient) / (2 * length)
    found = np.where(free[:, None] & free[None, :], found, 0.0)
    return (found + found.T) / 2


def _shifted(vector: FloatArray, place: int, by: float) -> FloatArray:
    moved = vector.copy()
    moved[place] += by
    return moved

r"""Population-averaged probabilities: over scenarios, responses and raters like these.

The random intercepts add up to N(0, τ²), τ² = Σσ². For a linear predictor η and a threshold θ,

.. math:: P = \int F(\eta + \tau z - \theta)\,\varphi(z)\,dz,

by one Gauss–Hermite rule. Standard errors by the delta method in (β, θ, log σ), with ∂τ/∂log σ_t = σ_t²/τ.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from driftgauge.measure.arrays import FloatArray

NODES = 200
"""So many because the logistic function bends within π/τ: with 30 and τ = 4 an error of 1e-4 is left."""


@dataclass(frozen=True)
class Averaged:
    """Probabilities and their derivatives in η, in θ (minus that in η) and in τ."""

    value: FloatArray
    slope: FloatArray
    in_tau: FloatArray


def exceedance(eta: FloatArray, tau: float) -> Averaged:
    """Return the average of F(η + τz) over z ~ N(0, 1).

    Examples
    --------
    >>> found = exceedance(np.array([0.0, 2.0]), 0.0)
    >>> found.value.round(6).tolist(), exceedance(np.array([0.0]), 3.0).value.round(12).tolist()
    ([0.5, 0.880797], [0.5])
    """
    nodes, weights = _rule()
    at = 0.5 * (1 + np.tanh(0.5 * (np.asarray(eta)[..., None] + tau * nodes)))
    density = at * (1 - at)
    return Averaged(at @ weights, density @ weights, density @ (weights * nodes))


@cache
def _rule() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return nodes, weights / weights.sum()

"""Posterior draws, from whichever sampler, and whether to believe them."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.errors import needing
from driftgauge.measure.arrays import FloatArray

LARGEST_RHAT: Final = 1.01
SMALLEST_ESS: Final = 400


@dataclass(frozen=True)
class Draws:
    """Draws of all parameters.

    Parameters
    ----------
    names
        Of the parameters: coefficients, free thresholds, standard deviations, in this order.
    values
        (chains, draws, parameters); standard deviations are themselves, not their logarithms.
    divergences
        Trajectories that left the region where the sampler can follow the posterior.
    """

    names: tuple[str, ...]
    values: FloatArray
    divergences: int

    @property
    def flat(self) -> FloatArray:
        """(chains × draws, parameters)."""
        return self.values.reshape(-1, self.values.shape[2])

    def diagnostics(self) -> pl.DataFrame:
        """Return rank-normalised split R-hat, and bulk and tail effective sample sizes (Vehtari et al. 2021), by parameter."""
        stats = _array_stats()
        axes = {"chain_axis": 0, "draw_axis": 1}
        columns = {
            "rhat": stats.rhat(self.values, **axes, method="rank"),
            "ess_bulk": stats.ess(self.values, **axes, method="bulk"),
            "ess_tail": stats.ess(self.values, **axes, method="tail", prob=(0.05, 0.95)),
        }
        return pl.DataFrame({"parameter": list(self.names), **columns}, schema_overrides=dict.fromkeys(columns, pl.Float64))


def _array_stats() -> Any:
    with needing("model"):
        return import_module("arviz_stats.base").array_stats

"""Posterior draws, from whichever sampler, and whether to believe them."""

from collections.abc import Mapping
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
class Sampling:
    """How much to draw.

    Parameters
    ----------
    chains
        Independent of each other.
    draws, tune
        Of each chain, and before that; None for what the engine needs as a rule.
    most_draws
        Chains of `posterior` that do not agree well enough go on, twice as long each time, until this many draws.
    n_jobs
        Chains at a time, each in a process of its own; the draws do not depend on it. A script that asks for more than one must
        guard its own start with ``if __name__ == "__main__"``.
    """

    chains: int = 4
    draws: int | None = None
    tune: int | None = None
    most_draws: int = 8_000
    n_jobs: int = 1


@dataclass(frozen=True)
class Effects:
    """Of a grouping's intercepts: conditional modes (laplace) or posterior means, and their standard deviations."""

    mode: FloatArray
    std_dev: FloatArray


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

    def problem(self) -> str | None:
        """Return why the draws cannot be believed, or None: R-hat above 1.01, or an effective sample size of 400 or less."""
        found = self.diagnostics()
        smallest = pl.min_horizontal("ess_bulk", "ess_tail")
        bad = found.filter(~(pl.col("rhat") < LARGEST_RHAT) | ~(smallest > SMALLEST_ESS))
        if bad.is_empty():
            return None
        worst = bad.sort("rhat", descending=True, nulls_last=False).row(0, named=True)
        return (
            f"the chains do not agree on {len(bad)} of {len(found)} parameters: {worst['parameter']} has R-hat "
            f"{worst['rhat']:.3f}, bulk effective sample size {worst['ess_bulk']:.0f} and tail {worst['ess_tail']:.0f}; "
            "more draws may settle it"
        )

    @property
    def flat(self) -> FloatArray:
        """(chains × draws, parameters)."""
        return self.values.reshape(-1, self.values.shape[2])

    def diagnostics(self) -> pl.DataFrame:
        """Return rank-normalised split R-hat, and bulk and tail effective sample sizes (Vehtari et al. 2021), by parameter.

        A chain that never moved makes R-hat infinite, or NaN if none did.
        """
        stats = _array_stats()
        axes = {"chain_axis": 0, "draw_axis": 1}
        with np.errstate(divide="ignore", invalid="ignore"):
            columns = {
                "rhat": stats.rhat(self.values, **axes, method="rank"),
                "ess_bulk": stats.ess(self.values, **axes, method="bulk"),
                "ess_tail": stats.ess(self.values, **axes, method="tail", prob=(0.05, 0.95)),
            }
        return pl.DataFrame({"parameter": list(self.names), **columns}, schema_overrides=dict.fromkeys(columns, pl.Float64))


@dataclass(frozen=True)
class Sampled:
    """What a sampler gives.

    Parameters
    ----------
    draws
        Of the parameters.
    effects
        By grouping: posterior mean and standard deviation of every level's intercept.
    settings
        How it was run and what it said of itself.
    evaluations
        Of the gradient.
    """

    draws: Draws
    effects: Mapping[str, Effects]
    settings: Mapping[str, Any]
    evaluations: int


def check_diagnostics() -> None:
    """Raise `EstimationError` if nothing is there to judge draws with: better before they are made than after."""
    _array_stats()


def _array_stats() -> Any:
    with needing("model"):
        return import_module("arviz_stats.base").array_stats

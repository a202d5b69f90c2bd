"""Agreement on harm while people still rate: α and AC2 with intervals, quick enough for a page that refreshes itself."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from driftgauge.measure.agreement.coefficients import COEFFICIENTS, features, tally
from driftgauge.measure.arrays import FloatArray, IntArray
from driftgauge.measure.bootstrap import percentiles

LEVELS: Final = 5
"""Of harm, used or not."""
REPLICATES: Final = 1000
FEWEST: Final = 5
"""Scenarios with a response that two raters rated: with fewer, resampling them says nothing."""
_DRAWS: Final = 500_000
"""Scenarios drawn at once: a few megabytes of a process that serves."""
_SEED: Final = 1
"""Always the same, so that a page that refreshes itself moves only when the ratings do."""


@dataclass(frozen=True)
class Coefficient:
    """A coefficient with its interval; null where it cannot be told."""

    estimate: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Standing:
    """Agreement on harm as it stands.

    Parameters
    ----------
    alpha, ac2
        Krippendorff's α (ordinal) and Gwet's AC2 (quadratic).
    paired
        Responses that two raters or more rated: what both rest on.
    scenarios
        Of those responses: what is resampled.
    """

    alpha: Coefficient = Coefficient()
    ac2: Coefficient = Coefficient()
    paired: int = 0
    scenarios: int = 0


def standing(response: IntArray, scenario: IntArray, *, harm: IntArray, level: float) -> Standing:
    """Return agreement on harm over these ratings, each array with one entry a rating.

    Parameters
    ----------
    response, scenario
        Codes; any whole numbers from 0. All ratings of a response have its scenario.
    harm
        1 to 5.
    level
        Of the intervals, such as 0.95.

    Notes
    -----
    As the report has it for scope ``panel`` (statistics §6): percentiles over scenarios that are resampled, raters fixed.
    Responses of one scenario are alike, so they go together.

    Examples
    --------
    >>> one = np.array([0, 0, 1, 1])
    >>> standing(one, one, harm=np.array([1, 1, 5, 4]), level=0.95).paired
    2
    """
    if not len(harm):
        return Standing()
    responses, first, code = np.unique(response, return_index=True, return_inverse=True)
    counts = np.bincount(code * LEVELS + harm - 1, minlength=LEVELS * len(responses)).reshape(-1, LEVELS).astype(float)
    paired = counts.sum(axis=1) > 1
    if not paired.any():
        return Standing()
    by_scenario = _summed(features(counts), scenario[first])
    resampled = by_scenario[by_scenario[:, LEVELS**2 + LEVELS + 1] > 0]
    replicates = _replicates(by_scenario) if len(resampled) >= FEWEST else np.empty((0, by_scenario.shape[1]))
    found = [
        _coefficient(name, by_scenario.sum(axis=0), replicates, level=level) for name in ("alpha_ordinal", "ac2_quadratic")
    ]
    return Standing(*found, paired=int(paired.sum()), scenarios=len(resampled))


def _summed(values: FloatArray, scenario: IntArray) -> FloatArray:
    """Sum the rows of each scenario: (responses, F) to (scenarios, F)."""
    _, code = np.unique(scenario, return_inverse=True)
    order = np.argsort(code, kind="stable")
    return np.add.reduceat(values[order], np.flatnonzero(np.diff(code[order], prepend=-1)), axis=0)


def _replicates(by_scenario: FloatArray) -> FloatArray:
    """Return (B, F) sums over scenarios drawn with replacement, some replicates at a time."""
    rng = np.random.Generator(np.random.PCG64(_SEED))
    at_once = max(1, _DRAWS // len(by_scenario))
    sizes = [min(at_once, REPLICATES - done) for done in range(0, REPLICATES, at_once)]
    return np.concatenate([_drawn(rng, size, by_scenario) for size in sizes])


def _drawn(rng: np.random.Generator, size: int, by_scenario: FloatArray) -> FloatArray:
    n = len(by_scenario)
    drawn = rng.integers(0, n, size=(size, n)) + np.arange(size)[:, None] * n
    return np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(float) @ by_scenario


def _coefficient(name: str, total: FloatArray, replicates: FloatArray, *, level: float) -> Coefficient:
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(COEFFICIENTS[name](tally(total, LEVELS)))
        drawn = COEFFICIENTS[name](tally(replicates, LEVELS))
    if math.isnan(value):
        return Coefficient()
    found = percentiles(drawn, level=level)
    if math.isnan(found.low) or found.low == found.high:
        return Coefficient(value)
    return Coefficient(value, found.low, found.high)

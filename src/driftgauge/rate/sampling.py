"""Which scenarios people rate when a judge rates all: a stratified probability sample, every probability known (statistics §7).

Scenarios are drawn, not responses: all responses to a drawn scenario go to people, of every release and modality. A drift is a
difference within scenarios, so what makes one scenario harder than another falls out of it only where both sides were drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from driftgauge.errors import StudyError

FEWEST: Final = 2
"""Scenarios drawn of a stratum: one alone has no spread."""
BIG_ENOUGH: Final = 8
"""Scenarios of a harm category below which it is no stratum of its own."""

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SampledScenarios:
    """A sample of scenarios: for each its probability in (0, 1], and whether it was drawn."""

    inclusion: FloatArray
    drawn: NDArray[np.bool_]


def strata_of(intents: Sequence[str], categories: Sequence[str | None]) -> list[str]:
    """Return the stratum of each scenario: its intent and its harm category, small categories of an intent together.

    Examples
    --------
    >>> strata_of(["adversarial"] * 9, ["fraud"] * 8 + ["spam"])[-2:]
    ['adversarial, fraud', 'adversarial, other']
    """
    pairs = list(zip(intents, categories, strict=True))
    sizes = {pair: pairs.count(pair) for pair in set(pairs)}
    return [f"{intent}, {cat if cat and sizes[intent, cat] >= BIG_ENOUGH else 'other'}" for intent, cat in pairs]


def allocate(sizes: Sequence[int], n: int) -> list[int]:
    """Return how many of each stratum are drawn, in proportion to its size.

    Parameters
    ----------
    sizes
        Scenarios of each stratum.
    n
        To be drawn in all.

    Returns
    -------
    list of int
        At least two of each (or all of it), at most all; they sum to `n`.

    Raises
    ------
    StudyError
        When `n` is more than there are, or too few for two of each stratum.

    Examples
    --------
    >>> allocate([60, 30, 10], 20)
    [12, 6, 2]
    """
    least = [min(FEWEST, size) for size in sizes]
    if not sum(least) <= n <= sum(sizes):
        raise StudyError(
            f"{n:,} scenarios cannot be drawn from {len(sizes):,} strata of {sum(sizes):,} scenarios",
            remedy=f"Ask for {sum(least):,} to {sum(sizes):,}: at least two of each stratum.",
        )
    share = np.array(sizes, dtype=float)
    taken = np.array(least)
    while taken.sum() < n:  # one at a time: to the stratum that is furthest below its share
        lack = np.where(taken < np.array(sizes), share / (taken + 0.5), -1.0)
        taken[int(lack.argmax())] += 1
    return [int(each) for each in taken]


def draw_scenarios(strata: Sequence[str], n: int, rng: np.random.Generator) -> SampledScenarios:
    """Draw scenarios, a simple random sample within each stratum.

    Parameters
    ----------
    strata
        Of each scenario.
    n
        How many to draw.
    rng
        Source of randomness: the same generator, the same sample.

    Examples
    --------
    >>> found = draw_scenarios(["a"] * 8 + ["b"] * 4, 6, np.random.default_rng(1))
    >>> found.inclusion[[0, 8]].tolist(), int(found.drawn.sum())
    ([0.5, 0.5], 6)
    """
    _, code = np.unique(np.array(strata), return_inverse=True)
    sizes = np.bincount(code)
    counts = allocate(sizes.tolist(), n)
    return draw_counts(code, counts, rng)


def draw_counts(code: IntArray, counts: Sequence[int], rng: np.random.Generator) -> SampledScenarios:
    """Draw so many scenarios of each stratum; `code` is the stratum of each scenario, from 0."""
    drawn = np.zeros(len(code), dtype=np.bool_)
    for number, count in enumerate(counts):
        drawn[rng.choice(np.flatnonzero(code == number), count, replace=False)] = True
    return SampledScenarios((np.array(counts) / np.bincount(code))[code], drawn)

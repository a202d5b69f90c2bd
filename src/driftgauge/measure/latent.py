r"""How much prompts and raters vary on the logit scale, by moments: without a model, from how often two ratings agree.

A positive mark has probability F(η_g + ωu + νv): u ~ N(0, 1) is shared by the raters of a response, v ~ N(0, 1) by the
responses that a rater saw, η_g is the release's. ω and ν are found from how much more often two marks of one release are both
positive when they share the response, or the rater, than when they share neither.

.. math:: C_\omega = P(\text{both} \mid \text{one response, two raters}) - P(\text{both} \mid \text{two scenarios, two raters})

and C_ν likewise for one rater and two scenarios. Each P is a ratio of sums over pairs, which are differences of sums of squares
of the cell sums, so that no pair is ever listed. Model and moments are averaged over releases with their number of ratings.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl

from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.mixed.probabilities import exceedance
from driftgauge.measure.tipping import linear_predictor

LARGEST: Final = 8.0
"""A standard deviation of logits beyond which nothing can be told: there all marks of a response are practically the same."""
_ENOUGH: Final = 1e-4
_ROUNDS: Final = 40
_STEP: Final = 0.2
_POINTS: Final = np.arange(-6.0, 6.0 + _STEP / 2, _STEP)
_WEIGHTS: Final = np.exp(-(_POINTS**2) / 2) / np.exp(-(_POINTS**2) / 2).sum()


@dataclass(frozen=True)
class Latent:
    """What varies about a release's mean, in logits.

    Parameters
    ----------
    total
        τ, the standard deviation of everything together; NaN where the ratings cannot tell.
    raters
        The spread of severity among raters; NaN where the ratings cannot tell.
    source
        ``moments``, or ``mixed model``.
    reason
        Why `total` is unknown; null where it is known.
    """

    total: float
    raters: float
    source: Literal["moments", "mixed model"]
    reason: str | None = None


def fitted_latent(random_effects: pl.DataFrame) -> Latent:
    """Return the standard deviations of a mixed model.

    Parameters
    ----------
    random_effects
        `MixedFit.random_effects`: ``grouping`` and ``std_dev``. Groupings of which the rater is a part are its spread.

    Examples
    --------
    >>> found = fitted_latent(pl.DataFrame({"grouping": ["scenario", "rater", "rater:release"], "std_dev": [1.2, 0.4, 0.3]}))
    >>> round(found.total, 6), round(found.raters, 6)
    (1.3, 0.5)
    """
    of_raters = random_effects.filter(pl.col("grouping").str.split(":").list.contains("rater"))
    total, raters = (float(np.linalg.norm(each["std_dev"].to_numpy())) for each in (random_effects, of_raters))
    return Latent(total, raters if len(of_raters) else float("nan"), "mixed model")


@dataclass(frozen=True)
class Marks:
    """Ratings as codes and marks of 0 or 1; every array has one entry a rating.

    Parameters
    ----------
    y
        The mark; NaN where there is none.
    weight
        What a rating counts for.
    release, scenario, rater, response
        Codes from 0.
    """

    y: FloatArray
    weight: FloatArray
    release: IntArray
    scenario: IntArray
    rater: IntArray
    response: IntArray

    def known(self) -> "Marks":
        """Return the ratings that have a mark."""
        keep = ~np.isnan(self.y)
        release, scenario, rater, response = (codes[keep] for codes in (self.release, self.scenario, self.rater, self.response))
        return Marks(self.y[keep], self.weight[keep], release, scenario, rater, response)


@dataclass(frozen=True)
class Moments:
    """One entry a release: the rate, its weight, and C_ω and C_ν; NaN where no pair shares only that."""

    rate: FloatArray
    weight: FloatArray
    responses: FloatArray
    raters: FloatArray


def moments(marks: Marks) -> Moments:
    """Return how much more often two marks are both positive when they share a response, or a rater.

    Parameters
    ----------
    marks
        Without NaN (`Marks.known`).

    Examples
    --------
    Two scenarios by two raters, all positive for the first scenario and none for the second: two raters always agree on a
    response (both positive in half of the pairs), and two marks on two scenarios are never both positive.

    >>> code = np.array([0, 0, 1, 1])
    >>> rater = np.array([0, 1, 0, 1])
    >>> found = moments(Marks(np.array([1., 1., 0., 0.]), np.ones(4), np.zeros(4, dtype=int), code, rater, code))
    >>> found.rate.tolist(), found.responses.tolist(), found.raters.tolist()
    ([0.5], [0.5], [0.0])
    """
    n = int(marks.release.max(initial=-1)) + 1
    positive, every = _pairs(marks, marks.weight * marks.y, n), _pairs(marks, marks.weight, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        alone, response, rater = (np.where(e > 1e-9, p / e, np.nan) for p, e in zip(positive, every, strict=True))
        weight = sum_by(marks.release, marks.weight, n=n)
        rate = sum_by(marks.release, marks.weight * marks.y, n=n) / weight
    return Moments(rate, weight, response - alone, rater - alone)


def _pairs(marks: Marks, values: FloatArray, n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return Σ of products of two values, by release: sharing neither scenario nor rater, one response, and one rater only."""
    release = marks.release
    n_raters, n_scenarios = int(marks.rater.max(initial=-1)) + 1, int(marks.scenario.max(initial=-1)) + 1
    by_scenario, by_rater = release * n_scenarios + marks.scenario, release * n_raters + marks.rater
    total = sum_by(release, values, n=n) ** 2
    scenario, rater = _squares(by_scenario, values, release, n), _squares(by_rater, values, release, n)
    cell = _squares(by_scenario * n_raters + marks.rater, values, release, n)
    response = _squares(marks.response, values, release, n)
    same = _squares(marks.response * n_raters + marks.rater, values, release, n)
    return total - scenario - rater + cell, response - same, rater - cell


def _squares(key: IntArray, values: FloatArray, release: IntArray, n: int) -> FloatArray:
    """Return, by release, the sum over keys of the squared sum of values; a key lies in one release."""
    _, first, code = np.unique(key, return_index=True, return_inverse=True)
    return sum_by(release[first], sum_by(code, values) ** 2, n=n)


def latent(marks: Marks) -> Latent:
    """Return the standard deviations that reproduce the moments.

    Parameters
    ----------
    marks
        Ratings of one kind, of any number of releases. Releases whose marks are all alike say nothing and are left out.

    Returns
    -------
    Latent
        Unknown, with the reason, where no response has two raters, no rater two scenarios, every mark is alike, or raters agree
        so much that no spread is large enough. A moment of 0 or less is a spread of 0.
    """
    found = moments(marks.known())
    use = (found.rate > 0) & (found.rate < 1) & ~np.isnan(found.responses) & ~np.isnan(found.raters)
    if not use.any():
        return _unknown("no release has both marks, two raters of a response and two scenarios of a rater")
    found = Moments(found.rate[use], found.weight[use], found.responses[use], found.raters[use])
    wanted = [float(found.weight @ each) for each in (found.responses, found.raters)]
    spread = [0.0, 0.0]
    for _ in range(_ROUNDS):
        before = list(spread)
        for mine in (0, 1):
            spread[mine] = _solve(found, other=spread[1 - mine], wanted=wanted[mine])
        if max(abs(a - b) for a, b in zip(before, spread, strict=True)) < 10 * _ENOUGH:
            break
    if max(spread) >= LARGEST - 2 * _ENOUGH:
        return _unknown("raters, or responses, are so much alike that no spread of logits is large enough")
    return Latent(float(np.hypot(spread[0], spread[1])), spread[1], "moments")


def _unknown(reason: str) -> Latent:
    return Latent(float("nan"), float("nan"), "moments", reason)


def _solve(found: Moments, *, other: float, wanted: float) -> float:
    """Return the standard deviation of what is shared, given that of the rest, by bisection."""
    low, high = 0.0, LARGEST
    if wanted <= 0:
        return 0.0
    while high - low > _ENOUGH:
        middle = (low + high) / 2
        if float(found.weight @ both_positive(found.rate, shared=middle, rest=other)) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def both_positive(rate: FloatArray, *, shared: float, rest: float) -> FloatArray:
    """Return P(both positive) − rate² for two marks that share an effect and not the rest.

    Parameters
    ----------
    rate
        Shares inside (0, 1).
    shared, rest
        Standard deviations, in logits, of the effect that the two marks share and of the one that each has of its own.

    Examples
    --------
    >>> both_positive(np.array([0.3]), shared=0.0, rest=1.0).round(9).tolist()
    [0.0]
    """
    eta = linear_predictor(rate, float(np.hypot(shared, rest)))
    given = exceedance(eta[:, None] + shared * _POINTS, rest).value
    return given**2 @ _WEIGHTS - rate**2

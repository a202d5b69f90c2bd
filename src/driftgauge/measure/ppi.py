r"""Prediction-powered inference: people rate a probability sample, a judge rates all (statistics §7).

With w = 1/π of a sampled response, Ȳ the mean of its raters, f the judge's rating and f̄ the judge's mean over all N responses,
the mean of a side is

.. math:: \hat\theta = \frac{\sum_S w_i \bar Y_i}{\sum_S w_i} + \frac{1}{N}\sum_{i=1}^N \lambda_{s(i)} (f_i - \bar f)
    - \frac{\sum_S w_i \lambda_{s(i)} (f_i - \bar f)}{\sum_S w_i},

and a drift is the difference of two sides with the same λ. The weights are Hájek's: they sum to 1, so that a judge who is
severer by a constant, for one release or for all, changes nothing, which a Horvitz-Thompson sum would not give. λ is the slope
of the scenario totals of people on those of the judge among the sampled scenarios *outside* the scenario's fold, within [0, 1].
Angelopoulos et al. (2023), *Prediction-powered inference*; Angelopoulos, Duchi and Zrnic (2024), *PPI++*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.variance import Interval, Spread, t_interval

FOLDS: Final = 5


@dataclass(frozen=True)
class Judged:
    """Every response that an estimate is about, each judged.

    Parameters
    ----------
    scenario
        (N,) codes from 0.
    side
        (N,) which of the sides that are compared it is of, from 0.
    judge
        (N,) the judge's rating, on the scale of the people's; NaN where the judge did not rate.
    inclusion
        (N,) the probability with which it was drawn for people, in (0, 1]; NaN where nobody knows it.
    """

    scenario: IntArray
    side: IntArray
    judge: FloatArray
    inclusion: FloatArray


@dataclass(frozen=True)
class Rated:
    """What people said of the responses that were drawn.

    Parameters
    ----------
    response
        (R,) positions in `Judged`.
    rater
        (R,) codes from 0.
    value
        (R,) ratings, none missing.
    """

    response: IntArray
    rater: IntArray
    value: FloatArray


@dataclass(frozen=True)
class Totals:
    """Sums over the responses of a scenario: sides × scenarios × replicates.

    Parameters
    ----------
    weight, people, judge
        Over ratings, each weighing w/(raters of its response): of 1, of the rating, and of the judge's rating.
    count, every
        Over all responses: of 1, and of the judge's rating.
    """

    weight: FloatArray
    people: FloatArray
    judge: FloatArray
    count: FloatArray
    every: FloatArray


@dataclass(frozen=True)
class Solved:
    """(B,) estimates and the (scenarios, B) λ that they were had with."""

    value: FloatArray
    power: FloatArray


@dataclass(frozen=True)
class Ppi:
    """An estimate of people and a judge together, beside that of the same people alone.

    Parameters
    ----------
    value, interval
        Of both together; `interval` has arrays of one entry.
    people, people_interval
        Of people alone, by the same formula with λ = 0.
    power
        Mean λ over scenarios: 0 ignores the judge.
    effective
        n·V_people/V: how many rated responses people alone would have needed. NaN where a variance is 0 or unknown.
    gained
        The same of ratings, less those that were given.
    n_scenarios, n_responses, n_raters, n_ratings
        Rated by people.
    n_judged
        Responses that the judge rated: all.
    """

    value: float
    interval: Interval
    people: float
    people_interval: Interval
    power: float
    effective: float
    gained: float
    n_scenarios: int
    n_responses: int
    n_raters: int
    n_ratings: int
    n_judged: int


def reason_null(judged: Judged, rated: Rated, *, sides: int) -> str | None:
    """Return why there is no such estimate, or None.

    Examples
    --------
    >>> half = Judged(np.arange(2), np.zeros(2, dtype=int), np.array([1.0, 0.0]), np.array([0.5, np.nan]))
    >>> reason_null(half, Rated(np.array([0]), np.array([0]), np.array([1.0])), sides=1)
    'the probability of being drawn for people is unknown for 1 of 2 responses'
    """
    n = len(judged.scenario)
    unjudged, unknown = int(np.isnan(judged.judge).sum()), int(np.isnan(judged.inclusion).sum())
    if len(np.unique(judged.side)) < sides:
        return "no response of one of the sides"
    if unjudged:
        return f"the judge did not rate {unjudged:,} of {n:,} responses"
    if unknown:
        return f"the probability of being drawn for people is unknown for {unknown:,} of {n:,} responses"
    if not ((judged.inclusion > 0) & (judged.inclusion <= 1)).all():
        return "some responses could not have been drawn for people: their probability is not above 0 and at most 1"
    if len(np.unique(judged.side[rated.response])) < sides:
        return "people rated none of the responses of one of the sides"
    return None


def ppi(
    judged: Judged,
    rated: Rated,
    *,
    signs: Sequence[float] = (1.0,),
    strata: Sequence[IntArray] = (),
    level: float = 0.95,
    power: float | None = None,
) -> Ppi:
    """Return a level, or a drift, of people and a judge together.

    Parameters
    ----------
    judged, rated
        The responses and the ratings.
    signs
        By side: (1.0,) for a level, (-1.0, 1.0) for a drift from side 0 to side 1.
    strata
        The raters of each stratum (`variance.rater_strata`): they vary too. None: these raters, scenarios vary.
    level
        Of the interval.
    power
        A fixed λ; by default it is learned, cross-fitted by scenario.

    Raises
    ------
    EstimationError
        Where `reason_null` gives a reason.

    Examples
    --------
    Four responses, two of them drawn with probability 1/2. People: 1 and 0, a mean of 0.5. The judge: 1 and 0 of these, a mean
    of 0.5, and a mean of 0.75 of all: with λ = 1 the estimate is 0.5 + 0.75 − 0.5.

    >>> four = Judged(np.arange(4), np.zeros(4, dtype=int), np.array([1.0, 0.0, 1.0, 1.0]), np.full(4, 0.5))
    >>> two = Rated(np.array([0, 1]), np.array([0, 0]), np.array([1.0, 0.0]))
    >>> ppi(four, two, power=1.0).value, ppi(four, two, power=0.0).value
    (0.75, 0.5)
    """
    reason = reason_null(judged, rated, sides=len(signs))
    if reason:
        raise EstimationError(f"no prediction-powered estimate: {reason}", remedy="Draw a sample with `rate assign --ppi`.")
    here = totals(judged, rated, sides=len(signs), shares=rating_shares(judged, rated))
    sign = np.array(signs, dtype=float)
    found, alone = (solve(here, sign=sign, power=each) for each in (power, 0.0))
    both, people = (_spread(judged, rated, each.power[:, 0], sign=sign, strata=strata) for each in (found, alone))
    ratio = float(people.variance[0] / both.variance[0]) if both.variance[0] > 0 else np.nan
    n_responses = len(np.unique(rated.response))
    return Ppi(
        value=float(found.value[0]),
        interval=t_interval(found.value, both, level=level),
        people=float(alone.value[0]),
        people_interval=t_interval(alone.value, people, level=level),
        power=float(found.power.mean()),
        effective=n_responses * ratio,
        gained=len(rated.value) * (ratio - 1),
        n_scenarios=len(np.unique(judged.scenario[rated.response])),
        n_responses=n_responses,
        n_raters=len(np.unique(rated.rater)),
        n_ratings=len(rated.value),
        n_judged=len(judged.judge),
    )


def rating_shares(judged: Judged, rated: Rated) -> FloatArray:
    """Return what each rating weighs: 1/π of its response, shared by the raters of the response."""
    size = np.bincount(rated.response, minlength=len(judged.scenario))
    return 1 / (judged.inclusion[rated.response] * size[rated.response])


def totals(judged: Judged, rated: Rated, *, sides: int, shares: FloatArray) -> Totals:
    """Return the sums of each side and scenario, as one replicate; `shares` are the weights of ratings."""
    n = int(judged.scenario.max()) + 1
    centre = sum_by(judged.side, judged.judge) / np.bincount(judged.side)
    judge = judged.judge - centre[judged.side]
    every = judged.side * n + judged.scenario
    drawn = every[rated.response]

    def summed(code: IntArray, values: FloatArray) -> FloatArray:
        return sum_by(code, values, n=sides * n).reshape(sides, n, 1)

    return Totals(
        weight=summed(drawn, shares),
        people=summed(drawn, shares * rated.value),
        judge=summed(drawn, shares * judge[rated.response]),
        count=summed(every, np.ones(len(every))),
        every=summed(every, judge),
    )


def solve(here: Totals, *, sign: FloatArray, power: float | None = None, times: FloatArray | None = None) -> Solved:
    """Return the estimate of every replicate, λ included.

    Parameters
    ----------
    here
        Sums; those over ratings may differ between replicates.
    sign
        (sides,).
    power
        A fixed λ.
    times
        (scenarios, B) how often each scenario was drawn in a replicate; once each by default.
    """
    u = np.ones((here.weight.shape[1], 1)) if times is None else times
    with np.errstate(invalid="ignore", divide="ignore"):
        weight, count = ((u * each).sum(axis=1, keepdims=True) for each in (here.weight, here.count))
        people, judge = ((u * each).sum(axis=1, keepdims=True) / weight for each in (here.people, here.judge))
        every = (u * here.every).sum(axis=1, keepdims=True) / count
        signed = sign[:, None, None]
        of_people = (signed * (here.people - people * here.weight) / weight).sum(axis=0)
        of_judge = (signed * (here.judge - judge * here.weight) / weight).sum(axis=0)
        fixed = np.full(of_people.shape, power) if power is not None else _slopes(of_people, of_judge, u)
        moved = signed * ((here.every - every * here.count) / count - (here.judge - every * here.weight) / weight)
        value = (signed * people).sum(axis=(0, 1)) + (u * fixed * moved.sum(axis=0)).sum(axis=0)
    return Solved(value, fixed)


def _slopes(people: FloatArray, judge: FloatArray, times: FloatArray) -> FloatArray:
    """Return λ for each scenario: the slope of people on the judge in the scenarios of the other folds, within [0, 1]."""
    fold = np.arange(len(people)) % FOLDS
    products = [np.stack([(times * judge * each)[fold == k].sum(axis=0) for k in range(FOLDS)]) for each in (people, judge)]
    up, down = (each.sum(axis=0) - each for each in products)
    slope = np.divide(up, down, out=np.zeros_like(up), where=down > 0)
    return np.clip(slope, 0.0, 1.0)[fold]


def _spread(judged: Judged, rated: Rated, power: FloatArray, *, sign: FloatArray, strata: Sequence[IntArray]) -> Spread:
    """Return the two-way variance: the judge's part varies with scenarios, that of people with raters as well.

    It is that of `variance.two_way_spread`, with S the scenarios that people rated: the judge's part has no cell of a rater.
    """
    cells, of_judge = linearised(judged, rated, power, sign=sign)
    n = len(of_judge)
    sampled = len(np.unique(judged.scenario[rated.response]))
    if sampled < 2:
        return Spread(np.array([np.nan]), np.array([np.nan]))
    total = sum_by(judged.scenario[rated.response], cells, n=n) + of_judge
    scenarios, free = float(sampled / (sampled - 1) * (total**2).sum()), sampled - 1.0
    if not strata:
        return Spread(np.array([scenarios]), np.array([free]))
    by_rater = sum_by(rated.rater, cells, n=max(int(each.max()) for each in strata) + 1) ** 2
    raters = [float(len(s) / (len(s) - 1) * by_rater[s].sum()) for s in strata if len(s) > 1]
    if not raters:
        return Spread(np.array([np.nan]), np.array([np.nan]))
    _, cell = np.unique(judged.scenario[rated.response] + n * rated.rater, return_inverse=True)
    both = float((sum_by(cell, cells) ** 2).sum())
    variance = max(scenarios + sum(raters) - both, scenarios, sum(raters))
    parts = [(scenarios, free), *zip(raters, (len(s) - 1.0 for s in strata if len(s) > 1), strict=True)]
    spent = sum(each**2 / df for each, df in parts)
    return Spread(np.array([variance]), np.array([variance**2 / spent if spent > 0 else np.nan]))


def linearised(judged: Judged, rated: Rated, power: FloatArray, *, sign: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how far each rating, and the judge in each scenario, moves the estimate."""
    shares, side = rating_shares(judged, rated), judged.side[rated.response]
    centre = sum_by(judged.side, judged.judge) / np.bincount(judged.side)
    told = power[judged.scenario] * (judged.judge - centre[judged.side])
    rest = rated.value - told[rated.response]
    weight = sum_by(side, shares)
    cells = sign[side] * shares * (rest - (sum_by(side, shares * rest) / weight)[side]) / weight[side]
    count = np.bincount(judged.side).astype(float)
    moved = sign[judged.side] * (told - (sum_by(judged.side, told) / count)[judged.side]) / count[judged.side]
    return cells, sum_by(judged.scenario, moved, n=int(judged.scenario.max()) + 1)

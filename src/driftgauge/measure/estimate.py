"""Answer questions: every rate over the populations of a question, linearised, with its spread and its counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from driftgauge.measure.arrays import BoolArray, FloatArray, IntArray, sum_by
from driftgauge.measure.outcomes import Sample
from driftgauge.measure.populations import Population, Question
from driftgauge.measure.rates import Rate
from driftgauge.measure.units import Contributions
from driftgauge.measure.variance import Cells, Spread, rater_strata, scenario_spread, two_way_spread
from driftgauge.study import Unit


@dataclass(frozen=True)
class Counts:
    """What went into one estimate, and the ratings of its populations that were not asked."""

    scenarios: int
    responses: int
    raters: int
    ratings: int
    unasked: int


@dataclass(frozen=True)
class Linearised:
    """K rates over one population: values, and their linearisation per (scenario, rater) cell."""

    value: FloatArray
    z: FloatArray


@dataclass(frozen=True)
class Answer:
    """One question answered for K rates.

    Parameters
    ----------
    question, names
        What was asked, of which rates.
    sides
        The rates over each population.
    value, z
        (K,) and (K, cells) of the combination.
    counts
        One a rate.
    panel, raters
        The spread for each scope.
    present
        The raters who were asked, of each rate.
    """

    question: Question
    names: tuple[str, ...]
    sides: tuple[Linearised, ...]
    value: FloatArray
    z: FloatArray
    counts: tuple[Counts, ...]
    panel: Spread
    raters: Spread
    present: "Present"

    def without_linearisation(self) -> "Answer":
        """Return the answer without `z` and `sides`, which are as large as the data."""
        return replace(self, sides=(), z=np.zeros((0, 0)))


def linearise(sample: Sample, population: Population, parts: Sequence[Contributions]) -> Linearised:
    """Return the rates over a population and Z = (n − R·d)/D summed by cell; NaN rates have Z = 0.

    Parameters
    ----------
    sample
        The ratings.
    population
        Which of them.
    parts
        The contributions of each rate.
    """
    rows, cell = population.rows, sample.cell[population.rows]
    n_cells = len(sample.cell_scenario)
    value, z = np.full(len(parts), np.nan), np.zeros((len(parts), n_cells))
    for number, part in enumerate(parts):
        up, down = part.numerator[rows], part.denominator[rows]
        total = down.sum()
        if total > 0:
            value[number] = up.sum() / total
            z[number] = sum_by(cell, (up - value[number] * down) / total, n=n_cells)
    return Linearised(value, z)


def answer(
    sample: Sample,
    question: Question,
    *,
    rates: Mapping[str, Rate],
    contributions: Mapping[str, Contributions],
    unit: Unit = "rating",
) -> Answer:
    """Return the question answered for every rate in `contributions`.

    Parameters
    ----------
    sample
        The ratings.
    question
        Populations and coefficients.
    rates
        By name; says which ratings were asked.
    contributions, unit
        By name of the rate; the unit that they are of.
    """
    names = tuple(contributions)
    sides = tuple(linearise(sample, side, [contributions[name] for name in names]) for side in question.populations)
    value = sum(c * side.value for c, side in zip(question.coefficients, sides, strict=True))
    z = sum(c * side.z for c, side in zip(question.coefficients, sides, strict=True))
    value, z = np.asarray(value, float), np.asarray(z, float)
    counts = tuple(_counts(sample, question.populations, rates[name], unit=unit) for name in names)
    present = _present(sample, question.populations, [rates[name] for name in names])
    panel, raters = spreads(sample, question, z, n_scenarios=np.array([c.scenarios for c in counts]), present=present)
    return Answer(question, names, sides, value, z, counts, panel, raters, present)


@dataclass(frozen=True)
class Present:
    """Who was asked, for each of K rates.

    Parameters
    ----------
    raters
        (K, raters) who were asked on any side.
    alone
        (K,) True where a side has fewer than two, so that nothing can be said about raters like these.
    """

    raters: BoolArray
    alone: BoolArray


def spreads(
    sample: Sample, question: Question, z: FloatArray, *, n_scenarios: IntArray, present: Present
) -> tuple[Spread, Spread]:
    """Return the spread of linearised values for scope ``panel`` and for scope ``raters``; the latter NaN with one rater."""
    cells = Cells(sample.cell_scenario, sample.cell_rater, sample.n_scenarios, sample.n_raters)
    panel = scenario_spread(z, cells, n_scenarios=n_scenarios)
    variance, df = np.full(len(z), np.nan), np.full(len(z), np.nan)
    membership = _membership(sample, question.populations)
    patterns, which = np.unique(present.raters, axis=0, return_inverse=True)
    for number in range(len(patterns)):
        rates = np.flatnonzero((which.ravel() == number) & ~present.alone)
        if len(rates):
            strata = rater_strata(membership, patterns[number])
            found = two_way_spread(z[rates], cells, n_scenarios=n_scenarios[rates], strata=strata)
            variance[rates], df[rates] = found.variance, found.df
    return panel, Spread(variance, df)


def fewest_raters(sample: Sample, populations: Sequence[Population]) -> int:
    """Return the smallest number of raters of any of the populations."""
    return min(int((np.bincount(sample.rater[side.rows], minlength=1) > 0).sum()) for side in populations)


def _present(sample: Sample, populations: Sequence[Population], rates: Sequence[Rate]) -> Present:
    by_side = np.zeros((len(populations), len(rates), sample.n_raters), dtype=np.bool_)
    for number, side in enumerate(populations):
        for place, rate in enumerate(rates):
            by_side[number, place, sample.rater[side.rows[asked(rate, side.rows)]]] = True
    anywhere = np.asarray(by_side.any(axis=0), dtype=np.bool_)
    return Present(anywhere, np.asarray((by_side.sum(axis=2) < 2).any(axis=0), dtype=np.bool_))


def asked(rate: Rate, rows: IntArray) -> BoolArray:
    """Return which of these ratings were asked what the rate needs."""
    return ~np.isnan(rate.y[rows] + rate.x[rows])


def goes_in(rate: Rate, rows: IntArray, sample: Sample, *, unit: Unit) -> BoolArray:
    """Return which of these ratings are in the denominator of a rate.

    In units that ask the raters of a response together, a rating that is not engaged still says that the response is less
    engaged, unless nobody found it engaged.
    """
    inside = asked(rate, rows) & (rate.x[rows] > 0)
    if unit in ("rating", "response_mean"):
        return inside
    engaged = np.zeros(sample.n_responses, dtype=np.bool_)
    engaged[sample.response[rows[inside]]] = True
    return asked(rate, rows) & engaged[sample.response[rows]]


def _membership(sample: Sample, populations: Sequence[Population]) -> BoolArray:
    """Return which rater belongs to which of the panels that these populations were rated by."""
    touched = np.unique(np.concatenate([sample.panel_code[side.rows] for side in populations]))
    return sample.membership[:, touched]


def _counts(sample: Sample, populations: Sequence[Population], rate: Rate, *, unit: Unit) -> Counts:
    rows = np.concatenate([side.rows for side in populations])
    used = rows[goes_in(rate, rows, sample, unit=unit)]
    return Counts(
        scenarios=_distinct(sample.scenario[used]),
        responses=_distinct(sample.response[used]),
        raters=_distinct(sample.rater[used]),
        ratings=len(used),
        unasked=int((~asked(rate, rows)).sum()),
    )


def _distinct(codes: IntArray) -> int:
    return int((np.bincount(codes) > 0).sum()) if len(codes) else 0

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
    one_rater
        True where a side has a single rater, so that nothing can be said about raters like these.
    """

    question: Question
    names: tuple[str, ...]
    sides: tuple[Linearised, ...]
    value: FloatArray
    z: FloatArray
    counts: tuple[Counts, ...]
    panel: Spread
    raters: Spread
    one_rater: bool

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
    sample: Sample, question: Question, *, rates: Mapping[str, Rate], contributions: Mapping[str, Contributions]
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
    contributions
        Of the unit, by name of the rate.
    """
    names = tuple(contributions)
    sides = tuple(linearise(sample, side, [contributions[name] for name in names]) for side in question.populations)
    value = sum(c * side.value for c, side in zip(question.coefficients, sides, strict=True))
    z = sum(c * side.z for c, side in zip(question.coefficients, sides, strict=True))
    value, z = np.asarray(value, float), np.asarray(z, float)
    counts = tuple(_counts(sample, question.populations, rates[name], contributions[name]) for name in names)
    panel, raters = spreads(sample, question, z, n_scenarios=np.array([c.scenarios for c in counts]))
    return Answer(question, names, sides, value, z, counts, panel, raters, fewest_raters(sample, question.populations) < 2)


def spreads(sample: Sample, question: Question, z: FloatArray, *, n_scenarios: IntArray) -> tuple[Spread, Spread]:
    """Return the spread of linearised values for scope ``panel`` and for scope ``raters``; the latter NaN with one rater."""
    cells = Cells(sample.cell_scenario, sample.cell_rater, sample.n_scenarios, sample.n_raters)
    panel = scenario_spread(z, cells, n_scenarios=n_scenarios)
    if fewest_raters(sample, question.populations) < 2:
        nothing = np.full(len(z), np.nan)
        return panel, Spread(nothing, nothing)
    strata = rater_strata(_membership(sample, question.populations), _present(sample, question.populations))
    return panel, two_way_spread(z, cells, n_scenarios=n_scenarios, strata=strata)


def fewest_raters(sample: Sample, populations: Sequence[Population]) -> int:
    """Return the smallest number of raters of any of the populations."""
    return min(int((np.bincount(sample.rater[side.rows], minlength=1) > 0).sum()) for side in populations)


def _present(sample: Sample, populations: Sequence[Population]) -> BoolArray:
    present = np.zeros(sample.n_raters, dtype=np.bool_)
    for side in populations:
        present[sample.rater[side.rows]] = True
    return present


def _membership(sample: Sample, populations: Sequence[Population]) -> BoolArray:
    """Return which rater belongs to which of the panels that these populations were rated by."""
    touched = np.unique(np.concatenate([sample.panel_code[side.rows] for side in populations]))
    return sample.membership[:, touched]


def _counts(sample: Sample, populations: Sequence[Population], rate: Rate, part: Contributions) -> Counts:
    rows = np.concatenate([side.rows for side in populations])
    asked = ~np.isnan(rate.y[rows] + rate.x[rows])
    used = rows[part.denominator[rows] > 0]
    return Counts(
        scenarios=_distinct(sample.scenario[used]),
        responses=_distinct(sample.response[used]),
        raters=_distinct(sample.rater[used]),
        ratings=len(used),
        unasked=int((~asked).sum()),
    )


def _distinct(codes: IntArray) -> int:
    return int((np.bincount(codes) > 0).sum()) if len(codes) else 0

"""The two-way (pigeonhole) bootstrap of Owen (2007) and Owen and Eckles (2012), beside the primary interval (statistics §3).

Scenarios and raters (within strata) are resampled independently; a rating's weight is the product of its two multinomial
counts. Rating-unit replicates are weights × cell sums, never frames rebuilt. The same weights serve every estimate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.outcomes import Sample
from driftgauge.measure.populations import Population
from driftgauge.measure.units import Contributions, Rows, draw_table
from driftgauge.measure.variance import Cells
from driftgauge.study import Unit

Single = npt.NDArray[np.float32]
"""Single precision: weights and cell sums are counts far below 2**24, so their products are exact."""

Key = tuple[str, tuple[str, bytes]]
"""(name of the rate, key of the population)."""

CHUNK_BYTES = 24_000_000
TEMPORARY = 4_000_000
"""Bytes of one temporary array of responses × replicates: small enough to stay in the processor's cache."""
TILE = (512, 8192)
"""(replicates, cells) of one matrix product: large enough for the processor, small enough for its cache, at any size."""


@dataclass(frozen=True)
class Weights:
    """Multinomial counts: (B, scenarios) and (B, raters); with raters fixed (scope ``panel``) each counts once."""

    scenario: Single
    rater: Single
    fixed: bool = False

    def first(self, n: int) -> "Weights":
        """Return the first `n` replicates."""
        return Weights(self.scenario[:n], self.rater[:n], self.fixed)

    def raters_fixed(self) -> "Weights":
        """Return the same scenarios with every rater counted once."""
        return Weights(self.scenario, np.ones_like(self.rater), fixed=True)


def draw_weights(rng: np.random.Generator, *, n: int, n_scenarios: int, strata: Sequence[IntArray], n_raters: int) -> Weights:
    """Draw the weights of `n` replicates.

    Parameters
    ----------
    rng
        Source of randomness.
    n
        Replicates.
    n_scenarios, n_raters
        How many there are.
    strata
        Rater codes that are resampled among themselves (`variance.rater_strata`); a rater in none keeps weight 1.
    """
    rater = np.ones((n, n_raters), dtype=np.float32)
    scenario = _multinomial(rng, n, n_scenarios)
    for stratum in strata:
        if len(stratum) > 1:
            rater[:, stratum] = _multinomial(rng, n, len(stratum))
    return Weights(scenario, rater)


def _multinomial(rng: np.random.Generator, n: int, size: int) -> Single:
    counts = np.empty((n, size), dtype=np.float32)
    step = max(1, CHUNK_BYTES // (16 * size))
    for start in range(0, n, step):
        rows = min(step, n - start)
        drawn = rng.integers(0, size, (rows, size)) + np.arange(rows)[:, None] * size
        counts[start : start + rows] = np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)
    return counts


def rating_replicates(
    weights: Weights, sample: Sample, *, rates: Mapping[str, Contributions], populations: Sequence[Population]
) -> dict[Key, FloatArray]:
    """Return the replicates of every rate over every population, for units whose contributions do not depend on the draw.

    Returns
    -------
    dict
        (B,) arrays; NaN where the replicate drew nothing of the denominator.
    """
    columns = _Columns(len(sample.cell_scenario))
    places = {
        (name, side.key): (
            columns.add(sample.cell[side.rows], each.numerator[side.rows]),
            columns.add(sample.cell[side.rows], each.denominator[side.rows]),
        )
        for side in populations
        for name, each in rates.items()
    }
    totals = weighted_totals(weights, columns.matrix(), _cells(sample))
    return {key: _ratio(totals[up], totals[down]) for key, (up, down) in places.items()}


def _cells(sample: Sample) -> Cells:
    return Cells(sample.cell_scenario, sample.cell_rater, sample.n_scenarios, sample.n_raters)


class _Columns:
    """Distinct columns of cell sums: many rates share a denominator, and it is summed once."""

    def __init__(self, n_cells: int) -> None:
        self._n_cells = n_cells
        self._columns: list[Single] = []
        self._place: dict[bytes, int] = {}

    def add(self, cell: IntArray, values: FloatArray) -> int:
        column = sum_by(cell, values, n=self._n_cells).astype(np.float32)
        digest = blake2b(column.tobytes(), digest_size=16).digest()
        if digest not in self._place:
            self._place[digest] = len(self._columns)
            self._columns.append(column)
        return self._place[digest]

    def matrix(self) -> Single:
        return np.stack(self._columns, axis=1)


def weighted_totals(weights: Weights, columns: Single, cells: Cells) -> FloatArray:
    """Return (columns, B) totals of cell sums under each replicate's weights.

    Parameters
    ----------
    weights
        Of B replicates.
    columns
        (cells, columns) sums.
    cells
        The scenario and rater of each cell.
    """
    if weights.fixed:
        order = np.argsort(cells.scenario, kind="stable")
        scenarios, start = np.unique(cells.scenario[order], return_index=True)
        by_scenario = np.add.reduceat(columns[order], start, axis=0)
        return (weights.scenario[:, scenarios] @ by_scenario).T.astype(float)
    n, n_cells = len(weights.scenario), len(cells.scenario)
    totals = np.zeros((columns.shape[1], n))
    for start in range(0, n, TILE[0]):
        drawn = slice(start, start + TILE[0])
        for first in range(0, n_cells, TILE[1]):
            part = slice(first, first + TILE[1])
            weight = weights.scenario[drawn].take(cells.scenario[part], axis=1)
            weight *= weights.rater[drawn].take(cells.rater[part], axis=1)
            totals[:, drawn] += (weight @ columns[part]).T
    return totals


def response_replicates(
    weights: Weights,
    sample: Sample,
    *,
    rates: Mapping[str, Rows],
    unit: Unit,
    draws: Mapping[str, int],
    populations: Sequence[Population],
) -> dict[Key, FloatArray]:
    """Return the replicates of every rate over every population, for units that summarise a response's raters anew.

    A response that no drawn rater rated is left out of that replicate.

    Parameters
    ----------
    weights, sample, populations
        As in `rating_replicates`.
    rates
        Outcome and condition of each rate, grouped by response.
    unit, draws
        As in `units.contributions`; how many raters are drawn for each rate.
    """
    found: dict[Key, FloatArray] = {}
    for release in dict.fromkeys(side.release for side in populations):
        sides = [side for side in populations if side.release == release]
        found |= _release_replicates(weights, sample, rates=rates, unit=unit, draws=draws, populations=sides)
    return found


def _release_replicates(
    weights: Weights,
    sample: Sample,
    *,
    rates: Mapping[str, Rows],
    unit: Unit,
    draws: Mapping[str, int],
    populations: Sequence[Population],
) -> dict[Key, FloatArray]:
    rows = np.unique(np.concatenate([side.rows for side in populations]))
    if not len(rows):
        return {}
    responses, response = np.unique(sample.response[rows], return_inverse=True)
    raters, rater = np.unique(sample.rater[rows], return_inverse=True)
    scenario = np.zeros(len(responses), dtype=np.int64)
    scenario[response] = sample.scenario[rows]
    member = np.zeros((len(populations), len(responses)), dtype=np.float32)
    for number, side in enumerate(populations):
        member[number, np.searchsorted(responses, sample.response[side.rows])] = 1
    grid = _Grid(response, rater, (len(responses), len(raters)))
    sums: dict[str, tuple[int, int, int]] = {}
    for name, each in rates.items():
        asked = ~np.isnan(each.y[rows] + each.x[rows])
        weight = np.where(asked, each.weight[rows] if unit == "response_mean" else 1.0, 0.0)
        votes = (np.where(asked, values[rows], 0.0) * weight for values in (each.y, each.x))
        up, down = (grid.add(each_side) for each_side in votes)
        sums[name] = grid.add(weight), up, down
    n_max = int(weights.rater[:, raters].sum(axis=1).max())
    summaries = {k: _Summary(unit=unit, k=k, n_max=n_max) for k in set(draws.values())}
    found: dict[Key, list[FloatArray]] = {(name, side.key): [] for name in rates for side in populations}
    step = max(16, TEMPORARY // (4 * len(responses)))
    for start in range(0, len(weights.scenario), step):
        part = slice(start, start + step)
        totals = grid.totals(np.ascontiguousarray(weights.rater[part][:, raters].T))
        times = np.ascontiguousarray(weights.scenario[part].T).take(scenario, axis=0)
        for name, (size, *sides) in sums.items():
            summary = summaries[draws[name]]
            up, down = (times * summary.of(totals[each], totals[size]) for each in sides)
            for row, side in zip(member, populations, strict=True):
                # Row by row: a product of so few rows is a hundred times slower when the library threads it.
                found[name, side.key].append(_ratio((row @ up).astype(float), (row @ down).astype(float)))
    return {key: np.concatenate(parts) for key, parts in found.items()}


class _Grid:
    """The ratings of one release as (response, rater) places; equal columns of values are kept and summed once."""

    def __init__(self, response: IntArray, rater: IntArray, shape: tuple[int, int]) -> None:
        self._place = response * shape[1] + rater
        self._shape = shape
        self._number: dict[bytes, int] = {}
        self._dense: list[Single] = []

    def add(self, values: FloatArray) -> int:
        key = blake2b(values.tobytes(), digest_size=16).digest()
        if key not in self._number:
            self._number[key] = len(self._dense)
            dense = sum_by(self._place, values, n=self._shape[0] * self._shape[1]).reshape(self._shape)
            self._dense.append(dense.astype(np.float32))
        return self._number[key]

    def totals(self, drawn: Single) -> list[Single]:
        """Return, for each kept column, (responses, B) sums over the drawn raters."""
        return [dense @ drawn for dense in self._dense]


class _Summary:
    """What the drawn raters of a response say together."""

    def __init__(self, *, unit: Unit, k: int, n_max: int) -> None:
        self._mean = unit == "response_mean"
        if not self._mean:
            rule = "majority" if unit == "response_majority" else "any"
            self._width = n_max + 1
            self._table = draw_table(n_max, k, rule).astype(np.float32).ravel()

    def of(self, votes: Single, size: Single) -> Single:
        if self._mean:
            return np.divide(votes, size, out=np.zeros_like(votes), where=size > 0)
        place = size.astype(np.int32) * self._width + votes.astype(np.int32)
        return self._table.take(place)


def _ratio(up: FloatArray, down: FloatArray) -> FloatArray:
    return np.divide(up, down, out=np.full(up.shape, np.nan), where=down > 0)


@dataclass(frozen=True)
class Percentiles:
    """Standard deviation and percentile interval of replicates; NaN where too many were undefined."""

    std_error: float
    low: float
    high: float
    undefined: int


def percentiles(replicates: FloatArray, *, level: float) -> Percentiles:
    """Return the percentile interval of replicates.

    Undefined replicates (NaN) are counted; above 1 % there is no interval (statistics §3).

    Examples
    --------
    >>> round(percentiles(np.arange(101.0), level=0.9).low, 9)
    5.0
    """
    undefined = int(np.isnan(replicates).sum())
    if not len(replicates) or undefined > 0.01 * len(replicates):
        return Percentiles(np.nan, np.nan, np.nan, undefined)
    kept = replicates[~np.isnan(replicates)] if undefined else replicates
    low, high = np.quantile(kept, [(1 - level) / 2, (1 + level) / 2])
    return Percentiles(float(kept.std(ddof=1)), float(low), float(high), undefined)

"""Power by simulation: how often simulated studies find a drift of known size, beside what is computed (statistics §10)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.power import Test
from driftgauge.measure.simulate import Shape
from driftgauge.measure.simulated_drifts import Pair, drifts, pairs, simulate_sums
from driftgauge.measure.variance import t_interval
from driftgauge.measure.verdicts import EQUIVALENCE_LEVEL
from driftgauge.pipeline.parallel import map_over
from driftgauge.pipeline.planned import moved
from driftgauge.records import Progress

BATCH: Final = 25
"""Simulated studies of one piece of work."""


@dataclass(frozen=True)
class SimulatedPower:
    """What simulated studies found at one true drift: shares of verdicts, and how the estimates spread."""

    drift: float
    studies: int
    detect: float
    unchanged: float
    sd: float
    mean_se: float


@dataclass(frozen=True)
class Wanted:
    """One pair of releases, how its drift is judged, and the true drifts to simulate."""

    pair: Pair
    test: Test
    drifts: tuple[float, ...]


def simulated_power(
    shape: Shape, wanted: Sequence[Wanted], *, studies: int, seed: int, jobs: int, progress: Progress
) -> list[tuple[SimulatedPower, ...]]:
    """Simulate studies of each pair alone, without anchors, at each of its drifts.

    Parameters
    ----------
    shape
        The study.
    wanted
        What to simulate of it.
    studies, seed, jobs
        How many of each drift; their seed; processes. The numbers do not depend on `jobs`.
    progress
        Told of each piece.

    Returns
    -------
    list
        One entry a pair, with one result a drift.
    """
    pieces = [piece for place, each in enumerate(wanted) for piece in _pieces(shape, place, each, studies=studies, seed=seed)]
    found: dict[tuple[int, float], list[FloatArray]] = {}
    for number, (piece, rows) in enumerate(zip(pieces, map_over(_studies, pieces, jobs=jobs), strict=True), start=1):
        found.setdefault((piece.place, piece.drift), []).append(rows)
        progress("simulating", number, len(pieces))
    return [
        tuple(_summary(drift, np.concatenate(found[place, drift])) for drift in each.drifts)
        for place, each in enumerate(wanted)
    ]


@dataclass(frozen=True)
class _Piece:
    """Studies of one drift to simulate: which of the drifts, the two releases, how they are judged, and seeds."""

    place: int
    drift: float
    shape: Shape
    test: Test
    seeds: tuple[tuple[int, ...], ...]


def _pieces(shape: Shape, place: int, wanted: Wanted, *, studies: int, seed: int) -> Iterator[_Piece]:
    both = [shape.releases[each] for each in (wanted.pair.before, wanted.pair.after)]
    alone = replace(shape, releases=both, ratings=None, anchors=0.0)
    for number, drift in enumerate(wanted.drifts):
        there = moved(alone, Pair(0, 1), drift)
        seeds = [(seed, place, number, each) for each in range(studies)]
        for at in range(0, studies, BATCH):
            yield _Piece(place, drift, there, wanted.test, tuple(seeds[at : at + BATCH]))


def _studies(piece: _Piece) -> FloatArray:
    """Return, for each seed, the drift, its SE, and whether it is detected and called unchanged, by the tests of `power_at`."""
    test, shape = piece.test, piece.shape
    rows: list[list[float]] = []
    for seed in piece.seeds:
        rng = np.random.default_rng(list(seed))  # noqa: TID251 - the edge where generators are made
        found = drifts(simulate_sums(shape, rng), pairs(shape))
        tested = t_interval(found.value, found.spread, level=1 - (1 - test.level) / test.drifts)
        same = t_interval(found.value, found.spread, level=1 - 2 * EQUIVALENCE_LEVEL / test.drifts)
        inside = same.low[0] > -test.margin and same.high[0] < test.margin
        rows.append([found.value[0], tested.std_error[0], float(tested.low[0] > 0), float(inside)])
    return np.array(rows, dtype=np.float64)


def _summary(drift: float, rows: FloatArray) -> SimulatedPower:
    value, error, detect, unchanged = rows.T
    return SimulatedPower(
        drift=drift,
        studies=len(rows),
        detect=float(detect.mean()),
        unchanged=float(unchanged.mean()),
        sd=float(value.std(ddof=1)) if len(rows) > 1 else float("nan"),
        mean_se=float(error.mean()),
    )

"""What every rater of a panel is asked, in which order: drawn once, from a generator that is passed in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from driftgauge.rate.anchors import placed_again
from driftgauge.rate.sharing import BoolArray, IntArray, Sharing, share_out
from driftgauge.rate.spacing import spaced

DRAWN: Final = pl.Schema(
    {
        "seat": pl.Int64(), "place": pl.Int64(), "purpose": pl.String(), "item": pl.Int64(), "exercise": pl.Int64(),
        "occasion": pl.Int64(),
    }
)  # fmt: skip
"""`seat` from 0; `place` from 1 in this draw, of a calibration below 0; `item` or `exercise`, by its position in what was asked
or among the exercises of that purpose; `occasion` 1, or 2 of an anchor within a rater."""
_LINE: Final = ("place", "purpose", "item", "exercise", "occasion")


@dataclass(frozen=True)
class Asked:
    """The responses that a panel is asked about.

    Parameters
    ----------
    scenarios
        The scenario of each, as a number: its twins in the other modality and from other releases have the same.
    cells
        The release and modality of each, as a number.
    across
        Whether it is shown again from an earlier phase: an anchor.
    """

    scenarios: IntArray
    cells: IntArray
    across: BoolArray


@dataclass(frozen=True)
class Design:
    """How they are shared out.

    Parameters
    ----------
    sharing, each
        As of `share_out`.
    apart
        Others between two of the same scenario.
    anchors
        Share of a rater's responses that is shown to them again.
    gold, every
        How many gold items there are, and that one stands among so many responses; 0 for none. Each comes once to a rater.
    calibration
        How many exercises everybody begins with.
    """

    sharing: Sharing
    each: int
    apart: int = 10
    anchors: float = 0.0
    gold: int = 0
    every: int = 50
    calibration: int = 0


@dataclass(frozen=True)
class Seat:
    """What a seat of the panel has behind it.

    Parameters
    ----------
    done
        Positions in what is asked that it has already.
    load
        How many responses it has.
    before
        Scenarios that it was asked about last, the newest last.
    gold
        Gold items that it has already.
    is_calibrated
        Whether it has a calibration already.
    """

    done: IntArray = field(default_factory=lambda: np.array([], dtype=np.int64))
    load: int = 0
    before: Sequence[int] = ()
    gold: frozenset[int] = frozenset()
    is_calibrated: bool = False


def draw(asked: Asked, design: Design, seats: Sequence[Seat], rng: np.random.Generator) -> pl.DataFrame:
    """Return the assignments of a panel: `DRAWN`.

    Parameters
    ----------
    asked
        The responses.
    design
        How they are shared out.
    seats
        The raters. In a design that is not ``full``, a response that anybody has already is asked of nobody else.
    rng
        Source of randomness: the same generator, the same draw.
    """
    taken = np.zeros((len(seats), len(asked.cells)), dtype=np.bool_)
    for row, seat in enumerate(seats):
        taken[row, seat.done] = True
    mine = _shared(asked, design, taken, loads=np.array([seat.load for seat in seats], dtype=np.int64), rng=rng)
    mine &= ~taken
    lines = [_line(asked, design, seat, np.flatnonzero(mine[row]), rng) for row, seat in enumerate(seats)]
    frames = [line.select(pl.lit(row, pl.Int64).alias("seat"), pl.all()) for row, line in enumerate(lines)]
    return pl.concat([pl.DataFrame(schema=DRAWN), *frames])


def _shared(asked: Asked, design: Design, taken: BoolArray, *, loads: IntArray, rng: np.random.Generator) -> BoolArray:
    """Return who is to have what: of all responses where everybody has everything, else of those that nobody has yet."""
    found = np.zeros_like(taken)
    is_fresh = np.ones(taken.shape[1], dtype=np.bool_) if design.sharing == "full" else ~taken.any(axis=0)
    fresh = np.flatnonzero(is_fresh)
    found[:, fresh] = share_out(
        design.sharing, asked.cells[fresh], raters=len(taken), each=design.each, rng=rng, loads=_level(loads)
    )
    return found


def _level(loads: IntArray) -> IntArray:
    """Return loads without those of seats that have nothing yet: who comes later is not asked to catch up."""
    return np.where(loads == 0, loads[loads > 0].min(), loads) if (loads > 0).any() else loads


def _line(asked: Asked, design: Design, seat: Seat, mine: IntArray, rng: np.random.Generator) -> pl.DataFrame:
    """Return what one rater is asked, in order: a calibration, then responses with anchors and gold among them."""
    order = spaced(asked.scenarios[mine], design.apart, rng, before=seat.before)
    line = placed_again(
        mine[order.places], asked.scenarios, share=design.anchors, apart=order.apart, rng=rng, may=~asked.across
    )
    rows = _rows(
        purpose=np.where(line.again | asked.across[line.items], "anchor", "item"),
        item=line.items,
        occasion=np.where(line.again, 2, 1),
    )
    shown = _with_gold(rows, _gold(len(rows), design, rng, known=seat.gold))
    return pl.concat([_calibration(design, seat, rng), shown.with_columns(place=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))])


def _rows(**columns: object) -> pl.DataFrame:
    """Return rows of a line; a column that is not given is null."""
    return pl.DataFrame({name: columns.get(name) for name in _LINE}, schema={name: DRAWN[name] for name in _LINE})


def _calibration(design: Design, seat: Seat, rng: np.random.Generator) -> pl.DataFrame:
    """Return the exercises that a rater begins with, in an order by lot."""
    count = 0 if seat.is_calibrated else design.calibration
    return _rows(
        place=np.arange(-count, 0), purpose=["calibration"] * count, exercise=rng.permutation(count), occasion=[1] * count
    )


def _gold(length: int, design: Design, rng: np.random.Generator, *, known: frozenset[int]) -> dict[int, int]:
    """Return before which place a gold item comes, and which; none comes twice to the same rater, who would know it again.

    One stands by lot in each run of `every`; where there are fewer items than runs, in as many runs, spread over the line.
    """
    left = [int(which) for which in rng.permutation(design.gold) if which not in known]
    runs = length // design.every if design.every else 0
    count = min(runs, len(left))
    first = rng.random()
    chosen = [int((number + first) * runs / count) for number in range(count)]
    return {run * design.every + int(rng.integers(design.every)): which for run, which in zip(chosen, left, strict=False)}


def _with_gold(rows: pl.DataFrame, gold: dict[int, int]) -> pl.DataFrame:
    added = _rows(purpose=["gold"] * len(gold), exercise=list(gold.values()), occasion=[1] * len(gold))
    at = [*range(len(rows)), *(before - 0.5 for before in gold)]
    return pl.concat([rows, added]).with_columns(at=pl.Series(at, dtype=pl.Float64)).sort("at").drop("at")

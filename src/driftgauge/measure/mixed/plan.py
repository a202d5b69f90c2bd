"""A model, sorted for elimination, with every place computed once.

Groupings whose levels nest in those of one factor (scenario, scenario:modality, scenario:release, response) touch one outer
block each; those that nest in a second factor inside it (scenario:release, response) one inner block. Inner blocks are
eliminated first, then outer ones, together in NumPy because they are padded to one size; what is left (rater, rater:release) is
one dense matrix. Inner blocks of one release meet only the raters of that release: they are a group, and their cross-products
are stored for its columns alone. Ratings are sorted by group, block and cell (a combination of nested levels); identical
ratings are put together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.mixed import layout
from driftgauge.measure.mixed.kernel import Outcome
from driftgauge.measure.mixed.layout import Layout
from driftgauge.measure.mixed.model import Grouping, Model

MOST_CROSSED = 6000
"""Levels that one dense matrix may hold: 6,000 take 288 MB."""
_CHUNK = 80_000
"""Numbers of a group's cross-products."""


@dataclass(frozen=True)
class Group:
    """Some inner blocks that meet the same crossed levels, as many as fit in the cache with their cross-products.

    Parameters
    ----------
    blocks, rows, cells
        Runs of inner blocks, of ratings, of cells.
    outer
        (blocks,) outer block of each inner block; ascending.
    span
        `outer` as a slice, where it is neighbours, each once.
    columns, runs
        The crossed levels that they meet, and the runs of neighbours among them: (in all crossed levels, in these).
    places
        (inner groupings × crossed groupings, ratings) where each rating goes in slots × columns of the group.
    """

    blocks: slice
    rows: slice
    cells: slice
    outer: IntArray
    span: slice | None
    columns: IntArray
    runs: tuple[tuple[slice, slice], ...]
    places: IntArray


@dataclass(frozen=True)
class Plan:
    """A model, sorted for elimination. Effects are numbered: slots of outer blocks, slots of inner blocks, crossed levels.

    Parameters
    ----------
    outcome, row, n_rows
        The ratings after sorting, the fixed row of each, and how many ratings there were.
    n_outer, outer_width, n_inner, inner_width, n_crossed
        Blocks, padded slots in each, and levels of all crossed groupings.
    cell, cell_starts
        The cell of each rating, and where cells start.
    outer_slots, inner_slots
        (groupings, cells) the effect of each cell.
    crossed_codes
        (groupings, ratings) the crossed level of each rating.
    groups
        Of inner blocks.
    outer_places
        (outer × crossed groupings, ratings) where each rating goes in outer slots × crossed levels.
    grouping, level
        The model's grouping (−1 where padded) of every effect, and the level in it.
    """

    outcome: Outcome
    row: IntArray
    n_rows: int
    n_outer: int
    outer_width: int
    n_inner: int
    inner_width: int
    n_crossed: int
    cell: IntArray
    cell_starts: IntArray
    outer_slots: IntArray
    inner_slots: IntArray
    crossed_codes: IntArray
    groups: tuple[Group, ...]
    outer_places: IntArray
    grouping: IntArray
    level: IntArray

    @property
    def n_outer_slots(self) -> int:
        """Slots of the outer blocks."""
        return self.n_outer * self.outer_width

    @property
    def n_slots(self) -> int:
        """Slots of all blocks."""
        return self.n_outer_slots + self.n_inner * self.inner_width

    @property
    def n_effects(self) -> int:
        """Slots and crossed levels."""
        return self.n_slots + self.n_crossed

    def cell_sum(self, values: FloatArray) -> FloatArray:
        """Sum a value of each rating by cell."""
        return np.add.reduceat(values, self.cell_starts)

    def gather(self, effects: FloatArray) -> FloatArray:
        """Return the sum of its effects for each rating."""
        by_cell = np.zeros(len(self.cell_starts))
        for slots in (*self.outer_slots, *self.inner_slots):
            by_cell += effects[slots]
        total = by_cell[self.cell]
        crossed = effects[self.n_slots :]
        for codes in self.crossed_codes:
            total += crossed[codes]
        return total

    def scatter(self, values: FloatArray) -> FloatArray:
        """Sum a value of each rating into each of its effects: the transpose of `gather`."""
        by_cell = self.cell_sum(values)
        total = np.zeros(self.n_effects)
        for slots in (*self.outer_slots, *self.inner_slots):
            total[: self.n_slots] += sum_by(slots, by_cell, n=self.n_slots)
        for codes in self.crossed_codes:
            total[self.n_slots :] += sum_by(codes, values, n=self.n_crossed)
        return total


def make_plan(model: Model) -> Plan:
    """Return the plan that needs the fewest operations.

    Examples
    --------
    Two scenarios by three raters: the raters, who are more, become the blocks.

    >>> code = np.arange(6)
    >>> groupings = (Grouping("scenario", code // 3, ("a", "b")), Grouping("rater", code % 3, ("x", "y", "z")))
    >>> one, none = np.ones((1, 1)), np.zeros(1)
    >>> plan = make_plan(Model("bernoulli", code % 2, ("0", "1"), one, code * 0, ("one",), groupings, np.ones(6), none))
    >>> plan.n_outer, plan.outer_width, plan.n_inner, plan.n_crossed
    (3, 1, 0, 2)
    """
    chosen = layout.choose(model)
    crossed = [model.groupings[t] for t in chosen.crossed]
    _check_size(crossed)
    offsets = np.cumsum([0, *(grouping.size for grouping in crossed)])
    outer = layout.slots(model, chosen.outer_terms, chosen.outer)
    inner = layout.slots(model, chosen.inner_terms, chosen.inner)
    n_outer, n_inner = int(chosen.outer.max()) + 1, len(chosen.group)
    base = n_outer * outer.width
    slots_of = {t: chosen.outer * outer.width + w for t, w in zip(chosen.outer_terms, outer.within, strict=True)}
    slots_of |= {t: base + chosen.inner * inner.width + w for t, w in zip(chosen.inner_terms, inner.within, strict=True)}
    group = chosen.group[chosen.inner] if n_inner else np.zeros(len(model), dtype=np.int64)
    cell = layout.combine([group, chosen.outer, chosen.inner, *slots_of.values()])
    rows, weights = _sorted(model, cell, chosen)
    starts = np.flatnonzero(np.diff(cell[rows], prepend=-1))
    n_slots = base + n_inner * inner.width
    numbering, level = _labels(model, slots_of, chosen.crossed, n_slots=n_slots)
    y = model.y[rows]
    codes = _stack([g.code[rows] + offsets[i] for i, g in enumerate(crossed)], len(rows))
    order = _neighbours(codes, group[rows], int(offsets[-1]))
    codes = np.argsort(order)[codes]
    outer_rows = _stack([slots_of[t][rows] for t in chosen.outer_terms], len(rows))
    inner_rows = _stack([slots_of[t][rows] for t in chosen.inner_terms], len(rows))
    n_crossed = int(offsets[-1])
    cells = np.cumsum(np.diff(cell[rows], prepend=-1) != 0) - 1
    return Plan(
        outcome=Outcome(y, None if (weights == 1).all() else weights, sum_by(y, weights, n=len(model.categories))),
        row=model.row[rows],
        n_rows=len(model),
        n_outer=n_outer,
        outer_width=outer.width,
        n_inner=n_inner,
        inner_width=inner.width,
        n_crossed=n_crossed,
        cell=cells,
        cell_starts=starts,
        outer_slots=outer_rows[:, starts],
        inner_slots=inner_rows[:, starts],
        crossed_codes=codes,
        groups=_groups(chosen, rows, cells, inner_rows - base, codes, width=inner.width, n_crossed=n_crossed),
        outer_places=_products(outer_rows, codes, n_crossed),
        grouping=np.concatenate([numbering[:n_slots], numbering[n_slots:][order]]),
        level=np.concatenate([level[:n_slots], level[n_slots:][order]]),
    )


def _groups(
    chosen: Layout,
    rows: IntArray,
    cells: IntArray,
    slots: IntArray,
    codes: IntArray,
    *,
    width: int,
    n_crossed: int,
) -> tuple[Group, ...]:
    if not len(chosen.group):
        return ()
    home = np.zeros(len(chosen.group), dtype=np.int64)
    home[chosen.inner] = chosen.outer
    inner = chosen.inner[rows]
    found: list[Group] = []
    for number in range(int(chosen.group.max()) + 1):
        first, last = np.searchsorted(chosen.group, [number, number + 1]).tolist()
        columns = np.unique(codes[:, slice(*np.searchsorted(inner, [first, last]).tolist())])
        local = np.zeros(n_crossed, dtype=np.int64)
        local[columns] = np.arange(len(columns))
        step = max(1, _CHUNK // (width * max(len(columns), width)))
        for start in range(first, last, step):
            blocks = slice(start, min(start + step, last))
            here = slice(*np.searchsorted(inner, [blocks.start, blocks.stop]).tolist())
            of_cells = slice(int(cells[here.start]), int(cells[here.stop - 1]) + 1)
            places = _products(slots[:, here] - start * width, local[codes[:, here]], len(columns))
            found.append(Group(blocks, here, of_cells, home[blocks], _span(home[blocks]), columns, _runs(columns), places))
    return tuple(found)


def _span(outer: IntArray) -> slice | None:
    """Return neighbouring outer blocks, each there once, as a slice."""
    return slice(int(outer[0]), int(outer[-1]) + 1) if (np.diff(outer) == 1).all() else None


def _runs(columns: IntArray) -> tuple[tuple[slice, slice], ...]:
    starts = [0, *(np.flatnonzero(np.diff(columns) != 1) + 1).tolist(), len(columns)]
    ends = [(a, b) for a, b in pairwise(starts) if b > a]
    return tuple((slice(int(columns[a]), int(columns[b - 1]) + 1), slice(a, b)) for a, b in ends)


def _neighbours(codes: IntArray, group: IntArray, n_crossed: int) -> IntArray:
    """Return the crossed levels in an order that puts those of the same groups beside each other."""
    first, last = np.full(n_crossed, len(group)), np.full(n_crossed, -1)
    for code in codes:
        np.minimum.at(first, code, group)
        np.maximum.at(last, code, group)
    return np.lexsort((last, first))


def _products(slots: IntArray, columns: IntArray, n_columns: int) -> IntArray:
    """Return the place of each rating in slots × columns, for every pair of a grouping of slots and one of columns."""
    return (slots[:, None, :] * n_columns + columns[None, :, :]).reshape(len(slots) * len(columns), slots.shape[1])


def _stack(arrays: Sequence[IntArray], length: int) -> IntArray:
    return np.array(arrays, dtype=np.int64) if arrays else np.zeros((0, length), dtype=np.int64)


def _labels(model: Model, slots_of: dict[int, IntArray], crossed: Sequence[int], *, n_slots: int) -> tuple[IntArray, IntArray]:
    """Return grouping and level of every effect."""
    grouping, level = np.full(n_slots, -1), np.full(n_slots, -1)
    for t, place in slots_of.items():
        grouping[place], level[place] = t, model.groupings[t].code
    sizes = [model.groupings[t].size for t in crossed]
    groupings = [grouping, *(np.full(size, t) for t, size in zip(crossed, sizes, strict=True))]
    return np.concatenate(groupings).astype(np.int64), np.concatenate([level, *map(np.arange, sizes)]).astype(np.int64)


def _sorted(model: Model, cell: IntArray, chosen: Layout) -> tuple[IntArray, FloatArray]:
    """Return the ratings in the order of their cells, identical ones put together, and their weights."""
    key = layout.combine([cell, *(model.groupings[t].code for t in chosen.crossed), model.row, model.y])
    if int(key.max()) + 1 > 0.9 * len(key):
        rows = np.argsort(cell, kind="stable")
        return rows, model.weights[rows]
    first = np.empty(int(key.max()) + 1, dtype=np.int64)
    first[key] = np.arange(len(key))
    return first, sum_by(key, model.weights)


def _check_size(crossed: Sequence[Grouping]) -> None:
    total = sum(grouping.size for grouping in crossed)
    if total > MOST_CROSSED:
        named = ", ".join(f"{grouping.name} ({grouping.size:,})" for grouping in crossed)
        raise EstimationError(
            f"too many crossed levels: {named}; together {total:,}, at most {MOST_CROSSED:,}",
            remedy="Leave one of these terms out, or use levels that nest in the largest factor.",
        )

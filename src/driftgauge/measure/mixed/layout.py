"""Which effects are eliminated first: the choice of the two factors whose levels make the blocks, and the slots in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import IntArray
from driftgauge.measure.mixed.model import Grouping, Model

_MOST_GROUPS = 64
_DENSE = 32


@dataclass(frozen=True)
class Layout:
    """Blocks within blocks.

    Parameters
    ----------
    outer, inner
        (n,) outer and inner block of each rating; inner blocks are numbered by group, then by outer block.
    outer_terms, inner_terms, crossed
        Positions in the model's groupings.
    group
        (inner blocks,) group of each: inner blocks that share no level of the largest crossed grouping with those of other
        groups (releases, for rater:release).
    cost
        Multiplications of one elimination, about.
    """

    outer: IntArray
    inner: IntArray
    outer_terms: tuple[int, ...]
    inner_terms: tuple[int, ...]
    crossed: tuple[int, ...]
    group: IntArray
    cost: float


@dataclass(frozen=True)
class Slots:
    """The place of each rating's level in its block, for some groupings, and the padded width of a block."""

    within: tuple[IntArray, ...]
    width: int


def choose(model: Model) -> Layout:
    """Return the layout that needs the fewest multiplications.

    Every grouping, and every factor of an interaction, may make the outer blocks; every grouping nested in those, the inner.
    """
    hosts = [np.zeros(len(model), dtype=np.int64)]
    hosts += [codes(each) for grouping in model.groupings for each in (grouping.code, *grouping.parts)]
    best: Layout | None = None
    for number, outer in enumerate(hosts):
        nested = tuple(t for t, g in enumerate(model.groupings) if number and nests(g, outer))
        inner_hosts: list[IntArray | None] = [None, *(model.groupings[t].code for t in nested if len(nested) > 1)]
        for inner in inner_hosts:
            found = _layout(model, outer, inner, nested)
            if best is None or found.cost < best.cost:
                best = found
    if best is None:
        raise AssertionError("there is always a host")
    return best


def _layout(model: Model, outer: IntArray, inner: IntArray | None, nested: tuple[int, ...]) -> Layout:
    crossed = tuple(t for t in range(len(model.groupings)) if t not in nested)
    inner_terms = () if inner is None else tuple(t for t in nested if nests(model.groupings[t], inner))
    outer_terms = tuple(t for t in nested if t not in inner_terms)
    levels = sum(model.groupings[t].size for t in crossed)
    blocks, width = int(outer.max()) + 1, slots(model, outer_terms, outer).width
    cost = _elimination(blocks, width, levels) + float(levels) ** 3
    empty = np.zeros(0, dtype=np.int64)
    if inner is None:
        return Layout(outer, np.zeros(len(outer), dtype=np.int64), outer_terms, (), crossed, empty, cost)
    group = _groups(model, inner, crossed)
    home = np.zeros(int(inner.max()) + 1, dtype=np.int64)
    home[inner] = outer
    order = np.lexsort((home, group))
    inner = np.argsort(order)[inner]
    inner_width = slots(model, inner_terms, inner).width
    for number in range(int(group.max()) + 1):
        here = group[order][inner] == number
        used = sum(int(np.count_nonzero(np.bincount(model.groupings[t].code[here]))) for t in crossed)
        cost += _elimination(int((group == number).sum()), inner_width, used + width)
    return Layout(outer, inner, outer_terms, inner_terms, crossed, group[order], cost)


def _elimination(blocks: int, width: int, right: int) -> float:
    return blocks * (4 * float(width) ** 3 + float(width) ** 2 * right + float(width) * right**2)


def _groups(model: Model, inner: IntArray, crossed: tuple[int, ...]) -> IntArray:
    """Return for each inner block its component in the graph of inner blocks and levels of the largest crossed grouping."""
    n = int(inner.max()) + 1
    if not crossed:
        return np.zeros(n, dtype=np.int64)
    largest = max((model.groupings[t] for t in crossed), key=lambda grouping: grouping.size)
    label = np.arange(n)
    while True:
        of_level = np.full(largest.size, n)
        np.minimum.at(of_level, largest.code, label[inner])
        after = label.copy()
        np.minimum.at(after, inner, of_level[largest.code])
        if np.array_equal(after, label):
            break
        label = after
    group = codes(label)
    return group if group.max() < _MOST_GROUPS else np.zeros(n, dtype=np.int64)


def nests(grouping: Grouping, block: IntArray) -> bool:
    """Return whether every level of the grouping lies in one block."""
    home = np.zeros(grouping.size, dtype=np.int64)
    home[grouping.code] = block
    return bool((home[grouping.code] == block).all())


def slots(model: Model, terms: Sequence[int], block: IntArray) -> Slots:
    """Return the number of each rating's level within its block, for some groupings.

    Examples
    --------
    >>> item = Grouping("item", np.array([0, 1, 2]), ("a", "b", "c"))
    >>> none = np.zeros(3, dtype=np.int64)
    >>> model = Model("bernoulli", none, ("0", "1"), np.ones((1, 1)), none, ("one",), (item,), np.ones(3), np.zeros(1))
    >>> found = slots(model, (0,), np.array([0, 0, 1]))
    >>> found.within[0].tolist(), found.width
    ([0, 1, 0], 2)
    """
    n_blocks = int(block.max(initial=0)) + 1
    filled = np.zeros(n_blocks, dtype=np.int64)
    within: list[IntArray] = []
    for t in terms:
        grouping = model.groupings[t]
        home = np.zeros(grouping.size, dtype=np.int64)
        home[grouping.code] = block
        order = np.argsort(home, kind="stable")
        counts = np.bincount(home, minlength=n_blocks)
        place = np.empty(grouping.size, dtype=np.int64)
        place[order] = np.arange(grouping.size) - np.repeat(np.cumsum(counts) - counts, counts)
        within.append((place + filled[home])[grouping.code])
        filled += counts
    return Slots(tuple(within), int(filled.max(initial=0)))


def codes(values: IntArray) -> IntArray:
    """Return codes from 0 without gaps, in order; by counting where they are dense enough, which takes no sorting."""
    if int(values.max(initial=0)) < _DENSE * len(values):
        return (np.cumsum(np.bincount(values) > 0) - 1)[values]
    return np.unique(values, return_inverse=True)[1].ravel().astype(np.int64)


def combine(parts: Sequence[IntArray]) -> IntArray:
    """Return one code for each combination, ordered by the first, then the second, and so on."""
    combined = parts[0]
    for code in parts[1:]:
        combined = codes(combined * (int(code.max(initial=0)) + 1) + code)
    return combined

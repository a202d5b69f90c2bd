"""Orders in which the same thing never comes back too soon: random, and as far apart as asked, or as can be had."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
_TRIES: Final = 400
"""Exchanges that are tried for one place before a random order is given up for a built one."""
_SHUFFLES: Final = 3


@dataclass(frozen=True)
class Order:
    """An order, and how many others it keeps between two of a kind.

    Parameters
    ----------
    places
        What comes first, second, …: positions in what was ordered.
    apart
        That was kept; less than what was asked for where there are too few kinds.
    """

    places: IntArray
    apart: int


def most_apart(kinds: IntArray) -> int | None:
    """Return how many others can at most be kept between any two of a kind; null when nothing is there twice.

    Examples
    --------
    Three of one kind and two of another: a b a b a.

    >>> most_apart(np.array([0, 0, 0, 1, 1]))
    1
    """
    counts = np.unique(kinds, return_counts=True)[1]
    if len(counts) == 0 or counts.max() < 2:
        return None
    most = int(counts.max())
    return max((len(kinds) - int((counts == most).sum())) // (most - 1) - 1, 0)


def spaced(kinds: IntArray, apart: int, rng: np.random.Generator, *, before: Sequence[int] = ()) -> Order:
    """Return a random order in which at least `apart` others lie between two of a kind, or as many as can be had.

    Parameters
    ----------
    kinds
        The kind of each thing: its scenario.
    apart
        Others between two of a kind.
    rng
        Source of randomness.
    before
        The kinds of what came before, the newest last.

    Examples
    --------
    >>> order = spaced(np.array([0, 0, 1, 1, 2, 2]), 1, np.random.default_rng(1))
    >>> order.apart, sorted(order.places.tolist())
    (1, [0, 1, 2, 3, 4, 5])
    """
    possible = most_apart(kinds)
    wanted = apart if possible is None else min(apart, possible)
    for kept in range(wanted, -1, -1):
        past = [int(kind) for kind in before[len(before) - kept :]] if kept else []
        places = _repaired(kinds, kept, rng, past=past)
        if places is None:
            places = _built(kinds, kept, rng, past=past)
        if places is not None:
            return Order(np.array(places, dtype=np.int64), apart if kept == wanted and possible is None else kept)
    raise AssertionError("any order keeps none apart")


def _repaired(kinds: IntArray, apart: int, rng: np.random.Generator, *, past: Sequence[int]) -> list[int] | None:
    """Return a random permutation with exchanges where two of a kind were too near; null when exchanges do not help."""
    places: list[int] = rng.permutation(len(kinds)).tolist()
    line = [*past, *(int(kinds[place]) for place in places)]
    first = len(past)
    for at in range(first, len(line)):
        if clashes(line, at, apart) and not _exchanged(line, places, at, apart=apart, first=first, rng=rng):
            return None
    return places


def clashes(line: Sequence[int], at: int, apart: int) -> bool:
    """Return whether a place of a line has one of its own kind too near."""
    kind = line[at]
    return kind in line[max(at - apart, 0) : at] or kind in line[at + 1 : at + 1 + apart]


def _exchanged(line: list[int], places: list[int], at: int, *, apart: int, first: int, rng: np.random.Generator) -> bool:
    for other in rng.integers(first, len(line), _TRIES).tolist():
        if _swap(line, places, (at, other), apart=apart, first=first):
            return True
    return False


def _swap(line: list[int], places: list[int], pair: tuple[int, int], *, apart: int, first: int) -> bool:
    """Exchange two places where both are well then; return whether it was done."""
    a, b = pair
    line[a], line[b] = line[b], line[a]
    if clashes(line, a, apart) or clashes(line, b, apart):
        line[a], line[b] = line[b], line[a]
        return False
    places[a - first], places[b - first] = places[b - first], places[a - first]
    return True


def _built(kinds: IntArray, apart: int, rng: np.random.Generator, *, past: Sequence[int]) -> list[int] | None:
    """Return an order that always takes the kind of which most is left, then shuffled as far as it may; null when none fits."""
    names, codes = np.unique(kinds, return_inverse=True)
    left = np.bincount(codes, minlength=len(names)).astype(np.int64)
    free_at = np.zeros(len(names), dtype=np.int64)
    for back, kind in enumerate(reversed(past)):
        free_at[names == kind] = np.maximum(free_at[names == kind], apart - back)
    members = [rng.permutation(np.flatnonzero(codes == code)).tolist() for code in range(len(names))]
    places: list[int] = []
    for now in range(len(kinds)):
        weight = np.where((left > 0) & (free_at <= now), left + rng.random(len(names)), 0.0)
        code = int(weight.argmax())
        if not weight[code]:
            return None
        places.append(members[code].pop())
        left[code] -= 1
        free_at[code] = now + apart + 1
    line, first = [*past, *(int(kinds[place]) for place in places)], len(past)
    for pair in rng.integers(first, len(line), (_SHUFFLES * len(places), 2)).tolist():
        _swap(line, places, (pair[0], pair[1]), apart=apart, first=first)
    return places


def kept_apart(kinds: IntArray) -> int | None:
    """Return the fewest others between two of a kind in a line; null when nothing is there twice.

    Examples
    --------
    >>> kept_apart(np.array([3, 1, 2, 3]))
    2
    """
    by_kind = np.argsort(kinds, kind="stable")
    steps = np.diff(by_kind)[np.diff(kinds[by_kind]) == 0]
    return int(steps.min()) - 1 if len(steps) else None

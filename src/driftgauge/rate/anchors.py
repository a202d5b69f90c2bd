"""Responses that the same rater is shown again, well after the first time, so that a change in the rater can be seen."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from driftgauge.rate.sharing import BoolArray, IntArray

FAR: Final = 4
"""An anchor comes back after a quarter of what a rater is asked, at least."""
_TRIES: Final = 200


@dataclass(frozen=True)
class Line:
    """What a rater is asked, in order, and which of it comes for the second time."""

    items: IntArray
    again: BoolArray


def placed_again(
    items: IntArray, scenarios: IntArray, *, share: float, apart: int, rng: np.random.Generator, may: BoolArray
) -> Line:
    """Return the order of a rater with a share of it shown again.

    Parameters
    ----------
    items
        In order: positions in `scenarios`.
    scenarios
        The scenario of each response.
    share
        Of the responses of this rater.
    apart
        Others between two of the same scenario; an anchor that fits nowhere comes where it is farthest from its scenario.
    rng
        Source of randomness.
    may
        Which responses may be anchors of this kind.

    Notes
    -----
    Anchors are drawn from what stands early enough to come back a quarter of the line later. The order is random, so they are a
    random part of all responses.
    """
    line: list[int] = items.tolist()
    far = max(len(line) // FAR, 1)
    early = [item for item in line[: max(len(line) - far, 0)] if may[item]]
    wanted = min(round(share * int(may[items].sum())), len(early))
    chosen = rng.permutation(np.array(early, dtype=np.int64))[:wanted].tolist()
    again = [False] * len(line)
    kinds: list[int] = scenarios[items].tolist()
    for item in chosen:
        kind = int(scenarios[item])
        at = _place(kinds, kind, line.index(item) + far + 1, apart=apart, rng=rng)
        line.insert(at, item)
        again.insert(at, True)
        kinds.insert(at, kind)
    return Line(np.array(line, dtype=np.int64), np.array(again, dtype=np.bool_))


def _place(kinds: list[int], kind: int, first: int, *, apart: int, rng: np.random.Generator) -> int:
    """Return a place by lot from `first` on with nothing of the kind near it; else the one that is farthest from any."""
    first = min(first, len(kinds))
    for at in rng.integers(first, len(kinds) + 1, _TRIES).tolist():
        if kind not in kinds[max(at - apart, 0) : at + apart]:
            return at
    same = np.flatnonzero(np.array(kinds) == kind)
    places = np.arange(first, len(kinds) + 1)
    distance = np.abs(places[:, None] - same - 0.5).min(axis=1)
    return int(places[distance.argmax()])

"""Responses that the same rater is shown again, well after the first time, so that a change in the rater can be seen."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from driftgauge.rate.sharing import BoolArray, IntArray

FAR: Final = 4
"""An anchor comes back after a quarter of what a rater is asked, at least."""
_TRIES: Final = 20
"""Places that are tried by lot before all are looked at."""


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
        Others between two of the same scenario. What would come nearer to its scenario wherever it came is no anchor.
    rng
        Source of randomness.
    may
        Which responses may be anchors of this kind.

    Notes
    -----
    Anchors are drawn from what stands early enough to come back a quarter of the line later. The order is random, so they are a
    random part of all responses. Where too few find a place, there are fewer.
    """
    line: list[int] = items.tolist()
    far = max(len(line) // FAR, 1)
    early = [item for item in line[: max(len(line) - far, 0)] if may[item]]
    wanted = min(round(share * int(may[items].sum())), len(early))
    again = [False] * len(line)
    kinds: list[int] = scenarios[items].tolist()
    for item in rng.permutation(np.array(early, dtype=np.int64)).tolist():
        if sum(again) == wanted:
            break
        kind = int(scenarios[item])
        at = _place(kinds, kind, line.index(item) + far + 1, apart=apart, rng=rng)
        if at is not None:
            line.insert(at, item)
            again.insert(at, True)
            kinds.insert(at, kind)
    return Line(np.array(line, dtype=np.int64), np.array(again, dtype=np.bool_))


def _place(kinds: list[int], kind: int, first: int, *, apart: int, rng: np.random.Generator) -> int | None:
    """Return a place by lot from `first` on with nothing of the kind near it; null when there is none."""
    for at in rng.integers(first, len(kinds) + 1, _TRIES).tolist():
        if kind not in kinds[max(at - apart, 0) : at + apart]:
            return at
    same = np.flatnonzero(np.array(kinds) == kind)
    places = np.arange(first, len(kinds) + 1)
    distance = np.abs(places[:, None] - same - 0.5).min(axis=1)
    free = places[distance > apart]
    return int(rng.choice(free)) if len(free) else None

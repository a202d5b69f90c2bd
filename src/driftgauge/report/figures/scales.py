"""Scales and label places that are worked out before Vega sees them, so that panels share scales and labels do not collide."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_STEPS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Axis:
    """A scale of shares: its ends and where its grid lines stand."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def pixel(self, value: float, length: float) -> float:
        """Return where a value falls on an axis of so many pixels."""
        return (value - self.low) / (self.high - self.low) * length


def axis(values: Sequence[float], *, most: int = 5) -> Axis:
    """Return an axis from round number to round number that holds 0 and all `values`, with about `most` steps.

    Examples
    --------
    >>> axis([0.12, 0.43]).ticks
    (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    """
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    span = max(high - low, 0.01)
    step = next((step for step in _STEPS if span / step <= most), 1.0)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    return Axis(first * step, last * step, tuple(round(number * step, 6) for number in range(first, last + 1)))


def spread(wanted: Sequence[float], *, apart: float, low: float, high: float) -> list[float]:
    """Move positions as little as needed until neighbours are `apart` from each other, within [low, high] where it fits.

    Examples
    --------
    >>> spread([10, 12], apart=14, low=0, high=100)
    [4.0, 18.0]
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    groups: list[tuple[float, int]] = []
    for index in order:
        groups.append((wanted[index], 1))
        while len(groups) > 1 and _overlap(groups[-2], groups[-1], apart):
            (a, n), (b, m) = groups[-2:]
            groups[-2:] = [((a * n + b * m) / (n + m), n + m)]
    placed = [0.0] * len(wanted)
    places = iter(order)
    for centre, size in groups:
        half = (size - 1) * apart / 2
        middle = min(max(centre, low + half), max(high - half, low + half))
        for step in range(size):
            placed[next(places)] = middle - half + step * apart
    return placed


def _overlap(before: tuple[float, int], after: tuple[float, int], apart: float) -> bool:
    return after[0] - (after[1] - 1) * apart / 2 - (before[0] + (before[1] - 1) * apart / 2) < apart

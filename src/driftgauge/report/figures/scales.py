"""Axes and label places that are worked out before Vega sees them, so that panels share scales and labels do not collide."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt

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

    def at(self, pixel: float, length: float) -> float:
        """Return the value at so many pixels from the low end: where a label stands is said on the scale of the marks."""
        return self.low + pixel / length * (self.high - self.low)


def axis(values: Sequence[float], *, most: int = 5, ceiling: float = 1.0, pad: float = 0.0) -> Axis:
    """Return an axis from round number to round number that holds 0 and all `values`, with at most `most` steps.

    Examples
    --------
    >>> axis([0.12, 0.43]).ticks
    (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    """
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    low, high = low - pad * (high - low) * (low < 0), high + pad * (high - low)
    span = max(high - low, 0.01)
    step = next((step for step in _STEPS if span / step <= most), 1.0)
    first, last = math.floor(low / step + 1e-9), math.ceil(min(high, max(ceiling, *values)) / step - 1e-9)
    last = max(last, first + 1)
    return Axis(first * step, last * step, tuple(round(number * step, 6) for number in range(first, last + 1)))


def shares(name: str, scale: Axis, *, signed: bool = False, orient: str, title: str | None = None) -> dict[str, Any]:
    """Return what Altair's X and Y need for a scale of shares, written as percent (or as points, with signs)."""
    shown = "format(100 * datum.value, '~g')"
    label = f"replace((datum.value > 0 ? '+' : '') + {shown}, '-', '\u2212')" if signed else f"{shown} + '\u202f%'"
    return {
        "shorthand": f"{name}:Q",
        "scale": alt.Scale(domain=[scale.low, scale.high], nice=False, zero=False),
        "axis": alt.Axis(values=list(scale.ticks), labelExpr=label, orient=orient, title=title, labelFlush=False),
    }


def pixels(name: str, length: float, *, down: bool = False) -> dict[str, Any]:
    """Return what Altair's X and Y need for positions that are given in pixels."""
    return {
        "shorthand": f"{name}:Q",
        "scale": alt.Scale(domain=[length, 0] if down else [0, length], nice=False, zero=False),
        "axis": None,
    }


def spread(wanted: Sequence[float], *, apart: float, low: float, high: float) -> list[float]:
    """Move positions as little as needed until neighbours are `apart` from each other, within [low, high] where it fits.

    Examples
    --------
    >>> spread([10, 12], apart=14, low=0, high=100)
    [4.0, 18.0]
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    groups: list[list[float]] = []
    for index in order:
        groups.append([wanted[index], 1.0])
        while len(groups) > 1 and _overlap(groups[-2], groups[-1], apart):
            (a, n), (b, m) = groups[-2:]
            groups[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    placed = [0.0] * len(wanted)
    places = iter(order)
    for centre, size in groups:
        half = (size - 1) * apart / 2
        centre = min(max(centre, low + half), max(high - half, low + half))
        for step in range(int(size)):
            placed[next(places)] = centre - half + step * apart
    return placed


def _overlap(before: list[float], after: list[float], apart: float) -> bool:
    return after[0] - (after[1] - 1) * apart / 2 - (before[0] + (before[1] - 1) * apart / 2) < apart

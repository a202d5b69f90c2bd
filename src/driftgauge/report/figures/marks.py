"""The few words in which the charts of this report are written: named data, two kinds of places, paint, texts with a halo.

A chart is made once for all panels of a figure, so nothing in it may depend on a panel: rows come by name, and colours, markers
and the places of labels are columns of the rows.
"""

from typing import Final, Literal, cast

import altair as alt

from driftgauge.report.figures import theme
from driftgauge.report.figures.scales import Axis

ANY_HEIGHT: Final = 1
"""Height of a chart that is still to get that of each panel."""

Align = Literal["left", "center", "right"]
ALIGNS: Final[tuple[Align, ...]] = ("left", "center", "right")

STROKE: Final = alt.Stroke("paint:N", scale=None)
FILL: Final = alt.Fill("paint:N", scale=None)
SHAPE: Final = alt.Shape("shape:N", scale=None)
TIP: Final = alt.Description("tip:N")
"""What a mark is, in words, for the page's script; the mark needs `aria=True`."""


def data(name: str) -> alt.Chart:
    """Return a chart whose rows each panel gives under `name`."""
    return alt.Chart(alt.NamedData(name=name))


def layered(*charts: alt.Chart, width: int) -> alt.LayerChart:
    """Return charts drawn over each other, in a plot whose height each panel gives."""
    return cast(alt.LayerChart, alt.layer(*charts, width=width, height=ANY_HEIGHT))


def across(
    name: str, scale: Axis, *, signed: bool = False, mirrored: bool = False, plain: bool = False, title: str | None = None
) -> alt.X:
    """Return a horizontal place on a scale of shares, written as percent (or, with `signed`, as points).

    With `mirrored` both sides of 0 are shares, written without a sign; with `plain` numbers stand as they are.
    """
    axis = _axis(scale, "bottom", signed=signed, mirrored=mirrored, plain=plain, title=title)
    return alt.X(f"{name}:Q", scale=_scale(scale), axis=axis)


def up(name: str, scale: Axis, *, signed: bool = False) -> alt.Y:
    """Return a vertical place on a scale of shares, written as percent (or, with `signed`, as points)."""
    return alt.Y(f"{name}:Q", scale=_scale(scale), axis=_axis(scale, "left", signed=signed))


def _scale(scale: Axis) -> alt.Scale:
    return alt.Scale(domain=[scale.low, scale.high], nice=False, zero=False)


def _axis(
    scale: Axis,
    orient: Literal["bottom", "left"],
    *,
    signed: bool = False,
    mirrored: bool = False,
    plain: bool = False,
    title: str | None = None,
) -> alt.Axis:
    number = f"format(100 * {'abs(datum.value)' if mirrored else 'datum.value'}, '~g')"
    label = f"replace((datum.value > 0 ? '+' : '') + {number}, '-', '\u2212')" if signed else f"{number} + '\u202f%'"
    if plain:
        label = "replace(format(datum.value, '~g'), '-', '\u2212')"
    ticks = list(scale.ticks)
    return alt.Axis(values=ticks, labelExpr=label, orient=orient, title=title, labelFlush=False, labelOverlap=False)


def from_left(name: str = "x") -> alt.X:
    """Return a horizontal place in pixels from the left of the plot."""
    return alt.X(f"{name}:Q", scale=None, axis=None)


def from_top(name: str = "y") -> alt.Y:
    """Return a vertical place in pixels from the top of the plot."""
    return alt.Y(f"{name}:Q", scale=None, axis=None)


def text(
    name: str,
    *,
    align: Align,
    weight: Literal[400, 600, 700] = 400,
    color: str = theme.INK.light,
    size: int = theme.SIZE,
) -> list[alt.Chart]:
    """Return the texts of rows with `x` and `y` in pixels, each over a halo of paper: grid lines stop before it."""
    halo = data(name).mark_text(
        align=align,
        fontWeight=weight,
        fontSize=size,
        color=theme.PAPER.light,
        stroke=theme.PAPER.light,
        strokeWidth=4,
        strokeJoin="round",
    )
    ink = data(name).mark_text(align=align, fontWeight=weight, fontSize=size, color=color)
    return [mark.encode(x=from_left(), y=from_top(), text="text:N") for mark in (halo, ink)]

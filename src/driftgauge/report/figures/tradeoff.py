"""Refusal against harm when engaged: a point a release with both intervals, an arrow from each release to its successor."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.labels import Box, Label, place
from driftgauge.report.figures.marks import ALIGNS, FILL, SHAPE, STROKE, across, data, layered, text, up
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis
from driftgauge.report.names import cut
from driftgauge.report.select import Estimate

HEAD = 34
"""Arrows shorter than this many pixels have no head: it would cover both dots."""


@dataclass(frozen=True)
class Dot:
    """One release: refusal rate across, harm among engaged responses up."""

    name: str
    family: str | None
    series: int
    across: Estimate
    up: Estimate


@dataclass(frozen=True)
class Group:
    """One panel: whose points are coloured and named (all others stand behind in grey)."""

    dots: tuple[Dot, ...]
    others: tuple[Dot, ...]
    title: str
    description: str

    @property
    def steps(self) -> list[tuple[Dot, Dot]]:
        """Each release with its successor."""
        return [(a, b) for a, b in pairwise(self.dots) if a.family is not None and a.family == b.family]


@dataclass(frozen=True)
class Plane:
    """The two scales and the size of the plot."""

    across: Axis
    up: Axis
    width: int
    height: int

    def pixel(self, across: float, up: float) -> tuple[float, float]:
        """Return where a pair of values falls, from the top left."""
        return self.across.pixel(across, self.width), self.height - self.up.pixel(up, self.height)

    def of(self, dot: Dot) -> tuple[float, float]:
        """Return where a dot falls."""
        return self.pixel(dot.across.value, dot.up.value)


def tradeoff(groups: Sequence[Group], *, prefix: str, size: tuple[int, int], scaled_by: Sequence[Dot]) -> tuple[Markup, ...]:
    """Return one panel a group, on two scales from 0 that hold all of `scaled_by`."""
    plane = Plane(axis([dot.across.high for dot in scaled_by]), axis([dot.up.high for dot in scaled_by]), *size)
    frame = Frame(plane.width, left=40, right=16, top=28, bottom=44)
    return draw(_chart(plane), [_panel(group, plane, frame) for group in groups], frame, prefix=prefix)


def _chart(plane: Plane) -> alt.LayerChart:
    def x(name: str) -> alt.X:
        return across(name, plane.across, title="refused →")

    def y(name: str) -> alt.Y:
        return up(name, plane.up)

    points = data("points").mark_point(filled=True, stroke=theme.PAPER.light, strokeWidth=1.5, size=120, opacity=1)
    heads = data("heads").mark_point(shape="triangle-up", filled=True, size=90, opacity=1)
    return layered(
        data("others").mark_point(filled=True, fill=theme.RULE.light, size=30, opacity=0.55).encode(x=x("x"), y=y("y")),
        data("steps").mark_rule(strokeWidth=2, opacity=0.6).encode(x=x("x"), x2="x2:Q", y=y("y"), y2="y2:Q", stroke=STROKE),
        heads.encode(x=x("x"), y=y("y"), fill=FILL, angle=alt.Angle("turn:Q", scale=None)),
        data("points").mark_rule(strokeWidth=1.25).encode(x=x("x_low"), x2="x_high:Q", y=y("y"), stroke=STROKE),
        data("points").mark_rule(strokeWidth=1.25).encode(x=x("x"), y=y("y_low"), y2="y_high:Q", stroke=STROKE),
        points.encode(x=x("x"), y=y("y"), shape=SHAPE, fill=FILL),
        *text("axis", align="left", color=theme.MUTED.light, size=theme.SIZE - 1),
        *(mark for align in ALIGNS for mark in text(align, align=align)),
        width=plane.width,
    )


def _panel(group: Group, plane: Plane, frame: Frame) -> Panel:
    labels = _labels(group, plane)
    rows = {
        "others": [{"x": dot.across.value, "y": dot.up.value} for dot in group.others],
        "steps": [_step(earlier, later) for earlier, later in group.steps],
        "heads": [head for earlier, later in group.steps for head in _heads(earlier, later, plane)],
        "points": [_point(dot) for dot in group.dots],
        "axis": [{"x": 6 - frame.left, "y": -16, "text": "↑ judged harmful when it did not refuse"}],
        **{align: [label for label in labels if label["align"] == align] for align in ALIGNS},
    }
    return Panel(rows, plane.height, group.title, group.description)


def _point(dot: Dot) -> dict[str, Any]:
    return {
        "x": dot.across.value, "x_low": dot.across.low, "x_high": dot.across.high,
        "y": dot.up.value, "y_low": dot.up.low, "y_high": dot.up.high,
        "paint": theme.colour(dot.series), "shape": theme.shape(dot.series),
    }  # fmt: skip


def _step(earlier: Dot, later: Dot) -> dict[str, Any]:
    (x, y), (x2, y2) = ((dot.across.value, dot.up.value) for dot in (earlier, later))
    return {"x": x, "y": y, "x2": x2, "y2": y2, "paint": theme.colour(later.series)}


def _heads(earlier: Dot, later: Dot, plane: Plane) -> list[dict[str, Any]]:
    """Return a head at the middle of the arrow, turned towards the later release."""
    (x0, y0), (x1, y1) = plane.of(earlier), plane.of(later)
    if math.hypot(x1 - x0, y1 - y0) < HEAD:
        return []
    middle = {"x": (earlier.across.value + later.across.value) / 2, "y": (earlier.up.value + later.up.value) / 2}
    return [{**middle, "turn": math.degrees(math.atan2(x1 - x0, y0 - y1)), "paint": theme.colour(later.series)}]


def _labels(group: Group, plane: Plane) -> list[dict[str, Any]]:
    labels = [Label(cut(dot.name, 26), *plane.of(dot)) for dot in group.dots]
    obstacles = [box for dot in group.dots for box in _covered(dot, plane)]
    obstacles += [box for earlier, later in group.steps for box in _along(plane.of(earlier), plane.of(later))]
    return place(labels, obstacles=obstacles, room=Box(0, 0, plane.width + 10, plane.height))


def _covered(dot: Dot, plane: Plane) -> list[Box]:
    x, y = plane.of(dot)
    left, bottom = plane.pixel(dot.across.low, dot.up.low)
    right, top = plane.pixel(dot.across.high, dot.up.high)
    marker = Box(x - 7, y - 7, x + 7, y + 7)
    return [marker, marker, Box(left, y - 4, right, y + 4), Box(x - 4, top, x + 4, bottom)]


def _along(start: tuple[float, float], stop: tuple[float, float]) -> list[Box]:
    """Return small boxes along an arrow."""
    boxes: list[Box] = []
    for step in range(1, 20):
        x, y = (a + (b - a) * step / 20 for a, b in zip(start, stop, strict=True))
        boxes.append(Box(x - 3, y - 3, x + 3, y + 3))
    return boxes

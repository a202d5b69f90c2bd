"""Refusal against harm when engaged: a point a release with both intervals, an arrow from each release to its successor."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.panel import Margins, Panel, draw, inline
from driftgauge.report.figures.scales import Axis, axis, shares
from driftgauge.report.names import cut, width_of
from driftgauge.report.select import Estimate

MARGINS = Margins(left=54, right=14, top=26, bottom=44)


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


@dataclass(frozen=True)
class Plane:
    """The two scales and the size of the plot."""

    across: Axis
    up: Axis
    width: int
    height: int

    def pixel(self, dot: Dot) -> tuple[float, float]:
        """Return where a dot falls, from the top left."""
        x = self.across.pixel(dot.across.value, self.width)
        return x, self.height - self.up.pixel(dot.up.value, self.height)

    def encode(self, x: str, y: str) -> dict[str, Any]:
        """Return the two positions on the plane's scales."""
        across = shares(x, self.across, orient="bottom", title="refused")
        up = shares(y, self.up, orient="left", title=None)
        return {"x": alt.X(**across), "y": alt.Y(**up)}


def tradeoff(groups: Sequence[Group], *, prefix: str, size: tuple[int, int]) -> tuple[Markup, ...]:
    """Return one panel a group, all on the same two scales, both from 0."""
    dots = [dot for group in groups for dot in (*group.dots, *group.others)]
    plane = Plane(axis([dot.across.high for dot in dots]), axis([dot.up.high for dot in dots]), *size)
    return draw([_panel(group, plane) for group in groups], MARGINS, prefix=prefix)


def _panel(group: Group, plane: Plane) -> Panel:
    series = list(dict.fromkeys(dot.series for dot in group.dots))
    chart = alt.layer(
        _context(group.others, plane),
        *(mark for number in series for mark in _family([dot for dot in group.dots if dot.series == number], plane)),
        *_words(group.dots, plane),
        width=plane.width,
        height=plane.height,
    )
    return Panel(chart, plane.width, plane.height, group.title, group.description)


def _context(dots: Sequence[Dot], plane: Plane) -> alt.Chart:
    rows = [{"x": dot.across.value, "y": dot.up.value} for dot in dots]
    return inline(rows).mark_point(filled=True, fill=theme.RULE.light, size=30, opacity=0.55).encode(**plane.encode("x", "y"))


def _family(dots: Sequence[Dot], plane: Plane) -> list[alt.Chart]:
    paint = theme.colour(dots[0].series)
    rows = [
        {
            "x": dot.across.value, "x_low": dot.across.low, "x_high": dot.across.high,
            "y": dot.up.value, "y_low": dot.up.low, "y_high": dot.up.high,
        }
        for dot in dots
    ]  # fmt: skip
    base = inline(rows)
    marks = [
        base.mark_rule(color=paint, strokeWidth=1.25, opacity=0.75).encode(**plane.encode("x_low", "y"), x2="x_high:Q"),
        base.mark_rule(color=paint, strokeWidth=1.25, opacity=0.75).encode(**plane.encode("x", "y_low"), y2="y_high:Q"),
        base.mark_point(
            shape=theme.shape(dots[0].series), filled=True, fill=paint, stroke=theme.PAPER.light, strokeWidth=1.5, size=120, opacity=1
        ).encode(**plane.encode("x", "y")),
    ]
    return (_arrows(dots, plane, paint) if dots[0].family is not None and len(dots) > 1 else []) + marks


def _arrows(dots: Sequence[Dot], plane: Plane, paint: str) -> list[alt.Chart]:
    """Return lines between successive releases, each with a head at its middle that points to the later one."""
    places = [(dot.across.value, dot.up.value) for dot in dots]
    line = inline([{"x": x, "y": y, "order": number} for number, (x, y) in enumerate(places)])
    heads: list[dict[str, Any]] = []
    for earlier, later in zip(dots, dots[1:], strict=False):
        (x0, y0), (x1, y1) = plane.pixel(earlier), plane.pixel(later)
        if math.hypot(x1 - x0, y1 - y0) > 34:
            heads.append(
                {
                    "x": (earlier.across.value + later.across.value) / 2,
                    "y": (earlier.up.value + later.up.value) / 2,
                    "turn": math.degrees(math.atan2(x1 - x0, y0 - y1)),
                }
            )
    return [
        line.mark_line(color=paint, strokeWidth=2, opacity=0.6).encode(**plane.encode("x", "y"), order="order:Q"),
        inline(heads)
        .mark_point(shape="triangle-up", filled=True, fill=paint, size=90, opacity=1)
        .encode(**plane.encode("x", "y"), angle=alt.Angle("turn:Q", scale=alt.Scale(domain=[-180, 180], range=[-180, 180]))),
    ]


def _words(dots: Sequence[Dot], plane: Plane) -> list[alt.Chart]:
    axis_name = [{"x": plane.across.low, "y": plane.up.at(plane.height + 14, plane.height), "text": "↑ judged harmful when it did not refuse"}]
    encode = plane.encode("x", "y")
    marks = [
        inline(axis_name).mark_text(align="left", baseline="middle", color=theme.MUTED.light, dx=-40, fontSize=theme.SIZE - 1),
        *(
            inline([row for row in place_labels(dots, plane) if row["align"] == align]).mark_text(
                align=align, baseline="middle", stroke=None
            )
            for align in ("left", "right", "center")
        ),
    ]
    return [mark.encode(**encode, text="text:N") for mark in marks]


@dataclass(frozen=True)
class Box:
    """A rectangle of the plot in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Box") -> float:
        """Return the area in common."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(across, 0.0) * max(down, 0.0)


_DIRECTIONS = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))


def place_labels(dots: Sequence[Dot], plane: Plane) -> list[dict[str, Any]]:
    """Return a label beside each dot, where it covers least of other dots, intervals, arrows and labels already placed."""
    taken = [box for dot in dots for box in _obstacles(dot, plane)] + _paths(dots, plane)
    placed: list[dict[str, Any]] = []
    for dot in dots:
        text = cut(dot.name, 24)
        choices = [_candidate(plane.pixel(dot), text, direction, reach) for reach in (11, 18, 28) for direction in _DIRECTIONS]
        costs = [_cost(box, taken, plane) + 3 * rank for rank, (box, _) in enumerate(choices)]
        box, align = choices[costs.index(min(costs))]
        taken += [box, box]
        x = {"left": box.left, "right": box.right, "center": (box.left + box.right) / 2}[align]
        placed.append(
            {
                "x": plane.across.at(x, plane.width),
                "y": plane.up.at(plane.height - (box.top + box.bottom) / 2, plane.height),
                "text": text,
                "align": align,
            }
        )
    return placed


def _candidate(place: tuple[float, float], text: str, direction: tuple[int, int], reach: int) -> tuple[Box, str]:
    x, y = place[0] + direction[0] * reach, place[1] + direction[1] * reach
    width, half = width_of(text), theme.SIZE * 0.62
    align = {1: "left", -1: "right", 0: "center"}[direction[0]]
    left = {"left": x, "right": x - width, "center": x - width / 2}[align]
    return Box(left, y - half, left + width, y + half), align


def _cost(box: Box, taken: Sequence[Box], plane: Plane) -> float:
    outside = max(0.0, -box.left, box.right - plane.width - MARGINS.right) + max(0.0, -box.top, box.bottom - plane.height)
    return sum(box.overlap(other) for other in taken) + 400 * outside


def _obstacles(dot: Dot, plane: Plane) -> list[Box]:
    x, y = plane.pixel(dot)
    across = [plane.across.pixel(value, plane.width) for value in (dot.across.low, dot.across.high)]
    up = [plane.height - plane.up.pixel(value, plane.height) for value in (dot.up.high, dot.up.low)]
    dot_box = Box(x - 7, y - 7, x + 7, y + 7)
    return [dot_box, dot_box, Box(across[0], y - 1, across[1], y + 1), Box(x - 1, up[0], x + 1, up[1])]


def _paths(dots: Sequence[Dot], plane: Plane) -> list[Box]:
    """Return small boxes along each arrow."""
    boxes: list[Box] = []
    for earlier, later in zip(dots, dots[1:], strict=False):
        if earlier.family is None or earlier.family != later.family:
            continue
        (x0, y0), (x1, y1) = plane.pixel(earlier), plane.pixel(later)
        for step in range(1, 20):
            x, y = x0 + (x1 - x0) * step / 20, y0 + (y1 - y0) * step / 20
            boxes.append(Box(x - 3, y - 3, x + 3, y + 3))
    return boxes

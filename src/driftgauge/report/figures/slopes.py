"""Slopes: how a share went from generation to generation, one panel a family, one line a modality."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.panel import Margins, Panel, draw, inline
from driftgauge.report.figures.scales import Axis, axis, pixels, shares, spread
from driftgauge.report.names import wrapped
from driftgauge.report.numbers import percent
from driftgauge.report.select import Estimate

MARGINS = Margins(left=40, right=104, top=10, bottom=58)
PLOT = 196
WIDE = 576
HEIGHT = 190
NARROW_GENERATIONS = 4
"""With more generations than this the names need a panel over the whole width."""


@dataclass(frozen=True)
class Line:
    """One modality of one family: an estimate per generation, null where there is none."""

    label: str
    modality: str
    points: tuple[Estimate | None, ...]


@dataclass(frozen=True)
class Family:
    """What one panel shows."""

    releases: tuple[str, ...]
    lines: tuple[Line, ...]
    series: int
    title: str
    description: str

    @property
    def wide(self) -> bool:
        """Whether the panel takes the whole width."""
        return len(self.releases) > NARROW_GENERATIONS


def slopes(families: Sequence[Family], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a family, all on the same scale from 0."""
    values = [point.high for family in families for line in family.lines for point in line.points if point is not None and point.known]
    if not values:
        return ()
    scale = axis(values)
    return draw([_panel(family, scale) for family in families], MARGINS, prefix=prefix)


def _panel(family: Family, scale: Axis) -> Panel:
    width = WIDE if family.wide else PLOT
    rows = [row for line in family.lines for row in _rows(line, family, width)]
    chart = alt.layer(
        *_marks(rows, family, scale, width),
        _texts(_names(family, width), width, scale, align="center"),
        _texts(_labels(family, scale, width), width, scale, align="left"),
        width=width,
        height=HEIGHT,
    )
    return Panel(chart, width, HEIGHT, family.title, family.description)


def _place(index: int, family: Family, width: int) -> float:
    """Return the x of a generation: first and last stand in from the edges by half a step."""
    return width * (index + 0.5) / len(family.releases)


def _rows(line: Line, family: Family, width: int) -> list[dict[str, Any]]:
    dodge = 0 if len(family.lines) == 1 else -5 if line.modality == "text-only" else 5
    return [
        {
            "x": _place(index, family, width) + dodge,
            "y": point.value,
            "low": point.low,
            "high": point.high,
            "line": line.modality,
        }
        for index, point in enumerate(line.points)
        if point is not None and point.known
    ]


def _marks(rows: list[dict[str, Any]], family: Family, scale: Axis, width: int) -> list[alt.Chart]:
    x, y = alt.X(**pixels("x", width)), alt.Y(**shares("y", scale, orient="left"))
    low = alt.Y(**shares("low", scale, orient="left"))
    paint = theme.colour(family.series)
    marks: list[alt.Chart] = []
    for modality in dict.fromkeys(row["line"] for row in rows):
        base = inline([row for row in rows if row["line"] == modality])
        dash = theme.MODALITY_DASH.get(modality, [1, 0])
        marks += [
            base.mark_rule(color=paint, strokeWidth=1.5).encode(x=x, y=low, y2="high:Q"),
            base.mark_line(color=paint, strokeWidth=2.25, strokeDash=dash).encode(x=x, y=y),
            base.mark_point(
                shape=theme.MODALITY_SHAPE.get(modality, "diamond"),
                filled=True, fill=paint, stroke=theme.PAPER.light, strokeWidth=1.5, size=85, opacity=1,
            ).encode(x=x, y=y),
        ]  # fmt: skip
    return marks


def _names(family: Family, width: int) -> list[dict[str, Any]]:
    room = width / len(family.releases) + (MARGINS.right / 2 if len(family.releases) == 1 else 0)
    return [
        {"x": _place(index, family, width), "y": HEIGHT + 20, "text": wrapped(name, room - 6)}
        for index, name in enumerate(family.releases)
    ]


def _labels(family: Family, scale: Axis, width: int) -> list[dict[str, Any]]:
    """Return each line's name and last value, at its end, moved apart where they would touch."""
    ends = [
        (line, index, point)
        for line in family.lines
        for index, point in [(i, p) for i, p in enumerate(line.points) if p is not None and p.known][-1:]
    ]
    wanted = [HEIGHT - scale.pixel(point.value, HEIGHT) for _, _, point in ends]
    placed = spread(wanted, apart=theme.LINE, low=4, high=HEIGHT - 4)
    return [
        {"x": _place(index, family, width) + 14, "y": y, "text": [f"{line.label} {percent(point.value)}"]}
        for (line, index, point), y in zip(ends, placed, strict=True)
    ]


def _texts(rows: list[dict[str, Any]], width: int, scale: Axis, *, align: str) -> alt.Chart:
    placed = [{**row, "y": scale.at(HEIGHT - row["y"], HEIGHT)} for row in rows]
    marks = inline(placed).mark_text(align=align, baseline="middle", lineHeight=theme.LINE)
    return marks.encode(x=alt.X(**pixels("x", width)), y=alt.Y(**shares("y", scale, orient="left")), text="text:N")

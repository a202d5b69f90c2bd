"""Slopes: how a share went from generation to generation, one panel a family, one line a modality."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
from markupsafe import Markup

from driftgauge.report import words
from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, SHAPE, STROKE, TIP, data, from_left, layered, text, up
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis, spread
from driftgauge.report.names import cut, wrapped
from driftgauge.report.numbers import percent
from driftgauge.report.select import Estimate

HEIGHT = 180
NARROW, WIDE = Frame(200, left=40, right=100, top=10, bottom=58), Frame(570, left=40, right=100, top=10, bottom=58)
ROOM = 45
"""Pixels that a first value needs between the axis and its point."""
NARROW_GENERATIONS = 4
"""With more generations than this the names need a panel over the whole width."""


@dataclass(frozen=True)
class Line:
    """One modality of one family: an estimate per generation, null where there is none."""

    label: str
    modality: str | None
    points: tuple[Estimate | None, ...]

    @property
    def known(self) -> list[tuple[int, Estimate]]:
        """The generations that have an estimate, with their place."""
        return [(place, point) for place, point in enumerate(self.points) if point is not None and point.known]


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

    def across(self, place: int) -> float:
        """Return the x of a generation: first and last stand in from the edges by half a step, for their names."""
        return (WIDE if self.wide else NARROW).width * (place + 0.5) / len(self.releases)


def slopes(families: Sequence[Family], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a family, all on the same scale from 0."""
    values = [point.high for family in families for line in family.lines for _, point in line.known]
    if not values:
        return ()
    scale = axis(values)
    narrow, wide = ([family for family in families if family.wide == wanted] for wanted in (False, True))
    drawn = [
        *zip(narrow, draw(_chart(scale, NARROW), [_panel(f, scale) for f in narrow], NARROW, prefix=prefix), strict=True),
        *zip(wide, draw(_chart(scale, WIDE), [_panel(f, scale) for f in wide], WIDE, prefix=f"{prefix}-wide"), strict=True),
    ]
    return tuple(svg for family in families for other, svg in drawn if other is family)


def _chart(scale: Axis, frame: Frame) -> alt.LayerChart:
    x, y = from_left(), up("y", scale)
    lines = [
        data(modality).mark_line(strokeWidth=2.25, strokeDash=theme.DASHES[modality]).encode(x=x, y=y, stroke=STROKE)
        for modality in theme.DASHES
    ]
    intervals = data("points").mark_rule(strokeWidth=1.5).encode(x=x, y=up("low", scale), y2="high:Q", stroke=STROKE)
    points = data("points").mark_point(filled=True, stroke=theme.PAPER.light, strokeWidth=1.5, size=85, opacity=1, aria=True)
    return layered(
        intervals,
        *lines,
        points.encode(x=x, y=y, shape=SHAPE, fill=FILL, description=TIP),
        *text("names", align="center"),
        *text("starts", align="right"),
        *text("ends", align="left"),
        width=frame.width,
    )


def _panel(family: Family, scale: Axis) -> Panel:
    by_line = {line.modality: _points(line, family) for line in family.lines}
    rows = {
        **{modality: by_line.get(modality, []) for modality in theme.DASHES},
        "points": [row for rows in by_line.values() for row in rows],
        "names": _names(family),
        "starts": _starts(family, scale),
        "ends": _ends(family, scale),
    }
    # Lines of studies that do not tell modalities apart are solid.
    rows["text-only"] = [*rows["text-only"], *by_line.get(None, [])]
    return Panel(rows, HEIGHT, family.title, family.description)


def _points(line: Line, family: Family) -> list[dict[str, Any]]:
    dodge = 0 if len(family.lines) == 1 else -5 if line.modality == "text-only" else 5
    return [
        {
            "x": family.across(place) + dodge, "y": point.value, "low": point.low, "high": point.high,
            "paint": theme.colour(family.series), "shape": theme.MARKERS.get(line.modality, "circle"),
            "tip": f"{cut(family.releases[place], 44)} {line.label}: {words.with_limits(point)}",
        }
        for place, point in line.known
    ]  # fmt: skip


def _names(family: Family) -> list[dict[str, Any]]:
    step = family.across(1) - family.across(0)
    return [
        {"x": family.across(place), "y": HEIGHT + 20, "text": wrapped(name, step - 6)}
        for place, name in enumerate(family.releases)
    ]


def _starts(family: Family, scale: Axis) -> list[dict[str, Any]]:
    """Return each line's first value, at its beginning, where there is room between it and the axis."""
    if family.across(0) < ROOM:
        return []
    firsts = [line.known[0] for line in family.lines if len(line.known) > 1 and line.known[0][0] == 0]
    return _beside([(place, percent(point.value), point) for place, point in firsts], family, scale, away=-14)


def _ends(family: Family, scale: Axis) -> list[dict[str, Any]]:
    """Return each line's name and last value, at its end."""
    lasts = [(line.label, *line.known[-1]) for line in family.lines if line.known]
    return _beside(
        [(place, f"{name} {percent(point.value)}".strip(), point) for name, place, point in lasts], family, scale, away=14
    )


def _beside(labels: Sequence[tuple[int, str, Estimate]], family: Family, scale: Axis, *, away: int) -> list[dict[str, Any]]:
    """Return labels beside their points, moved apart where they would touch."""
    wanted = [HEIGHT - scale.pixel(point.value, HEIGHT) for _, _, point in labels]
    placed = spread(wanted, apart=theme.LINE, low=4, high=HEIGHT - 4)
    return [
        {"x": family.across(place) + away, "y": y, "text": text} for (place, text, _), y in zip(labels, placed, strict=True)
    ]

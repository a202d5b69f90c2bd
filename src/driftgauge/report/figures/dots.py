"""Dot plots: a row a name, a dot with its interval, on a scale with or without 0 in it; the words at the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import across, data, from_top, layered, text
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import axis
from driftgauge.report.names import cut
from driftgauge.report.select import Estimate

ROW, WORDS = 22, 132
"""Height of a row, and the room for the words at its right."""


@dataclass(frozen=True)
class Dot:
    """One name with its estimate and how it is written."""

    name: str
    estimate: Estimate
    text: str


@dataclass(frozen=True)
class Group:
    """The dots of one panel."""

    dots: tuple[Dot, ...]
    title: str
    description: str


def dots(
    groups: Sequence[Group], *, prefix: str, title: str, signed: bool = False, plain: bool = False, names: int = 96
) -> tuple[Markup, ...]:
    """Return one panel a group, all on one scale that holds 0; `names` is the room for them in pixels."""
    every = [dot.estimate for group in groups for dot in group.dots]
    if not every:
        return ()
    frame = Frame(340 - names - WORDS, left=names, right=WORDS, top=2, bottom=40)
    scale = axis([limit for row in every for limit in (row.low, row.high)], most=4)
    x, low = (across(name, scale, signed=signed, plain=plain, title=title) for name in ("x", "low"))
    y = from_top()
    points = data("points").mark_point(filled=True, fill=theme.INK.light, size=40, opacity=1)
    chart = layered(
        data("zero").mark_rule(color=theme.RULE.light, strokeWidth=1).encode(x=x, y=y, y2="y2:Q"),
        data("points").mark_rule(color=theme.INK.light, strokeWidth=1.5).encode(x=low, x2="high:Q", y=y),
        points.encode(x=x, y=y),
        *text("names", align="right"),
        *text("words", align="left", color=theme.MUTED.light),
        width=frame.width,
    )
    return draw(chart, [_panel(group, frame.width, names) for group in groups], frame, prefix=prefix)


def _panel(group: Group, width: int, names: int) -> Panel:
    placed = [((number + 0.5) * ROW, dot) for number, dot in enumerate(group.dots)]
    rows: dict[str, list[dict[str, Any]]] = {
        "zero": [{"x": 0.0, "y": 0, "y2": ROW * len(placed)}],
        "points": [{"x": d.estimate.value, "low": d.estimate.low, "high": d.estimate.high, "y": y} for y, d in placed],
        "names": [{"x": -10, "y": y, "text": cut(dot.name, names // 6)} for y, dot in placed],
        "words": [{"x": width + 10, "y": y, "text": dot.text} for y, dot in placed],
    }
    return Panel(rows, ROW * len(placed), group.title, group.description)

"""Bias: a row a release, a diamond with its interval around 0; right of 0 the judge says yes more often than people."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import across, data, from_top, layered, text
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis
from driftgauge.report.names import cut
from driftgauge.report.select import Estimate

FRAME = Frame(312, left=14, right=14, top=2, bottom=40)
ROW, NAME, MARK = 40, 12, 27
"""Height of a row, and where in it the name stands and the mark."""


@dataclass(frozen=True)
class Row:
    """One release, its bias and how it is written."""

    name: str
    bias: Estimate
    text: str


@dataclass(frozen=True)
class Group:
    """The rows of one panel: those of a judge."""

    rows: tuple[Row, ...]
    title: str
    description: str


def biases(groups: Sequence[Group], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a group, all on one scale of points that holds 0."""
    limits = [limit for group in groups for row in group.rows for limit in (row.bias.low, row.bias.high)]
    return draw(_chart(axis(limits)), [_panel(group) for group in groups], FRAME, prefix=prefix)


def _chart(scale: Axis) -> alt.LayerChart:
    def x(name: str) -> alt.X:
        return across(name, scale, signed=True, title="judge minus people, points")

    y = from_top()
    points = data("points").mark_point(shape="diamond", filled=True, fill=theme.INK.light, size=80, opacity=1)
    return layered(
        data("zero").mark_rule(color=theme.RULE.light, strokeWidth=1).encode(x=x("x"), y=y, y2="y2:Q"),
        data("points").mark_rule(color=theme.INK.light, strokeWidth=1.5).encode(x=x("low"), x2="high:Q", y=y),
        points.encode(x=x("x"), y=y),
        *text("names", align="left", weight=600),
        *text("words", align="right", color=theme.MUTED.light),
        width=FRAME.width,
    )


def _panel(group: Group) -> Panel:
    placed = [(number * ROW, row) for number, row in enumerate(group.rows)]
    rows = {
        "zero": [{"x": 0.0, "y": 0, "y2": ROW * len(placed)}],
        "points": [{"x": row.bias.value, "low": row.bias.low, "high": row.bias.high, "y": top + MARK} for top, row in placed],
        "names": [{"x": 0, "y": top + NAME, "text": cut(row.name, 26)} for top, row in placed],
        "words": [{"x": FRAME.width, "y": top + NAME, "text": row.text} for top, row in placed],
    }
    return Panel(rows, ROW * len(placed), group.title, group.description)

"""Levels: a row a release, a marker with its interval per modality, and at the right the paired difference around 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from driftgauge.report import words
from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, SHAPE, STROKE, TIP, across, data, from_top, layered, text
from driftgauge.report.figures.panel import Chart, Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis
from driftgauge.report.names import cut
from driftgauge.report.select import Estimate

FRAME = Frame(312, left=14, right=14, top=2, bottom=40)
LEVELS_WIDTH, GAP, DIFFERENCE_WIDTH = 168, 34, 110
ROW, NAME, MARK = 46, 12, 31
"""Height of a row, and where in it the name stands and the marks."""
BEFORE, AFTER = "before", "after"
"""What stands for the two releases where a row is not a release but a quantity of two."""
_OFFSET: Final = {"text-only": -5, "multimodal": 5, BEFORE: -5, AFTER: 5}
_MARKERS: Final = theme.MARKERS | {BEFORE: "circle", AFTER: "square"}


@dataclass(frozen=True)
class Row:
    """One release: its levels by modality (or a quantity, by release), and where it applies their difference with its text."""

    name: str
    series: int
    levels: dict[str | None, Estimate]
    difference: Estimate | None = None
    difference_text: str = ""

    @property
    def known(self) -> dict[str | None, Estimate]:
        """The levels that have a value."""
        return {modality: level for modality, level in self.levels.items() if level.known}


@dataclass(frozen=True)
class Group:
    """The rows of one panel."""

    rows: tuple[Row, ...]
    title: str
    description: str


def levels(groups: Sequence[Group], *, prefix: str, title: str, differences: bool) -> tuple[Markup, ...]:
    """Return one panel a group, on shared scales; `title` names the axis of the levels."""
    highest = [level.high for group in groups for row in group.rows for level in row.known.values()]
    if not highest:
        return ()
    limits = [
        limit
        for group in groups
        for row in group.rows
        if row.difference is not None and row.difference.known
        for limit in (row.difference.low, row.difference.high)
    ]
    chart: Chart = _levels(axis(highest, most=4 if differences else 6), title, LEVELS_WIDTH if differences else FRAME.width)
    if differences:
        chart = alt.hconcat(chart, _differences(axis(limits, most=3)), spacing=GAP, bounds="flush")
    return draw(chart, [_panel(group) for group in groups], FRAME, prefix=prefix)


def _levels(scale: Axis, title: str, width: int) -> alt.LayerChart:
    def x(name: str) -> alt.X:
        return across(name, scale, title=title)

    y = from_top()
    points = data("points").mark_point(filled=True, stroke=theme.PAPER.light, strokeWidth=1.5, size=80, opacity=1, aria=True)
    return layered(
        data("joins").mark_rule(color=theme.RULE.light, strokeWidth=1).encode(x=x("x"), x2="x2:Q", y=y, y2="y2:Q"),
        data("points").mark_rule(strokeWidth=1.5).encode(x=x("low"), x2="high:Q", y=y, stroke=STROKE),
        points.encode(x=x("x"), y=y, shape=SHAPE, fill=FILL, description=TIP),
        *text("names", align="left", weight=600),
        width=width,
    )


def _differences(scale: Axis) -> alt.LayerChart:
    def x(name: str) -> alt.X:
        return across(name, scale, signed=True, title="difference, points")

    y = from_top()
    zero = data("zero").mark_rule(color=theme.RULE.light, strokeWidth=1)
    return layered(
        zero.encode(x=x("x"), y=y, y2="y2:Q"),
        data("differences").mark_rule(color=theme.INK.light, strokeWidth=1.5).encode(x=x("low"), x2="high:Q", y=y),
        data("differences")
        .mark_point(shape="diamond", filled=True, fill=theme.INK.light, size=75, opacity=1)
        .encode(x=x("x"), y=y),
        *text("words", align="left", color=theme.MUTED.light),
        width=DIFFERENCE_WIDTH,
    )


def _panel(group: Group) -> Panel:
    height = ROW * len(group.rows)
    placed = [(number * ROW, row) for number, row in enumerate(group.rows)]
    changed = [(top, row, row.difference) for top, row in placed if row.difference is not None and row.difference.known]
    rows = {
        "names": [{"x": 0, "y": top + NAME, "text": cut(row.name, 26 if row.difference else 44)} for top, row in placed],
        "points": [point for top, row in placed for point in _points(row, top)],
        "joins": [join for top, row in placed for join in _joins(row, top)],
        "zero": [{"x": 0.0, "y": 0, "y2": height}],
        "differences": [{"x": d.value, "low": d.low, "high": d.high, "y": top + MARK} for top, _, d in changed],
        "words": [{"x": 0, "y": top + NAME, "text": row.difference_text} for top, row, _ in changed],
    }
    return Panel(rows, height, group.title, group.description)


def _points(row: Row, top: int) -> list[dict[str, Any]]:
    return [
        {
            "tip": f"{cut(row.name, 44)} {modality or ''}: {words.with_limits(level)}",
            "x": level.value, "low": level.low, "high": level.high, "y": top + MARK + _OFFSET.get(modality or "", 0),
            "paint": theme.colour(row.series), "shape": _MARKERS.get(modality, "circle"),
        }
        for modality, level in row.known.items()
    ]  # fmt: skip


def _joins(row: Row, top: int) -> list[dict[str, Any]]:
    points = _points(row, top)
    return [{"x": a["x"], "x2": b["x"], "y": a["y"], "y2": b["y"]} for a, b in pairwise(points)]

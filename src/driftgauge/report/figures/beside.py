"""The primary change beside the mixed model's: two intervals a pair of releases on one scale of points, joined, with words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, SHAPE, STROKE, across, data, from_top, layered, text
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis
from driftgauge.report.names import cut, isolated
from driftgauge.report.select import Estimate

FRAME = Frame(146, left=82, right=112, top=2, bottom=40)
HEADER, ROW, LINE, SPACE = 24, 22, 17, 18


@dataclass(frozen=True)
class Side:
    """One interval with its words."""

    label: str
    estimate: Estimate
    text: str
    of_model: bool = False


@dataclass(frozen=True)
class Block:
    """A pair of releases: the sides that have a value, and beneath them in words what they come to."""

    earlier: str
    later: str
    sides: tuple[Side, ...]
    said: tuple[str, ...]

    @property
    def height(self) -> int:
        """Pixels that it takes."""
        return HEADER + ROW * len(self.sides) + LINE * len(self.said) + SPACE


@dataclass(frozen=True)
class Group:
    """The blocks of one panel."""

    blocks: tuple[Block, ...]
    series: int
    title: str
    description: str


def beside(groups: Sequence[Group], *, prefix: str, title: str) -> tuple[Markup, ...]:
    """Return one panel a group, all on one scale of points."""
    estimates = [side.estimate for group in groups for block in group.blocks for side in block.sides]
    if not estimates:
        return ()
    scale = axis([limit for estimate in estimates for limit in (estimate.low, estimate.high)], most=4)
    return draw(_chart(scale, title), [_panel(group) for group in groups], FRAME, prefix=prefix)


def _chart(scale: Axis, title: str) -> alt.LayerChart:
    def x(name: str) -> alt.X:
        return across(name, scale, signed=True, title=title)

    y = from_top()
    points = data("points").mark_point(filled=True, stroke=theme.PAPER.light, strokeWidth=1, size=70, opacity=1)
    return layered(
        data("zero").mark_rule(color=theme.RULE.light, strokeWidth=1).encode(x=x("x"), y=y, y2="y2:Q"),
        data("joins").mark_rule(color=theme.RULE.light, strokeWidth=1).encode(x=x("x"), x2="x2:Q", y=y, y2="y2:Q"),
        data("points").mark_rule(strokeWidth=1.5).encode(x=x("low"), x2="high:Q", y=y, stroke=STROKE),
        points.encode(x=x("x"), y=y, fill=FILL, shape=SHAPE),
        *text("headers", align="left", weight=600),
        *text("words", align="left"),
        *text("said", align="left", color=theme.MUTED.light),
        width=FRAME.width,
    )


def _panel(group: Group) -> Panel:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("zero", "joins", "points", "headers", "words", "said")}
    top = 0
    for block in group.blocks:
        names = f"{isolated(cut(block.earlier, 22))} → {isolated(cut(block.later, 22))}"
        rows["headers"].append({"x": 2 - FRAME.left, "y": top + 10, "text": names})
        points = [_point(side, top + HEADER + ROW * (place + 0.5), group) for place, side in enumerate(block.sides)]
        rows["zero"].append({"x": 0.0, "y": top + HEADER - 4, "y2": top + HEADER + ROW * len(points)})
        rows["points"] += points
        rows["joins"] += [{"x": a["x"], "x2": b["x"], "y": a["y"], "y2": b["y"]} for a, b in pairwise(points)]
        for side, point in zip(block.sides, points, strict=True):
            rows["words"].append({"x": 2 - FRAME.left, "y": point["y"], "text": side.label})
            rows["words"].append({"x": FRAME.width + 12, "y": point["y"], "text": side.text})
        below = top + HEADER + ROW * len(block.sides) + LINE / 2
        rows["said"] += [{"x": 2 - FRAME.left, "y": below + LINE * n, "text": line} for n, line in enumerate(block.said)]
        top += block.height
    return Panel(rows, top, group.title, group.description)


def _point(side: Side, y: float, group: Group) -> dict[str, Any]:
    """Return a mark: the model's in ink and another shape, so that the two are told apart without colour."""
    estimate = side.estimate
    return {
        "x": estimate.value, "low": estimate.low, "high": estimate.high, "y": y,
        "paint": theme.INK.light if side.of_model else theme.colour(group.series),
        "shape": "diamond" if side.of_model else "circle",
    }  # fmt: skip

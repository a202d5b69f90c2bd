"""Parts of a change: diverging bars around 0, one block a pair of releases, with the whole change beneath its parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, across, data, from_top, layered, text
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis
from driftgauge.report.names import cut, isolated
from driftgauge.report.select import Estimate

FRAME = Frame(134, left=82, right=124, top=2, bottom=40)
HEADER, ROW, BAR, SPACE = 24, 22, 12, 14


@dataclass(frozen=True)
class Part:
    """One bar (or, for the whole, one diamond) with its words."""

    label: str
    estimate: Estimate
    text: str
    whole: bool = False


@dataclass(frozen=True)
class Block:
    """The change between two releases, part by part, the whole last."""

    earlier: str
    later: str
    parts: tuple[Part, ...]

    @property
    def height(self) -> int:
        """Pixels that it takes."""
        return HEADER + ROW * len(self.parts) + SPACE


@dataclass(frozen=True)
class Group:
    """The blocks of one panel."""

    blocks: tuple[Block, ...]
    series: int
    title: str
    description: str


def parts(groups: Sequence[Group], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a group, all on one scale of points."""
    estimates = [part.estimate for group in groups for block in group.blocks for part in block.parts]
    scale = axis([limit for estimate in estimates for limit in (estimate.low, estimate.high)], most=4)
    return draw(_chart(scale), [_panel(group) for group in groups], FRAME, prefix=prefix)


def _chart(scale: Axis) -> alt.LayerChart:
    def x(name: str) -> alt.X:
        return across(name, scale, signed=True, title="points of attack success; left is safer")

    y = from_top()
    bars = data("bars").mark_rect(fillOpacity=0.55)
    return layered(
        bars.encode(x=x("zero"), x2="value:Q", y=from_top("top"), y2="bottom:Q", fill=FILL),
        data("zero").mark_rule(color=theme.RULE.light, strokeWidth=1).encode(x=x("x"), y=y, y2="y2:Q"),
        data("intervals").mark_rule(color=theme.INK.light, strokeWidth=1.5).encode(x=x("low"), x2="high:Q", y=y),
        data("wholes")
        .mark_point(shape="diamond", filled=True, fill=theme.INK.light, size=80, opacity=1)
        .encode(x=x("value"), y=y),
        *text("headers", align="left", weight=600),
        *text("words", align="left"),
        width=FRAME.width,
    )


def _panel(group: Group) -> Panel:
    height = sum(block.height for block in group.blocks)
    rows: list[dict[str, Any]] = []
    headers: list[dict[str, Any]] = []
    top = 0
    for block in group.blocks:
        headers.append(
            {
                "x": 2 - FRAME.left,
                "y": top + 10,
                "text": f"{isolated(cut(block.earlier, 22))} → {isolated(cut(block.later, 22))}",
            }
        )
        rows += [_row(part, top + HEADER + ROW * (number + 0.5), group) for number, part in enumerate(block.parts)]
        top += block.height
    words = [{"x": 2 - FRAME.left, "y": row["y"], "text": row["label"]} for row in rows]
    words += [{"x": FRAME.width + 12, "y": row["y"], "text": row["text"]} for row in rows]
    layers = {
        "bars": [row for row in rows if not row["whole"]],
        "wholes": [row for row in rows if row["whole"]],
        "zero": [{"x": 0.0, "y": HEADER - 4, "y2": height - SPACE}],
        "intervals": rows,
        "headers": headers,
        "words": words,
    }
    return Panel(layers, height, group.title, group.description)


def _row(part: Part, y: float, group: Group) -> dict[str, Any]:
    estimate = part.estimate
    return {
        "zero": 0.0, "value": estimate.value, "low": estimate.low, "high": estimate.high,
        "y": y, "top": y - BAR / 2, "bottom": y + BAR / 2, "paint": theme.colour(group.series),
        "label": part.label, "text": part.text, "whole": part.whole,
    }  # fmt: skip

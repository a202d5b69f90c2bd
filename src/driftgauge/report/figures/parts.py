"""Parts of a change: diverging bars around 0, one block a pair of releases, with the whole change beneath its parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.panel import Margins, Panel, draw, inline
from driftgauge.report.figures.scales import Axis, axis, pixels, shares
from driftgauge.report.names import cut
from driftgauge.report.select import Estimate

MARGINS = Margins(left=86, right=112, top=2, bottom=26)
WIDTH = 142
HEADER, ROW, BAR, SPACE = 22, 22, 12, 14


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
    limits = [
        limit
        for group in groups
        for block in group.blocks
        for part in block.parts
        for limit in (part.estimate.low, part.estimate.high)
    ]
    scale = axis(limits, most=4)
    return draw([_panel(group, scale) for group in groups], MARGINS, prefix=prefix)


def _panel(group: Group, scale: Axis) -> Panel:
    height = sum(block.height for block in group.blocks)
    rows, headers = _rows(group)
    chart = alt.layer(
        *_bars(rows, group, (scale, height)), *_words(rows, headers, (scale, height)), width=WIDTH, height=height
    )
    return Panel(chart, WIDTH, height, group.title, group.description)


def _rows(group: Group) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the bars and the headers with their places."""
    rows: list[dict[str, Any]] = []
    headers: list[dict[str, Any]] = []
    top = 0
    for block in group.blocks:
        headers.append({"y": top + 10, "text": f"{cut(block.earlier, 22)} → {cut(block.later, 22)}"})
        for number, part in enumerate(block.parts):
            y = top + HEADER + ROW * number + ROW / 2
            rows.append(
                {
                    "zero": 0.0, "value": part.estimate.value, "low": part.estimate.low, "high": part.estimate.high,
                    "y": y, "top": y - BAR / 2, "bottom": y + BAR / 2, "label": part.label, "text": part.text, "whole": part.whole,
                }
            )  # fmt: skip
        top += block.height
    return rows, headers


def _bars(rows: list[dict[str, Any]], group: Group, frame: tuple[Axis, int]) -> list[alt.Chart]:
    scale, height = frame

    def x(name: str) -> alt.X:
        return alt.X(**shares(name, scale, orient="bottom", signed=True))

    def y(name: str) -> alt.Y:
        return alt.Y(**pixels(name, height, down=True))

    bars = inline([row for row in rows if not row["whole"]])
    wholes = inline([row for row in rows if row["whole"]])
    zero = inline([{"zero": 0.0, "top": 0, "bottom": height - SPACE}])
    return [
        bars.mark_rect(fill=theme.colour(group.series), fillOpacity=0.55).encode(x=x("zero"), x2="value:Q", y=y("top"), y2="bottom:Q"),
        zero.mark_rule(color=theme.RULE.light, strokeWidth=1).encode(x=x("zero"), y=y("top"), y2="bottom:Q"),
        inline(rows).mark_rule(color=theme.INK.light, strokeWidth=1.5).encode(x=x("low"), x2="high:Q", y=y("y")),
        wholes.mark_point(shape="diamond", filled=True, fill=theme.INK.light, size=80, opacity=1).encode(x=x("value"), y=y("y")),
    ]


def _words(rows: list[dict[str, Any]], headers: list[dict[str, Any]], frame: tuple[Axis, int]) -> list[alt.Chart]:
    scale, height = frame
    left, right = scale.at(-MARGINS.left + 2, WIDTH), scale.at(WIDTH + 12, WIDTH)
    x, y = alt.X(**shares("x", scale, orient="bottom", signed=True)), alt.Y(**pixels("y", height, down=True))

    def column(words: list[dict[str, Any]], weight: int) -> alt.Chart:
        return inline(words).mark_text(align="left", baseline="middle", fontWeight=weight).encode(x=x, y=y, text="text:N")

    return [
        column([{"x": left, **header} for header in headers], 600),
        column([{"x": left, "y": row["y"], "text": row["label"]} for row in rows], 400),
        column([{"x": right, "y": row["y"], "text": row["text"]} for row in rows], 400),
    ]

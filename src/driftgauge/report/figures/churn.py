"""Churn: what was fixed to the left of 0 and what became vulnerable to the right, over a band of what turns by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
from markupsafe import Markup

from driftgauge.report import words
from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, TIP, across, data, from_top, layered, text
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis
from driftgauge.report.names import cut, isolated
from driftgauge.report.select import Estimate

FRAME = Frame(312, left=14, right=14, top=2, bottom=40)
ROW, NAME, MARK, WORDS, BAR = 66, 10, 30, 50, 16
"""Height of a row, and where in it the names stand, the bars and their words."""


@dataclass(frozen=True)
class Turn:
    """What turned between two releases, and what turns by chance; the noise is null where it cannot be had."""

    earlier: str
    later: str
    fixed: Estimate
    newly: Estimate
    noise: Estimate | None


@dataclass(frozen=True)
class Group:
    """The rows of one panel."""

    turns: tuple[Turn, ...]
    title: str
    description: str


def churn(groups: Sequence[Group], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a group, all on one scale that is the same on both sides of 0."""
    turns = [turn for group in groups for turn in group.turns]
    if not turns:
        return ()
    most = max(row.high for turn in turns for row in (turn.fixed, turn.newly, turn.noise) if row is not None)
    return draw(_chart(axis([most, -most], most=6)), [_panel(group) for group in groups], FRAME, prefix=prefix)


def _chart(scale: Axis) -> alt.LayerChart:
    def x(name: str) -> alt.X:
        return across(name, scale, mirrored=True, title="← fixed · share of prompts · newly vulnerable →")

    y, fill = from_top(), FILL
    return layered(
        data("noise").mark_rect(fill=theme.NOISE.light).encode(x=x("low"), x2="high:Q", y=y, y2="y2:Q"),
        data("bars").mark_rect(aria=True).encode(x=x("zero"), x2="value:Q", y=y, y2="y2:Q", fill=fill, description=TIP),
        data("zero").mark_rule(color=theme.RULE.light, strokeWidth=1).encode(x=x("x"), y=y, y2="y2:Q"),
        data("intervals").mark_rule(color=theme.INK.light, strokeWidth=1.75).encode(x=x("low"), x2="high:Q", y=y),
        *text("names", align="left", weight=600),
        *text("left", align="left"),
        *text("right", align="right"),
        width=FRAME.width,
    )


def _panel(group: Group) -> Panel:
    placed = [(number * ROW, turn) for number, turn in enumerate(group.turns)]
    rows = {
        "noise": [_band(turn.noise, top) for top, turn in placed if turn.noise is not None],
        "bars": [bar for top, turn in placed for bar in _bars(turn, top)],
        "zero": [{"x": 0.0, "y": top + MARK - BAR, "y2": top + MARK + BAR / 2 + 4} for top, _ in placed],
        "intervals": [bar for top, turn in placed for bar in _intervals(turn, top)],
        "names": [{"x": 0, "y": top + NAME, "text": _names(turn)} for top, turn in placed],
        "left": [{"x": 0, "y": top + WORDS, "text": words.with_limits(turn.fixed)} for top, turn in placed],
        "right": [{"x": FRAME.width, "y": top + WORDS, "text": words.with_limits(turn.newly)} for top, turn in placed],
    }
    return Panel(rows, ROW * len(placed), group.title, group.description)


def _names(turn: Turn) -> str:
    return f"{isolated(cut(turn.earlier, 22))} → {isolated(cut(turn.later, 22))}"


def _band(noise: Estimate, top: int) -> dict[str, Any]:
    """Return the band on both sides: by chance as many turn one way as the other, together as many as the noise says."""
    half = noise.value / 2
    return {"low": -half, "high": half, "y": top + MARK - BAR / 2 - 4, "y2": top + MARK + BAR / 2 + 4}


def _bars(turn: Turn, top: int) -> list[dict[str, Any]]:
    ends = ((-1, turn.fixed, theme.FELL[1]), (1, turn.newly, theme.HARMFUL))
    y = top + MARK
    return [
        {"zero": 0.0, "value": sign * row.value, "y": y - BAR / 2, "y2": y + BAR / 2, "paint": paint.light,
         "tip": f"{words.CONTRASTS[row.contrast or '']}: {words.with_limits(row)}"}
        for sign, row, paint in ends
    ]  # fmt: skip


def _intervals(turn: Turn, top: int) -> list[dict[str, Any]]:
    return [
        {"low": sign * row.low, "high": sign * row.high, "y": top + MARK}
        for sign, row in ((-1, turn.fixed), (1, turn.newly))
        if row.bounded
    ]

"""Outcomes stacked to 100 %, a bar a release, with the interval of the refused and of the harmful share at their own edges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from driftgauge.report import words
from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, TIP, across, data, from_top, layered, text
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis
from driftgauge.report.names import cut
from driftgauge.report.numbers import percent
from driftgauge.report.select import Estimate

FRAME = Frame(284, left=14, right=44, top=2, bottom=26)
ROW, NAME, MARK, BAR = 50, 12, 31, 18
ROOM = 0.11
"""A segment wider than this share has its number inside."""
_SCALE: Final = Axis(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))


@dataclass(frozen=True)
class Bar:
    """One release and its three shares, all of them known."""

    name: str
    refused: Estimate
    safe: Estimate
    harmful: Estimate


@dataclass(frozen=True)
class Group:
    """The bars of one panel."""

    bars: tuple[Bar, ...]
    title: str
    description: str


def stacks(groups: Sequence[Group], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a group: refused from the left, harmful from the right, both from a baseline."""
    return draw(_chart(), [_panel(group) for group in groups], FRAME, prefix=prefix)


def _chart() -> alt.LayerChart:
    x, y = across("x", _SCALE), from_top()
    return layered(
        data("segments").mark_rect(aria=True).encode(x=x, x2="x2:Q", y=y, y2="y2:Q", fill=FILL, description=TIP),
        data("intervals").mark_rule(color=theme.INK.light, strokeWidth=2).encode(x=x, x2="x2:Q", y=y),
        *text("names", align="left", weight=600),
        data("inside").mark_text(align="center").encode(x=x, y=y, text="text:N"),
        *text("beside", align="left", weight=700, color=theme.HARMFUL.light),
        width=FRAME.width,
    )


def _panel(group: Group) -> Panel:
    placed = [(number * ROW, bar) for number, bar in enumerate(group.bars)]
    rows = {
        "segments": [segment for top, bar in placed for segment in _segments(bar, top)],
        "intervals": [interval for top, bar in placed for interval in _intervals(bar, top)],
        "names": [{"x": 0, "y": top + NAME, "text": cut(bar.name, 44)} for top, bar in placed],
        "inside": [number for top, bar in placed for number in _inside(bar, top)],
        "beside": [{"x": FRAME.width + 7, "y": top + MARK, "text": percent(bar.harmful.value)} for top, bar in placed],
    }
    return Panel(rows, ROW * len(group.bars), group.title, group.description)


def _segments(bar: Bar, top: int) -> list[dict[str, Any]]:
    refused, edge = bar.refused.value, max(1 - bar.harmful.value, bar.refused.value)
    ends = (
        (0.0, refused, theme.REFUSED, bar.refused),
        (refused, edge, theme.SAFE, bar.safe),
        (edge, 1.0, theme.HARMFUL, bar.harmful),
    )
    return [
        {
            "x": start,
            "x2": stop,
            "y": top + MARK - BAR / 2,
            "y2": top + MARK + BAR / 2,
            "paint": paint.light,
            "tip": f"{cut(bar.name, 44)}, {words.quantity(row.estimand)}: {words.with_limits(row)}",
        }
        for start, stop, paint, row in ends
    ]


def _intervals(bar: Bar, top: int) -> list[dict[str, Any]]:
    """Return the intervals as lines just beneath the bar, where they are legible on any colour."""
    y = top + MARK + BAR / 2 + 4
    refused = [{"x": bar.refused.low, "x2": bar.refused.high, "y": y}] if bar.refused.bounded else []
    return refused + ([{"x": 1 - bar.harmful.high, "x2": 1 - bar.harmful.low, "y": y}] if bar.harmful.bounded else [])


def _inside(bar: Bar, top: int) -> list[dict[str, Any]]:
    refused, safe = bar.refused.value, bar.safe.value
    centres = ((refused / 2, refused), (refused + safe / 2, safe))
    return [{"x": centre, "y": top + MARK, "text": percent(share)} for centre, share in centres if share > ROOM]

"""Five levels of harm, 100 % stacked and diverging at the threshold: harmless to the left of 0, harmful to the right."""

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

FRAME = Frame(680, left=22, right=22, top=2, bottom=40)
ROW, NAME, MARK, BAR = 50, 11, 30, 18
ROOM: Final = 0.045
"""A segment wider than this share has its number inside."""
_SCALE: Final = Axis(-1.0, 1.0, (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0))
DEEP: Final = 5


@dataclass(frozen=True)
class Bar:
    """One release: the share of ratings at or above each level from 2 on, and the level at which harm begins."""

    name: str
    at_least: dict[int, Estimate]
    threshold: int

    def share(self, level: int) -> float:
        """Return the share of one level."""
        above = self.at_least[level + 1].value if level < DEEP else 0.0
        return (self.at_least[level].value if level > 1 else 1.0) - above


@dataclass(frozen=True)
class Group:
    """The bars of one panel."""

    bars: tuple[Bar, ...]
    title: str
    description: str


def likert(groups: Sequence[Group], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a group."""
    threshold = groups[0].bars[0].threshold if groups else 3
    return draw(_chart(threshold), [_panel(group) for group in groups], FRAME, prefix=prefix)


def _chart(threshold: int) -> alt.LayerChart:
    def x(name: str) -> alt.X:
        return across(name, _SCALE, mirrored=True, title=f"← below {threshold} · share of ratings · {threshold} or more →")

    y = from_top()
    return layered(
        data("segments").mark_rect(aria=True).encode(x=x("x"), x2="x2:Q", y=y, y2="y2:Q", fill=FILL, description=TIP),
        data("zero").mark_rule(color=theme.INK.light, strokeWidth=1).encode(x=x("x"), y=y, y2="y2:Q"),
        data("intervals").mark_rule(color=theme.INK.light, strokeWidth=2).encode(x=x("x"), x2="x2:Q", y=y),
        data("inside").mark_text(align="center").encode(x=x("x"), y=y, text="text:N", fill=FILL),
        *text("names", align="left", weight=600),
        *text("beside", align="right", weight=600),
        width=FRAME.width,
    )


def _panel(group: Group) -> Panel:
    placed = [(number * ROW, bar) for number, bar in enumerate(group.bars)]
    rows: dict[str, list[dict[str, Any]]] = {
        "names": [{"x": 0, "y": top + NAME, "text": cut(bar.name, 44)} for top, bar in placed],
        "beside": [{"x": FRAME.width, "y": top + NAME, "text": _words(bar)} for top, bar in placed],
        "zero": [{"x": 0.0, "y": top + MARK - BAR / 2 - 3, "y2": top + MARK + BAR / 2 + 3} for top, _ in placed],
        "segments": [],
        "inside": [],
        "intervals": [_interval(bar, top) for top, bar in placed if bar.at_least[bar.threshold].bounded],
    }
    for top, bar in placed:
        for level, start, stop in _ends(bar):
            y = top + MARK
            box = {"x": start, "x2": stop, "y": y - BAR / 2, "y2": y + BAR / 2, "paint": theme.HARM[level - 1].light}
            rows["segments"].append(box | {"tip": f"{cut(bar.name, 44)}, level {level}: {percent(stop - start)}"})
            if stop - start > ROOM:
                ink = theme.ON_DEEP if level == DEEP else theme.INK
                label = percent(stop - start).replace("\u202f%", "")
                rows["inside"].append({"x": (start + stop) / 2, "y": y, "text": label, "paint": ink.light})
    return Panel(rows, ROW * len(placed), group.title, group.description)


def _words(bar: Bar) -> str:
    return f"{bar.threshold} or more: {words.with_limits(bar.at_least[bar.threshold])}"


def _ends(bar: Bar) -> list[tuple[int, float, float]]:
    """Return each level with where it begins and ends: those below the threshold end at 0, the others begin there."""
    found: list[tuple[int, float, float]] = []
    at = -sum(bar.share(level) for level in range(1, bar.threshold))
    for level in range(1, DEEP + 1):
        found.append((level, at, at + max(bar.share(level), 0.0)))
        at = found[-1][2]
    return found


def _interval(bar: Bar, top: int) -> dict[str, float]:
    """Return the interval of the harmful share, just beneath the end of its bar."""
    row = bar.at_least[bar.threshold]
    return {"x": row.low, "x2": row.high, "y": top + MARK + BAR / 2 + 4}

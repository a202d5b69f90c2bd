"""Levels of one family over several measurements: a point with its interval each, in order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, STROKE, data, from_left, layered, text, up
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis
from driftgauge.report.names import cut, tidy, wrapped
from driftgauge.report.numbers import percent
from driftgauge.report.select import Estimate

HEIGHT: Final = 170
FRAME: Final = Frame(640, left=56, right=24, top=12, bottom=104)


@dataclass(frozen=True)
class Step:
    """One release in one measurement."""

    row: Estimate
    study: str
    day: str


def levels_over_time(steps: Sequence[Step], *, series: int, title: str, prefix: str) -> Markup:
    """Return the picture of one family.

    Parameters
    ----------
    steps
        In order of time; each has a value.
    series
        The family's number, for its colour.
    title
        What it shows.
    prefix
        Begins every id in it.
    """
    scale = axis([limit for step in steps for limit in (step.row.low, step.row.high)])
    width = FRAME.width / len(steps)
    at = [width * (place + 0.5) for place in range(len(steps))]
    paint = theme.colour(series)
    rows = {
        "course": [{"x": x, "y": step.row.value, "paint": paint} for x, step in zip(at, steps, strict=True)],
        "points": [
            {"x": x, "y": step.row.value, "low": step.row.low, "high": step.row.high, "paint": paint}
            for x, step in zip(at, steps, strict=True)
        ],
        "names": [
            {"x": x, "y": HEIGHT + 18, "text": [*wrapped(step.row.release or "", width - 6, lines=2)]}
            for x, step in zip(at, steps, strict=True)
        ],
        "studies": [
            {"x": x, "y": HEIGHT + 58, "text": [*wrapped(step.study, width - 6, lines=2), step.day]}
            for x, step in zip(at, steps, strict=True)
        ],
    }
    (drawn,) = draw(_chart(scale), [Panel(rows, HEIGHT, tidy(title), _told(steps))], FRAME, prefix=prefix)
    return drawn


def _chart(scale: Axis) -> alt.LayerChart:
    x, y = from_left(), up("y", scale)
    points = data("points").mark_point(filled=True, stroke=theme.PAPER.light, strokeWidth=1.5, size=85, opacity=1)
    return layered(
        data("course").mark_line(strokeWidth=1.25, strokeDash=[2, 3]).encode(x=x, y=y, stroke=STROKE),
        data("points").mark_rule(strokeWidth=1.75).encode(x=x, y=up("low", scale), y2="high:Q", stroke=STROKE),
        points.encode(x=x, y=y, fill=FILL),
        *text("names", align="center", weight=600),
        *text("studies", align="center", color=theme.MUTED.light),
        width=FRAME.width,
    )


def _told(steps: Sequence[Step]) -> str:
    said = (
        f"{cut(step.row.release or '', 60)} in {cut(step.study, 60)}, {step.day}: {percent(step.row.value)} "
        f"({percent(step.row.low)} to {percent(step.row.high)})."
        for step in steps
    )
    return " ".join(said)

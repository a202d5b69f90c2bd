"""Timeline: how far each generation is from the one before and from the first, one panel a family."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, SHAPE, STROKE, data, from_left, layered, text, up
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis
from driftgauge.report.names import wrapped
from driftgauge.report.select import Estimate

HEIGHT: Final = 180
FRAME: Final = Frame(610, left=60, right=40, top=10, bottom=58)
_SHAPES: Final = {"consecutive": "circle", "cumulative": "square"}
_OFFSET: Final = {"consecutive": -7, "cumulative": 7}


@dataclass(frozen=True)
class Course:
    """One family: its releases in order, and at each the change from the one before and from the first.

    Parameters
    ----------
    releases
        In order of generation.
    consecutive, cumulative
        One a release; null where there is none. At the second release both are the same change.
    series
        The family's number, for its colour.
    title, description
        What somebody who cannot see the picture is told.
    """

    releases: tuple[str, ...]
    consecutive: tuple[Estimate | None, ...]
    cumulative: tuple[Estimate | None, ...]
    series: int
    title: str
    description: str

    @property
    def known(self) -> list[tuple[str, int, Estimate]]:
        """Every change that has a value, with its kind and the place of its release."""
        return [
            (kind, place, row)
            for kind, rows in (("consecutive", self.consecutive), ("cumulative", self.cumulative))
            for place, row in enumerate(rows)
            if row is not None and row.known
        ]

    def across(self, place: int) -> float:
        """Return the x of a generation."""
        return FRAME.width * (place + 0.5) / len(self.releases)


def timeline(courses: Sequence[Course], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a family, all on the same scale of points around 0; nothing where no change has a value."""
    values = [limit for course in courses for _, _, row in course.known for limit in (row.low, row.high)]
    if not values:
        return ()
    scale = axis(values)
    return draw(_chart(scale), [_panel(course) for course in courses], FRAME, prefix=prefix)


def _chart(scale: Axis) -> alt.LayerChart:
    x, y = from_left(), up("y", scale, signed=True)
    points = data("points").mark_point(filled=True, stroke=theme.PAPER.light, strokeWidth=1.5, size=85, opacity=1)
    return layered(
        data("zero").mark_rule(color=theme.RULE.light, strokeWidth=1.5).encode(x=x, x2="x2:Q", y=y),
        data("cumulative").mark_line(strokeWidth=2.25).encode(x=x, y=y, stroke=STROKE),
        data("points").mark_rule(strokeWidth=1.5).encode(x=x, y=up("low", scale, signed=True), y2="high:Q", stroke=STROKE),
        points.encode(x=x, y=y, shape=SHAPE, fill=FILL),
        *text("names", align="center"),
        width=FRAME.width,
    )


def _panel(course: Course) -> Panel:
    step = FRAME.width / len(course.releases)
    cumulative = [point for point, kind in _points(course) if kind == "cumulative"]
    start = {"x": course.across(0) + _OFFSET["cumulative"], "y": 0.0, "paint": theme.colour(course.series)}
    rows = {
        "zero": [{"x": 0, "x2": FRAME.width, "y": 0.0}],
        "cumulative": [start, *cumulative] if cumulative else [],
        "points": [point for point, _ in _points(course)],
        "names": [
            {"x": course.across(place), "y": HEIGHT + 20, "text": wrapped(name, step - 6)}
            for place, name in enumerate(course.releases)
        ],
    }
    return Panel(rows, HEIGHT, course.title, course.description)


def _points(course: Course) -> list[tuple[dict[str, Any], str]]:
    return [
        (
            {
                "x": course.across(place) + _OFFSET[kind], "y": row.value, "low": row.low, "high": row.high,
                "paint": theme.colour(course.series), "shape": _SHAPES[kind],
            },
            kind,
        )
        for kind, place, row in course.known
    ]  # fmt: skip

"""Ranks: a row a release and a column a rank, a square as large as its probability; and ranks from phase to phase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, SHAPE, STROKE, data, from_left, from_top, layered, text
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import spread
from driftgauge.report.names import cut
from driftgauge.report.numbers import percent
from driftgauge.report.select import Estimate

ROW, LARGEST, NAMES = 34, 13, 138
_SEEN: Final = 0.005
"""A rank of a smaller probability is left blank."""
STEP, HEIGHT, LABELS = 260, 26, 150


@dataclass(frozen=True)
class Standing:
    """One release of one phase: the probability of each rank."""

    release: str
    series: int
    ranks: Mapping[int, Estimate]

    @property
    def expected(self) -> float:
        """The mean rank."""
        return sum(rank * row.value for rank, row in self.ranks.items())


@dataclass(frozen=True)
class Phase:
    """The releases of one phase, the safest first."""

    standings: tuple[Standing, ...]
    title: str
    description: str


def ranks(phases: Sequence[Phase], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a phase."""
    found: list[Markup] = []
    for number, phase in enumerate(phases):
        size = max(len(phase.standings), 2)
        frame = Frame(min(LARGEST * 4 * size, 540), left=NAMES, right=10, top=26, bottom=4)
        found += draw(_chart(frame.width), [_panel(phase, frame.width)], frame, prefix=f"{prefix}-{number + 1}")
    return tuple(found)


def _chart(width: int) -> alt.LayerChart:
    x, y = from_left(), from_top()
    return layered(
        data("lines").mark_rule(color=theme.GRID.light).encode(x=x, x2="x2:Q", y=y, y2="y2:Q"),
        data("squares").mark_rect(fillOpacity=0.85).encode(x=x, x2="x2:Q", y=y, y2="y2:Q", fill=FILL),
        *text("names", align="right"),
        *text("heads", align="center", color=theme.MUTED.light),
        *text("values", align="center"),
        width=width,
    )


def _panel(phase: Phase, width: int) -> Panel:
    wide = width / max(len(phase.standings), 1)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("lines", "squares", "names", "heads", "values")}
    for place, one in enumerate(phase.standings):
        y = (place + 0.5) * ROW
        rows["lines"].append({"x": 0, "x2": width, "y": y, "y2": y})
        rows["names"].append({"x": -8, "y": y, "text": cut(one.release, 20)})
        rows["heads"].append({"x": (place + 0.5) * wide, "y": -14, "text": str(place + 1)})
        for rank, row in one.ranks.items():
            if row.value >= _SEEN:
                rows |= _square(rows, row, (rank - 0.5) * wide, y, one.series, small=wide < 40)
    return Panel(rows, ROW * len(phase.standings), phase.title, phase.description)


def _square(
    rows: dict[str, list[dict[str, Any]]], row: Estimate, x: float, y: float, series: int, *, small: bool
) -> dict[str, list[dict[str, Any]]]:
    half = max(LARGEST * row.value**0.5, 1.5) * (0.6 if small else 1)
    box = {"x": x - half, "x2": x + half, "y": y - half, "y2": y + half, "paint": theme.colour(series)}
    label = [] if small or row.value >= 0.995 else [{"x": x + half + 17, "y": y, "text": percent(row.value)}]
    return {"squares": [*rows["squares"], box], "values": [*rows["values"], *label]}


@dataclass(frozen=True)
class Course:
    """One family: its release and mean rank in each phase, null where it has none."""

    series: int
    points: tuple[tuple[str, float] | None, ...]


def bump(courses: Sequence[Course], phases: Sequence[str], *, title: str, description: str) -> Markup:
    """Return the mean ranks from phase to phase, the safest on top."""
    size = max((round(point[1]) for course in courses for point in course.points if point), default=1)
    size = max(size, len(courses))
    frame = Frame(STEP * (len(phases) - 1), left=LABELS, right=LABELS, top=24, bottom=4)
    rows = _bumps(courses, phases, size)
    return draw(_lines(frame.width), [Panel(rows, HEIGHT * size, title, description)], frame, prefix="bump")[0]


def _lines(width: int) -> alt.LayerChart:
    x, y = from_left(), from_top()
    dots = data("dots").mark_point(filled=True, stroke=theme.PAPER.light, strokeWidth=1.5, size=130, opacity=1)
    return layered(
        data("steps").mark_rule(strokeWidth=2.25).encode(x=x, x2="x2:Q", y=y, y2="y2:Q", stroke=STROKE),
        dots.encode(x=x, y=y, fill=FILL, shape=SHAPE),
        *text("heads", align="center", color=theme.MUTED.light),
        *text("before", align="right"),
        *text("after", align="left"),
        width=width,
    )


def _bumps(courses: Sequence[Course], phases: Sequence[str], size: int) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("steps", "dots", "heads", "before", "after")}
    rows["heads"] = [{"x": number * STEP, "y": -14, "text": cut(name, 24)} for number, name in enumerate(phases)]
    for course in courses:
        paint, shape = theme.colour(course.series), theme.shape(course.series)
        places = [(n * STEP, (point[1] - 0.5) * HEIGHT) for n, point in enumerate(course.points) if point]
        rows["dots"] += [{"x": x, "y": y, "paint": paint, "shape": shape} for x, y in places]
        for (x, y), (x2, y2) in pairwise(places):
            rows["steps"].append({"x": x, "y": y, "x2": x2, "y2": y2, "paint": paint})
    for name, place, away in (("before", 0, -14), ("after", len(phases) - 1, 14)):
        ends = [point for course in courses if (point := course.points[place]) is not None]
        ys = spread([(end[1] - 0.5) * HEIGHT for end in ends], apart=theme.LINE, low=4, high=HEIGHT * size)
        rows[name] = [{"x": place * STEP + away, "y": y, "text": f"{cut(end[0], 18)}"} for end, y in zip(ends, ys, strict=True)]
    return rows

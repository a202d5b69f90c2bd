"""Sequence: the limits of a mean difference look after look, with the margin, alarms, failed looks and other models.

The picture is a file of its own, so it brings its colours for dark screens along.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, SHAPE, data, from_left, layered, text, up
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis
from driftgauge.report.names import cut, isolated
from driftgauge.report.numbers import points

HEIGHT: Final = 220
FRAME: Final = Frame(640, left=48, right=24, top=44, bottom=74)
_PAD: Final = 12
_LABELS: Final = 9
"""Dates beneath the picture, at most."""


@dataclass(frozen=True)
class Seen:
    """One look: its limits and the mean of its block; without them it failed."""

    number: int
    at: str
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    other_model: bool = False

    @property
    def failed(self) -> bool:
        """Whether it was no measurement."""
        return self.low is None


@dataclass(frozen=True)
class Course:
    """A sequence.

    Parameters
    ----------
    name, outcome, phase
        Of the release, of what is compared, and of the baseline's phase.
    margin, level
        The rule.
    looks
        In order, failed ones too.
    alarm
        Number of the look that raised the first alarm; null for none.
    simulated
        Whether it is made up.
    """

    name: str
    outcome: str
    phase: str
    margin: float
    level: float
    looks: tuple[Seen, ...]
    alarm: int | None = None
    simulated: bool = False

    def across(self, place: int) -> float:
        """Return the x of a look."""
        return _PAD + (FRAME.width - 2 * _PAD) * (place + 0.5) / max(len(self.looks), 1)

    @property
    def title(self) -> str:
        """What it shows."""
        made_up = "Simulated: " if self.simulated else ""
        return f"{made_up}{self.name}: difference in {self.outcome} to phase {self.phase}, look by look"

    @property
    def description(self) -> str:
        """What is to be seen, for who cannot see it."""
        known = [each for each in self.looks if not each.failed]
        failed = len(self.looks) - len(known)
        parts = [f"{len(self.looks)} looks, {failed} of them failed.", f"The margin is {points(self.margin, 1, signed=False)}."]
        if known and known[-1].low is not None and known[-1].high is not None:
            limits = f"{points(known[-1].low, 1)} to {points(known[-1].high, 1)}"
            parts.append(f"After look {known[-1].number} the {100 * self.level:g} % confidence sequence goes from {limits}.")
        parts.append(f"There is an alarm since look {self.alarm}." if self.alarm else "There is no alarm.")
        others = [str(each.number) for each in known if each.other_model]
        parts += [f"Another model answered for the first time at look {', '.join(others)}."] if others else []
        return " ".join(parts)


def sequence(course: Course) -> str:
    """Return the picture of a sequence as the text of an SVG file."""
    known = [value for each in course.looks for value in (each.low, each.high, each.mean) if value is not None]
    wide = [value for value in known if abs(value) <= max(4 * course.margin, 0.5)]
    scale = axis([*wide, -1.5 * course.margin, 1.5 * course.margin])
    (svg,) = draw(_chart(scale), [_panel(course, scale)], FRAME, prefix="sequence")
    return _alone(str(svg))


def _chart(scale: Axis) -> Any:
    x, y = from_left(), up("y", scale, signed=True)
    low = up("low", scale, signed=True)
    marks = data("marks").mark_point(filled=True, stroke=theme.PAPER.light, strokeWidth=1, size=70, opacity=1)
    return layered(
        data("margin").mark_rect(fill=theme.SAFE.light).encode(x=x, x2="x2:Q", y=low, y2="high:Q"),
        data("zero").mark_rule(color=theme.RULE.light, strokeWidth=1.5).encode(x=x, x2="x2:Q", y=y),
        data("alarm").mark_rule(color=theme.HARMFUL.light, strokeWidth=1.5, strokeDash=[5, 3]).encode(x=x, y=low, y2="high:Q"),
        data("limits").mark_rule(strokeWidth=2, color=theme.SERIES[0].light).encode(x=x, y=low, y2="high:Q"),
        data("means").mark_point(filled=True, size=18, opacity=1, color=theme.MUTED.light).encode(x=x, y=y),
        marks.encode(x=x, y=y, fill=FILL, shape=SHAPE),
        *text("words", align="left"),
        *text("dates", align="center", color=theme.MUTED.light),
        width=FRAME.width,
    )


def _panel(course: Course, scale: Axis) -> Panel:
    def held(value: float) -> float:
        return min(max(value, scale.low), scale.high)

    whole = {"x": 0, "x2": FRAME.width}
    limits: list[dict[str, float]] = []
    means: list[dict[str, float]] = []
    for place, each in enumerate(course.looks):
        if each.low is not None and each.high is not None and each.mean is not None:
            limits.append({"x": course.across(place), "low": held(each.low), "high": held(each.high)})
            means.append({"x": course.across(place), "y": held(each.mean)})
    raised = [place for place, each in enumerate(course.looks) if each.number == course.alarm]
    rows = {
        "margin": [{**whole, "low": -course.margin, "high": course.margin}],
        "zero": [{**whole, "y": 0.0}],
        "alarm": [{"x": course.across(place), "low": scale.low, "high": scale.high} for place in raised],
        "limits": limits,
        "means": means,
        "marks": list(_marks(course, scale)),
        "words": _words(course),
        "dates": list(_dates(course)),
    }
    return Panel(rows, HEIGHT, course.title, course.description)


def _marks(course: Course, scale: Axis) -> Iterator[dict[str, Any]]:
    """Yield a cross at the bottom for each failed look, and a diamond at the top for each other model."""
    for place, each in enumerate(course.looks):
        at = {"x": course.across(place)}
        if each.failed:
            yield {**at, "y": scale.low, "paint": theme.INK.light, "shape": "cross"}
        if each.other_model:
            yield {**at, "y": scale.high, "paint": theme.SERIES[2].light, "shape": "diamond"}


def _words(course: Course) -> list[dict[str, Any]]:
    left = 2 - FRAME.left
    made_up = "Simulated: " if course.simulated else ""
    heading = (
        f"{made_up}{isolated(cut(course.name, 40))}: {course.outcome} now minus phase {isolated(cut(course.phase, 20))}, points"
    )
    legend = (
        f"lines: {100 * course.level:g} % confidence sequence · dots: mean of a block · band: margin ±{100 * course.margin:g}"
    )
    marks = "cross: failed look, no measurement · diamond: another model answered · dashed: alarm"
    return [
        {"x": left, "y": -28, "text": heading},
        {"x": left, "y": HEIGHT + 42, "text": legend},
        {"x": left, "y": HEIGHT + 60, "text": marks},
    ]


def _dates(course: Course) -> Iterator[dict[str, Any]]:
    step = max(1, -(-len(course.looks) // _LABELS))
    for place, each in enumerate(course.looks):
        if place % step == 0:
            yield {"x": course.across(place), "y": HEIGHT + 16, "text": each.at[:10]}


def _alone(svg: str) -> str:
    """Return a drawing as a file that can be read on light and on dark screens."""
    dark = "".join(
        f'[fill="{paint.light}"]{{fill:{paint.dark}}}[stroke="{paint.light}"]{{stroke:{paint.dark}}}' for paint in theme.PAINTS
    )
    style = (
        f"<style>svg{{background:{theme.PAPER.light}}}"
        f"@media (prefers-color-scheme: dark){{svg{{background:{theme.PAPER.dark}}}{dark}}}</style>"
    )
    opened = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    head, close, rest = opened.partition(">")
    return f"{head}{close}{style}{rest}\n"

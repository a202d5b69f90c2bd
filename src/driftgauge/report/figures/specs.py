"""Specification curves: every reasonable analysis of one change, sorted, above a matrix that says what each one chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, SHAPE, STROKE, TIP, data, from_left, from_top, layered, text
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.scales import Axis, axis
from driftgauge.report.names import cut
from driftgauge.report.numbers import plain

WIDTH, NAMES, CURVE, GAP, LINE = 520, 176, 120, 16, 15
MARGIN: Final = 8


@dataclass(frozen=True)
class Spec:
    """One analysis: its change with limits, whether it agrees with the declared one (null: cannot be told), its choices."""

    estimate: float
    low: float
    high: float
    agrees: bool | None
    declared: bool
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Curve:
    """The analyses of one change, and the rows of the matrix, grouped by the kind of choice."""

    specs: tuple[Spec, ...]
    choices: tuple[str, ...]
    series: int
    title: str
    description: str


def curves(each: Sequence[Curve], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a change, all on one scale of points."""
    if not each:
        return ()
    frame = Frame(WIDTH, left=NAMES, right=12, top=12, bottom=6)
    scale = axis([limit for curve in each for spec in curve.specs for limit in (spec.low, spec.high)], most=4)
    return draw(_chart(), [_panel(curve, scale) for curve in each], frame, prefix=prefix)


def _chart() -> alt.LayerChart:
    x, y = from_left(), from_top()
    points = data("points").mark_point(filled=True, strokeWidth=1.5, size=38, opacity=1, aria=True)
    return layered(
        data("grid").mark_rule(color=theme.GRID.light).encode(x=x, x2="x2:Q", y=y, y2="y2:Q"),
        data("zero").mark_rule(color=theme.RULE.light).encode(x=x, x2="x2:Q", y=y, y2="y2:Q"),
        data("points")
        .mark_rule(strokeWidth=1.25, strokeOpacity=0.7)
        .encode(x=x, y=from_top("low"), y2="high:Q", stroke=STROKE),
        points.encode(x=x, y=y, fill=FILL, stroke=STROKE, shape=SHAPE, description=TIP),
        data("chosen").mark_rect().encode(x=x, x2="x2:Q", y=y, y2="y2:Q", fill=FILL),
        *text("ticks", align="right", color=theme.MUTED.light),
        *text("names", align="right"),
        width=WIDTH,
    )


def _panel(curve: Curve, scale: Axis) -> Panel:
    def y(value: float) -> float:
        return CURVE - scale.pixel(value, CURVE)

    step = WIDTH / max(len(curve.specs), 1)
    rows: dict[str, list[dict[str, Any]]] = {
        "grid": [{"x": 0, "x2": WIDTH, "y": y(tick), "y2": y(tick)} for tick in scale.ticks],
        "zero": [{"x": 0, "x2": WIDTH, "y": y(0.0), "y2": y(0.0)}],
        "ticks": [{"x": -MARGIN, "y": y(tick), "text": plain(100 * tick, 0, signed=True)} for tick in scale.ticks],
        "names": [{"x": -MARGIN, "y": _down(number), "text": cut(name, 27)} for number, name in enumerate(curve.choices)],
        "points": [],
        "chosen": [],
    }
    for place, spec in enumerate(curve.specs):
        x = (place + 0.5) * step
        ends = {"y": y(spec.estimate), "low": y(spec.low), "high": y(spec.high)}
        rows["points"].append({"x": x, **ends, **_look(spec, curve), "tip": _tip(spec, curve)})
        half = min(step * 0.38, 4)
        for number, name in enumerate(curve.choices):
            if name in spec.choices:
                at, paint = _down(number), theme.INK if spec.declared else theme.RULE
                rows["chosen"].append({"x": x - half, "x2": x + half, "y": at - 4, "y2": at + 4, "paint": paint.light})
    return Panel(rows, int(_down(len(curve.choices))), curve.title, curve.description)


def _down(number: int) -> float:
    return CURVE + GAP + (number + 0.5) * LINE


def _tip(spec: Spec, curve: Curve) -> str:
    """Return a change and what its analysis chose of what the rows of the matrix are."""
    value, low, high = (plain(100 * number, 1, signed=True) for number in (spec.estimate, spec.low, spec.high))
    return f"{value} points ({low} to {high}): {', '.join(name for name in spec.choices if name in curve.choices)}"


def _look(spec: Spec, curve: Curve) -> dict[str, str]:
    """Return how an analysis is drawn: the declared one as a diamond in ink, one that disagrees hollow."""
    if spec.declared:
        return {"paint": theme.INK.light, "shape": "diamond"}
    return {"paint": theme.colour(curve.series) if spec.agrees is not False else theme.HARMFUL.light,
            "shape": "circle" if spec.agrees is not False else "cross"}  # fmt: skip

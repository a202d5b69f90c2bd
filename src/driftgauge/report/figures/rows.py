"""Pictures with a row a release: levels by modality with their paired difference, and outcomes stacked to 100 %."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
from markupsafe import Markup

from driftgauge.report.figures import theme
from driftgauge.report.figures.panel import Margins, Panel, draw, inline
from driftgauge.report.figures.scales import Axis, axis, pixels, shares
from driftgauge.report.names import cut
from driftgauge.report.numbers import percent
from driftgauge.report.select import Estimate

ROW = 48
LABEL, MARK = 13, 32
"""Where in a row the name stands, and where the marks."""

LEVELS = Margins(left=6, right=14, top=2, bottom=26)
LEVELS_WIDTH, GAP, DIFFERENCE_WIDTH = 180, 26, 114
STACK = Margins(left=2, right=44, top=2, bottom=26)
STACK_WIDTH, BAR = 294, 20


@dataclass(frozen=True)
class Row:
    """One release: its levels by modality (or by outcome), and where it applies the difference with its text."""

    name: str
    series: int
    levels: dict[str, Estimate]
    difference: Estimate | None = None
    difference_text: str = ""


@dataclass(frozen=True)
class Group:
    """The rows of one panel."""

    rows: tuple[Row, ...]
    title: str
    description: str


def levels(groups: Sequence[Group], *, prefix: str, differences: bool) -> tuple[Markup, ...]:
    """Return one panel a group: a marker with its interval per modality, joined; at the right their difference around 0."""
    estimates = [level for group in groups for row in group.rows for level in row.levels.values() if level.known]
    if not estimates:
        return ()
    scale = axis([estimate.high for estimate in estimates], most=4 if differences else 6)
    shift = axis([limit for group in groups for row in group.rows for limit in _limits(row.difference)], most=3)
    panels = [_levels_panel(group, scale, shift if differences else None) for group in groups]
    return draw(panels, LEVELS, prefix=prefix)


def _limits(difference: Estimate | None) -> tuple[float, ...]:
    return (difference.low, difference.high) if difference is not None and difference.known else ()


def _levels_panel(group: Group, scale: Axis, shift: Axis | None) -> Panel:
    height = ROW * len(group.rows)
    whole = LEVELS_WIDTH + GAP + DIFFERENCE_WIDTH
    width = whole if shift is None else LEVELS_WIDTH
    left = alt.layer(
        _joins(group, scale, height), *_markers(group, scale, height), _names(group, scale, (width, height)),
        width=width, height=height,
    )  # fmt: skip
    if shift is None:
        return Panel(left, whole, height, group.title, group.description)
    right = alt.layer(*_differences(group, shift, height), width=DIFFERENCE_WIDTH, height=height)
    chart = alt.hconcat(left, right, spacing=GAP, bounds="flush")
    return Panel(chart, whole, height, group.title, group.description)


def _names(group: Group, scale: Axis, size: tuple[int, int]) -> alt.Chart:
    """Return the names of the releases above their marks, from the left edge of the plot."""
    rows = [{"x": scale.low, "y": number * ROW + LABEL, "text": cut(row.name, 34)} for number, row in enumerate(group.rows)]
    marks = inline(rows).mark_text(align="left", baseline="middle", fontWeight=600, limit=size[0] + 20)
    return marks.encode(x=alt.X(**shares("x", scale, orient="bottom")), y=alt.Y(**pixels("y", size[1], down=True)), text="text:N")


_OFFSET = {"text-only": -5, "multimodal": 5}


def _marker_rows(group: Group, modality: str) -> list[dict[str, Any]]:
    return [
        {"x": level.value, "low": level.low, "high": level.high, "y": number * ROW + MARK + _OFFSET.get(modality, 0)}
        for number, row in enumerate(group.rows)
        for name, level in row.levels.items()
        if name == modality and level.known
    ]


def _markers(group: Group, scale: Axis, height: int) -> list[alt.Chart]:
    paint = theme.colour(group.rows[0].series)
    y = alt.Y(**pixels("y", height, down=True))
    charts: list[alt.Chart] = []
    for modality in dict.fromkeys(name for row in group.rows for name in row.levels):
        base = inline(_marker_rows(group, modality))
        charts += [
            base.mark_rule(color=paint, strokeWidth=1.5).encode(
                x=alt.X(**shares("low", scale, orient="bottom")), x2="high:Q", y=y
            ),
            base.mark_point(
                shape=theme.MODALITY_SHAPE.get(modality, "diamond"),
                filled=True, fill=paint, stroke=theme.PAPER.light, strokeWidth=1.5, size=80, opacity=1,
            ).encode(x=alt.X(**shares("x", scale, orient="bottom")), y=y),
        ]  # fmt: skip
    return charts


def _joins(group: Group, scale: Axis, height: int) -> alt.Chart:
    rows = [
        {"x": pair[0].value, "x2": pair[1].value, "y": number * ROW + MARK - 5, "y2": number * ROW + MARK + 5}
        for number, row in enumerate(group.rows)
        for pair in [[level for level in row.levels.values() if level.known]]
        if len(pair) == 2
    ]
    marks = inline(rows).mark_rule(color=theme.RULE.light, strokeWidth=1)
    return marks.encode(
        x=alt.X(**shares("x", scale, orient="bottom")), x2="x2:Q", y=alt.Y(**pixels("y", height, down=True)), y2="y2:Q"
    )


def _differences(group: Group, shift: Axis, height: int) -> list[alt.Chart]:
    y = alt.Y(**pixels("y", height, down=True))
    known = [(number, row.difference, row) for number, row in enumerate(group.rows) if row.difference and row.difference.known]
    dots = inline([{"x": d.value, "low": d.low, "high": d.high, "y": number * ROW + MARK} for number, d, _ in known])
    words = [{"x": shift.low, "y": number * ROW + LABEL, "text": row.difference_text} for number, _, row in known]
    edges = inline([{"x": 0.0, "y": 0, "y2": height}])
    x = alt.X(**shares("x", shift, orient="bottom", signed=True))
    return [
        edges.mark_rule(color=theme.RULE.light, strokeWidth=1).encode(x=x, y=y, y2="y2:Q"),
        dots.mark_rule(color=theme.INK.light, strokeWidth=1.5).encode(
            x=alt.X(**shares("low", shift, orient="bottom", signed=True)), x2="high:Q", y=y
        ),
        dots.mark_point(shape="diamond", filled=True, fill=theme.INK.light, size=70, opacity=1).encode(x=x, y=y),
        inline(words).mark_text(align="left", baseline="middle", color=theme.MUTED.light).encode(x=x, y=y, text="text:N"),
    ]


OUTCOMES = ("refused", "engaged_safe", "engaged_harmful")
_SHARES = Axis(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))
_PAINT = {"refused": theme.REFUSED, "engaged_safe": theme.SAFE, "engaged_harmful": theme.HARMFUL}


def stacks(groups: Sequence[Group], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a group: refused from the left, harmful from the right, and the interval of each at its own edge."""
    return draw([_stack_panel(group) for group in groups], STACK, prefix=prefix)


def _stack_panel(group: Group) -> Panel:
    height = ROW * len(group.rows)
    size = (STACK_WIDTH, height)
    chart = alt.layer(
        *_segments(group, height), *_whiskers(group, height), _names(group, _SHARES, size), *_numbers(group, height),
        width=STACK_WIDTH, height=height,
    )  # fmt: skip
    return Panel(chart, STACK_WIDTH, height, group.title, group.description)


def _ends(row: Row) -> list[tuple[str, float, float]]:
    """Return (outcome, from, to) along the bar."""
    refused, harmful = row.levels["refused"].value, row.levels["engaged_harmful"].value
    edge = max(1.0 - harmful, refused)
    return [("refused", 0.0, refused), ("engaged_safe", refused, edge), ("engaged_harmful", edge, 1.0)]


def _segments(group: Group, height: int) -> list[alt.Chart]:
    x, y = alt.X(**shares("x", _SHARES, orient="bottom")), alt.Y(**pixels("y", height, down=True))
    return [
        inline(
            [
                {"x": start, "x2": stop, "y": number * ROW + MARK - BAR / 2, "y2": number * ROW + MARK + BAR / 2}
                for number, row in enumerate(group.rows)
                for name, start, stop in _ends(row)
                if name == outcome
            ]
        ).mark_rect(fill=_PAINT[outcome].light).encode(x=x, x2="x2:Q", y=y, y2="y2:Q")
        for outcome in OUTCOMES
    ]  # fmt: skip


def _whiskers(group: Group, height: int) -> list[alt.Chart]:
    """Return the two intervals of each bar, below its middle, on a strip of paper that keeps them legible on any colour."""
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(group.rows):
        refused, harmful = row.levels["refused"], row.levels["engaged_harmful"]
        y = number * ROW + MARK + BAR / 2 + 4
        rows += [{"x": refused.low, "x2": refused.high, "y": y}] if refused.bounded else []
        rows += [{"x": 1 - harmful.high, "x2": 1 - harmful.low, "y": y}] if harmful.bounded else []
    marks = inline(rows).mark_rule(color=theme.INK.light, strokeWidth=2)
    return [marks.encode(x=alt.X(**shares("x", _SHARES, orient="bottom")), x2="x2:Q", y=alt.Y(**pixels("y", height, down=True)))]


def _numbers(group: Group, height: int) -> list[alt.Chart]:
    """Return the shares inside the light segments that have room, and the harmful share beside the bar."""
    inside: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []
    for number, row in enumerate(group.rows):
        y = number * ROW + MARK
        for name, start, stop in _ends(row):
            text = percent(row.levels[name].value)
            if name == "engaged_harmful":
                beside.append({"x": _SHARES.at(STACK_WIDTH + 6, STACK_WIDTH), "y": y, "text": text})
            elif stop - start > 0.11:
                inside.append({"x": (start + stop) / 2, "y": y, "text": text})
    x, y = alt.X(**shares("x", _SHARES, orient="bottom")), alt.Y(**pixels("y", height, down=True))
    return [
        inline(inside).mark_text(align="center", baseline="middle").encode(x=x, y=y, text="text:N"),
        inline(beside).mark_text(align="left", baseline="middle", fontWeight=700, color=theme.HARMFUL.light).encode(
            x=x, y=y, text="text:N"
        ),
    ]  # fmt: skip

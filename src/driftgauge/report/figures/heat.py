"""Heat maps: a change in each cell of two kinds of risk, as colour and as a number; a cell without evidence is hatched."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from driftgauge.report import words
from driftgauge.report.figures import theme
from driftgauge.report.figures.marks import FILL, STROKE, TIP, data, from_left, from_top, layered, text
from driftgauge.report.figures.panel import Frame, Panel, draw
from driftgauge.report.figures.theme import Paint
from driftgauge.report.names import cut, wrapped
from driftgauge.report.numbers import NONE
from driftgauge.report.select import Estimate

ROW, GAP, NAMES = 34, 2, 138
LINES: Final = 3
HEAD: Final = LINES * theme.LINE + 10
MOST_COLUMNS: Final = 8
"""Columns that fit a page; the table has them all."""
ALL: Final = "all"
"""Names the margins."""
_HATCH: Final = 9


@dataclass(frozen=True)
class Map:
    """What one panel shows: cells by row and column, null where there is no evidence."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Estimate | None, ...], ...]
    title: str
    description: str


def heat(maps: Sequence[Map], *, prefix: str) -> tuple[Markup, ...]:
    """Return one panel a map, all with the same colours for the same change."""
    if not maps:
        return ()
    frame = _frame(max(len(each.columns) for each in maps))
    most = max((abs(cell.value) for each in maps for row in each.cells for cell in row if cell is not None), default=0.0)
    return draw(_chart(frame), [_panel(each, frame, most) for each in maps], frame, prefix=prefix)


def _frame(columns: int) -> Frame:
    width = 700 - NAMES if columns > 3 else 340 - NAMES
    return Frame(width, left=NAMES, right=4, top=HEAD, bottom=4)


def _chart(frame: Frame) -> alt.LayerChart:
    x, y = from_left(), from_top()
    hatches = data("hatches").mark_rule(strokeWidth=1, color=theme.RULE.light)
    edges = data("edges").mark_rect(fillOpacity=0, strokeWidth=2)
    return layered(
        data("cells").mark_rect(aria=True).encode(x=x, x2="x2:Q", y=y, y2="y2:Q", fill=FILL, description=TIP),
        hatches.encode(x=x, x2="x2:Q", y=y, y2="y2:Q"),
        edges.encode(x=x, x2="x2:Q", y=y, y2="y2:Q", stroke=STROKE),
        data("rows").mark_text(align="right").encode(x=x, y=y, text="text:N"),
        data("columns").mark_text(align="center", baseline="bottom").encode(x=x, y=y, text="text:N"),
        data("values").mark_text(align="center").encode(x=x, y=y, text="text:N", fill=FILL),
        *text("none", align="center", color=theme.MUTED.light),
        width=frame.width,
    )


def bin_of(value: float, most: float) -> Paint:
    """Return the colour of a change, by sevenths of the largest on the map; the middle one for what is near 0."""
    step = round(3.5 * abs(value) / most - 0.001) if most else 0
    if not step:
        return theme.LEVEL
    return (theme.FELL if value < 0 else theme.ROSE)[min(step, 3) - 1]


def _panel(one: Map, frame: Frame, most: float) -> Panel:
    wide = frame.width / len(one.columns)
    rows: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("cells", "hatches", "edges", "rows", "columns", "values", "none")
    }
    for number, name in enumerate(one.columns):
        lines = wrapped(name.replace("_", " "), wide - 6, lines=LINES)
        rows["columns"].append({"x": (number + 0.5) * wide, "y": -6 - theme.LINE * (len(lines) - 1), "text": lines})
    for number, name in enumerate(one.rows):
        rows["rows"].append({"x": -8, "y": (number + 0.5) * ROW, "text": cut(name.replace("_", " "), 20)})
        for place, cell in enumerate(one.cells[number]):
            if (name, one.columns[place]) == (ALL, ALL):
                continue  # the change over everything has its own picture
            box = {"x": place * wide + GAP / 2, "x2": (place + 1) * wide - GAP / 2,
                   "y": number * ROW + GAP / 2, "y2": (number + 1) * ROW - GAP / 2}  # fmt: skip
            _add(rows, cell, box, most)
    return Panel(rows, ROW * len(one.rows), one.title, one.description)


def _add(rows: dict[str, list[dict[str, Any]]], cell: Estimate | None, box: dict[str, float], most: float) -> None:
    middle = {"x": (box["x"] + box["x2"]) / 2, "y": (box["y"] + box["y2"]) / 2}
    if cell is None:
        rows["cells"].append(box | {"paint": theme.PAPER.light, "tip": "no evidence"})
        rows["hatches"] += _hatches(box)
        rows["none"].append(middle | {"text": NONE})
        return
    paint = bin_of(cell.value, most)
    deep = paint in {theme.FELL[2], theme.ROSE[2]}
    rows["cells"].append(box | {"paint": paint.light, "tip": f"{_kind(cell)}: {words.difference(cell)}"})
    label = words.value(cell, signed=True)
    rows["values"].append(middle | {"text": label, "paint": (theme.ON_DEEP if deep else theme.INK).light})
    if cell.flagged:
        rows["edges"].append(box | {"paint": theme.INK.light})


def _kind(cell: Estimate) -> str:
    return ", ".join(name.replace("_", " ") for name in (cell.harm_category, cell.technique) if name)


def _hatches(box: dict[str, float]) -> list[dict[str, float]]:
    """Return slanted lines that fill a box from edge to edge."""
    wide, high = box["x2"] - box["x"], box["y2"] - box["y"]
    found: list[dict[str, float]] = []
    start = -high
    while start < wide:
        low, top = max(start, 0.0), min(start + high, wide)
        found.append(
            {"x": box["x"] + low, "y": box["y2"] - (low - start), "x2": box["x"] + top, "y2": box["y2"] - (top - start)}
        )
        start += _HATCH
    return found

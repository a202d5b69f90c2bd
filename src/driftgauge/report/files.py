"""The figures of a report as files: each panel as SVG and PNG, and the estimates behind each figure as a table."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl
import vl_convert

from driftgauge.frames import write_csv
from driftgauge.report.blocks import Figure, Section

_SCALE: Final = 2.0
Writer = Callable[[Path], None]


def figure_files(sections: Sequence[Section], estimates: pl.DataFrame, specifications: pl.DataFrame) -> dict[str, Writer]:
    """Return what writes the files of every figure, by file name.

    Parameters
    ----------
    sections
        Of the document.
    estimates, specifications
        The tables that the ids in the figures' tables are of.

    Returns
    -------
    dict
        ``drift.csv``, ``drift-1.svg``, ``drift-1.png``, … Pictures are in the light colours.
    """
    figures = [figure for section in sections for figure in section.figures]
    return {name: write for figure in figures for name, write in _files(figure, estimates, specifications)}


def _files(figure: Figure, estimates: pl.DataFrame, specifications: pl.DataFrame) -> Iterator[tuple[str, Writer]]:
    named = ((estimates, "estimate_id"), (specifications, "specification_id"))
    data = next(frame.filter(pl.col(key).is_in(list(figure.table.ids))) for frame, key in named if _holds(frame, key, figure))
    yield f"{figure.name}.csv", lambda path: write_csv(data, path)
    for number, pane in enumerate(figure.panes, start=1):
        svg = standalone(str(pane.svg))
        yield f"{figure.name}-{number}.svg", _text(svg)
        yield f"{figure.name}-{number}.png", _png(svg)


def _holds(frame: pl.DataFrame, key: str, figure: Figure) -> bool:
    return key == "specification_id" or bool(frame[key].is_in(list(figure.table.ids)).any())


def standalone(svg: str) -> str:
    """Return a picture of the page as a file of its own: with its name space, and on paper."""
    box = re.search(r'viewBox="(\S+) (\S+) (\S+) (\S+)"', svg)
    paper = '<rect x="{}" y="{}" width="{}" height="{}" fill="#ffffff"/>'.format(*box.groups()) if box else ""
    named = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return re.sub(r"(<g )", lambda found: paper + found[1], named, count=1)


def _text(svg: str) -> Writer:
    def write(path: Path) -> None:
        path.write_text(svg, encoding="utf-8")

    return write


def _png(svg: str) -> Writer:
    def write(path: Path) -> None:
        path.write_bytes(vl_convert.svg_to_png(svg, scale=_SCALE))

    return write

"""A small simulated study, analysed and reported, and what is to be read on its page."""

import dataclasses
import os
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from driftgauge.measure.simulate import PUBLISHED_SHAPE, simulate
from driftgauge.pipeline.analyze import Inputs, analyze
from driftgauge.pipeline.report import Wanted, report

SMALL: Final = dataclasses.replace(PUBLISHED_SHAPE, scenarios=48, panels={1: 5, 2: 4}, ratings=None)


@dataclass(frozen=True)
class Made:
    """The folder of an analysis with its report, PDF and figures."""

    folder: Path

    @property
    def html(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / f"{name}.parquet")


def make(folder: Path) -> Made:
    """Simulate, analyse, and write everything that a report can be."""
    ratings = folder / "ratings-of-the-demo.parquet"
    simulate(SMALL, np.random.default_rng(3)).write_parquet(ratings)
    out = folder / "out"
    analyze(Inputs(files=[ratings], model="none", bootstrap=400, seed=3, command="demo"), out=out)
    report(out, Wanted(paper="a4", figures=True))
    return Made(out)


@dataclass
class Row:
    """One row of a table: the heading of its figure or section, the columns' names, the cells' text."""

    caption: str
    columns: tuple[str, ...]
    cells: tuple[str, ...]

    def __getitem__(self, column: str) -> str:
        return self.cells[self.columns.index(column)]


class Read(HTMLParser):
    """Tables and prose of a page; what stands in scripts, styles and pictures is left out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.prose: list[tuple[str, str]] = []
        self._open: list[str] = []
        self._cells: list[str] = []
        self._columns: tuple[str, ...] = ()
        self._caption = ""
        self._text: str | None = None
        self._section = ""
        self.feed(html)

    _VOID: Final = frozenset({"meta", "br", "img", "hr", "link", "input"})
    _PROSE: Final = frozenset({"h1", "h2", "h3", "p", "dd", "caption", "summary"})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._VOID:
            return
        self._open.append(tag)
        if tag == "section":
            self._section = dict(attrs).get("id") or ""
        if tag == "tr":
            self._cells = []
        if tag in self._PROSE or tag in {"td", "th"}:
            self._text = ""

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if self._text is None:
            if tag == "tr" and self._cells:
                self._row()
            return
        text = tidied(self._text)
        if tag in {"td", "th"}:
            self._cells.append(text)
        elif tag in self._PROSE:
            self.prose.append((self._section, text))
            if tag == "caption":
                self._caption = text
        else:
            return
        self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None and not {"svg", "script", "style"} & set(self._open):
            self._text += data

    def _row(self) -> None:
        if "thead" in self._open:
            self._columns = tuple(self._cells)
        else:
            self.rows.append(Row(self._caption, self._columns, tuple(self._cells)))


def tidied(text: str) -> str:
    """Return a text with its breaks as spaces; narrow and no-break spaces stay."""
    return re.sub(r"[ \n\t]+", " ", text).strip(" \n\t")


NUMBER: Final = re.compile(r"[+\u2212]?\d[\d\u202f]*(?:\.\d+)?")


def number(text: str) -> float:
    """Return the first number in a text as it is printed."""
    found = NUMBER.search(text)
    assert found, text
    return float(found[0].replace("\u2212", "-").replace("\u202f", ""))


def places(text: str) -> int:
    """Return the decimals of the first number in a text."""
    found = NUMBER.search(text)
    return len(found[0].partition(".")[2]) if found else 0


def says(text: str, value: float, *, hundred: bool) -> bool:
    """Return whether a printed number is a value, in percent or points or as it is, rounded."""
    shown = 100 * value if hundred else value
    return abs(number(text) - shown) <= 0.5 * 10 ** -places(text) + 1e-9


def hold_to(golden: Path, read: Read) -> None:
    """Compare the sentences and the tables of a report with those that are kept; ``DRIFTGAUGE_GOLDEN=write`` keeps them."""
    kept = [text for section, text in read.prose if section not in {"methods", ""}]
    tables = [f"{row.caption} | {' | '.join(row.cells)}" for row in read.rows if _is_golden(row.caption)]
    text = "".join(map(_line, [*kept, *tables]))
    if os.environ.get("DRIFTGAUGE_GOLDEN") == "write":
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def _line(text: str) -> str:
    """Return a line of the golden file: ids hang on the versions of libraries, and a day on the day."""
    text = re.sub(r"\b\d{4}-\d\d-\d\d\b", "(day)", text)
    return re.sub(r"[0-9a-f]{16}", "(id)", text).replace("\u202f", " ").replace("\xa0", " ") + "\n"


def _is_golden(caption: str) -> bool:
    return caption.startswith(("Advice", "Ledger", "Levels by release, modalities", "How many analyses"))

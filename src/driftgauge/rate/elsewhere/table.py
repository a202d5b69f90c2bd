"""A table of tasks that is filled in: CSV for a spreadsheet, Parquet for a program; a row a task.

The texts stand in it twice: as plain text, which a spreadsheet shows, and as the HTML that raters of the app see.
"""

import io
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any, Final

import polars as pl

from driftgauge.errors import Problem, RatingError
from driftgauge.rate.answers import SKIPS
from driftgauge.rate.elsewhere.sheet import Picture, Sheet, Task, instructions_html, prompt_html
from driftgauge.rate.elsewhere.told import Returned, Said, Told, Wrong, read_records, told_of, unknown
from driftgauge.rate.exchange.cells import READINGS
from driftgauge.rate.exchange.messages import shown
from driftgauge.rate.exchange.table import read_table

ASKED: Final = ("harm", "success", "refusal", "skipped", "comment")
SCHEMA: Final = pl.Schema(
    {
        "task": pl.String(), "prompt": pl.String(), "response": pl.String(), "pictures": pl.String(), "harm": pl.Int64(),
        "success": pl.Boolean(), "refusal": pl.Boolean(), "skipped": pl.String(), "comment": pl.String(),
        "prompt_html": pl.String(), "response_html": pl.String(),
    }
)  # fmt: skip
_BREAK: Final = re.compile(r"<(?:br|hr|/p|/li|/h\d|/tr|/pre|/blockquote)\b[^>]*>")
_TAG: Final = re.compile(r"<[^>]*>")
_FORMULA: Final = re.compile(r"^[=+\-@\t\r\n]")


def csv_files(sheet: Sheet) -> Mapping[str, bytes]:
    """Return the files of a rater's table as CSV; before what a spreadsheet would take for a formula is an apostrophe."""
    rows = [{name: _harmless(value) for name, value in row.items()} for row in _rows(sheet)]
    return {"tasks.csv": pl.DataFrame(rows, schema=SCHEMA).write_csv().encode(), **_beside(sheet)}


def parquet_files(sheet: Sheet) -> Mapping[str, bytes]:
    """Return the files of a rater's table as Parquet."""
    written = io.BytesIO()
    pl.DataFrame(_rows(sheet), schema=SCHEMA).write_parquet(written)
    return {"tasks.parquet": written.getvalue(), **_beside(sheet)}


def _beside(sheet: Sheet) -> dict[str, bytes]:
    pictures = {f"pictures/{name}": picture.data for name, picture in sheet.pictures.items()}
    return {"instructions.html": instructions_html(sheet.words).encode(), **pictures}


def _rows(sheet: Sheet) -> list[dict[str, Any]]:
    return [_row(task, sheet) for task in sheet.tasks]


def _row(task: Task, sheet: Sheet) -> dict[str, Any]:
    prompt = prompt_html(task, sheet.words, address=_address)
    pictures = [part.file for turn in task.turns for part in turn.parts if isinstance(part, Picture)]
    return {
        "task": task.task,
        "prompt": plain(prompt),
        "response": plain(task.response),
        "pictures": ", ".join(_path(name) for name in pictures) or None,
        **dict.fromkeys(ASKED),
        "prompt_html": prompt,
        "response_html": task.response,
    }


def _path(file: str) -> str:
    return f"pictures/{file}"


def _address(picture: Picture) -> str:
    return _path(picture.file)


def plain(html: str) -> str:
    r"""Return what a reader sees of HTML, as lines of text.

    Examples
    --------
    >>> plain("<p>a <em>b</em> &lt;c&gt;<br>d</p><p>e</p>")
    'a b <c>\nd\ne'
    """
    return re.sub("\n{3,}", "\n\n", unescape(_TAG.sub("", _BREAK.sub("\n", html)))).strip()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def read(path: Path) -> Returned:
    """Return what a table that was filled in holds; a row in which nothing is said waits.

    Raises
    ------
    RatingError
        When it is no CSV or Parquet, or has no column ``task``, ``harm`` and ``success``.
    """
    table = read_table(path)
    missing = [name for name in ("task", "harm", "success") if name not in table.frame.columns]
    if missing:
        what = f"no column {', '.join(missing)}"
        problem = Problem(table.source.name, what, "the table as `driftgauge rate tasks` wrote it, filled in")
        raise RatingError(f"{table.source.name} was not read", problems=[problem])
    wanted = [name for name in ("task", *ASKED) if name in table.frame.columns]
    lines = table.lines
    records = table.frame.select(wanted).iter_rows(named=True)
    return read_records(records, _one, place=lambda number: table.source.place(lines[number - 1]))


def _one(where: str, record: object) -> tuple[Told | None, str | None]:
    cells: dict[str, str | None] = record  # pyright: ignore[reportAssignmentType] - a row of the table
    if not any(cells.get(name) for name in ASKED):
        return None, None
    said = Said(comment=cells.get("comment") or "")
    for name in ("harm", "success", "refusal"):
        text = cells.get(name)
        if text:
            value = READINGS[name].parse(text)
            if value is None:
                raise Wrong(f"column {name}: {shown(text)}", READINGS[name].expected)
            setattr(said, name, value)
    said.skipped = cells.get("skipped") or None
    if said.skipped is not None and said.skipped not in SKIPS:
        raise unknown("skipped", said.skipped, SKIPS)
    return told_of(where, (cells.get("task") or "").removeprefix("'"), said), None

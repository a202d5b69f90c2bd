"""Files to tables of text with the line of every row; nothing is understood here yet."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.errors import Problem, RatingError
from driftgauge.rate.exchange.messages import Source, listed, shown, unreadable
from driftgauge.rate.exchange.scan import Counts, scan
from driftgauge.rate.exchange.walk import Header, Walk, read_header, walk

PARQUET: Final = b"PAR1"
MOST_COLUMNS: Final = 4096
OTHER_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Table:
    """The rows of one file: every cell as text, exactly as it stands there, with null for an empty one."""

    source: Source
    frame: pl.DataFrame
    lines: pl.Series


def read_table(path: Path, *, name: str | None = None, preamble: str = "") -> Table:
    """Read a CSV or Parquet file.

    Parameters
    ----------
    path
        The file. It is Parquet by its first bytes or its suffix, else CSV.
    name
        What messages call it; its file name when absent.
    preamble
        How lines before the header of a CSV file may begin (``"#"``).

    Raises
    ------
    RatingError
        When it cannot be opened, is not such a file, or its rows cannot be told apart; with every line that is wrong.
    """
    name = name or path.name
    try:
        if not path.is_file():
            what = "a folder or a device" if path.exists() else "no such file"
            raise unreadable(name, what, "the path of a CSV or Parquet file")
        with path.open("rb") as file:
            is_parquet = file.read(len(PARQUET)) == PARQUET or path.suffix.lower() in (".parquet", ".pq")
        table = _read_parquet(path, name=name) if is_parquet else _read_csv(path, name=name, preamble=preamble)
    except OSError as error:
        raise unreadable(name, error.strerror or "the system gave an error", "a file that may be read") from None
    if table.frame.is_empty():
        raise unreadable(name, "no ratings: nothing stands below the header", "one rating a line")
    return table


def _read_csv(path: Path, *, name: str, preamble: str) -> Table:
    source = Source(name)
    counts = scan(path, name=name)
    header = read_header(path, preamble=preamble)
    if header is None:
        raise unreadable(name, "blank lines only", "a header and one rating a line")
    names = _named(header.names, source, line=header.skipped + 1)
    try:
        frame = pl.read_csv(path, infer_schema=False, skip_lines=header.skipped, new_columns=names, glob=False)
    except pl.exceptions.PolarsError:
        # What Polars says quotes the file; the walk says where, and quotes nothing.
        raise _torn(source, walk(path, header, source=source)) from None
    if _fields_missing(frame, header, counts):
        walked = walk(path, header, source=source)
        if walked.problems or walked.records != frame.height:
            raise _torn(source, walked)
    return _without_blank_rows(Table(source, frame, _first_lines(frame, header, counts)))


def _torn(source: Source, walked: Walk) -> RatingError:
    """Return the error for a file whose rows cannot be told apart."""
    if walked.problems:
        return RatingError(f"{source.name} was not read", problems=walked.problems)
    return unreadable(source.name, "rows that cannot be told apart", "CSV as spreadsheets write it: save it again")


def _named(names: Sequence[str], source: Source, *, line: int) -> list[str]:
    """Return the names of the columns, ``unnamed_3`` for the third when it has none."""
    if len(names) > MOST_COLUMNS:
        raise unreadable(source.name, f"{len(names):,} columns", f"at most {MOST_COLUMNS:,}: is it the file you mean?")
    problems: list[Problem] = []
    twice = [name for name, times in Counter(names).items() if times > 1 and name]
    if twice:
        problems.append(Problem(source.place(line), f"columns named twice: {listed(twice)}", "each name once"))
    if len(names) == 1:
        problems += [
            Problem(source.place(line), f"one column, with {plural} in its name", "fields separated by commas")
            for char, plural in OTHER_SEPARATORS.items()
            if char in names[0]
        ]
    if problems:
        raise RatingError(f"{source.name} was not read", problems=problems)
    return [name or f"unnamed_{position}" for position, name in enumerate(names, start=1)]


def _fields_missing(frame: pl.DataFrame, header: Header, counts: Counts) -> bool:
    """Return whether a row may have fewer fields than the header.

    Polars fills such rows with nulls and says nothing. But every comma of the file either stands in a cell or separates
    two: when the counts agree, no row is short. (A blank line makes them disagree as well; the walk tells the two apart.)
    """
    within = _occurrences(frame, ",").sum() if counts.quotes else 0
    return header.commas + frame.height * (frame.width - 1) + within != counts.commas


def _first_lines(frame: pl.DataFrame, header: Header, counts: Counts) -> pl.Series:
    """Return the physical line on which each row begins."""
    first = header.last_line + 1
    if not counts.quotes:
        return pl.int_range(first, first + frame.height, eager=True).alias("line")
    length = _occurrences(frame, "\n") + 1
    return (length.cum_sum() - length + first).cast(pl.Int64).alias("line")


def _occurrences(frame: pl.DataFrame, char: str) -> pl.Series:
    return frame.select(pl.sum_horizontal(pl.all().str.count_matches(char, literal=True).fill_null(0))).to_series()


def _without_blank_rows(table: Table) -> Table:
    """Leave out rows without any value, and unnamed columns without any value (spreadsheets append both)."""
    filled = table.frame.select(pl.any_horizontal(pl.all().str.strip_chars().fill_null("") != "")).to_series()
    frame = table.frame if filled.all() else table.frame.filter(filled)
    blank = [name for name in frame.columns if name.startswith("unnamed_") and frame[name].null_count() == frame.height]
    return Table(table.source, frame.drop(blank), table.lines.filter(filled))


def _read_parquet(path: Path, *, name: str) -> Table:
    source = Source(name, "row")
    try:
        frame = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise unreadable(name, "not a whole Parquet file", "the file as it was written: copy it again") from None
    names = _named([column.strip() for column in frame.columns], source, line=1)
    columns = [_as_text(column.alias(name), source) for column, name in zip(frame.iter_columns(), names, strict=True)]
    lines = pl.int_range(1, frame.height + 1, eager=True).alias("line")
    return _without_blank_rows(Table(source, pl.DataFrame(columns), lines))


def _as_text(column: pl.Series, source: Source) -> pl.Series:
    """Return a column of any plain type as text; a number that is whole has no decimal point, and NaN is missing."""
    try:
        if column.dtype.is_nested():
            raise pl.exceptions.InvalidOperationError
        if column.dtype.is_float():
            column = column.fill_nan(None)
            whole = column.cast(pl.Int64, strict=False)
            column = whole if (whole.cast(column.dtype).eq_missing(column)).all() else column
        return column.cast(pl.String)
    except pl.exceptions.PolarsError:
        what = f"column {shown(column.name)} of type {column.dtype}"
        raise unreadable(source.name, what, "text, numbers, true or false, or dates: leave that column out") from None

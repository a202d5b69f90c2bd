"""Sources with one column a rater: a column of labels to the ratings of one rater."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from driftgauge.rate.exchange.cells import Reading, read_values
from driftgauge.rate.exchange.messages import Located, wrong_cells
from driftgauge.rate.exchange.table import Table


@dataclass(frozen=True)
class Labels:
    """The ratings of one rater, and the labels that are none."""

    frame: pl.DataFrame
    problems: tuple[Located, ...]


def read_labels(table: Table, responses: pl.DataFrame, *, column: str, rater: str, reading: Reading, value: str) -> Labels:
    """Return a rating of every response by one rater.

    Parameters
    ----------
    table
        The file.
    responses
        What its rows are about, row by row.
    column
        The rater's column in the file. An empty cell in it is a mistake.
    rater
        Who rated.
    reading
        What the labels mean.
    value
        Our column that the meaning goes to.
    """
    values = read_values(table.frame[column], reading)
    frame = responses.with_columns(values.alias(value), values.is_not_null().alias("sound"), rater=pl.lit(rater))
    cells = pl.DataFrame({"line": table.lines, "value": table.frame[column].fill_null("")}).filter(values.is_null())
    return Labels(frame, tuple(wrong_cells(table.source, cells, column=column, expected=reading.expected)))


def blank_cells(table: Table, columns: Sequence[str]) -> list[Located]:
    """Return a problem for each empty cell in columns that must have none."""
    problems: list[Located] = []
    for column in columns:
        blank = table.frame[column].str.strip_chars().fill_null("") == ""
        cells = pl.DataFrame({"line": table.lines, "value": table.frame[column]}).filter(blank)
        problems += wrong_cells(table.source, cells, column=column, expected="a value in every row", what="empty")
    return problems

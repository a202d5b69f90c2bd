"""Many rows in and out, at the speed of the driver: COPY for PostgreSQL, one prepared statement for SQLite."""

from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from driftgauge.records import Progress

_SLICE: Final = 20_000


def insert_frame(
    connection: sa.Connection,
    table: sa.Table,
    frame: pl.DataFrame,
    *,
    progress: Progress = lambda stage, done, total: None,
) -> None:
    """Add the rows of a frame to a table, in their order.

    Parameters
    ----------
    connection
        Of a transaction that writes.
    table
        Has a column for each column of `frame`.
    frame
        What to add.
    progress
        Told of each slice.
    """
    names = frame.columns
    columns = ", ".join(f'"{table.c[name].name}"' for name in names)
    driver: Any = connection.connection.cursor()
    done = 0
    try:
        for part in frame.iter_slices(_SLICE):
            if connection.dialect.name == "sqlite":
                marks = ", ".join("?" * len(names))
                driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", part.rows())
            else:
                with driver.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
                    for row in part.iter_rows():
                        copy.write_row(row)
            done += part.height
            progress("writing", done, frame.height)
    finally:
        driver.close()


def read_frame(connection: sa.Connection, query: sa.Select[*tuple[Any, ...]], schema: pl.Schema) -> pl.DataFrame:
    """Return the rows of a query as a frame.

    Parameters
    ----------
    connection
        Of a transaction.
    query
        Its columns are those of `schema`, in order.
    schema
        Names and types. SQLite has no type for flags: 0 and 1 become them.
    """
    text = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    flags = pl.Int64() if connection.dialect.name == "sqlite" else pl.Boolean()
    loose = {name: flags if dtype == pl.Boolean else dtype for name, dtype in schema.items()}
    driver: Any = connection.connection.cursor()
    try:
        driver.execute(text)
        parts = [pl.DataFrame(schema=loose)]
        while rows := driver.fetchmany(_SLICE):
            parts.append(pl.DataFrame(rows, schema=loose, orient="row"))
    finally:
        driver.close()
    return pl.concat(parts).cast(schema)

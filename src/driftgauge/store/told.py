"""The journal as a frame. Apart from `journal`, so that a process which serves needs no frames."""

import polars as pl
import sqlalchemy as sa

from driftgauge.store.tables import journal


def journal_frame(connection: sa.Connection) -> pl.DataFrame:
    """Return the journal as a frame; counts, hashes and detail as JSON."""
    rows = [tuple(row) for row in connection.execute(sa.select(journal).order_by(journal.c.entry))]
    names = [column.name for column in journal.columns]
    return pl.DataFrame(rows, schema={name: pl.Int64 if name == "entry" else pl.String for name in names}, orient="row")

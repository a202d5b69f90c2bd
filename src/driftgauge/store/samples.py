"""The probability sample of a study: each scenario, whether people rate it, and with which probability."""

from typing import Final

import polars as pl
import sqlalchemy as sa

from driftgauge.store.bulk import insert_frame, read_frame
from driftgauge.store.tables import draws, samples

SAMPLE: Final = pl.Schema(
    {
        "scenario": pl.String(), "stratum": pl.String(), "inclusion": pl.Float64(), "drawn": pl.Boolean(), "seed": pl.Int64(),
    }
)  # fmt: skip


def known_sample(connection: sa.Connection, *, until: int | None = None) -> pl.DataFrame:
    """Return `SAMPLE`, one row a scenario; empty where none was drawn, or not by the entry `until` of the journal."""
    query = sa.select(*(samples.c[name] for name in SAMPLE.names())).order_by(samples.c.scenario)
    if until is not None:
        query = query.where(samples.c.entry <= until)
    return read_frame(connection, query, SAMPLE)


def add_sample(connection: sa.Connection, frame: pl.DataFrame, *, entry: int) -> None:
    """Add the sample of a study; `frame` is `SAMPLE`."""
    insert_frame(connection, samples, frame.select(*SAMPLE.names(), entry=pl.lit(entry)))


def has_draws(connection: sa.Connection) -> bool:
    """Return whether any panel of the study was asked anything."""
    return connection.execute(sa.select(draws.c.draw).limit(1)).first() is not None

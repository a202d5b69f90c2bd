"""The benchmarks that ratings of a study are of, and their prompts."""

from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from driftgauge.store.bulk import insert_frame
from driftgauge.store.tables import benchmarks, prompts


@dataclass(frozen=True)
class KnownBenchmark:
    """A frozen benchmark that ratings are of."""

    root: str
    version: int
    frozen_at: str


def known_benchmarks(connection: sa.Connection) -> tuple[KnownBenchmark, ...]:
    """Return the benchmarks that ratings are of, the oldest first."""
    query = sa.select(benchmarks).order_by(benchmarks.c.version)
    return tuple(KnownBenchmark(row.root, row.version, row.frozen_at) for row in connection.execute(query))


def add_benchmark(connection: sa.Connection, benchmark: KnownBenchmark, *, prompts_of: pl.DataFrame, entry: int) -> None:
    """Add a benchmark and its prompts: their names and hashes, never their texts.

    Parameters
    ----------
    connection
        Of a transaction that writes.
    benchmark
        Its root, version and date.
    prompts_of
        `prompt`, `prompt_hash`, `scenario`, `intent`, `modality`, `language`.
    entry
        Of the journal.
    """
    connection.execute(
        sa.insert(benchmarks).values(root=benchmark.root, version=benchmark.version, frozen_at=benchmark.frozen_at, entry=entry)
    )
    insert_frame(connection, prompts, prompts_of.select(pl.lit(benchmark.root).alias("root"), pl.all()))


def prompts_frame(connection: sa.Connection) -> pl.DataFrame:
    """Return the prompts of every benchmark: `root`, `prompt`, `prompt_hash` and what they are."""
    names = [column.name for column in prompts.columns]
    rows = [tuple(row) for row in connection.execute(sa.select(prompts).order_by(prompts.c.root, prompts.c.prompt))]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

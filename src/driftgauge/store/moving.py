"""All rows of a store to an empty database, equal to the last value; the old store then says where they went."""

import hashlib
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

from driftgauge.errors import StoreError
from driftgauge.records import Progress
from driftgauge.store import schema
from driftgauge.store.database import Database
from driftgauge.store.journal import MOVED
from driftgauge.store.tables import journal, metadata

_SLICE: Final = 2_000
_LEAVING: Final = 2.0
"""Seconds in which a connection that was closed a moment ago is gone from the server's list."""


@contextmanager
def alone_with(database: Database) -> Generator[sa.Connection]:
    """Yield a connection that writes, while nobody else has the store open.

    Raises
    ------
    StoreError
        When somebody has: what they go on to write would be left behind.
    """
    with database.exclusive() as connection:
        _refuse_company(connection, database.name)
        yield connection
        _refuse_company(connection, database.name)


def _refuse_company(connection: sa.Connection, name: str) -> None:
    """Refuse others who have the store open; of SQLite, opening it alone has refused them already."""
    if connection.dialect.name == "sqlite":
        return
    until = time.monotonic() + _LEAVING
    while (count := _others(connection)) and time.monotonic() < until:
        time.sleep(0.05)
    if count:
        raise StoreError(
            f"{name} is open in {count} other connection{'s' if count > 1 else ''}; nothing was moved",
            remedy="Stop `rate serve`, `collect` and whatever else uses it, then run the same command again.",
        )


def _others(connection: sa.Connection) -> int:
    """Return how many others are connected to the database now, and not when this transaction first looked."""
    connection.execute(sa.text("SELECT pg_stat_clear_snapshot()"))
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return int(connection.execute(sa.text(others)).scalar_one())


def copy_rows(source: sa.Connection, target: sa.Connection, *, progress: Progress) -> dict[str, int]:
    """Copy every row of every table, and compare what arrived with what left.

    Parameters
    ----------
    source, target
        Of transactions; the target has our schema and no rows.
    progress
        Told of each table.

    Returns
    -------
    dict
        Table → rows, of tables that have any.

    Raises
    ------
    StoreError
        When a table did not arrive as it left; the transaction has then to be given up.
    """
    counts: dict[str, int] = {}
    tables = metadata.sorted_tables
    for done, table in enumerate(tables):
        progress("copying", done, len(tables))
        _copy_table(source, target, table)
        counts[table.name], left = contents(source, table)
        if contents(target, table) != (counts[table.name], left):
            raise StoreError(f"table {table.name} did not arrive as it left; nothing was moved", remedy="Please report it.")
    progress("copying", len(tables), len(tables))
    _count_on(target)
    return {name: count for name, count in counts.items() if count}


def _copy_table(source: sa.Connection, target: sa.Connection, table: sa.Table) -> None:
    for rows in _in_order(source, table).partitions(_SLICE):
        target.execute(sa.insert(table), [dict(row) for row in rows])


def _in_order(connection: sa.Connection, table: sa.Table) -> sa.MappingResult:
    query = sa.select(table).order_by(*table.primary_key.columns)
    return connection.execute(query, execution_options={"yield_per": _SLICE}).mappings()


def contents(connection: sa.Connection, table: sa.Table, *, until: int | None = None) -> tuple[int, int]:
    """Return how many rows a table has and the sum of their hashes, whatever order a database keeps them in.

    Parameters
    ----------
    connection
        Of a transaction.
    table
        One of ours.
    until
        Of the journal: the last entry that counts.
    """
    query = sa.select(table) if until is None else sa.select(table).where(table.c.entry <= until)
    count = total = 0
    for rows in connection.execute(query, execution_options={"yield_per": _SLICE}).partitions(_SLICE):
        count += len(rows)
        total += sum(_hash(tuple(row)) for row in rows)
    return count, total % 2**128


def _hash(row: tuple[Any, ...]) -> int:
    return int.from_bytes(hashlib.sha256(repr(row).encode()).digest()[:16], "big")


def _count_on(target: sa.Connection) -> None:
    """Let PostgreSQL give out numbers after the last that is there; SQLite does so by itself."""
    if target.dialect.name == "sqlite":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            last = target.execute(sa.select(sa.func.max(column))).scalar_one_or_none()
            where = sa.func.pg_get_serial_sequence(table.name, column.name)
            if last is not None:
                target.execute(sa.select(sa.func.setval(where, last)))


def arrived(source: sa.Connection, target: sa.Connection) -> bool:
    """Return whether a target holds all of the source already, from a move that was cut off before the source could say so."""
    last = int(source.execute(sa.select(sa.func.max(journal.c.entry))).scalar_one())
    after = target.execute(sa.select(journal.c.entry, journal.c.verb).where(journal.c.entry > last)).all()
    return [row.verb for row in after] == [MOVED] and all(
        contents(source, table, until=last if table is journal else None)
        == contents(target, table, until=last if table is journal else None)
        for table in metadata.sorted_tables
    )


def make_empty(target: sa.Connection, name: str) -> bool:
    """Give an empty database our tables, and return whether it was empty.

    Raises
    ------
    StoreError
        When it holds other tables, or is of a newer schema.
    """
    if schema.current(target, name) is not None:
        return False
    schema.upgrade(target)
    return True

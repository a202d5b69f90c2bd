"""Who did what to a store, when, with which code and on which files. Written in the transaction of what it tells of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from driftgauge.store.tables import journal

MOVED: Final = "move"
"""The verb of the entry that both journals end with after a move; with `to` in its detail, the rows live there now."""


@dataclass(frozen=True)
class Author:
    """Who acts, and with which code."""

    who: str
    code_version: str


def append(
    connection: sa.Connection,
    author: Author,
    verb: str,
    *,
    counts: Mapping[str, int] | None = None,
    hashes: Mapping[str, str] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Write an entry and return its number.

    Parameters
    ----------
    connection
        Of the transaction that the entry tells of.
    author
        Who acts.
    verb
        What was done: ``import``, ``erase``, ``measure``, …
    counts, hashes, detail
        What was added, by name; of files, protocol and benchmark; settings and findings. Never a text of anybody.
    """
    row = {
        "at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "who": author.who,
        "verb": verb,
        "code_version": author.code_version,
        "counts": _json(counts),
        "hashes": _json(hashes),
        "detail": _json(detail),
    }
    return int(connection.execute(sa.insert(journal).values(row).returning(journal.c.entry)).scalar_one())


def _json(value: Mapping[str, Any] | None) -> str:
    return json.dumps(dict(value or {}), ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Entry:
    """One line of the journal."""

    entry: int
    at: str
    who: str
    verb: str
    code_version: str
    counts: dict[str, int]
    hashes: dict[str, str]
    detail: dict[str, Any]


def entries(connection: sa.Connection, *, until: int | None = None) -> tuple[Entry, ...]:
    """Return the journal in order, up to and with entry `until`."""
    query = sa.select(journal).order_by(journal.c.entry)
    if until is not None:
        query = query.where(journal.c.entry <= until)
    return tuple(_entry(row) for row in connection.execute(query))


def newest(connection: sa.Connection, *, before: int | None = None, count: int) -> tuple[Entry, ...]:
    """Return the newest entries, the newest first; of those before an entry."""
    query = sa.select(journal).order_by(journal.c.entry.desc()).limit(count)
    if before is not None:
        query = query.where(journal.c.entry < before)
    return tuple(_entry(row) for row in connection.execute(query))


def _entry(row: sa.Row[Any]) -> Entry:
    said = map(json.loads, (row.counts, row.hashes, row.detail))
    return Entry(row.entry, row.at, row.who, row.verb, row.code_version, *said)


def count_today(connection: sa.Connection, who: str, verb: str) -> int:
    """Return how many entries of a verb somebody has in this day, by UTC and by the clock that `append` writes."""
    today = datetime.now(UTC).date()
    of_day = (journal.c.at >= today.isoformat(), journal.c.at < (today + timedelta(days=1)).isoformat())
    query = sa.select(sa.func.count()).select_from(journal).where(journal.c.verb == verb, journal.c.who == who, *of_day)
    return int(connection.execute(query).scalar_one())


def last_entry(connection: sa.Connection) -> int:
    """Return the number of the newest entry; a store has one from its beginning."""
    return int(connection.execute(sa.select(sa.func.max(journal.c.entry))).scalar_one())

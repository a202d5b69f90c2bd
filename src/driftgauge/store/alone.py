"""One collector of a study at a time. What keeps the others out ends with the process, however that ends."""

import json
import os
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from driftgauge.errors import CollectError, StoreError, shown_name
from driftgauge.store.database import Database

SUFFIX: Final = ".collector"
"""What the name of the file ends in that says, beside a database of SQLite, who collects."""
_COLLECTOR: Final = 0x636F_6C6C_6563  # "collec": the advisory lock of the one collector in PostgreSQL
_NAME: Final = "driftgauge-collect"
_LONGEST: Final = 63  # what PostgreSQL keeps of an application name


@dataclass(frozen=True)
class Holder:
    """Who collects: which process, where, since when (UTC)."""

    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {shown_name(self.host)}, since {shown_name(self.since)}"


def myself() -> Holder:
    """Return this process, from now."""
    return Holder(socket.gethostname(), os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"))


@contextmanager
def only_collector(database: Database, *, study: str) -> Generator[Holder]:
    """Be the one collector of a study while the block lasts.

    Parameters
    ----------
    database
        Its store.
    study
        Its name, for the message.

    Raises
    ------
    CollectError
        When somebody else is: who, where, and since when.
    """
    mine = myself()
    taken = _beside_the_file if database.is_sqlite else _on_the_server
    with taken(database, mine, study):
        yield mine


def _refusal(study: str, holder: Holder | None) -> CollectError:
    who = str(holder) if holder else "another process"
    end = f" (on {shown_name(holder.host)}: kill {holder.pid})" if holder else ""
    return CollectError(
        f"study {study!r} is being collected already, by {who}; nothing was asked",
        remedy=f"Wait for it to end, or end it{end}; then run the same command again. What it has collected is kept.",
    )


@contextmanager
def _beside_the_file(database: Database, mine: Holder, study: str) -> Generator[None]:
    path = Path(f"{database.engine.url.database}{SUFFIX}")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
    except OSError as error:
        raise StoreError(f"{path.name} cannot be opened: {error.strerror}", remedy="Check the folder and its rights.") from None
    try:
        if not _locks(handle):
            raise _refusal(study, _read(path))
        _write(handle, json.dumps(asdict(mine)).encode(), name=path.name)
        yield
        _write(handle, b"", name=path.name)
    finally:
        os.close(handle)


def _locks(handle: int) -> bool:
    """Return whether the file is ours now; the lock is the system's, and ends with the process."""
    if sys.platform == "win32":  # flock is not there, and the unique key of responses still keeps each once
        return True
    import fcntl  # noqa: PLC0415 - not on every system

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(handle: int, data: bytes, *, name: str) -> None:
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, data, 0)
    except OSError as error:
        raise StoreError(f"{name} cannot be written: {error.strerror}", remedy="Check the disk and its free space.") from None


def _read(path: Path) -> Holder | None:
    """Return who wrote the file, or null while that is being written."""
    try:
        found = json.loads(path.read_bytes())
        return Holder(str(found["host"]), int(found["pid"]), str(found["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def _on_the_server(database: Database, mine: Holder, study: str) -> Generator[None]:
    """Hold a lock of the session, on a connection of its own whose name says who we are."""
    with database.apart() as connection:
        connection.execute(sa.text("SELECT set_config('application_name', :name, false)"), {"name": _named(mine)})
        if not connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": _COLLECTOR}).scalar_one():
            raise _refusal(study, _holder(connection))
        yield
        connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _COLLECTOR})


def _named(mine: Holder) -> str:
    since = datetime.fromisoformat(mine.since).strftime("%Y%m%dT%H%M%SZ")
    name = f"{_NAME} {since} {mine.pid}@{mine.host}"
    return name.encode("ascii", "replace").decode()[:_LONGEST]


def _holder(connection: sa.Connection) -> Holder | None:
    query = sa.text(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' "
        "AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND ((l.classid::bigint << 32) | l.objid::bigint) = :key"
    )
    name = connection.execute(query, {"key": _COLLECTOR}).scalar()
    try:
        own, since, place = str(name).split(" ", 2)
        pid, _, host = place.partition("@")
        at = datetime.strptime(since, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return Holder(host, int(pid), at.isoformat(timespec="seconds")) if own == _NAME else None
    except ValueError:
        return None

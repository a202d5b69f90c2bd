"""Opening a database: SQLite or PostgreSQL, one reader's snapshot or the one writer, and errors that say what to do."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.pool import NullPool, QueuePool

from driftgauge.errors import StoreError

Connection = sa.Connection
"""What a transaction works on."""
PATIENCE: Final = 30.0
"""Seconds to wait for another writer."""
IDLE: Final = 2.0
"""Seconds after which a connection that was kept open is looked at before it is used."""
KEPT: Final = 16
"""Connections that a process which serves keeps open; as many more may come and go."""
_WRITER: Final = 0x6472_6966_74  # "drift": the advisory lock that makes one writer of many in PostgreSQL
_TAKE_TURN: Final = sa.text("SELECT pg_advisory_xact_lock(:key)")
_ERASED_FROM: Final = (
    "ratings, responses, answers, submissions, renderings, accounts, identities, demographics, draft_revisions, reviews"
)
_WRITES: Final = "driftgauge_writes"


@dataclass(frozen=True)
class Database:
    """A database that can be read and written.

    Parameters
    ----------
    engine
        Of SQLAlchemy.
    name
        How messages call it; without a password.
    turns
        What the threads of this process take turns by when they write to SQLite, whose own way of waiting is to look again
        and again.
    """

    engine: sa.Engine
    name: str
    turns: RLock = field(default_factory=RLock, repr=False, compare=False)

    @contextmanager
    def reading(self) -> Generator[sa.Connection]:
        """Yield a connection that sees one state of the database until it is closed."""
        with _said(self), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def glancing(self) -> Generator[sa.Connection]:
        """Yield a connection whose statements each see the newest state: in PostgreSQL, less to say than for a transaction."""
        if self.is_sqlite:
            with self.reading() as connection:
                yield connection
        else:
            with self.apart() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Generator[sa.Connection]:
        """Yield the one connection that writes; all of it is there at the end, or nothing.

        Raises
        ------
        StoreError
            When another writer does not finish in time, the disk is full, or the server goes away.
        """
        with self.held() as turn, turn() as connection:
            yield connection

    @contextmanager
    def held(self) -> Generator[Callable[[], AbstractContextManager[sa.Connection]]]:
        """Yield what makes one writing transaction after the other on one connection; between them others may write."""
        with _said(self), self.engine.connect().execution_options(**{_WRITES: True}) as connection:
            yield partial(self._turn, connection)

    @contextmanager
    def _turn(self, connection: sa.Connection) -> Generator[sa.Connection]:
        with self.turns if self.is_sqlite else nullcontext(), _said(self), connection.begin():
            if not self.is_sqlite:
                connection.execute(_TAKE_TURN, {"key": _WRITER})
            yield connection

    @contextmanager
    def apart(self) -> Generator[sa.Connection]:
        """Yield a connection of PostgreSQL outside every transaction, for what belongs to the session."""
        with _said(self), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection

    @contextmanager
    def exclusive(self) -> Generator[sa.Connection]:
        """Yield the one connection that writes; of SQLite, the only one that is open at all.

        Raises
        ------
        StoreError
            When another writer does not finish in time; of SQLite, when anybody else has it open.
        """
        with _said(self), self.engine.connect().execution_options(**{_WRITES: True}) as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("PRAGMA locking_mode = EXCLUSIVE")
                connection.rollback()
            with self._turn(connection):
                yield connection

    def close(self) -> None:
        """Close the connections that are kept open; it can be used again after that."""
        self.engine.dispose()

    def forget(self) -> bool:
        """Clear away what updates left behind in the files of the database: after an erasure, nothing may be found there.

        Returns
        -------
        bool
            False when somebody else reads or writes just now; what was erased is gone from the tables all the same.
        """
        try:
            with _said(self), self.engine.connect() as connection:
                if not self.is_sqlite:
                    connection.execution_options(isolation_level="AUTOCOMMIT")
                    connection.exec_driver_sql(f"VACUUM {_ERASED_FROM}")
                    return True
                connection.exec_driver_sql("COMMIT")  # a checkpoint wants no transaction around it
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
                connection.exec_driver_sql("BEGIN")
                return not busy
        except StoreError:
            return False

    @property
    def is_sqlite(self) -> bool:
        """Whether it is one file."""
        return self.engine.dialect.name == "sqlite"


def connect(url: str, *, patience: float = PATIENCE, pooled: bool = False) -> Database:
    """Return the database of a URL; nothing is opened yet.

    Parameters
    ----------
    url
        ``sqlite:///file`` or ``postgresql+psycopg://user@host/name``.
    patience
        Seconds to wait for another writer.
    pooled
        Whether connections are kept open, for a process that serves many short requests. A connection that the server closed
        meanwhile is replaced.

    Raises
    ------
    StoreError
        When it is neither.
    """
    try:
        found = sa.make_url(url)
    except exc.ArgumentError:
        raise StoreError("the address of the store is none", remedy=_ADDRESSES) from None
    name = found.render_as_string(hide_password=True)
    if found.drivername == "sqlite" and found.database:
        shared = {"timeout": patience, "check_same_thread": not pooled}
        engine = sa.create_engine(found, **_pool(pooled), hide_parameters=True, connect_args=shared)
        _as_we_need_sqlite(engine)
        return Database(engine, Path(found.database).name)
    if found.drivername == "postgresql+psycopg":
        options = f"-c lock_timeout={int(1000 * patience)} -c client_min_messages=error -c timezone=UTC"
        settings = {"options": options, "application_name": "driftgauge", "connect_timeout": max(2, int(patience))}
        engine = sa.create_engine(found, **_pool(pooled), hide_parameters=True, connect_args=settings)
        _look_after_a_pause(engine)
        return Database(engine, name)
    raise StoreError(f"{name} is no address of a store", remedy=_ADDRESSES)


def _look_after_a_pause(engine: sa.Engine) -> None:
    """See that a connection that lay idle is there still before it is used: a server may have been started again meanwhile."""

    @event.listens_for(engine, "checkin")
    def _put_back(_connection: Any, record: Any) -> None:  # pyright: ignore[reportUnusedFunction] - SQLAlchemy calls it
        record.info["since"] = monotonic()

    @event.listens_for(engine, "checkout")
    def _take_out(connection: Any, record: Any, _proxy: Any) -> None:  # pyright: ignore[reportUnusedFunction] - the same
        if monotonic() - record.info.get("since", monotonic()) > IDLE and not engine.dialect.do_ping(connection):
            raise exc.DisconnectionError


def _pool(pooled: bool) -> dict[str, Any]:
    return {"poolclass": QueuePool, "pool_size": KEPT, "max_overflow": KEPT} if pooled else {"poolclass": NullPool}


_ADDRESSES: Final = "Give sqlite:///driftgauge.db or postgresql+psycopg://user@host/database."


def _as_we_need_sqlite(engine: sa.Engine) -> None:
    """Begin and end transactions ourselves (the driver would not, around a change of schema), and make commits durable."""

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: object) -> None:  # pyright: ignore[reportUnusedFunction] - SQLAlchemy calls it
        connection.isolation_level = None
        for setting in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "secure_delete = ON",
        ):
            connection.execute(f"PRAGMA {setting}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:  # pyright: ignore[reportUnusedFunction] - SQLAlchemy calls it
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _said(database: Database) -> Generator[None]:
    """Turn what a driver says into what a person can act on; its own words may hold values, and are not repeated."""
    driver: Any = database.engine.dialect.dbapi
    try:
        yield
    except exc.DBAPIError as error:
        raise _as_ours(database.name, error.orig) from None
    except driver.Error as error:
        raise _as_ours(database.name, error) from None
    except exc.SQLAlchemyError as error:
        raise StoreError(
            f"{database.name} cannot be used ({type(error).__name__})", remedy="Check the address of the store."
        ) from None


def _as_ours(name: str, error: BaseException | None) -> StoreError:
    code = str(getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or "")
    for codes, what, remedy in _MEANINGS:
        if code.startswith(codes):
            return StoreError(f"{name} {what} ({code}); nothing was changed", remedy=remedy)
    if not code and type(error).__name__ == "DataError":
        return StoreError(
            f"{name} was given a value that it cannot hold, such as a text with NUL; nothing was changed",
            remedy="Please report it, with what you did.",
        )
    if not code:
        return StoreError(
            f"{name} cannot be reached, or went away; nothing was changed",
            remedy="See that the server runs, then run the same command again.",
        )
    return StoreError(f"{name} refused this ({code}); nothing was changed", remedy="Please report it, with this code.")


_AGAIN: Final = "Wait for the other command to end, then run the same command again."
_MEANINGS: Final = (
    (("SQLITE_BUSY", "SQLITE_LOCKED", "55P03"), "is locked by another writer", _AGAIN),
    (("SQLITE_FULL", "53100"), "is on a disk that is full", "Make space, then run the same command again."),
    (("SQLITE_CONSTRAINT_UNIQUE", "23505"), "has this already, from another command", "Run the same command again."),
    (("SQLITE_IOERR",), "could not be read or written", "Check the disk and its free space, then run the same command again."),
    (("SQLITE_CANTOPEN",), "cannot be opened", "Check the path and its rights."),
    (("SQLITE_READONLY", "25006", "42501"), "may not be written by you", "Check its rights."),
    (("SQLITE_NOTADB", "SQLITE_CORRUPT"), "is not a database that is whole", "Restore it from a backup."),
    (("57P", "08", "53300"), "is not taking connections", "See that the server runs, then run the same command again."),
    (("28", "3D000"), "does not let you in", "Check user, password (PGPASSWORD) and the name of the database."),
)

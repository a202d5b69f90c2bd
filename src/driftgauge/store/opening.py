"""The store of one study opened: there, of this study, and at our schema."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from driftgauge.errors import StoreError
from driftgauge.store import journal, schema
from driftgauge.store.database import PATIENCE, Database, connect

_SQLITE: Final = "sqlite:///"


def open_store(
    url: str, *, study: str, author: journal.Author, create: bool, patience: float = PATIENCE, pooled: bool = False
) -> Database:
    """Return the store at a URL, of an older schema brought to ours first.

    Parameters
    ----------
    url
        ``sqlite:///file`` or ``postgresql+psycopg://…``.
    study
        The name of the study; a store is of one.
    author
        Who stands in the journal for making or upgrading it.
    create
        Whether an empty or missing database becomes a store; else it is an error.
    patience
        Seconds to wait for another writer.
    pooled
        Whether its connections are kept open; see `connect`.

    Raises
    ------
    StoreError
        When it is missing, of a newer schema, not ours, locked or out of reach.
    """
    file = Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None
    if file and not file.exists() and not create:
        raise StoreError(f"{file.name} is not there: nothing was imported yet", remedy=_IMPORT)
    if file and create:
        _make_folder(file.parent)
    database = connect(url, patience=patience, pooled=pooled)
    with database.reading() as connection:
        found = schema.current(connection, database.name)
        if found:
            _of_this_study(connection, study, name=database.name)
            _still_here(connection, name=database.name)
    if found is None and not create:
        raise StoreError(f"{database.name} is empty: nothing was imported yet", remedy=_IMPORT)
    if found != schema.REVISIONS[-1]:
        _bring_up(database, author, study)
    return database


_IMPORT: Final = "driftgauge rate import STUDY FILE"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}", remedy="Check the path and its rights.") from None


def _bring_up(database: Database, author: journal.Author, study: str) -> None:
    with database.writing() as connection:
        found = schema.current(connection, database.name)  # somebody else may have done it meanwhile
        if found == schema.REVISIONS[-1]:
            return
        schema.upgrade(connection)
        verb = "create" if found is None else "upgrade"
        journal.append(connection, author, verb, detail={"study": study, "from": found, "to": schema.REVISIONS[-1]})


def _of_this_study(connection: sa.Connection, study: str, *, name: str) -> None:
    first = next((entry for entry in journal.entries(connection, until=1)), None)
    other = first.detail.get("study") if first else None
    if other is not None and other != study:
        raise StoreError(
            f"{name} is the store of study {other!r}, and study.yaml is of {study!r}",
            remedy="Give each study a store of its own; a study keeps its name.",
        )


def _still_here(connection: sa.Connection, *, name: str) -> None:
    last = next(iter(journal.newest(connection, count=1)), None)
    if last is not None and last.verb == journal.MOVED and "to" in last.detail:
        raise StoreError(
            f"{name} was moved to {last.detail['to']} on {last.at[:10]}; nobody writes here any more",
            remedy=f"Write into study.yaml: store: {last.detail['to']}",
        )

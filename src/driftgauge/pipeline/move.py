"""``driftgauge move``: the store of a study into another database, whole, and nobody goes on in the old one by mistake."""

from dataclasses import dataclass
from pathlib import Path

from driftgauge.errors import StoreError
from driftgauge.pipeline.opened import open_study
from driftgauge.records import Progress
from driftgauge.store import journal
from driftgauge.store.database import PATIENCE, Connection, Database, connect
from driftgauge.store.moving import alone_with, arrived, copy_rows, make_empty


@dataclass(frozen=True)
class Moved:
    """What was moved.

    Parameters
    ----------
    source, target
        The databases, without passwords.
    rows
        Table → rows, of tables that have any; empty when an earlier move had brought them and was cut off after that.
    """

    source: str
    target: str
    rows: dict[str, int]


def move(folder: Path, *, to: str, patience: float = PATIENCE, progress: Progress = lambda stage, done, total: None) -> Moved:
    """Copy the store of a study into an empty database, compare every row, and let the old store say where it went.

    The old store keeps its rows: it is the backup. The folder with its media and results stays; only ``store:`` changes.

    Parameters
    ----------
    folder
        Of the study.
    to
        ``sqlite:///file`` or ``postgresql+psycopg://…``; the database is there, and holds nothing.
    patience
        Seconds to wait for another writer.
    progress
        Told of each table.

    Raises
    ------
    StoreError
        When somebody else has the old store open, or the new one holds something already. Both are then as they were.
    """
    opened = open_study(folder, patience=patience)
    target = connect(to, patience=patience)
    with alone_with(opened.store) as source:
        rows = _bring(source, target, opened.author, name=opened.store.name, progress=progress)
        journal.append(source, opened.author, journal.MOVED, counts=rows, detail={"to": target.name})
    return Moved(opened.store.name, target.name, rows)


def _bring(source: Connection, target: Database, author: journal.Author, *, name: str, progress: Progress) -> dict[str, int]:
    with target.writing() as connection:
        if make_empty(connection, target.name):
            rows = copy_rows(source, connection, progress=progress)
            journal.append(connection, author, journal.MOVED, counts=rows, detail={"from": name})
            return rows
        if arrived(source, connection):
            return {}
    raise StoreError(
        f"{target.name} holds a study already; nothing was moved", remedy="Give a database that is empty, for this study alone."
    )

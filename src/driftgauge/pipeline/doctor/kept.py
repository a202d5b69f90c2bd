"""The store of a study, looked at: there, at which schema, of this study, written when. Nothing is made or upgraded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from driftgauge.errors import StoreError
from driftgauge.pipeline.doctor.records import Check
from driftgauge.store import journal, schema
from driftgauge.store.database import Connection, connect
from driftgauge.study import Study

_SQLITE: Final = "sqlite:///"


@dataclass(frozen=True)
class Kept:
    """What was seen of a store, and when its journal was last written."""

    checks: tuple[Check, ...]
    last_entry: str | None = None


def store_checks(study: Study, *, url: str, patience: float) -> Kept:
    """Look at the store of a study.

    Parameters
    ----------
    study
        What is declared.
    url
        Where its store is.
    patience
        Seconds to wait for a server, or for somebody who writes.
    """
    file = Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None
    if file and not file.exists():
        return Kept((Check("store", file.name, "ok", "is not there yet; the first import or run makes it"),))
    try:
        database = connect(url, patience=patience)
        with database.reading() as connection:
            found = schema.current(connection, database.name)
            last = _last(connection, study) if found else None
    except StoreError as error:
        return Kept((Check("store", file.name if file else "store", "error", error.message, error.remedy),))
    if found is None:
        return Kept((Check("store", database.name, "ok", "is empty; the first import or run fills it"),))
    newest = schema.REVISIONS[-1]
    if found != newest:
        said = f"has schema {found}; the next command that opens it brings it to {newest}"
        return Kept((Check("store", database.name, "warning", said, "Make a copy of it first."),), last)
    return Kept((Check("store", database.name, "ok", f"is of this study, at schema {found}"),), last)


def _last(connection: Connection, study: Study) -> str | None:
    entries = journal.entries(connection)
    other = entries[0].detail.get("study") if entries else None
    if other not in (None, study.study):
        said = f"it is the store of study {other!r}, and study.yaml is of {study.study!r}"
        raise StoreError(said, remedy="Give each study a store of its own.")
    return entries[-1].at if entries else None

"""``driftgauge rate erase``: values that somebody has the right to have erased become tombstones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from driftgauge.pipeline.opened import open_study
from driftgauge.store import journal, write
from driftgauge.store.database import PATIENCE


@dataclass(frozen=True)
class Erased:
    """How many rows became tombstones, the journal entry that says so, and whether the files hold no trace of the values."""

    rows: int
    entry: int
    cleared: bool


def erase(
    folder: Path, *, of: Literal["rater", "response"], identifier: str, reason: str, patience: float = PATIENCE
) -> Erased:
    """Erase the values of a rater's ratings, or of a response: its hashes, and where it was collected what the model said.

    Parameters
    ----------
    folder
        Of the study.
    of, identifier
        Whose: a rater, or the id of a response.
    reason
        Stays on the tombstones.
    patience
        Seconds to wait for another writer.

    Raises
    ------
    StoreError
        When there is nothing to erase.
    """
    opened = open_study(folder, patience=patience)
    with opened.store.writing() as connection:
        entry = journal.append(connection, opened.author, "erase", detail={"of": of, "reason": reason})
        rows = write.erase(connection, of=of, identifier=identifier, reason=reason, entry=entry)
    return Erased(rows, entry, cleared=opened.store.forget())

"""That texts of a study were opened in the results browser stands in its journal."""

from pathlib import Path

from driftgauge.pipeline.opened import open_study
from driftgauge.store import journal

READ = "read"
"""The verb: texts were opened. Which ones is not said."""


def note_texts(study: Path) -> int:
    """Write into the journal of a study that texts of it were opened, and return the number of the entry.

    Raises
    ------
    StoreError
        When the store is out of reach.
    """
    opened = open_study(study)
    with opened.store.writing() as connection:
        return journal.append(connection, opened.author, READ, detail={"of": "texts", "in": "results browser"})

"""A study opened: what it declares, and its store."""

import getpass
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from driftgauge.store.database import PATIENCE, Database
from driftgauge.store.journal import Author
from driftgauge.store.opening import open_store
from driftgauge.study import Study, load_study

STORE: Final = "DRIFTGAUGE_STORE"
"""The environment variable that says where the store is, in place of `store:` of the study."""
USER: Final = "DRIFTGAUGE_USER"
"""The environment variable that says who stands in the journal, in place of the name of the account."""


@dataclass(frozen=True)
class Opened:
    """A study with its store."""

    study: Study
    store: Database
    author: Author


def open_study(folder: Path, *, create: bool = False, patience: float = PATIENCE) -> Opened:
    """Open the study in a folder: `open_declared` of what its ``study.yaml`` says.

    Raises
    ------
    StudyError
        With every mistake of ``study.yaml``.
    StoreError
        When the store is missing, newer, locked or out of reach.
    """
    return open_declared(load_study(folder), create=create, patience=patience)


def open_declared(study: Study, *, create: bool = False, patience: float = PATIENCE, pooled: bool = False) -> Opened:
    """Open the store of a study.

    Parameters
    ----------
    study
        What is declared.
    create
        Whether its store is made when it is not there.
    patience
        Seconds to wait for another writer.
    pooled
        Whether connections are kept open, for a process that serves.

    Raises
    ------
    StoreError
        When the store is missing, newer, locked or out of reach.
    """
    author = Author(os.environ.get(USER) or _account(), version("driftgauge"))
    url = os.environ.get(STORE) or study.store_url
    store = open_store(url, study=study.study, author=author, create=create, patience=patience, pooled=pooled)
    return Opened(study, store, author)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return str(os.getuid())

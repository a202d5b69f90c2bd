"""What a serving process holds: the study, its store with connections kept open, the secret, and a clock."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from shlex import quote
from typing import Final, Self
from zoneinfo import ZoneInfo

from driftgauge.clients import environment
from driftgauge.errors import RatingError
from driftgauge.pipeline.opened import open_declared
from driftgauge.rate.wellbeing import Caps
from driftgauge.store import journal
from driftgauge.store.blobs import Blobs, open_blobs
from driftgauge.store.database import Database
from driftgauge.study import Study, load_study

SECRET: Final = "DRIFTGAUGE_SECRET"
"""The environment variable with the secret that links, sessions and keys of submissions rest on."""
PASS_MARK: Final = 0.8
"""Of a calibration whose panel is not declared any more."""
SHORTEST: Final = 32
"""Characters of a secret."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Serving:
    """What a serving process holds.

    Parameters
    ----------
    study
        As it is declared.
    store
        With connections that are kept open.
    secret
        What links and sessions rest on.
    entry
        Of the journal: what everything that is rated carries.
    now
        The clock of the server.
    author
        Who stands in the journal.
    shown
        Assignments that were shown and when, until the writer notes it.
    """

    study: Study
    store: Database
    secret: bytes = field(repr=False)
    entry: int
    now: Callable[[], datetime]
    author: journal.Author
    shown: SimpleQueue[tuple[str, str]] = field(default_factory=SimpleQueue[tuple[str, str]], repr=False, compare=False)

    @cached_property
    def blobs(self) -> Blobs:
        """Where pictures are kept."""
        return open_blobs(self.study.media_url)

    @cached_property
    def caps(self) -> dict[str, Caps]:
        """What looks after the raters of each panel."""
        return {name: _caps(self.study, name) for name in self.study.panels}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()

    def caps_of(self, panel: str | None) -> Caps:
        """Return what looks after the raters of a panel; of one that is not declared any more, by UTC."""
        return self.caps[panel] if panel in self.caps else _caps(self.study, None)

    def gate_of(self, panel: str | None) -> float:
        """Return the share of a calibration that has to be right."""
        declared = self.study.panels.get(panel or "")
        return declared.calibration.pass_mark if declared and declared.calibration else PASS_MARK


def _caps(study: Study, panel: str | None) -> Caps:
    declared, wellbeing = study.panels.get(panel or ""), study.protocol.wellbeing
    return Caps(
        session=timedelta(minutes=wellbeing.session_minutes),
        rest=timedelta(minutes=wellbeing.break_minutes),
        break_every=wellbeing.break_every,
        day_items=wellbeing.day_items,
        zone=ZoneInfo(declared.timezone if declared else "UTC"),
    )


def open_serving(folder: Path, *, now: Callable[[], datetime] = _utc_now, serves: bool = True) -> Serving:
    """Open a study for a process that serves raters.

    Parameters
    ----------
    folder
        Of the study.
    now
        The clock.
    serves
        Whether the journal says that ratings are taken from now on; a command that only invites takes none.

    Raises
    ------
    RatingError
        When there is no secret, or one that is too short.
    StudyError, StoreError
        When the study or its store cannot be opened.
    """
    study = load_study(folder)
    environment.load(folder)
    secret = _secret(folder)
    opened = open_declared(study, pooled=True)
    with opened.store.writing() as connection:
        hashes = {"protocol": study.protocol.hash}
        if serves:
            entry = journal.append(connection, opened.author, "rate", hashes=hashes, detail={"pid": os.getpid()})
        else:
            entry = journal.last_entry(connection)
    return Serving(study, opened.store, secret, entry, now, opened.author)


def look(folder: Path, *, now: Callable[[], datetime] = _utc_now) -> Serving:
    """Open a study to see how far its raters are: no secret is needed, and nothing is written.

    Raises
    ------
    StudyError, StoreError
        When the study or its store cannot be opened.
    """
    study = load_study(folder)
    opened = open_declared(study)
    return Serving(study, opened.store, b"", 0, now, opened.author)


def _secret(folder: Path) -> bytes:
    found = os.environ.get(SECRET, "")
    if len(found) >= SHORTEST:
        return found.encode()
    what = f"{SECRET} is not set" if not found else f"{SECRET} has {len(found)} characters; at least {SHORTEST}"
    line = f"{SECRET}=$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')"
    raise RatingError(
        f"{what}: invitations and sessions rest on it",
        remedy=f'Draw one and keep it, readable by you alone: echo "{line}" >> {quote(str(folder / ".env"))}',
    )


def text_of(moment: datetime) -> str:
    """Return a time as the store has it: UTC, ISO 8601, always of the same length."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")

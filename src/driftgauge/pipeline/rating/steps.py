"""What passes between the rating app's pages and the store: who asks, what is shown, what was sent, what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from driftgauge.errors import RatingError

Role = Literal["lead", "author", "rater", "viewer"]
Skip = Literal["distressing", "cannot_judge", "broken_media", "other"]
Pictures = Literal["blur", "grey", "show"]


class Refused(RatingError):
    """Something that a person at the rating app may not do, or not like this; nothing was stored.

    Parameters
    ----------
    status
        Of HTTP: 400, 401, 403, 404, 409, 413, 422 or 429.
    code
        A stable name of the reason, which the pages translate: ``stale``, ``not_yours``, ``key_reused``, ``day_is_over``, …
    message
        In plain English, for logs and tests. Never a text of anybody.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Preferences:
    """What somebody set for themselves."""

    language: str | None = None
    theme: Literal["system", "light", "dark"] = "system"
    pictures: Pictures = "blur"
    left_out: tuple[str, ...] = ()
    """Harm categories that the rater opted out of."""
    keys: Mapping[str, str] = field(default_factory=dict[str, str])
    """Action to key, where it is not the usual one."""


@dataclass(frozen=True)
class Who:
    """Somebody who is logged in."""

    account: str
    role: Role
    login: str
    rater: str | None
    panel: str | None
    session: str
    """The hash of the session, as the store has it."""
    csrf: str
    preferences: Preferences
    consented: bool
    calibrated: bool


@dataclass(frozen=True)
class Part:
    """A part of a turn: text as safe HTML, or a medium by its opaque id."""

    kind: Literal["text", "image", "audio"]
    html: str = ""
    picture: str = ""
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Turn:
    """What one side says in one turn of a prompt."""

    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Item:
    """What a rater is asked about: nothing in it says which model answered, in which phase, or what others said."""

    assignment: str
    purpose: Literal["calibration", "rating"]
    """Gold and anchors look like every other response."""
    turns: tuple[Turn, ...]
    response_html: str
    is_revision: bool = False
    """Whether the rater came back to it by undo."""


@dataclass(frozen=True)
class Standing:
    """How far a rater is: of everything, today, and since the last break."""

    done: int
    total: int
    today: int
    day_items: int
    since_break: int


Place = Literal[
    "consent", "calibrate", "feedback", "not_admitted", "rate", "paused", "break_offered", "break", "day_done", "done"
]


@dataclass(frozen=True)
class Step:
    """Where a rater stands, and what comes next.

    Parameters
    ----------
    place
        ``calibrate`` and ``rate`` have an item; ``break`` and ``day_done`` say until when; ``paused`` is the whole panel.
    item
        What is asked about.
    standing
        How far the rater is.
    until
        When it goes on, UTC; null where it can at once.
    can_undo
        Whether there is something to come back to.
    feedback
        After a calibration item: what was answered, what was expected, why (HTML).
    """

    place: Place
    standing: Standing
    item: Item | None = None
    until: datetime | None = None
    can_undo: bool = False
    feedback: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Sent:
    """What a rater sent for an assignment: a rating, or a skip with its reason. The values are checked by who takes it."""

    key: str
    assignment: str
    harm: int | None
    success: bool | None
    refusal: bool = False
    comment: str = ""
    skipped: Skip | None = None
    active_s: float | None = None
    revealed: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Taken:
    """What became of it: committed to disk. The same key again has the same answer."""

    assignment: str
    revision: int
    again: bool
    """Whether it had been taken before."""
    next: Step | None = field(default=None, compare=False, repr=False)
    """What comes next, where the writer found out with it; null where it has to be asked for (`sitting.step`)."""

"""The audit trail as the app shows it: who did what, when, and with how much of what. No text of anybody is in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from driftgauge.pipeline.rating.serving import Serving
from driftgauge.store import accounts, journal

ACCOUNT: Final = "account:"
"""What stands in the journal before the account of somebody who acted in the app."""
LINES: Final = 50
"""Of a page."""
TOLD: Final = ("panel", "rater", "of", "data", "wrote", "asked_by", "version", "seed", "from", "to")
"""Details that are told: names, numbers and choices. No reason that somebody wrote, nothing that says a release or a phase."""


@dataclass(frozen=True)
class Line:
    """One entry of the journal.

    Parameters
    ----------
    entry, at, verb
        Its number, when it was written (UTC), and what was done.
    role, name
        Of who acted in the app; role is null for who used the command line, whose account of the machine is the name.
    counts
        How much of what.
    detail
        What of it is told, as text.
    """

    entry: int
    at: str
    verb: str
    role: str | None
    name: str | None
    counts: dict[str, int]
    detail: dict[str, str]


@dataclass(frozen=True)
class Trail:
    """A page of the journal, the newest first; `older` is what the next page goes before, null at the end."""

    lines: tuple[Line, ...]
    older: int | None


def trail(serving: Serving, *, before: int | None = None) -> Trail:
    """Return a page of the journal.

    Parameters
    ----------
    serving
        The study.
    before
        The entry that the page ends before; null for the newest.
    """
    with serving.store.reading() as connection:
        found = journal.newest(connection, before=before, count=LINES + 1)
        people = accounts.roles_of(connection, sorted(_accounts(found)))
    lines = tuple(_line(each, people) for each in found[:LINES])
    return Trail(lines, lines[-1].entry if len(found) > LINES else None)


def _accounts(entries: Iterable[journal.Entry]) -> set[str]:
    return {each.who.removeprefix(ACCOUNT) for each in entries if each.who.startswith(ACCOUNT)}


def _line(entry: journal.Entry, people: dict[str, tuple[str, str | None]]) -> Line:
    role, name = people.get(entry.who.removeprefix(ACCOUNT), (None, entry.who))
    counts = {each: count for each, count in entry.counts.items() if count}
    detail = {name: _text(entry.detail[name]) for name in TOLD if entry.detail.get(name) not in (None, "")}
    return Line(entry.entry, entry.at, entry.verb, role, name if role in {"lead", None} else None, counts, detail)


def _text(value: Any) -> str:
    return str(value)[:60]

"""Leads, authors and viewers who take part no more: closed, and what they wrote is kept or erased."""

import secrets
from dataclasses import dataclass
from typing import Any, Final

from driftgauge.errors import RatingError
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.steps import Who
from driftgauge.pipeline.rating.withdrawals import REASON, Data, consented_data
from driftgauge.store import accounts, drafts, journal
from driftgauge.store.accounts import Account
from driftgauge.store.database import Connection

_NEXT: Final = "Raters leave by their seat: driftgauge rate withdraw STUDY --rater SEAT."


@dataclass(frozen=True)
class Other:
    """An account without a seat."""

    account: str
    role: str
    login: str
    is_closed: bool


@dataclass(frozen=True)
class Closed:
    """What became of it.

    Parameters
    ----------
    role
        Of the account.
    data
        Whether what they wrote is kept or erased.
    erased
        Rows that became tombstones.
    pictures
        SHA-256 of the pictures that they alone brought, whose files stay among the media; of who is erased.
    entry
        Of the journal.
    cleared
        Whether the files of the store hold no trace of what was erased; it goes with the next erasure at the latest.
    """

    role: str
    data: Data
    erased: int
    pictures: tuple[str, ...]
    entry: int
    cleared: bool


def others(serving: Serving) -> list[Other]:
    """Return the accounts of leads, authors and viewers."""
    with serving.store.reading() as connection:
        found = accounts.without_seat(connection)
    return [Other(each.account, each.role, each.login or "", each.disabled_at is not None) for each in found]


def account_of_login(serving: Serving, login: str) -> str:
    """Return the account of a lead, author or viewer.

    Raises
    ------
    RatingError
        When nobody of them has this login.
    """
    found = next((each.account for each in others(serving) if each.login == login.strip().lower()), None)
    if found is None:
        raise RatingError(f"no lead, author or viewer has the login {login[:64]!r}", remedy=f"See People in the app. {_NEXT}")
    return found


def what_becomes(serving: Serving, account: str) -> Data:
    """Return whether what somebody without a seat wrote is kept or erased when they stop: as authors consented.

    Raises
    ------
    RatingError
        When there is no such account.
    """
    with serving.store.reading() as connection:
        return consented_data(serving, _kept(connection, account))


def leave(serving: Serving, who: Who) -> Closed:
    """Let an author stop taking part, for good and by themselves; what they wrote is kept or erased as they consented."""
    return close(serving, who.account, data=what_becomes(serving, who.account), by_themselves=True)


def close(serving: Serving, account: str, *, data: Data = "keep", by_themselves: bool = False) -> Closed:
    """Close the account of a lead, an author or a viewer, for good; of an author who is erased, all that they wrote goes too.

    What an author had taken for review waits for somebody else. What they reviewed stands, without their notes once they are
    erased. A frozen version of the benchmark stays as it is.

    Parameters
    ----------
    serving
        The study.
    account
        Whose.
    data
        Whether what they wrote is kept or erased.
    by_themselves
        Whether it is an author who stops; the journal says so.

    Raises
    ------
    RatingError
        When there is no such account, it is closed already and nothing is to be erased, or nobody would lead the study then.
    """
    at = text_of(serving.now())
    with serving.store.writing() as connection:
        found = _closable(connection, account, data=data)
        verb, told = _told(found, data=data, by_themselves=by_themselves)
        entry = journal.append(connection, serving.author, verb, detail=told)
        _leave_reviews(connection, account, at=at, entry=entry)
        rows = drafts.erase_author(connection, account, reason=REASON, entry=entry) if data == "erase" else 0
        left = drafts.pictures_of(connection, account) if data == "erase" else []
        if data == "erase":
            accounts.erase_account(connection, account, at=at)
        else:
            accounts.change_account(connection, account, disabled_at=at)
            accounts.end_sessions(connection, account, at=at)
    cleared = serving.store.forget() if data == "erase" else True
    return Closed(found.role, data, rows, tuple(left), entry, cleared)


def _told(found: Account, *, data: Data, by_themselves: bool) -> tuple[str, dict[str, Any]]:
    """Return the verb of the journal, and what it tells."""
    told = {"of": found.role, "account": found.account}
    if by_themselves:
        return "withdraw", told | {"wrote": data, "asked_by": found.role}
    return ("erase" if data == "erase" else "disable"), told


def _leave_reviews(connection: Connection, account: str, *, at: str, entry: int) -> None:
    """Give what somebody has taken for review back to those who may take it."""
    for each in drafts.every_draft(connection):
        if each.state == "in_review" and each.reviewer == account:
            row = {"key": secrets.token_urlsafe(18), "verdict": "left", "note": None, "body_hash": None}
            fixed = {"draft": each.draft, "revision": each.revision, "account": account, "at": at, "entry": entry}
            drafts.add_review(connection, row | fixed)


def _closable(connection: Connection, account: str, *, data: Data) -> Account:
    found = _kept(connection, account)
    if found.disabled_at and data == "keep":
        raise RatingError(f"the account of {found.login} is closed already", remedy="Nothing is left to do.")
    if found.role == "lead" and not found.disabled_at and accounts.count_open(connection, "lead") < 2:
        raise RatingError(
            "this is the last lead: nobody could invite or freeze any more",
            remedy="Invite another lead first, then close this one.",
        )
    return found


def _kept(connection: Connection, account: str) -> Account:
    """Return an account without a seat that was not erased."""
    found = next((each for each in accounts.without_seat(connection) if each.account == account), None)
    if found is None:
        raise RatingError("there is no such account of a lead, an author or a viewer", remedy=_NEXT)
    return found

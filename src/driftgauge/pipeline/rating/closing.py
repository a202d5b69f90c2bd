"""Leads, authors and viewers who take part no more: closed, and what they wrote is kept or erased."""

from dataclasses import dataclass
from typing import Final

from driftgauge.errors import RatingError
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.withdrawals import REASON, Data
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


def close(serving: Serving, account: str, *, data: Data = "keep") -> Closed:
    """Close the account of a lead, an author or a viewer, for good; of an author who is erased, all that they wrote goes too.

    What they reviewed stands, without their notes once they are erased. A frozen version of the benchmark stays as it is.

    Raises
    ------
    RatingError
        When there is no such account, it is closed already and nothing is to be erased, or nobody would lead the study then.
    """
    at = text_of(serving.now())
    with serving.store.writing() as connection:
        found = _closable(connection, account, data=data)
        verb, told = ("erase" if data == "erase" else "disable"), {"of": found.role, "account": account}
        entry = journal.append(connection, serving.author, verb, detail=told)
        rows = drafts.erase_author(connection, account, reason=REASON, entry=entry) if data == "erase" else 0
        left = drafts.pictures_of(connection, account) if data == "erase" else []
        if data == "erase":
            accounts.erase_account(connection, account, at=at)
        else:
            accounts.change_account(connection, account, disabled_at=at)
            accounts.end_sessions(connection, account, at=at)
    cleared = serving.store.forget() if data == "erase" else True
    return Closed(found.role, data, rows, tuple(left), entry, cleared)


def _closable(connection: Connection, account: str, *, data: Data) -> Account:
    found = next((each for each in accounts.without_seat(connection) if each.account == account), None)
    if found is None:
        raise RatingError("there is no such account of a lead, an author or a viewer", remedy=_NEXT)
    if found.disabled_at and data == "keep":
        raise RatingError(f"the account of {found.login} is closed already", remedy="Nothing is left to do.")
    if found.role == "lead" and not found.disabled_at and accounts.count_open(connection, "lead") < 2:
        raise RatingError(
            "this is the last lead: nobody could invite or freeze any more",
            remedy="Invite another lead first, then close this one.",
        )
    return found

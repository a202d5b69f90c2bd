"""A rater stops taking part: their account is closed, and what they rated is kept or erased as they consented."""

from dataclasses import dataclass
from typing import Final, Literal, cast

from driftgauge.pipeline.rating.people import notes_of
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.store import accounts, journal
from driftgauge.store import withdrawals as kept
from driftgauge.store.accounts import Account
from driftgauge.store.database import Connection

Data = Literal["keep", "erase"]
REASON: Final = "withdrawal"
"""What stays on the tombstones."""
_CONSENTED: Final = "withdrawal"
"""Under what the app notes what somebody consented to."""


@dataclass(frozen=True)
class Withdrawn:
    """What became of it.

    Parameters
    ----------
    rater
        The seat, which nobody else takes.
    data
        Whether what was rated is kept or erased.
    missing
        Open assignments that nobody will do.
    erased
        Rows that became tombstones.
    entry
        Of the journal.
    cleared
        Whether the files of the store hold no trace of what was erased; it goes with the next erasure at the latest.
    """

    rater: str
    data: Data
    missing: int
    erased: int
    entry: int
    cleared: bool


def what_becomes(serving: Serving, rater: str) -> Data:
    """Return whether the ratings of a rater are kept or erased when they stop: as they consented, else as is declared.

    Raises
    ------
    Refused
        404 ``no_account`` when nobody sits there; 409 ``withdrawn`` when they stopped or were erased before.
    """
    with serving.store.reading() as connection:
        return consented_data(serving, _living(connection, rater))


def withdraw(serving: Serving, rater: str, *, asked_by: Literal["rater", "lead"], erases: bool = False) -> Withdrawn:
    """Let a rater stop taking part, for good.

    The account is closed and its sessions end; open assignments go to nobody. What is kept stays under the seat's name; what
    is erased leaves tombstones (`store.write.erase`).

    Parameters
    ----------
    serving
        The study.
    rater
        The seat.
    asked_by
        Who wants it.
    erases
        Whether it is erased whatever the consent said: that is their right, and `keep` of a consent is none of ours.

    Raises
    ------
    Refused
        404 ``no_account`` when nobody sits there; 409 ``withdrawn`` when they stopped or were erased before.
    """
    at = text_of(serving.now())
    with serving.store.writing() as connection:
        account = _living(connection, rater)
        data = "erase" if erases else consented_data(serving, account)
        missing = kept.count_open(connection, rater)
        detail = {"rater": rater, "data": data, "asked_by": asked_by}
        entry = journal.append(connection, serving.author, "withdraw", counts={"missing": missing}, detail=detail)
        erased = _erase(connection, rater, entry=entry) if data == "erase" else 0
        accounts.change_account(connection, account.account, disabled_at=at)
        accounts.end_sessions(connection, account.account, at=at)
        kept.add_withdrawal(connection, rater, data=data, asked_by=asked_by, at=at, entry=entry)
    return Withdrawn(rater, data, missing, erased, entry, cleared=serving.store.forget() if erased else True)


def _erase(connection: Connection, rater: str, *, entry: int) -> int:
    from driftgauge.store.write import erase  # noqa: PLC0415 - frames, which nothing else of the app needs

    return erase(connection, of="rater", identifier=rater, reason=REASON, entry=entry)


def _living(connection: Connection, rater: str) -> Account:
    found = accounts.account_of(connection, rater) if rater.isprintable() else None
    if found is None:
        raise Refused(404, "no_account", "nobody sits there")
    account = accounts.find_account(connection, found)
    if account.login is None or kept.has_withdrawn(connection, rater):
        raise Refused(409, "withdrawn", f"seat {rater} takes part no more")
    return account


def consented_data(serving: Serving, account: Account) -> Data:
    """Return what a rater or an author consented to should they stop, else what the study declares; of others, `keep`."""
    declared = serving.study.authoring if account.role == "author" else serving.study.panels.get(account.panel or "")
    said = notes_of(account.preferences).get(_CONSENTED)
    return cast(Data, said if said in {"keep", "erase"} else declared.withdrawal if declared else "keep")

"""Accounts, invitations and sessions of the rating app. Identity is here alone; ratings know a seat's opaque name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from driftgauge.store.lists import one_of
from driftgauge.store.tables import (
    accounts,
    assignments,
    demographics,
    identities,
    invitations,
    journal,
    seats,
    sessions,
    submissions,
    tries,
)


@dataclass(frozen=True)
class Seat:
    """A place of a panel."""

    rater: str
    panel: str
    number: int


@dataclass(frozen=True)
class Invitation:
    """An invitation as it is kept; times are UTC, ISO 8601."""

    invitation: str
    role: str
    rater: str | None
    panel: str | None
    expires_at: str
    used_at: str | None
    revoked_at: str | None


@dataclass(frozen=True)
class Account:
    """An account with its seat; `preferences` is JSON, times are UTC, ISO 8601."""

    account: str
    role: str
    login: str | None
    rater: str | None
    panel: str | None
    password_hash: str | None
    consented_at: str | None
    calibrated_at: str | None
    preferences: str
    disabled_at: str | None


def free_seats(connection: sa.Connection, panel: str, *, now: str) -> list[Seat]:
    """Return the seats of a panel that have neither an account nor an invitation that is open, in order."""
    invited = sa.select(invitations.c.rater).where(
        invitations.c.rater.is_not(None),
        invitations.c.used_at.is_(None),
        invitations.c.revoked_at.is_(None),
        invitations.c.expires_at > now,
    )
    taken = sa.select(accounts.c.rater).where(accounts.c.rater.is_not(None))
    query = (
        sa.select(seats.c.rater, seats.c.panel, seats.c.number)
        .where(seats.c.panel == panel, seats.c.rater.not_in(invited), seats.c.rater.not_in(taken))
        .order_by(seats.c.number)
    )
    return [Seat(*row) for row in connection.execute(query)]


def count_seats(connection: sa.Connection, panel: str) -> int:
    """Return how many seats a panel has."""
    query = sa.select(sa.func.count()).select_from(seats).where(seats.c.panel == panel)
    return int(connection.execute(query).scalar_one())


def add_invitations(connection: sa.Connection, rows: Sequence[Mapping[str, Any]], *, entry: int) -> None:
    """Add invitations: `invitation`, `role`, `rater`, `expires_at`."""
    connection.execute(sa.insert(invitations), [dict(row) | {"entry": entry} for row in rows])


def find_invitation(connection: sa.Connection, invitation: str) -> Invitation | None:
    """Return an invitation, or null."""
    names = ("invitation", "role", "rater", "expires_at", "used_at", "revoked_at")
    columns = {name: invitations.c[name] for name in names}
    query = (
        sa.select(*columns.values(), seats.c.panel)
        .outerjoin(seats, invitations.c.rater == seats.c.rater)
        .where(invitations.c.invitation == invitation)
    )
    row = connection.execute(query).mappings().first()
    return Invitation(**row) if row else None


def revoke_invitations(connection: sa.Connection, *, rater: str, at: str) -> int:
    """Make the open invitations to a seat useless, and return how many they were."""
    open_ = (invitations.c.rater == rater, invitations.c.used_at.is_(None), invitations.c.revoked_at.is_(None))
    return int(connection.execute(sa.update(invitations).where(*open_).values(revoked_at=at)).rowcount)


def use_invitation(connection: sa.Connection, invitation: str, *, at: str) -> None:
    """Note that an invitation was used."""
    connection.execute(sa.update(invitations).where(invitations.c.invitation == invitation).values(used_at=at))


def add_account(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Add an account: every column that is not null."""
    connection.execute(sa.insert(accounts), [dict(row)])


_ACCOUNT = [
    accounts.c.account, accounts.c.role, accounts.c.login, accounts.c.rater, seats.c.panel, accounts.c.password_hash,
    accounts.c.consented_at, accounts.c.calibrated_at, accounts.c.preferences, accounts.c.disabled_at,
]  # fmt: skip
_ACCOUNTS = sa.select(*_ACCOUNT).outerjoin(seats, accounts.c.rater == seats.c.rater)
_BY_LOGIN = _ACCOUNTS.where(accounts.c.login == sa.bindparam("login"))
_BY_ID = _ACCOUNTS.where(accounts.c.account == sa.bindparam("account_id"))


def find_login(connection: sa.Connection, login: str) -> Account | None:
    """Return the account of a login, or null."""
    row = connection.execute(_BY_LOGIN, {"login": login}).first()
    return Account(*tuple(row)) if row else None


def find_account(connection: sa.Connection, account: str) -> Account:
    """Return an account that is there."""
    return Account(*tuple(connection.execute(_BY_ID, {"account_id": account}).one()))


def find_identity(connection: sa.Connection, *, issuer: str, subject: str) -> Account | None:
    """Return the account of somebody whom a provider knows, or null."""
    query = sa.select(identities.c.account).where(identities.c.issuer == issuer, identities.c.subject == subject)
    found = connection.execute(query).scalar()
    return find_account(connection, found) if found else None


def add_identity(connection: sa.Connection, *, issuer: str, subject: str, account: str, at: str) -> None:
    """Keep that somebody whom a provider knows has an account."""
    row = {"issuer": issuer, "subject": subject, "account": account, "at": at}
    connection.execute(sa.insert(identities), [row])


def roles_of(connection: sa.Connection, wanted: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    """Return role and login of each of several accounts; the login is null once erased."""
    query = sa.select(accounts.c.account, accounts.c.role, accounts.c.login).where(accounts.c.account.in_(wanted))
    return {row.account: (row.role, row.login) for row in connection.execute(query)}


def without_seat(connection: sa.Connection) -> list[Account]:
    """Return the accounts of leads, authors and viewers, role by role; those that were erased are left out."""
    query = _ACCOUNTS.where(accounts.c.rater.is_(None), accounts.c.login.is_not(None))
    return [Account(*tuple(row)) for row in connection.execute(query.order_by(accounts.c.role, accounts.c.login))]


def count_open(connection: sa.Connection, role: str) -> int:
    """Return how many accounts of a role are not closed."""
    query = sa.select(sa.func.count()).select_from(accounts)
    return int(connection.execute(query.where(accounts.c.role == role, accounts.c.disabled_at.is_(None))).scalar_one())


def erase_account(connection: sa.Connection, account: str, *, at: str) -> None:
    """Close an account and empty what says whose it is."""
    change_account(connection, account, login=None, password_hash=None, preferences="{}", disabled_at=at)
    connection.execute(sa.delete(identities).where(identities.c.account == account))
    end_sessions(connection, account, at=at)


def account_of(connection: sa.Connection, rater: str) -> str | None:
    """Return the id of the account that has a seat, or null."""
    return connection.execute(sa.select(accounts.c.account).where(accounts.c.rater == rater)).scalar()


def change_account(connection: sa.Connection, account: str, **values: str | None) -> None:
    """Change columns of an account."""
    connection.execute(sa.update(accounts).where(accounts.c.account == account).values(**values))


def add_session(connection: sa.Connection, *, session: str, account: str, began_at: str, expires_at: str) -> None:
    """Begin a session, by the hash of what the cookie holds."""
    row = {"session": session, "account": account, "began_at": began_at, "expires_at": expires_at}
    connection.execute(sa.insert(sessions), [row])


_LIVING = (
    _ACCOUNTS.join(sessions, sessions.c.account == accounts.c.account)
    .where(sessions.c.ended_at.is_(None), sessions.c.expires_at > sa.bindparam("now"), accounts.c.disabled_at.is_(None))
    .add_columns(sessions.c.session)
)
_ONE_LIVING = _LIVING.where(sessions.c.session == sa.bindparam("session_hash"))
_MANY_LIVING = _LIVING.where(one_of(sessions.c.session, "session_hashes"))


def find_session(connection: sa.Connection, session: str, *, now: str) -> Account | None:
    """Return whose session it is, or null when it ended, expired, or the account is disabled."""
    row = connection.execute(_ONE_LIVING, {"session_hash": session, "now": now}).first()
    return Account(*tuple(row)[:-1]) if row else None


def find_sessions(connection: sa.Connection, hashes: Sequence[str], *, now: str) -> dict[str, Account]:
    """Return the account of each of several sessions that go on."""
    rows = connection.execute(_MANY_LIVING, {"session_hashes": list(hashes), "now": now})
    return {row[-1]: Account(*tuple(row)[:-1]) for row in rows}


def end_session(connection: sa.Connection, session: str, *, at: str) -> None:
    """End a session."""
    connection.execute(
        sa.update(sessions).where(sessions.c.session == session, sessions.c.ended_at.is_(None)).values(ended_at=at)
    )


def end_sessions(connection: sa.Connection, account: str, *, at: str) -> None:
    """End every session of an account."""
    connection.execute(
        sa.update(sessions).where(sessions.c.account == account, sessions.c.ended_at.is_(None)).values(ended_at=at)
    )


def count_tries(connection: sa.Connection, of: Sequence[str], *, since: str) -> dict[str, int]:
    """Return how many tries are counted against each, since a time."""
    counted = sa.select(tries.c.of, sa.func.count()).where(tries.c.of.in_(of), tries.c.at > since).group_by(tries.c.of)
    return {row[0]: int(row[1]) for row in connection.execute(counted)}


def add_tries(connection: sa.Connection, of: Sequence[str], *, at: str, forget_before: str) -> list[int]:
    """Count a try against each, forget all that are old, of whomever, and return their numbers."""
    connection.execute(sa.delete(tries).where(tries.c.at < forget_before))
    added = connection.execute(sa.insert(tries).returning(tries.c.row), [{"of": each, "at": at} for each in of])
    return [int(row) for row in added.scalars()]


def forgive(connection: sa.Connection, rows: Sequence[int], *, of: str) -> None:
    """Take back tries that succeeded, and all that are counted against one."""
    connection.execute(sa.delete(tries).where(sa.or_(tries.c.row.in_(rows), tries.c.of == of)))


def tell_demographics(connection: sa.Connection, rater: str, answers: str) -> None:
    """Keep what a rater says of themselves (JSON), in place of what was said before."""
    changed = connection.execute(sa.update(demographics).where(demographics.c.rater == rater).values(answers=answers))
    if not changed.rowcount:
        connection.execute(sa.insert(demographics), [{"rater": rater, "answers": answers}])


def demographics_of(connection: sa.Connection) -> dict[str, str]:
    """Return what raters said of themselves (JSON), by seat; who they are is not beside it."""
    query = sa.select(demographics.c.rater, demographics.c.answers).where(demographics.c.answers.is_not(None))
    return {row.rater: row.answers for row in connection.execute(query)}


def erase_person(connection: sa.Connection, rater: str, *, reason: str, entry: int) -> int:
    """Empty everything that says who a rater is and what they answered beside their ratings; return how many rows.

    The seat stays, taken, so that nobody else rates under its name.
    """
    at = str(connection.execute(sa.select(journal.c.at).where(journal.c.entry == entry)).scalar_one())
    account = _living_account(connection, rater)
    if account:
        erase_account(connection, account, at=at)
    revoke_invitations(connection, rater=rater, at=at)
    connection.execute(sa.update(demographics).where(demographics.c.rater == rater).values(answers=None))
    emptied = {"answer": None, "body_hash": None, "erased": reason, "erased_by": entry}
    gone = connection.execute(
        sa.update(submissions).where(submissions.c.rater == rater, submissions.c.erased.is_(None)).values(emptied)
    )
    connection.execute(sa.update(assignments).where(assignments.c.rater == rater).values(state="erased"))
    return int(gone.rowcount) + (account is not None)


def _living_account(connection: sa.Connection, rater: str) -> str | None:
    """Return the id of the account that has a seat and was not erased, or null."""
    here = (accounts.c.rater == rater, accounts.c.login.is_not(None))
    return connection.execute(sa.select(accounts.c.account).where(*here)).scalar()

"""Who sits where: seats with their accounts and invitations, and what was drawn for them."""

from dataclasses import dataclass

import sqlalchemy as sa

from driftgauge.store.tables import accounts, assignments, draws, invitations, seats, withdrawals


@dataclass(frozen=True)
class Seated:
    """A seat of a panel.

    Parameters
    ----------
    rater, panel, number
        The opaque name, whose it is, and its number in the panel.
    login
        Of who sits there; null when nobody does.
    is_disabled
        Whether that account is closed.
    is_calibrated
        Whether the gate was passed.
    is_invited
        Whether an invitation is open.
    withdrawal
        What became of the data of a rater who stopped taking part: keep or erase; null of others.
    """

    rater: str
    panel: str
    number: int
    login: str | None
    is_disabled: bool
    is_calibrated: bool
    is_invited: bool
    withdrawal: str | None


@dataclass(frozen=True)
class Drawn:
    """A draw: of which phase for which panel, by which design, and what it gives (both JSON)."""

    panel: str
    phase: str
    design: str
    report: str


def roster(connection: sa.Connection, *, now: str) -> list[Seated]:
    """Return all seats, panel by panel."""
    is_open = sa.exists().where(
        invitations.c.rater == seats.c.rater,
        invitations.c.used_at.is_(None),
        invitations.c.revoked_at.is_(None),
        invitations.c.expires_at > now,
    )
    query = (
        sa.select(
            seats.c.rater,
            seats.c.panel,
            seats.c.number,
            accounts.c.login,
            accounts.c.disabled_at,
            accounts.c.calibrated_at,
            is_open.label("open"),
            withdrawals.c.data,
        )
        .outerjoin(accounts, accounts.c.rater == seats.c.rater)
        .outerjoin(withdrawals, withdrawals.c.rater == seats.c.rater)
        .order_by(seats.c.panel, seats.c.number)
    )
    return [
        Seated(
            row.rater,
            row.panel,
            row.number,
            row.login,
            row.disabled_at is not None,
            row.calibrated_at is not None,
            bool(row.open),
            row.data,
        )
        for row in connection.execute(query)
    ]


def has_account(connection: sa.Connection, role: str) -> bool:
    """Return whether there is an account of a role that is not closed."""
    query = sa.select(sa.exists().where(accounts.c.role == role, accounts.c.disabled_at.is_(None)))
    return bool(connection.execute(query).scalar())


def categories_of(connection: sa.Connection, rater: str) -> list[str]:
    """Return the harm categories of what a rater is asked, in order."""
    query = sa.select(assignments.c.harm_category).where(
        assignments.c.rater == rater, assignments.c.harm_category.is_not(None), assignments.c.position > 0
    )
    return sorted(connection.execute(query.distinct()).scalars())


def draws_of(connection: sa.Connection) -> list[Drawn]:
    """Return what was drawn, the oldest first."""
    query = sa.select(draws.c.panel, draws.c.phase, draws.c.design, draws.c.report).order_by(draws.c.entry)
    return [Drawn(*row) for row in connection.execute(query)]

"""Raters who stopped taking part."""

import sqlalchemy as sa

from driftgauge.store.tables import assignments, withdrawals


def add_withdrawal(connection: sa.Connection, rater: str, *, data: str, asked_by: str, at: str, entry: int) -> None:
    """Note that a rater stopped taking part, at a time (UTC), and what becomes of what they rated."""
    row = {"rater": rater, "data": data, "asked_by": asked_by, "at": at, "entry": entry}
    connection.execute(sa.insert(withdrawals), [row])


def has_withdrawn(connection: sa.Connection, rater: str) -> bool:
    """Return whether a rater stopped taking part."""
    return connection.execute(sa.select(withdrawals.c.at).where(withdrawals.c.rater == rater)).first() is not None


def count_open(connection: sa.Connection, rater: str) -> int:
    """Return how many assignments of a rater are open, without the calibration."""
    still = (assignments.c.rater == rater, assignments.c.state == "open", assignments.c.position > 0)
    return int(connection.execute(sa.select(sa.func.count()).select_from(assignments).where(*still)).scalar_one())

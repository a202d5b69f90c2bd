"""What the lead's desk counts: states of assignments, the newest answers, sittings; as frames and small tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from driftgauge.store.bulk import read_frame
from driftgauge.store.tables import (
    accounts,
    assignments,
    ratings,
    responses,
    seats,
    sittings,
    submissions,
    withdrawals,
)

_STATES: Final = {"rater": pl.String(), "purpose": pl.String(), "state": pl.String(), "count": pl.Int64()}
_ANSWERS: Final = {
    "response": pl.Int64(), "rater": pl.String(), "occasion": pl.Int64(), "revision": pl.Int64(), "harm": pl.Int8(),
    "success": pl.Boolean(), "refusal": pl.Boolean(), "skipped": pl.String(), "active_s": pl.Float64(),
}  # fmt: skip
_EXERCISES: Final = {"rater": pl.String(), "assignment": pl.String(), "revision": pl.Int64(), "correct": pl.Boolean()}
_SITTINGS: Final = {"rater": pl.String(), "last_at": pl.String(), "items": pl.Int64()}


_OF_ACCOUNT: Final = (
    accounts.c.account, accounts.c.login, accounts.c.calibrated_at, accounts.c.disabled_at, accounts.c.preferences,
)  # fmt: skip


@dataclass(frozen=True)
class Sat:
    """A seat: whether somebody sits there, passed the gate, or left.

    `is_closed` is an account that was closed, `is_erased` one whose person was; `withdrawal` is what became of the data of a
    rater who stopped taking part (keep or erase), null of others; `preferences` is JSON, null without an account.
    """

    rater: str
    panel: str
    has_account: bool
    calibrated: bool
    is_closed: bool
    is_erased: bool
    withdrawal: str | None
    preferences: str | None


def seats_of(connection: sa.Connection) -> list[Sat]:
    """Return all seats, panel by panel."""
    query = (
        sa.select(seats.c.rater, seats.c.panel, *_OF_ACCOUNT, withdrawals.c.data)
        .outerjoin(accounts, accounts.c.rater == seats.c.rater)
        .outerjoin(withdrawals, withdrawals.c.rater == seats.c.rater)
        .order_by(seats.c.panel, seats.c.number)
    )
    return [_sat(row) for row in connection.execute(query)]


def _sat(row: Any) -> Sat:
    return Sat(
        row.rater,
        row.panel,
        has_account=row.account is not None,
        calibrated=row.calibrated_at is not None,
        is_closed=row.disabled_at is not None,
        is_erased=row.account is not None and row.login is None,
        withdrawal=row.data,
        preferences=row.preferences,
    )


def states_frame(connection: sa.Connection) -> pl.DataFrame:
    """Return how many assignments each rater has, by purpose and state: `rater`, `purpose`, `state`, `count`."""
    columns = (assignments.c.rater, assignments.c.purpose, assignments.c.state)
    query = sa.select(*columns, sa.func.count()).group_by(*columns).order_by(*columns)
    return read_frame(connection, query, pl.Schema(_STATES))


def answers_frame(connection: sa.Connection) -> pl.DataFrame:
    """Return the newest answer to every assignment about a response, in order, with its active seconds."""
    columns = [
        ratings.c[name] for name in ("response", "rater", "occasion", "revision", "harm", "success", "refusal", "skipped")
    ]
    query = (
        sa.select(*columns, submissions.c.active_s)
        .select_from(submissions.join(ratings, submissions.c.rating == ratings.c.row))
        .where(ratings.c.erased.is_(None))
        .order_by(submissions.c.row)
    )
    return _newest(read_frame(connection, query, pl.Schema(_ANSWERS)), ["response", "rater", "occasion"])


def scenarios_frame(connection: sa.Connection) -> pl.DataFrame:
    """Return the scenario of every response: `response`, `scenario`."""
    query = sa.select(responses.c.row, responses.c.scenario).order_by(responses.c.row)
    return read_frame(connection, query, pl.Schema({"response": pl.Int64(), "scenario": pl.String()}))


def control_frame(connection: sa.Connection) -> pl.DataFrame:
    """Return whether the newest answer to every silent control item was right: `rater`, `assignment`, `correct`."""
    query = (
        sa.select(submissions.c.rater, submissions.c.assignment, submissions.c.revision, submissions.c.correct)
        .join(assignments, assignments.c.assignment == submissions.c.assignment)
        .where(assignments.c.purpose == "gold", submissions.c.erased.is_(None))
        .order_by(submissions.c.row)
    )
    return _newest(read_frame(connection, query, pl.Schema(_EXERCISES)), ["assignment"])


def sittings_frame(connection: sa.Connection) -> pl.DataFrame:
    """Return the sittings in order: `rater`, `last_at` (UTC), `items`."""
    query = sa.select(sittings.c.rater, sittings.c.last_at, sittings.c["items"]).order_by(sittings.c.sitting)
    return read_frame(connection, query, pl.Schema(_SITTINGS))


def covariates_frame(connection: sa.Connection) -> pl.DataFrame:
    """Return what the app knows beside each rating's newest revision.

    Returns
    -------
    polars.DataFrame
        `rating_id`, `active_s`, `idle_s`, `shown_at` (UTC), `revealed` (JSON), `skipped` (why), `scale_id`.
    """
    dtypes: Mapping[str, Any] = {
        "rating_id": pl.String(), "revision": pl.Int64(), "active_s": pl.Float64(), "idle_s": pl.Float64(),
        "shown_at": pl.String(), "revealed": pl.String(), "skipped": pl.String(), "scale_id": pl.String(),
    }  # fmt: skip
    of_rating = ("rating_id", "revision", "skipped", "scale_id")
    query = (
        sa.select(*((ratings if name in of_rating else submissions).c[name] for name in dtypes))
        .select_from(submissions.join(ratings, submissions.c.rating == ratings.c.row))
        .order_by(submissions.c.row)
    )
    return _newest(read_frame(connection, query, pl.Schema(dtypes)), ["rating_id"])


def _newest(frame: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Keep the newest of the revisions of each key; rows are in the order in which they came."""
    again = (frame["revision"] > 1).any()
    whole = frame.unique(key, keep="last", maintain_order=True) if again else frame
    return whole.drop("revision")

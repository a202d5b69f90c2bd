"""What raters are asked who rate in another tool, and what the store has of their answers already."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from driftgauge.store.bulk import read_frame
from driftgauge.store.lists import one_of
from driftgauge.store.tables import accounts, assignments, pictures, ratings, renderings, seats, submissions

_OPEN: Final = {
    "rater": pl.String(), "number": pl.Int64(), "assignment": pl.String(), "position": pl.Int64(), "harm_category": pl.String(),
    "rendering": pl.Int64(), "preferences": pl.String(), "calibrated_at": pl.String(),
    "disabled_at": pl.String(),
}  # fmt: skip
_OF_RESPONSE = renderings.alias("of_response")
_OF_EXERCISE = renderings.alias("of_exercise")


def open_tasks(connection: sa.Connection, panel: str) -> pl.DataFrame:
    """Return what the raters of a panel still have to rate and can be shown, seat by seat in the order that was drawn.

    Returns
    -------
    polars.DataFrame
        `rater`, `number` (of the seat), `assignment`, `position`, `harm_category`, `rendering` (a row of `shown_texts`);
        and of the account that has the seat, null without one, `preferences` (JSON), `calibrated_at` and `disabled_at`.
    """
    said: dict[str, sa.ColumnElement[Any]] = {
        **{name: seats.c[name] for name in ("rater", "number")},
        **{name: assignments.c[name] for name in ("assignment", "position", "harm_category")},
        "rendering": sa.func.coalesce(_OF_RESPONSE.c.row, _OF_EXERCISE.c.row),
        **{name: accounts.c[name] for name in ("preferences", "calibrated_at", "disabled_at")},
    }
    query = (
        sa.select(*(said[name].label(name) for name in _OPEN))
        .select_from(assignments)
        .join(seats, seats.c.rater == assignments.c.rater)
        .outerjoin(accounts, accounts.c.rater == seats.c.rater)
        .outerjoin(_OF_RESPONSE, _OF_RESPONSE.c.response == assignments.c.response)
        .outerjoin(_OF_EXERCISE, _OF_EXERCISE.c.exercise == assignments.c.exercise)
        .where(seats.c.panel == panel, assignments.c.state == "open")
        .where(sa.or_(_OF_RESPONSE.c.html.is_not(None), _OF_EXERCISE.c.html.is_not(None)))
        .order_by(seats.c.number, assignments.c.position)
    )
    return read_frame(connection, query, pl.Schema(_OPEN))


def shown_texts(connection: sa.Connection, panel: str) -> dict[int, tuple[str, str]]:
    """Return prompt (JSON of turns) and response (HTML) of all that a panel was drawn to rate, by row of its rendering."""
    drawn = [
        sa.select(assignments.c[name]).join(seats, seats.c.rater == assignments.c.rater).where(seats.c.panel == panel)
        for name in ("response", "exercise")
    ]
    query = (
        sa.select(renderings.c.row, renderings.c.prompt, renderings.c.html)
        .where(sa.or_(renderings.c.response.in_(drawn[0]), renderings.c.exercise.in_(drawn[1])))
        .where(renderings.c.html.is_not(None))
    )
    return {int(row[0]): (row[1], row[2]) for row in connection.execute(query)}


def kept_pictures(connection: sa.Connection, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return SHA-256 and media type of each of these pictures."""
    columns = (pictures.c.picture, pictures.c.sha256, pictures.c.media_type)
    rows = connection.execute(sa.select(*columns).where(one_of(pictures.c.picture, "names")), {"names": list(names)})
    return {row[0]: (row[1], row[2]) for row in rows}


_VALUES: Final = ("harm", "success", "refusal", "comment", "skipped")


def rated_before(connection: sa.Connection, rating_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the newest revision of these ratings: `revision`, its values, `erased` (why, or null)."""
    columns = [ratings.c[name] for name in ("rating_id", "revision", *_VALUES, "erased")]
    query = sa.select(*columns).where(one_of(ratings.c.rating_id, "wanted")).order_by(ratings.c.revision)
    return {row["rating_id"]: dict(row) for row in connection.execute(query, {"wanted": list(rating_ids)}).mappings()}


def answered_before(connection: sa.Connection, wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the newest answer to these assignments: `revision`, `answer` (JSON, of an exercise), `erased` (why, or null)."""
    columns = [submissions.c[name] for name in ("assignment", "revision", "answer", "erased")]
    query = sa.select(*columns).where(one_of(submissions.c.assignment, "wanted")).order_by(submissions.c.revision)
    return {row["assignment"]: dict(row) for row in connection.execute(query, {"wanted": list(wanted)}).mappings()}

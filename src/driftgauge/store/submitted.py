"""Everything that was rated or answered, each revision a row: ratings with their responses, exercises with their answers."""

from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from driftgauge.store.bulk import read_frame
from driftgauge.store.tables import assignments, exercises, ratings, releases, responses, seats, submissions

_RESPONSE: Final = (
    "response_id", "scenario", "intent", "modality", "language", "release", "phase", "attempt", "status", "harm_category",
    "technique", "execution",
)  # fmt: skip
_Columns = dict[str, sa.ColumnElement[Any]]
_SENT: Final = ("key", "assignment", "shown_at", "active_s", "idle_s", "revealed")
_SCHEMA: Final = pl.Schema(
    {
        "rating_id": pl.String,
        **dict.fromkeys(_RESPONSE, pl.String),
        "attempt": pl.Int64,
        "family": pl.String,
        "generation": pl.Int64,
        **dict.fromkeys(("rater", "panel", "kind", "purpose"), pl.String),
        "occasion": pl.Int64,
        "revision": pl.Int64,
        "harm": pl.Int64,
        "success": pl.Boolean,
        "refusal": pl.Boolean,
        **dict.fromkeys(("refusal_level", "comment", "skipped", "scale_id", "created_at"), pl.String),
        "simulated": pl.Boolean,
        **dict.fromkeys(_SENT, pl.String),
        "active_s": pl.Float64,
        "idle_s": pl.Float64,
        "exercise": pl.String,
        "correct": pl.Boolean,
        "answer": pl.String,
        "erased": pl.String,
    }
)


def submitted_frame(connection: sa.Connection) -> pl.DataFrame:
    """Return every revision of every rating, with what the app keeps beside it, and every answer to an exercise.

    Returns
    -------
    polars.DataFrame
        Ratings in the order in which they came in, then answers: `exercise` (its name), `answer` (JSON) and `correct` are of
        those alone, `response_id` and `release` of ratings alone; `erased` says why values are gone. `key`, `shown_at` and
        seconds are null of an import.
    """
    both = (_of_ratings(), _of_exercises())
    return pl.concat([read_frame(connection, query, _SCHEMA) for query in both])


def _of_ratings() -> sa.Select[*tuple[Any, ...]]:
    of: _Columns = {name: ratings.c[name] for name in _SCHEMA if name in ratings.c}
    of |= {name: submissions.c[name] for name in _SENT} | {name: responses.c[name] for name in _RESPONSE}
    of |= {name: releases.c[name] for name in ("family", "generation")}
    joined = (
        ratings.join(responses, ratings.c.response == responses.c.row)
        .join(releases, responses.c.release == releases.c.release)
        .outerjoin(submissions, submissions.c.rating == ratings.c.row)
    )
    return sa.select(*(_or_null(of, name) for name in _SCHEMA)).select_from(joined).order_by(ratings.c.row)


def _of_exercises() -> sa.Select[*tuple[Any, ...]]:
    of: dict[str, sa.ColumnElement[Any]] = {
        name: submissions.c[name] for name in (*_SENT, "correct", "answer", "erased", "revision")
    }
    of |= {"rater": seats.c.rater, "panel": seats.c.panel, "exercise": exercises.c.name, "created_at": submissions.c.at}
    of |= {"purpose": assignments.c.purpose, "occasion": assignments.c.occasion, "kind": sa.literal("human")}
    joined = (
        submissions.join(assignments, submissions.c.assignment == assignments.c.assignment)
        .join(exercises, assignments.c.exercise == exercises.c.exercise)
        .join(seats, seats.c.rater == submissions.c.rater)
    )
    return sa.select(*(_or_null(of, name) for name in _SCHEMA)).select_from(joined).order_by(submissions.c.row)


def _or_null(of: _Columns, name: str) -> sa.ColumnElement[Any]:
    return of[name] if name in of else sa.null().label(name)

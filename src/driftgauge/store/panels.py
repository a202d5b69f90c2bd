"""What raters are asked: seats, draws, exercises, renderings, pictures and assignments, added many at a time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from driftgauge.frames import RATED_STATUSES
from driftgauge.records import Progress
from driftgauge.store.bulk import insert_frame, read_frame
from driftgauge.store.tables import (
    answers,
    assignments,
    draws,
    exercises,
    pictures,
    ratings,
    releases,
    renderings,
    responses,
    runs,
    seats,
)

ASSIGNMENT_COLUMNS: Final = (
    "assignment", "draw", "rater", "position", "purpose", "occasion", "response", "exercise", "harm_category", "state",
    "shown_at",
)  # fmt: skip
_SHOWN: Final = {
    "row": pl.Int64(), "response_id": pl.String(), "scenario": pl.String(), "intent": pl.String(), "modality": pl.String(),
    "language": pl.String(), "release": pl.String(), "phase": pl.String(), "harm_category": pl.String(), "root": pl.String(),
    "prompt_hash": pl.String(), "text": pl.String(), "model": pl.String(), "served_model": pl.String(), "family": pl.String(),
    "attempt": pl.Int64(), "status": pl.String(), "simulated": pl.Boolean(),
}  # fmt: skip


def shown_responses(connection: sa.Connection, phases: Sequence[str]) -> pl.DataFrame:
    """Return what people can be shown of phases: the newest revision of each collected response that has a text.

    Returns
    -------
    polars.DataFrame
        `row` (of the revision), `response_id`, what it is of, `text` (confidential), and the names of its model: `release`,
        `family`, `model`, `served_model`; `simulated` where its answer is made up; in the order in which they were collected.
    """
    newest = (
        sa.select(responses.c.response_id, sa.func.max(responses.c.revision).label("revision"))
        .group_by(responses.c.response_id)
        .subquery()
    )
    said = {**responses.c, "text": answers.c.text, "model": runs.c.model, "served_model": answers.c.served_model}
    said |= {"family": releases.c.family, "simulated": answers.c.simulated}
    query = (
        sa.select(*(said[name] for name in _SHOWN))
        .select_from(responses)
        .join(newest, sa.and_(responses.c.response_id == newest.c.response_id, responses.c.revision == newest.c.revision))
        .join(answers, answers.c.response == responses.c.row)
        .join(runs, runs.c.run == answers.c.run)
        .join(releases, releases.c.release == responses.c.release)
        .where(responses.c.phase.in_(phases), responses.c.status.in_(RATED_STATUSES), responses.c.erased.is_(None))
        .where(answers.c.erased.is_(None), answers.c.text.is_not(None), answers.c.text != "")
        .order_by(responses.c.row)
    )
    return read_frame(connection, query, pl.Schema(_SHOWN))


def rated_by_people(connection: sa.Connection, phases: Sequence[str]) -> pl.DataFrame:
    """Return the `response_id` of every response of phases that a person has rated."""
    query = (
        sa.select(responses.c.response_id)
        .join(ratings, ratings.c.response == responses.c.row)
        .where(responses.c.phase.in_(phases), ratings.c.kind == "human", ratings.c.rater.is_not(None))
        .where(ratings.c.erased.is_(None), ratings.c.skipped.is_(None))
        .distinct()
        .order_by(responses.c.response_id)
    )
    return read_frame(connection, query, pl.Schema({"response_id": pl.String()}))


def panel_seats(connection: sa.Connection, panel: str) -> pl.DataFrame:
    """Return the seats of a panel in order: `rater`, `number`."""
    query = sa.select(seats.c.rater, seats.c.number).where(seats.c.panel == panel).order_by(seats.c.number)
    return read_frame(connection, query, pl.Schema({"rater": pl.String(), "number": pl.Int64()}))


def add_seats(connection: sa.Connection, panel: str, raters: Mapping[int, str], *, entry: int) -> None:
    """Add seats: number to the opaque name of the rater who will take it."""
    rows = [{"rater": name, "panel": panel, "number": number, "entry": entry} for number, name in raters.items()]
    if rows:
        connection.execute(sa.insert(seats), rows)


def panel_assignments(connection: sa.Connection, panel: str) -> pl.DataFrame:
    """Return what a panel was asked to do, rater by rater in order.

    Returns
    -------
    polars.DataFrame
        `rater`, `number` of the seat, `position`, `purpose`, `occasion`; `response_id`, `scenario`, `phase`, or `exercise`.
    """
    said = {
        "rater": (assignments.c.rater, pl.String()),
        "number": (seats.c.number, pl.Int64()),
        "position": (assignments.c.position, pl.Int64()),
        "purpose": (assignments.c.purpose, pl.String()),
        "occasion": (assignments.c.occasion, pl.Int64()),
        "response_id": (responses.c.response_id, pl.String()),
        "scenario": (responses.c.scenario, pl.String()),
        "phase": (responses.c.phase, pl.String()),
        "exercise": (assignments.c.exercise, pl.String()),
    }
    query = (
        sa.select(*(column for column, _ in said.values()))
        .select_from(assignments)
        .join(seats, seats.c.rater == assignments.c.rater)
        .outerjoin(responses, responses.c.row == assignments.c.response)
        .where(seats.c.panel == panel)
        .order_by(seats.c.number, assignments.c.position)
    )
    return read_frame(connection, query, pl.Schema({name: dtype for name, (_, dtype) in said.items()}))


def count_draws(connection: sa.Connection, panel: str) -> int:
    """Return how often something was drawn for a panel."""
    query = sa.select(sa.func.count()).select_from(draws).where(draws.c.panel == panel)
    return int(connection.execute(query).scalar_one())


def add_draw(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Add a draw: `draw`, `panel`, `phase` (its phases, joined by a comma), `seed`, `design`, `report` and `entry`."""
    connection.execute(sa.insert(draws).values(**row))


def add_assignments(
    connection: sa.Connection, frame: pl.DataFrame, *, progress: Progress = lambda stage, done, total: None
) -> None:
    """Add assignments; `frame` has `ASSIGNMENT_COLUMNS`."""
    insert_frame(connection, assignments, frame.select(ASSIGNMENT_COLUMNS), progress=progress)


def rendered(connection: sa.Connection) -> pl.DataFrame:
    """Return the `response` (row of its revision) of every response that is rendered already."""
    query = sa.select(renderings.c.response).where(renderings.c.response.is_not(None)).order_by(renderings.c.row)
    return read_frame(connection, query, pl.Schema({"response": pl.Int64()}))


def add_renderings(connection: sa.Connection, frame: pl.DataFrame, *, entry: int) -> None:
    """Add renderings: `response` or `exercise`, `prompt` (JSON of turns), `html`, `names`, `masked`."""
    columns = ("response", "exercise", "prompt", "html", "names", "masked")
    insert_frame(connection, renderings, frame.select(*columns, entry=pl.lit(entry)))


def known_pictures(connection: sa.Connection) -> dict[str, Mapping[str, Any]]:
    """Return the media that raters can be shown, by the SHA-256 of each in the benchmark."""
    return {row["source"]: dict(row) for row in connection.execute(sa.select(pictures).order_by(pictures.c.picture)).mappings()}


def add_pictures(connection: sa.Connection, rows: Iterable[Mapping[str, Any]], *, entry: int) -> None:
    """Add media: `picture`, `sha256`, `source`, `media_type`, `width`, `height`."""
    added = [{**row, "entry": entry} for row in rows]
    if added:
        connection.execute(sa.insert(pictures), added)


def known_exercises(connection: sa.Connection, panel: str) -> dict[tuple[str, str], str]:
    """Return the exercises of a panel: purpose and content id to its opaque id."""
    query = sa.select(exercises).where(exercises.c.panel == panel).order_by(exercises.c.exercise)
    return {(row.purpose, row.content): row.exercise for row in connection.execute(query)}


def add_exercises(connection: sa.Connection, rows: Iterable[Mapping[str, Any]], *, entry: int) -> None:
    """Add exercises: `exercise`, `panel`, `name`, `purpose`, `expected` (JSON), `why` (HTML), `content`."""
    added = [{**row, "entry": entry} for row in rows]
    if added:
        connection.execute(sa.insert(exercises), added)

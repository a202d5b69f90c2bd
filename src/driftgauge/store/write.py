"""Adding to a store: releases, responses and ratings, revisions of them, and tombstones. All in the caller's transaction."""

from typing import Final, Literal

import polars as pl
import sqlalchemy as sa

from driftgauge.errors import StoreError
from driftgauge.records import Progress
from driftgauge.store.accounts import erase_person
from driftgauge.store.bulk import insert_frame, read_frame
from driftgauge.store.tables import (
    ANSWER_VALUES,
    JUDGEMENT_VALUES,
    RATING_VALUES,
    RENDERING_VALUES,
    RESPONSE_VALUES,
    answers,
    assignments,
    judgements,
    ratings,
    releases,
    renderings,
    responses,
)

RESPONSE_COLUMNS: Final = (
    "response_id", "revision", "scenario", "intent", "modality", "language", "release", "phase", "attempt", "status",
    "harm_category", "technique", "execution", "prompt_hash", "response_hash", "root", "content",
)  # fmt: skip
"""What a frame of responses has."""
RATING_COLUMNS: Final = (
    "rating_id", "revision", "rater", "panel", "kind", "occasion", "purpose", "harm", "success", "refusal", "refusal_level",
    "comment", "created_at", "line", "simulated", "extra", "content",
)  # fmt: skip
"""What a frame of ratings has, beside `response_id` and `response_content`, which name the response that was rated."""


def add_releases(connection: sa.Connection, frame: pl.DataFrame, *, entry: int) -> None:
    """Add releases.

    Parameters
    ----------
    connection
        Of a transaction that writes.
    frame
        `release`, `family`, `generation`.
    entry
        Of the journal.
    """
    insert_frame(connection, releases, frame.with_columns(entry=pl.lit(entry)))


def add_responses(connection: sa.Connection, frame: pl.DataFrame, *, entry: int) -> None:
    """Add responses, or revisions of them.

    Parameters
    ----------
    connection
        Of a transaction that writes.
    frame
        `RESPONSE_COLUMNS`.
    entry
        Of the journal.
    """
    insert_frame(connection, responses, frame.select(*RESPONSE_COLUMNS, entry=pl.lit(entry)))


def add_ratings(connection: sa.Connection, frame: pl.DataFrame, *, entry: int, progress: Progress) -> None:
    """Add ratings, or revisions of them, of responses that are there.

    Parameters
    ----------
    connection
        Of a transaction that writes.
    frame
        `RATING_COLUMNS`, `response_id` and `response_content`.
    entry
        Of the journal.
    progress
        Told of each slice.
    """
    query = sa.select(responses.c.row, responses.c.response_id, responses.c.content).order_by(responses.c.row)
    schema = pl.Schema({"response": pl.Int64(), "response_id": pl.String(), "response_content": pl.String()})
    rows = read_frame(connection, query, schema).unique(["response_id", "response_content"], keep="last")
    placed = frame.join(rows, on=["response_id", "response_content"], how="left", maintain_order="left")
    insert_frame(connection, ratings, placed.select(*RATING_COLUMNS, "response", entry=pl.lit(entry)), progress=progress)


def erase(connection: sa.Connection, *, of: Literal["rater", "response"], identifier: str, reason: str, entry: int) -> int:
    """Empty the values of a rater's ratings, or of a response, and return how many rows became tombstones.

    Of a judge also its votes, and of a response those about it.
    Of a rater of the app also what they sent beside ratings, who they are and what they said of themselves; their seat stays
    taken. Of a response also how it was shown, and nobody is asked about it any more.

    Parameters
    ----------
    connection
        Of a transaction that writes.
    of
        Whose: a rater's ratings in all their revisions, or a response in all of them.
    identifier
        The rater, or the response's id.
    reason
        Stays on the tombstone, with id and time.
    entry
        Of the journal.

    Raises
    ------
    StoreError
        When there is nothing of that name, or it was erased before.
    """
    table, column, values = (
        (ratings, ratings.c.rater, RATING_VALUES) if of == "rater" else (responses, responses.c.response_id, RESPONSE_VALUES)
    )
    emptied = dict.fromkeys(values) | {"content": "", "erased": reason, "erased_by": entry}
    done = connection.execute(sa.update(table).where(column == identifier, table.c.erased.is_(None)).values(emptied))
    count = int(done.rowcount) + _erase_judgements(connection, of, identifier, reason=reason, entry=entry)
    count += erase_person(connection, identifier, reason=reason, entry=entry) if of == "rater" else 0
    if not count:
        raise StoreError(f"no {of} {identifier!r} has values to erase", remedy=f"Copy the {of} from an export or a trace.")
    if of == "response":
        _erase_answers(connection, identifier, reason=reason, entry=entry)
        _erase_rendering(connection, identifier, reason=reason, entry=entry)
    return count


def _erase_judgements(
    connection: sa.Connection, of: Literal["rater", "response"], identifier: str, *, reason: str, entry: int
) -> int:
    """Empty the votes of a judge, or about a response: a judge may quote it. Return how many were its own."""
    about = sa.select(responses.c.row).where(responses.c.response_id == identifier)
    chosen = judgements.c.rater == identifier if of == "rater" else judgements.c.response.in_(about)
    emptied = dict.fromkeys(JUDGEMENT_VALUES) | {"erased": reason, "erased_by": entry}
    done = connection.execute(sa.update(judgements).where(chosen, judgements.c.erased.is_(None)).values(emptied))
    return int(done.rowcount) if of == "rater" else 0


def _erase_answers(connection: sa.Connection, response_id: str, *, reason: str, entry: int) -> None:
    """Empty what a model said, in every revision of a response that was collected."""
    revisions = sa.select(responses.c.row).where(responses.c.response_id == response_id)
    emptied = dict.fromkeys(ANSWER_VALUES) | {"erased": reason, "erased_by": entry}
    connection.execute(sa.update(answers).where(answers.c.response.in_(revisions), answers.c.erased.is_(None)).values(emptied))


def _erase_rendering(connection: sa.Connection, response_id: str, *, reason: str, entry: int) -> None:
    """Empty how a response was shown to raters, and ask nobody about it any more."""
    revisions = sa.select(responses.c.row).where(responses.c.response_id == response_id)
    emptied = dict.fromkeys(RENDERING_VALUES) | {"erased": reason, "erased_by": entry}
    connection.execute(
        sa.update(renderings).where(renderings.c.response.in_(revisions), renderings.c.erased.is_(None)).values(emptied)
    )
    still = (assignments.c.response.in_(revisions), assignments.c.state == "open")
    connection.execute(sa.update(assignments).where(*still).values(state="erased"))

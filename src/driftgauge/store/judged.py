"""Judges and their votes, added and read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from driftgauge.store.bulk import read_frame
from driftgauge.store.collected import as_json
from driftgauge.store.tables import judgements, judges, ratings, responses

VOTE_COLUMNS: Final = (
    "response", "rater", "occasion", "vote", "revision", "status", "why_not", "harm", "success", "refusal", "reason", "text",
    "reasoning", "stop_reason", "stop_details", "served_model", "fingerprint", "request_id", "usage", "asked", "in_force",
    "structured", "media", "names", "fault", "fault_code", "fault_detail", "tries", "sent_at", "received_at", "seconds",
    "clock_jumped", "model_changed", "simulated",
)  # fmt: skip
"""What a vote has, beside the journal entry of its run and what an erasure leaves."""
CONFIDENTIAL: Final = ("reason", "text", "reasoning", "stop_details")
_TYPES: Final = {
    **dict.fromkeys(
        ("row", "response", "occasion", "vote", "revision", "names", "fault_code", "tries", "entry", "harm", "attempt"),
        pl.Int64(),
    ),
    **dict.fromkeys(("success", "refusal", "structured", "clock_jumped", "model_changed", "simulated"), pl.Boolean()),
    "seconds": pl.Float64(),
}
"""The types of the columns that are not text."""
_KEY: Final = ("response_id", "scenario", "intent", "modality", "language", "release", "phase", "attempt")


@dataclass(frozen=True)
class KnownJudge:
    """A version of a judge: what its ratings are made with.

    Parameters
    ----------
    rater
        Its name in ratings.
    judge, version
        As the study calls it, and a SHA-256 of all that follows and changes what it says.
    model, client, settings
        The id that is asked, what asks it, and how.
    rubric_version, rubric
        SHA-256 of it, and its text.
    votes
        How often it is asked about each response.
    """

    rater: str
    judge: str
    version: str
    model: str | None
    client: str
    settings: Mapping[str, Any]
    rubric_version: str
    rubric: str
    votes: int


def add_judge(connection: sa.Connection, judge: KnownJudge, *, entry: int) -> None:
    """Add a version of a judge where it is not there yet."""
    if connection.execute(sa.select(judges.c.rater).where(judges.c.rater == judge.rater)).first() is None:
        row = vars(judge) | {"settings": as_json(judge.settings), "entry": entry}
        connection.execute(sa.insert(judges), [row])


def judges_frame(connection: sa.Connection) -> pl.DataFrame:
    """Return every version of every judge, the earliest first: the fields of `KnownJudge` and `entry`."""
    names = [column.name for column in judges.columns]
    schema = pl.Schema({name: pl.Int64() if name in {"votes", "entry"} else pl.String() for name in names})
    return read_frame(connection, sa.select(judges).order_by(judges.c.entry, judges.c.rater), schema)


def add_votes(connection: sa.Connection, rows: Sequence[Mapping[str, object]], *, entry: int) -> None:
    """Add votes, each once.

    Parameters
    ----------
    connection
        Of a transaction that writes.
    rows
        `VOTE_COLUMNS`.
    entry
        Of the journal: that of the run.

    Raises
    ------
    sqlalchemy.exc.IntegrityError
        When a vote is there already in that revision.
    """
    if rows:
        connection.execute(
            sa.insert(judgements), [{name: row[name] for name in VOTE_COLUMNS} | {"entry": entry} for row in rows]
        )


def votes_frame(
    connection: sa.Connection, rater: str | None = None, *, occasion: int | None = None, texts: bool = False
) -> pl.DataFrame:
    """Return the newest revision of every vote, in the order in which they came.

    Parameters
    ----------
    connection
        Of a transaction.
    rater
        Of this judge (its name in ratings); null for all.
    occasion
        Of this one; null for all.
    texts
        Whether `reason`, `text`, `reasoning` and `stop_details` come with it. They are confidential.

    Returns
    -------
    polars.DataFrame
        The key of the response (`response_id`, `scenario`, …), `VOTE_COLUMNS`, `row`, `entry` and `erased`. `response` is the
        row of the revision that was judged.
    """
    own = [name for name in VOTE_COLUMNS if texts or name not in CONFIDENTIAL]
    columns = [
        *(responses.c[name] for name in _KEY), judgements.c.row, *(judgements.c[name] for name in own), judgements.c.entry,
        judgements.c.erased,
    ]  # fmt: skip
    query = sa.select(*columns).join(responses, judgements.c.response == responses.c.row).order_by(judgements.c.row)
    for column, value in ((judgements.c.rater, rater), (judgements.c.occasion, occasion)):
        query = query if value is None else query.where(column == value)
    every = read_frame(connection, query, pl.Schema({each.name: _TYPES.get(each.name, pl.String()) for each in columns}))
    key = ["response", "rater", "occasion", "vote"]
    return every.sort("revision", maintain_order=True).unique(key, keep="last", maintain_order=True).sort("row")


def served_to_judge(connection: sa.Connection, rater: str) -> str | None:
    """Return the model that served the first answer of a judge that says one."""
    query = (
        sa.select(judgements.c.served_model)
        .where(judgements.c.rater == rater, judgements.c.served_model.is_not(None))
        .order_by(judgements.c.row)
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def human_successes(connection: sa.Connection) -> pl.DataFrame:
    """Return, by `response_id`, the share of people's newest ratings that say that the attack succeeded (`success`)."""
    columns = (responses.c.response_id, ratings.c.rating_id, ratings.c.revision, ratings.c.success)
    query = (
        sa.select(*columns)
        .join(responses, ratings.c.response == responses.c.row)
        .where(ratings.c.kind == "human", ratings.c.rater.is_not(None))
        .order_by(ratings.c.row)
    )
    types = {"revision": pl.Int64(), "success": pl.Boolean()}
    every = read_frame(connection, query, pl.Schema({each.name: types.get(each.name, pl.String()) for each in columns}))
    newest = every.sort("revision", maintain_order=True).unique("rating_id", keep="last", maintain_order=True)
    return newest.drop_nulls("success").group_by("response_id", maintain_order=True).agg(pl.col("success").mean())

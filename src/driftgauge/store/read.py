"""A store as frames: the ratings as `measure` takes them, and what is known already when more come."""

from typing import Final

import polars as pl
import sqlalchemy as sa

from driftgauge.frames import RATINGS, conform
from driftgauge.store.bulk import read_frame
from driftgauge.store.tables import ratings, releases, responses

_TEXT: Final = pl.String()
_WHOLE: Final = pl.Int64()
_OWN: Final = {
    "entry": _WHOLE, "row": _WHOLE, "response": _WHOLE, "revision": _WHOLE, "occasion": _WHOLE, "attempt": _WHOLE,
    "line": _WHOLE, "generation": _WHOLE, "harm": pl.Int8(), "success": pl.Boolean(), "refusal": pl.Boolean(),
    "simulated": pl.Boolean(),
}  # fmt: skip
"""The types of the columns that are not text."""
_RATING: Final = (
    "rating_id", "revision", "response", "rater", "panel", "kind", "occasion", "purpose", "harm", "success", "refusal",
    "refusal_level", "comment", "created_at", "line", "simulated", "entry", "content", "erased",
    "skipped",
)  # fmt: skip
_RESPONSE: Final = (
    "row", "response_id", "scenario", "intent", "modality", "language", "release", "phase", "attempt", "status",
    "harm_category", "technique", "execution", "prompt_hash", "response_hash", "root",
)  # fmt: skip


def ratings_frame(connection: sa.Connection, *, until: int | None = None, row: int | None = None) -> pl.DataFrame:
    """Return the newest revision of every rating that was not skipped or erased, with its response.

    Parameters
    ----------
    connection
        Of a transaction.
    until
        The journal entry up to which things count; null for all. What was erased since is gone all the same.
    row
        The row of ratings up to which they count (`last_rating`): a process that takes ratings has one entry, and they grow.

    Returns
    -------
    polars.DataFrame
        The columns of `frames.RATINGS`, then `entry` (of the journal), `content`, and `root` (of the benchmark); `family` and
        `generation` as the sources of the ratings said. In the order in which the ratings came in.
    """
    revised = _table(connection, ratings, _RATING, until=until, row=row)
    if (revised["revision"] > 1).any():
        revised = revised.sort("revision", maintain_order=True).unique("rating_id", keep="last", maintain_order=True)
    about = _table(connection, responses, _RESPONSE, until=until).join(known_releases(connection), on="release", how="left")
    whole = revised.filter(pl.col("erased").is_null(), pl.col("skipped").is_null()).join(
        about, left_on="response", right_on="row", how="left", maintain_order="left"
    )
    return conform(whole.drop("revision", "response", "erased", "skipped"), RATINGS)


def last_rating(connection: sa.Connection) -> int:
    """Return the number of the newest row of ratings; 0 when there is none."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(ratings.c.row), 0))).scalar_one())


def has_ratings(connection: sa.Connection) -> bool:
    """Return whether there is any rating."""
    return connection.execute(sa.select(ratings.c.row).limit(1)).first() is not None


def known_ratings(connection: sa.Connection) -> pl.DataFrame:
    """Return the newest revision of every rating: `rating_id`, `revision`, `content`, `erased` (why, or null)."""
    every = _table(connection, ratings, ("rating_id", "revision", "content", "erased"))
    return every.sort("revision", maintain_order=True).unique("rating_id", keep="last", maintain_order=True)


def known_responses(connection: sa.Connection) -> pl.DataFrame:
    """Return every revision of every response that has not been erased, in order, with `content` and what may be revised."""
    columns = ("response_id", "revision", "status", "harm_category", "technique", "execution", "content", "erased")
    return _table(connection, responses, columns)


def known_releases(connection: sa.Connection) -> pl.DataFrame:
    """Return the releases of the ratings: `release`, and `family` and `generation` as a source said."""
    columns = ("release", "family", "generation")
    return read_frame(connection, sa.select(*(releases.c[name] for name in columns)), _schema(columns))


def _table(
    connection: sa.Connection,
    table: sa.Table,
    columns: tuple[str, ...],
    *,
    until: int | None = None,
    row: int | None = None,
) -> pl.DataFrame:
    query = sa.select(*(table.c[name] for name in columns)).order_by(table.c.row)
    if until is not None:
        query = query.where(table.c.entry <= until)
    if row is not None:
        query = query.where(table.c.row <= row)
    return read_frame(connection, query, _schema(columns))


def _schema(columns: tuple[str, ...]) -> pl.Schema:
    return pl.Schema({name: _OWN.get(name, _TEXT) for name in columns})

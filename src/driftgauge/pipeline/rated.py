"""The ratings of a study at one moment, as `measure` takes them and `trace` finds them again."""

import hashlib
import json
from dataclasses import dataclass

import polars as pl

from driftgauge.rate.exchange.lineage import replaced
from driftgauge.store import read
from driftgauge.store.database import Connection
from driftgauge.study import Study


@dataclass(frozen=True)
class Rated:
    """The ratings of a study at one moment.

    Parameters
    ----------
    ratings
        The ratings table, lineage as the study declares it.
    data_hash
        Of the ratings and their responses.
    entry
        The journal entry up to which they count.
    """

    ratings: pl.DataFrame
    data_hash: str
    entry: int


def rated_until(connection: Connection, study: Study, *, entry: int) -> Rated:
    """Return the ratings of a study as they were at an entry of its journal, without what was erased since.

    Parameters
    ----------
    connection
        Of a transaction.
    study
        Whose lineage is put over them, where it declares one.
    entry
        Of the journal.
    """
    stored = read.ratings_frame(connection, until=entry)
    ratings = replaced(stored, study.lineage) if study.lineage else stored
    return Rated(ratings.drop("content"), _data_hash(ratings), entry)


def _data_hash(ratings: pl.DataFrame) -> str:
    """Return a SHA-256 over what every rating and its response say, and where their release stands, in any order of rows."""
    said = ratings.select(pl.concat_str(pl.col("rating_id", "content"), separator=" ")).to_series().sort()
    places = ratings.select("release", "family", "generation").unique().sort("release")
    text = "\n".join([*said, *(json.dumps(row, ensure_ascii=False) for row in places.iter_rows())])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

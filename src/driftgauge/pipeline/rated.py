"""The ratings of a study at one moment, as `measure` takes them and `trace` finds them again."""

import hashlib
import json
from dataclasses import dataclass

import polars as pl

from driftgauge.frames import RATED_STATUSES
from driftgauge.measure.ppi_rows import ProbabilitySample
from driftgauge.rate.exchange.lineage import replaced
from driftgauge.rate.unseen import with_unseen
from driftgauge.store import journal, read
from driftgauge.store.collected import collected_frame, last_answer
from driftgauge.store.database import Connection
from driftgauge.store.samples import known_sample
from driftgauge.study import Study


@dataclass(frozen=True)
class Moment:
    """A state of a store: the last entry of its journal, the last answer and the last rating.

    A collection has one entry and grows, and so has a process that takes ratings. Without a rating, those of the entry count.
    """

    entry: int
    answer: int = 0
    rating: int | None = None


@dataclass(frozen=True)
class Rated:
    """The ratings of a study at one moment.

    Parameters
    ----------
    ratings
        The ratings table, lineage as the study declares it.
    data_hash
        Of the ratings and their responses.
    moment
        Up to which they count.
    collected
        The newest revision of each response that was collected, without its text.
    waiting
        By release, how many of them wait for a first rating.
    sampled
        The probability sample of scenarios that people rate; null where they rate all.
    """

    ratings: pl.DataFrame
    data_hash: str
    moment: Moment
    collected: pl.DataFrame
    waiting: pl.DataFrame
    sampled: ProbabilitySample | None = None


def latest(connection: Connection) -> Moment:
    """Return the state that a store is in."""
    return Moment(journal.last_entry(connection), last_answer(connection), read.last_rating(connection))


def rated_until(connection: Connection, study: Study, moment: Moment) -> Rated:
    """Return the ratings of a study as they were at a moment, without what was erased since.

    Parameters
    ----------
    connection
        Of a transaction.
    study
        Whose lineage is put over them, where it declares one.
    moment
        Of the store.

    Notes
    -----
    Collected responses that nobody needs to see, or that could not be had, stand among them as rows without a rater.
    """
    collected = collected_frame(connection, until=moment.answer)
    panels = {phase.phase: phase.panels[0] if len(phase.panels) == 1 else None for phase in study.phases}
    told = read.ratings_frame(connection, until=moment.entry, row=moment.rating)
    sample = known_sample(connection, until=moment.entry)
    drawn = None if sample.is_empty() else sample.filter("drawn")["scenario"].to_list()
    found = with_unseen(told, collected, panels=panels, drawn=drawn)
    ratings = replaced(found.ratings, study.lineage) if study.lineage else found.ratings
    sampled = None if drawn is None else ProbabilitySample(sample, _unrated(ratings, collected))
    return Rated(ratings.drop("content"), _data_hash(ratings), moment, collected, found.waiting, sampled)


def _unrated(ratings: pl.DataFrame, collected: pl.DataFrame) -> dict[str, int]:
    """Return, by release, the responses to adversarial prompts that could be rated and that nobody rated, no judge either."""
    shown = collected.filter(
        pl.col("status").is_in(RATED_STATUSES), pl.col("erased").is_null(), pl.col("intent") == "adversarial"
    )
    rated = ratings.filter(pl.col("rater").is_not_null())
    return dict(shown.join(rated, on="response_id", how="anti").group_by("release").len().iter_rows())


def _data_hash(ratings: pl.DataFrame) -> str:
    """Return a SHA-256 over what every rating and its response say, and where their release stands, in any order of rows."""
    said = ratings.select(pl.concat_str(pl.col("rating_id", "content"), separator=" ")).to_series().sort()
    places = ratings.select("release", "family", "generation").unique().sort("release")
    text = "\n".join([*said, *(json.dumps(row, ensure_ascii=False) for row in places.iter_rows())])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

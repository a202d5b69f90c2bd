"""Collected responses among the ratings: those that nobody needs to see or that could not be had, and those that wait."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge.frames import MISSING_STATUSES, RATED_STATUSES, RATING_KEY, RATINGS, UNRATED_STATUSES, conform
from driftgauge.rate.exchange.ids import content_ids

_CELL: Final = ("release", "phase", "intent", "modality", "language")
_PANEL: Final = ("release", "phase", "language")


@dataclass(frozen=True)
class Beheld:
    """Ratings with what was collected beside them.

    Parameters
    ----------
    ratings
        As they came, then one row without a rater for each collected response that nobody needs to see or that could not be
        had; `simulated` where the rating or the answer is.
    waiting
        By `release`: `answered` responses that people are shown, how many of them are `waiting` for a first rating, and how
        many others are `unseen` (refused, filtered, empty) and count already.
    """

    ratings: pl.DataFrame
    waiting: pl.DataFrame


def with_unseen(
    ratings: pl.DataFrame,
    collected: pl.DataFrame,
    *,
    panels: Mapping[str, str | None],
    drawn: Collection[str] | None = None,
) -> Beheld:
    """Put collected responses that need no rating among the ratings, as imports that list them do.

    Parameters
    ----------
    ratings
        The newest ratings of a study, with `entry`, `content` and `root`.
    collected
        The newest revision of each collected response.
    panels
        The panel that the study declares for a phase.
    drawn
        The scenarios that people rate, where these are a sample. What is outside waits for nobody, and what nobody needs to see
        there counts for judges alone: people's figures would otherwise hold refusals of all scenarios and answers of a few.

    Notes
    -----
    Before a panel has begun, a release that refused a little and answered much would look harmless. So what nobody needs to see
    of a release in a phase, and of one of its intents, modalities and languages, counts when a response beside it is rated, or
    none waits there. What a source says of a response without a rater gives way to what was collected.
    """
    if collected.is_empty():
        return Beheld(ratings, _waiting(collected.with_columns(rated=pl.lit(False))))
    told = ratings.filter(pl.col("rater").is_not_null() | ~_is_in("response_id", collected))
    marked = collected.with_columns(rated=_is_in("response_id", _of_items(told)))
    unseen = _counting(marked, told).filter(pl.col("status").is_in((*UNRATED_STATUSES, *MISSING_STATUSES)))
    asked = pl.lit(value=True) if drawn is None else pl.col("scenario").is_in(list(drawn))
    placed = _rows(unseen, told, panels=panels).with_columns(kind=pl.when(asked).then("kind").otherwise(pl.lit("judge")))
    simulated = collected.filter("simulated")
    flagged = told.with_columns(pl.col("simulated") | _is_in("response_id", simulated))
    whole = pl.concat([flagged, placed.select(flagged.columns)])
    return Beheld(whole, _waiting(marked.with_columns(pl.col("rated") | ~asked)))


def _is_in(name: str, frame: pl.DataFrame) -> pl.Expr:
    return pl.col(name).is_in(frame[name].unique().implode())


def _of_items(told: pl.DataFrame) -> pl.DataFrame:
    """Return the ratings that say something of a response: people's, or judges' where no person rates."""
    items = told.filter(pl.col("rater").is_not_null(), pl.col("purpose").is_in(("item", "anchor")))
    people = items.filter(pl.col("kind") == "human")
    return people if len(people) else items


def _counting(marked: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Return the responses of the cells that are rated, or of which none waits."""
    shown = pl.col("status").is_in(RATED_STATUSES) & pl.col("erased").is_null()
    begun = pl.col("rated").any() | ~(shown & ~pl.col("rated")).any()
    return marked.filter(begun.over(_CELL), begun.over(_CELL[:2]))


def _rows(unseen: pl.DataFrame, told: pl.DataFrame, *, panels: Mapping[str, str | None]) -> pl.DataFrame:
    """Return one row of ratings, without a rater, for each response; its panel is the one that rated beside it."""
    people = told.filter(pl.col("rater").is_not_null(), pl.col("kind") == "human")
    beside = people.group_by(_PANEL).agg(seen=pl.col("panel").first(), panels=pl.col("panel").n_unique())
    joined = unseen.join(beside.filter(pl.col("panels") == 1), on=_PANEL, how="left", nulls_equal=True, maintain_order="left")
    declared = pl.col("phase").replace_strict(dict(panels), default=None, return_dtype=pl.String)
    shaped = joined.with_columns(
        panel=pl.when(pl.col("panels").is_null()).then(declared).otherwise("seen"),
        rater=pl.lit(None, pl.String),
        kind=pl.lit("human"),
        occasion=pl.lit(1, pl.Int64),
        purpose=pl.lit("item"),
        content=content_ids(joined.select(pl.col("status"), pl.col("simulated").cast(pl.Int64)), ("status", "simulated")),
    )
    named = shaped.with_columns(rating_id=content_ids(shaped, RATING_KEY))
    return conform(named.select(*(name for name in named.columns if name in {*RATINGS, "entry", "content", "root"})), RATINGS)


def _waiting(marked: pl.DataFrame) -> pl.DataFrame:
    shown = pl.col("status").is_in(RATED_STATUSES) & pl.col("erased").is_null()
    return (
        marked.group_by("release")
        .agg(
            answered=shown.sum().cast(pl.Int64),
            waiting=(shown & ~pl.col("rated")).sum().cast(pl.Int64),
            unseen=pl.col("status").is_in(UNRATED_STATUSES).sum().cast(pl.Int64),
        )
        .sort("release")
    )

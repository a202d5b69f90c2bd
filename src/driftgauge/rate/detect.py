"""Responses to the ratings of the refusal detector: a judge's, beside people and never among them."""

from dataclasses import dataclass

import polars as pl

from driftgauge import frames
from driftgauge.errors import RatingError
from driftgauge.rate.exchange.ids import nested_ids
from driftgauge.rate.refusals import RATER, refusal_of


@dataclass(frozen=True)
class Detected:
    """What the patterns say of responses.

    Parameters
    ----------
    ratings
        The ratings table (`frames.RATINGS`): kind ``judge``, rater `refusals.RATER`, one row a response. ``refusal`` is null
        where it is ambiguous; ``success`` and ``harm`` always are.
    n_refusal, n_ambiguous, n_none
        Responses of each class.
    n_left_out
        Responses that are not rated: refused by the provider, filtered, empty, failed, unsupported.
    """

    ratings: pl.DataFrame
    n_refusal: int
    n_ambiguous: int
    n_none: int
    n_left_out: int


_SAYS = {"refusal": True, "none": False, "ambiguous": None}


def detect(responses: pl.DataFrame) -> Detected:
    """Rate responses by patterns.

    Parameters
    ----------
    responses
        The key of each (`frames.RESPONSE_KEY`) and `response_text`. Of further columns, those of `frames.RATINGS` about the
        response go along (`status`, `simulated`, `harm_category`, …). No text does.

    Returns
    -------
    Detected
        The same rows for the same responses, whenever it is called: no time is in them.

    Raises
    ------
    RatingError
        When a column is missing.
    """
    needed = (*frames.RESPONSE_KEY, "response_text")
    if missing := [name for name in needed if name not in responses.columns]:
        raise RatingError(f"responses without {', '.join(missing)}", remedy="Give collected responses with their texts.")
    status = pl.col("status") if "status" in responses.columns else pl.lit("answered")
    rated = responses.filter(status.is_in(frames.RATED_STATUSES) & pl.col("response_text").is_not_null())
    said = pl.Series(
        "said", [refusal_of(*row) for row in rated.select("response_text", "language").iter_rows()], dtype=pl.String
    )
    counts = {name: int((said == name).sum()) for name in _SAYS}
    return Detected(
        ratings=_ratings(rated, said),
        n_refusal=counts["refusal"],
        n_ambiguous=counts["ambiguous"],
        n_none=counts["none"],
        n_left_out=responses.height - rated.height,
    )


def _ratings(rated: pl.DataFrame, said: pl.Series) -> pl.DataFrame:
    about = ("status", "harm_category", "technique", "execution", "prompt_hash", "response_hash", "simulated")
    own = rated.select(*frames.RESPONSE_KEY, *(name for name in about if name in rated.columns)).with_columns(
        said.replace_strict(_SAYS, return_dtype=pl.Boolean).alias("refusal"),
        kind=pl.lit("judge"),
        rater=pl.lit(RATER),
        occasion=pl.lit(1, pl.Int64),
        purpose=pl.lit("item"),
    )
    shaped = frames.conform(own, frames.RATINGS).with_columns(
        pl.col("status").fill_null("answered"), pl.col("simulated").fill_null(value=False)
    )
    ids = nested_ids(shaped, frames.RESPONSE_KEY, key=frames.RATING_KEY)
    return shaped.with_columns(response_id=ids["outer"], rating_id=ids["key"])

"""The refusal detector rates responses as a judge."""

from typing import Any

import polars as pl
import pytest

from driftgauge.errors import RatingError
from driftgauge.frames import RATING_KEY, RATINGS, RESPONSE_KEY, conform, schema
from driftgauge.rate.detect import detect
from driftgauge.rate.exchange.ids import content_ids
from driftgauge.rate.merge import merge
from driftgauge.rate.refusals import RATER

SECRET = "quiet-words-of-a-response"


def responses(*texts: str | None, **more: Any) -> pl.DataFrame:
    rows = [
        {
            "scenario": f"s{number}",
            "intent": "adversarial",
            "modality": "text-only",
            "language": "en",
            "release": "Elm 1",
            "phase": "1",
            "attempt": 1,
            "status": "answered",
            "response_text": text,
        }
        | more
        for number, text in enumerate(texts)
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def test_each_class_is_a_rating_and_ambiguous_has_no_value() -> None:
    found = detect(responses("I can't help with that.", "As an AI, hm.", "Cats purr."))
    assert found.ratings["refusal"].to_list() == [True, None, False]
    assert (found.n_refusal, found.n_ambiguous, found.n_none, found.n_left_out) == (1, 1, 1, 0)
    assert found.ratings.select("kind", "rater", "purpose", "occasion").unique().rows() == [("judge", RATER, "item", 1)]
    assert found.ratings["harm"].null_count() == found.ratings["success"].null_count() == 3


@pytest.mark.parametrize("status", ["refused", "filtered", "empty", "failed", "unsupported"])
def test_what_people_are_not_shown_is_not_rated(status: str) -> None:
    found = detect(responses("I can't help with that.", status=status))
    assert (found.ratings.height, found.n_left_out) == (0, 1)


def test_ratings_are_of_the_responses_by_their_key() -> None:
    ratings = detect(responses("Cats purr.", simulated=True)).ratings
    assert ratings.schema == schema(RATINGS)
    assert ratings["response_id"].to_list() == content_ids(ratings, RESPONSE_KEY).to_list()
    assert ratings["rating_id"].to_list() == content_ids(ratings, RATING_KEY).to_list()
    assert ratings["simulated"].to_list() == [True]


def test_no_text_goes_along() -> None:
    assert SECRET not in str(detect(responses(f"I can't help. {SECRET}", f"{SECRET}")).ratings.rows())


def test_the_same_again_adds_nothing() -> None:
    incoming = detect(responses("I can't help with that.", "Cats purr.")).ratings
    nothing = pl.DataFrame(schema={"rating_id": pl.String, "revision": pl.Int64, "content": pl.String, "erased": pl.String})
    no_responses = nothing.rename({"rating_id": "response_id"})
    first = merge(incoming, known_ratings=nothing, known_responses=no_responses)
    known = first.ratings.select("rating_id", "revision", "content", erased=pl.lit(None, pl.String))
    there = first.responses.select("response_id", "revision", "content", erased=pl.lit(None, pl.String))
    again = merge(
        detect(responses("I can't help with that.", "Cats purr.")).ratings, known_ratings=known, known_responses=there
    )
    assert (first.n_new, again.n_new, again.n_same, again.problems) == (2, 0, 2, ())


def test_no_response_is_no_rating() -> None:
    assert detect(responses("Cats purr.").clear()).ratings.equals(conform(pl.DataFrame(), RATINGS).clear())


def test_responses_without_texts_are_refused() -> None:
    with pytest.raises(RatingError, match="without response_text"):
        detect(responses("Cats purr.").drop("response_text"))

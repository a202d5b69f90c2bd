"""What ratings add to those that a study has: pure, on frames."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from driftgauge.rate.merge import Merge, merge, release_problems

MakeRatings = Callable[[list[dict[str, Any]]], pl.DataFrame]
NO_RATINGS = pl.DataFrame(schema={"rating_id": pl.String, "revision": pl.Int64, "content": pl.String, "erased": pl.String})
NO_RESPONSES = pl.DataFrame(
    schema=dict.fromkeys(("response_id", "status", "harm_category", "technique", "execution", "content", "erased"), pl.String)
    | {"revision": pl.Int64}
)


@pytest.fixture
def two(ratings_of: MakeRatings) -> pl.DataFrame:
    return ratings_of([{"scenario": "s", "release": "A", "rater": rater, "harm": 2, "line": 2} for rater in ("x", "y")])


def known_after(found: Merge) -> dict[str, pl.DataFrame]:
    """Return what is known once an import was written."""
    ratings = found.ratings.select("rating_id", "revision", "content", erased=pl.lit(None, pl.String))
    return {"known_ratings": ratings, "known_responses": found.responses.with_columns(erased=pl.lit(None, pl.String))}


def first(frame: pl.DataFrame) -> Merge:
    return merge(frame, known_ratings=NO_RATINGS, known_responses=NO_RESPONSES)


def test_all_is_new_to_an_empty_study_and_nothing_the_second_time(two: pl.DataFrame) -> None:
    found = first(two)
    assert (found.n_new, found.responses.height, found.problems) == (2, 1, ())
    again = merge(two, **known_after(found))
    assert (again.n_new, again.n_same, again.ratings.height, again.responses.height) == (0, 2, 0, 0)


def test_another_value_is_a_problem_or_a_second_revision(two: pl.DataFrame) -> None:
    known = known_after(first(two))
    changed = two.with_columns(harm=pl.when(pl.col("rater") == "x").then(5).otherwise("harm").cast(pl.Int8))
    refused = merge(changed, **known)
    assert [problem.where for problem in refused.problems] == ["line 2"]
    revised = merge(changed, **known, revise=True)
    assert (revised.n_revised, revised.n_same, revised.problems) == (1, 1, ())
    assert revised.ratings["revision"].to_list() == [2]


def test_a_response_that_is_described_otherwise_is_a_problem_once(two: pl.DataFrame, ratings_of: MakeRatings) -> None:
    known = known_after(first(two))
    third = ratings_of([{"scenario": "s", "release": "A", "rater": "z", "harm": 2, "line": 9, "status": "truncated"}])
    refused = merge(third, **known)
    assert [(each.where, "status" in each.what) for each in refused.problems] == [("line 9", True)]
    revised = merge(third, **known, revise=True)
    assert revised.responses["revision"].to_list() == [2]


def test_what_was_erased_stays_erased(two: pl.DataFrame) -> None:
    known = known_after(first(two))
    known["known_ratings"] = known["known_ratings"].with_columns(content=pl.lit(""), erased=pl.lit("asked for it"))
    found = merge(two, **known)
    assert (found.n_new, found.n_same, found.n_erased, found.problems) == (0, 0, 2, ())


def test_ratings_of_an_erased_response_are_not_taken(two: pl.DataFrame, ratings_of: MakeRatings) -> None:
    known = known_after(first(two))
    known["known_responses"] = known["known_responses"].with_columns(content=pl.lit(""), erased=pl.lit("a name in it"))
    found = merge(ratings_of([{"scenario": "s", "release": "A", "rater": "z", "harm": 2}]), **known)
    assert (found.n_new, found.n_erased) == (0, 1)


def places(*rows: tuple[str, str | None, int | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"release": pl.String, "family": pl.String, "generation": pl.Int64}, orient="row")


@pytest.mark.parametrize(
    ("coming", "known", "said"),
    [
        (places(("A", "Elm", 1)), places(("A", "Ash", 1)), "family 'Elm', where the study has family 'Ash'"),
        (places(("A", "Elm", 2)), places(("A", "Elm", 1)), "generation 2, where the study has generation 1"),
        (places(("A", "Elm", 1)), places(("A", None, None)), "where the study has nothing"),
        (places(("B", "Elm", 1)), places(("A", "Elm", 1)), "releases A, B are all generation 1"),
    ],
)
def test_a_release_stands_in_one_place(coming: pl.DataFrame, known: pl.DataFrame, said: str) -> None:
    assert said in str(next(iter(release_problems(coming, known))))


def test_a_release_that_a_later_source_does_not_place_keeps_its_place() -> None:
    assert [*release_problems(places(("A", None, None)), places(("A", "Elm", 1)))] == []

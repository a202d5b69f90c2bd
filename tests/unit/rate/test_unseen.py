"""When collected responses that nobody needs to see begin to count, whose they are, and what waits."""

from typing import Any

import polars as pl
import pytest

from driftgauge.frames import RESPONSE_KEY
from driftgauge.rate.exchange.ids import content_ids
from driftgauge.rate.unseen import Beheld, with_unseen
from tests.conftest import make_ratings

LABELS = dict.fromkeys(("harm_category", "technique", "execution", "prompt_hash", "response_hash", "erased"))


def collected(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {"intent": "adversarial", "modality": "text-only", "language": "en", "release": "A", "phase": "1", "attempt": 1}
    usual |= {**LABELS, "simulated": False, "root": "root", "entry": 1, "status": "answered"}
    schema = dict.fromkeys(LABELS, pl.String) | {"attempt": pl.Int64, "entry": pl.Int64}
    frame = pl.DataFrame([usual | row for row in rows], schema_overrides=schema)
    return frame.with_columns(response_id=content_ids(frame, RESPONSE_KEY))


def ratings(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {"phase": "1", "language": "en", "release": "A", "success": True, "rater": "r1", "panel": "p"}
    made = make_ratings([usual | row for row in rows])
    return made.with_columns(entry=pl.lit(2, pl.Int64), content=pl.lit("c"), root=pl.lit("root"))


def seen(found: Beheld) -> list[tuple[str, str | None]]:
    """Return the scenario and panel of what stands without a rater."""
    return found.ratings.filter(pl.col("rater").is_null()).select("scenario", "panel").rows()


TWO = ({"scenario": "s1"}, {"scenario": "s2", "status": "refused"})


def test_a_refusal_waits_until_a_response_beside_it_is_rated() -> None:
    assert seen(with_unseen(ratings({"scenario": "x", "release": "B"}), collected(*TWO), panels={})) == []
    assert seen(with_unseen(ratings({"scenario": "s1"}), collected(*TWO), panels={})) == [("s2", "p")]


def test_a_refusal_counts_at_once_where_nothing_waits() -> None:
    only = collected({"scenario": "s2", "status": "refused"}, {"scenario": "s3", "status": "failed"})
    assert [name for name, _ in seen(with_unseen(ratings({"scenario": "x", "release": "B"}), only, panels={}))] == ["s2", "s3"]


@pytest.mark.parametrize("name", ["modality", "language", "intent"])
def test_one_part_of_a_release_that_is_rated_does_not_begin_another(name: str) -> None:
    other = {"modality": "multimodal", "language": "es", "intent": "benign"}[name]
    parts = collected(*TWO, {"scenario": "s3", name: other}, {"scenario": "s4", name: other, "status": "refused"})
    assert [each for each, _ in seen(with_unseen(ratings({"scenario": "s1"}), parts, panels={}))] == ["s2"]


def test_a_part_without_anything_to_rate_waits_for_its_release() -> None:
    parts = collected({"scenario": "s1"}, {"scenario": "s2", "modality": "multimodal", "status": "refused"})
    assert seen(with_unseen(ratings({"scenario": "x", "release": "B"}), parts, panels={})) == []


def test_a_judge_begins_nothing_where_people_rate() -> None:
    judged = ratings({"scenario": "s1", "kind": "judge", "rater": "j"}, {"scenario": "x", "release": "B"})
    found = with_unseen(judged, collected(*TWO), panels={})
    assert seen(found) == []
    assert found.waiting.rows() == [("A", 1, 1, 1)]
    assert [name for name, _ in seen(with_unseen(judged.head(1), collected(*TWO), panels={}))] == ["s2"]


def test_the_panel_is_the_one_that_rated_beside_it_else_the_declared_one() -> None:
    several = ratings({"scenario": "s1"}, {"scenario": "s1", "panel": "q", "rater": "r2"})
    assert seen(with_unseen(several, collected(*TWO), panels={"1": "declared"})) == [("s2", "declared")]
    nobody = ratings({"scenario": "s1", "panel": None})
    assert seen(with_unseen(nobody, collected(*TWO), panels={"1": "declared"})) == [("s2", None)]


def test_what_a_source_says_without_a_rater_gives_way_to_what_was_collected() -> None:
    listed = ratings({"scenario": "s1"}, {"scenario": "s2", "rater": None, "success": None, "status": "failed"})
    found = with_unseen(listed, collected(*TWO), panels={})
    assert found.ratings.filter(pl.col("rater").is_null()).select("scenario", "status").rows() == [("s2", "refused")]


def test_what_was_erased_waits_for_nobody() -> None:
    found = with_unseen(ratings({"scenario": "s1"}), collected(*TWO, {"scenario": "s5", "erased": "a name"}), panels={})
    assert found.waiting.rows() == [("A", 1, 0, 1)]


def test_without_a_collection_ratings_are_what_they_were() -> None:
    given = ratings({"scenario": "s1"})
    found = with_unseen(given, collected({"scenario": "s"}).clear(), panels={})
    assert found.ratings.equals(given)
    assert found.waiting.is_empty()


def test_outside_a_drawn_sample_nothing_waits_for_people_and_what_nobody_saw_counts_for_judges_alone() -> None:
    parts = collected(*TWO, {"scenario": "s3"}, {"scenario": "s4", "status": "refused"})
    found = with_unseen(ratings({"scenario": "s1"}), parts, panels={}, drawn=["s1", "s2"])
    alone = found.ratings.filter(pl.col("rater").is_null()).select("scenario", "kind")
    assert alone.rows() == [("s2", "human"), ("s4", "judge")]
    assert found.waiting.rows() == [("A", 2, 0, 2)]

"""Which rows a report shows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl

from driftgauge.report.select import view


def test_people_are_shown_where_there_are_people(build: Callable[..., Any]) -> None:
    people, judges = build(), build(kind="judge")
    both = pl.concat([people.estimates, judges.estimates])
    assert view(both, protocol=people.protocol).kind == "human"
    assert view(judges.estimates, protocol=people.protocol).kind == "judge"


def test_only_primary_intervals_are_shown(eight: Any) -> None:
    assert {row.method for row in view(eight.estimates, protocol=eight.protocol).rows} == {"linearised two-way t"}


def test_the_panel_is_shown_and_said_where_nothing_holds_for_other_raters(eight: Any) -> None:
    one_rater = eight.set(estimate=pl.when(pl.col("scope") == "panel").then(pl.col("estimate")))
    found = view(one_rater.estimates, protocol=eight.protocol)
    assert found.scope == "panel"
    assert "for the panel only" in found.notes[0]


def test_rows_of_a_category_or_language_are_not_taken_for_the_whole(eight: Any) -> None:
    split = eight.set(harm_category=pl.lit("fraud")).estimates
    both = pl.concat([split, eight.estimates])
    mixed, alone = (view(rows, protocol=eight.protocol) for rows in (both, eight.estimates))
    assert replace(mixed, slices=()) == replace(alone, slices=())
    assert {row.harm_category for row in mixed.slices} == {None, "fraud"}


def test_the_first_estimand_with_a_value_stands_in_for_a_missing_one(eight: Any) -> None:
    no_success = eight.keep(pl.col("outcome") == "refusal")
    assert view(no_success.estimates, protocol=eight.protocol).estimand == "refusal_rate"


def test_families_keep_the_order_of_the_frame_and_releases_that_of_generations(eight: Any) -> None:
    families = view(eight.estimates, protocol=eight.protocol).families
    assert list(families) == ["GPT", "Claude", "Pixtral", "Qwen"]
    assert [release.name for release in families["GPT"]] == ["GPT-4o", "GPT-5"]


def test_verdicts_stand_with_the_gravest_first(eight: Any) -> None:
    found = [row.verdict for row in view(eight.estimates, protocol=eight.protocol).verdicts]
    assert found == ["regressed", "inconclusive", "unchanged", "improved"]


def test_agreement_is_of_raters_like_these_where_it_can_be(eight: Any) -> None:
    assert {row.scope for row in view(eight.estimates, protocol=eight.protocol).agreement} == {"raters"}


def test_changes_among_engaged_ratings_are_not_taken_for_changes_of_all(eight: Any) -> None:
    drift = pl.col("contrast") == "drift"
    engaged = eight.estimates.filter(drift).with_columns(filter=pl.lit("engaged"))
    both = view(pl.concat([engaged, eight.estimates]), protocol=eight.protocol)
    assert both.contrasts("drift") == view(eight.estimates, protocol=eight.protocol).contrasts("drift")


def test_over_refusal_is_shown_where_only_benign_prompts_were_rated(eight: Any) -> None:
    benign = eight.keep(pl.col("estimand") == "refusal_rate").set(estimand=pl.lit("over_refusal"), intent=pl.lit("benign"))
    found = view(benign.estimates, protocol=eight.protocol)
    assert found.estimand == "over_refusal"
    assert len(found.levels("over_refusal")) == 8


def test_mean_harm_is_that_of_five_levels_unless_the_sixth_is_asked_for(eight: Any) -> None:
    ours = eight.estimates.filter(pl.col("estimand") == "mean_harm", pl.col("filter") == "all")
    sixth = ours.with_columns(outcome=pl.lit("harm6"), estimate_id="6" + pl.col("estimate_id").str.slice(1))
    chosen = view(pl.concat([eight.estimates, sixth]), protocol=eight.protocol)
    assert {row.outcome for row in chosen.levels("mean_harm").values()} == {"harm"}
    assert {row.outcome for row in chosen.levels("mean_harm", outcome="harm6").values()} == {"harm6"}

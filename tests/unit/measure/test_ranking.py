"""Which release is the safest, and whether an order turned: shares of bootstrap replicates."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.bootstrap import draw_weights, rating_replicates
from driftgauge.measure.bounds import missing_in
from driftgauge.measure.outcomes import counted, sample
from driftgauge.measure.populations import Index, index
from driftgauge.measure.ranking import (
    NO_INTERVAL,
    comparison_of,
    rank_shares,
    ranked_by,
    ranked_ratings,
    ranking_questions,
    ranking_rows,
    reversal_share,
)
from driftgauge.measure.rates import rates
from driftgauge.measure.rows import Row, Setting, estimates_frame
from driftgauge.measure.units import Rows, contributions, unit_groups
from driftgauge.measure.variance import rater_strata
from driftgauge.study import Protocol

Make = Callable[[list[dict[str, Any]]], pl.DataFrame]
SETTING = Setting("human", "adversarial", "rating", 0.95, 3, {}, simulated=False)
PLACES = {"X1": ("X", 1, "1"), "X2": ("X", 2, "2"), "Y1": ("Y", 1, "1"), "Y2": ("Y", 2, "2")}


def study(
    shares: dict[str, float],
    *,
    scenarios: int = 20,
    raters: int = 4,
    languages: Sequence[str | None] = (None,),
    phases: bool = True,
    seed: int = 1,
) -> list[dict[str, Any]]:
    """Every rater rates every response; a share of the ratings of each release says success."""
    rng = np.random.default_rng(seed)
    rows = []
    for release, language, s, r in product(shares, languages, range(scenarios), range(raters)):
        family, generation, phase = PLACES[release]
        place = {"release": release, "family": family, "generation": generation, "phase": phase if phases else None}
        value = bool(rng.random() < shares[release])
        rows.append(place | {"scenario": f"s{s}", "language": language, "rater": f"r{r}", "success": value})
    return rows


def found_in(frame: pl.DataFrame) -> Index:
    return index(sample(counted(frame, Protocol()).rows, Protocol()))


def ranked(frame: pl.DataFrame, *, n: int = 400, **also: Any) -> list[Row]:
    found = found_in(frame)
    here = found.sample
    known = rates(here, intent="adversarial")
    name = ranked_by(known)
    assert name is not None
    parts = {name: contributions(Rows(known[name].y, known[name].x, unit_groups(here)["response"], here.weight), "rating", k=1)}
    strata = rater_strata(here.membership, np.ones(here.n_raters, dtype=np.bool_))
    drawn = draw_weights(np.random.default_rng(2), n=n, n_scenarios=here.n_scenarios, strata=strata, n_raters=here.n_raters)
    sides = [question.populations[0] for question in ranking_questions(found, rates=known)]
    replicates = {}
    for scope, weights in (("raters", drawn), ("panel", drawn.raters_fixed())):
        some = [side for side in sides if len(side.rows)]
        replicates[scope] = rating_replicates(weights, here, rates=parts, populations=some) if some else {}
        replicates[scope] |= {(name, side.key): np.full(n, np.nan) for side in sides if not len(side.rows)}
    return ranking_rows(found, setting=SETTING, rates=known, replicates=replicates, **also)


def pick(rows: list[Row], **where: Any) -> list[Row]:
    return [row for row in rows if all(row.get(name) == value for name, value in ({"scope": "raters"} | where).items())]


def test_ranks_by_hand() -> None:
    # A, B, C in four replicates; in the third B and C are tied for ranks 2 and 3
    values = np.array([[0.1, 0.2, 0.3], [0.2, 0.1, 0.3], [0.1, 0.2, 0.2], [0.1, 0.3, 0.2]])
    shares = rank_shares(values)
    assert shares.share.tolist() == [[0.75, 0.25, 0.0], [0.25, 0.375, 0.375], [0.0, 0.375, 0.625]]
    # B at rank 3 has 0, 0, 1/2, 1: their standard deviation over the root of four
    assert shares.std_error[1, 2] == pytest.approx(np.std([0, 0, 0.5, 1]) / 2)


def test_a_tie_of_all_shares_every_rank() -> None:
    assert rank_shares(np.full((7, 3), 0.4)).share == pytest.approx(np.full((3, 3), 1 / 3))


def test_rounding_of_sums_is_a_tie() -> None:
    assert rank_shares(np.array([[0.3, 0.1 + 0.2]])).share.tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_undefined_replicates_are_left_out_and_counted() -> None:
    values = np.tile([0.1, 0.2], (200, 1))
    values[:2, 0] = np.nan
    found = rank_shares(values)
    assert found.share.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert (found.undefined, found.replicates) == (2, 200)


def test_above_one_percent_of_undefined_replicates_there_is_no_share() -> None:
    values = np.tile([0.1, 0.2], (200, 1))
    values[:3, 0] = np.nan
    assert np.isnan(rank_shares(values).share).all()
    assert np.isnan(reversal_share((values[:, 0], values[:, 1]), (values[:, 1], values[:, 0])).share).all()


def test_no_replicate_is_no_share() -> None:
    assert np.isnan(rank_shares(np.empty((0, 2))).share).all()
    nothing = np.empty(0)
    assert np.isnan(reversal_share((nothing, nothing), (nothing, nothing)).share).all()


def test_reversals_by_hand() -> None:
    # kept, turned, tied before, tied on both occasions
    before = (np.array([1.0, 1.0, 2.0, 2.0]), np.array([2.0, 2.0, 2.0, 2.0]))
    after = (np.array([1.0, 3.0, 1.0, 5.0]), np.array([2.0, 2.0, 2.0, 5.0]))
    assert reversal_share(before, after).share.tolist() == [(0 + 1 + 0.5 + 0.5) / 4]


def test_releases_of_a_phase_are_ranked_and_the_clear_order_is_found(ratings_of: Make) -> None:
    rows = ranked(ratings_of(study({"X1": 0.1, "X2": 0.8, "Y1": 0.5, "Y2": 0.3})))
    first = {(row["phase"], row["release"]): row["estimate"] for row in pick(rows, estimand="rank_probability", rank=1)}
    assert set(first) == {("1", "X1"), ("1", "Y1"), ("2", "X2"), ("2", "Y2")}
    assert first["1", "X1"] > 0.95
    assert first["2", "Y2"] > 0.95


def test_probabilities_of_a_release_and_of_a_rank_sum_to_one(ratings_of: Make) -> None:
    rows = ranked(ratings_of(study({"X1": 0.5, "Y1": 0.5}, scenarios=3, languages=("en", "de"))))
    frame = estimates_frame(rows, analysis_id="a").filter(pl.col("estimand") == "rank_probability")
    for other in ("release", "rank"):
        sums = frame.group_by("scope", "phase", "modality", "language", other).agg(pl.col("estimate").sum())
        assert sums["estimate"].to_list() == pytest.approx([1.0] * len(sums))


def test_a_reversal_names_both_families_and_both_phases(ratings_of: Make) -> None:
    rows = ranked(ratings_of(study({"X1": 0.1, "X2": 0.9, "Y1": 0.5, "Y2": 0.5})))
    (row,) = pick(rows, estimand="reversal_probability")
    named = {"contrast", "family", "release", "baseline_release", "generation", "phase", "baseline_phase", "outcome", "rank"}
    assert {name: row.get(name) for name in named} == {
        "contrast": "reversal",
        "family": "X",
        "release": "X2",
        "baseline_release": "Y2",
        "generation": 2,
        "phase": "2",
        "baseline_phase": "1",
        "outcome": "success",
        "rank": None,
    }
    assert row["estimate"] > 0.95


def test_an_order_that_stays_is_no_reversal(ratings_of: Make) -> None:
    rows = ranked(ratings_of(study({"X1": 0.1, "X2": 0.1, "Y1": 0.9, "Y2": 0.9})))
    assert [row["estimate"] for row in pick(rows, estimand="reversal_probability")] == [0.0]


def test_without_phases_releases_of_a_generation_are_ranked(ratings_of: Make) -> None:
    rows = ranked(ratings_of(study({"X1": 0.1, "X2": 0.9, "Y1": 0.5, "Y2": 0.5}, phases=False)))
    ranks = pick(rows, estimand="rank_probability", rank=2)
    assert {(row["generation"], row["release"], row["phase"]) for row in ranks} == {
        (1, "X1", None), (1, "Y1", None), (2, "X2", None), (2, "Y2", None),
    }  # fmt: skip
    assert len(pick(rows, estimand="reversal_probability")) == 1


def test_a_release_alone_has_no_rank(ratings_of: Make) -> None:
    assert ranked(ratings_of(study({"X1": 0.1, "X2": 0.9}))) == []


def test_an_order_that_turns_between_languages(ratings_of: Make) -> None:
    rows = study({"X1": 0.1, "Y1": 0.9}, languages=("en-US",)) + study({"X1": 0.9, "Y1": 0.1}, languages=("de-DE",))
    (row,) = pick(ranked(ratings_of(rows)), estimand="reversal_probability")
    assert (row["language"], row["baseline_language"]) == ("de-DE", "en-US")
    assert (row["release"], row["baseline_release"], row["phase"]) == ("X1", "Y1", "1")
    assert row["estimate"] > 0.95


def test_only_prompts_that_all_answered_are_compared(ratings_of: Make) -> None:
    rows = study({"X1": 0.1, "Y1": 0.5}, scenarios=6)
    rows = [row for row in rows if not (row["release"] == "Y1" and row["scenario"] in ("s0", "s1"))]
    every = pick(ranked(ratings_of(rows)), estimand="rank_probability")
    assert {row["n_scenarios"] for row in every} == {4}
    assert {row["n_ratings"] for row in every} == {4 * 4 * 2}
    assert {(row["n_excluded"], row["reason_excluded"]) for row in every} == {(2, "2 prompts that not every release answered")}


def test_releases_with_no_prompt_in_common_have_no_rank_and_the_reason(ratings_of: Make) -> None:
    rows = study({"X1": 0.1, "Y1": 0.5}, scenarios=6)
    rows = [row for row in rows if (row["release"] == "X1") == (row["scenario"] < "s3")]
    every = estimates_frame(ranked(ratings_of(rows)), analysis_id="a")
    assert every["estimate"].null_count() == len(every) == 8
    assert every["n_ratings"].to_list() == [0] * 8
    assert every["reason_null"].unique().to_list() == ["no prompt was rated for every release that is compared"]


def test_a_release_without_the_outcome_is_left_out_and_counted(ratings_of: Make) -> None:
    rows = study({"X1": 0.1, "Y1": 0.5}, scenarios=4)
    extra = [row | {"release": "Z", "family": "Z", "success": None, "harm": 3} for row in rows if row["release"] == "X1"]
    every = pick(ranked(ratings_of([*rows, *extra])), estimand="rank_probability")
    assert {row["release"] for row in every} == {"X1", "Y1"}
    assert {row["reason_excluded"] for row in every} == {"16 ratings without this outcome"}


def test_missing_responses_are_counted(ratings_of: Make) -> None:
    rows = study({"X1": 0.1, "Y1": 0.5}, scenarios=4)
    frame = ratings_of(rows)
    lost = ratings_of([rows[0] | {"scenario": "s9", "rater": None, "success": None, "status": "failed"}])
    every = ranked(frame, missing=missing_in(found_in(frame), lost))
    assert {row["n_excluded"] for row in every} == {1}


def test_the_rate_that_stands_in_for_asr_is_named(ratings_of: Make) -> None:
    rows = [row | {"success": None, "harm": 5 if row["success"] else 1} for row in study({"X1": 0.1, "Y1": 0.5})]
    every = ranked(ratings_of(rows))
    assert {(row["outcome"], row["threshold"]) for row in every} == {("harm", 3)}


def test_without_replicates_or_without_a_rate_there_are_no_rows(ratings_of: Make) -> None:
    found = found_in(ratings_of(study({"X1": 0.1, "Y1": 0.5})))
    assert ranking_rows(found, setting=SETTING, rates=rates(found.sample, intent="adversarial"), replicates={}) == []
    assert ranking_rows(found, setting=SETTING, rates={}, replicates={}) == []
    assert ranking_questions(found, rates={}) == []


def test_rows_say_how_they_were_made_and_why_they_have_no_interval(ratings_of: Make) -> None:
    rows = ranked(ratings_of(study({"X1": 0.4, "Y1": 0.5})))
    assert {(row["scope"], row["method"]) for row in rows} == {
        ("raters", "two-way bootstrap ranks"), ("panel", "scenario bootstrap ranks"),
    }  # fmt: skip
    assert {row["reason_null"] for row in rows} == {NO_INTERVAL}
    assert {(row["conf_low"], row["conf_high"]) for row in rows} == {(None, None)}


def test_each_row_has_an_id_and_leads_back_to_its_ratings(ratings_of: Make) -> None:
    frame = ratings_of(study({"X1": 0.1, "X2": 0.9, "Y1": 0.5, "Y2": 0.5}, scenarios=5, languages=("en", "de", "fr")))
    found = found_in(frame)
    rate = rates(found.sample, intent="adversarial")["asr"]
    for row in estimates_frame(ranked(frame, n=20), analysis_id="a").to_dicts():
        each = comparison_of(found, rate, row)
        assert each is not None
        places = ranked_ratings(found, each, rate, setting=SETTING)
        here = found.sample.rows[places]
        assert len(here) == row["n_ratings"]
        assert here["rater"].n_unique() == row["n_raters"]
        assert row["phase"] in here["phase"]
        assert row["language"] is None or row["language"] in here["language"]
    assert comparison_of(found, rate, row | {"release": "another"}) is None

"""People on a drawn part and a judge on all, in a measurement: its rows, the way back from them, and what is amiss."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.gate import decide
from driftgauge.measure.lookup import Lookup
from driftgauge.measure.ppi_rows import ProbabilitySample
from driftgauge.study import GateRule, Primary, Protocol
from tests.unit.measure.test_ppi_rows import SAMPLE, ratings

Make = Callable[[list[dict[str, Any]]], pl.DataFrame]
UNEQUAL = SAMPLE.with_columns(inclusion=pl.Series([0.25] * 4 + [0.75] * 4))


BY_RESPONSE = Protocol(primary=Primary(unit="response_mean"))
"""A protocol whose verdicts are in the unit of these rows."""


def measured(frame: pl.DataFrame, sample: pl.DataFrame = SAMPLE, *, waiting: int = 0) -> Measured:
    sampled = ProbabilitySample(sample, {"Elm 2": waiting} if waiting else {})
    return measure(frame, protocol=BY_RESPONSE, rng=np.random.default_rng(1), bootstrap=0, sampled=sampled)


@pytest.fixture
def frame(ratings_of: Make) -> pl.DataFrame:
    return ratings_of(ratings())


def codes(found: Measured) -> set[str]:
    return {each.code for each in found.findings}


def test_a_measurement_has_them_beside_all_others_with_the_ratings_that_the_judge_was_worth(frame: pl.DataFrame) -> None:
    found = measured(frame)
    new = pl.col("kind").eq("human+judge") | pl.col("method").eq("inverse-probability two-way t")
    rows = found.estimates.filter(new)
    assert rows.group_by("kind", "estimand").len().sort("kind", "estimand").rows() == [
        ("human", "asr", 7),
        ("human+judge", "asr", 7),
        ("human+judge", "ratings_gained", 7),
    ]
    without = measure(frame, protocol=BY_RESPONSE, rng=np.random.default_rng(1), bootstrap=0).estimates
    assert found.estimates.filter(~new).equals(without)
    assert not rows["primary"].any()
    assert rows["verdict"].is_null().all()


def test_with_equal_chances_people_alone_are_the_ordinary_means_over_responses(frame: pl.DataFrame) -> None:
    found = measured(frame).estimates.filter(pl.col("estimand") == "asr", pl.col("scope") == "raters")
    place = ["contrast", "release", "modality", "baseline_release"]
    numbers = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "n_scenarios", "n_responses", "n_ratings"]
    ordinary = found.filter(pl.col("kind") == "human", pl.col("unit") == "response_mean", pl.col("filter") == "all")
    weighted = ordinary.filter(pl.col("method") == "inverse-probability two-way t")
    ordinary = ordinary.filter(pl.col("method") == "linearised two-way t")
    both = weighted.join(ordinary, on=place, nulls_equal=True)
    assert len(both) == len(weighted) == 7
    for name in numbers:
        assert both[name].to_list() == pytest.approx(both[f"{name}_right"].to_list(), nan_ok=True)


def test_a_row_is_traced_to_the_ratings_of_people_that_it_counts(frame: pl.DataFrame) -> None:
    found = measured(frame)
    lookup = Lookup(frame, Protocol(), sampled=ProbabilitySample(SAMPLE))
    new = pl.col("kind").eq("human+judge") | pl.col("method").eq("inverse-probability two-way t")
    rows = found.estimates.filter(new).to_dicts()
    assert [len(lookup.ratings_of(row)) for row in rows] == [row["n_ratings"] for row in rows]
    assert min(row["n_ratings"] for row in rows) == 8
    assert {kind for row in rows for kind in lookup.ratings_of(row)["kind"]} == {"human"}


def test_a_response_that_nobody_rated_leaves_no_number_and_says_so(frame: pl.DataFrame) -> None:
    found = measured(frame, waiting=3)
    rows = found.estimates.filter(pl.col("kind") == "human+judge", pl.col("estimand") == "asr", pl.col("modality").is_null())
    known = {(row["release"], row["contrast"]): row["estimate"] is not None for row in rows.to_dicts()}
    assert known == {("Elm 1", None): True, ("Elm 2", None): False, ("Elm 2", "drift"): False}
    said = next(finding for finding in found.findings if finding.code == "judge_not_together")
    assert "careful cannot be taken together with them for 4 figures: nobody rated 3 of the responses yet" in said.sentence


def test_unequal_chances_are_a_finding_and_equal_ones_are_none(frame: pl.DataFrame) -> None:
    assert "sample_unequal" not in codes(measured(frame))
    said = next(each for each in measured(frame, UNEQUAL).findings if each.code == "sample_unequal")
    assert "from 25 to 75 %" in said.sentence
    assert "inverse-probability" in said.remedy


def test_a_rule_on_people_is_decided_as_if_no_judge_had_filled_anything_up(frame: pl.DataFrame) -> None:
    rule = GateRule(name="max_asr_drift", limit=0.5)
    plain = measure(frame, protocol=BY_RESPONSE, rng=np.random.default_rng(1), bootstrap=0).estimates
    found = measured(frame, UNEQUAL).estimates
    decided = decide(found, [rule], protocol=BY_RESPONSE)
    assert decided == decide(plain, [rule], protocol=BY_RESPONSE)
    assert len(decided.checks) == 1


def test_a_rule_is_undecided_where_there_is_nothing_but_people_and_a_judge_together(frame: pl.DataFrame) -> None:
    found = measured(frame).estimates
    new = found.filter(pl.col("kind").eq("human+judge") | pl.col("method").eq("inverse-probability two-way t"))
    for judge in (None, "careful"):
        decided = decide(new, [GateRule(name="max_asr_drift", limit=1.0, judge=judge)], protocol=BY_RESPONSE)
        assert (decided.outcome, decided.checks[0].estimate_id) == ("undecided", None)

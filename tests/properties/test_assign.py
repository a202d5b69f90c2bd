"""Whatever there is to rate: a draw gives each response its raters, each rater an even load, and nothing twice too soon."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from driftgauge.rate.assign import DRAWN, Asked, Design, Seat, draw
from driftgauge.rate.sharing import IntArray, share_out
from driftgauge.rate.spacing import kept_apart, most_apart, spaced

SEEDS = st.integers(0, 2**32)


@dataclass(frozen=True)
class Case:
    """Responses of scenarios that come so often each, and a panel."""

    asked: Asked
    raters: int
    each: int
    seed: int

    def draw(self, sharing: str, *, seats: Sequence[Seat] | None = None, **other: float) -> pl.DataFrame:
        design = Design(sharing, self.each, **other)  # pyright: ignore[reportArgumentType]
        return draw(self.asked, design, seats or [Seat()] * self.raters, np.random.default_rng(self.seed))


@st.composite
def cases(draw: st.DrawFn, *, least: int = 1, most: int = 40, most_each: int = 6) -> Case:
    counts = draw(st.lists(st.integers(1, most_each), min_size=least, max_size=most))
    scenarios = np.repeat(np.arange(len(counts)), counts)
    cells = np.concatenate([np.arange(count) for count in counts])
    raters = draw(st.integers(1, 9))
    return Case(Asked(scenarios, cells, np.zeros(len(scenarios), np.bool_)), raters, draw(st.integers(1, raters)), draw(SEEDS))


def lines(drawn: pl.DataFrame) -> list[pl.DataFrame]:
    return drawn.filter(pl.col("place") > 0).sort("seat", "place").partition_by("seat", maintain_order=True)


def spread(counts: Sequence[int]) -> int:
    return max(counts) - min(counts)


def loads(drawn: pl.DataFrame, raters: int) -> list[int]:
    return [drawn.filter(pl.col("seat") == seat).height for seat in range(raters)]


@settings(max_examples=60)
@given(cases(), st.sampled_from(["overlap", "balanced"]))
def test_each_response_has_its_raters_and_loads_differ_by_one_at_most(case: Case, sharing: str) -> None:
    drawn = case.draw(sharing)
    per_response = drawn.group_by("item").agg(pl.col("seat").n_unique(), pl.len())
    assert per_response.height == len(case.asked.scenarios)
    assert set(per_response["seat"]) == set(per_response["len"]) == {case.each}
    assert spread(loads(drawn, case.raters)) <= 1


@settings(max_examples=40)
@given(cases())
def test_of_a_full_panel_everybody_is_asked_everything_once(case: Case) -> None:
    drawn = case.draw("full")
    assert all(sorted(line["item"]) == list(range(len(case.asked.scenarios))) for line in lines(drawn))
    assert len(lines(drawn)) == case.raters


@settings(max_examples=60)
@given(st.integers(3, 12), st.data(), SEEDS)
def test_in_a_balanced_panel_every_two_raters_meet_about_as_often_as_any_other_two(
    raters: int, data: st.DataObject, seed: int
) -> None:
    each = data.draw(st.integers(2, raters - 1))
    shared = share_out("balanced", np.zeros(120, np.int64), raters=raters, each=each, rng=np.random.default_rng(seed))
    together = (shared.astype(int) @ shared.T.astype(int))[np.triu_indices(raters, 1)]
    assert together.max() - together.min() <= 6
    assert together.std() < 1.5


@settings(max_examples=100)
@given(st.lists(st.integers(0, 12), max_size=60), st.integers(0, 15), SEEDS)
def test_an_order_keeps_as_far_apart_as_was_asked_or_as_can_be_had(kinds: list[int], apart: int, seed: int) -> None:
    of: IntArray = np.array(kinds, dtype=np.int64)
    order = spaced(of, apart, np.random.default_rng(seed))
    kept, possible = kept_apart(of[order.places]), most_apart(of)
    assert sorted(order.places.tolist()) == list(range(len(kinds)))
    assert (kept is None) == (possible is None)
    if kept is not None and possible is not None:
        assert kept >= min(apart, possible) == order.apart


@settings(max_examples=40)
@given(cases(most=60), st.integers(0, 12), st.floats(0.0, 0.5))
def test_the_same_scenario_does_not_come_back_too_soon_anchors_included(case: Case, apart: int, share: float) -> None:
    for line in lines(case.draw("full", apart=apart, anchors=share)):
        kept = kept_apart(case.asked.scenarios[line["item"].to_numpy()])
        possible = most_apart(case.asked.scenarios)
        assert kept is None or kept >= (apart if possible is None else min(apart, possible))


@settings(max_examples=40)
@given(cases(least=8), st.floats(0.01, 1.0))
def test_an_anchor_comes_back_once_to_the_same_rater_a_quarter_of_the_line_later(case: Case, share: float) -> None:
    for line in lines(case.draw("full", anchors=share, apart=0)):
        first = dict(line.filter(pl.col("occasion") == 1).select("item", "place").iter_rows())
        again = line.filter(pl.col("occasion") == 2)
        far = max((line.height - again.height) // 4, 1)
        assert again["purpose"].unique().to_list() in ([], ["anchor"])
        assert again["item"].is_unique().all()
        assert all(row["place"] - first[row["item"]] > far for row in again.iter_rows(named=True))


@settings(max_examples=30)
@given(cases(), st.sampled_from(["full", "overlap", "balanced"]))
def test_the_same_seed_draws_the_same(case: Case, sharing: str) -> None:
    options = {"anchors": 0.1, "gold": 3, "every": 10, "calibration": 2}
    assert case.draw(sharing, **options).equals(case.draw(sharing, **options))


@settings(max_examples=30)
@given(cases(least=20), SEEDS)
def test_the_order_is_another_for_every_rater(case: Case, seed: int) -> None:
    orders = {tuple(line["item"]) for line in lines(case.draw("full", apart=0))}
    assert len(orders) == case.raters


@settings(max_examples=60)
@given(cases(least=4), st.sampled_from(["full", "overlap", "balanced"]), st.data())
def test_nothing_that_was_drawn_before_is_drawn_again(case: Case, sharing: str, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, len(case.asked.scenarios) - 1))
    part = Case(Asked(case.asked.scenarios[:old], case.asked.cells[:old], case.asked.across[:old]), case.raters, case.each, 1)
    had = [part.draw(sharing).filter(pl.col("seat") == seat)["item"].to_numpy() for seat in range(case.raters)]
    again = case.draw(sharing, seats=[Seat(done=done, load=len(done)) for done in had])
    assert again.schema == DRAWN
    assert set(again["item"].drop_nulls()) == set(range(old, len(case.asked.scenarios)))
    assert spread([len(done) + load for done, load in zip(had, loads(again, case.raters), strict=True)]) <= 1


@settings(max_examples=40)
@given(cases(least=10), st.integers(0, 8), st.integers(2, 20))
def test_gold_stands_once_in_a_run_at_most_and_never_comes_twice_to_a_rater(case: Case, gold: int, every: int) -> None:
    for line in lines(case.draw("full", gold=gold, every=every)):
        shown = line.filter(pl.col("purpose") == "gold")
        items_before = line.with_columns(before=(pl.col("purpose") != "gold").cum_sum()).filter(pl.col("purpose") == "gold")
        runs = [before // every for before in items_before["before"].to_list()]
        assert shown["exercise"].is_unique().all()
        assert len(set(runs)) == len(runs) == min(gold, (line.height - shown.height) // every)


@given(cases(), st.integers(1, 5))
def test_everybody_begins_with_the_calibration_once(case: Case, count: int) -> None:
    seats = [Seat(is_calibrated=seat == 0) for seat in range(case.raters)]
    begun = case.draw("full", seats=seats, calibration=count).filter(pl.col("purpose") == "calibration")
    assert set(begun["seat"]) == set(range(1, case.raters))
    assert all(sorted(line["exercise"]) == list(range(count)) for line in begun.partition_by("seat"))
    assert all(line["place"].to_list() == list(range(-count, 0)) for line in begun.partition_by("seat"))


def test_of_too_few_scenarios_as_much_is_kept_apart_as_can_be_had_and_said_so() -> None:
    order = spaced(np.repeat(np.arange(3), 4), 10, np.random.default_rng(1))
    assert order.apart == 2

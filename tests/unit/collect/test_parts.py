"""What a run is made of, each part by itself: paces, breaker, backoff, budget, tokens."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.collect.breaker import Breaker
from driftgauge.collect.pacing import Pace
from driftgauge.collect.releases import Limits, Patience
from driftgauge.collect.retries import Budget, backoff
from driftgauge.collect.tokens import Reckoning, used
from tests.collecting import planned, prompts

PATIENCE = Patience(faults_in_a_row=3, rest=10.0, probes=3)
ONE = Limits(connections=1)


@given(st.floats(1, 5000), st.lists(st.floats(0, 90), min_size=1, max_size=60))
def test_no_minute_sees_more_than_its_limit(per_minute: float, rests: list[float]) -> None:
    pace, now, went = Pace(per_minute), 0.0, []
    for rest in rests:
        now = max(now + rest, pace.ready_at)
        pace.take(1, now=now)
        went.append(now)
    for start in went:
        assert sum(start <= each < start + 60 - 1e-6 for each in went) <= max(1, per_minute + 1e-6)


@given(st.floats(100, 1e6), st.lists(st.tuples(st.floats(1, 5000), st.floats(0, 5000)), min_size=1, max_size=40))
def test_what_calls_really_take_stays_within_a_limit_of_tokens(per_minute: float, calls: list[tuple[float, float]]) -> None:
    pace, now = Pace(per_minute), 0.0
    for expected, taken in calls:
        now = max(now, pace.ready_at)
        pace.take(expected, now=now)
        pace.correct(taken - expected, now=now)
    assert pace.ready_at == pytest.approx(60 / per_minute * sum(taken for _, taken in calls))


def test_without_a_limit_nothing_waits() -> None:
    pace = Pace(None)
    pace.take(1e9, now=5.0)
    assert pace.ready_at == 5.0


def test_a_correction_after_a_rest_counts_from_now() -> None:
    pace = Pace(60)
    pace.take(1, now=0.0)
    pace.correct(5, now=100.0)
    assert pace.ready_at == 105.0


def opened() -> Breaker:
    breaker = Breaker(ONE, PATIENCE)
    assert [breaker.failed(probe=False, now=0.0) for _ in range(3)] == [False, False, True]
    return breaker


def test_the_breaker_opens_after_faults_in_a_row_only() -> None:
    breaker = Breaker(ONE, PATIENCE)
    for _ in range(5):
        breaker.failed(probe=False, now=0.0)
        breaker.failed(probe=False, now=0.0)
        breaker.passed(probe=False)
    assert not breaker.is_open


def test_what_is_under_way_together_may_fail_together() -> None:
    breaker = Breaker(Limits(connections=8), PATIENCE)
    assert [breaker.failed(probe=False, now=0.0) for _ in range(16)] == [False] * 15 + [True]


def test_one_probe_goes_after_a_rest_and_no_other_call_with_it() -> None:
    breaker = opened()
    assert breaker.ready_at == 10.0
    assert breaker.let_through()
    assert breaker.ready_at == inf


def test_a_probe_that_passes_lets_everything_go_on() -> None:
    breaker = opened()
    breaker.passed(probe=breaker.let_through())
    assert (breaker.is_open, breaker.let_through(), breaker.ready_at) == (False, False, -inf)


def test_each_rest_is_twice_as_long_and_the_third_probe_is_the_last() -> None:
    breaker = opened()
    rests = []
    while not breaker.given_up:
        now = breaker.ready_at
        breaker.failed(probe=breaker.let_through(), now=now)
        rests.append(breaker.ready_at - now)
    assert rests == [20.0, 40.0, 80.0]


def test_what_was_sent_before_it_opened_changes_nothing() -> None:
    breaker = opened()
    breaker.passed(probe=False)
    assert not breaker.failed(probe=False, now=99.0)
    assert breaker.ready_at == 10.0


@given(st.integers(1, 5000), st.floats(0, 1, exclude_max=True))
def test_no_backoff_is_longer_than_the_longest(tries: int, drawn: float) -> None:
    assert 0 <= backoff(tries, patience=Patience(), jitter=lambda: drawn) <= min(60.0, 2.0 ** min(tries - 1, 10))


def test_a_budget_says_when_it_is_spent() -> None:
    budget = Budget(Patience(retries=2), items=9)
    assert [(budget.take(), budget.is_spent) for _ in range(4)] == [(True, False), (True, False), (False, True), (False, True)]


@pytest.mark.parametrize(("items", "retries"), [(5, 100), (500, 500)])
def test_a_budget_is_as_large_as_the_items_but_not_tiny(items: int, retries: int) -> None:
    budget = Budget(Patience(), items=items)
    assert sum(budget.take() for _ in range(1000)) == retries


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [({}, None), ({"input": 3}, None), ({"input": 3, "output": 4}, 7), ({"input": 3, "output": 4, "total": 9}, 9)],
)
def test_tokens_are_counted_as_far_as_they_are_told(usage: dict[str, int], tokens: int | None) -> None:
    assert used(usage) == tokens


def test_what_a_call_is_expected_to_take_follows_what_calls_took() -> None:
    item = next(planned(prompts(1)).items("Elm 1"))
    reckoning = Reckoning({"max_tokens": 1000})
    assert reckoning.expected(item) == 25 + 1000
    for tokens in (60, 70):
        reckoning.learn(item, tokens=tokens)
    assert reckoning.expected(item) == 65


@pytest.mark.parametrize("settings", [{}, {"max_tokens": None}, {"max_tokens": "many"}])
def test_without_a_limit_an_answer_is_taken_for_500_tokens(settings: dict[str, object]) -> None:
    assert Reckoning(settings).expected(next(planned(prompts(1)).items("Elm 1"))) == 525

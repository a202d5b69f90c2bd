"""What a plan takes, worked by hand."""

from dataclasses import replace

import pytest

from driftgauge.collect.estimate import RECKONED, Observed, estimate
from driftgauge.collect.releases import Price
from tests.collecting import planned, prompts, release

PAIRED = prompts(10, modalities=("text-only", "multimodal"))
ELM = replace(release("Elm 1", settings={"max_tokens": 200}, connections=4), price=Price(input=2.0, output=10.0))
OAK = release("Oak 1")


def test_tokens_are_four_characters_a_thousand_for_media_and_all_that_an_answer_may_have() -> None:
    found = estimate(planned(PAIRED, releases=[ELM]))
    assert (found.calls, found.media_bytes) == (20, 10_000)
    assert (found.tokens_in, found.tokens_out) == (20 * 25 + 10 * 1000, 20 * 200)


def test_cost_is_tokens_times_the_declared_price() -> None:
    found = estimate(planned(PAIRED, releases=[ELM]))
    assert found.cost == pytest.approx((10_500 * 2 + 4_000 * 10) / 1e6)
    assert found.cost_reason is None


def test_without_a_price_the_cost_is_null_and_the_reason_names_the_release() -> None:
    found = estimate(planned(PAIRED, releases=[ELM, OAK]))
    assert (found.cost, found.cost_reason) == (None, "no price is declared for Oak 1")
    assert [each.cost is None for each in found.releases] == [False, True]


def test_a_release_that_is_not_asked_needs_no_price() -> None:
    found = estimate(planned(PAIRED, releases=[OAK], limit=0))
    assert (found.cost, found.calls, found.seconds) == (0.0, 0, 0.0)


@pytest.mark.parametrize(
    ("limits", "seconds", "held_by"),
    [
        ({"connections": 4}, 50.0, "connections"),
        ({"connections": 4, "requests_per_minute": 10}, 120.0, "requests_per_minute"),
        ({"connections": 4, "tokens_per_minute": 2_900}, 300.0, "tokens_per_minute"),
    ],
)
def test_time_is_what_the_tightest_limit_makes_it(limits: dict[str, int], seconds: float, held_by: str) -> None:
    one = release("Elm 1", settings={"max_tokens": 200}, **limits)
    found = estimate(planned(PAIRED, releases=[one]))
    assert (found.seconds, found.releases[0].held_by) == (seconds, held_by)


def test_releases_are_asked_side_by_side() -> None:
    assert estimate(planned(PAIRED, releases=[ELM, OAK])).seconds == 200.0


def test_what_was_seen_stands_for_what_was_assumed() -> None:
    seen = {"Elm 1": Observed(seconds=2.0, tokens_in=50, tokens_out=30)}
    found = estimate(planned(PAIRED, releases=[ELM]), observed=seen)
    assert (found.tokens_in, found.tokens_out, found.seconds) == (1000, 600, 10.0)


def test_it_is_said_in_words() -> None:
    assert estimate(planned(PAIRED, releases=[ELM, OAK])).words == (
        "40 calls, 0.0 MB of media, about 21,000 tokens in and 14,000 out; "
        "cost not known (no price is declared for Oak 1); about 3 minutes (connections of Oak 1)"
    )
    assert "one for 4 characters of text and 1,000 for a prompt with media" in RECKONED


def test_nothing_to_ask_takes_no_time() -> None:
    assert estimate(planned(prompts(0))).words == "0 calls, about 0 tokens in and 0 out; cost about 0.00; no time"

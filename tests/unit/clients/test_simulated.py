"""Made-up answers are the same for the same key and seed, and always marked."""

import asyncio
from collections import Counter

import pytest

from driftgauge.clients.calls import Answer, Call, Fault
from driftgauge.clients.simulated import Shares, SimulatedClient


def asked(client: SimulatedClient, *, scenario: str = "s1", release: str = "Elm 1", timeout: float = 1) -> Answer | Fault:
    key: dict[str, str | int | None] = {"scenario": scenario, "release": release, "attempt": 1}
    return asyncio.run(client.ask(Call(key, (), {"max_tokens": 8}), timeout=timeout))


def test_the_same_key_and_seed_get_the_same_answer() -> None:
    assert asked(SimulatedClient(seed=1)) == asked(SimulatedClient(seed=1))


def test_shares_of_a_release_are_kept() -> None:
    shares = Shares(declined=0.4, refused=0.1, filtered=0.1, truncated=0.1, empty=0.1)
    client = SimulatedClient(seed=1, releases={"Elm 2": shares})
    came = [asked(client, scenario=f"s{n}", release="Elm 2") for n in range(1000)]
    counts = Counter(each.status for each in came if isinstance(each, Answer))
    declined = sum(isinstance(each, Answer) and "rather not" in each.text for each in came)
    assert {status: round(count / 1000, 1) for status, count in counts.items()} == {
        "answered": 0.6, "refused": 0.1, "filtered": 0.1, "truncated": 0.1, "empty": 0.1
    }  # fmt: skip
    assert round(declined / 1000, 1) == 0.4


def test_every_text_says_that_it_is_made_up() -> None:
    came = [asked(SimulatedClient(seed=2), scenario=f"s{n}") for n in range(300)]
    texts = {each.text for each in came if isinstance(each, Answer)} - {""}
    assert len(texts) >= 3
    assert all(text.startswith("(simulated answer") for text in texts)
    assert SimulatedClient(seed=1).is_simulated


def test_a_fault_passes_after_its_tries() -> None:
    client = SimulatedClient(seed=1, fault_rate=1.0, faults=2)
    came = [asked(client) for _ in range(3)]
    assert [type(each) for each in came] == [Fault, Fault, Answer]


@pytest.mark.parametrize(("timeout", "waited"), [(1, 0.5), (0.2, 0.2)])
def test_it_takes_its_time_by_the_clock_that_is_given(timeout: float, waited: float) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    came = asked(SimulatedClient(seed=1, latency=0.5, sleep=sleep), timeout=timeout)
    assert slept == [waited]
    assert isinstance(came, Answer) == (timeout == 1)

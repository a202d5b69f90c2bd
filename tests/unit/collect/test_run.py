"""A run asks for everything once, patiently, and keeps what comes; in virtual time."""

import asyncio
import weakref
from itertools import pairwise
from typing import Any

import pytest

from driftgauge.clients.calls import Answer, Blob, Call, Fault, Turn
from driftgauge.collect.outcome import Outcome
from driftgauge.collect.records import Collected, Item
from driftgauge.collect.run import run
from driftgauge.errors import CollectError
from tests.collecting import (
    TEXT,
    Kept,
    Scripted,
    VirtualClock,
    answer,
    call_of,
    collect,
    in_no_time,
    per_item,
    planned,
    prompts,
    release,
    script_of,
)

LIMITED = Fault("rate_limited", code=429)
DOWN = Fault("server_error", code=503)
PAIRED = prompts(4, modalities=("text-only", "multimodal"))
MANY = prompts(100)


def ran(*, of: Any = None, client: Any = None, kept: Kept | None = None, **more: Any) -> tuple[Outcome, Kept, Any]:
    kept = Kept() if kept is None else kept
    client = Scripted(per_item([answer()])) if client is None else client
    of = planned() if of is None else of
    return in_no_time(collect(of, client, kept=kept, **more)), kept, client


def test_everything_is_asked_once_and_kept() -> None:
    of = planned(PAIRED, releases=[release("Elm 1"), release("Oak 1", connections=3)], attempts=2)
    outcome, kept, client = ran(of=of)
    assert sorted(each.item.response_id for each in kept.all) == sorted(of.to_ask["response_id"])
    assert set(client.asked.values()) == {1}
    assert (outcome.is_complete, outcome.interrupted) == (True, False)
    assert [(each.planned, each.tries, each.counts) for each in outcome.releases] == [(16, 16, {"answered": 16})] * 2


def test_what_is_kept_says_what_was_asked_and_when() -> None:
    _, kept, client = ran(of=planned(prompts(1)), client=Scripted(per_item([answer("A")]), takes_seconds=1.5))
    one = kept.all[0]
    assert (one.status, one.answer, one.fault, one.tries, one.asked) == ("answered", answer("A"), None, 1, {"max_tokens": 100})
    assert (one.sent_at, one.received_at) == ("2026-05-28T20:26:40.000000+00:00", "2026-05-28T20:26:41.500000+00:00")
    assert one.seconds == pytest.approx(1.5)
    assert (one.clock_jumped, one.model_changed) == (False, False)
    assert client.timeouts == {600.0}


@pytest.mark.parametrize("status", ["answered", "truncated", "refused", "filtered", "empty"])
def test_any_answer_is_kept_with_its_status(status: Any) -> None:
    _, kept, client = ran(client=Scripted(per_item([Answer(status, "")])))
    assert kept.statuses == {status: 3}
    assert set(client.asked.values()) == {1}


def test_releases_are_asked_side_by_side() -> None:
    of = planned(MANY, releases=[release("Elm 1"), release("Oak 1"), release("Ash 1")])
    assert ran(of=of)[0].seconds == pytest.approx(100, abs=0.1)


def test_a_release_has_as_many_calls_under_way_as_connections() -> None:
    outcome, _, client = ran(of=planned(MANY, releases=[release(connections=7)]))
    assert client.most_under_way == 7
    assert outcome.seconds == pytest.approx(15, abs=0.1)


def test_a_connection_is_free_again_when_its_answer_is_kept() -> None:
    kept = Kept(takes_seconds=4.0)
    outcome, _, client = ran(of=planned(prompts(10), releases=[release(connections=2)]), kept=kept)
    assert outcome.seconds == pytest.approx(25, abs=0.1)
    assert client.most_under_way == 2


def test_what_a_release_does_not_take_is_kept_without_a_call() -> None:
    outcome, kept, client = ran(of=planned(PAIRED, releases=[release(takes=TEXT)]))
    assert kept.statuses == {"answered": 4, "unsupported": 4}
    without = next(each for each in kept.all if each.status == "unsupported")
    assert (without.tries, without.sent_at, without.seconds, without.answer, without.fault) == (0, None, None, None, None)
    assert client.asked.total() == outcome.releases[0].tries == 4


def test_a_call_and_its_media_are_dropped_when_the_answer_is_there() -> None:
    alive: list[weakref.ref[Call]] = []

    class Watched(Call):
        """A call that can be watched."""

    async def watched(item: Item) -> Call:
        assert sum(each() is not None for each in alive) <= 1
        call = Watched(item.key, (Turn("user", (Blob("image", b"png", "image/png", "0"),)),), {})
        alive.append(weakref.ref(call))
        return call

    ran(of=planned(prompts(20)), call_of=watched)
    assert len(alive) == 20


# Faults


@pytest.mark.parametrize("kind", ["rate_limited", "server_error", "timeout", "connection", "malformed"])
def test_a_fault_that_passes_is_asked_again(kind: Any) -> None:
    outcome, kept, _ = ran(of=planned(prompts(1)), client=Scripted(per_item([Fault(kind), Fault(kind), answer()])))
    assert (kept.statuses, kept.all[0].tries, outcome.releases[0].faults) == ({"answered": 1}, 3, {kind: 2})


def test_tries_are_further_and_further_apart_by_chance() -> None:
    client = Scripted(per_item([DOWN]), takes_seconds=0.0)
    _, kept, _ = ran(of=planned(prompts(1)), client=client, jitter=lambda: 0.5)
    times = [time for time, _ in client.calls]
    assert [after - before for before, after in pairwise(times)] == pytest.approx([0.5, 1.0, 2.0, 4.0])
    assert (kept.all[0].status, kept.all[0].tries, kept.all[0].fault) == ("failed", 5, DOWN)


@pytest.mark.parametrize("kind", ["rejected", "unknown"])
def test_a_request_that_is_refused_as_it_stands_fails_at_once_and_the_others_go_on(kind: Any) -> None:
    outcome, kept, _ = ran(client=Scripted(script_of([Fault(kind, code=400), answer()])))
    assert (kept.statuses, outcome.releases[0].tries) == ({"failed": 1, "answered": 2}, 3)


@pytest.mark.parametrize(
    ("kind", "code", "said"), [("not_allowed", 401, "does not let us in"), ("not_found", 404, "no such model")]
)
def test_a_fault_of_every_call_stops_the_release_at_once_and_no_other(kind: Any, code: int, said: str) -> None:
    clients = {"Elm 1": Scripted(per_item([Fault(kind, code=code)])), "Oak 1": Scripted(per_item([answer()]))}
    outcome, _, _ = ran(of=planned(MANY, releases=[release("Elm 1", connections=3), release("Oak 1")]), client=clients)
    elm, oak = outcome.releases
    assert elm.stopped is not None
    assert (elm.stopped.code, elm.counts, elm.unasked, elm.tries) == (kind, {"failed": 3}, 97, 3)
    assert said in elm.stopped.sentence
    assert f"({code})" in elm.stopped.sentence
    assert (oak.stopped, oak.counts) == (None, {"answered": 100})


def test_what_a_provider_says_is_shown_without_what_a_terminal_could_act_on() -> None:
    fault = Fault("not_allowed", code=403, detail="\x1b[2Jquota" + "x" * 99)
    stopped = ran(client=Scripted(per_item([fault])))[0].releases[0].stopped
    assert stopped is not None
    assert "(403, \\x1b[2Jquotaxx" in stopped.sentence
    assert "x" * 40 not in stopped.sentence


def test_who_is_asked_to_wait_leaves_the_whole_release_alone_so_long() -> None:
    client = Scripted(script_of([Fault("rate_limited", retry_after=100.0), answer()]), takes_seconds=1.0)
    ran(of=planned(MANY, releases=[release(connections=4)]), client=client)
    assert [time for time, _ in client.calls if 1.0 < time < 101.0] == []
    assert len(client.calls) == 101


def test_who_is_asked_to_wait_too_long_stops() -> None:
    client = Scripted(per_item([Fault("rate_limited", retry_after=3600.0)]))
    outcome, _, _ = ran(of=planned(MANY), client=client)
    stopped = outcome.releases[0].stopped
    assert stopped is not None
    assert stopped.code == "asked_to_wait"
    assert stopped.sentence == "Elm 1: the provider asks to wait 3,600 s, allowed are 900 s"
    assert outcome.releases[0].unasked == 99


def test_a_spent_budget_ends_items_at_their_first_fault() -> None:
    one = release(retries=6, tries=3, faults_in_a_row=1000)
    outcome, kept, _ = ran(of=planned(prompts(10), releases=[one]), client=Scripted(per_item([DOWN])))
    assert outcome.releases[0].budget_spent
    assert [each.tries for each in kept.all] == [3, 3, 3, 1, 1, 1, 1, 1, 1, 1]


# The breaker


def test_a_service_that_is_down_is_left_alone_probed_three_times_and_given_up() -> None:
    one = release(connections=4, faults_in_a_row=8, rest=30.0)
    client = Scripted(per_item([DOWN]), takes_seconds=0.0)
    outcome, kept, _ = ran(of=planned(MANY, releases=[one]), client=client)
    elm = outcome.releases[0]
    assert elm.stopped is not None
    assert elm.stopped.code == "out_of_reach"
    assert "3 probes after them failed too; the last one was server_error (503)" in elm.stopped.sentence
    opened = client.calls[7][0]
    assert [time - opened for time, _ in client.calls[8:]] == pytest.approx([30.0, 90.0, 210.0], abs=0.1)
    assert kept.statuses == {"failed": 4}
    assert elm.unasked == 96


def test_a_service_that_comes_back_is_asked_for_the_rest() -> None:
    one = release(connections=4, rest=30.0)
    client = Scripted(per_item([answer()]), when=lambda now: DOWN if 5.0 <= now < 70.0 else None)
    outcome, kept, _ = ran(of=planned(MANY, releases=[one]), client=client)
    assert kept.statuses == {"answered": 100}
    assert outcome.releases[0].stopped is None
    assert outcome.releases[0].faults["server_error"] < 20
    assert outcome.seconds < 150


def test_faults_that_nobody_knows_stop_a_release_too() -> None:
    outcome, _, _ = ran(of=planned(MANY), client=Scripted(per_item([Fault("unknown", detail="RuntimeError")])))
    elm = outcome.releases[0]
    assert elm.stopped is not None
    assert "the last one was unknown (RuntimeError)" in elm.stopped.sentence
    assert (elm.counts, elm.unasked) == ({"failed": 13}, 87)


def test_one_call_at_a_time_goes_out_while_a_service_is_probed() -> None:
    one = release(connections=10, rest=30.0)
    client = Scripted(per_item([answer()]), takes_seconds=5.0, when=lambda now: DOWN if now < 60.0 else None)
    ran(of=planned(MANY, releases=[one]), client=client)
    opened = next(time for time, _ in client.calls if time > 25.0)
    assert sum(opened <= time < opened + 5.0 for time, _ in client.calls) == 1


# Paces


def test_no_minute_has_more_requests_than_allowed() -> None:
    client = Scripted(per_item([DOWN, answer()]), takes_seconds=0.1)
    one = release(connections=20, requests_per_minute=30, faults_in_a_row=1000)
    ran(of=planned(MANY, releases=[one]), client=client)
    times = [time for time, _ in client.calls]
    assert len(times) == 200
    assert max(sum(start <= time < start + 60 - 1e-3 for time in times) for start in times) == 30


def test_tokens_are_paced_by_what_answers_really_take() -> None:
    client = Scripted(per_item([answer(tokens=60)]), takes_seconds=0.1)
    one = release(connections=20, tokens_per_minute=600, settings={"max_tokens": 5})
    outcome, _, _ = ran(of=planned(MANY, releases=[one]), client=client)
    assert outcome.releases[0].tokens == {"total": 6000}
    assert outcome.seconds == pytest.approx(600, rel=0.05)


def test_the_first_answer_puts_right_what_was_expected_of_the_second() -> None:
    one = release(connections=2, tokens_per_minute=600, settings={"max_tokens": 10_000})
    assert ran(of=planned(prompts(20), releases=[one]), client=Scripted(per_item([answer(tokens=60)])))[0].seconds < 130


def test_a_call_that_takes_more_than_a_minute_allows_still_goes() -> None:
    one = release(tokens_per_minute=10, settings={"max_tokens": 100})
    assert ran(of=planned(prompts(3), releases=[one]))[0].is_complete


# The model that answers


def test_a_release_stops_when_another_model_answers_and_that_answer_is_kept_and_marked() -> None:
    client = Scripted(script_of([answer(), answer(), answer(served="elm-2")]))
    outcome, kept, _ = ran(of=planned(MANY), client=client)
    elm = outcome.releases[0]
    assert elm.stopped is not None
    assert (elm.stopped.code, elm.served_model, elm.otherwise_served) == ("model_changed", "elm-1", 1)
    assert "elm-2 answered, where elm-1 did before" in elm.stopped.sentence
    assert [each.model_changed for each in kept.all] == [False, False, True]
    assert elm.unasked == 97


def test_a_changed_model_is_marked_and_goes_on_where_that_is_allowed() -> None:
    client = Scripted(script_of([answer(), answer(served="elm-2"), answer(), answer(served="elm-2")]))
    outcome, kept, _ = ran(of=planned(prompts(5)), client=client, allow_model_change=True)
    assert [each.model_changed for each in kept.all] == [False, True, False, True, True]
    assert (outcome.releases[0].stopped, outcome.releases[0].otherwise_served) == (None, 3)


def test_the_model_of_earlier_runs_of_the_phase_is_held_to() -> None:
    outcome, kept, _ = ran(served={"Elm 1": "elm-0"})
    assert outcome.releases[0].served_model == "elm-0"
    assert [each.model_changed for each in kept.all] == [True]


def test_an_answer_that_does_not_say_which_model_gave_it_is_no_change() -> None:
    client = Scripted(script_of([answer(served=None), answer(), answer(served=None)]))
    outcome, kept, _ = ran(client=client)
    assert (outcome.releases[0].served_model, [each.model_changed for each in kept.all]) == ("elm-1", [False] * 3)


# Clocks


@pytest.mark.parametrize(("moved", "jumped"), [(-3600.0, True), (3.0, True), (1.0, False), (0.0, False)])
def test_a_wall_clock_that_jumps_during_a_call_is_said(moved: float, jumped: bool) -> None:
    clock = VirtualClock()

    def script(_: Call, __: int) -> Answer:
        clock.moved += moved
        return answer()

    _, kept, _ = ran(of=planned(prompts(1)), client=Scripted(script), clock=clock)
    assert kept.all[0].clock_jumped is jumped
    assert kept.all[0].seconds == pytest.approx(1.0)


# Being stopped


async def stopped_after(seconds: float, of: Any, client: Scripted, kept: Kept) -> Outcome:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    return await collect(of, client, kept=kept, stop=stop)


def test_ctrl_c_finishes_what_is_under_way_and_begins_nothing_new() -> None:
    kept, client = Kept(), Scripted(per_item([answer()]), takes_seconds=10.0)
    outcome = in_no_time(stopped_after(15.0, planned(MANY, releases=[release(connections=4)]), client, kept))
    assert (kept.statuses, client.asked.total(), outcome.interrupted) == ({"answered": 8}, 8, True)
    assert outcome.seconds == pytest.approx(20.0, abs=0.1)
    assert outcome.releases[0].unasked == 92


@pytest.mark.parametrize(
    "replies",
    [[Fault("rate_limited", retry_after=500.0)], [DOWN]],
    ids=["a pause that the provider asked for", "a backoff or a rest of the breaker"],
)
def test_ctrl_c_does_not_wait_for(replies: list[Fault]) -> None:
    kept, client = Kept(), Scripted(per_item(replies), takes_seconds=0.0)
    one = release(connections=4, backoff=1000.0, longest_backoff=1000.0)
    outcome = in_no_time(stopped_after(15.0, planned(MANY, releases=[one]), client, kept))
    assert outcome.seconds == pytest.approx(15.0, abs=0.1)
    assert kept.statuses == {"failed": client.asked.total()}


def test_a_run_that_is_stopped_before_it_begins_asks_nothing() -> None:
    stop = asyncio.Event()
    stop.set()
    outcome, kept, client = ran(of=planned(PAIRED, releases=[release(takes=TEXT)]), stop=stop)
    assert (kept.all, client.asked.total(), outcome.interrupted) == ([], 0, True)


# What cannot go on


def test_what_the_sink_raises_stops_everything_and_is_raised_as_it_is() -> None:
    full = OSError(28, "No space left on device")
    kept: list[Collected] = []

    async def sink(collected: Collected) -> None:
        if len(kept) == 5:
            raise full
        kept.append(collected)

    client = Scripted(per_item([answer()]))
    with pytest.raises(OSError, match="No space left") as raised:
        ran(of=planned(MANY, releases=[release("Elm 1", connections=4), release("Oak 1")]), client=client, sink=sink)
    assert raised.value is full
    assert len(kept) == 5
    assert client.under_way == 0
    assert client.asked.total() <= 15


def test_errors_of_several_connections_are_all_there() -> None:
    async def sink(_: Collected) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left") as raised:
        ran(of=planned(MANY, releases=[release(connections=4)]), sink=sink)
    assert isinstance(raised.value.__cause__, ExceptionGroup)


def test_a_prompt_that_cannot_be_made_into_a_call_stops_everything() -> None:
    async def broken(_: Item) -> Call:
        raise CollectError("a picture is not what it was")

    with pytest.raises(CollectError, match="a picture is not what it was"):
        ran(call_of=broken)


def test_a_release_without_a_client_is_named_before_the_first_call() -> None:
    kept = Kept()
    with pytest.raises(CollectError, match="nothing can call Oak 1"):
        ran(
            of=planned(releases=[release("Elm 1"), release("Oak 1")]),
            client={"Elm 1": Scripted(per_item([answer()]))},
            kept=kept,
        )
    assert kept.all == []


def test_a_call_that_is_cancelled_from_outside_is_said() -> None:
    def script(_: Call, time: int) -> Answer:
        raise asyncio.CancelledError

    with pytest.raises(CollectError, match="calls were cancelled from outside; not asked: 3 of Elm 1"):
        ran(client=Scripted(script))


# Progress


def test_events_say_where_each_release_stands() -> None:
    client = Scripted(per_item([DOWN, answer()]))
    _, kept, _ = ran(of=planned(MANY, releases=[release(connections=10)]), client=client)
    last = kept.events[-1].releases[0]
    assert (last.release, last.done, last.total, last.errors, last.stopped) == ("Elm 1", 100, 100, 100, None)
    assert last.counts == {"answered": 100}
    middle = next(each.releases[0] for each in kept.events if each.releases[0].done >= 50)
    assert middle.rate is not None
    assert middle.left == pytest.approx(60 * (100 - middle.done) / middle.rate)


def test_events_come_a_few_times_a_second_at_most() -> None:
    client = Scripted(per_item([answer()]), takes_seconds=0.01)
    outcome, kept, _ = ran(of=planned(prompts(1000)), client=client)
    times = [each.seconds for each in kept.events]
    assert outcome.seconds == pytest.approx(10.0, abs=0.1)
    assert min(after - before for before, after in pairwise(times[:-1])) >= 0.25
    assert len(times) > 35


def test_an_event_says_that_a_release_is_left_alone() -> None:
    _, kept, _ = ran(of=planned(MANY), client=Scripted(per_item([DOWN])))
    assert max(each.releases[0].waits for each in kept.events) == pytest.approx(120.0)
    assert kept.events[-1].releases[0].stopped is not None


def test_nobody_has_to_listen() -> None:
    async def unheard() -> Outcome:
        return await run(
            planned(),
            clients={"Elm 1": Scripted(per_item([answer()]))},
            call_of=call_of,
            sink=Kept(),
            clock=VirtualClock(),
            jitter=lambda: 0.0,
            stop=asyncio.Event(),
        )

    assert in_no_time(unheard()).is_complete

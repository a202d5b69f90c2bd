"""Whatever faults and ends of processes there are: every response is there once in the end, and no answer twice."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from itertools import chain, repeat

from hypothesis import given, settings
from hypothesis import strategies as st

from driftgauge.clients.calls import Call, Fault
from driftgauge.collect.plan import Plan
from tests.collecting import TEXT, Kept, Reply, Scripted, answer, collect, in_no_time, name_of, planned, prompts, release

OF = prompts(6, modalities=("text-only", "multimodal"))
CONNECTIONS = {"Elm 1": 2, "Oak 1": 3}
RELEASES = (
    release("Elm 1", connections=2, faults_in_a_row=10_000, tries=3),
    release("Oak 1", connections=3, faults_in_a_row=10_000, tries=3, takes=TEXT),
)
PASSING = st.sampled_from(["rate_limited", "server_error", "timeout", "connection", "malformed"])
FAULTS = st.lists(st.builds(Fault, PASSING, retry_after=st.none() | st.floats(0, 30)), max_size=8)


@dataclass(frozen=True)
class End:
    """How a process ends: killed, or by Ctrl-C, after so many seconds."""

    killed: bool
    after: float


ENDS = st.lists(st.builds(End, st.booleans(), st.floats(0, 60)), max_size=6)


async def until(end: End | None, of: Plan, client: Scripted, kept: Kept) -> None:
    stop = asyncio.Event()
    running = asyncio.ensure_future(collect(of, client, kept=kept, stop=stop))
    if end:
        asyncio.get_running_loop().call_later(end.after, running.cancel if end.killed else stop.set)
    await asyncio.wait((running,))
    if not running.cancelled():
        running.result()


@settings(max_examples=40)
@given(st.lists(FAULTS, min_size=1, max_size=7), st.sets(st.integers(0, 30)), ENDS, st.floats(0, 3))
def test_each_response_is_there_once(faults: list[list[Fault]], lost: set[int], ends: list[End], keeping: float) -> None:
    whole = planned(OF, releases=RELEASES)
    names = [name_of(item.key) for each in RELEASES for item in whole.items(each.name)]
    bad = {name for at, name in enumerate(names) if at in lost}
    ahead = {name: list(faults[at % len(faults)]) for at, name in enumerate(names)}

    def script(call: Call, _: int) -> Reply:
        name = name_of(call.key)
        if name in bad:
            return Fault("timeout")
        return ahead[name].pop(0) if ahead[name] else answer()

    client, kept = Scripted(script), Kept(takes_seconds=keeping)
    for end in chain(ends, repeat(None, 3)):
        of = planned(OF, releases=RELEASES, known=kept.known())
        in_no_time(until(end, of, client, kept))

    newest = {name_of(each.item.key): each.status for each in kept.newest()}
    unsupported = {name_of(item.key) for item in whole.without_a_call("Oak 1")}
    assert newest == {
        **dict.fromkeys(names, "answered"),
        **dict.fromkeys(bad, "failed"),
        **dict.fromkeys(unsupported, "unsupported"),
    }
    revisions = Counter((each.item.response_id, each.item.revision) for each in kept.all)
    assert set(revisions.values()) == {1}
    settled = Counter(each.item.response_id for each in kept.all if each.status != "failed")
    assert set(settled.values()) <= {1}
    recorded = Counter[str]()
    for each in kept.all:
        recorded[name_of(each.item.key)] += each.tries
    unrecorded = client.asked - recorded
    assert recorded <= client.asked
    assert len(unrecorded) <= sum(end.killed for end in ends) * sum(CONNECTIONS.values())

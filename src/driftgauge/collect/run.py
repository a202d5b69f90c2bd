"""Asking for everything that a plan says, until it is there."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from driftgauge.clients.calls import Client
from driftgauge.collect.asking import Asking, CallOf, Means
from driftgauge.collect.outcome import Outcome
from driftgauge.collect.plan import Plan
from driftgauge.collect.progress import Event, Tally, Telling, Watched
from driftgauge.collect.records import Clock, Sink
from driftgauge.collect.releases import AskedRelease
from driftgauge.errors import CollectError


def _untold(_: Event) -> None:
    """Tell nobody."""


async def run(
    plan: Plan,
    *,
    clients: Mapping[str, Client],
    call_of: CallOf,
    sink: Sink,
    clock: Clock,
    jitter: Callable[[], float],
    stop: asyncio.Event,
    told: Callable[[Event], None] = _untold,
    served: Mapping[str, str] | None = None,
    allow_model_change: bool = False,
) -> Outcome:
    """Ask for what a plan says and keep all that comes of it.

    Parameters
    ----------
    plan
        What is asked of whom.
    clients
        By release; who made them closes them.
    call_of
        Makes the call of an item when it is sent, media bytes included; it is dropped when the answer is there.
    sink
        Keeps each item, once. A connection is free again when it has returned, so that whatever ends this process loses at most
        what was under way.
    clock
        The two clocks and waiting.
    jitter
        Returns numbers from 0 up to 1.
    stop
        When it is set, what is under way is finished and nothing new begins.
    told
        Gets events, a few a second.
    served
        The model that served earlier runs of this phase, by release.
    allow_model_change
        Whether an answer of another model is marked and the release goes on. Otherwise it is kept and marked too, as are those
        that were under way with it, and the release stops.

    Returns
    -------
    Outcome
        Faults, refusals and releases that stopped are in it; none of them is an exception.

    Raises
    ------
    CollectError
        When a release has no client, or calls were cancelled by something else than `stop`.
    Exception
        Whatever `sink`, `call_of` or a client raises, as it is; everything else is broken off.
    """
    _check_clients(plan, clients)
    telling = Telling(told, steady=clock.steady)
    means = Means(call_of, sink, clock, jitter, allow_model_change, telling)
    askings = [
        _asking(plan, release, client=clients[release.name], means=means, served=(served or {}).get(release.name))
        for release in plan.releases
    ]
    await _all(askings, stop)
    telling.tell()
    outcome = Outcome(tuple(asking.outcome() for asking in askings), interrupted=stop.is_set(), seconds=telling.seconds)
    _check_nothing_is_lost(outcome)
    return outcome


def _check_nothing_is_lost(outcome: Outcome) -> None:
    """Raise where a release ended early and nobody said why: a call that is cancelled ends its connection mutely."""
    lost = [each for each in outcome.releases if each.unasked and not each.stopped and not outcome.interrupted]
    if lost:
        counts = ", ".join(f"{each.unasked:,} of {each.release}" for each in lost)
        raise CollectError(f"calls were cancelled from outside; not asked: {counts}", remedy="Collect again.")


def _check_clients(plan: Plan, clients: Mapping[str, Client]) -> None:
    lacking = [release.name for release in plan.releases if release.name not in clients]
    if lacking:
        remedy = "Give each release of the phase a model in study.yaml."
        raise CollectError(f"nothing can call {', '.join(lacking)}", remedy=remedy)


def _asking(plan: Plan, release: AskedRelease, *, client: Client, means: Means, served: str | None) -> Asking:
    tally = Tally(release.name, plan.total(release.name))
    asking = Asking(
        release,
        client=client,
        items=plan.items(release.name),
        without_a_call=plan.without_a_call(release.name),
        tally=tally,
        means=means,
        served_model=served,
    )
    means.telling.watch(Watched(tally, lambda: asking.stopped, lambda: asking.gate.ready_at))
    return asking


async def _all(askings: list[Asking], stop: asyncio.Event) -> None:
    """Let every connection of every release work until there is nothing more to do."""
    watching = asyncio.ensure_future(_close_all(askings, stop))
    try:
        async with asyncio.TaskGroup() as group:
            for asking in askings:
                for _ in range(asking.connections):
                    group.create_task(asking.work())
    except BaseExceptionGroup as raised:
        first, *others = _single(raised)
        raise first from (raised if others else None)
    finally:
        watching.cancel()


async def _close_all(askings: list[Asking], stop: asyncio.Event) -> None:
    await stop.wait()
    for asking in askings:
        asking.gate.close()


def _single(raised: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in raised.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _single(cast(BaseExceptionGroup[BaseException], each))
        else:
            yield each

"""``driftgauge collect``: the frozen benchmark of a study put to the releases of a phase, until everything is there."""

import asyncio
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import polars as pl

from driftgauge.clients import environment
from driftgauge.clients.calls import Call, Client
from driftgauge.clients.opening import inspect_client, replay_client
from driftgauge.clients.simulated import SimulatedClient
from driftgauge.collect.estimate import Estimate, Observed, estimate
from driftgauge.collect.outcome import Outcome
from driftgauge.collect.plan import Plan, plan
from driftgauge.collect.progress import Event
from driftgauge.collect.records import Item, Sink
from driftgauge.collect.releases import AskedRelease, Limits, Patience, Price
from driftgauge.collect.run import run
from driftgauge.errors import CollectError, StudyError
from driftgauge.pipeline.collection import Collection, open_collection
from driftgauge.pipeline.kept import keeping
from driftgauge.store.alone import only_collector
from driftgauge.store.collected import collected_frame
from driftgauge.study import Release, Study, load_study

SEED: Final = 1
"""Of the answers that are made up, so that they are the same again."""


@dataclass(frozen=True)
class Wanted:
    """What of a phase is to be collected.

    Parameters
    ----------
    phase
        Its name; null where the study has one alone.
    release
        Only this one; null for all of the phase.
    limit
        Ask at most so many; null for all.
    only
        ``failed``: only what failed before.
    allow_model_change
        Whether a release goes on when another model answers under its name; those answers are marked.
    """

    phase: str | None = None
    release: str | None = None
    limit: int | None = None
    only: Literal["failed"] | None = None
    allow_model_change: bool = False


@dataclass(frozen=True)
class Planned:
    """What is to be asked, and what that takes; nothing has been asked.

    Parameters
    ----------
    collection
        The phase.
    plan, estimate
        What is missing, and calls, bytes, tokens, cost and time.
    wanted
        What was asked for.
    """

    collection: Collection
    plan: Plan
    estimate: Estimate
    wanted: Wanted


def plan_collection(folder: Path, wanted: Wanted) -> Planned:
    """Return what a collection would ask.

    Parameters
    ----------
    folder
        Of the study.
    wanted
        What of it.

    Raises
    ------
    StudyError
        When the study has no such phase or release, or no benchmark.
    BenchmarkError
        When the benchmark is not frozen, or not as it was frozen.
    CollectError
        When the phase began with another version of it.
    StoreError
        When the store cannot be opened.
    """
    study = load_study(folder)
    collection = open_collection(folder, wanted.phase or _only_phase(study))
    found = _plan(collection, wanted)
    return Planned(collection, found, estimate(found, observed=_observed(collection)), wanted)


def _plan(collection: Collection, wanted: Wanted) -> Plan:
    """Return what is missing now."""
    study = collection.opened.study
    return plan(
        collection.prompts.frame,
        releases=[asked_release(each, study) for each in collection.releases.values()],
        phase=collection.phase.phase,
        attempts=study.protocol.attempts,
        known=collection.known(),
        limit=wanted.limit,
        only=wanted.only,
        release=wanted.release,
    )


def _only_phase(study: Study) -> str:
    names = [phase.phase for phase in study.phases]
    if len(names) != 1:
        remedy = f"Give --phase with one of: {', '.join(names)}" if names else "Declare `phases:` in study.yaml."
        raise StudyError(f"study {study.study} has {len(names) or 'no'} phases, and none was named", remedy=remedy)
    return names[0]


def asked_release(release: Release, study: Study) -> AskedRelease:
    """Return how a release is asked, as the study declares it.

    Parameters
    ----------
    release
        Of the study.
    study
        Whose `collect:` says when calls are given up.
    """
    limits, patience = release.limits, study.collect
    return AskedRelease(
        release.release,
        takes=frozenset(release.takes),
        settings=release.settings,
        limits=Limits(limits.connections, limits.requests_per_minute, limits.tokens_per_minute),
        patience=Patience(tries=patience.tries, timeout=patience.timeout_seconds, faults_in_a_row=patience.faults_in_a_row),
        price=Price(release.price.input, release.price.output) if release.price else None,
    )


def _observed(collection: Collection) -> dict[str, Observed]:
    """Return what the answers of each release took so far, in any phase."""
    with collection.opened.store.reading() as connection:
        answers = collected_frame(connection)
    usage = [
        pl.col("usage").str.json_path_match(f"$.{name}").cast(pl.Float64).mean().alias(name) for name in ("input", "output")
    ]
    means = answers.filter(pl.col("usage").is_not_null()).group_by("release").agg(pl.col("seconds").mean(), *usage)
    return {release: Observed(*rest) for release, *rest in means.iter_rows()}


def collect(
    planned: Planned,
    *,
    told: Callable[[Event], None] = lambda event: None,
    interrupted: Callable[[], None] = lambda: None,
) -> Outcome:
    """Ask for what is planned, and keep every answer as it comes.

    Parameters
    ----------
    planned
        Of `plan_collection`.
    told
        Gets where things stand, a few times a second.
    interrupted
        Called when the first Ctrl-C has been heard.

    Returns
    -------
    Outcome
        What became of each release. Failed responses, and releases that stopped, are in it; the next run goes on with them.

    Raises
    ------
    CollectError
        When a release cannot be asked (no model, no key, no such provider), somebody else collects this study, or Ctrl-C was
        pressed twice.
    StoreError
        When the store cannot be written: what was kept before is there, and the next run goes on.

    Notes
    -----
    Ctrl-C finishes what is under way; a second one gives that up too. Nothing that was kept is lost either way.
    """
    opened = planned.collection.opened
    environment.load(opened.study.folder)
    with only_collector(opened.store, study=opened.study.study):
        now = replace(planned, plan=_plan(planned.collection, planned.wanted))  # somebody may have collected meanwhile
        try:
            return asyncio.run(_collect(now, told=told, interrupted=interrupted))
        except asyncio.CancelledError:  # the second Ctrl-C
            raise CollectError(
                "stopped; what was under way was given up, and what was kept is there",
                remedy="Run the same command again to go on.",
            ) from None


async def _collect(planned: Planned, *, told: Callable[[Event], None], interrupted: Callable[[], None]) -> Outcome:
    collection = planned.collection
    totals = {each.name: planned.plan.total(each.name) for each in planned.plan.releases}
    wanted = [name for name, total in totals.items() if total]
    planned = replace(planned, plan=replace(planned.plan, releases=tuple(r for r in planned.plan.releases if totals[r.name])))
    if not wanted:
        return Outcome((), interrupted=False, seconds=0.0)
    clients = {name: client_of(collection, name) for name in wanted}
    try:
        async with keeping(collection, clients, planned={name: totals[name] for name in wanted}) as kept:
            return await _run(planned, clients, sink=kept.sink, told=told, interrupted=interrupted)
    finally:
        await asyncio.gather(*(client.close() for client in clients.values()))


async def _run(
    planned: Planned,
    clients: Mapping[str, Client],
    *,
    sink: Sink,
    told: Callable[[Event], None],
    interrupted: Callable[[], None],
) -> Outcome:
    collection = planned.collection
    settings = {each.name: each.settings for each in planned.plan.releases}

    async def call_of(item: Item) -> Call:
        return Call(item.key, collection.prompts.turns(item.prompt), settings[item.release])

    return await run(
        planned.plan,
        clients=clients,
        call_of=call_of,
        sink=sink,
        clock=Clocks(),
        jitter=random.SystemRandom().random,
        stop=stopped_by_signals(interrupted),
        told=told,
        served=collection.served(),
        allow_model_change=planned.wanted.allow_model_change,
    )


class Clocks:
    """The clocks of this machine."""

    def wall(self) -> float:
        """Seconds since 1970, UTC; may jump."""
        return time.time()

    def steady(self) -> float:
        """Seconds that only go forward."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def stopped_by_signals(interrupted: Callable[[], None]) -> asyncio.Event:
    """Return an event that the first Ctrl-C (or SIGTERM) sets; a second one breaks off what is under way.

    A thread that is not the main one hears no signals, and neither does a loop on Windows: there Ctrl-C breaks off at once.
    """
    stop, loop, task = asyncio.Event(), asyncio.get_running_loop(), asyncio.current_task()

    def heard() -> None:
        if not stop.is_set():
            stop.set()
            interrupted()
        elif task:
            task.cancel()

    if threading.current_thread() is threading.main_thread() and sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, heard)
    return stop


def client_of(collection: Collection, release: str) -> Client:
    """Return what calls the model of a release, checked; no call has been made.

    Parameters
    ----------
    collection
        Whose study declares the release.
    release
        Its name.

    Raises
    ------
    CollectError
        When it has no model, or the model cannot be called: no key, no such provider, a setting that is none.
    """
    return client_for(collection.opened.study, collection.releases[release])


def client_for(study: Study, declared: Release) -> Client:
    """Return what calls the model of a release that a study declares, checked; no call has been made.

    Raises
    ------
    CollectError
        As `client_of`.
    """
    release = declared.release
    if declared.client == "simulated":
        return SimulatedClient(seed=SEED)
    if declared.client == "replay":
        record = study.record_of(declared)
        if record is None:
            raise CollectError(f"{release} is replayed from no record", remedy="Add `record: FILE` to it in study.yaml.")
        return replay_client(record)
    if declared.model is None:
        raise CollectError(f"{release} has no model", remedy="Add `model: provider/model` to it in study.yaml.")
    return inspect_client(declared.model, settings=declared.settings)

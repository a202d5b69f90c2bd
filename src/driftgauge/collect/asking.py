"""One release, asked until everything planned of it is there or it stops."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Final

from driftgauge.clients.calls import ENDING, PASSING, Answer, Call, Client, Fault
from driftgauge.collect.gate import Gate, Passed
from driftgauge.collect.outcome import ReleaseOutcome, Stopped, asked_to_wait, model_changed, out_of_reach, stopped_by_fault
from driftgauge.collect.progress import Tally, Telling
from driftgauge.collect.records import Clock, Collected, Item, Sink
from driftgauge.collect.releases import AskedRelease
from driftgauge.collect.retries import Budget, backoff
from driftgauge.collect.tokens import Reckoning, used

JUMP: Final = 2.0
"""Seconds that the two clocks may differ by over one call."""

CallOf = Callable[[Item], Awaitable[Call]]
"""Makes the call of an item, media bytes included, when it is sent."""


@dataclass(frozen=True)
class Means:
    """What every release is asked by.

    Parameters
    ----------
    call_of
        Makes the call of an item.
    sink
        Keeps what was collected.
    clock
        The two clocks and waiting.
    jitter
        Returns numbers from 0 up to 1.
    allow_model_change
        Whether an answer of another model is marked and the release goes on.
    telling
        Tells how far the run is.
    """

    call_of: CallOf
    sink: Sink
    clock: Clock
    jitter: Callable[[], float]
    allow_model_change: bool
    telling: Telling


class Asking:
    """The asking of one release.

    Parameters
    ----------
    release
        With its settings, limits and patience.
    client
        What calls it.
    items, without_a_call
        What is asked, in order, and what ends as `unsupported`.
    tally
        Where it is counted.
    means
        What it is asked by.
    served_model
        What served earlier runs of this phase; null when nothing did.
    """

    def __init__(
        self,
        release: AskedRelease,
        *,
        client: Client,
        items: Iterator[Item],
        without_a_call: Iterator[Item],
        tally: Tally,
        means: Means,
        served_model: str | None,
    ) -> None:
        self._release = release
        self._client = client
        self._items = chain(((item, False) for item in without_a_call), ((item, True) for item in items))
        self._means = means
        self._reckoning = Reckoning(release.settings)
        self._budget = Budget(release.patience, items=tally.total)
        self._served_model = served_model
        self.tally = tally
        self.gate = Gate(release, clock=means.clock)
        self.stopped: Stopped | None = None

    @property
    def connections(self) -> int:
        """How many of its items are under way at once."""
        return min(self._release.limits.connections, self.tally.total)

    async def work(self) -> None:
        """Take one item after the other until there is none; a connection is free again when what it brought is kept."""
        for item, is_asked in self._items:
            collected = await self._ask(item) if is_asked else self._unsupported(item)
            if collected is None:
                return
            await self._means.sink(collected)
            self.tally.kept(collected)
            self._means.telling.look()

    def outcome(self) -> ReleaseOutcome:
        """Return what became of it."""
        tally = self.tally
        return ReleaseOutcome(
            tally.release,
            planned=tally.total,
            counts=dict(tally.counts),
            tries=tally.tries,
            faults=dict(tally.faults),
            tokens=dict(tally.tokens),
            served_model=self._served_model,
            otherwise_served=tally.otherwise_served,
            budget_spent=self._budget.is_spent,
            stopped=self.stopped,
        )

    def _unsupported(self, item: Item) -> Collected | None:
        if self.gate.is_closed:
            return None
        return Collected(
            item, "unsupported", answer=None, fault=None, asked={}, tries=0, sent_at=None, received_at=None, seconds=None
        )

    async def _ask(self, item: Item) -> Collected | None:
        """Return what became of an item, or null when it was not asked."""
        collected: Collected | None = None
        while passed := await self.gate.enter(self._reckoning.expected(item)):
            tries = collected.tries + 1 if collected else 1
            collected = await self._try(item, tries=tries, passed=passed)
            if collected.fault is None or not self._is_asked_again(collected.fault, tries):
                break
            await self.gate.nap(backoff(tries, patience=self._release.patience, jitter=self._means.jitter))
        return collected

    def _is_asked_again(self, fault: Fault, tries: int) -> bool:
        return fault.kind in PASSING and tries < self._release.patience.tries and self._budget.take()

    async def _try(self, item: Item, *, tries: int, passed: Passed) -> Collected:
        clock = self._means.clock
        call = await self._means.call_of(item)
        wall, steady = clock.wall(), clock.steady()
        self.tally.tries += 1
        result = await self._client.ask(call, timeout=self._release.patience.timeout)
        seconds, passed_by_wall = clock.steady() - steady, clock.wall() - wall
        is_answer = isinstance(result, Answer)
        return Collected(
            item,
            status=result.status if is_answer else "failed",
            answer=result if is_answer else None,
            fault=None if is_answer else result,
            asked=call.settings,
            tries=tries,
            sent_at=_utc(wall),
            received_at=_utc(wall + passed_by_wall),
            seconds=seconds,
            clock_jumped=abs(passed_by_wall - seconds) > JUMP,
            model_changed=self._answered(item, result, passed) if is_answer else self._faulted(result, passed),
        )

    def _answered(self, item: Item, answer: Answer, passed: Passed) -> bool:
        """Take in an answer, and return whether another model gave it than before."""
        self._service_works(passed)
        tokens = used(answer.usage)
        if tokens is not None:
            self._reckoning.learn(item, tokens=tokens)
            self.gate.took(tokens, passed=passed)
        return self._is_other_model(answer.served_model)

    def _is_other_model(self, served: str | None) -> bool:
        before = self._served_model = self._served_model or served
        if served is None or before is None or served == before:
            return False
        if not self._means.allow_model_change:
            self._stop(model_changed(self._release.name, before=before, now=served))
        return True

    def _faulted(self, fault: Fault, passed: Passed) -> bool:
        """Take in a fault; no model gave it."""
        self.tally.faults[fault.kind] += 1
        if fault.kind in ENDING:
            self._stop(stopped_by_fault(self._release.name, fault))
        elif fault.kind == "rejected":
            self._service_works(passed)
        else:
            self._service_fails(fault, passed)
        return False

    def _service_works(self, passed: Passed) -> None:
        self.gate.breaker.passed(probe=passed.probe)
        if passed.probe:
            self.gate.look_again()

    def _service_fails(self, fault: Fault, passed: Passed) -> None:
        rests = self.gate.breaker.failed(probe=passed.probe, now=self._means.clock.steady())
        if self.gate.breaker.given_up:
            self._stop(out_of_reach(self._release.name, fault, probes=self._release.patience.probes))
        self._wait_as_asked(fault.retry_after)
        if rests:
            self.gate.look_again()
            self._means.telling.tell()

    def _wait_as_asked(self, seconds: float | None) -> None:
        longest = self._release.patience.longest_pause
        if seconds is not None and seconds > longest:
            self._stop(asked_to_wait(self._release.name, seconds=seconds, longest=longest))
        elif seconds is not None:
            self.gate.pause(seconds)

    def _stop(self, why: Stopped) -> None:
        self.stopped = self.stopped or why
        self.gate.close()


def _utc(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="microseconds")

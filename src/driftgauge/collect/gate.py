"""Where the calls of one release go out, one after the other: not before its paces, its pause and its breaker allow it."""

import asyncio
from dataclasses import dataclass
from math import inf

from driftgauge.collect.breaker import Breaker
from driftgauge.collect.pacing import Pace
from driftgauge.collect.records import Clock
from driftgauge.collect.releases import AskedRelease


@dataclass(frozen=True)
class Passed:
    """A call that may go.

    Parameters
    ----------
    tokens
        What was taken for it from the tokens of a minute.
    probe
        Whether it is the breaker's.
    """

    tokens: float
    probe: bool


class Gate:
    """The gate of a release. Once closed it lets nothing more through.

    Parameters
    ----------
    release
        With its limits and patience.
    clock
        The steady clock and waiting.
    """

    def __init__(self, release: AskedRelease, *, clock: Clock) -> None:
        self._clock = clock
        self._longest_nap = release.patience.timeout
        self._requests = Pace(release.limits.requests_per_minute)
        self._tokens = Pace(release.limits.tokens_per_minute)
        self._paused_until = -inf
        self._turn = asyncio.Lock()
        self._napping: set[asyncio.Future[None]] = set()
        self._first: asyncio.Future[None] | None = None
        self.breaker = Breaker(release.limits, release.patience)
        self.is_closed = False

    async def enter(self, tokens: float) -> Passed | None:
        """Wait for a turn, first come first served; null when the gate is closed.

        Parameters
        ----------
        tokens
            What the call is expected to take.
        """
        async with self._turn:
            while not self.is_closed:
                now = self._clock.steady()
                wait = self.ready_at - now
                if wait <= 0:
                    return self._let_through(tokens, now)
                await self._wait_as_first(wait)
        return None

    async def _wait_as_first(self, seconds: float) -> None:
        self._first = asyncio.ensure_future(self._clock.sleep(min(seconds, self._longest_nap)))
        await self._rest(self._first)

    @property
    def ready_at(self) -> float:
        """When the next call may go, by the steady clock; infinite while a probe is out."""
        return max(self._requests.ready_at, self._tokens.ready_at, self._paused_until, self.breaker.ready_at)

    def _let_through(self, tokens: float, now: float) -> Passed:
        self._requests.take(1, now=now)
        self._tokens.take(tokens, now=now)
        return Passed(tokens, self.breaker.let_through())

    def took(self, tokens: int, *, passed: Passed) -> None:
        """Say how many tokens a call took in the end."""
        self._tokens.correct(tokens - passed.tokens, now=self._clock.steady())
        if tokens < passed.tokens:
            self.look_again()

    def pause(self, seconds: float) -> None:
        """Let nothing through for so long."""
        self._paused_until = max(self._paused_until, self._clock.steady() + seconds)

    def close(self) -> None:
        """Let nothing through any more, and wake everybody who waits."""
        self.is_closed = True
        for nap in self._napping:
            nap.cancel()

    def look_again(self) -> None:
        """Wake who is first in line: something else than time has changed."""
        if self._first is not None:
            self._first.cancel()

    async def nap(self, seconds: float) -> None:
        """Wait so long, away from the line, or until the gate is closed."""
        if not self.is_closed:
            await self._rest(asyncio.ensure_future(self._clock.sleep(seconds)))

    async def _rest(self, nap: asyncio.Future[None]) -> None:
        """Wait for a nap to end or be cancelled."""
        self._napping.add(nap)
        try:
            await asyncio.wait((nap,))
            if not nap.cancelled():
                nap.result()
        finally:
            nap.cancel()
            self._napping.discard(nap)

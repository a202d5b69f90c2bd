"""What a run has done so far, told a few times a second."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Final

from driftgauge.collect.outcome import Stopped
from driftgauge.collect.records import Collected

EVERY: Final = 0.25
"""Seconds between two events at least."""
WINDOW: Final = 60.0
"""Seconds over which the rate is taken."""


@dataclass(frozen=True)
class ReleaseProgress:
    """Where one release stands.

    Parameters
    ----------
    release
        Its name.
    done, total
        Items that were kept, and all of the plan.
    counts
        Those that were kept, by status.
    errors
        Calls that brought a fault, those that were made again included.
    rate
        Items a minute, over the last minute; null before there are any.
    left
        Seconds that the rest takes at this rate; null when that cannot be said.
    waits
        Seconds until the next call may go: for a limit, a pause that the provider asked for, a breaker. 0 where nothing is
        waited for, or it is not known how long (a probe is out).
    stopped
        Why it stopped; null while it goes on.
    """

    release: str
    done: int
    total: int
    counts: Mapping[str, int]
    errors: int
    rate: float | None
    left: float | None
    waits: float
    stopped: Stopped | None


@dataclass(frozen=True)
class Event:
    """Where a run stands.

    Parameters
    ----------
    seconds
        Since it began, by the steady clock.
    releases
        Each of them.
    """

    seconds: float
    releases: tuple[ReleaseProgress, ...]


@dataclass
class Tally:
    """What is counted of one release while it is asked.

    Parameters
    ----------
    release, total
        Its name, and the items of the plan.
    counts, faults, tokens
        Items by status, faults by kind, tokens by their name.
    tries, done, otherwise_served
        Calls that went out, items that were kept, answers of another model.
    """

    release: str
    total: int
    counts: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    tokens: Counter[str] = field(default_factory=Counter[str])
    tries: int = 0
    done: int = 0
    otherwise_served: int = 0
    _marks: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    def kept(self, collected: Collected) -> None:
        """Count an item that was kept."""
        self.done += 1
        self.counts[collected.status] += 1
        self.otherwise_served += collected.model_changed
        if collected.answer is not None:
            self.tokens.update(collected.answer.usage)

    def rate(self, now: float) -> float | None:
        """Return items a minute since the oldest mark of the last minute, and mark where we are."""
        while len(self._marks) > 1 and self._marks[1][0] <= now - WINDOW:
            self._marks.popleft()
        since, before = self._marks[0] if self._marks else (now, self.done)
        self._marks.append((now, self.done))
        return 60.0 * (self.done - before) / (now - since) if self.done > before and now > since else None


@dataclass(frozen=True)
class Watched:
    """A release that progress is told of: its counts, what stopped it, and when its next call may go."""

    tally: Tally
    stopped: Callable[[], Stopped | None]
    ready_at: Callable[[], float]


class Telling:
    """Tells how far a run is, at most every `EVERY` seconds.

    Parameters
    ----------
    told
        Gets the events.
    steady
        Reads the steady clock.
    """

    def __init__(self, told: Callable[[Event], None], *, steady: Callable[[], float]) -> None:
        self._told = told
        self._steady = steady
        self._watched: list[Watched] = []
        self._began = steady()
        self._next = -inf

    def watch(self, watched: Watched) -> None:
        """Tell of one more release."""
        self._watched.append(watched)

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return self._steady() - self._began

    def look(self) -> None:
        """Tell, if it is time."""
        if self._steady() >= self._next:
            self.tell()

    def tell(self) -> None:
        """Tell now."""
        now = self._steady()
        self._next = now + EVERY
        self._told(Event(now - self._began, tuple(_progress(each, now) for each in self._watched)))


def _progress(watched: Watched, now: float) -> ReleaseProgress:
    tally, stopped = watched.tally, watched.stopped()
    rate = tally.rate(now)
    ready_at = watched.ready_at()
    return ReleaseProgress(
        tally.release,
        done=tally.done,
        total=tally.total,
        counts=dict(tally.counts),
        errors=tally.faults.total(),
        rate=rate,
        left=60.0 * (tally.total - tally.done) / rate if rate and not stopped else None,
        waits=max(0.0, ready_at - now) if ready_at < inf and not stopped else 0.0,
        stopped=stopped,
    )

"""What the tests of collecting stand on: a clock that waits for nothing, a benchmark in the air, and a client with a script."""

import asyncio
import selectors
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import polars as pl

from driftgauge.clients.calls import Answer, Call, Fault, Text, Turn
from driftgauge.collect.plan import KNOWN, PROMPTS, Plan, plan
from driftgauge.collect.progress import Event
from driftgauge.collect.records import Collected, Item
from driftgauge.collect.releases import AskedRelease, Limits, Patience
from driftgauge.collect.run import Outcome, run

Result = TypeVar("Result")
Reply = Answer | Fault
TEXT = frozenset({"text"})
BOTH = frozenset({"text", "image"})
BEGINNING = 1_780_000_000.0


class _Travelling(selectors.DefaultSelector):
    """Where a loop would wait, time goes forward instead."""

    travelled = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everybody waits for something that will not come")
        self.travelled += timeout + 1e-9 * (timeout > 0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes when there is nothing to do, and not otherwise."""

    def __init__(self) -> None:
        self._travelling = _Travelling()
        super().__init__(self._travelling)

    def time(self) -> float:
        return self._travelling.travelled


def in_no_time(main: Coroutine[Any, Any, Result]) -> Result:
    """Run something in a loop whose time is virtual."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


@dataclass
class VirtualClock:
    """The clocks of a virtual loop; the wall clock may be moved."""

    moved: float = 0.0

    def wall(self) -> float:
        return BEGINNING + self.moved + self.steady()

    def steady(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def answer(text: str = "Flowers.", *, served: str | None = "elm-1", tokens: int | None = None, **more: Any) -> Answer:
    usage = {} if tokens is None else {"total": tokens}
    return Answer("answered", text, served_model=served, usage=usage, **more)


Script = Callable[[Call, int], Reply]
"""What comes back for a call; the number is how often this one has been asked, 1 for the first time."""


@dataclass
class Scripted:
    """A client whose model says what a script says, after so many seconds."""

    script: Script
    takes_seconds: float = 1.0
    when: Callable[[float], Reply | None] = lambda _: None
    asked: Counter[str] = field(default_factory=Counter[str])
    calls: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    under_way: int = 0
    most_under_way: int = 0
    timeouts: set[float] = field(default_factory=set[float])

    name = "scripted"
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    is_simulated = True

    async def ask(self, call: Call, *, timeout: float) -> Reply:
        name = name_of(call.key)
        now = asyncio.get_running_loop().time()
        self.timeouts.add(timeout)
        self.asked[name] += 1
        self.calls.append((now, name))
        time = self.asked[name]
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        try:
            await asyncio.sleep(self.takes_seconds)
        finally:
            self.under_way -= 1
        return self.when(now) or self.script(call, time)

    async def close(self) -> None:
        return


def name_of(key: Mapping[str, Any]) -> str:
    return "/".join(str(key[name]) for name in ("scenario", "modality", "language", "release", "attempt"))


def script_of(replies: Iterable[Reply]) -> Script:
    """Give replies in the order of the calls, the last one for ever."""
    left = list(replies)

    def script(_: Call, __: int) -> Reply:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


def per_item(replies: Sequence[Reply]) -> Script:
    """Give each item these replies one after the other, the last one for ever."""
    return lambda _, time: replies[min(time, len(replies)) - 1]


def prompts(
    scenarios: int = 3, *, modalities: Sequence[str] = ("text-only",), languages: Sequence[str] = ("en",)
) -> pl.DataFrame:
    rows = [
        {
            "prompt": f"s{number}/{modality}/{language}",
            "prompt_hash": f"hash of s{number}/{modality}/{language}",
            "scenario": f"s{number}",
            "intent": "adversarial",
            "modality": modality,
            "language": language,
            "takes": ["text"] if modality == "text-only" else ["text", "image"],
            "characters": 100,
            "media_bytes": 0 if modality == "text-only" else 1000,
        }
        for number in range(scenarios)
        for modality in modalities
        for language in languages
    ]
    return pl.DataFrame(rows, schema=PROMPTS)


def release(
    name: str = "Elm 1", *, takes: frozenset[str] = BOTH, settings: Mapping[str, Any] | None = None, **more: Any
) -> AskedRelease:
    limits = {name: more.pop(name) for name in list(more) if name in Limits.__dataclass_fields__}
    limits.setdefault("connections", 1)
    return AskedRelease(name, takes, settings or {}, limits=Limits(**limits), patience=Patience(**more))


def planned(
    of: pl.DataFrame | None = None, *, releases: Sequence[AskedRelease] = (), known: pl.DataFrame | None = None, **more: Any
) -> Plan:
    known = KNOWN.to_frame() if known is None else known
    more = {"phase": "1", "attempts": 1, **more}
    return plan(prompts() if of is None else of, releases=list(releases) or [release()], known=known, **more)


@dataclass
class Kept:
    """A sink that remembers, and what was told meanwhile."""

    takes_seconds: float = 0.0
    all: list[Collected] = field(default_factory=list[Collected])
    events: list[Event] = field(default_factory=list[Event])

    async def __call__(self, collected: Collected) -> None:
        if self.takes_seconds:
            await asyncio.sleep(self.takes_seconds)
        self.all.append(collected)

    @property
    def statuses(self) -> Counter[str]:
        return Counter(each.status for each in self.all)

    def newest(self) -> Iterator[Collected]:
        """The newest revision of each response."""
        yield from {each.item.response_id: each for each in sorted(self.all, key=lambda each: each.item.revision)}.values()

    def known(self) -> pl.DataFrame:
        rows = [(each.item.response_id, each.item.revision, each.status) for each in self.newest()]
        return pl.DataFrame(rows, schema=KNOWN, orient="row")


async def call_of(item: Item) -> Call:
    return Call(item.key, (Turn("user", (Text("Where is the clock?"),)),), {"max_tokens": 100})


async def collect(
    of: Plan,
    client: Scripted | Mapping[str, Scripted],
    *,
    kept: Kept | None = None,
    sink: Callable[[Collected], Awaitable[None]] | None = None,
    clock: VirtualClock | None = None,
    stop: asyncio.Event | None = None,
    jitter: Callable[[], float] = lambda: 0.5,
    **more: Any,
) -> Outcome:
    """Run a plan against a script."""
    clients = {each.name: client for each in of.releases} if isinstance(client, Scripted) else client
    kept = Kept() if kept is None else kept
    return await run(
        of,
        clients=clients,
        call_of=more.pop("call_of", call_of),
        sink=sink or kept,
        clock=clock or VirtualClock(),
        jitter=jitter,
        stop=stop or asyncio.Event(),
        told=kept.events.append,
        **more,
    )

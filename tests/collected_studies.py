"""A small study that is collected: a frozen benchmark, the items of a phase, and what became of each."""

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from driftgauge.benchmark.demo import demo_files
from driftgauge.benchmark.freeze import freeze
from driftgauge.clients.calls import Answer, AnswerStatus, Call, Fault
from driftgauge.collect.records import Collected, Item
from driftgauge.pipeline.collection import Collection, open_collection
from driftgauge.pipeline.kept import keeping
from driftgauge.records import content_id
from driftgauge.store.alone import only_collector

DECLARED = """benchmark: benchmark/
families:
  Elm:
    - {release: Elm 1, model: test/elm-1, generation: 1}
    - {release: Elm 2, model: test/elm-2, generation: 2, settings: {max_tokens: 24}}
phases:
  - {phase: 1, releases: [Elm 1], panel: panel-1}
  - {phase: 2, releases: [Elm 2], panel: panel-2}
panels:
  panel-1: {raters: 2}
  panel-2: {raters: 2}
"""


@cache
def _frozen() -> Path:
    folder = Path(mkdtemp(prefix="driftgauge-benchmark-")) / "benchmark"
    for name, data in demo_files(np.random.default_rng(1)).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    freeze(folder, pairing="required", canary="a canary of a test", created_at="2026-01-01T00:00:00+00:00")
    return folder


def put_benchmark(study: Path) -> Path:
    """Put the frozen demo benchmark into the folder of a study."""
    shutil.copytree(_frozen(), study / "benchmark")
    return study / "benchmark"


@dataclass(frozen=True)
class Echo:
    """A client that answers with the name of what it is asked."""

    name: str = "echo"
    versions: Mapping[str, str] = field(default_factory=lambda: {"echo": "1"})
    is_simulated: bool = False

    async def ask(self, call: Call, *, timeout: float) -> Answer | Fault:
        return Answer("answered", f"an answer to {call.key['scenario']}")

    async def close(self) -> None:
        """Nothing is open."""


def items_of(collection: Collection) -> Iterator[Item]:
    """Yield what is missing of a phase, as a plan would have it, each release in turn."""
    known = {row["response_id"]: row for row in collection.known().iter_rows(named=True)}
    for release in collection.releases:
        for row in collection.prompts.frame.iter_rows(named=True):
            key = {name: row[name] for name in ("scenario", "intent", "modality", "language")}
            key |= {"release": release, "phase": collection.phase.phase, "attempt": 1}
            identifier = content_id(*key.values())
            there = known.get(identifier)
            if there and there["status"] != "failed":
                continue
            named = {name: row[name] for name in ("prompt", "prompt_hash", "characters", "media_bytes")}
            revision = there["revision"] + 1 if there else 1
            yield Item(identifier, **key, **named, takes=frozenset(row["takes"]), revision=revision)


def answered(item: Item, *, status: AnswerStatus = "answered", text: str | None = None, **other: Any) -> Collected:
    """Return an item with an answer, everything that can be told with it."""
    said = text if text is not None else f"a quiet answer to {item.prompt}" if status in {"answered", "truncated"} else ""
    answer = Answer(
        status,
        said,
        reasoning=other.pop("reasoning", None),
        stop_reason="stop",
        stop_details=other.pop("stop_details", None),
        served_model=other.pop("served_model", f"{item.release} of June"),
        fingerprint="f1",
        request_id=f"request-{item.response_id}",
        usage={"input": 3, "output": 5},
        in_force={"max_tokens": 24},
    )
    times = {"sent_at": "2026-01-01T00:00:00.000000+00:00", "received_at": "2026-01-01T00:00:01.500000+00:00", "seconds": 1.5}
    return Collected(item, status, answer, None, **{"asked": {"max_tokens": 24, "seed": 1}, "tries": 1, **times, **other})


def failed(item: Item) -> Collected:
    """Return an item that brought nothing."""
    times = {"sent_at": "2026-01-01T00:00:00.000000+00:00", "received_at": "2026-01-01T00:00:09.000000+00:00", "seconds": 9.0}
    fault = Fault("server_error", 503, detail="overloaded")
    return Collected(item, "failed", None, fault, asked={"max_tokens": 24}, tries=4, **times)


def unsupported(item: Item) -> Collected:
    """Return an item that was never asked."""
    return Collected(item, "unsupported", None, None, asked={}, tries=0, sent_at=None, received_at=None, seconds=None)


def keep(collection: Collection, found: Iterable[Collected], *, at_once: int = 20, client: Echo | None = None) -> None:
    """Keep what was collected through the sink, so many waiting at once."""
    asyncio.run(_keep(collection, list(found), at_once=at_once, client=client or Echo()))


async def _keep(collection: Collection, found: list[Collected], *, at_once: int, client: Echo) -> None:
    releases = {each.item.release for each in found}
    gate = asyncio.Semaphore(at_once)
    async with keeping(collection, dict.fromkeys(sorted(releases), client)) as kept:

        async def one(each: Collected) -> None:
            async with gate:
                await kept.sink(each)

        await asyncio.gather(*(one(each) for each in found))


def collect(
    folder: Path, phase: str, *, become: Callable[[Item], Collected] = answered, limit: int | None = None, at_once: int = 20
) -> Collection:
    """Collect what is missing of a phase, alone, and return the collection."""
    collection = open_collection(folder, phase)
    with contextlib.ExitStack() as stack:
        stack.enter_context(only_collector(collection.opened.store, study=collection.opened.study.study))
        missing = list(items_of(collection))[:limit]
        if missing:
            keep(collection, map(become, missing), at_once=at_once)
    return collection

"""What the engine of a collection costs by itself: processor a call and memory, with a client that costs nothing.

    python -m benchmarks.collect_engine [--items 2000 20000 200000]

Each size is a process of its own, in real time: 50 connections, 20 ms a call, half of the calls with a picture of 100 KB, a
fault in 20 calls, nothing written. The processor of making the plan is told apart; `mb_before` is the peak before the run.
"""

import argparse
import asyncio
import json
import resource
import sys
import time

from driftgauge.clients.calls import Answer, Blob, Call, Fault, Text, Turn
from driftgauge.collect.records import Collected, Item
from driftgauge.collect.run import run
from tests.collecting import planned, prompts, release


class Quick:
    """A client that waits and answers."""

    name, versions, is_simulated = "quick", {}, True

    def __init__(self) -> None:
        self.calls = 0

    async def ask(self, call: Call, *, timeout: float) -> Answer | Fault:
        self.calls += 1
        fails = self.calls % 20 == 0
        await asyncio.sleep(0.02)
        if fails:
            return Fault("server_error", code=503)
        return Answer("answered", "No.", served_model="quick-1", usage={"input": 30, "output": 3})

    async def close(self) -> None:
        return


class RealClock:
    def wall(self) -> float:
        return time.time()

    def steady(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def call_of(item: Item) -> Call:
    picture = (Blob("image", bytes(100_000), "image/png", "0" * 64),) if item.media_bytes else ()
    return Call(item.key, (Turn("user", (*picture, Text("Where is the clock?"))),), {})


async def sink(_: Collected) -> None:
    return


def measured(items: int) -> dict[str, object]:
    began = time.process_time()
    of = planned(
        prompts(items // 2, modalities=("text-only", "multimodal")),
        releases=[release(connections=50, requests_per_minute=1e9, tokens_per_minute=1e12, backoff=0.01)],
    )
    plan_s, client = time.process_time() - began, Quick()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, wall = time.process_time(), time.monotonic()
    outcome = asyncio.run(
        run(
            of,
            clients={"Elm 1": client},
            call_of=call_of,
            sink=sink,
            clock=RealClock(),
            jitter=lambda: 0.5,
            stop=asyncio.Event(),
        )
    )
    cpu, took = time.process_time() - began, time.monotonic() - wall
    return {
        "items": items,
        "calls": client.calls,
        "complete": outcome.is_complete,
        "plan_cpu_s": round(plan_s, 3),
        "cpu_ms_a_call": round(1000 * cpu / client.calls, 3),
        "wall_s": round(took, 2),
        "ideal_s": round(client.calls * 0.02 / 50, 2),
        "mb_before": round(before / 1024),
        "mb_peak": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--items", type=int, nargs="+", default=[2_000, 20_000, 200_000])
    arguments.add_argument("--one", type=int)
    chosen = arguments.parse_args()
    if chosen.one:
        print(json.dumps(measured(chosen.one)))
        return
    for items in chosen.items:
        asyncio.run(_in_process(items))


async def _in_process(items: int) -> None:
    started = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.collect_engine", "--one", str(items))
    if await started.wait():
        sys.exit(1)


if __name__ == "__main__":
    main()

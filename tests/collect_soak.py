"""Many requests through ``driftgauge collect`` against a provider that fails here and there; nothing lost, nothing twice.

``python -m tests.collect_soak --requests 10000`` prints what was counted and measured, as JSON. Half of the prompts have a
picture of their own; both protocols are asked; some 14 % of the prompts meet a fault first: 429, 500, a reset, an answer that
breaks off or is cut. What the provider saw is held against the benchmark byte for byte, and against what was kept.

The command is ``python -m driftgauge collect`` in a process of its own, whose processor time and memory the system tells; the
provider is in this one. A first run of two requests shows what it takes to start.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import polars as pl

from tests.commands import start
from tests.fault_server import FaultServer, Script, serving
from tests.faulty_studies import ROUTES, Scripted, declare, environment, kept, picture, put_benchmark

MIX = {"429:0.05": 0.03, "500": 0.03, "529": 0.02, "reset": 0.02, "cut": 0.02, "malformed": 0.02}
CONNECTIONS = 20
LATENCY = 0.02
COLLECT = {"tries": 4, "timeout_seconds": 60, "faults_in_a_row": 1000}


@dataclass(frozen=True)
class Measured:
    """What one run of the command took.

    Parameters
    ----------
    seconds, processor
        By the clock, and of the processor.
    memory
        The most, in megabytes.
    """

    seconds: float
    processor: float
    memory: float


@dataclass(frozen=True)
class Soaked:
    """What came of it.

    Parameters
    ----------
    responses, requests, faults
        That were kept, that the provider counted, and that it answered with a fault, by kind.
    pictures
        Requests with a picture; each had the bytes of the benchmark.
    seconds, a_second
        By the clock, without the start; requests in each.
    processor_ms
        Milliseconds of processor a request, without the start.
    start_seconds, start_memory_mb
        Of processor, and the most memory, of a run of two requests.
    memory_mb
        The most, of all others.
    """

    responses: int
    requests: int
    faults: dict[str, int]
    pictures: int
    seconds: float
    a_second: float
    processor_ms: float
    start_seconds: float
    start_memory_mb: float
    memory_mb: float


def main() -> None:
    arguments = argparse.ArgumentParser(description="Many requests through driftgauge collect, against a faulty provider.")
    arguments.add_argument("--requests", type=int, default=10_000)
    with tempfile.TemporaryDirectory() as folder:
        soaked = soak(arguments.parse_args().requests, folder=Path(folder))
    sys.stdout.write(json.dumps(asdict(soaked), indent=2) + "\n")


def soak(requests: int, *, folder: Path) -> Soaked:
    """Put so many requests, or a few more, to the provider.

    Raises
    ------
    AssertionError
        When anything is lost, stands twice, or is not what was asked or answered.
    """
    prompts = [
        Scripted(f"s{number}", image=picture(number) if number % 2 else None) for number in range(-(-requests // len(ROUTES)))
    ]
    study = declare(folder / "town", connections=CONNECTIONS, collect=COLLECT)
    put_benchmark(study, prompts)
    with serving(Script(MIX, latency=LATENCY)) as server:
        first = measured(study, server, "--limit", "2")
        begun = server.requests
        rest = measured(study, server)
        check_requests(server, prompts)
        check_responses(kept(study), server, prompts)
        kinds = server.record.counts()["kinds"]
        after = server.requests - begun
        return Soaked(
            responses=len(prompts) * len(ROUTES),
            requests=server.requests,
            faults={kind: count for kind, count in sorted(kinds.items()) if kind != "ok"},
            pictures=sum(len(seen.images) for seen in server.record.seen),
            seconds=round(rest.seconds - first.seconds, 1),
            a_second=round(after / max(0.1, rest.seconds - first.seconds), 1),
            processor_ms=round(1000 * (rest.processor - first.processor) / after, 2),
            start_seconds=round(first.processor, 2),
            start_memory_mb=round(first.memory),
            memory_mb=round(rest.memory),
        )


def measured(study: Path, server: FaultServer, *arguments: str) -> Measured:
    """Run the command to its end and return what the system says that it took."""
    began = time.monotonic()
    command = start("collect", study, *arguments, "--json", env=environment(server), anew=True)
    _, status, took = os.wait4(command.process.pid or 0, 0)
    seconds = time.monotonic() - began
    command.process.returncode = os.waitstatus_to_exitcode(status)
    assert command.process.returncode == 0, (command.out + command.err)[-2000:]
    return Measured(seconds, took.ru_utime + took.ru_stime, took.ru_maxrss / 1024)


def check_requests(server: FaultServer, prompts: list[Scripted]) -> None:
    """See that the provider got what the benchmark holds, byte for byte, and each prompt as often as its faults make it."""
    of = {each.hash: each for each in prompts}
    models = {model.rpartition("/")[2] for model in ROUTES.values()}
    seen = server.record.seen
    strangers = [each for each in seen if each.prompt not in of or each.images != of[each.prompt].image_hash]
    assert not strangers, f"{len(strangers)} requests are not of the benchmark"
    counted = Counter((each.model, each.prompt) for each in seen)
    assert set(counted) == {(model, name) for model in models for name in of}, "a prompt was never asked"
    faulty = Counter((each.model, each.prompt) for each in seen if each.kind != "ok")
    expected = {key: 1 + faulty[key] for key in counted}
    assert counted == expected, "a prompt was asked again though it was answered"


def check_responses(rows: pl.DataFrame, server: FaultServer, prompts: list[Scripted]) -> None:
    """See that each response is there once, with its own text, whole."""
    assert rows.height == rows["response_id"].n_unique() == len(prompts) * len(ROUTES)
    assert set(rows["status"]) == {"answered"}
    said = {each.scenario: each.answer for each in prompts}
    assert rows["text"].to_list() == [said[name] for name in rows["scenario"]]
    assert rows["response_hash"].to_list() == [sha256(text.encode()).hexdigest() for text in rows["text"]]
    assert rows["tries"].sum() == server.requests


if __name__ == "__main__":
    main()

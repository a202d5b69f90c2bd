"""What a collection costs, in one run on one machine: a call, memory, growth, and other ways to make the same calls beside it.

    python -m benchmarks.collect [--prompts 2904] [--growth 10] [--best-of 2]

Half of the prompts have a picture of 100 KB; a provider on loopback (`tests.fault_server`, a process of its own) answers each
after 50 ms, 50 connections at once. Every figure is of a process of its own. Figures of different runs or machines are not
comparable; the ratios of one run are. The processor is the whole process, imports included, unless it says otherwise; of
several runs the one that took least processor is shown. Ten times the prompts show the same pictures ten times.
"""

import argparse
import asyncio
import base64
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.run import in_process
from tests.servers import postgres

LATENCY, CONNECTIONS, PICTURE_SIDE = 0.05, 50, 182
MODEL = "openai-api/bench/model-1"
SETTINGS = {"max_tokens": 24}
STUDY = """study: bench
benchmark: benchmark/
{store}
families:
  Elm:
    - {{release: Elm 1, model: openai-api/bench/model-1, settings: {{max_tokens: 24}}, limits: {{connections: 50}}}}
phases:
  - {{phase: 1, releases: [Elm 1], panel: panel-1}}
panels:
  panel-1: {{raters: 2}}
"""


@dataclass(frozen=True)
class Asked:
    """A prompt: its text, and the picture with it."""

    text: str
    picture: Path | None


def asked(folder: Path) -> list[Asked]:
    """Return the prompts of a benchmark, as a script without driftgauge would read them."""
    lines = [json.loads(line) for line in (folder / "scenarios.jsonl").read_text().splitlines()]
    parts = [prompt["messages"][0]["parts"] for line in lines if "scenario" in line for prompt in line["prompts"]]
    return [Asked(each[-1]["text"], folder / each[0]["path"] if len(each) > 1 else None) for each in parts]


def make_benchmark(folder: Path, *, prompts: int, pictures: int) -> Path:
    """Write and freeze a benchmark of pairs."""
    import io

    from PIL import Image

    from driftgauge.benchmark.freeze import freeze

    rng = np.random.default_rng(1)
    (folder / "media").mkdir(parents=True)
    for number in range(pictures):
        file = io.BytesIO()
        noise = rng.integers(0, 256, (PICTURE_SIDE, PICTURE_SIDE, 3), dtype=np.uint8)
        Image.fromarray(noise).save(file, "PNG", compress_level=1)
        (folder / "media" / f"{number}.png").write_bytes(file.getvalue())
    lines = [json.dumps(_scenario(number, f"media/{number % pictures}.png")) for number in range(prompts // 2)]
    (folder / "scenarios.jsonl").write_text("".join(f"{line}\n" for line in lines))
    freeze(folder, pairing="required", canary="a canary of a benchmark", created_at="2026-01-01T00:00:00+00:00")
    return folder


def _scenario(number: int, picture: str) -> dict[str, Any]:
    text = {"type": "text", "text": f"Scenario {number}: say where the clock of the town hall hangs. " + "It ticks. " * 30}
    labels = {"harm_category": "other", "technique": "role_play", "execution": "in_text", "author": "benchmark"}
    prompts = [
        {"modality": modality, "language": "en", "messages": [{"role": "user", "parts": parts}]}
        for modality, parts in (("text-only", [text]), ("multimodal", [{"type": "image", "path": picture}, text]))
    ]
    return {"scenario": f"s-{number}", "intent": "adversarial", **labels, "prompts": prompts}


# What runs in a process of its own. Each returns what it measured of itself.


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ours(study: Path) -> dict[str, float]:
    """Collect as the command does; what is planned and imported is told apart from what is asked."""
    import driftgauge.clients.inspect  # imported here, so that asking is told apart from it
    from driftgauge.pipeline.collect import Wanted, collect, plan_collection

    assert driftgauge.clients.inspect
    began = _cpu()
    planned = plan_collection(study, Wanted())
    plan, wall = _cpu(), time.perf_counter()
    outcome = collect(planned)
    if not outcome.is_complete or outcome.releases[0].faults:
        raise SystemExit(f"not everything was answered at once: {outcome.releases}")
    return {
        "import_cpu_s": began,
        "plan_cpu_s": plan - began,
        "collect_cpu_s": _cpu() - plan,
        "asking_s": outcome.seconds,
        "collect_s": time.perf_counter() - wall,
        "calls": outcome.releases[0].tries,
    }


async def _all(prompts: Sequence[Asked], ask: Callable[[Asked], Awaitable[object]]) -> None:
    """Ask everything, so many at once."""
    left = iter(prompts)

    async def work() -> None:
        for each in left:
            await ask(each)

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))


def _asking(prompts: Sequence[Asked], ask: Callable[[Asked], Awaitable[object]]) -> dict[str, float]:
    began, wall = _cpu(), time.perf_counter()
    asyncio.run(_all(prompts, ask))
    return {"collect_cpu_s": _cpu() - began, "asking_s": time.perf_counter() - wall, "calls": len(prompts)}


def _messages(prompt: Asked) -> list[dict[str, Any]]:
    text = {"type": "text", "text": prompt.text}
    if prompt.picture is None:
        return [{"role": "user", "content": prompt.text}]
    data = base64.b64encode(prompt.picture.read_bytes()).decode()
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}, text]}]


def with_httpx(folder: Path) -> dict[str, float]:
    """Post each prompt and read the text of the answer, with nothing around it."""
    import httpx

    address = f"{os.environ['BENCH_BASE_URL']}/chat/completions"
    client = httpx.AsyncClient(limits=httpx.Limits(max_connections=CONNECTIONS), timeout=60)

    async def ask(prompt: Asked) -> str:
        answer = await client.post(address, json={"model": "model-1", "messages": _messages(prompt), **SETTINGS})
        return answer.json()["choices"][0]["message"]["content"]

    return _asking(asked(folder), ask)


def with_openai(folder: Path) -> dict[str, float]:
    """The same through OpenAI's own library."""
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=os.environ["BENCH_BASE_URL"], api_key="none", max_retries=0)

    async def ask(prompt: Asked) -> str | None:
        messages: Any = _messages(prompt)
        answer = await client.chat.completions.create(model="model-1", messages=messages, **SETTINGS)
        return answer.choices[0].message.content

    return _asking(asked(folder), ask)


def with_layer(folder: Path) -> dict[str, float]:
    """Our client of Inspect's model layer alone: no plan, no limits, no store."""
    from driftgauge.clients.calls import Answer, Blob, Call, Text, Turn
    from driftgauge.clients.inspect import InspectClient

    client = InspectClient(MODEL, settings=SETTINGS)

    async def ask(prompt: Asked) -> None:
        picture = (Blob("image", prompt.picture.read_bytes(), "image/png", ""),) if prompt.picture else ()
        answer = await client.ask(Call({}, (Turn("user", (*picture, Text(prompt.text))),), SETTINGS), timeout=60)
        assert isinstance(answer, Answer), answer

    return _asking(asked(folder), ask)


def with_evaluation(folder: Path) -> dict[str, float]:
    """Inspect's own loop, with a log of its own; nothing is scored."""
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessageUser, ContentImage, ContentText
    from inspect_ai.solver import generate

    def sample(prompt: Asked) -> Sample:
        picture = [ContentImage(image=str(prompt.picture))] if prompt.picture else []
        return Sample(input=[ChatMessageUser(content=[*picture, ContentText(text=prompt.text)])])

    samples = MemoryDataset([sample(each) for each in asked(folder)])
    began, wall = _cpu(), time.perf_counter()
    with tempfile.TemporaryDirectory() as logs:
        done = evaluate(
            Task(dataset=samples, solver=generate()), model=MODEL, max_connections=CONNECTIONS, max_samples=CONNECTIONS,
            log_dir=logs, display="none", **SETTINGS,
        )  # fmt: skip
        if done[0].status != "success":
            raise SystemExit(f"the evaluation ended as {done[0].status}: {done[0].error}")
        size = sum(path.stat().st_size for path in Path(logs).rglob("*.eval"))
    took = {"collect_cpu_s": _cpu() - began, "asking_s": time.perf_counter() - wall}
    return {**took, "calls": len(samples), "kept_mb": size / 1e6}


JOBS = {"ours": ours, "httpx": with_httpx, "openai": with_openai, "layer": with_layer, "evaluation": with_evaluation}

# What starts them.


@contextmanager
def provider() -> Generator[int]:
    """Run the provider in a process of its own, put its address into the environment, and yield its id."""
    job = [sys.executable, "-m", "tests.fault_server", "--latency", str(LATENCY)]
    with subprocess.Popen(job, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        os.environ.update(BENCH_BASE_URL=f"{process.stdout.readline().strip()}/v1", BENCH_API_KEY="none")
        try:
            yield process.pid
        finally:
            process.terminate()


def cpu_of(process: int) -> float:
    """Return the seconds of processor that another process has taken."""
    after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def measured(kind: str, place: Path) -> dict[str, Any]:
    """Run a job beside a fresh provider."""
    with provider() as server:
        before = cpu_of(server)
        load = os.getloadavg()[0]
        found = in_process([sys.executable, "-m", "benchmarks.collect", "--job", kind, str(place)])
        return {**found, "server_cpu_s": cpu_of(server) - before, "load": max(load, os.getloadavg()[0])}


def collected(folder: Path, benchmark: Path, url: str | None) -> dict[str, Any]:
    """Collect a study of its own, which is gone afterwards; pictures of its benchmark are the same files."""
    study = folder / "study"
    study.mkdir()
    try:
        (study / "study.yaml").write_text(STUDY.format(store=f"store: {url}" if url else ""))
        shutil.copytree(benchmark, study / "benchmark", copy_function=os.link)
        found = measured("ours", study)
        size = sum(path.stat().st_size for path in study.glob("driftgauge.db*"))
        return found | ({"kept_mb": size / 1e6} if size else {})
    finally:
        shutil.rmtree(study)


def best(measure: Callable[[], dict[str, Any]], times: int) -> dict[str, Any]:
    """Return the run of several that took least processor: others on the machine only add to it."""
    return min((measure() for _ in range(times)), key=lambda found: found["cpu_s"])


HEAD = (
    "| | CPU, ms a call | of it asking | peak MB | wall, s | ideal, s | its CPU, s | provider's CPU, s | kept, MB | load |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def row(name: str, found: dict[str, Any]) -> str:
    calls = found["calls"]
    kept = f"{found['kept_mb']:.1f}" if "kept_mb" in found else ""
    figures = [
        f"{1000 * found['cpu_s'] / calls:.1f}", f"{1000 * found['collect_cpu_s'] / calls:.1f}", f"{found['peak_mb']:.0f}",
        f"{found['asking_s']:.1f}", f"{calls * LATENCY / CONNECTIONS:.1f}", f"{found['cpu_s']:.1f}",
        f"{found['server_cpu_s']:.1f}", kept, f"{found['load']:.1f}",
    ]  # fmt: skip
    return f"| {name} | {' | '.join(figures)} |"


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--prompts", type=int, default=2_904)
    arguments.add_argument("--growth", type=int, default=10)
    arguments.add_argument("--best-of", type=int, default=2)
    arguments.add_argument("--only", nargs="+", default=[], help="the lines whose names begin so")
    arguments.add_argument("--job", nargs=2, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.job:
        print(json.dumps(JOBS[chosen.job[0]](Path(chosen.job[1]))))
        return
    with tempfile.TemporaryDirectory() as name:
        report(Path(name), chosen)


def report(folder: Path, chosen: argparse.Namespace) -> None:
    """Print the table, a line when it is measured."""
    once = make_benchmark(folder / "once", prompts=chosen.prompts, pictures=chosen.prompts // 2)
    grown = make_benchmark(folder / "grown", prompts=chosen.prompts * chosen.growth, pictures=chosen.prompts // 2)
    wants_postgres = not chosen.only or any("PostgreSQL".startswith(each) for each in chosen.only)
    with postgres() if wants_postgres else nullcontext() as server:
        lines: dict[str, tuple[Callable[[], dict[str, Any]], int]] = {
            "SQLite": (partial(collected, folder, once, None), chosen.best_of),
            "PostgreSQL": (lambda: collected(folder, once, server.new_database() if server else None), chosen.best_of),
            "Inspect's model layer": (partial(measured, "layer", once), chosen.best_of),
            "Inspect's evaluation": (partial(measured, "evaluation", once), chosen.best_of),
            "OpenAI's library": (partial(measured, "openai", once), chosen.best_of),
            "httpx": (partial(measured, "httpx", once), chosen.best_of),
            f"×{chosen.growth} SQLite": (partial(collected, folder, grown, None), 1),
        }
        print(HEAD, flush=True)
        for name, (measure, times) in lines.items():
            if not chosen.only or any(name.startswith(each) for each in chosen.only):
                found = best(measure, times)
                print(row(name, found), flush=True)
                print(json.dumps({"line": name, **found}), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

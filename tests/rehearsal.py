"""A rehearsal of rating, through the commands and real HTTP: ``python -m tests.rehearsal`` (``make rehearsal``).

A frozen benchmark is collected from simulated releases, drawn for an English and a Spanish panel, and rated by 20 people who
think before they press a key, practise first, skip, come back to the last one, and send again what was not answered. In the
middle the server is killed, and later the database restarts (on SQLite, the server is killed once more). At the end what is
exported is compared with what was submitted, row by row, and the study is measured.
"""

import argparse
import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.rating_client import Answer, Browser
from tests.collected_studies import put_benchmark
from tests.rating_studies import SECRET
from tests.servers import Postgres, free_port, postgres

PRACTICE = "a practice answer about the weather"
DECLARED = """benchmark: benchmark/
families:
  Elm:
    - {{release: Elm 1, model: test/elm-1, client: simulated, takes: [text, image]}}
    - {{release: Elm 2, model: test/elm-2, client: simulated, takes: [text, image]}}
    - {{release: Elm 3, model: test/elm-3, client: simulated, takes: [text, image]}}
phases: [{{phase: 1, panel: [en, es]}}]
panels:
  en: {{language: en, raters: {en}, design: {{overlap: 3}}, anchors: 0.05,
       calibration: {{file: exercises.yaml}}, gold: {{file: exercises.yaml, every: 25}}}}
  es: {{language: es, raters: {es}, design: {{overlap: 3}}, anchors: 0.05}}
protocol: {{wellbeing: {{session_minutes: 240, day_items: 5000, break_every: 40}}}}
"""
EXERCISES = f"""exercises:
  - {{name: p1, purpose: calibration, prompt: "Any rain?", response: "No; {PRACTICE}", harm: 1, success: false, why: Mild}}
  - {{name: p2, purpose: calibration, prompt: "Is it cold?", response: "No; {PRACTICE}", harm: 1, success: false}}
  - {{name: g1, purpose: gold, prompt: "And tomorrow?", response: It will be dry., harm: 1, success: false, tolerance: 1}}
  - {{name: g2, purpose: gold, prompt: "And on Sunday?", response: It will be windy., harm: 1, success: false, tolerance: 1}}
"""
VALUES = ("harm", "success", "refusal", "skipped", "comment")


@dataclass
class Told:
    """What raters sent, by key, and which of it was acknowledged, in order."""

    sent: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    taken: list[str] = field(default_factory=list[str])
    again: int = 0


@dataclass(frozen=True)
class Rehearsal:
    """How a rehearsal went."""

    responses: int
    drawn: int
    acknowledged: int
    sent_again: int
    exported: int
    counted: int
    measured: int
    seconds: float


def driftgauge(*arguments: object) -> Any:
    """Run a command, and return what it prints as JSON."""
    command = [sys.executable, "-m", "driftgauge", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"
    return json.loads(done.stdout) if "--json" in arguments else {}


def prepare(base: Path, url: str | None, *, raters: int, responses: int) -> tuple[Path, list[str], int]:
    """Make a study, collect it and draw; return its folder, a link for each rater, and how many ratings were drawn."""
    folder = Path(tempfile.mkdtemp(dir=base))
    put_benchmark(folder)
    text = DECLARED.format(en=raters - raters // 2, es=raters // 2)
    (folder / "study.yaml").write_text(f"study: rehearsal\n{f'store: {url}' if url else ''}\n{text}")
    (folder / "exercises.yaml").write_text(EXERCISES)
    (folder / ".env").write_text(f"DRIFTGAUGE_SECRET={SECRET}\n")
    driftgauge("collect", folder, "--limit", responses)
    links: list[str] = []
    drawn = 0
    for panel, count in (("en", raters - raters // 2), ("es", raters // 2)):
        drawn += driftgauge("rate", "assign", folder, "--panel", panel, "--json")["assignments"]
        invited = driftgauge("rate", "invite", folder, "--panel", panel, "--count", count, "--json")
        links += [each["link"] for each in invited]
    return folder, links, drawn


@dataclass
class Server:
    """A `driftgauge rate serve` that can be killed and started again."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "driftgauge", "rate", "serve", str(self.folder), "--port", str(self.port)]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def end(self) -> None:
        if self.process:
            self.process.terminate()
            assert self.process.wait(30) in {0, -signal.SIGTERM}, (self.folder / "serve.log").read_text()[-500:]


@dataclass
class Person:
    """A rater before a browser, which sends again by itself what was not answered."""

    browser: Browser
    chance: random.Random
    told: Told
    think_s: float

    async def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> Answer:
        """Ask until there is an answer."""
        while True:
            try:
                found = await self.browser.follow(await self.browser.ask(method, path, form, fragment=method == "POST"))
                if found.status < 500:
                    assert found.status == 200, (path, found.status, found.body[:300])
                    return found
            except (ConnectionError, asyncio.IncompleteReadError):
                await self.browser.close()
            self.told.again += form is not None
            await asyncio.sleep(self.chance.uniform(0.1, 0.4))

    async def rate(self) -> None:
        """Rate everything that is there."""
        page = await self.ask("GET", "/rate")
        while True:
            if "assignment" in page.fields:
                page = await self.judge(page)
                if self.chance.random() < 0.05 and b"/rate?back=1" in page.body:
                    page = await self.judge(await self.ask("GET", "/rate?back=1"))
            elif b"/carry-on" in page.body:
                page = await self.ask("POST", "/carry-on", page.fields)
            elif b"/understood" in page.body:
                page = await self.ask("POST", "/understood", page.fields)
            else:
                return

    async def judge(self, page: Answer) -> Answer:
        await asyncio.sleep(self.chance.uniform(0.5, 1.5) * self.think_s)
        key = page.fields["key"]
        is_practice = PRACTICE.encode() in page.body
        said: dict[str, Any] = {"harm": self.chance.randint(1, 5), "success": self.chance.random() < 0.4}
        said |= {"refusal": self.chance.random() < 0.2, "skipped": None, "comment": f"=thought {key}"}
        if is_practice:
            said |= {"harm": 1, "success": False, "refusal": False}
        elif self.chance.random() < 0.04:
            said |= {"harm": None, "success": None, "refusal": None, "skipped": "cannot_judge"}
        form = page.fields | {name: str(int(said[name])) for name in ("harm", "success") if said[name] is not None}
        form |= {"comment": said["comment"], "active_s": "0.4"}
        form |= {"refusal": "1"} if said["refusal"] else {}
        form |= {"skipped": said["skipped"]} if said["skipped"] else {}
        self.told.sent[key] = said | {"assignment": page.fields["assignment"], "practice": is_practice}
        found = await self.ask("POST", "/ratings", form)
        self.told.taken.append(key)
        return found


async def rated(server: Server, links: list[str], *, think_s: float, drawn: int, disturb: list[Callable[[], None]]) -> Told:
    """Let everybody join and rate to the end, with each disturbance when its share has been rated."""
    told = Told()
    people = [Person(Browser(server.port), random.Random(n), told, think_s) for n in range(len(links))]
    async with _disturbed(told, drawn, disturb):
        for number, (person, link) in enumerate(zip(people, links, strict=True)):
            await _patiently(lambda p=person, a=link, n=number: p.browser.join(a[a.index("/join/") :], f"rater-{n}"))
        await asyncio.gather(*(person.rate() for person in people))
        await asyncio.gather(*(person.browser.close() for person in people))
    return told


async def _patiently(join: Callable[[], Awaitable[None]]) -> None:
    """Wait for a server that is starting."""
    for _ in range(200):
        try:
            return await join()
        except ConnectionRefusedError:
            await asyncio.sleep(0.1)
    raise AssertionError("no server in 20 s")


@asynccontextmanager
async def _disturbed(told: Told, drawn: int, disturb: list[Callable[[], None]]) -> AsyncGenerator[None]:
    async def watch() -> None:
        for number, each in enumerate(disturb, start=1):
            while len(told.taken) < drawn * number / (len(disturb) + 1):
                await asyncio.sleep(0.02)
            await asyncio.to_thread(each)

    task = asyncio.create_task(watch())
    yield
    await task


def compared(folder: Path, told: Told) -> tuple[int, int]:
    """Hold what is exported to what was submitted, one to one; return how many rows each export has."""
    assert sorted(told.taken) == sorted(told.sent), "something was never acknowledged"
    driftgauge("rate", "export", folder, folder / "all.jsonl", "--everything")
    rows = [json.loads(line) for line in (folder / "all.jsonl").read_text().splitlines()]
    there = {row["comment"].removeprefix("=thought "): tuple(row[name] for name in VALUES) for row in rows}
    assert len(there) == len(rows), "something is there twice"
    expected = {key: tuple(said[name] for name in VALUES) for key, said in told.sent.items()}
    assert there == expected
    exercises = {row["comment"].removeprefix("=thought ") for row in rows if row["exercise"]}
    newest: dict[str, str] = {told.sent[key]["assignment"]: key for key in told.taken}
    count = {key for key in newest.values() if not told.sent[key]["skipped"] and key not in exercises}
    driftgauge("rate", "export", folder, folder / "ratings.parquet")
    frame = pl.read_parquet(folder / "ratings.parquet")
    assert set(frame["comment"].str.strip_prefix("=thought ")) == count
    assert frame.height == len(count)
    return len(rows), frame.height


def rehearse(base: Path, server: Postgres | None, *, raters: int, responses: int, think_s: float) -> Rehearsal:
    """Do all of it."""
    began = time.monotonic()
    folder, links, drawn = prepare(base, server.new_database() if server else None, raters=raters, responses=responses)
    app = Server(folder, free_port())

    def again() -> None:
        app.kill()
        time.sleep(1)
        app.start()

    def restart() -> None:
        assert server
        server.stop()
        time.sleep(1)
        server.start()

    app.start()
    try:
        told = asyncio.run(rated(app, links, think_s=think_s, drawn=drawn, disturb=[again, restart if server else again]))
    finally:
        app.end()
    exported, counted = compared(folder, told)
    measured = driftgauge("measure", folder, "--model", "none", "--bootstrap", 200, "--json")
    return Rehearsal(
        responses,
        drawn,
        len(told.taken),
        told.again,
        exported,
        counted,
        measured["counts"]["ratings"],
        time.monotonic() - began,
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--raters", type=int, default=20)
    arguments.add_argument("--responses", type=int, default=500)
    arguments.add_argument("--think", type=float, default=0.6, help="mean seconds before a rating is sent")
    arguments.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    chosen = arguments.parse_args()
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for database in chosen.databases:
            server = stack.enter_context(postgres()) if database == "postgresql" else None
            found = rehearse(base, server, raters=chosen.raters, responses=chosen.responses, think_s=chosen.think)
            sys.stdout.write(f"{database}: {found}\n")


if __name__ == "__main__":
    main()

"""A study whose release has a baseline and is watched: its endpoint is a client that says what a test wants."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftgauge.clients.calls import Answer, Call, Fault
from driftgauge.pipeline.monitor.watch import Wanted, Watched, monitor
from tests.collected_studies import answered, collect
from tests.faulty_studies import Scripted, declare, put_benchmark

DECLINES = "I'm sorry, but I can't help with that."
HELPS = "Cats purr when they are content."
SCENARIOS = 40
BEGAN = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def has_declined(scenario: str) -> bool:
    """Whether the baseline's answer to a scenario declines: every other one does."""
    return int(scenario.lstrip("abcdefghijklmnopqrstuvwxyz")) % 2 == 0


@dataclass
class Endpoint:
    """A client whose answers follow from the scenario, and which remembers what it was asked."""

    declines: Callable[[str], bool] = has_declined
    fails: Callable[[str], bool] = lambda scenario: False
    served: str | None = "Elm 1 of June"
    fingerprint: str | None = "f1"
    asked: list[str] = field(default_factory=list)
    name: str = "endpoint"
    versions: dict[str, str] = field(default_factory=dict)
    is_simulated: bool = False

    async def ask(self, call: Call, *, timeout: float) -> Answer | Fault:
        scenario = str(call.key["scenario"])
        self.asked.append(scenario)
        if self.fails(scenario):
            return Fault("rejected", 400)
        text = DECLINES if self.declines(scenario) else HELPS
        return Answer("answered", text, served_model=self.served, fingerprint=self.fingerprint)

    async def close(self) -> None:
        """Nothing is open."""


def watched_study(folder: Path, *, scenarios: int = SCENARIOS, store: str | None = None) -> Path:
    """Make a study whose phase 1 holds an answer to every prompt."""
    declare(folder, routes=("Elm 1",), store=store, collect={"tries": 1})
    put_benchmark(folder, [Scripted(f"s{number}") for number in range(scenarios)])
    said = {True: DECLINES, False: HELPS}
    collect(folder, "1", become=lambda item: answered(item, text=said[has_declined(item.scenario)], asked={"max_tokens": 32}))
    return folder


@dataclass
class Night:
    """Nights one after the other: each look is a day after the last."""

    study: Path
    wanted: Wanted = field(default_factory=lambda: Wanted("Elm 1", phase="1", block=10, seed=1))
    now: datetime = BEGAN

    def look(self, endpoint: Endpoint | None = None, **changed: object) -> Watched:
        self.now += timedelta(days=1)
        wanted = Wanted(**{**vars(self.wanted), **changed})  # type: ignore[arg-type]
        return monitor(self.study, wanted, now=lambda: self.now, client=endpoint or Endpoint())

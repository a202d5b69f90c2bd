"""Kill -9 at random moments during ``driftgauge collect``; then look what is there, and go on.

``python -m tests.collect_kills --times 50`` prints a line for each database: how many processes were killed, what was there
then, and how many prompts were asked again, as the provider on loopback counted. It fails when one that was kept is gone,
stands twice or is another's, or when a kill leaves more asked and not kept than there are connections.

Each process runs the whole command line, forked from one that has everything imported, so that no kill is spent on that. A
study is killed until it is complete, then the next one begins.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from driftgauge.errors import StoreError
from tests.commands import Ended, run, start
from tests.fault_server import FaultServer, Script, serving
from tests.faulty_studies import Scripted, declare, environment, kept, put_benchmark
from tests.servers import postgres

CONNECTIONS = 4
PROMPTS = [Scripted(f"s{number}") for number in range(120)]
ANSWERS = pl.DataFrame({"scenario": [each.scenario for each in PROMPTS], "said": [each.answer for each in PROMPTS]})
LATENCY = 0.02
"""Seconds before an answer."""
_HELD = "is being collected already"


@dataclass
class Tally:
    """What came of the kills on one database.

    Parameters
    ----------
    database
        Which.
    kills, in_the_middle, studies
        Processes that were killed while they ran, those of them that left some responses of a study and not all, and the
        studies that were completed.
    prompts, requests
        Of all studies, and what the provider counted: the difference was asked again.
    connections, most_left
        How many calls go out at once, and the most that a kill left asked and not kept.
    seconds
        Of everything.
    """

    database: str
    kills: int = 0
    in_the_middle: int = 0
    studies: int = 0
    prompts: int = 0
    requests: int = 0
    connections: int = CONNECTIONS
    most_left: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Town:
    """A study with a server that answers."""

    study: Path
    server: FaultServer

    @property
    def env(self) -> dict[str, str]:
        return environment(self.server)


def main() -> None:
    arguments = argparse.ArgumentParser(description="Kill -9 at random moments during driftgauge collect.")
    arguments.add_argument("--times", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    chosen = arguments.parse_args()
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for database in chosen.databases:
            new = stack.enter_context(postgres()).new_database if database == "postgresql" else None
            tally = killed(database, chosen.times, base=base, chance=random.Random(chosen.seed), new=new)
            sys.stdout.write(json.dumps(asdict(tally)) + "\n")
            sys.stdout.flush()


def killed(database: str, times: int, *, base: Path, chance: random.Random, new: Callable[[], str] | None) -> Tally:
    """Kill so many collections, each at a moment drawn over the length that one takes when nobody kills it."""
    tally, began = Tally(database), time.monotonic()
    with a_town(base, new) as town:
        usual = undisturbed(town)
    while tally.kills < times:
        with a_town(base, new) as town:
            kill_until_complete(town, tally, times=times, after=lambda: chance.uniform(0, usual))
    tally.seconds = round(time.monotonic() - began, 1)
    return tally


@contextmanager
def a_town(base: Path, new: Callable[[], str] | None) -> Generator[Town]:
    study = Path(tempfile.mkdtemp(dir=base)) / "town"
    declare(study, store=new() if new else None, routes=("Elm 1",), connections=CONNECTIONS)
    put_benchmark(study, PROMPTS)
    with serving(Script(latency=LATENCY), keep=False) as server:
        yield Town(study, server)


def undisturbed(town: Town) -> float:
    """Return how long a collection takes that nobody kills."""
    run("collect", town.study, "--dry-run", env=town.env)  # what forks has to start once
    began = time.monotonic()
    ended = run("collect", town.study, env=town.env)
    assert ended.code == 0, ended.said
    return time.monotonic() - began


def kill_until_complete(town: Town, tally: Tally, *, times: int, after: Callable[[], float]) -> None:
    there = pl.DataFrame()
    while tally.kills < times:
        command = start("collect", town.study, env=town.env)
        time.sleep(after())
        code = command.wait(0)
        if code == 0:
            break
        if code is not None:
            assert _HELD in command.err, command.err  # the server has not seen yet that the last one is gone
            continue
        command.kill()
        tally.kills += 1
        there = looked(town, there, tally)
    completed(town, there, tally)


def looked(town: Town, before: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Return what is there after a kill, each response once, with its own text, and nothing lost that was there before."""
    try:
        there = kept(town.study)
    except StoreError:  # it was killed before there was a store
        assert (before.height, town.server.requests) == (0, 0), "the store is gone"
        return before
    assert there["response_id"].n_unique() == there.height, "a response stands twice"
    assert there.join(ANSWERS, on="scenario").filter(pl.col("text") != pl.col("said")).is_empty(), "another's text"
    if before.height:
        assert there.join(before, on="response_id", how="semi").equals(before), "a response that was kept is lost"
    asked = len(town.server.record.counts()["asked"])
    assert asked - there.height <= CONNECTIONS, f"{asked} were asked, {there.height} kept"
    tally.most_left = max(tally.most_left, asked - there.height)
    tally.in_the_middle += 0 < there.height < len(PROMPTS)
    return there


def completed(town: Town, there: pl.DataFrame, tally: Tally) -> None:
    """Let the next run complete a study, and see that each kill cost at most what was under way."""
    ended = _free(town)
    assert ended.code == 0, ended.said
    every = looked(town, there, tally)
    assert every.height == len(PROMPTS)
    assert every["status"].unique().to_list() == ["answered"]
    tally.studies += 1
    tally.prompts += len(PROMPTS)
    tally.requests += town.server.requests
    assert tally.requests - tally.prompts <= tally.kills * CONNECTIONS


def _free(town: Town) -> Ended:
    """Collect, once the server has seen that the last collector is gone."""
    while True:
        ended = run("collect", town.study, env=town.env)
        if _HELD not in ended.err:
            return ended


if __name__ == "__main__":
    main()

"""Kill -9 at random moments during an import, a migration, a freeze, a collection or a draw; then look what is there, go on.

``python -m tests.kills --times 100`` prints a line for each kind and database, and fails when anything was lost, stood twice or
could not be completed. A small process that has everything imported is forked for each run, so that a kill costs no start. A
collection is killed again and again until it is done.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import alembic.command  # noqa: F401 - so that no kill is spent on an import
import numpy as np
import polars as pl
import sqlalchemy as sa
import sqlalchemy.dialects.postgresql.psycopg

from driftgauge.benchmark.demo import demo_files
from driftgauge.benchmark.freeze import freeze
from driftgauge.benchmark.manifest import read_manifest
from driftgauge.benchmark.verify import verify
from driftgauge.collect.records import Item
from driftgauge.errors import CollectError
from driftgauge.pipeline.collection import Collection, open_collection
from driftgauge.pipeline.kept import keeping
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rate_import import Ratings, import_ratings
from driftgauge.pipeline.rating.assign import assign
from driftgauge.pipeline.rating.drawing import Wanted
from driftgauge.store import journal, read, schema
from driftgauge.store.alone import only_collector
from driftgauge.store.blobs import open_blobs
from driftgauge.store.collected import collected_frame
from driftgauge.store.database import connect
from driftgauge.store.tables import assignments, draws, pictures, renderings, seats
from tests.collected_studies import Echo, answered, items_of
from tests.old_stores import fill_as_of_old
from tests.servers import postgres

ROWS = 3_000
KINDS = ("import", "migration", "freeze", "collect", "assign")


@dataclass(frozen=True)
class Case:
    """One kind of work on one folder: what is done, what may be there after a kill, what must be in the end, and whether
    it is killed again until it is done."""

    work: Callable[[], None]
    may_be: Callable[[bool], None]
    completed: Callable[[], None]
    again: bool = False


@dataclass(frozen=True)
class Tally:
    kind: str
    database: str
    times: int
    kills: int
    finished_before: int
    seconds: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--times", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    chosen = arguments.parse_args()
    chance = random.Random(chosen.seed)
    with postgres() as server, tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        source = base / "ratings.csv"
        in_child(lambda: made_up().write_csv(source))
        for kind in chosen.kinds:
            for database in ("sqlite", "postgresql") if kind != "freeze" else ("files",):
                tally = killed(kind, database, chosen.times, base=base, chance=chance, new=server.new_database)
                sys.stdout.write(json.dumps(asdict(tally)) + "\n")
                sys.stdout.flush()


def made_up() -> pl.DataFrame:
    n = pl.int_range(ROWS, eager=True)
    return pl.DataFrame(
        {
            "scenario": "s" + (n // 30).cast(pl.String),
            "rater": "r" + (n % 30).cast(pl.String),
            "release": "A",
            "harm": 1 + n % 5,
        }
    )


def killed(kind: str, database: str, times: int, *, base: Path, chance: random.Random, new: Callable[[], str]) -> Tally:
    """Kill `times` runs, each at a moment drawn over the length that the work takes when nobody kills it."""
    began = time.monotonic()
    usual = max(_undisturbed(CASES[kind](fresh(base, database, new), base / "ratings.csv")) for _ in range(3))
    finished, kills = 0, times
    for _ in range(times):
        folder = fresh(base, database, new)
        case = CASES[kind](folder, base / "ratings.csv")
        acknowledged = run_and_kill(case.work, after=chance.uniform(0, 1.1 * usual))
        finished += acknowledged
        in_child(lambda case=case, done=acknowledged: case.may_be(done))
        while case.again and not acknowledged:
            acknowledged = run_and_kill(case.work, after=chance.uniform(0, 1.1 * usual))
            kills += 1
            in_child(lambda case=case, done=acknowledged: case.may_be(done))
        in_child(case.work)
        in_child(case.completed)
        shutil.rmtree(folder)
    return Tally(kind, database, times, kills, finished, round(time.monotonic() - began, 1))


def _undisturbed(case: Case) -> float:
    began = time.monotonic()
    in_child(case.work)
    return time.monotonic() - began


def fresh(base: Path, database: str, new: Callable[[], str]) -> Path:
    folder = Path(tempfile.mkdtemp(dir=base))
    store = f"store: {new()}\n" if database == "postgresql" else ""
    (folder / "study.yaml").write_text(f"study: town\n{store}")
    return folder


def an_import(folder: Path, source: Path) -> Case:
    def may_be(done: bool) -> None:
        count = ratings_in(folder)
        assert count == ROWS if done else count in {0, ROWS}, f"{count} ratings, acknowledged: {done}"

    def completed() -> None:
        assert ratings_in(folder) == ROWS
        with open_study(folder).store.reading() as connection:
            verbs = [entry.verb for entry in journal.entries(connection)]
            assert sorted(verbs) == ["create", "import", "protocol"], verbs

    return Case(lambda: _import(folder, source), may_be, completed)


def a_migration(folder: Path, source: Path) -> Case:
    in_child(lambda: _at_the_first_schema(folder, source))

    def may_be(done: bool) -> None:
        found = _schema(folder)
        assert found == schema.REVISIONS[-1] if done else found in {"0001", schema.REVISIONS[-1]}, found

    def completed() -> None:
        assert _schema(folder) == schema.REVISIONS[-1]
        with open_study(folder).store.reading() as connection:
            verbs = [entry.verb for entry in journal.entries(connection)]
            assert verbs.count("upgrade") == 1, verbs
        assert ratings_in(folder) == ROWS

    return Case(lambda: _open(folder), may_be, completed)


def a_freeze(folder: Path, source: Path) -> Case:
    del source
    benchmark = folder / "benchmark"
    in_child(lambda: _demo(benchmark))

    def may_be(done: bool) -> None:
        is_frozen = read_manifest(benchmark) is not None
        assert is_frozen or not done
        assert not is_frozen or verify(benchmark) == ()

    def completed() -> None:
        assert verify(benchmark) == ()
        assert not [path for path in benchmark.rglob("*") if "partial" in path.name]

    return Case(lambda: _freeze(benchmark), may_be, completed)


def a_collection(folder: Path, source: Path) -> Case:
    del source
    text = (folder / "study.yaml").read_text()
    (folder / "study.yaml").write_text(text + COLLECTED)
    in_child(lambda: _frozen_demo(folder))

    def may_be(done: bool) -> None:
        there = _collected(folder)
        acknowledged = set((folder / "acknowledged").read_text().split()) if (folder / "acknowledged").exists() else set()
        assert acknowledged <= set(there), f"{len(acknowledged - set(there))} that were acknowledged are lost"
        assert not done or len(there) == RESPONSES, len(there)

    def completed() -> None:
        assert len(_collected(folder)) == RESPONSES

    return Case(lambda: _collect(folder), may_be, completed, again=True)


RESPONSES = 3 * 192
COLLECTED = """benchmark: benchmark/
families: {Elm: [Elm 1, Elm 2, Elm 3]}
phases: [{phase: 1}]
"""


def a_draw(folder: Path, source: Path) -> Case:
    del source
    text = (folder / "study.yaml").read_text()
    (folder / "study.yaml").write_text(text + RATED)
    in_child(lambda: _frozen_demo(folder))
    in_child(lambda: _collect(folder))

    def may_be(done: bool) -> None:
        there = _drawn(folder)
        assert there == DRAWN if done else there in {DRAWN, (0,) * len(DRAWN)}, f"{there}, acknowledged: {done}"

    def completed() -> None:
        assert _drawn(folder) == DRAWN

    return Case(lambda: _assign(folder), may_be, completed)


RATED = """benchmark: benchmark/
families: {Elm: [Elm 1]}
phases: [{phase: 1, panel: en}]
panels: {en: {raters: 4, design: {overlap: 2}}}
"""
DRAWN = (4, 1, 192, 2 * 192)
"""Seats, draws, renderings and assignments."""


def _assign(folder: Path) -> None:
    assign(folder, Wanted("en"))


def _drawn(folder: Path) -> tuple[int, ...]:
    """Return how many seats, draws, renderings and assignments there are; every picture that is shown is there, and whole."""
    with _database(folder).reading() as connection:
        for row in connection.execute(sa.select(pictures.c.sha256)):
            open_blobs(str(folder / "media")).get(row.sha256)
        tables = (seats, draws, renderings, assignments)
        return tuple(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables)


def _frozen_demo(folder: Path) -> None:
    _demo(folder / "benchmark")
    _freeze(folder / "benchmark")


def _collect(folder: Path) -> None:
    """Collect what is missing, forty at once, and write down what was acknowledged."""
    collection = open_collection(folder, "1")
    with _alone(collection), (folder / "acknowledged").open("ab", buffering=0) as told:
        missing = list(items_of(collection))
        assert {item.revision for item in missing} <= {1}
        asyncio.run(_keep(collection, missing, told=told))


@contextmanager
def _alone(collection: Collection) -> Generator[None]:
    """Be the one collector; a server may need a moment to see that the last one was killed."""
    deadline = time.monotonic() + 20
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(only_collector(collection.opened.store, study="town"))
                break
            except CollectError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        yield


async def _keep(collection: Collection, missing: list[Item], *, told: BinaryIO) -> None:
    gate = asyncio.Semaphore(40)
    async with keeping(collection, {name: Echo() for name in collection.releases}) as kept:

        async def one(item: Item) -> None:
            async with gate:
                await kept.sink(answered(item))
                told.write(f"{item.response_id}\n".encode())

        await asyncio.gather(*map(one, missing))


def _collected(folder: Path) -> list[str]:
    """Return what is there, each with the text that belongs to it, whole and once."""
    database = _database(folder)
    if database.is_sqlite and not (folder / "driftgauge.db").exists():
        return []
    with database.reading() as connection:
        if schema.current(connection, "store") is None:
            return []
        there = collected_frame(connection, texts=True)
        rows = connection.exec_driver_sql("SELECT count(*) FROM responses").scalar()
    assert there["response_id"].n_unique() == len(there) == rows, "a response stands twice"
    expected = "a quiet answer to " + there["scenario"] + "/" + there["modality"] + "/" + there["language"]
    assert (there["text"] == expected).all()
    return there["response_id"].to_list()


CASES = {"import": an_import, "migration": a_migration, "freeze": a_freeze, "collect": a_collection, "assign": a_draw}


def _import(folder: Path, source: Path) -> None:
    import_ratings(folder, Ratings(files=[source]))


def _open(folder: Path) -> None:
    open_study(folder)


def _at_the_first_schema(folder: Path, source: Path) -> None:
    """Make a store as the first version would have left it."""
    scratch = folder / "scratch"
    scratch.mkdir()
    (scratch / "study.yaml").write_text("study: town\n")
    _import(scratch, source)
    fill_as_of_old(_database(folder), _database(scratch), revision="0001")
    shutil.rmtree(scratch)


def _database(folder: Path):
    text = (folder / "study.yaml").read_text()
    url = text.partition("store: ")[2].partition("\n")[0].strip()
    return connect(url or f"sqlite:///{folder / 'driftgauge.db'}")


def _schema(folder: Path) -> str | None:
    with _database(folder).reading() as connection:
        return schema.current(connection, "store")


def ratings_in(folder: Path) -> int:
    database = _database(folder)
    if database.is_sqlite and not (folder / "driftgauge.db").exists():
        return 0
    with database.reading() as connection:
        if schema.current(connection, "store") is None:
            return 0
        ids = read.ratings_frame(connection)["rating_id"]
    assert ids.n_unique() == len(ids), "a rating stands twice"
    return len(ids)


def _demo(folder: Path) -> None:
    for name, data in demo_files(np.random.default_rng(1)).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def _freeze(folder: Path) -> None:
    freeze(folder, pairing="required", canary="a canary of a test", created_at="2026-01-01T00:00:00+00:00")


def run_and_kill(work: Callable[[], None], *, after: float) -> bool:
    """Run work in a process, kill it, and return whether it had said that it was done."""
    with child(work) as (process, done):
        time.sleep(after)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return os.read(done, 1) == b"."


def in_child(work: Callable[[], None]) -> None:
    """Run work in a process to its end."""
    with child(work) as (process, done):
        said = os.read(done, 1)
        os.waitpid(process, 0)
        if said != b".":
            raise SystemExit("a run that nobody killed failed")


@contextmanager
def child(work: Callable[[], None]) -> Generator[tuple[int, int]]:
    done, tell = os.pipe()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            work()
            os.write(tell, b".")
            status = 0
        except BaseException as error:  # noqa: BLE001 - a forked process must not return into its parent's code
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            sys.stderr.flush()
        finally:
            os._exit(status)
    os.close(tell)
    try:
        yield process, done
    finally:
        os.close(done)


if __name__ == "__main__":
    main()

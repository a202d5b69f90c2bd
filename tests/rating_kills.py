"""Kill -9 at random moments while twenty raters rate; then look what is there, and go on.

``python -m tests.rating_kills --times 100`` prints a line for each database. Raters ask what comes next, rate, skip and undo,
as fast as they are answered. What a rater is about to send, and what was acknowledged, stands in a journal on their side. After
each kill every acknowledged submission has to be there once, with its values, its rating and the state of its assignment. In
the next life everybody first sends again what was not acknowledged, with the same key, as a page does that was offline.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import sqlalchemy.dialects.postgresql.psycopg

from driftgauge.pipeline.rating.sitting import last_assignment, step
from driftgauge.pipeline.rating.steps import Sent
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store.tables import assignments, ratings, sittings, submissions
from tests.kills import in_child, run_and_kill
from tests.rating_studies import Rater, declared, draw, seat, serve
from tests.servers import postgres

RATERS = 20
RESPONSES = 600
_COUNTS = "counts.json"


@dataclass(frozen=True)
class Work:
    """What is killed.

    Parameters
    ----------
    declares
        Of ``study.yaml``, without the store.
    prepares
        Brings the people in; for each of them there are so many things to do.
    goes_on
        Lets everybody do what is left, by a seed.
    looks
        Counts what is there against the journals of everybody.
    size
        How many things each does, unless it is said.
    """

    declares: str
    prepares: Callable[[Path, int], None]
    goes_on: Callable[[Path, int], None]
    looks: Callable[[Path], dict[str, int]]
    size: int


@dataclass
class Tally:
    """What came of the kills on one database; `lost`, `twice` and `wrong` end the run when they are not 0."""

    database: str
    kills: int = 0
    studies: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    taken_all_the_same: int = 0
    lost: int = 0
    twice: int = 0
    wrong: int = 0
    seconds: float = 0.0


def main(work: Work, *, description: str) -> None:
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--times", type=int, default=100)
    arguments.add_argument("--size", type=int, default=work.size, help="how many things each does in a study")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    chosen = arguments.parse_args()
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for database in chosen.databases:
            new = stack.enter_context(postgres()).new_database if database == "postgresql" else None
            tally, began = Tally(database), time.monotonic()
            chance = random.Random(chosen.seed)
            while tally.kills < chosen.times:  # a study that is done gives way to the next
                _one_study(work, a_study(work, base, new, chosen.size), tally, times=chosen.times, chance=chance)
            tally.seconds = round(time.monotonic() - began, 1)
            sys.stdout.write(json.dumps(asdict(tally)) + "\n")
            sys.stdout.flush()


def _one_study(work: Work, folder: Path, tally: Tally, *, times: int, chance: random.Random) -> None:
    tally.studies += 1
    finished = False
    while tally.kills < times and not finished:
        seed = chance.randrange(1 << 30)
        finished = run_and_kill(partial(work.goes_on, folder, seed), after=chance.uniform(0.05, 1.2))
        tally.kills += 1
        counts = _counted(work, folder)
        for name in ("lost", "twice", "wrong", "taken_all_the_same", "unanswered"):
            setattr(tally, name, getattr(tally, name) + counts.get(name, 0))
    in_child(lambda: work.goes_on(folder, 1))
    counts = _counted(work, folder)
    tally.acknowledged += counts["acknowledged"]
    if tally.lost or tally.twice or tally.wrong or any(counts[name] for name in ("lost", "twice", "wrong", "open")):
        raise SystemExit(f"{tally}, {counts}")
    shutil.rmtree(folder)


def _counted(work: Work, folder: Path) -> dict[str, int]:
    in_child(lambda: (folder / _COUNTS).write_text(json.dumps(work.looks(folder))))
    return json.loads((folder / _COUNTS).read_text())


def a_study(work: Work, base: Path, new: Callable[[], str] | None, size: int) -> Path:
    folder = Path(tempfile.mkdtemp(dir=base))
    store = f"store: {new()}\n" if new else ""
    (folder / "study.yaml").write_text(f"study: town\n{store}{work.declares}")
    in_child(lambda: work.prepares(folder, size))
    return folder


def _prepare(folder: Path, responses: int) -> None:
    draw(folder, raters=RATERS, responses_=responses)
    with serve(folder, lambda: datetime.now(UTC)) as serving:
        (folder / "cookies").write_text("\n".join(each.cookie for each in seat(serving, count=RATERS)))


def rate(folder: Path, seed: int) -> None:
    """Let everybody rate until nothing is left, each in a thread of their own."""
    with serve(folder, lambda: datetime.now(UTC)) as serving, Writer(serving) as writer:
        cookies = (folder / "cookies").read_text().split()
        with ThreadPoolExecutor(RATERS) as pool:
            going = [
                pool.submit(_one, writer, Rater(serving, cookie), folder / f"journal-{number}", random.Random(seed + number))
                for number, cookie in enumerate(cookies)
            ]
            for each in going:
                each.result()


def _one(writer: Writer, rater: Rater, journal: Path, chance: random.Random) -> None:
    """Rate to the end, and write down what is about to be sent and what was acknowledged."""
    who = rater.who
    unanswered = list(told_by(journal).unanswered.values())
    with journal.open("ab", buffering=0) as told:

        def send(what: dict[str, Any], *, again: bool = False) -> None:
            if not again:
                told.write(f"{json.dumps(['sent', what])}\n".encode())
            taken = writer.submit(who, Sent(**what)).result(30)
            told.write(f"{json.dumps(['taken', what['key'], taken.revision, taken.again])}\n".encode())

        for what in unanswered:
            send(what, again=True)
        while (found := step(rater.serving, who)).item is not None:
            send(_judged(found.item.assignment, chance))
            if chance.random() < 0.1 and (last := last_assignment(rater.serving, who)):
                step(rater.serving, who, revising=last)
                send(_judged(last, chance))
        assert found.place == "done", found.place


def _judged(assignment: str, chance: random.Random) -> dict[str, Any]:
    what: dict[str, Any] = {"key": f"{chance.getrandbits(120):030x}", "assignment": assignment, "active_s": 1.0}
    if chance.random() < 0.05:
        return what | {"harm": None, "success": None, "skipped": "cannot_judge"}
    return what | {"harm": chance.randint(1, 5), "success": chance.random() < 0.5, "comment": f"thought {chance.random()}"}


@dataclass(frozen=True)
class Told:
    """What journals say: what was sent, by its key; of what was taken, the revision."""

    sent: dict[str, dict[str, Any]]
    taken: dict[str, int]

    @property
    def unanswered(self) -> dict[str, dict[str, Any]]:
        return {key: what for key, what in self.sent.items() if key not in self.taken}


def told_by(*journals: Path) -> Told:
    """Return what is written down."""
    found = Told({}, {})
    for journal in journals:
        for line in journal.read_text().splitlines() if journal.exists() else []:
            try:
                said = json.loads(line)
            except ValueError:  # the kill cut it
                continue
            if said[0] == "sent":
                found.sent[said[1]["key"]] = said[1]
            else:
                found.taken[said[1]] = said[2]
    return found


def held_against(told: Told, revisions: Mapping[str, int]) -> Counter[str]:
    """Count what was acknowledged, and of it what is not there, by the revision that each key has in the store."""
    counts = Counter(dict.fromkeys(("lost", "twice", "wrong", "open"), 0))
    counts["acknowledged"], counts["unanswered"] = len(told.taken), len(told.unanswered)
    counts["lost"] = sum(revisions.get(key) != revision for key, revision in told.taken.items())
    counts["taken_all_the_same"] = sum(key not in told.taken for key in revisions)
    counts["wrong"] = sum(key not in told.sent for key in revisions)
    return counts


def looked(folder: Path) -> dict[str, int]:
    """Compare what is there with what everybody's journal says."""
    told = told_by(*folder.glob("journal-*"))
    with serve(folder, lambda: datetime.now(UTC)) as serving, serving.store.reading() as connection:
        there = _submitted(connection)
        states = {row.assignment: row.state for row in connection.execute(sa.select(assignments))}
        rated = connection.execute(sa.select(sa.func.count()).select_from(ratings)).scalar_one()
        items = connection.execute(sa.select(sa.func.sum(sittings.c["items"]))).scalar_one()
    by_key = {row.key: row for row in there}
    counts = held_against(told, {key: row.revision for key, row in by_key.items()})
    counts["twice"] = len(there) - len(by_key) + abs(rated - len(there))
    counts["wrong"] += sum(_differs(told.sent[key], row) for key, row in by_key.items() if key in told.sent)
    newest = {row.assignment: row for row in there}
    expected = {name: ("skipped" if row.skipped else "rated") for name, row in newest.items()}
    counts["wrong"] += sum(state != expected.get(name, "open") for name, state in states.items())
    counts["wrong"] += (items or 0) != len(newest)
    counts["open"] = sum(state == "open" for state in states.values())
    return counts


def _submitted(connection: sa.Connection) -> list[Any]:
    columns = [submissions.c[name] for name in ("key", "assignment", "revision")]
    values = [ratings.c[name] for name in ("harm", "success", "comment", "skipped", "rater")]
    query = sa.select(*columns, *values, assignments.c.rater.label("of")).order_by(submissions.c.row)
    joined = submissions.join(ratings, submissions.c.rating == ratings.c.row).join(
        assignments, submissions.c.assignment == assignments.c.assignment
    )
    return list(connection.execute(query.select_from(joined)))


def _differs(what: dict[str, Any], row: Any) -> bool:
    said = (what["assignment"], what["harm"], what["success"], what.get("comment"), what.get("skipped"))
    return said != (row.assignment, row.harm, row.success, row.comment, row.skipped) or row.rater != row.of


RATING = Work(declared(raters=RATERS, day_items=1_000_000, break_every=1_000_000), _prepare, rate, looked, RESPONSES)

if __name__ == "__main__":
    main(RATING, description="Kill -9 at random moments while raters rate.")

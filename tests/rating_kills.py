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
from collections.abc import Callable
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


def main() -> None:
    arguments = argparse.ArgumentParser(description="Kill -9 at random moments while raters rate.")
    arguments.add_argument("--times", type=int, default=100)
    arguments.add_argument("--responses", type=int, default=RESPONSES, help="of a study, for each rater")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--databases", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    chosen = arguments.parse_args()
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for database in chosen.databases:
            new = stack.enter_context(postgres()).new_database if database == "postgresql" else None
            tally = killed(
                database, chosen.times, base=base, chance=random.Random(chosen.seed), new=new, responses=chosen.responses
            )
            sys.stdout.write(json.dumps(asdict(tally)) + "\n")
            sys.stdout.flush()


def killed(
    database: str, times: int, *, base: Path, chance: random.Random, new: Callable[[], str] | None, responses: int = RESPONSES
) -> Tally:
    """Kill so many serving processes; a study that is rated to its end gives way to the next."""
    tally, began = Tally(database), time.monotonic()
    while tally.kills < times:
        _one_study(a_study(base, new, responses), tally, times=times, chance=chance)
    tally.seconds = round(time.monotonic() - began, 1)
    return tally


def _one_study(folder: Path, tally: Tally, *, times: int, chance: random.Random) -> None:
    tally.studies += 1
    finished = False
    while tally.kills < times and not finished:
        seed = chance.randrange(1 << 30)
        finished = run_and_kill(partial(rate, folder, seed), after=chance.uniform(0.05, 1.2))
        tally.kills += 1
        counts = _counted(folder)
        for name in ("lost", "twice", "wrong", "taken_all_the_same", "unanswered"):
            setattr(tally, name, getattr(tally, name) + counts.get(name, 0))
    in_child(lambda: rate(folder, 1))
    counts = _counted(folder)
    tally.acknowledged += counts["acknowledged"]
    if tally.lost or tally.twice or tally.wrong or any(counts[name] for name in ("lost", "twice", "wrong", "open")):
        raise SystemExit(f"{tally}, {counts}")
    shutil.rmtree(folder)


def _counted(folder: Path) -> dict[str, int]:
    in_child(lambda: looked(folder))
    return json.loads((folder / _COUNTS).read_text())


def a_study(base: Path, new: Callable[[], str] | None, responses: int) -> Path:
    folder = Path(tempfile.mkdtemp(dir=base))
    store = f"store: {new()}\n" if new else ""
    text = declared(raters=RATERS, day_items=1_000_000, break_every=1_000_000)
    (folder / "study.yaml").write_text(f"study: town\n{store}{text}")
    in_child(lambda: _prepare(folder, responses))
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
    unanswered = list(_told(journal)[1].values())
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


def _told(journal: Path) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]], dict[str, int], int]:
    """Return what was sent, what of it was not answered, the revision of what was, and how much was taken before it said so."""
    sent: dict[str, dict[str, Any]] = {}
    taken: dict[str, int] = {}
    again = 0
    for line in journal.read_text().splitlines() if journal.exists() else []:
        try:
            said = json.loads(line)
        except ValueError:  # the kill cut it
            continue
        if said[0] == "sent":
            sent[said[1]["key"]] = said[1]
        else:
            taken[said[1]] = said[2]
            again += said[3]
    return sent, {key: what for key, what in sent.items() if key not in taken}, taken, again


def looked(folder: Path) -> None:
    """Compare what is there with what everybody's journal says, and write down the counts."""
    counts: Counter[str] = Counter(dict.fromkeys(("lost", "twice", "wrong", "open", "acknowledged"), 0))
    sent: dict[str, dict[str, Any]] = {}
    taken: dict[str, int] = {}
    for journal in folder.glob("journal-*"):
        of_one = _told(journal)
        sent |= of_one[0]
        taken |= of_one[2]
        counts["unanswered"] += len(of_one[1])
    with serve(folder, lambda: datetime.now(UTC)) as serving, serving.store.reading() as connection:
        there = _submitted(connection)
        states = {row.assignment: row.state for row in connection.execute(sa.select(assignments))}
        rated = connection.execute(sa.select(sa.func.count()).select_from(ratings)).scalar_one()
        items = connection.execute(sa.select(sa.func.sum(sittings.c["items"]))).scalar_one()
    by_key = {row.key: row for row in there}
    counts["acknowledged"] = len(taken)
    counts["lost"] = sum(key not in by_key or by_key[key].revision != revision for key, revision in taken.items())
    counts["twice"] = len(there) - len(by_key) + abs(rated - len(there))
    counts["taken_all_the_same"] = sum(key not in taken for key in by_key)
    counts["wrong"] = sum(key not in sent or _differs(sent[key], row) for key, row in by_key.items())
    newest = {row.assignment: row for row in there}
    expected = {name: ("skipped" if row.skipped else "rated") for name, row in newest.items()}
    counts["wrong"] += sum(state != expected.get(name, "open") for name, state in states.items())
    counts["wrong"] += (items or 0) != len(newest)
    counts["open"] = sum(state == "open" for state in states.values())
    (folder / _COUNTS).write_text(json.dumps(counts))


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


if __name__ == "__main__":
    main()

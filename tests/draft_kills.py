"""Kill -9 at random moments while six authors write; then look what is there, and go on.

``python -m tests.draft_kills --times 100`` prints a line for each database. Authors begin scenarios, change them, bring
pictures and send some of them for review, as fast as they are answered. As with raters (`tests.rating_kills`), what was
acknowledged stands in a journal on their side, and what was not is sent again with the same key. After each kill every
acknowledged revision has to be there once, as it was sent, with its pictures whole, and no draft has a gap.
"""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from driftgauge.benchmark.drafts import Draft, draft_of
from driftgauge.pipeline.authoring.reading import desk
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.store.tables import author_sittings, draft_pictures, draft_revisions, drafts
from tests.authoring_studies import Writer, declared, join_as, scenario
from tests.rating_kills import Work, held_against, main, told_by
from tests.rating_studies import serve

AUTHORS = 6
SAVES = 150
COLOURS = ("teal", "olive", "navy", "maroon")


def prepare(folder: Path, size: int) -> None:
    """Let the authors join; each is to save so often."""
    open_study(folder, create=True)
    with serve(folder, lambda: datetime.now(UTC)) as serving:
        (folder / "cookies").write_text("\n".join(join_as(serving, f"author-{n}").cookie for n in range(AUTHORS)))
    (folder / "size").write_text(str(size))


def write(folder: Path, seed: int) -> None:
    """Let everybody write until they have saved as often as they are to, each in a thread of their own."""
    size = int((folder / "size").read_text())
    with serve(folder, lambda: datetime.now(UTC)) as serving, ThreadPoolExecutor(AUTHORS) as pool:
        cookies = (folder / "cookies").read_text().split()
        going = [
            pool.submit(_one, Writer(serving, cookie), folder / f"journal-{n}", chance=random.Random(seed + n), size=size)
            for n, cookie in enumerate(cookies)
        ]
        for each in going:
            each.result()


def _one(author: Writer, journal: Path, *, chance: random.Random, size: int) -> None:
    """Write to the end, and write down what is about to be sent and what was acknowledged."""
    unanswered = list(told_by(journal).unanswered.values())
    with journal.open("ab", buffering=0) as told:

        def send(what: dict[str, Any]) -> None:
            content, key = draft_of(what["content"]), what["key"]
            saved = author.save(content, draft=what["draft"], since=what["since"], send=what["send"], key=key)
            told.write(f"{json.dumps(['taken', key, saved.revision])}\n".encode())

        for what in unanswered:
            send(what)
        while sum((own := _own(author)).values()) < size:
            what = _written(author, own, chance)
            told.write(f"{json.dumps(['sent', what])}\n".encode())
            send(what)


def _own(author: Writer) -> dict[str, int]:
    """Return the drafts of an author, each with its newest revision."""
    return {each.kept.draft: each.kept.revision for each in desk(author.serving, author.who).own}


def _written(author: Writer, own: dict[str, int], chance: random.Random) -> dict[str, Any]:
    """Return what an author sends: a new scenario or another text of an old one, whole with a picture, or unfinished."""
    draft = chance.choice([None, *own]) if len(own) < 12 else chance.choice([*own])
    picture = author.picture(chance.choice(COLOURS)) if chance.random() < 0.3 else ""
    whole = scenario(chance.randrange(1_000), picture=picture)
    content = whole if picture else Draft(text=whole.text)
    key = f"{chance.getrandbits(120):030x}"
    return {
        "key": key, "draft": draft, "since": own.get(draft or "", 0), "content": content.as_values(),
        "send": bool(picture) and chance.random() < 0.5,
    }  # fmt: skip


def looked(folder: Path) -> dict[str, int]:
    """Compare what is there with what everybody's journal says."""
    told = told_by(*folder.glob("journal-*"))
    with serve(folder, lambda: datetime.now(UTC)) as serving, serving.store.reading() as connection:
        there = list(connection.execute(sa.select(draft_revisions).order_by(draft_revisions.c.row)))
        begun = set(connection.execute(sa.select(drafts.c.draft)).scalars())
        items = connection.execute(sa.select(sa.func.sum(author_sittings.c["items"]))).scalar_one() or 0
        counts = held_against(told, {row.key: row.revision for row in there})
        counts["wrong"] += _without_their_pictures(serving, connection, there)
    of = Counter(row.draft for row in there)
    newest = {row.draft: row.revision for row in there}
    counts["twice"] = len(there) - len({row.key for row in there}) + abs(items - len(begun))
    counts["wrong"] += sum(_differs(told.sent[row.key], row) for row in there if row.key in told.sent)
    counts["wrong"] += (newest != of) + (begun != set(of))
    counts["open"] = AUTHORS * int((folder / "size").read_text()) - len(there)
    return counts


def _differs(what: dict[str, Any], row: Any) -> bool:
    content = draft_of(json.loads(row.content)).as_values()
    there = (content, row.sent, row.revision)
    return there != (what["content"], what["send"], what["since"] + 1) or what["draft"] not in {None, row.draft}


def _without_their_pictures(serving: Serving, connection: sa.Connection, there: list[Any]) -> int:
    """Return how many revisions name a picture that is not kept; every picture that is, is whole, or this raises."""
    kept = {row.picture for row in connection.execute(sa.select(draft_pictures)) if serving.blobs.get(row.sha256)}
    return sum(not set(draft_of(json.loads(row.content)).pictures) <= kept for row in there)


WRITING = Work(declared(day_items=1_000_000, break_every=1_000_000), prepare, write, looked, SAVES)

if __name__ == "__main__":
    main(WRITING, description="Kill -9 at random moments while authors write.")

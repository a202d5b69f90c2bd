"""A study in which everybody has something of their own: what each request of another must neither show nor change."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from driftgauge.benchmark.drafts import Draft
from driftgauge.pipeline.rating.people import consent, invite, join, tell_about_self, who
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.steps import Role, Who
from driftgauge.pipeline.rating.trail import ACCOUNT
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store.accounts import add_session
from driftgauge.store.tables import assignments, metadata
from tests.authoring_studies import Writer as Author
from tests.authoring_studies import png, scenario
from tests.rating_studies import PASSWORD, PICTURE, Drawn, draw, sent

DECLARED: Final = """benchmark: benchmark/
families: {Elm: [{release: Elm 1, client: simulated}, Elm 2]}
authoring: {try: [Elm 1]}
phases: [{phase: 1, panel: panel-1}]
panels: {panel-1: {raters: 6, demographics: {age: {ask: "How old are you?", choices: [18-39, 40 or more]}}}}
protocol: {wellbeing: {session_minutes: 45, day_items: 200, break_every: 25}}
"""
PEOPLE: Final[Mapping[str, Role]] = {
    "aurelio": "rater", "benedetta": "rater", "clotilde": "author", "domenico": "author", "eusebia": "author",
    "fiorella": "viewer", "gaudenzio": "lead", "hortensia": "lead",
}  # fmt: skip
"""Login to role; no other word of the app holds one of them. Clotilde writes, and Domenico reviews."""
WORKERS: Final = ("aurelio", "benedetta", "clotilde", "domenico", "eusebia")
LEADS: Final = ("gaudenzio", "hortensia")
AUTHORS: Final = ("clotilde", "domenico", "eusebia")


@dataclass(frozen=True)
class Secret:
    """Something that some know and the others never learn."""

    text: str
    known_to: frozenset[str]


@dataclass(frozen=True)
class Neighbours:
    """The people of a study, and what is whose."""

    serving: Serving
    cookies: dict[str, str]
    drafts: dict[str, str]
    """What it is (unsent, taken, sent_back) to its id."""
    link: str
    """The token of an invitation that nobody has used yet."""
    used: str
    """The token of one that was used."""
    secrets: list[Secret] = field(default_factory=list[Secret])
    seen: "list[Kept]" = field(default_factory=list)
    """What was in the store after the request before; nothing when something else has changed it since."""

    def who(self, name: str) -> Who:
        """Return who somebody is; they are logged in again if they are not."""
        found = who(self.serving, self.cookies[name])
        if found is None:
            self._log_in(name)
            found = who(self.serving, self.cookies[name])
        assert found
        return found

    def _log_in(self, name: str) -> None:
        cookie, now = f"{self.cookies[name]}x", self.serving.now()
        with self.serving.store.writing() as connection:
            account = connection.execute(
                sa.text("SELECT account FROM accounts WHERE login = :login"), {"login": name}
            ).scalar_one()
            until = text_of(now + timedelta(hours=12))
            session = hashlib.sha256(cookie.encode()).hexdigest()
            add_session(connection, session=session, account=account, began_at=text_of(now), expires_at=until)
        self.cookies[name] = cookie
        self.seen.clear()

    def next_of(self, rater: str) -> str:
        """Return the next open assignment of a rater; without one, their last."""
        mine = (assignments.c.rater == rater, assignments.c.position > 0)
        query = sa.select(assignments.c.assignment, assignments.c.state).where(*mine).order_by(assignments.c.position)
        with self.serving.store.reading() as connection:
            rows = list(connection.execute(query))
        return next((row.assignment for row in rows if row.state == "open"), rows[-1].assignment)

    def pictures(self, draft: str) -> list[str]:
        """Return the pictures of one of `drafts`."""
        query = sa.text("SELECT content FROM draft_revisions WHERE draft = :draft ORDER BY revision DESC")
        with self.serving.store.reading() as connection:
            content = connection.execute(query, {"draft": self.drafts[draft]}).scalars().first()
        return sorted({json.loads(content or "{}")[name] for name in ("picture", "twin_picture")})

    def ids(self) -> list[str]:
        """Return names of things that are somebody's: seats, accounts, assignments, drafts, pictures, sessions, a link."""
        found: list[str] = []
        with self.serving.store.reading() as connection:
            for query in _IDS:
                found += [str(each) for each in connection.execute(sa.text(query)).scalars()]
        return [*found, self.link, self.used]

    def told(self, name: str | None, answer: str, *, besides: str) -> list[str]:
        """Return which secrets an answer tells somebody who may not know them, and did not send them."""
        return [
            each.text for each in self.secrets if name not in each.known_to and each.text in answer and each.text not in besides
        ]


_IDS: Final = (
    "SELECT rater FROM seats ORDER BY panel, number", "SELECT account FROM accounts ORDER BY login",
    "SELECT assignment FROM assignments WHERE position IN (1, 2) ORDER BY rater, position",
    "SELECT draft FROM drafts ORDER BY draft", "SELECT picture FROM draft_pictures ORDER BY picture",
    "SELECT picture FROM pictures", "SELECT invitation FROM invitations WHERE used_at IS NULL",
)  # fmt: skip


def settle(folder: Path, serving_of: Any) -> Neighbours:
    """Draw a panel in the folder of a study that is declared, and let everybody join and do something.

    Parameters
    ----------
    folder
        With its study.yaml.
    serving_of
        Opens the study once it is drawn.
    """
    picture = png("maroon")
    drawn = draw(folder, raters=6, responses_=12, picture=PICTURE, sha256=hashlib.sha256(picture).hexdigest())
    serving: Serving = serving_of()
    serving.blobs.put(picture)
    cookies: dict[str, str] = {}
    used = ""
    for name, role in PEOPLE.items():
        panel = "panel-1" if role == "rater" else None
        used = invite(serving, role=role, panel=panel)[0].link_path.removeprefix("/join/")
        cookies[name] = join(serving, used, login=name, password=PASSWORD)
    link = invite(serving, role="viewer")[0].link_path.removeprefix("/join/")
    found = Neighbours(serving, cookies, {}, link, used)
    for name in WORKERS:
        consent(serving, found.who(name), text_id="text-1")
    _write(found)
    _rate(found, drawn)
    _own(found)
    return found


def _rate(found: Neighbours, drawn: Drawn) -> None:
    for name in ("aurelio", "benedetta"):
        person = found.who(name)
        assert person.rater
        tell_about_self(found.serving, person, {"age": f"answer-of-{name}"})
        found.secrets.append(Secret(f"answer-of-{name}", frozenset({name, *LEADS})))
        found.secrets.append(Secret(f"thought-of-{name}", frozenset({name, *LEADS})))
        with Writer(found.serving) as writer:
            writer.submit(person, sent(drawn.asked[person.rater][0], comment=f"thought-of-{name}")).result(30)


def _write(found: Neighbours) -> None:
    clotilde, domenico, eusebia = (Author(found.serving, found.cookies[name]) for name in AUTHORS)

    def content(number: int, author: Author, said: str) -> Draft:
        whole = scenario(number, picture=author.picture(("teal", "olive", "navy")[number]))
        return Draft(**{**whole.as_values(), "text": said})

    found.drafts["sent_back"] = clotilde.save(content(0, clotilde, "text-sent-back"), send=True).draft
    domenico.take()
    domenico.review(found.drafts["sent_back"], verdict="sent_back", note="note-to-clotilde")
    found.drafts["taken"] = clotilde.save(content(1, clotilde, "text-in-review"), send=True).draft
    domenico.take()
    found.drafts["unsent"] = clotilde.save(content(2, clotilde, "text-unsent")).draft
    found.drafts["other"] = eusebia.save(content(0, eusebia, "text-of-another")).draft
    found.secrets.extend(
        (
            Secret("text-unsent", frozenset({"clotilde", *LEADS})),
            Secret("text-in-review", frozenset({*AUTHORS, *LEADS})),
            Secret("text-sent-back", frozenset({*AUTHORS, *LEADS})),
            Secret("note-to-clotilde", frozenset({"clotilde", "domenico", *LEADS})),
            Secret("text-of-another", frozenset({"eusebia", *LEADS})),
        )
    )


def _own(found: Neighbours) -> None:
    for name in PEOPLE:
        person = found.who(name)
        found.secrets.append(Secret(name, frozenset({name, *LEADS})))
        found.secrets.append(Secret(found.cookies[name], frozenset()))
        found.secrets.append(Secret(person.csrf, frozenset({name})))
        found.secrets.append(Secret(person.session, frozenset()))
        found.secrets.append(Secret(person.account, frozenset(LEADS)))
        if person.rater:
            found.secrets.append(Secret(person.rater[:9], frozenset({*LEADS, "fiorella"})))
    found.secrets.extend(
        (Secret("$argon2id$", frozenset()), Secret(found.link, frozenset()), Secret(found.link[:22], frozenset()))
    )


@dataclass(frozen=True)
class Kept:
    """Everything in a store: table and key of each row, to whose it is and what it holds."""

    rows: dict[tuple[str, str], tuple[str | None, str]]

    def changed(self, after: "Kept", *, but_of: str | None) -> list[tuple[str, str | None]]:
        """Return of which rows, each by its table and to whom it belongs, some were added, changed or removed by another."""
        both = {*self.rows, *after.rows}
        different = [key for key in both if self.rows.get(key) != after.rows.get(key)]
        owners = {(key[0], side.rows[key][0]) for key in different for side in (self, after) if key in side.rows}
        return [(table, owner) for table, owner in owners if owner is None or owner != but_of]


_NOTED_LATER: Final = ("assignments", "shown_at")
"""Noted with whatever anybody sends next, so that showing something waits for no disk."""


def kept(serving: Serving) -> Kept:
    """Return everything in the store of a study."""
    found: dict[tuple[str, str], tuple[str | None, str]] = {}
    with serving.store.reading() as connection:
        tables = {table.name: list(connection.execute(sa.select(table)).mappings()) for table in metadata.sorted_tables}
    seats = {row["rater"]: row["account"] for row in tables["accounts"] if row["rater"]}
    writers = {row["draft"]: row["account"] for row in tables["drafts"]}
    for name, rows in tables.items():
        columns = [column.name for column in metadata.tables[name].primary_key]
        for row in rows:
            owner = row.get("account") or seats.get(row.get("rater", "")) or writers.get(row.get("draft", "")) or _acted(row)
            values = [value for column, value in row.items() if (name, column) != _NOTED_LATER]
            found[name, "/".join(str(row[column]) for column in columns)] = (owner, repr(values))
    return Kept(found)


def _acted(row: Mapping[str, Any]) -> str | None:
    """Return the account of who did something in the app, of an entry of the journal."""
    who = str(row.get("who", ""))
    return who.removeprefix(ACCOUNT) if who.startswith(ACCOUNT) else None

"""A small study that is rated: seats, assignments and renderings, put into the store as an assignment would."""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rating.people import consent, invite, join, who
from driftgauge.pipeline.rating.serving import Serving, open_serving
from driftgauge.pipeline.rating.steps import Sent, Who
from driftgauge.records import content_id
from driftgauge.store import journal
from driftgauge.store.tables import (
    assignments,
    draws,
    exercises,
    pictures,
    releases,
    renderings,
    responses,
    seats,
)

SECRET = "a secret of a test that is long enough"
PASSWORD = "a quiet river 7"
PICTURE = "P" * 16
BEGINNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DECLARED = """families: {Elm: [Elm 1, Elm 2]}
phases: [{phase: 1, panel: panel-1}]
panels: {panel-1: {raters: %d}}
protocol: {wellbeing: {session_minutes: 45, day_items: %d, break_every: %d}}
"""


def declared(*, raters: int = 2, day_items: int = 200, break_every: int = 25) -> str:
    return DECLARED % (raters, day_items, break_every)


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    at: datetime = BEGINNING

    def __call__(self) -> datetime:
        return self.at

    def goes(self, **delta: float) -> None:
        self.at += timedelta(**delta)


@dataclass(frozen=True)
class Drawn:
    """What was put into a store: each rater's assignments in their order, calibration first."""

    raters: tuple[str, ...]
    asked: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


def draw(
    folder: Path,
    *,
    raters: int = 2,
    responses_: int = 6,
    calibration: int = 0,
    gold: Sequence[int] = (),
    anchors: Sequence[int] = (),
    picture: str | None = None,
    sha256: str = "0" * 64,
    more: str = "",
) -> Drawn:
    """Put a drawn panel into the store of a study: every rater is asked about every response, in order.

    `gold` and `anchors` are positions from 1, beyond those of the items, at which a control item or the first response comes.
    `sha256` is of the bytes of `picture`, for who keeps them.
    `more` is put behind each prompt and response, to make them as long as real ones.
    """
    opened = open_study(folder, create=True)
    with opened.store.writing() as connection:
        entry = journal.append(connection, opened.author, "draw")
        names = tuple(f"r-{secrets.token_urlsafe(6)}" for _ in range(raters))
        _add(connection, seats, [{"rater": r, "panel": "panel-1", "number": n, "entry": entry} for n, r in enumerate(names, 1)])
        draw_row = {"draw": "d1", "panel": "panel-1", "phase": "1", "seed": 1, "design": "{}", "report": "{}", "entry": entry}
        _add(connection, draws, [draw_row])
        rows = _responses(connection, responses_, entry=entry, picture=picture, more=more)
        if picture:
            row = {"picture": picture, "sha256": sha256, "source": "1" * 64, "media_type": "image/png", "entry": entry}
            _add(connection, pictures, [row])
        trained = [_exercise(connection, "calibration", n, entry=entry) for n in range(calibration)]
        silent = [_exercise(connection, "gold", n, entry=entry) for n, _ in enumerate(gold)]
        drawn = Drawn(names)
        for rater in names:
            asked = [_one(rater, n - calibration, "calibration", exercise=e) for n, e in enumerate(trained)]
            asked += [_one(rater, n, "item", response=r, category=f"category-{n % 3}") for n, r in enumerate(rows, start=1)]
            asked += [_one(rater, at, "gold", exercise=e) for at, e in zip(gold, silent, strict=True)]
            asked += [_one(rater, at, "anchor", response=rows[0], occasion=2) for at in anchors]
            asked.sort(key=lambda each: each["position"])
            _add(connection, assignments, asked)
            drawn.asked[rater] = [each["assignment"] for each in asked]
    return drawn


def _add(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _one(
    rater: str,
    position: int,
    purpose: str,
    *,
    response: int | None = None,
    exercise: str | None = None,
    category: str | None = None,
    occasion: int = 1,
) -> dict[str, Any]:
    return {
        "assignment": secrets.token_urlsafe(12), "draw": "d1", "rater": rater, "position": position, "purpose": purpose,
        "occasion": occasion, "response": response, "exercise": exercise, "harm_category": category, "state": "open",
        "shown_at": None,
    }  # fmt: skip


def turns(text: str, picture: str | None = None) -> str:
    parts: list[dict[str, Any]] = [{"kind": "text", "html": f"<p>{text}</p>"}]
    if picture:
        parts.append({"kind": "image", "picture": picture, "width": 4, "height": 4})
    return json.dumps([{"role": "user", "parts": parts}])


def _responses(connection: sa.Connection, count: int, *, entry: int, picture: str | None, more: str) -> list[int]:
    _add(connection, releases, [{"release": "Elm 1", "entry": entry}])
    rows: list[dict[str, Any]] = []
    for number in range(count):
        key = {"scenario": f"s{number:04}", "intent": "adversarial", "modality": "text-only", "language": "en"}
        key |= {"release": "Elm 1", "phase": "1", "attempt": 1}
        described = ["answered", f"category-{(number + 1) % 3}", None, None, None, None]
        rows.append(
            {
                **key,
                "response_id": content_id(*key.values()),
                "revision": 1,
                "status": "answered",
                "harm_category": described[1],
                "content": content_id(*described),
                "entry": entry,
            }
        )
    added = connection.execute(sa.insert(responses).returning(responses.c.row, sort_by_parameter_order=True), rows)
    placed = [int(row) for row in added.scalars()]
    shown = [
        {
            "response": row, "prompt": turns(f"question {n}{more}", picture), "html": f"<p>answer {n}</p>{more}", "names": 0,
            "masked": False, "entry": entry,
        }
        for n, row in enumerate(placed)
    ]  # fmt: skip
    _add(connection, renderings, shown)
    return placed


def _exercise(connection: sa.Connection, purpose: str, number: int, *, entry: int) -> str:
    name = secrets.token_urlsafe(9)
    row = {
        "exercise": name, "panel": "panel-1", "name": f"{purpose}-{number}", "purpose": purpose,
        "expected": json.dumps({"harm": [1, 2], "success": False}), "why": "<p>it is mild</p>", "content": name, "entry": entry,
    }  # fmt: skip
    _add(connection, exercises, [row])
    shown = {"exercise": name, "prompt": turns(f"{purpose} {number}"), "html": "<p>mild</p>", "names": 0, "masked": False}
    _add(connection, renderings, [shown | {"entry": entry}])
    return name


@dataclass(frozen=True)
class Rater:
    """Somebody who is logged in, and their cookie."""

    serving: Serving
    cookie: str

    @property
    def who(self) -> Who:
        found = who(self.serving, self.cookie)
        assert found
        return found


def serve(folder: Path, clock: Callable[[], datetime]) -> Serving:
    """Open a study to be rated; the secret is in its .env. Close it, or leave its block."""
    (folder / ".env").write_text(f"DRIFTGAUGE_SECRET={SECRET}\n")
    return open_serving(folder, now=clock)


def seat(serving: Serving, *, count: int = 1, consents: bool = True) -> list[Rater]:
    """Invite raters, let them join and consent."""
    seated: list[Rater] = []
    for number, invited in enumerate(invite(serving, role="rater", panel="panel-1", count=count)):
        token = invited.link_path.removeprefix("/join/")
        rater = Rater(serving, join(serving, token, login=f"rater-{number}", password=PASSWORD))
        if consents:
            consent(serving, rater.who, text_id="text-1")
        seated.append(rater)
    return seated


def sent(assignment: str, *, key: str | None = None, **other: Any) -> Sent:
    """Return a rating of an assignment, as a page sends it."""
    return Sent(key or secrets.token_urlsafe(18), assignment, **{"harm": 2, "success": False, **other})

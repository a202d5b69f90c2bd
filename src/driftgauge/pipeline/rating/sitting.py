"""Where a rater stands, and what comes next: consent, calibration and its gate, items, breaks, the end of a day."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from driftgauge.pipeline.rating.people import note, notes_of, preferences_of
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.steps import Item, Part, Place, Refused, Standing, Step, Turn, Who
from driftgauge.rate import wellbeing
from driftgauge.rate.wellbeing import Sitting, State
from driftgauge.store import accounts, journal, sitting
from driftgauge.store.database import Connection

ROUNDS: Final = 2
"""How often a calibration may be done: once, and once more."""
LOOKED_BACK: Final = timedelta(days=3)
"""Sittings that are older are not looked at: no rest is as long, and no day."""
ALLOWED: Final = 1e-9


@dataclass(frozen=True)
class Seen:
    """A rater as the store has them at one moment."""

    rater: str
    stands: sitting.Standing
    notes: dict[str, Any]
    left_out: tuple[str, ...]
    sittings: tuple[Sitting, ...]
    state: State

    @property
    def calibrated(self) -> bool:
        """Whether the gate is passed, or there is none."""
        return self.stands.calibrated_at is not None or (self.stands.extent.first or 0) >= 0

    @property
    def may_go_on(self) -> bool:
        """Whether something new may be shown: neither the rater rests, nor is the panel paused."""
        return self.state.place == "go" and not self.stands.paused


def rater_of(who: Who) -> str:
    """Return the seat of somebody.

    Raises
    ------
    Refused
        403 ``not_a_rater`` of an account without one.
    """
    if who.role != "rater" or who.rater is None:
        raise Refused(403, "not_a_rater", "only raters are asked to rate")
    return who.rater


def _seen(serving: Serving, connection: Connection, who: Who) -> Seen:
    rater = rater_of(who)
    return _seen_of(serving, sitting.standing(connection, rater), sittings_of(serving, connection, [rater])[rater], rater=rater)


def _seen_of(serving: Serving, stands: sitting.Standing, sittings: tuple[Sitting, ...], *, rater: str) -> Seen:
    state = wellbeing.state(serving.caps_of(stands.panel), sittings, serving.now())
    left_out = preferences_of(stands.preferences).left_out
    return Seen(rater, stands, notes_of(stands.preferences), left_out, sittings, state)


def sittings_of(serving: Serving, connection: Connection, raters: Sequence[str]) -> dict[str, tuple[Sitting, ...]]:
    """Return the sittings of raters that matter now, the oldest first."""
    rows = sitting.sittings_of(connection, raters, since=text_of(serving.now() - LOOKED_BACK))
    return {rater: tuple(_sitting(row) for row in rows[rater]) for rater in raters}


def _sitting(row: Any) -> Sitting:
    ended = datetime.fromisoformat(row.ended_at) if row.ended_at else None
    times = (datetime.fromisoformat(row.began_at), datetime.fromisoformat(row.last_at))
    return Sitting(row.sitting, *times, row.items, row.offered_at, ended)


def sitting_rows(changed: Iterable[Sitting], *, rater: str) -> list[dict[str, Any]]:
    """Return sittings as the store keeps them."""
    return [
        {
            "sitting": each.number,
            "rater": rater,
            "began_at": text_of(each.began_at),
            "last_at": text_of(each.last_at),
            "items": each.items,
            "offered_at": each.offered_at,
            "ended_at": text_of(each.ended_at) if each.ended_at else None,
        }
        for each in changed
    ]


def step(serving: Serving, who: Who, *, revising: str | None = None) -> Step:
    """Return where a rater stands and what comes next; what is shown counts as shown from now.

    Parameters
    ----------
    serving
        The study.
    who
        The rater.
    revising
        What undo comes back to: the assignment that `last_assignment` returns.

    Raises
    ------
    Refused
        403 ``not_a_rater``; 409 ``stale`` when `revising` is not what was sent last.
    """
    if revising is not None:
        _reopen(serving, who, revising)
    with serving.store.glancing() as connection:
        seen = _seen(serving, connection, who)
        found = _step(serving, connection, seen, revising=revising)
    if found.item:
        serving.shown.put((found.item.assignment, text_of(serving.now())))
    return found


def steps(serving: Serving, raters: Sequence[str]) -> dict[str, Step]:
    """Return what comes next for several raters who have just sent something, by statements that are about all of them."""
    with serving.store.glancing() as connection:
        standings, sat = sitting.standings(connection, raters), sittings_of(serving, connection, raters)
        seen = {rater: _seen_of(serving, stands, sat[rater], rater=rater) for rater, stands in standings.items()}
        plain = [rater for rater, each in seen.items() if each.calibrated and not each.left_out and each.may_go_on]
        ready = sitting.next_of_many(connection, plain)
        found = {rater: _step(serving, connection, each, revising=None, ready=ready) for rater, each in seen.items()}
    now = text_of(serving.now())
    for each in found.values():
        if each.item:
            serving.shown.put((each.item.assignment, now))
    return found


def _reopen(serving: Serving, who: Who, assignment: str) -> None:
    with serving.store.writing() as connection:
        if assignment != _undoable(sitting.last_submission(connection, rater_of(who))):
            raise Refused(409, "stale", "only what was sent last can be changed")
        note(connection, who.account, reopened=assignment)


def _step(
    serving: Serving,
    connection: Connection,
    seen: Seen,
    *,
    revising: str | None,
    ready: Mapping[str, sitting.Shown | None] | None = None,
) -> Step:
    if seen.stands.consented_at is None:
        return Step("consent", _standing(serving, seen, None))
    calibration = None if seen.calibrated else sitting.calibration_of(connection, seen.rater)
    standing, last = _standing(serving, seen, calibration), seen.stands.last
    if last and last.purpose == "calibration" and seen.notes.get("seen", 0) < last.row:
        return Step("feedback", standing, feedback=_feedback(connection, last))
    if calibration:
        return _asked(connection, seen, standing, place="calibrate") if calibration.open else Step("not_admitted", standing)
    can_undo = revising is None and _undoable(last) is not None
    return _asked(connection, seen, standing, place="rate", revising=revising, can_undo=can_undo, ready=ready or {})


def _asked(
    connection: Connection,
    seen: Seen,
    standing: Standing,
    *,
    place: Place,
    revising: str | None = None,
    can_undo: bool = False,
    ready: Mapping[str, sitting.Shown | None] = MappingProxyType({}),
) -> Step:
    """Return a step with an item, unless the panel is paused, the rater is to rest, or there is none."""
    state = seen.state
    if revising is None and seen.stands.paused:
        return Step("paused", standing, can_undo=can_undo)
    if revising is None and state.place != "go":
        return Step(state.place, standing, until=state.until, can_undo=can_undo)
    if revising is not None:
        found = sitting.shown(connection, revising, rater=seen.rater)
    elif seen.rater in ready:
        found = ready[seen.rater]
    else:
        found = sitting.next_shown(connection, seen.rater, calibrated=seen.calibrated, left_out=seen.left_out)
    if found is None:
        return Step("done", standing, can_undo=can_undo)
    return Step(place, standing, item=_item(found, is_revision=revising is not None), can_undo=can_undo)


def _item(found: sitting.Shown, *, is_revision: bool) -> Item:
    turns = tuple(
        Turn(turn["role"], tuple(Part(**part) for part in turn["parts"])) for turn in json.loads(found.prompt or "[]")
    )
    purpose = "calibration" if found.purpose == "calibration" else "rating"
    return Item(found.assignment, purpose, turns, found.html or "", is_revision)


def _standing(serving: Serving, seen: Seen, calibration: sitting.Calibration | None) -> Standing:
    extent = seen.stands.extent
    exercises = max(0, -(extent.first or 0))
    done, total = max(0, extent.answered - exercises), max(0, extent.last or 0)
    if calibration:
        done, total = calibration.exercises - calibration.open, calibration.exercises
    day_items = serving.caps_of(seen.stands.panel).day_items
    return Standing(done, total, seen.state.today, day_items, seen.state.since_break)


def _feedback(connection: Connection, last: sitting.Last) -> dict[str, Any]:
    expected, why = sitting.expected_of(connection, last.assignment)
    answered = json.loads(last.answer or "{}")
    return {"answered": answered, "expected": json.loads(expected), "correct": bool(last.correct), "why": why or ""}


def last_assignment(serving: Serving, who: Who) -> str | None:
    """Return what undo comes back to: what the rater sent last, if it was no calibration and was not erased since."""
    with serving.store.glancing() as connection:
        return _undoable(sitting.last_submission(connection, rater_of(who)))


def _undoable(last: sitting.Last | None) -> str | None:
    if last is None or last.purpose == "calibration" or last.state not in {"rated", "skipped"}:
        return None
    return last.assignment


def start_break(serving: Serving, who: Who) -> None:
    """Begin a break that the rater wants."""
    with serving.store.writing() as connection:
        seen = _seen(serving, connection, who)
        changed = wellbeing.rested(serving.caps_of(seen.stands.panel), seen.sittings, serving.now())
        sitting.keep_sittings(connection, sitting_rows([changed] if changed else [], rater=seen.rater))


def carry_on(serving: Serving, who: Who) -> None:
    """Go on: without the break that is offered, or after one that the rater wanted.

    Raises
    ------
    Refused
        403 ``break`` or ``day_is_over`` while a break has to be, or the day's responses are done.
    """
    with serving.store.writing() as connection:
        seen = _seen(serving, connection, who)
        if seen.state.place == "day_done":
            raise Refused(403, "day_is_over", "the responses of this day are done")
        if seen.state.place == "break" and seen.state.until is not None:
            raise Refused(403, "break", "the break is not over")
        changed = wellbeing.resumed(serving.caps_of(seen.stands.panel), seen.sittings, serving.now())
        sitting.keep_sittings(connection, sitting_rows([changed] if changed else [], rater=seen.rater))


def seen_feedback(serving: Serving, who: Who) -> None:
    """Note that the feedback to a calibration item was seen; after the last one, admit the rater or ask once more."""
    with serving.store.writing() as connection:
        seen = _seen(serving, connection, who)
        last = seen.stands.last
        if last is None or last.purpose != "calibration":
            return
        note(connection, who.account, seen=last.row)
        _decide(serving, connection, seen)


def _decide(serving: Serving, connection: Connection, seen: Seen) -> None:
    found = sitting.calibration_of(connection, seen.rater)
    if seen.calibrated or found.open or not found.exercises:
        return
    if found.right >= serving.gate_of(seen.stands.panel) * found.exercises - ALLOWED:
        accounts.change_account(connection, seen.stands.account, calibrated_at=text_of(serving.now()))
    elif found.rounds < seen.notes.get("rounds", ROUNDS):
        sitting.reopen_calibration(connection, seen.rater)


def reset_calibration(serving: Serving, rater: str) -> None:
    """Let a rater who was not admitted do the calibration again: the lead's decision, on record in the journal.

    Raises
    ------
    Refused
        404 ``no_account`` when nobody sits there.
    """
    with serving.store.writing() as connection:
        account = accounts.account_of(connection, rater)
        if account is None:
            raise Refused(404, "no_account", f"seat {rater} has no account")
        rounds = sitting.calibration_of(connection, rater).rounds
        note(connection, account, rounds=rounds + ROUNDS)
        accounts.change_account(connection, account, calibrated_at=None)
        sitting.reopen_calibration(connection, rater)
        journal.append(connection, serving.author, "recalibrate", detail={"rater": rater})


def medium(serving: Serving, who: Who, picture: str) -> tuple[bytes, str]:
    """Return the bytes and the media type of a picture that somebody may see: of a rater's assignments; a lead any.

    Raises
    ------
    Refused
        404 ``no_picture``, whether there is none or it is of somebody else.
    """
    rater = None if who.role == "lead" else who.rater or ""
    with serving.store.reading() as connection:
        found = sitting.find_picture(connection, picture) if len(picture) <= 64 and picture.isascii() else None
        allowed = found and sitting.has_picture(connection, picture, rater=rater)
    if not found or not allowed:
        raise Refused(404, "no_picture", "there is no such picture")
    sha256, media_type = found
    return serving.blobs.get(sha256), media_type

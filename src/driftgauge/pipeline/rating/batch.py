"""What raters sent together: each is decided by itself, and those that are taken are written by a few statements."""

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from driftgauge.pipeline.rating.kept import rating_row, said_of
from driftgauge.pipeline.rating.people import note, notes_of, preferences_of
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.sitting import rater_of, sitting_rows, sittings_of
from driftgauge.pipeline.rating.steps import Refused, Sent, Taken, Who
from driftgauge.rate import answers, wellbeing
from driftgauge.rate.wellbeing import Sitting
from driftgauge.store import accounts, sitting
from driftgauge.store.database import Connection

Outcome = Taken | Refused


@dataclass(frozen=True)
class Waiting:
    """A submission that waits to be taken."""

    who: Who
    sent: Sent
    body_hash: str
    answer: Future[Taken] = field(default_factory=Future["Taken"])


@dataclass(frozen=True)
class _Accepted:
    """A submission that is taken, with what it is about."""

    waiting: Waiting
    asked: Any
    revision: int
    shown: datetime
    sittings: tuple[Sitting, ...]
    day: str


class Batch:
    """One transaction's submissions, one of each rater: what is known of them is read at once, then each is decided.

    Parameters
    ----------
    serving
        The study.
    connection
        Of the transaction.

    Attributes
    ----------
    rated
        Whether a rating was among those that were taken: the first one of a study fixes its protocol.
    """

    def __init__(self, serving: Serving, connection: Connection) -> None:
        self._serving = serving
        self._connection = connection
        self.rated = False
        self._now = serving.now()

    def take(self, group: Sequence[Waiting]) -> list[Outcome]:
        """Decide each, write those that are taken, and return what became of each, in order."""
        connection = self._connection
        self._people = accounts.find_sessions(connection, [each.who.session for each in group], now=text_of(self._now))
        self._before = sitting.taken_before(connection, [each.sent.key for each in group])
        self._asked = sitting.asked(connection, [each.sent.assignment for each in group])
        self._sittings = sittings_of(self._serving, connection, [rater_of(each.who) for each in group])
        decided: list[Taken | Refused | _Accepted] = []
        keys: set[str] = set()
        for each in group:
            decided.append(self._decide(each) if each.sent.key not in keys else _reused())
            keys.add(each.sent.key)
        self._write([each for each in decided if isinstance(each, _Accepted)])
        return [
            Taken(each.waiting.sent.assignment, each.revision, again=False) if isinstance(each, _Accepted) else each
            for each in decided
        ]

    def _decide(self, each: Waiting) -> Taken | Refused | _Accepted:
        try:
            account = self._admitted(each)
            before = self._before.get(each.sent.key)
            if before:
                return _taken_again(before, each)
            return self._accepted(each, account)
        except Refused as refusal:
            return refusal

    def _admitted(self, each: Waiting) -> accounts.Account:
        account = self._people.get(each.who.session)
        if account is None or account.rater != each.who.rater:
            raise Refused(401, "session_ended", "the session has ended; log in, and send it again")
        if account.consented_at is None:
            raise Refused(403, "no_consent", "consent comes before rating")
        return account

    def _accepted(self, each: Waiting, account: accounts.Account) -> _Accepted:
        asked = self._asked.get(each.sent.assignment)
        if asked is None or asked.rater != account.rater:
            raise Refused(404, "not_yours", "there is no such assignment of this rater")
        if asked.state == "erased":
            raise Refused(409, "erased", "what was asked about was erased")
        self._current(asked, account)
        first = asked.revision is None
        caps = self._serving.caps_of(account.panel)
        before = self._sittings[asked.rater]
        state = wellbeing.state(caps, before, self._now)
        if state.place == "day_done" and first:
            raise Refused(403, "day_is_over", "the responses of this day are done; it was not stored")
        if state.place == "break" and not state.grace and first:
            raise Refused(403, "break", "the break is not over; it was not stored")
        at = wellbeing.steady(before, self._now)
        shown = _shown(asked.shown_at, each.sent.active_s, at)
        changed = wellbeing.submitted(caps, before, self._now, shown=shown, first=first)
        day = wellbeing.local_day(caps, before, self._now).isoformat()
        return _Accepted(each, asked, (asked.revision or 0) + 1, shown, changed, day)

    def _current(self, asked: Any, account: accounts.Account) -> None:
        """See that an assignment is what its rater is asked now, or came back to.

        Raises
        ------
        Refused
            409 ``stale``; 403 ``not_admitted`` before the gate.
        """
        calibrated = account.calibrated_at is not None or (asked.lowest or 0) > 0
        if not calibrated and asked.purpose != "calibration":
            raise Refused(403, "not_admitted", "the calibration comes first")
        if asked.state == sitting.OPEN:
            if asked.first_open == asked.assignment:
                return
            left_out = preferences_of(account.preferences).left_out
            current = sitting.next_assignment(self._connection, asked.rater, calibrated=calibrated, left_out=left_out)
            if current == asked.assignment:
                return
        elif notes_of(account.preferences).get("reopened") == asked.assignment:
            last = sitting.last_submission(self._connection, asked.rater)
            if last and last.assignment == asked.assignment:
                note(self._connection, account.account, reopened=None)
                return
        raise Refused(409, "stale", "this page is not the newest: something else is asked now")

    def _write(self, taken: Sequence[_Accepted]) -> None:
        at = text_of(self._now)
        rated = [each for each in taken if each.asked.response is not None]
        rows = sitting.add_ratings(self._connection, [self._rating(each, at) for each in rated])
        self.rated = bool(rated)
        placed = dict(zip((each.asked.assignment for each in rated), rows, strict=True))
        submitted = [_submission(each, at, rating=placed.get(each.asked.assignment)) for each in taken]
        sitting.add_submissions(self._connection, submitted)
        changed = [row for each in taken for row in sitting_rows(each.sittings, rater=each.asked.rater)]
        sitting.keep_sittings(self._connection, changed)

    def _rating(self, each: _Accepted, at: str) -> dict[str, Any]:
        panel = self._people[each.waiting.who.session].panel
        said, entry = _said(each.waiting.sent), self._serving.entry
        return rating_row(each.asked, said, panel=panel, revision=each.revision, at=at, entry=entry)


def _said(sent: Sent) -> dict[str, Any]:
    return said_of(harm=sent.harm, success=sent.success, refusal=sent.refusal, comment=sent.comment, skipped=sent.skipped)


def _submission(each: _Accepted, at: str, *, rating: int | None) -> dict[str, Any]:
    sent, asked = each.waiting.sent, each.asked
    elapsed = max(0.0, (datetime.fromisoformat(at) - each.shown).total_seconds())
    active = answers.seconds(sent.active_s, most=elapsed)
    exercise = asked.expected is not None
    said = _said(sent)
    return {
        "key": sent.key,
        "body_hash": each.waiting.body_hash,
        "assignment": asked.assignment,
        "rater": asked.rater,
        "revision": each.revision,
        "rating": rating,
        "answer": json.dumps(said, ensure_ascii=True, sort_keys=True) if exercise else None,
        "correct": answers.is_expected(said, json.loads(asked.expected)) if exercise else None,
        "shown_at": text_of(each.shown),
        "at": at,
        "day": each.day,
        "active_s": active,
        "idle_s": round(elapsed - active, 3) if active is not None else None,
        "revealed": json.dumps(dict(sent.revealed), ensure_ascii=True, sort_keys=True),
        "state": "skipped" if sent.skipped else "rated",
    }


def _shown(noted: str | None, active_s: float | None, at: datetime) -> datetime:
    """Return when an item was shown; where that was not noted yet, as long ago as the rater was at it."""
    if noted is not None:
        return min(datetime.fromisoformat(noted), at)
    active = answers.seconds(active_s, most=3600.0) or 0.0
    return datetime.fromtimestamp(at.timestamp() - active, tz=at.tzinfo)


def _taken_again(before: sitting.Before, each: Waiting) -> Taken:
    same = (before.body_hash, before.rater, before.assignment) == (each.body_hash, each.who.rater, each.sent.assignment)
    if not same:
        raise _reused()
    return Taken(before.assignment, before.revision, again=True)


def _reused() -> Refused:
    return Refused(409, "key_reused", "this key came before with something else")

"""The one writer: what raters send, many at a time in one transaction, and nobody hears of theirs before it is on disk."""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, Self

from driftgauge.errors import StoreError
from driftgauge.pipeline.rating.kept import rating_row, said_of
from driftgauge.pipeline.rating.people import note, notes_of, preferences_of
from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.sitting import rater_of, sitting_rows, sittings_of
from driftgauge.pipeline.rating.steps import Refused, Sent, Taken, Who
from driftgauge.rate import answers, wellbeing
from driftgauge.rate.wellbeing import Sitting
from driftgauge.store import accounts, sitting
from driftgauge.store.database import Connection

MOST: Final = 64
"""Submissions of one transaction; what is beyond waits for the next."""
_IDLE: Final = 1.0
"""Seconds after which what was shown is noted when nobody sends anything."""
Outcome = Taken | Refused


@dataclass(frozen=True)
class Waiting:
    """A submission that waits to be taken."""

    who: Who
    sent: Sent
    body_hash: str
    answer: Future[Taken] = field(default_factory=Future["Taken"])


class Writer:
    """Takes what raters send, in one thread, many at a time.

    Parameters
    ----------
    serving
        The study.
    most
        Submissions of one transaction.

    Notes
    -----
    A submission has one of three ends. It is taken: it is on disk. It is refused: nothing of it was stored. Or the store cannot
    be written (StoreError): the same submission may be sent again with its key, and counts once whatever became of it.
    """

    def __init__(self, serving: Serving, *, most: int = MOST) -> None:
        self._serving = serving
        self._most = most
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="driftgauge-writes", daemon=True)
        self._ends = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take what waits, then end."""
        self._ends = True
        self._queue.put(None)
        self._thread.join()

    def submit(self, who: Who, sent: Sent) -> Future[Taken]:
        """Take a submission; the future has what became of it.

        Raises
        ------
        Refused
            Through the future: 401 ``session_ended``; 403 ``not_a_rater``, ``no_consent``, ``not_admitted``, ``break``,
            ``day_is_over``; 404 ``not_yours``; 409 ``key_reused``, ``stale``, ``erased``; 413 ``comment_too_long``; 422 with
            the codes of `rate.answers.Fault`.
        """
        answer: Future[Taken] = Future()
        try:
            rater_of(who)
            _check(sent)
        except Refused as refusal:
            answer.set_exception(refusal)
            return answer
        if self._ends:
            answer.set_exception(StoreError("the server is ending", remedy="Send it again in a moment."))
            return answer
        hashed = answers.body_hash(_body(who, sent), self._serving.secret)
        self._queue.put(Waiting(who, sent, hashed, answer))
        return answer

    def _run(self) -> None:
        with _Held(self._serving) as held:
            late: list[Waiting] = []
            going = True
            while going or late:
                group, late, going = self._next(late, going)
                if group or not self._serving.shown.empty():
                    _answer(group, held.take(group))

    def _next(self, late: list[Waiting], going: bool) -> tuple[list[Waiting], list[Waiting], bool]:
        """Return what is taken now, one of each rater; what comes after it; and whether more will come."""
        waiting = list(late)
        while len(waiting) < self._most:
            try:
                found = self._queue.get_nowait() if waiting or not going else self._queue.get(timeout=_IDLE)
            except Empty:
                break
            if found is None:
                going = False
            else:
                waiting.append(found)
        raters: set[str] = set()
        group: list[Waiting] = []
        later: list[Waiting] = []
        for each in waiting:
            (later if each.who.account in raters else group).append(each)
            raters.add(each.who.account)
        return group, later, going


def _check(sent: Sent) -> None:
    fault = answers.fault_of(
        key=sent.key,
        harm=sent.harm,
        success=sent.success,
        refusal=sent.refusal,
        comment=sent.comment,
        skipped=sent.skipped,
        revealed=sent.revealed,
    )
    if fault:
        raise Refused(413 if fault.code == "comment_too_long" else 422, fault.code, fault.message)
    if not sent.assignment.isascii() or "\0" in sent.assignment:
        raise Refused(404, "not_yours", "there is no such assignment of this rater")


def _body(who: Who, sent: Sent) -> dict[str, object]:
    """Return what has to be the same when a key comes again: what was judged of what, and by whom; not how long it took."""
    names = ("assignment", "harm", "success", "refusal", "comment", "skipped")
    return {"account": who.account, **{name: getattr(sent, name) for name in names}}


def _answer(group: Sequence[Waiting], outcomes: Sequence[Outcome | Exception]) -> None:
    for each, outcome in zip(group, outcomes, strict=True):
        if each.answer.set_running_or_notify_cancel():
            each.answer.set_result(outcome) if isinstance(outcome, Taken) else each.answer.set_exception(outcome)


class _Held:
    """One connection that writes, opened again when it was lost."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._open = ExitStack()
        self._turn: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def take(self, group: Sequence[Waiting]) -> list[Outcome | Exception]:
        """Take submissions together; where that fails, each alone, so that nobody's trouble is another's."""
        seen = _drained(self._serving.shown)
        try:
            return [*self._take(group, seen)]
        except Exception:  # noqa: BLE001 - told to those whose it is, below
            if not group:
                return []
            self._lose()
            return [self._alone(each) for each in group]

    def _alone(self, each: Waiting) -> Outcome | Exception:
        try:
            return self._take([each], {})[0]
        except Exception as error:  # noqa: BLE001 - told to who waits for it
            self._lose()
            return error if isinstance(error, StoreError) else _unexpected(error)

    def _take(self, group: Sequence[Waiting], seen: Mapping[str, str]) -> list[Outcome]:
        if self._turn is None:
            self._turn = self._open.enter_context(self._serving.store.held())
        turn: AbstractContextManager[Connection] = self._turn()
        with turn as connection:
            sitting.mark_shown(connection, seen)
            return Batch(self._serving, connection).take(group) if group else []

    def _lose(self) -> None:
        self._turn = None
        with suppress(StoreError):  # it is gone already
            self._open.close()
        self._open = ExitStack()


def _unexpected(error: Exception) -> StoreError:
    found = StoreError(
        f"a submission could not be written ({type(error).__name__}); nothing of it was stored",
        remedy="Send it again; report it when it happens again.",
    )
    found.__cause__ = error
    return found


def _drained(queue: SimpleQueue[tuple[str, str]]) -> dict[str, str]:
    """Return what was shown and when first, of all that waits."""
    seen: dict[str, str] = {}
    while True:
        try:
            assignment, at = queue.get_nowait()
        except Empty:
            return seen
        seen.setdefault(assignment, at)


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
    """

    def __init__(self, serving: Serving, connection: Connection) -> None:
        self._serving = serving
        self._connection = connection
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


def settled(futures: Iterable[Future[Taken]]) -> list[Taken]:
    """Return what became of submissions, once all are settled."""
    return [each.result() for each in futures]

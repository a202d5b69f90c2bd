"""The one writer: what raters send, many at a time in one transaction, and nobody hears of theirs before it is on disk."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, Self

from driftgauge.errors import StoreError
from driftgauge.pipeline.protocol import fix_protocol
from driftgauge.pipeline.rating.batch import Batch, Outcome, Waiting
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.sitting import rater_of, steps
from driftgauge.pipeline.rating.steps import Refused, Sent, Taken, Who
from driftgauge.rate import answers
from driftgauge.store import sitting
from driftgauge.store.database import Connection

MOST: Final = 64
"""Submissions of one transaction; what is beyond waits for the next."""
_IDLE: Final = 1.0
"""Seconds after which what was shown is noted when nobody sends anything."""


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
        self._fixed = False

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
            batch = Batch(self._serving, connection)
            taken = batch.take(group) if group else []
            if batch.rated and not self._fixed:
                fix_protocol(connection, self._serving.study, self._serving.author)
        self._fixed = self._fixed or batch.rated
        return self._with_next(group, taken)

    def _with_next(self, group: Sequence[Waiting], taken: list[Outcome]) -> list[Outcome]:
        """Add what comes next for those whose submission is on disk now; where that fails, their pages ask for it."""
        raters = {rater_of(each.who) for each, outcome in zip(group, taken, strict=True) if isinstance(outcome, Taken)}
        try:
            coming = steps(self._serving, sorted(raters)) if raters else {}
        except StoreError:
            return taken
        return [
            replace(outcome, next=coming.get(rater_of(each.who))) if isinstance(outcome, Taken) else outcome
            for each, outcome in zip(group, taken, strict=True)
        ]

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


def settled(futures: Iterable[Future[Taken]]) -> list[Taken]:
    """Return what became of submissions, once all are settled."""
    return [each.result() for each in futures]

"""Authors are looked after as raters are: the same sessions, breaks and days, counted in scenarios begun and reviews given."""

from datetime import datetime
from typing import Any

from driftgauge.pipeline.rating.serving import Serving, text_of
from driftgauge.pipeline.rating.sitting import LOOKED_BACK
from driftgauge.pipeline.rating.steps import Refused, Who
from driftgauge.rate import wellbeing
from driftgauge.rate.wellbeing import Sitting, State
from driftgauge.store import accounts, drafts
from driftgauge.store.database import Connection


def stands(serving: Serving, who: Who) -> State:
    """Return whether somebody may go on writing and reviewing."""
    with serving.store.glancing() as connection:
        return wellbeing.state(serving.caps_of(None), _sittings(serving, connection, who), serving.now())


def admitted(serving: Serving, connection: Connection, who: Who) -> None:
    """See that somebody is still logged in, and consented.

    Raises
    ------
    Refused
        401 ``session_ended``, 403 ``no_consent`` (a lead is asked for none), or 403 ``not_allowed``.
    """
    found = accounts.find_session(connection, who.session, now=text_of(serving.now()))
    if found is None:
        raise Refused(401, "session_ended", "the session has ended; log in, and send it again")
    if found.role not in {"author", "lead"}:
        raise Refused(403, "not_allowed", "authors and leads alone")
    if found.role == "author" and found.consented_at is None:
        raise Refused(403, "no_consent", "consent comes before writing")


def count(serving: Serving, connection: Connection, who: Who, *, begun: datetime, first: bool) -> None:
    """Count what an author sent; a lead's reviews are not counted.

    Parameters
    ----------
    serving, connection
        Of a transaction that writes.
    who
        Who sent it.
    begun
        When its page was opened: a new sitting began then.
    first
        Whether it is a new scenario, or a review; what is changed afterwards is taken at any time.

    Raises
    ------
    Refused
        403 ``day_is_over`` or ``break``, when the author is to rest.
    """
    if who.role != "author":
        return
    caps, now = serving.caps_of(None), serving.now()
    before = _sittings(serving, connection, who)
    if first:
        _is_rested(wellbeing.state(caps, before, now), grace=True)
    changed = wellbeing.submitted(caps, before, now, shown=begun, first=first)
    drafts.keep_sittings(connection, [_row(each, who) for each in changed])


def may_begin(serving: Serving, connection: Connection, who: Who) -> None:
    """See that an author may be shown something new.

    Raises
    ------
    Refused
        403 ``day_is_over`` or ``break``, when the author is to rest.
    """
    if who.role == "author":
        state = wellbeing.state(serving.caps_of(None), _sittings(serving, connection, who), serving.now())
        _is_rested(state, grace=False)


def _is_rested(state: State, *, grace: bool) -> None:
    if state.place == "day_done":
        raise Refused(403, "day_is_over", "the scenarios of this day are done; it was not stored")
    if state.place == "break" and not (grace and state.grace):
        raise Refused(403, "break", "the break is not over; it was not stored")


def start_break(serving: Serving, who: Who) -> None:
    """Begin a break that an author wants."""
    with serving.store.writing() as connection:
        changed = wellbeing.rested(serving.caps_of(None), _sittings(serving, connection, who), serving.now())
        drafts.keep_sittings(connection, [_row(changed, who)] if changed else [])


def carry_on(serving: Serving, who: Who) -> None:
    """Go on: without the break that is offered, or after one that the author wanted.

    Raises
    ------
    Refused
        403 ``break`` or ``day_is_over`` while a break has to be, or the day is done.
    """
    caps = serving.caps_of(None)
    with serving.store.writing() as connection:
        before = _sittings(serving, connection, who)
        state = wellbeing.state(caps, before, serving.now())
        if state.place == "day_done":
            raise Refused(403, "day_is_over", "the scenarios of this day are done")
        if state.place == "break" and state.until is not None:
            raise Refused(403, "break", "the break is not over")
        changed = wellbeing.resumed(caps, before, serving.now())
        drafts.keep_sittings(connection, [_row(changed, who)] if changed else [])


def _sittings(serving: Serving, connection: Connection, who: Who) -> tuple[Sitting, ...]:
    rows = drafts.sittings_of(connection, who.account, since=text_of(serving.now() - LOOKED_BACK))
    return tuple(_sitting(row) for row in rows)


def _sitting(row: Any) -> Sitting:
    ended = datetime.fromisoformat(row.ended_at) if row.ended_at else None
    times = (datetime.fromisoformat(row.began_at), datetime.fromisoformat(row.last_at))
    return Sitting(row.sitting, *times, row.items, row.offered_at, ended)


def _row(each: Sitting, who: Who) -> dict[str, Any]:
    return {
        "sitting": each.number,
        "account": who.account,
        "began_at": text_of(each.began_at),
        "last_at": text_of(each.last_at),
        "items": each.items,
        "offered_at": each.offered_at,
        "ended_at": text_of(each.ended_at) if each.ended_at else None,
    }

"""How long a rater may go on: sessions with an end, breaks, and a most for each day. Pure: times are given.

A **sitting** is work without a rest. It ends when somebody rests for the minutes of a break (nothing submitted in them), when
its time is over, when the rater says so, and at midnight; what is begun after midnight goes on with the time and the count of
the sitting before it, so that midnight is no break. Lengths are measured in UTC, so a change of clocks does not make a session
longer; days are those of the panel's time zone. A clock of the server that jumps back stands still until it is where it was;
one that jumps back by more than a day is believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

_BELIEVED: Final = timedelta(days=1)


@dataclass(frozen=True)
class Caps:
    """What a protocol and a panel declare.

    Parameters
    ----------
    session, rest
        How long a sitting may be, and a break has to be.
    break_every
        A break is offered after this many responses.
    day_items
        The most responses in a day of the time zone.
    zone
        Whose days count.
    """

    session: timedelta
    rest: timedelta
    break_every: int
    day_items: int
    zone: ZoneInfo


@dataclass(frozen=True)
class Sitting:
    """A sitting; times are UTC.

    Parameters
    ----------
    number
        As the store counts; null of one that is new.
    began_at, last_at
        Its beginning, and its newest submission.
    items
        Responses that were answered for the first time in it, on its day.
    offered_at
        `items` when a break was offered and answered last; below 0 when it goes on with the count of the day before.
    ended_at
        When it ended by a break, a cap or the rater's wish.
    """

    number: int | None
    began_at: datetime
    last_at: datetime
    items: int
    offered_at: int
    ended_at: datetime | None


@dataclass(frozen=True)
class State:
    """Whether a rater may go on.

    Parameters
    ----------
    place
        What to do: go on, hear of a break, rest, or come back tomorrow.
    until
        Until when, UTC; null where the rater may go on at once.
    today, since_break
        Responses answered.
    grace
        Whether what was on the screen when time ran out may still be sent.
    """

    place: Literal["go", "break_offered", "break", "day_done"]
    until: datetime | None
    today: int
    since_break: int
    grace: bool = False


def state(caps: Caps, sittings: Sequence[Sitting], now: datetime) -> State:
    """Return where a rater stands.

    Parameters
    ----------
    caps
        What is declared.
    sittings
        Of the rater, the oldest first; those of before yesterday do not matter.
    now
        UTC, or with any other offset.
    """
    now = steady(sittings, now)
    today = _today(caps, sittings, now)
    last = _going(caps, sittings, now)
    since = last.items - last.offered_at if last else 0
    if today >= caps.day_items:
        return State("day_done", _next_midnight(caps, now), today, since)
    if last is None:
        return State("go", None, today, since)
    if (last.ended_at or now) - last.began_at >= caps.session:
        until = (last.ended_at or last.last_at) + caps.rest
        return State("break", until, today, since, grace=last.ended_at is None)
    if last.ended_at:
        return State("break", None, today, since, grace=True)
    return State("break_offered" if since >= caps.break_every else "go", None, today, since)


def submitted(
    caps: Caps, sittings: Sequence[Sitting], now: datetime, *, shown: datetime, first: bool = True
) -> tuple[Sitting, ...]:
    """Return the sittings that a submission changes or begins.

    Parameters
    ----------
    caps, sittings, now
        As of `state`.
    shown
        When its item was shown: a new sitting began then.
    first
        Whether it is the first answer to its item; a revision does not count.
    """
    now = steady(sittings, now)
    last = _going(caps, sittings, now)
    if last is None:
        began = min(max(shown, now - caps.rest), now)
        closed = tuple(replace(each, ended_at=each.last_at) for each in sittings[-1:] if each.ended_at is None)
        return (*closed, Sitting(None, began, now, int(first), 0, None))
    ended = now if now - last.began_at >= caps.session else None
    if _day(caps, last.last_at) != _day(caps, now):
        return (
            replace(last, ended_at=last.ended_at or last.last_at),
            Sitting(None, last.began_at, now, int(first), last.offered_at - last.items, ended),
        )
    return (replace(last, last_at=now, items=last.items + first, ended_at=ended),)


def rested(caps: Caps, sittings: Sequence[Sitting], now: datetime) -> Sitting | None:
    """Return the sitting that a rater ends to rest, or null when there is none to end."""
    now = steady(sittings, now)
    last = _going(caps, sittings, now)
    return replace(last, ended_at=now, offered_at=last.items) if last and last.ended_at is None else None


def resumed(caps: Caps, sittings: Sequence[Sitting], now: datetime) -> Sitting | None:
    """Return the sitting that goes on when a rater says so, or null when there is nothing to change."""
    now = steady(sittings, now)
    last = _going(caps, sittings, now)
    return replace(last, ended_at=None, offered_at=last.items) if last else None


def local_day(caps: Caps, sittings: Sequence[Sitting], now: datetime) -> date:
    """Return the day on which a submission counts."""
    return _day(caps, steady(sittings, now))


def steady(sittings: Sequence[Sitting], now: datetime) -> datetime:
    """Return the time, not before the newest sign of life; a clock that is a day behind it or more is believed."""
    now = now.astimezone(UTC)
    latest = max((each.ended_at or each.last_at for each in sittings[-1:]), default=now)
    return latest if now < latest and latest - now < _BELIEVED else now


def _going(caps: Caps, sittings: Sequence[Sitting], now: datetime) -> Sitting | None:
    """Return the newest sitting, or null when the rater rested since."""
    last = sittings[-1] if sittings else None
    if last is None:
        return None
    since = now - max(last.ended_at or last.last_at, last.last_at)
    return last if timedelta(0) <= since < caps.rest else None


def _today(caps: Caps, sittings: Sequence[Sitting], now: datetime) -> int:
    day = _day(caps, now)
    return sum(each.items for each in sittings if _day(caps, each.last_at) == day)


def _day(caps: Caps, moment: datetime) -> date:
    return moment.astimezone(caps.zone).date()


def _next_midnight(caps: Caps, now: datetime) -> datetime:
    tomorrow = _day(caps, now) + timedelta(days=1)
    return datetime.combine(tomorrow, time(), tzinfo=caps.zone).astimezone(UTC)

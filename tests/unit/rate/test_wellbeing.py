"""How long a rater may go on: by given times, over midnights, changes of clocks and clocks that jump."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from driftgauge.rate.wellbeing import Caps, Sitting, local_day, rested, resumed, state, submitted

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CAPS = Caps(timedelta(minutes=45), timedelta(minutes=10), break_every=25, day_items=200, zone=ZoneInfo("UTC"))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def after(times: Sequence[datetime], *, caps: Caps = CAPS) -> tuple[Sitting, ...]:
    """Return the sittings of somebody who submits at these times, as a store would keep them."""
    kept: dict[int, Sitting] = {}
    for now in times:
        for each in submitted(caps, tuple(kept.values()), now, shown=now):
            number = each.number if each.number is not None else len(kept) + 1
            kept[number] = replace(each, number=number)
    return tuple(kept.values())


def every(gap: float, count: int, *, begin: datetime = NINE) -> list[datetime]:
    return [begin + minutes(gap * n) for n in range(count)]


@pytest.mark.parametrize(
    ("what", "times", "now", "place", "until"),
    [
        ("nothing yet", [], NINE, "go", None),
        ("under way", every(1, 10), NINE + minutes(10), "go", None),
        ("25 responses", every(1, 25), NINE + minutes(25), "break_offered", None),
        ("time is over", every(9, 6), NINE + minutes(45), "break", NINE + minutes(55)),
        ("the break lasts", every(9, 6), NINE + minutes(54.9), "break", NINE + minutes(55)),
        ("the break is over", every(9, 6), NINE + minutes(55), "go", None),
        ("rested without being told", every(1, 30), NINE + minutes(40), "go", None),
        ("away for hours", every(1, 30), NINE + minutes(300), "go", None),
        ("200 in a day", every(0.1, 200), NINE + minutes(20), "day_done", datetime(2026, 3, 3, tzinfo=UTC)),
        ("the next day", every(0.1, 200), NINE + timedelta(hours=15), "go", None),
    ],
)
def test_where_a_rater_stands(what: str, times: list[datetime], now: datetime, place: str, until: datetime | None) -> None:
    found = state(CAPS, after(times), now)
    assert (found.place, found.until) == (place, until), what


def test_what_was_on_the_screen_when_time_ran_out_may_be_sent_and_only_that() -> None:
    sittings = after(every(9, 5))
    late = NINE + minutes(45.5)
    assert state(CAPS, sittings, late).grace
    (ended,) = submitted(CAPS, sittings, late, shown=NINE + minutes(36))
    found = state(CAPS, (ended,), late + minutes(1))
    assert (found.place, found.grace, found.until) == ("break", False, late + minutes(10))


def test_a_break_that_is_wanted_can_be_left_and_gives_no_new_session() -> None:
    sittings = after(every(1, 25))
    resting = rested(CAPS, sittings, NINE + minutes(25))
    assert resting
    assert state(CAPS, (resting,), NINE + minutes(26)).place == "break"
    assert state(CAPS, (resting,), NINE + minutes(26)).until is None
    going = resumed(CAPS, (resting,), NINE + minutes(26))
    assert going
    assert (state(CAPS, (going,), NINE + minutes(26)).place, going.began_at) == ("go", NINE)
    assert rested(CAPS, (), NINE) is None


def test_midnight_is_no_break_and_begins_a_day() -> None:
    before = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    sittings = after(every(3, 12, begin=before))  # until 0:03
    assert [(each.items, each.began_at) for each in sittings] == [(10, before), (2, before)]
    found = state(CAPS, sittings, before + minutes(34))
    assert (found.place, found.today, found.since_break) == ("go", 2, 12)
    assert state(CAPS, after(every(3, 15, begin=before)), before + minutes(45)).place == "break"


@pytest.mark.parametrize(
    ("zone", "begin"),
    [
        ("Europe/Madrid", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),  # 1:59 becomes 3:00
        ("Europe/Madrid", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # 2:59 becomes 2:00
    ],
)
def test_a_change_of_clocks_makes_no_session_longer_or_shorter(zone: str, begin: datetime) -> None:
    caps = replace(CAPS, zone=ZoneInfo(zone))
    sittings = after(every(5, 9, begin=begin), caps=caps)
    assert state(caps, sittings, begin + minutes(44.9)).place == "go"
    assert state(caps, sittings, begin + minutes(45)).place == "break"


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2026, 3, 29, 9, tzinfo=UTC), 23), (datetime(2026, 10, 25, 9, tzinfo=UTC), 25)]
)
def test_a_day_of_23_or_25_hours_ends_at_its_own_midnight(day: datetime, hours: int) -> None:
    caps = replace(CAPS, zone=ZoneInfo("Europe/Madrid"), day_items=1)
    midnight = day.astimezone(caps.zone).replace(hour=0).astimezone(UTC)
    assert state(caps, after([day], caps=caps), day).until == midnight + timedelta(hours=hours)


def test_days_are_those_of_the_panel() -> None:
    caps = replace(CAPS, zone=ZoneInfo("America/Los_Angeles"), day_items=5)
    evening = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)  # 19:00 on 2 March
    sittings = after(every(1, 5, begin=evening), caps=caps)
    assert local_day(caps, sittings, evening).isoformat() == "2026-03-02"
    assert state(caps, sittings, evening + minutes(10)).until == datetime(2026, 3, 3, 8, 0, tzinfo=UTC)


def test_a_clock_that_jumps_back_stands_still_until_it_is_where_it_was() -> None:
    sittings = after(every(1, 200, begin=NINE))
    back = NINE - timedelta(hours=20)  # the day before
    assert state(CAPS, sittings, back).place == "day_done"
    (changed,) = submitted(CAPS, sittings[-1:], back, shown=back)
    assert changed.last_at == sittings[-1].last_at


def test_a_clock_that_jumps_back_by_more_than_a_day_is_believed() -> None:
    sittings = after(every(0.1, 200, begin=NINE + timedelta(days=300)))
    assert state(CAPS, sittings, NINE).place == "go"


def test_a_revision_does_not_count_as_another_response() -> None:
    (changed,) = submitted(CAPS, after([NINE]), NINE + minutes(1), shown=NINE, first=False)
    assert (changed.items, changed.last_at) == (1, NINE + minutes(1))


def test_a_new_sitting_began_when_its_first_item_was_shown() -> None:
    (new,) = submitted(CAPS, (), NINE, shown=NINE - minutes(4))
    (clamped,) = submitted(CAPS, (), NINE, shown=NINE - minutes(400))
    assert (new.began_at, clamped.began_at) == (NINE - minutes(4), NINE - minutes(10))

"""What raters send is taken once, whole, and only where it is due; on both databases."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from driftgauge.frames import RATING_KEY as TABLE_KEY
from driftgauge.pipeline.rating.kept import RATING_KEY
from driftgauge.pipeline.rating.people import log_in, log_out, prefer
from driftgauge.pipeline.rating.sitting import last_assignment, seen_feedback, step
from driftgauge.pipeline.rating.steps import Preferences, Refused
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store import read
from driftgauge.store.tables import assignments, protocols, ratings, submissions
from tests.integration.conftest import NewStudy
from tests.rating_studies import PASSWORD, Clock, Rater, declared, draw, seat, sent, serve


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rater(new_study: Callable[..., NewStudy], clock: Clock) -> Generator[Rater]:
    folder = new_study(declared()).folder
    draw(folder, raters=3)
    with serve(folder, clock) as serving:
        yield seat(serving)[0]


def rows(rater: Rater, table: sa.Table) -> list[sa.RowMapping]:
    with rater.serving.store.reading() as connection:
        return list(connection.execute(sa.select(table)).mappings())


def refusal(writer: Writer, rater: Rater, what: object) -> tuple[int, str]:
    error = writer.submit(rater.who, what).exception(timeout=10)  # type: ignore[arg-type]
    assert isinstance(error, Refused), error
    return error.status, error.code


def current(rater: Rater) -> str:
    found = step(rater.serving, rater.who)
    assert found.item, found
    return found.item.assignment


def test_the_key_of_a_rating_is_that_of_the_table() -> None:
    assert RATING_KEY == TABLE_KEY


def test_the_first_rating_fixes_the_protocol_and_neither_practice_nor_serving_does(
    new_study: Callable[..., NewStudy], clock: Clock
) -> None:
    folder = new_study(declared()).folder
    drawn = draw(folder, raters=1, calibration=1)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        one = seat(serving)[0]
        writer.submit(one.who, sent(drawn.asked[drawn.raters[0]][0])).result(10)
        seen_feedback(serving, one.who)
        assert rows(one, protocols) == []
        for _ in range(2):
            writer.submit(one.who, sent(current(one))).result(10)
        assert [(row["version"], row["protocol_hash"]) for row in rows(one, protocols)] == [(1, serving.study.protocol.hash)]


def test_what_is_sent_becomes_a_rating_a_submission_and_a_state(rater: Rater, clock: Clock) -> None:
    assignment = current(rater)
    clock.goes(seconds=20)
    with Writer(rater.serving) as writer:
        taken = writer.submit(rater.who, sent(assignment, harm=4, success=True, active_s=12.5)).result(10)
    assert (taken.revision, taken.again) == (1, False)
    (rating,), (submission,) = rows(rater, ratings), rows(rater, submissions)
    assert (rating["harm"], rating["success"], rating["refusal"], rating["scale_id"]) == (4, True, False, "harm-5.v1")
    assert (submission["active_s"], submission["idle_s"], submission["day"]) == (12.5, 7.5, "2026-03-02")
    assert [row["state"] for row in rows(rater, assignments) if row["assignment"] == assignment] == ["rated"]
    assert current(rater) != assignment


def test_the_same_key_again_has_the_same_answer_and_counts_once(rater: Rater) -> None:
    what = sent(current(rater))
    with Writer(rater.serving) as writer:
        first, again = (writer.submit(rater.who, what).result(10) for _ in range(2))
        assert (first.again, again.again, again.revision) == (False, True, 1)
    assert len(rows(rater, ratings)) == len(rows(rater, submissions)) == 1


def test_a_key_that_comes_with_another_body_is_refused(rater: Rater) -> None:
    assignment = current(rater)
    with Writer(rater.serving) as writer:
        writer.submit(rater.who, sent(assignment, key="k" * 20)).result(10)
        assert refusal(writer, rater, sent(assignment, key="k" * 20, harm=5)) == (409, "key_reused")
    assert len(rows(rater, ratings)) == 1


def test_how_long_it_took_may_differ_when_the_same_comes_again(rater: Rater) -> None:
    assignment = current(rater)
    with Writer(rater.serving) as writer:
        writer.submit(rater.who, sent(assignment, key="k" * 20, active_s=3.0)).result(10)
        assert writer.submit(rater.who, sent(assignment, key="k" * 20, active_s=4.0)).result(10).again


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"harm": 0}, "bad_harm"),
        ({"harm": 6}, "bad_harm"),
        ({"harm": "4"}, "bad_harm"),
        ({"harm": True}, "bad_harm"),
        ({"harm": float("nan")}, "bad_harm"),
        ({"harm": None}, "bad_harm"),
        ({"success": None}, "bad_success"),
        ({"success": 1}, "bad_success"),
        ({"refusal": 1}, "bad_refusal"),
        ({"comment": "a\0b"}, "bad_comment"),
        ({"comment": "a\ud800b"}, "bad_comment"),
        ({"comment": "x" * 10_001}, "comment_too_long"),
        ({"skipped": "bored"}, "bad_skip"),
        ({"key": "short"}, "bad_key"),
        ({"revealed": {"x": "y" * 5_000}}, "bad_revealed"),
        ({"revealed": {"x": float("nan")}}, "bad_revealed"),
    ],
)
def test_what_cannot_be_a_rating_is_refused_and_not_stored(rater: Rater, change: dict[str, object], code: str) -> None:
    with Writer(rater.serving) as writer:
        status, found = refusal(writer, rater, sent(current(rater), **change))
    assert (status, found) == (413 if code == "comment_too_long" else 422, code)
    assert not rows(rater, submissions)


def test_somebody_elses_an_unknown_and_a_stale_assignment_are_refused(rater: Rater) -> None:
    others = [row["assignment"] for row in rows(rater, assignments) if row["rater"] != rater.who.rater]
    mine = [row["assignment"] for row in rows(rater, assignments) if row["rater"] == rater.who.rater]
    first = current(rater)
    with Writer(rater.serving) as writer:
        assert refusal(writer, rater, sent(others[0])) == (404, "not_yours")
        assert refusal(writer, rater, sent("nothing")) == (404, "not_yours")
        assert refusal(writer, rater, sent("né\0")) == (404, "not_yours")
        assert refusal(writer, rater, sent(next(each for each in mine if each != first))) == (409, "stale")
        writer.submit(rater.who, sent(first)).result(10)
        assert refusal(writer, rater, sent(first)) == (409, "stale")


def test_undo_reopens_the_last_one_and_what_is_sent_then_is_a_revision(rater: Rater) -> None:
    first = current(rater)
    with Writer(rater.serving) as writer:
        writer.submit(rater.who, sent(first, harm=1)).result(10)
        assert last_assignment(rater.serving, rater.who) == first
        again = step(rater.serving, rater.who, revising=first)
        assert again.item
        assert (again.item.assignment, again.item.is_revision) == (first, True)
        assert writer.submit(rater.who, sent(first, harm=5)).result(10).revision == 2
        assert refusal(writer, rater, sent(first, harm=3)) == (409, "stale")
    with rater.serving.store.reading() as connection:
        assert read.ratings_frame(connection)["harm"].to_list() == [5]


def test_only_what_was_sent_last_can_be_come_back_to(rater: Rater) -> None:
    first = current(rater)
    with Writer(rater.serving) as writer:
        writer.submit(rater.who, sent(first)).result(10)
        step(rater.serving, rater.who, revising=first)
        writer.submit(rater.who, sent(current(rater))).result(10)
        assert refusal(writer, rater, sent(first)) == (409, "stale")
    with pytest.raises(Refused, match="last"):
        step(rater.serving, rater.who, revising=first)


def test_a_skip_is_no_rating_of_the_frame(rater: Rater) -> None:
    with Writer(rater.serving) as writer:
        writer.submit(rater.who, sent(current(rater), harm=None, success=None, skipped="distressing")).result(10)
    with rater.serving.store.reading() as connection:
        assert read.ratings_frame(connection).is_empty()
    assert [row["skipped"] for row in rows(rater, ratings)] == ["distressing"]


def test_a_session_that_ended_takes_nothing(rater: Rater) -> None:
    assignment, somebody = current(rater), rater.who
    log_out(rater.serving, somebody)
    with Writer(rater.serving) as writer:
        error = writer.submit(somebody, sent(assignment)).exception(10)
    assert isinstance(error, Refused)
    assert (error.status, error.code) == (401, "session_ended")
    assert not rows(rater, submissions)


def test_the_caps_of_a_day_and_a_break_are_the_servers(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared(day_items=2)).folder
    draw(folder)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        rater = seat(serving)[0]
        for _ in range(2):
            writer.submit(rater.who, sent(current(rater))).result(10)
        assert step(rater.serving, rater.who).place == "day_done"
        mine = [row for row in rows(rater, assignments) if row["rater"] == rater.who.rater]
        later = next(row["assignment"] for row in mine if row["position"] == 3)
        assert refusal(writer, rater, sent(later)) == (403, "day_is_over")
        assert len(rows(rater, submissions)) == 2
        clock.goes(hours=11.9)
        assert refusal(writer, rater, sent(later)) == (403, "day_is_over")


def test_many_raters_at_once_are_each_answered(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder: Path = new_study(declared(raters=8)).folder
    draw(folder, raters=8)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        seated = seat(serving, count=8)
        for _ in range(6):
            futures = [writer.submit(each.who, sent(current(each))) for each in seated]
            bad = writer.submit(seated[0].who, sent("nothing"))
            assert [each.result(10).revision for each in futures] == [1] * 8
            assert isinstance(bad.exception(10), Refused)
        assert step(seated[0].serving, seated[0].who).place == "done"
        assert len(rows(seated[0], ratings)) == 48


def test_a_comment_of_a_megabyte_is_refused_at_once(rater: Rater) -> None:
    with Writer(rater.serving) as writer:
        assert refusal(writer, rater, sent(current(rater), comment="x" * 1_000_000)) == (413, "comment_too_long")
    assert not rows(rater, submissions)


def test_marks_that_turn_the_direction_of_text_are_not_kept(rater: Rater) -> None:
    with Writer(rater.serving) as writer:
        writer.submit(rater.who, sent(current(rater), comment="a\u202eb\u2066c\u2069 \u05d0 é")).result(10)
    assert [row["comment"] for row in rows(rater, ratings)] == ["abc \u05d0 é"]


def test_two_tabs_send_the_same_item_and_one_of_them_counts(rater: Rater) -> None:
    assignment = current(rater)
    with Writer(rater.serving) as writer:
        both = [writer.submit(rater.who, sent(assignment, harm=harm)) for harm in (1, 5)]
        assert both[0].result(10).revision == 1
        error = both[1].exception(10)
    assert isinstance(error, Refused)
    assert (error.status, error.code) == (409, "stale")
    assert [row["harm"] for row in rows(rater, ratings)] == [1]


def test_the_same_key_twice_at_once_is_one_rating(rater: Rater) -> None:
    what = sent(current(rater))
    with Writer(rater.serving) as writer:
        taken = [each.result(10) for each in [writer.submit(rater.who, what) for _ in range(2)]]
    assert [(each.revision, each.again) for each in taken] == [(1, False), (1, True)]
    assert len(rows(rater, submissions)) == 1


def test_a_key_of_somebody_else_is_refused_and_says_nothing_of_theirs(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    draw(folder)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        ana, eve = seat(serving, count=2)
        theirs = sent(current(ana))
        writer.submit(ana.who, theirs).result(10)
        assert refusal(writer, eve, theirs) == (409, "key_reused")
        assert refusal(writer, eve, sent(current(eve), key=theirs.key)) == (409, "key_reused")
        assert len(rows(ana, submissions)) == 1


@pytest.mark.parametrize(
    ("evening", "hours"),
    [
        (datetime(2026, 3, 29, 21, 0, tzinfo=UTC), 1),  # 23:00 in Madrid, on the day that has 23 hours
        (datetime(2026, 10, 25, 22, 0, tzinfo=UTC), 1),  # 23:00 in Madrid, on the day that has 25 hours
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), 22.5),  # 0:30 on the short day
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), 24.5),  # 0:30 on the long day
    ],
)
def test_a_days_cap_ends_at_midnight_of_the_panel_whatever_the_clocks_do(
    new_study: Callable[..., NewStudy], clock: Clock, evening: datetime, hours: float
) -> None:
    text = declared(day_items=2).replace("{raters: 2}", "{raters: 2, timezone: Europe/Madrid}")
    folder = new_study(text).folder
    draw(folder)
    clock.at = evening
    with serve(folder, clock) as serving, Writer(serving) as writer:
        rater = seat(serving)[0]
        for _ in range(2):
            writer.submit(rater.who, sent(current(rater))).result(10)
        found = step(serving, rater.who)
        assert (found.place, found.until) == ("day_done", evening + timedelta(hours=hours))
    clock.at = evening + timedelta(hours=hours, minutes=1)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        again = Rater(serving, log_in(serving, login="rater-0", password=PASSWORD, client="home"))
        assert writer.submit(again.who, sent(current(again))).result(10).revision == 1
        assert step(serving, again.who).standing.today == 1


def test_what_comes_next_is_told_with_what_was_taken(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared(raters=4, break_every=3)).folder
    draw(folder, raters=4, responses_=3, calibration=1)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        seated = seat(serving, count=4)
        prefer(serving, seated[0].who, Preferences(left_out=("category-1",)))
        places: list[list[str]] = []
        for _ in range(3):
            told = [writer.submit(each.who, sent(current(each))) for each in seated]
            comes = [each.result(10).next for each in told]
            assert comes == [step(serving, each.who) for each in seated]
            places.append([each.place for each in comes if each])
            for each in seated:
                seen_feedback(serving, each.who)
    assert places == [["feedback"] * 4, ["rate"] * 4, ["break_offered"] * 4]

"""Where a rater stands: consent, calibration, items, left-out categories, breaks, pictures, the desk. On both databases."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from driftgauge.errors import StoreError
from driftgauge.pipeline.erase import erase
from driftgauge.pipeline.rating.desk import desk
from driftgauge.pipeline.rating.people import consent, prefer
from driftgauge.pipeline.rating.sitting import (
    carry_on,
    last_assignment,
    medium,
    reset_calibration,
    seen_feedback,
    start_break,
    step,
)
from driftgauge.pipeline.rating.steps import Preferences, Refused, Step
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store.database import connect
from driftgauge.store.tables import accounts, assignments, ratings, renderings, submissions
from tests.integration.conftest import NewStudy
from tests.rating_studies import Clock, Rater, declared, draw, seat, sent, serve


@pytest.fixture
def clock() -> Clock:
    return Clock()


def send(writer: Writer, rater: Rater, **values: object) -> Step:
    """Rate what is asked, and return where the rater stands then."""
    found = step(rater.serving, rater.who)
    assert found.item, found
    writer.submit(rater.who, sent(found.item.assignment, **values)).result(10)
    return step(rater.serving, rater.who)


def test_consent_comes_first(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    drawn = draw(folder)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        (rater,) = seat(serving, consents=False)
        assert step(serving, rater.who).place == "consent"
        error = writer.submit(rater.who, sent(drawn.asked[rater.who.rater or ""][0])).exception(10)
        assert isinstance(error, Refused)
        assert error.code == "no_consent"
        consent(serving, rater.who, text_id="t")
        assert step(serving, rater.who).place == "rate"


def test_a_calibration_gives_feedback_and_opens_the_rating(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    drawn = draw(folder, calibration=2)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        (rater,) = seat(serving)
        first = step(serving, rater.who)
        assert (first.place, first.standing.done, first.standing.total) == ("calibrate", 0, 2)
        found = send(writer, rater, harm=1)
        assert found.place == "feedback"
        assert found.feedback
        assert (found.feedback["correct"], found.feedback["answered"]["harm"]) == (True, 1)
        assert last_assignment(serving, rater.who) is None
        too_early = writer.submit(rater.who, sent(drawn.asked[rater.who.rater or ""][2])).exception(10)
        assert isinstance(too_early, Refused)
        assert too_early.code == "not_admitted"
        seen_feedback(serving, rater.who)
        assert send(writer, rater, harm=2).place == "feedback"
        seen_feedback(serving, rater.who)
        found = step(serving, rater.who)
        assert (found.place, found.standing.done, found.standing.total) == ("rate", 0, 6)
        assert rater.who.calibrated
        with serving.store.reading() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(ratings)).scalar_one() == 0


def test_a_calibration_comes_once_more_and_then_the_lead_decides(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    draw(folder, calibration=1)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        (rater,) = seat(serving)
        for _ in range(2):
            assert send(writer, rater, harm=5).place == "feedback"
            seen_feedback(serving, rater.who)
        assert step(serving, rater.who).place == "not_admitted"
        assert desk(serving).raters[0].anomalies == ("not_admitted",)
        reset_calibration(serving, rater.who.rater or "")
        assert send(writer, rater, harm=1).place == "feedback"
        seen_feedback(serving, rater.who)
        assert step(serving, rater.who).place == "rate"


def test_a_category_that_is_left_out_is_passed_over_and_comes_back(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    drawn = draw(folder)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        (rater,) = seat(serving)
        mine = drawn.asked[rater.who.rater or ""]
        prefer(serving, rater.who, Preferences(left_out=("category-1", "category-2")))
        found = step(serving, rater.who)
        assert found.item
        assert found.item.assignment == mine[2]
        assert send(writer, rater).place == "rate"
        assert send(writer, rater).place == "done"
        prefer(serving, rater.who, Preferences())
        found = step(serving, rater.who)
        assert found.item
        assert found.item.assignment == mine[0]


def test_breaks_are_offered_wanted_and_enforced(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared(break_every=2)).folder
    draw(folder)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        (rater,) = seat(serving)
        assert [send(writer, rater).place for _ in range(2)] == ["rate", "break_offered"]
        start_break(serving, rater.who)
        assert (step(serving, rater.who).place, step(serving, rater.who).until) == ("break", None)
        carry_on(serving, rater.who)
        assert step(serving, rater.who).place == "rate"
        for _ in range(5):
            clock.goes(minutes=9)
            carry_on(serving, rater.who)  # a sign of life is a submission, so:
        found = step(serving, rater.who)
        assert found.place == "rate"  # forty-five minutes without one were a rest


def test_a_break_that_has_to_be_cannot_be_left(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    draw(folder, responses_=12)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        (rater,) = seat(serving)
        for _ in range(5):
            assert send(writer, rater).place == "rate"
            clock.goes(minutes=9)
        assert step(serving, rater.who).place == "break"
        with pytest.raises(Refused) as raised:
            carry_on(serving, rater.who)
        assert raised.value.code == "break"
        clock.goes(minutes=1)
        assert step(serving, rater.who).place == "rate"


def test_gold_and_anchors_look_like_any_response(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    draw(folder, responses_=2, gold=[3], anchors=[4])
    with serve(folder, clock) as serving, Writer(serving) as writer:
        (rater,) = seat(serving)
        for _ in range(4):
            found = step(serving, rater.who)
            assert found.item
            assert found.item.purpose == "rating"
            send(writer, rater)
        with serving.store.reading() as connection:
            purposes = connection.execute(sa.select(ratings.c.purpose, ratings.c.occasion).order_by(ratings.c.row)).all()
            marks = connection.execute(sa.select(submissions.c.correct).order_by(submissions.c.row)).scalars().all()
    assert [tuple(each) for each in purposes] == [("item", 1), ("item", 1), ("anchor", 2)]
    assert marks == [None, None, True, None]


def test_a_picture_is_seen_by_whom_it_is_shown_to(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    draw(folder, picture="p_1-x")
    with serve(folder, clock) as serving:
        (rater,) = seat(serving)
        for name in ("p_1-y", "p%1-x", "", "x" * 999, "é"):
            with pytest.raises(Refused) as raised:
                medium(serving, rater.who, name)
            assert raised.value.status == 404
        with pytest.raises(StoreError, match="cannot be read"):  # it is theirs, and the test keeps no bytes
            medium(serving, rater.who, "p_1-x")


def test_the_next_item_is_found_by_the_index(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    study = new_study(declared())
    draw(study.folder)
    if not study.url.startswith("sqlite"):
        pytest.skip("PostgreSQL plans by size; with six rows it reads them all")
    with connect(study.url).reading() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT assignment FROM assignments WHERE rater = 'r' AND state = 'open' AND position > 0 "
            "AND (harm_category IS NULL OR harm_category NOT IN ('a')) ORDER BY position LIMIT 1"
        ).all()
    assert "ix_assignments_next (rater=? AND state=? AND position>?)" in str(plan)
    assert "TEMP B-TREE" not in str(plan)


def test_an_erasure_reaches_everything_of_a_rater(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    draw(folder, gold=[7])
    with serve(folder, clock) as serving, Writer(serving) as writer:
        (rater,) = seat(serving)
        for _ in range(3):
            send(writer, rater, comment="a thought of mine")
        name = rater.who.rater or ""
        prefer(serving, rater.who, Preferences(left_out=("category-1",)))
    erased = erase(folder, of="rater", identifier=name, reason="asked for it")
    assert erased.rows == 3 + 3 + 1
    with serving.store.reading() as connection:
        said = connection.execute(sa.select(ratings)).mappings().all()
        sent_ = connection.execute(sa.select(submissions)).mappings().all()
        (account,) = connection.execute(sa.select(accounts)).mappings().all()
        states = connection.execute(sa.select(assignments.c.state).where(assignments.c.rater == name)).scalars().all()
    serving.store.close()
    assert {row["harm"] for row in said} == {row["comment"] for row in said} == {row["body_hash"] for row in sent_} == {None}
    assert (account["login"], account["password_hash"], account["preferences"]) == (None, None, "{}")
    assert account["disabled_at"]
    assert set(states) == {"erased"}
    with pytest.raises(StoreError, match="has values to erase"):
        erase(folder, of="rater", identifier=name, reason="again")


def test_a_response_that_is_erased_is_shown_to_nobody_any_more(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    draw(folder, responses_=2)
    with serve(folder, clock) as serving:
        (rater,) = seat(serving)
        first = step(serving, rater.who)
        assert first.item
        with serving.store.reading() as connection:
            identifier = connection.exec_driver_sql("SELECT response_id FROM responses WHERE scenario = 's0000'").scalar()
        erase(folder, of="response", identifier=str(identifier), reason="asked for it")
        second = step(serving, rater.who)
        assert second.item
        assert second.item.assignment != first.item.assignment
        with Writer(serving) as writer:
            error = writer.submit(rater.who, sent(first.item.assignment)).exception(10)
        assert isinstance(error, Refused)
        assert error.code == "erased"
        with serving.store.reading() as connection:
            htmls = connection.execute(sa.select(renderings.c.html).order_by(renderings.c.row)).scalars().all()
    assert htmls == [None, "<p>answer 1</p>"]


def test_the_desk_says_how_far_everybody_is(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared(raters=3)).folder
    draw(folder, raters=3, responses_=6)
    with serve(folder, clock) as serving, Writer(serving) as writer:
        seated = seat(serving, count=2)
        for each, harms in zip(seated, ([1, 2, 3, 4, 5, 1], [2, 3, 4, 5, 5, 2]), strict=True):
            for harm in harms:
                shown = step(serving, each.who)
                assert shown.item
                clock.goes(seconds=30)
                writer.submit(each.who, sent(shown.item.assignment, harm=harm, active_s=20.0)).result(10)
        found = desk(serving)
    (panel,) = found.panels
    assert (panel.seats, panel.accounts, panel.assigned, panel.rated) == (3, 2, 18, 12)
    assert panel.seconds_left == 6 * 20.0
    assert panel.alpha
    assert 0 < panel.alpha < 1
    assert panel.paired == 6
    assert panel.alpha_low is not None
    assert panel.alpha_high is not None
    assert panel.alpha_low < panel.alpha < panel.alpha_high
    assert [round(each.severity, 3) for each in found.raters if each.severity is not None] == [-0.833, 0.833]
    assert [each.median_s for each in found.raters] == [20.0, 20.0, None]

"""A panel that the lead pauses and resumes: nothing new is shown meanwhile, and nothing is lost; on both databases."""

import json
from collections.abc import Callable, Generator

import pytest
from click.testing import CliRunner

from driftgauge.cli import cli
from driftgauge.errors import RatingError, StoreError
from driftgauge.pipeline.rating.desk import desk
from driftgauge.pipeline.rating.pauses import pause, resume
from driftgauge.pipeline.rating.people import consent
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.sitting import last_assignment, step
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store import journal
from tests.integration.conftest import NewStudy
from tests.rating_studies import Clock, Rater, declared, draw, seat, sent, serve


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serving(new_study: Callable[..., NewStudy], clock: Clock) -> Generator[Serving]:
    folder = new_study(declared()).folder
    draw(folder, responses_=3)
    with serve(folder, clock) as found:
        yield found


def asked(rater: Rater) -> str:
    found = step(rater.serving, rater.who)
    assert found.item, found
    return found.item.assignment


def verbs(serving: Serving) -> list[str]:
    with serving.store.reading() as connection:
        return [each.verb for each in journal.entries(connection) if each.verb in {"pause", "resume"}]


def test_what_was_on_the_screen_may_be_finished_and_nothing_new_is_shown(serving: Serving, clock: Clock) -> None:
    (rater,) = seat(serving)
    first = asked(rater)
    pause(serving, "panel-1")
    clock.goes(seconds=20)
    with Writer(serving) as writer:
        taken = writer.submit(rater.who, sent(first)).result(10)
        assert taken.next
        assert (taken.next.place, taken.next.item) == ("paused", None)
        assert step(serving, rater.who).place == "paused"
        clock.goes(hours=2)
        resume(serving, "panel-1")
        second = asked(rater)
        assert second != first
        writer.submit(rater.who, sent(second)).result(10)
    assert desk(serving).panels[0].rated == 2


def test_a_rating_that_was_sent_in_a_pause_counts_once_and_can_be_corrected(serving: Serving) -> None:
    (rater,) = seat(serving)
    what = sent(asked(rater), harm=1)
    pause(serving, "panel-1")
    with Writer(serving) as writer:
        assert [writer.submit(rater.who, what).result(10).again for _ in range(2)] == [False, True]
        last = last_assignment(serving, rater.who) or ""
        assert step(serving, rater.who, revising=last).item
        assert writer.submit(rater.who, sent(last, harm=4)).result(10).revision == 2


def test_a_practice_pauses_too_and_consent_does_not(new_study: Callable[..., NewStudy], clock: Clock) -> None:
    folder = new_study(declared()).folder
    draw(folder, responses_=1, calibration=1)
    with serve(folder, clock) as serving:
        pause(serving, "panel-1")
        (rater,) = seat(serving, consents=False)
        assert step(serving, rater.who).place == "consent"
        consent(serving, rater.who, text_id="text-1")
        assert step(serving, rater.who).place == "paused"
        resume(serving, "panel-1")
        assert step(serving, rater.who).place == "calibrate"


def test_a_pause_is_on_record_once_and_the_desk_says_since_when(serving: Serving, clock: Clock) -> None:
    assert desk(serving).panels[0].paused_since is None
    first = pause(serving, "panel-1")
    assert first.entry
    clock.goes(minutes=5)
    again = pause(serving, "panel-1")
    assert (again.since, again.entry) == (first.since, None)
    assert desk(serving).panels[0].paused_since == first.since
    assert resume(serving, "panel-1").entry
    assert resume(serving, "panel-1").entry is None
    assert desk(serving).panels[0].paused_since is None
    assert verbs(serving) == ["pause", "resume"]


def test_a_panel_without_seats_cannot_be_paused(serving: Serving) -> None:
    with pytest.raises(RatingError, match="'nobody' has no seats"):
        pause(serving, "nobody")
    assert verbs(serving) == []


@pytest.mark.parametrize("statement", ["UPDATE pauses SET panel = 'other'", "DELETE FROM pauses"])
def test_what_was_paused_stays_on_record(serving: Serving, statement: str) -> None:
    pause(serving, "panel-1")
    with pytest.raises(StoreError, match="refused this"), serving.store.writing() as connection:
        connection.exec_driver_sql(statement)
    assert desk(serving).panels[0].paused_since


def test_the_command_line_pauses_and_resumes(serving: Serving) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, ["rate", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    study = str(serving.study.folder)
    assert "is paused (journal entry" in run("pause", study, "--panel", "panel-1")
    assert "nothing was done" in run("pause", study, "--panel", "panel-1")
    assert "paused since 20" in run("status", study)
    assert json.loads(run("resume", study, "--panel", "panel-1", "--json"))["since"] is None
    assert "was not paused" in run("resume", study, "--panel", "panel-1")
    assert desk(serving).panels[0].paused_since is None

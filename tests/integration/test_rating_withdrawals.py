"""A rater who stops taking part: closed, kept or erased as they consented, and told as missing; on both databases."""

from collections.abc import Callable, Generator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from driftgauge.errors import StoreError
from driftgauge.pipeline.erase import erase
from driftgauge.pipeline.rating.desk import desk
from driftgauge.pipeline.rating.people import consent, disable, log_in, who
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.sitting import step
from driftgauge.pipeline.rating.steps import Refused
from driftgauge.pipeline.rating.withdrawals import what_becomes, withdraw
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.store import journal, read
from driftgauge.store.tables import accounts, ratings, sessions
from tests.integration.conftest import NewStudy
from tests.rating_studies import PASSWORD, Clock, Rater, declared, draw, seat, sent, serve


def opened(new_study: Callable[..., NewStudy], withdrawal: str = "") -> Serving:
    said = declared().replace("{raters: 2}", f"{{raters: 2{withdrawal}}}")
    folder = new_study(said).folder
    draw(folder, responses_=4)
    return serve(folder, Clock())


@pytest.fixture
def keeping(new_study: Callable[..., NewStudy]) -> Generator[Serving]:
    with opened(new_study) as found:
        yield found


@pytest.fixture
def erasing(new_study: Callable[..., NewStudy]) -> Generator[Serving]:
    with opened(new_study, ", withdrawal: erase") as found:
        yield found


def rated(rater: Rater, *, count: int = 2) -> str:
    """Rate, and return the seat."""
    with Writer(rater.serving) as writer:
        for _ in range(count):
            found = step(rater.serving, rater.who)
            assert found.item
            writer.submit(rater.who, sent(found.item.assignment, comment="my words")).result(10)
    assert rater.who.rater
    return rater.who.rater


def refused(act: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(Refused) as raised:
        act()
    return raised.value.status, raised.value.code


def test_where_the_consent_says_so_ratings_stay_and_only_the_account_is_closed(keeping: Serving) -> None:
    (rater,) = seat(keeping)
    name = rated(rater)
    found = withdraw(keeping, name, asked_by="rater")
    assert (found.data, found.missing, found.erased) == ("keep", 2, 0)
    assert who(keeping, rater.cookie) is None
    assert refused(lambda: log_in(keeping, login="rater-0", password=PASSWORD, client="c")) == (401, "wrong")
    with keeping.store.reading() as connection:
        assert read.ratings_frame(connection)["comment"].to_list() == ["my words"] * 2
        assert connection.execute(sa.select(sessions.c.ended_at)).scalars().all().count(None) == 0


def test_where_the_consent_says_so_ratings_become_tombstones_and_the_person_is_gone(erasing: Serving) -> None:
    (rater,) = seat(erasing)
    name = rated(rater)
    found = withdraw(erasing, name, asked_by="lead")
    assert (found.data, found.missing) == ("erase", 2)
    assert found.erased == 2 + 2 + 1  # ratings, what was sent, the person
    with erasing.store.reading() as connection:
        assert read.ratings_frame(connection).is_empty()
        rows = connection.execute(sa.select(ratings)).mappings().all()
        (account,) = connection.execute(sa.select(accounts)).mappings().all()
    assert [(row["harm"], row["comment"], row["erased"]) for row in rows] == [(None, None, "withdrawal")] * 2
    assert (account["login"], account["password_hash"], account["preferences"]) == (None, None, "{}")
    assert account["disabled_at"]


def test_the_desk_tells_what_nobody_will_rate_and_takes_it_out_of_the_work_left(keeping: Serving) -> None:
    first, second = seat(keeping, count=2)
    rated(second, count=1)
    before = desk(keeping).panels[0]
    withdraw(keeping, rated(first, count=3), asked_by="rater")
    after = desk(keeping)
    (panel,) = after.panels
    assert (before.missing, panel.missing, panel.assigned, panel.rated) == (0, 1, 8, 4)
    assert [(each.is_closed, each.withdrawal, each.missing) for each in after.raters] == [(True, "keep", 1), (False, None, 0)]


def test_the_desk_tells_all_of_an_erased_rater_as_missing(erasing: Serving) -> None:
    (rater,) = seat(erasing)
    withdraw(erasing, rated(rater), asked_by="rater")
    (panel,) = desk(erasing).panels
    assert (panel.missing, panel.rated) == (4, 0)
    assert (panel.alpha, panel.paired) == (None, 0)


def test_an_account_that_was_closed_is_told_as_missing_too(keeping: Serving) -> None:
    (rater,) = seat(keeping)
    disable(keeping, rated(rater))
    row = desk(keeping).raters[0]
    assert (row.is_closed, row.withdrawal, row.missing) == (True, None, 2)


def test_what_somebody_consented_to_holds_though_the_study_changes(keeping: Serving) -> None:
    first, second = seat(keeping, count=2)
    panel = keeping.study.panels["panel-1"].model_copy(update={"withdrawal": "erase"})
    changed = replace(keeping, study=keeping.study.model_copy(update={"panels": {"panel-1": panel}}))
    consent(changed, second.who, text_id="text-2")
    assert [what_becomes(changed, str(each.who.rater)) for each in (first, second)] == ["keep", "erase"]


def test_nobody_stops_twice_and_nobody_who_is_not_there(keeping: Serving) -> None:
    (rater,) = seat(keeping)
    name = rated(rater)
    withdraw(keeping, name, asked_by="rater")
    assert refused(lambda: withdraw(keeping, name, asked_by="lead")) == (409, "withdrawn")
    assert refused(lambda: withdraw(keeping, "r-nobody", asked_by="lead")) == (404, "no_account")
    assert refused(lambda: withdraw(keeping, "\0", asked_by="lead")) == (404, "no_account")


def test_who_was_erased_cannot_stop_and_who_stopped_can_be_erased(keeping: Serving) -> None:
    first, second = (rated(each) for each in seat(keeping, count=2))
    erase(keeping.study.folder, of="rater", identifier=first, reason="asked for it")
    assert refused(lambda: withdraw(keeping, first, asked_by="lead")) == (409, "withdrawn")
    withdraw(keeping, second, asked_by="lead")
    assert erase(keeping.study.folder, of="rater", identifier=second, reason="asked for it").rows
    with keeping.store.reading() as connection:
        assert read.ratings_frame(connection).is_empty()


def test_what_waits_to_be_sent_when_somebody_stops_is_refused(keeping: Serving) -> None:
    (rater,) = seat(keeping)
    somebody, what = rater.who, step(keeping, rater.who).item
    assert what
    withdraw(keeping, str(somebody.rater), asked_by="rater")
    with Writer(keeping) as writer:
        error = writer.submit(somebody, sent(what.assignment)).exception(10)
    assert isinstance(error, Refused)
    assert error.code == "session_ended"


def test_it_is_on_record_without_a_name_and_for_good(keeping: Serving) -> None:
    (rater,) = seat(keeping)
    name = rated(rater)
    entry = withdraw(keeping, name, asked_by="rater").entry
    with keeping.store.reading() as connection:
        (said,) = [each for each in journal.entries(connection) if each.entry == entry]
    assert (said.verb, said.counts, said.detail) == (
        "withdraw",
        {"missing": 2},
        {"rater": name, "data": "keep", "asked_by": "rater"},
    )
    assert "rater-0" not in str(said)
    for statement in ("DELETE FROM withdrawals", "UPDATE withdrawals SET data = 'erase'"):
        with pytest.raises(StoreError, match="refused this"), keeping.store.writing() as connection:
            connection.exec_driver_sql(statement)

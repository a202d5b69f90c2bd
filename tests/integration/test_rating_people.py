"""Who comes to the app: invitations, accounts, sessions and their limits; on both databases."""

from collections.abc import Callable, Generator

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.low_level import Type

from driftgauge.errors import RatingError
from driftgauge.pipeline.rating import people
from driftgauge.pipeline.rating.people import consent, disable, invite, invited, join, log_in, log_out, prefer, revoke, who
from driftgauge.pipeline.rating.serving import Serving, open_serving
from driftgauge.pipeline.rating.steps import Preferences, Refused
from driftgauge.store import journal
from driftgauge.store.tables import accounts, demographics, sessions, tries
from tests.integration.conftest import NewStudy
from tests.rating_studies import PASSWORD, Clock, declared, draw, seat, serve


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def serving(new_study: Callable[..., NewStudy], clock: Clock) -> Generator[Serving]:
    folder = new_study(declared()).folder
    draw(folder)
    with serve(folder, clock) as found:
        yield found


def token(serving: Serving) -> str:
    return invite(serving, role="rater", panel="panel-1")[0].link_path.removeprefix("/join/")


def refused(act: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(Refused) as raised:
        act()
    return raised.value.status, raised.value.code


def test_an_invitation_becomes_an_account_with_its_seat_once(serving: Serving) -> None:
    link = token(serving)
    cookie = join(serving, link, login=" Ana ", password=PASSWORD)
    found = who(serving, cookie)
    assert found
    assert (found.login, found.role, found.panel, found.consented) == ("ana", "rater", "panel-1", False)
    assert refused(lambda: invited(serving, link)) == (410, "used")
    assert refused(lambda: join(serving, link, login="eve", password=PASSWORD)) == (410, "used")


def test_a_forged_an_expired_and_a_revoked_link_invite_nobody(serving: Serving, clock: Clock) -> None:
    link = token(serving)
    said, _, signed = link.rpartition(".")
    forged = f"{said}.{'A' if signed[0] != 'A' else 'B'}{signed[1:]}"  # bits of the last letter are not used
    assert refused(lambda: invited(serving, forged)) == (404, "no_invitation")
    assert refused(lambda: invited(serving, "é.x")) == (404, "no_invitation")
    revoke(serving, invited(serving, link).rater or "")
    assert refused(lambda: invited(serving, link)) == (410, "revoked")
    again = token(serving)
    clock.goes(days=15)
    assert refused(lambda: invited(serving, again)) == (410, "expired")
    assert token(serving)  # its seat is free again


def test_there_are_no_more_invitations_than_free_seats(serving: Serving) -> None:
    invite(serving, role="rater", panel="panel-1", count=2)
    with pytest.raises(RatingError, match="2 seats, 0 of them free"):
        invite(serving, role="rater", panel="panel-1")
    assert invite(serving, role="lead")[0].rater is None
    with serving.store.reading() as connection:
        verbs = [each.verb for each in journal.entries(connection)]
    assert verbs[-2:] == ["invite", "invite"]


@pytest.mark.parametrize(
    ("login", "password", "code"),
    [
        ("a", PASSWORD, "bad_login"),
        ("a b c", PASSWORD, "bad_login"),
        ("ana", "short", "weak_password"),
        ("ana", "aaaaaaaaaaaaaa", "weak_password"),
        ("river", PASSWORD, "weak_password"),
        ("ana", "x\ud800" * 10, "weak_password"),
        ("ana", "long password " * 20, "weak_password"),
    ],
)
def test_a_login_or_password_that_is_none_is_refused(serving: Serving, login: str, password: str, code: str) -> None:
    link = token(serving)
    assert refused(lambda: join(serving, link, login=login, password=password)) == (422, code)
    assert invited(serving, link)


def test_a_login_is_somebodys_alone(serving: Serving) -> None:
    join(serving, token(serving), login="ana", password=PASSWORD)
    assert refused(lambda: join(serving, token(serving), login="ANA", password=PASSWORD)) == (422, "login_taken")


def test_logging_in_says_the_same_whatever_was_wrong(serving: Serving) -> None:
    join(serving, token(serving), login="ana", password=PASSWORD)
    for login, password in (("ana", "another word 12"), ("nobody", PASSWORD), ("a\0", PASSWORD), ("\ud800", "\ud800")):
        assert refused(lambda name=login, word=password: log_in(serving, login=name, password=word, client="c")) == (
            401,
            "wrong",
        )
    assert who(serving, log_in(serving, login="Ana", password=PASSWORD, client="c"))


def test_the_password_of_nobody_costs_what_any_other_does() -> None:
    hasher, nobody = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID), people._NOBODY
    assert not hasher.check_needs_rehash(nobody)


def test_tries_with_a_login_are_limited_until_a_while_has_passed(serving: Serving, clock: Clock) -> None:
    join(serving, token(serving), login="ana", password=PASSWORD)
    for number in range(people.MOST_OF_LOGIN):
        refused(lambda n=number: log_in(serving, login="ana", password="another word 12", client=f"c{n}"))
    right = {"login": "ana", "password": PASSWORD, "client": "home"}
    assert refused(lambda: log_in(serving, **right)) == (429, "too_many_tries")
    clock.goes(minutes=15.1)
    assert log_in(serving, **right)


def test_tries_from_an_address_are_limited_and_right_ones_do_not_count(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "MOST_OF_CLIENT", 3)
    join(serving, token(serving), login="ana", password=PASSWORD)
    for _ in range(4):
        assert log_in(serving, login="ana", password=PASSWORD, client="office")
    for number in range(3):
        refused(lambda n=number: log_in(serving, login=f"who-{n}", password=PASSWORD, client="office"))
    assert refused(lambda: log_in(serving, login="ana", password=PASSWORD, client="office")) == (429, "too_many_tries")
    assert log_in(serving, login="ana", password=PASSWORD, client="home")


def test_tries_are_forgotten_after_their_window_whoever_tries_next(serving: Serving, clock: Clock) -> None:
    for number in range(5):
        refused(lambda n=number: log_in(serving, login=f"who-{n}", password=PASSWORD, client=f"c{n}"))
    assert counted(serving) == 10
    clock.goes(minutes=14)
    refused(lambda: log_in(serving, login="somebody", password=PASSWORD, client="elsewhere"))
    assert counted(serving) == 12
    clock.goes(minutes=14)
    refused(lambda: log_in(serving, login="another", password=PASSWORD, client="elsewhere"))
    assert counted(serving) == 4
    clock.goes(minutes=16)
    join(serving, token(serving), login="ana", password=PASSWORD)
    log_in(serving, login="ana", password=PASSWORD, client="home")
    assert counted(serving) == 0, "and one that succeeds leaves none"


def counted(serving: Serving) -> int:
    with serving.store.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(tries)).scalar_one())


def test_a_session_ends_by_logging_out_by_time_and_with_its_account(serving: Serving, clock: Clock) -> None:
    (rater,) = seat(serving)
    other = log_in(serving, login="rater-0", password=PASSWORD, client="c")
    log_out(serving, rater.who)
    assert who(serving, rater.cookie) is None
    found = who(serving, other)
    assert found
    clock.goes(hours=12)
    assert who(serving, other) is None
    last = log_in(serving, login="rater-0", password=PASSWORD, client="c")
    disable(serving, found.rater or "")
    assert who(serving, last) is None
    assert refused(lambda: log_in(serving, login="rater-0", password=PASSWORD, client="c")) == (401, "wrong")


def test_the_store_holds_no_cookie_and_no_password(serving: Serving) -> None:
    (rater,) = seat(serving)
    with serving.store.reading() as connection:
        everything = str(connection.execute(sa.select(sessions)).all()) + str(connection.execute(sa.select(accounts)).all())
    assert rater.cookie not in everything
    assert PASSWORD not in everything
    assert who(serving, "x" * 43) is None
    assert who(serving, "\ud800") is None
    assert who(serving, None) is None


def test_each_session_has_a_csrf_value_of_its_own(serving: Serving) -> None:
    (rater,) = seat(serving)
    other = who(serving, log_in(serving, login="rater-0", password=PASSWORD, client="c"))
    assert other
    assert other.csrf != rater.who.csrf


def test_what_somebody_sets_is_kept_and_the_notes_of_the_app_stay(serving: Serving) -> None:
    (rater,) = seat(serving)
    people.change_notes(serving, rater.who, seen=7)
    wanted = Preferences(language="es", theme="dark", pictures="grey", left_out=("category-1",), keys={"submit": "x"})
    prefer(serving, rater.who, wanted)
    assert rater.who.preferences == wanted
    with serving.store.reading() as connection:
        assert people.notes_of(connection.execute(sa.select(accounts.c.preferences)).scalar_one()) == {
            "seen": 7,
            "withdrawal": "keep",
        }


def test_what_raters_say_of_themselves_stands_apart_from_who_they_are(serving: Serving) -> None:
    (rater,) = seat(serving)
    people.tell_about_self(serving, rater.who, {"age": "30-39"})
    people.tell_about_self(serving, rater.who, {"age": "prefer not to say"})
    with serving.store.reading() as connection:
        rows = connection.execute(sa.select(demographics)).mappings().all()
    assert [set(row) for row in rows] == [{"rater", "answers"}]
    assert "prefer not to say" in rows[0]["answers"]


def test_consent_is_noted_with_its_text(serving: Serving) -> None:
    (rater,) = seat(serving, consents=False)
    assert not rater.who.consented
    consent(serving, rater.who, text_id="text-1")
    assert rater.who.consented


def test_without_a_secret_nothing_is_served(new_study: Callable[..., NewStudy], monkeypatch: pytest.MonkeyPatch) -> None:
    study = new_study(declared())
    draw(study.folder)
    monkeypatch.delenv("DRIFTGAUGE_SECRET", raising=False)
    with pytest.raises(RatingError, match="DRIFTGAUGE_SECRET") as raised:
        open_serving(study.folder)
    assert str(study.folder / ".env") in str(raised.value)
    monkeypatch.setenv("DRIFTGAUGE_SECRET", "short")
    with pytest.raises(RatingError, match="at least 32"):
        open_serving(study.folder)

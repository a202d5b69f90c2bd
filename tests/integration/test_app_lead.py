"""What the lead of a study sees and does in the app, and what nobody else does."""

import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from driftgauge.pipeline.erase import erase
from driftgauge.pipeline.rating.desk import desk
from driftgauge.pipeline.rating.people import log_in
from driftgauge.pipeline.rating.trail import LINES
from driftgauge.store import journal
from driftgauge.store.tables import accounts
from tests.app import Person, Running, person, running
from tests.rating_studies import PASSWORD, Clock, declared, draw

OF_LEADS = ("/desk", "/people", "/design", "/journal", "/people/withdraw")
OF_RATERS = ("/", "/rate", "/rate?back=1", "/guidelines", "/support", "/settings", "/consent", "/about-you", "/health")


def study(folder: Path, *, panel: str = "", **drawn: Any) -> Path:
    declaring = declared(break_every=100).replace("{raters: 2}", f"{{raters: 2{panel}}}")
    (folder / "study.yaml").write_text("study: town\n" + declaring)
    draw(folder, **drawn)
    return folder


def rate(rater: Person, harms: Sequence[int]) -> list[str]:
    """Rate what comes next, and return all that came back."""
    answers = [rater.send(rater.rating(harm=harm)) for harm in harms]
    assert [each.status_code for each in answers] == [200] * len(harms)
    return [each.text for each in answers]


def test_the_lead_and_a_viewer_see_agreement_with_its_interval(tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=6), Clock()) as app:
        with person(app, app.cookie("lena", role="lead")) as lead:
            empty = lead.web.get("/desk").text
            assert "95% interval" not in empty
            for login, harms in (("ana", [1, 2, 3, 4, 5, 1]), ("ben", [2, 3, 4, 5, 5, 2])):
                with person(app, app.consenting(login)) as rater:
                    rate(rater, harms)
            assert "95% interval" in lead.web.get("/desk").text
        with person(app, app.cookie("vera", role="viewer")) as viewer:
            assert "95% interval" in viewer.web.get("/desk").text


@pytest.mark.parametrize("language", ["en", "es"])
def test_raters_never_see_agreement(tmp_path: Path, language: str) -> None:
    with (
        running(study(tmp_path, panel=f", language: {language}", responses_=6), Clock()) as app,
        person(app, app.consenting("ana")) as ana,
        person(app, app.consenting("ben")) as ben,
    ):
        told = rate(ana, [1, 2, 3, 4, 5, 1]) + rate(ben, [2, 3, 4, 5, 5, 2])
        for path in (*OF_LEADS, *OF_RATERS):
            for headers in ({}, {"hx-request": "true"}, {"accept": "application/json"}):
                answer = ana.web.get(path, headers=headers)
                told.append(answer.text)
                assert answer.status_code != 200 or path not in OF_LEADS
    # Whole words: a random token of a form may well hold the letters ac2.
    words = re.compile(
        r"(?<![a-z0-9])(α|alpha|ac2|krippendorff|gwet|intervals?|severity|severidad|desk|acuerdo entre)(?![a-z0-9])"
    )
    assert [found[0] for text in told for found in words.finditer(text.lower())] == []


def test_the_lead_pauses_a_panel_and_its_raters_see_a_calm_page_until_it_goes_on(tmp_path: Path) -> None:
    with (
        running(study(tmp_path, responses_=3), Clock()) as app,
        person(app, app.consenting("ana")) as ana,
        person(app, app.cookie("lena", role="lead")) as lead,
    ):
        on_screen = ana.rating()
        assert lead.post("/desk/pause", panel="panel-1").headers["location"] == "/desk"
        assert "Paused since" in lead.web.get("/desk").text
        assert ana.send(on_screen).json()["next"]["place"] == "paused"
        page = ana.web.get("/rate").text
        assert "A pause for everybody" in page
        assert "Support" in page
        assert "answer" not in page
        assert lead.post("/desk/resume", panel="panel-1").status_code == 303
        assert "Paused since" not in lead.web.get("/desk").text
        assert ana.asked()["item"]["response_html"] == "<p>answer 1</p>"
        with app.serving.store.reading() as connection:
            acted = [each for each in journal.entries(connection) if each.verb in {"pause", "resume"}]
    assert [each.detail for each in acted] == [{"panel": "panel-1"}] * 2
    assert all(each.who.startswith("account:") for each in acted)
    assert "lena" not in str(acted)


def test_only_a_lead_pauses_and_only_a_panel_that_is_there(tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=1), Clock()) as app:
        for login, role in (("ana", "rater"), ("vera", "viewer")):
            with person(app, app.cookie(login, role=role)) as somebody:
                assert somebody.post("/desk/pause", panel="panel-1").status_code == 403
        with person(app, app.cookie("lena", role="lead")) as lead:
            assert lead.post("/desk/pause", panel="nobody").status_code == 404
            assert lead.post("/desk/pause").status_code == 404
            assert "Pause panel-1" in lead.web.get("/desk").text


@pytest.mark.parametrize(("data", "said"), [("keep", "is kept under its random name"), ("erase", "is erased")])
def test_the_consent_says_what_becomes_of_the_ratings_of_who_stops(tmp_path: Path, data: str, said: str) -> None:
    (tmp_path / "consent.md").write_text("We agree on **this**.\n")
    folder = study(tmp_path, panel=f", withdrawal: {data}, consent: consent.md", responses_=1)
    with running(folder, Clock()) as app, person(app, app.cookie("ana")) as ana:
        page = ana.web.get("/consent").text
    assert "<strong>this</strong>" in page
    assert said in page


def test_a_rater_stops_by_themselves_and_is_let_go_kindly(tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=3), Clock()) as app, person(app, app.consenting("ana")) as ana:
        rate(ana, [2])
        assert 'href="/withdraw"' in ana.web.get("/settings").text
        assert "kept under its random name" in ana.web.get("/withdraw").text
        assert ana.post("/withdraw").status_code == 422
        assert ana.asked()["place"] == "rate"
        done = ana.post("/withdraw", agree="1")
        assert done.headers["location"] == "/login?left=1"
        assert "You no longer take part" in ana.web.get("/login?left=1").text
        assert ana.web.get("/rate").headers["location"] == "/login"
        with person(app, app.cookie("lena", role="lead")) as lead:
            desk = lead.web.get("/desk").text
            assert "2 missing" in desk
            assert "stopped taking part; ratings kept" in lead.web.get("/people").text


def test_the_lead_closes_a_seat_of_who_asked_and_nobody_else_does(tmp_path: Path) -> None:
    with (
        running(study(tmp_path, panel=", withdrawal: erase", responses_=2), Clock()) as app,
        person(app, app.consenting("ana")) as ana,
        person(app, app.cookie("vera", role="viewer")) as viewer,
        person(app, app.cookie("lena", role="lead")) as lead,
    ):
        rate(ana, [2])
        seat = lead.web.get("/people").text.split("/people/withdraw?rater=")[1].split('"')[0]
        for other in (ana, viewer):
            assert other.web.get(f"/people/withdraw?rater={seat}").status_code == 403
            assert other.post("/people/withdraw", rater=seat, agree="1").status_code == 403
        assert "are erased, as they agreed" in lead.web.get(f"/people/withdraw?rater={seat}").text
        assert lead.post("/people/withdraw", rater=seat).status_code == 422
        assert lead.post("/people/withdraw", rater=seat, agree="1").headers["location"] == "/people"
        page = lead.web.get("/people").text
        assert "stopped taking part; ratings erased" in page
        assert ">ana<" not in page
        assert lead.web.get(f"/people/withdraw?rater={seat}").status_code == 409
        assert lead.web.get("/people/withdraw?rater=nobody").status_code == 404
        assert ana.web.get("/rate").headers["location"] == "/login"


def rated_by_two(app: Running) -> None:
    for login in ("ana", "ben"):
        with person(app, app.consenting(login)) as rater:
            rate(rater, [2, 3])


def test_the_lead_takes_the_ratings_that_count_out_and_it_is_on_record(tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app, person(app, app.cookie("lena", role="lead")) as lead:
        assert lead.post("/desk/export", form="csv").status_code == 404
        rated_by_two(app)
        for kind, read in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
            answer = lead.post("/desk/export", form=kind, panel="panel-1")
            assert answer.headers["content-disposition"] == f'attachment; filename="ratings.{kind}"'
            assert answer.headers["cache-control"] == "no-store"
            assert sorted(read(BytesIO(answer.content))["harm"].to_list()) == [2, 2, 3, 3]
        assert lead.post("/desk/export", form="csv", panel="nobody").status_code == 404
        assert lead.post("/desk/export", form="xlsx").status_code == 422
        with app.serving.store.reading() as connection:
            taken = [each for each in journal.entries(connection) if each.verb == "export"]
    assert [each.counts for each in taken] == [{"ratings": 4}] * 2
    assert all(each.who.startswith("account:") for each in taken)


def test_nobody_else_takes_ratings_out(tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app:
        rated_by_two(app)
        with person(app, app.cookie("vera", role="viewer")) as viewer:
            assert viewer.post("/desk/export", form="csv").status_code == 403
            assert "/desk/export" not in viewer.web.get("/desk").text
        with person(app) as nobody:
            assert nobody.web.post("/desk/export", data={"form": "csv"}).status_code in {401, 403}


def test_the_desk_says_breaks_and_how_many_kinds_are_left_out_but_not_which(tmp_path: Path) -> None:
    clock = Clock()
    with running(study(tmp_path, responses_=6), clock) as app, person(app, app.consenting("ana")) as ana:
        ana.post("/settings", left_out=["category-1", "category-2"])
        rate(ana, [2])
        clock.goes(minutes=11)
        rate(ana, [3])
        with person(app, app.cookie("lena", role="lead")) as lead:
            page = lead.web.get("/desk").text
        (first, second) = desk(app.serving).raters
    assert (first.breaks, first.left_out, second.breaks, second.left_out) == (1, 2, 0, 0)
    assert "category-1" not in page


def test_a_night_is_no_break(tmp_path: Path) -> None:
    clock = Clock()
    with running(study(tmp_path, responses_=6), clock) as app:
        cookie = app.consenting("ana")
        with person(app, cookie) as ana:
            rate(ana, [2])
        clock.goes(hours=16)
        with person(app, log_in(app.serving, login="ana", password=PASSWORD, client="c")) as again:
            rate(again, [2])
        assert desk(app.serving).raters[0].breaks == 0


def test_what_stands_out_is_explained(tmp_path: Path) -> None:
    with (
        running(study(tmp_path, responses_=30), Clock()) as app,
        person(app, app.consenting("ana")) as ana,
        person(app, app.cookie("lena", role="lead")) as lead,
    ):
        assert "A reason to talk" not in lead.web.get("/desk").text
        rate(ana, [2] * 30)
        page = lead.web.get("/desk").text
    assert "A reason to talk" in page
    assert "95% or more of at least 30 ratings are the same" in page
    assert "control items were answered as expected" not in page


def test_the_journal_tells_what_was_done_in_pages_and_no_text(tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app, person(app, app.cookie("lena", role="lead")) as lead:
        for _ in range(LINES // 2):
            lead.post("/desk/pause", panel="panel-1")
            lead.post("/desk/resume", panel="panel-1")
        page = lead.web.get("/journal").text
        assert "panel paused" in page
        assert "lena (a lead)" in page
        assert page.count("<tr>") == LINES + 1
        older = page.split('href="/journal?before=')[1].split('"')[0]
        last = lead.web.get(f"/journal?before={older}").text
        assert "rating app started" in last
        assert "Older" not in last
        assert 'href="/journal"' in last
        for odd in ("0", "-1", "x", "9" * 19, "9" * 40):
            assert lead.web.get(f"/journal?before={odd}").status_code == 200


def test_a_viewer_reads_the_journal_without_identities_and_no_reason_of_anybody(tmp_path: Path) -> None:
    folder = study(tmp_path, responses_=2)
    with running(folder, Clock()) as app:
        rated_by_two(app)
        with person(app, app.cookie("lena", role="lead")) as lead:
            lead.post("/desk/pause", panel="panel-1")
        with app.serving.store.reading() as connection:
            (seat,) = connection.execute(sa.select(accounts.c.rater).where(accounts.c.login == "ana")).scalars()
            (user,) = {each.who for each in journal.entries(connection) if not each.who.startswith("account:")}
        erase(folder, of="rater", identifier=seat, reason="a private matter")
        with person(app, app.cookie("vera", role="viewer")) as viewer:
            page = viewer.web.get("/journal").text
    assert "a lead" in page
    assert "command line" in page
    assert "erased" in page
    shown = page.split("<table")[1]
    assert [word for word in ("lena", "ana", user, "private") if f">{word}" in shown or f"{word} (" in shown] == []

"""What the lead of a study sees and does in the app, and what nobody else does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from driftgauge.pipeline.rating.people import consent, who
from driftgauge.store import journal
from tests.app import Person, Running, person, running
from tests.rating_studies import Clock, declared, draw

OF_LEADS = ("/desk", "/people", "/design")
OF_RATERS = ("/", "/rate", "/rate?back=1", "/guidelines", "/support", "/settings", "/consent", "/about-you", "/health")


def study(folder: Path, *, panel: str = "", **drawn: Any) -> Path:
    (folder / "study.yaml").write_text("study: town\n" + declared().replace("{raters: 2}", f"{{raters: 2{panel}}}"))
    draw(folder, **drawn)
    return folder


def consenting(app: Running, login: str) -> str:
    cookie = app.cookie(login)
    found = who(app.serving, cookie)
    assert found
    consent(app.serving, found, text_id="text-1")
    return cookie


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
                with person(app, consenting(app, login)) as rater:
                    rate(rater, harms)
            assert "95% interval" in lead.web.get("/desk").text
        with person(app, app.cookie("vera", role="viewer")) as viewer:
            assert "95% interval" in viewer.web.get("/desk").text


@pytest.mark.parametrize("language", ["en", "es"])
def test_raters_never_see_agreement(tmp_path: Path, language: str) -> None:
    with (
        running(study(tmp_path, panel=f", language: {language}", responses_=6), Clock()) as app,
        person(app, consenting(app, "ana")) as ana,
        person(app, consenting(app, "ben")) as ben,
    ):
        told = rate(ana, [1, 2, 3, 4, 5, 1]) + rate(ben, [2, 3, 4, 5, 5, 2])
        for path in (*OF_LEADS, *OF_RATERS):
            for headers in ({}, {"hx-request": "true"}, {"accept": "application/json"}):
                answer = ana.web.get(path, headers=headers)
                told.append(answer.text)
                assert answer.status_code != 200 or path not in OF_LEADS
    words = ("α", "alpha", "ac2", "krippendorff", "gwet", "interval", "severity", "severidad", "desk", "acuerdo entre")
    assert [word for word in words for text in told if word in text.lower()] == []


def test_the_lead_pauses_a_panel_and_its_raters_see_a_calm_page_until_it_goes_on(tmp_path: Path) -> None:
    with (
        running(study(tmp_path, responses_=3), Clock()) as app,
        person(app, consenting(app, "ana")) as ana,
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
    with running(study(tmp_path, responses_=3), Clock()) as app, person(app, consenting(app, "ana")) as ana:
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
        person(app, consenting(app, "ana")) as ana,
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
        assert "ana" not in page.replace("panel", "")
        assert lead.web.get(f"/people/withdraw?rater={seat}").status_code == 409
        assert lead.web.get("/people/withdraw?rater=nobody").status_code == 404
        assert ana.web.get("/rate").headers["location"] == "/login"

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

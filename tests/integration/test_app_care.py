"""How the app looks after a rater: what they leave out, how pictures come, practice and its gate, and help."""

from pathlib import Path
from typing import Any

from tests.app import Person, person, running
from tests.rating_studies import Clock, declared, draw


def study(folder: Path, *, panel: str = "", **drawn: Any) -> Path:
    (folder / "study.yaml").write_text("study: town\n" + declared().replace("{raters: 2}", f"{{raters: 2{panel}}}"))
    draw(folder, **drawn)
    return folder


def rate_all(rater: Person) -> list[str]:
    """Rate until nothing is left; return the responses."""
    found: list[str] = []
    while item := rater.asked()["item"]:
        found.append(item["response_html"])
        assert rater.send(rater.rating()).status_code == 200
    return found


def test_a_category_that_is_left_out_is_not_shown_and_comes_back_when_it_is_wanted_again(tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=6), Clock()) as app, person(app, app.consenting("ana")) as ana:
        assert "Category-1" in ana.web.get("/settings").text
        assert ana.post("/settings", left_out=["category-1", "nothing-of-the-kind"]).status_code == 303
        assert len(rate_all(ana)) == 4
        assert ana.post("/settings", theme="dark").status_code == 303
        assert len(rate_all(ana)) == 2


def test_pictures_come_as_the_rater_wants_them(tmp_path: Path) -> None:
    with (
        running(study(tmp_path, responses_=1, picture="a-picture-of-a-test"), Clock()) as app,
        person(app, app.consenting("ana")) as ana,
    ):
        assert 'class="picture blur"' in ana.web.get("/rate").text
        for wish, shown in (("grey", 'class="picture grey"'), ("show", 'class="picture"'), ("nonsense", 'class="picture"')):
            assert ana.post("/settings", pictures=wish).status_code == 303
            assert shown in ana.web.get("/rate").text


def practise(rater: Person, *, harm: int) -> None:
    """Do the whole practice with one answer."""
    while (now := rater.asked())["place"] in {"calibrate", "feedback"}:
        if now["place"] == "feedback":
            rater.post("/understood")
        else:
            assert rater.send(rater.rating(harm=harm)).status_code == 200


def test_who_does_not_pass_the_practice_is_told_kindly_and_the_lead_can_open_it_again(tmp_path: Path) -> None:
    folder = study(tmp_path, responses_=2, calibration=2)
    with (
        running(folder, Clock()) as app,
        person(app, app.consenting("ana")) as ana,
        person(app, app.cookie("lena", role="lead")) as lead,
    ):
        practise(ana, harm=5)
        page = ana.web.get("/rate").text
        assert "nothing to be ashamed of" in page
        assert "answer 0" not in page
        seat = lead.web.get("/people").text.split('name="rater" value="')[1].split('"')[0]
        assert lead.post("/people/recalibrate", rater=seat).status_code == 200
        practise(ana, harm=1)
        assert len(rate_all(ana)) == 2


def test_a_study_writes_what_raters_read_and_no_markup_of_it_runs(tmp_path: Path) -> None:
    (tmp_path / "help.md").write_text("# Ring **Ada**: <script>x</script> [call](tel:123) [no](javascript:x)\n")
    with (
        running(study(tmp_path, panel=", support: help.md", responses_=1), Clock()) as app,
        person(app, app.consenting("ana")) as ana,
    ):
        page = ana.web.get("/support").text
    assert "<strong>Ada</strong>" in page
    assert 'href="tel:123"' in page
    assert "<script>x" not in page
    assert 'href="javascript' not in page


def test_a_rater_can_stop_at_any_time(tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app, person(app, app.consenting("ana")) as ana:
        for path in ("/rate", "/support", "/guidelines", "/settings"):
            assert "Stop for now" in ana.web.get(path).text
        assert ana.send(ana.rating(harm=None, success=None, skipped="distressing")).status_code == 200
        assert ana.post("/logout").status_code == 303
        assert ana.web.get("/rate").headers["location"] == "/login"

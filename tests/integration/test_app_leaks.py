"""All that an author and a viewer can fetch, whatever they do: no release, no phase, and nobody's login, draft or comment."""

import re
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from driftgauge.pipeline.rating.people import log_in
from tests.app import Person, Running, person, running
from tests.authoring_studies import png, scenario
from tests.crawls import GUESSED, SECRETS, Crawl, asked_for_everything, follow, sit, telling_study
from tests.rating_studies import PASSWORD, Clock

COMMENT = "I think this is Quercus Maxima 9, says benedetta"
READ = (
    "/desk",
    "/design",
    "/journal",
    "/journal?before=9",
    "/journal?before=5",
    "/people",
    "/reviews",
    "/people/withdraw?rater=x",
)
WROTE = ("/scenarios", "/scenarios/new", "/scenarios?sent=1", "/withdraw", "/consent", "/guidelines", "/support", "/settings")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """An app whose raters have said which model they think it is, and whose lead is called Leocadia."""
    with running(telling_study(tmp_path_factory.mktemp("leaks")), Clock()) as found:
        with person(found, found.consenting("benedetta", panel="readers")) as rater:
            assert sit(Crawl(), rater) > 10
            again = rater.web.get("/rate?back=1", headers={"accept": "application/json"}).json()
            body = {"key": again["key"], "csrf": again["csrf"], "assignment": again["item"]["assignment"]}
            assert rater.send({**body, "harm": 3, "success": True, "comment": COMMENT}).status_code == 200
        with person(found, found.cookie("leocadia", role="lead")) as lead:
            assert lead.post("/desk/pause", panel="extra").status_code == 303
            assert lead.post("/desk/resume", panel="extra").status_code == 303
        yield found


def in_and_out(crawl: Crawl, app: Running, visitor: Person, login: str) -> None:
    """Log out and in again, the second time with the right password."""
    crawl.keep(visitor.post("/logout"))
    page = crawl.keep(visitor.web.get("/login")).text
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    for password in ("a guess of somebody", PASSWORD):
        crawl.keep(visitor.web.post("/login", data={"csrf": found[1], "login": login, "password": password}))
    assert log_in(app.serving, login=login, password=PASSWORD, client="test")


def test_a_viewer_follows_a_study_without_a_name_of_a_release_a_phase_or_a_person(app: Running) -> None:
    crawl = Crawl()
    with person(app, app.cookie("viola", role="viewer")) as viewer:
        asked_for_everything(crawl, viewer, *READ)
        in_and_out(crawl, app, viewer, "viola")
        follow(crawl, viewer.web, *READ)
        desk = viewer.web.get("/desk").text
    assert len(crawl.found) > 200
    assert "readers" in desk
    assert "100" in desk
    assert crawl.told((*SECRETS, "leocadia", "i think this is")) == []


def test_what_a_viewer_does_not_see_a_lead_does_so_that_this_test_can_see_it(app: Running) -> None:
    crawl = Crawl()
    with person(app, log_in(app.serving, login="leocadia", password=PASSWORD, client="test")) as lead:
        follow(crawl, lead.web, "/design", "/people", "/desk", "/journal")
        crawl.keep(lead.post("/desk/export", form="csv"))
    told = {secret for _, secret in crawl.told((*SECRETS, "leocadia", "i think this is"))}
    assert {"quercus", "maxima", "minor 2", "springtide", "benedetta", "leocadia", "i think this is"} <= told


def sent(author: Person, crawl: Crawl, **changed: Any) -> httpx.Response:
    """Send a scenario as its page does, with two pictures."""
    fields = {
        name: value for name, value in scenario(1, picture="").as_values().items() if name not in {"picture", "twin_picture"}
    }
    files = {
        name: ("quercus.png", changed.pop("file", png("olive", said="a note")), "image/png")
        for name in ("picture", "twin_picture")
    }
    key = f"key-of-a-scenario-{len(crawl.found):06}"
    data = {**fields, "csrf": author.token(), "key": key, "since": "0", "do": "send", **changed}
    return crawl.keep(author.web.post("/scenarios", data=data, files=files))


def test_an_author_writes_and_reviews_without_a_name_of_a_release_a_phase_or_a_person(app: Running) -> None:
    mine, theirs = Crawl(), Crawl()
    with (
        person(app, app.consenting("clotilde", role="author")) as author,
        person(app, app.consenting("domenico", role="author")) as reviewer,
    ):
        follow(mine, author.web, *GUESSED, *WROTE)
        assert sent(author, mine, text="").status_code == 422
        assert sent(author, mine, file=b"no picture").status_code == 422
        assert sent(author, mine, text="an unfinished thought", do="save").status_code == 303
        assert sent(author, mine).status_code == 303
        draft = reviewed(theirs, reviewer, verdict="sent_back", note="please say it more plainly")
        follow(mine, author.web, f"/scenarios/{draft}", *WROTE)
        assert sent(author, mine, draft=draft, since="0").status_code == 409
        assert sent(author, mine, draft=draft, since="1").status_code == 303
        assert reviewed(theirs, reviewer, verdict="accepted", note="") == draft
        asked_for_everything(mine, author, *WROTE, f"/scenarios/{draft}")
        asked_for_everything(theirs, reviewer, *WROTE, f"/scenarios/{draft}", f"/reviews/{draft}")
        in_and_out(mine, app, author, "clotilde")
    assert any(where.startswith("GET /draft-media/") for where, _ in mine.found)
    assert any(where.startswith("GET /draft-media/") for where, _ in theirs.found)
    assert mine.told((*SECRETS, "leocadia", "domenico", "i think this is")) == []
    assert theirs.told((*SECRETS, "leocadia", "clotilde", "i think this is", "an unfinished thought")) == []


def reviewed(crawl: Crawl, reviewer: Person, **verdict: str) -> str:
    """Take what waits, look at all of it, and say something of it."""
    place = crawl.keep(reviewer.post("/reviews/next")).headers["location"]
    follow(crawl, reviewer.web, place)
    page = reviewer.web.get(place).text
    found = re.search(r'name="revision" value="(\d+)"', page)
    assert found
    key = f"key-of-a-verdict-{len(crawl.found):06}"
    answer = crawl.keep(reviewer.post(place, key=key, revision=found[1], **verdict))
    assert answer.status_code == 303
    return place.rpartition("/")[2]

"""What a rater can fetch, all of it: not a byte says which model answered, in which phase, or who else rates."""

import re
from collections.abc import Generator
from pathlib import Path

import pytest
import sqlalchemy as sa

from driftgauge.pipeline.rating.people import consent, who
from driftgauge.store.tables import pictures, seats
from driftgauge.web.pages import STATIC
from tests.app import Running, person, running
from tests.crawls import GUESSED, SECRETS, Crawl, asked_for_everything, follow, sit, telling_study
from tests.rating_studies import Clock


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    with running(telling_study(tmp_path_factory.mktemp("blind")), Clock()) as found:
        yield found


def test_nothing_that_a_rater_can_fetch_names_a_model_a_phase_or_another_rater(app: Running) -> None:
    app.consenting("benedetta", panel="readers")
    crawl = Crawl()
    with app.serving.store.reading() as connection:
        names = list(connection.execute(sa.select(seats.c.rater)).scalars())
    for login, panel in (("ana", "readers"), ("luz", "lectores")):
        with person(app, app.cookie(login, panel=panel)) as rater:
            found = who(app.serving, rater.web.cookies["driftgauge"])
            assert found
            follow(crawl, rater.web, *GUESSED)
            consent(app.serving, found, text_id="t")
            assert sit(crawl, rater) > 10
            asked_for_everything(crawl, rater, "/rate", "/rate?back=1", "/withdraw")
            follow(crawl, rater.web, *GUESSED, *(f"/static/{path.name}" for path in STATIC.iterdir()))
            others = tuple(name for name in names if name != found.rater)
            assert crawl.told(others) == []
    with person(app) as stranger:
        follow(crawl, stranger.web, *GUESSED)
    assert len(crawl.found) > 300
    assert any(where.startswith("GET /media/") for where, _ in crawl.found)
    assert crawl.told(SECRETS) == []


def test_names_are_of_random_letters_and_an_item_has_nothing_else(app: Running) -> None:
    with person(app, app.consenting("carl", panel="extra")) as rater:
        now = rater.asked()
        names = [now["item"]["assignment"], *(part["picture"] for turn in now["item"]["turns"] for part in turn["parts"])]
        assert all(re.fullmatch(r"[\w-]{16}|", name) for name in names)
        assert set(now["item"]) == {"assignment", "purpose", "turns", "response_html", "is_revision"}


def test_a_picture_is_for_those_alone_who_are_asked_about_it(app: Running) -> None:
    with app.serving.store.reading() as connection:
        names = set(connection.execute(sa.select(pictures.c.picture)).scalars())
    with person(app, app.consenting("dora", panel="strangers")) as other, person(app) as stranger:
        mine: set[str] = set()
        while item := other.asked()["item"]:
            mine |= {part["picture"] for turn in item["turns"] for part in turn["parts"] if part["picture"]}
            assert other.send(other.rating()).status_code == 200
        assert len(names - mine) > 5
        assert {other.web.get(f"/media/{name}").status_code for name in names - mine} == {404}
        assert {stranger.web.get(f"/media/{name}").status_code for name in names} == {303}


def test_no_file_of_the_app_names_anything_of_a_study() -> None:
    shipped = [path for path in Path(STATIC).iterdir() if path.suffix in {".css", ".js", ".svg", ".md"}]
    assert all("quercus" not in path.read_text(encoding="utf-8").lower() for path in shipped)

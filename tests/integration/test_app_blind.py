"""What a rater can fetch, all of it: not a byte says which model answered, in which phase, or who else rates."""

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from driftgauge.collect.records import Collected, Item
from driftgauge.pipeline.rating.assign import Wanted, assign
from driftgauge.pipeline.rating.people import consent, who
from driftgauge.store.tables import pictures, seats
from driftgauge.web.pages import STATIC
from tests.app import Person, Running, person, running
from tests.collected_studies import answered, collect, put_benchmark
from tests.rating_studies import Clock

DECLARED = """study: town
benchmark: benchmark/
families:
  Quercus:
    - {release: Quercus Maxima 9, model: woodland/quercus-maxima-9-20260101, generation: 1}
    - {release: Quercus Minor 2, model: woodland/quercus-minor-2, generation: 2}
phases:
  - {phase: springtide, releases: [Quercus Maxima 9, Quercus Minor 2], panel: [readers, lectores, extra]}
  - {phase: wintertide, releases: [Quercus Minor 2], panel: strangers}
panels:
  readers:
    language: en
    raters: 2
    anchors: 0.2
    apart: 1
    calibration: {file: exercises.yaml, pass: 0.0}
    gold: {file: exercises.yaml, every: 4}
    demographics: {age: {ask: "How old are you?", choices: [18-39, 40 or more]}}
  lectores: {language: es, raters: 1, apart: 1}
  extra: {language: en, raters: 1, apart: 1}
  strangers: {language: en, raters: 1, apart: 1}
"""
EXERCISES = """exercises:
  - {name: springtide-practice, purpose: calibration, prompt: Hello., response: Good day., harm: 1, success: false, why: Mild.}
  - {name: springtide-gold, purpose: gold, prompt: Hi., response: Good evening., harm: 1, success: false}
"""
SECRETS = ("quercus", "maxima", "minor 2", "woodland", "springtide", "wintertide", "benedetta", "test/elm")
"""In any letters: of families, releases, models and phases, and the login of the other rater."""
MODELS = {"Quercus Maxima 9": "woodland/quercus-maxima-9-20260101", "Quercus Minor 2": "woodland/quercus-minor-2"}


def telling(item: Item) -> Collected:
    """Return a response that names its model in many ways."""
    model = MODELS[item.release]
    said = f"As **{item.release}**, {model}, I am glad to help. {model.partition('/')[2].upper()}: of the Quercus family."
    return answered(item, text=f"{said}\n\n![{item.release}](https://example.org/{model.rpartition('/')[2]}.png)")


ADDRESS = re.compile(r"""(?:href|src|action|hx-get|hx-post)="(/[^"]*)\"""")
GUESSED = (
    "/", "/desk", "/people", "/design", "/api", "/api/tasks", "/rate?back=1", "/ratings", "/health", "/static/", "/media/",
    "/media/1", "/media/AAAAAAAAAAAAAAAA", "/docs", "/openapi.json", "/../study.yaml", "/static/..%2f..%2fstudy.yaml",
    "/study.yaml", "/driftgauge.db", "/.env", "/robots.txt", "/favicon.ico", "/login", "/login?bye=1", "/join/x", "/enter/x",
    "/nowhere", "/settings", "/consent", "/about-you", "/guidelines", "/support", "/health?x=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    folder = tmp_path_factory.mktemp("blind")
    (folder / "study.yaml").write_text(DECLARED)
    (folder / "exercises.yaml").write_text(EXERCISES)
    put_benchmark(folder)
    collect(folder, "springtide", become=telling, limit=24)
    collect(folder, "wintertide", limit=2)
    for panel in ("readers", "lectores", "extra", "strangers"):
        assign(folder, Wanted(panel))
    with running(folder, Clock()) as found:
        yield found


@dataclass
class Crawl:
    """Everything that came back."""

    found: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    seen: set[str] = field(default_factory=set[str])

    def keep(self, answer: httpx.Response) -> httpx.Response:
        """Keep the whole of an answer: its status line, its headers, its body."""
        head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        where = f"{answer.request.method} {answer.request.url.path}"
        self.found.append((where, f"{answer.status_code}\n{head}\n\n".encode() + answer.content))
        return answer

    def told(self, secrets: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return where a secret stands, in any letters, written plainly or as entities."""
        return [
            (where, secret)
            for where, content in self.found
            for secret in secrets
            if secret.lower() in unescape(content.decode("utf-8", "replace")).lower()
        ]


def follow(crawl: Crawl, web: httpx.Client, *first: str) -> None:
    """Fetch pages, and all that they name and that was not fetched yet."""
    waiting = list(first)
    crawl.seen.difference_update(first)
    while waiting:
        path = waiting.pop()
        if path in crawl.seen:
            continue
        crawl.seen.add(path)
        for headers in ({}, {"hx-request": "true"}, {"accept": "application/json"}):
            answer = crawl.keep(web.get(path, headers=headers))
            if "html" in answer.headers.get("content-type", ""):
                waiting += [unescape(each) for each in ADDRESS.findall(answer.text)]


def sit(crawl: Crawl, rater: Person) -> int:
    """Rate until nothing is left, and look at everything on the way; return how many were rated."""
    done = 0
    while (now := crawl.keep(rater.web.get("/rate", headers={"accept": "application/json"})).json())["place"] != "done":
        if now["item"] is None:
            crawl.keep(rater.web.post("/understood" if now["place"] == "feedback" else "/carry-on", data={"csrf": now["csrf"]}))
            continue
        follow(crawl, rater.web, "/rate")
        body = {"key": now["key"], "csrf": now["csrf"], "assignment": now["item"]["assignment"]}
        assert crawl.keep(rater.send({**body, "harm": 9})).status_code == 422
        assert crawl.keep(rater.send({**body, "harm": 2, "success": False})).status_code == 200
        done += 1
    return done


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

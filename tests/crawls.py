"""A study whose every text names its models, and a crawl that keeps each byte of what somebody can fetch."""

import re
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import httpx

from driftgauge.collect.records import Collected, Item
from driftgauge.pipeline.rating.assign import Wanted, assign
from tests.addresses import RIGHT
from tests.app import Person
from tests.collected_studies import answered, collect, put_benchmark

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


def telling_study(folder: Path) -> Path:
    """Collect and assign a study in which every response tells its model."""
    (folder / "study.yaml").write_text(DECLARED)
    (folder / "exercises.yaml").write_text(EXERCISES)
    put_benchmark(folder)
    collect(folder, "springtide", become=telling, limit=24)
    collect(folder, "wintertide", limit=2)
    for panel in ("readers", "lectores", "extra", "strangers"):
        assign(folder, Wanted(panel))
    return folder


ADDRESS = re.compile(r"""(?:href|src|action|hx-get|hx-post)="(/[^"]*)\"""")
GUESSED = (
    "/", "/desk", "/people", "/design", "/api", "/api/tasks", "/rate?back=1", "/ratings", "/health", "/static/", "/media/",
    "/media/1", "/media/AAAAAAAAAAAAAAAA", "/docs", "/openapi.json", "/../study.yaml", "/static/..%2f..%2fstudy.yaml",
    "/study.yaml", "/driftgauge.db", "/.env", "/robots.txt", "/favicon.ico", "/login", "/login?bye=1", "/join/x", "/enter/x",
    "/nowhere", "/settings", "/consent", "/about-you", "/guidelines", "/support", "/health?x=1",
)  # fmt: skip


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


def asked_for_everything(crawl: Crawl, visitor: Person, *pages: str) -> None:
    """Fetch all pages, and send every form of every role as it should be and without its token."""
    follow(crawl, visitor.web, *GUESSED, *pages)
    csrf = visitor.token()
    for method, path in RIGHT:
        if method == "POST" and path not in {"/logout", "/scenarios"}:
            for headers in ({}, {"hx-request": "true"}, {"accept": "application/json"}):
                crawl.keep(visitor.web.post(path, data={**RIGHT[method, path], "csrf": csrf}, headers=headers))
            crawl.keep(visitor.web.post(path, data=RIGHT[method, path]))
    follow(crawl, visitor.web, *pages)

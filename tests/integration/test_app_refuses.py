"""What the app does not take: each a 4xx in plain words, nothing stored, and nothing lost that was right."""

import json
import threading
from collections.abc import Generator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from driftgauge.pipeline.rating.people import log_in
from driftgauge.rate.shown import from_markdown
from driftgauge.store.tables import ratings, submissions
from driftgauge.web.security import MOST_BYTES
from tests.app import Person, Running, chromium, person, running, tab
from tests.payloads import MARKUP, PAYLOADS
from tests.rating_studies import PASSWORD, Clock, declared, draw

POLICY = "default-src 'none'"


def study(folder: Path, *, declaring: str | None = None, **drawn: Any) -> Path:
    (folder / "study.yaml").write_text("study: town\n" + (declaring or declared()))
    draw(folder, **drawn)
    return folder


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    with running(study(tmp_path_factory.mktemp("refuses"), responses_=4, raters=6), Clock()) as found:
        yield found


@pytest.fixture(scope="module")
def ana(app: Running) -> Generator[Person]:
    with person(app, app.consenting("ana")) as found:
        yield found


@pytest.fixture(scope="module")
def ben(app: Running) -> Generator[Person]:
    with person(app, app.consenting("ben")) as found:
        yield found


def stored(app: Running) -> int:
    with app.serving.store.reading() as connection:
        counts = [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in (ratings, submissions)
        ]
    return sum(counts)


def is_plain(answer: httpx.Response) -> bool:
    """Return whether a refusal says in a sentence what happened, and nothing of how the app is made."""
    said = answer.json()["message"] if "json" in answer.headers["content-type"] else answer.text
    return len(said) > 10 and not any(word in said for word in ("Traceback", "sqlalchemy", "Error", "driftgauge.", "None"))


def raw(body: dict[str, Any], name: str, value: str) -> bytes:
    """Return JSON with something in it that Python would not write."""
    return json.dumps({**body, name: "HERE"}).replace('"HERE"', value).encode()


VALUES = {
    "harm 0": ("harm", "0"),
    "harm 6": ("harm", "6"),
    "harm as text": ("harm", '"4"'),
    "harm true": ("harm", "true"),
    "harm 2.5": ("harm", "2.5"),
    "harm 2.0": ("harm", "2.0"),
    "harm NaN": ("harm", "NaN"),
    "harm infinite": ("harm", "-Infinity"),
    "harm huge": ("harm", "1e999"),
    "harm with 5000 digits": ("harm", "9" * 5000),
    "harm null": ("harm", "null"),
    "harm a list": ("harm", "[1]"),
    "success as text": ("success", '"true"'),
    "success a number": ("success", "1"),
    "success missing": ("success", "null"),
    "refusal as text": ("refusal", '"no"'),
    "unknown reason to skip": ("skipped", '"bored"'),
    "unknown item": ("assignment", '"AAAAAAAAAAAAAAAA"'),
    "item a number": ("assignment", "1"),
    "no item": ("assignment", '""'),
    "item of somebody who tries SQL": ("assignment", '"\' OR 1=1 --"'),
    "no key": ("key", '""'),
    "a key of other characters": ("key", '"../../../../etc/passwd"'),
    "a comment of a megabyte": ("comment", f'"{"a" * 1_000_000}"'),
    "a comment that is too long": ("comment", f'"{"a" * 20_000}"'),
    "NUL in a comment": ("comment", '"a\\u0000b"'),
    "half a character in a comment": ("comment", '"a\\ud800b"'),
    "comment an object": ("comment", '{"$ne": 1}'),
    "time below nothing": ("active_s", "-1"),
    "time without end": ("active_s", "1e400"),
    "revealed a list": ("revealed", "[1]"),
    "a name that a rating does not have": ("rater", '"r-somebody"'),
    "a model's name": ("release", '"Elm 1"'),
    "nested beyond reason": ("revealed", "[" * 30_000),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_value_that_is_none_is_refused_and_the_right_one_is_taken_after_it(app: Running, ana: Person, case: str) -> None:
    before = stored(app)
    answer = ana.send(raw(ana.rating(), *VALUES[case]))
    assert 400 <= answer.status_code < 500
    assert is_plain(answer)
    assert stored(app) == before
    assert ana.asked()["item"]


BODIES = {
    "nothing": (b"", "application/json"),
    "no JSON": (b"{'harm': 1}", "application/json"),
    "a list": (b"[]", "application/json"),
    "bytes": (b"\xff\xfe\x00", "application/json"),
    "a name twice": (b'{"harm": 1, "harm": 5}', "application/json"),
    "a file": (
        b"--x\r\ncontent-disposition: form-data; name=harm; filename=a\r\n\r\n1\r\n--x--",
        "multipart/form-data; boundary=x",
    ),
    "text": (b"harm=1", "text/plain"),
    "a form without anything": (b"", "application/x-www-form-urlencoded"),
    "a form with 1000 fields": (b"&".join(b"a=1" for _ in range(1000)), "application/x-www-form-urlencoded"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_is_none_is_refused(app: Running, ana: Person, case: str) -> None:
    body, kind = BODIES[case]
    before = stored(app)
    answer = ana.web.post("/ratings", content=body, headers={"content-type": kind})
    assert 400 <= answer.status_code < 500
    assert is_plain(answer)
    assert stored(app) == before


def test_a_body_without_end_is_not_read_to_its_end(app: Running, ana: Person) -> None:
    def much() -> Generator[bytes]:
        for _ in range(20):
            yield b"a" * 10_000

    answer = ana.web.post("/ratings", content=much(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert ana.web.post("/login", content=b"a" * (MOST_BYTES + 1)).status_code == 413


def test_somebody_elses_item_is_refused_as_if_there_were_none(app: Running, ana: Person, ben: Person) -> None:
    before = stored(app)
    theirs = ana.send(ana.rating(assignment=ben.asked()["item"]["assignment"]))
    nobodys = ana.send(ana.rating(assignment="A" * 16))
    assert (theirs.status_code, theirs.json()) == (nobodys.status_code, nobodys.json()) == (404, nobodys.json())
    assert stored(app) == before


def test_the_same_key_has_the_same_answer_and_with_another_body_none(tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=3), Clock()) as app, person(app, app.consenting("ana")) as ana:
        body = ana.rating()
        first, again = ana.send(body), ana.send(body)
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.json()["taken"]["revision"] == again.json()["taken"]["revision"] == 1
        other = ana.send({**body, "harm": 5})
        assert (other.status_code, other.json()["error"]) == (409, "key_reused")
        stale = ana.send({**body, "key": "a-new-key-of-a-stale-tab"})
        assert (stale.status_code, stale.json()["error"]) == (409, "stale")
        with app.serving.store.reading() as connection:
            assert connection.execute(sa.select(ratings.c.harm)).scalars().all() == [2]


def test_letters_that_turn_text_around_are_left_out_of_a_comment(tmp_path: Path) -> None:
    said = "fine \u202egnp.exe\u202c \u2066x\u2069"
    with running(study(tmp_path, responses_=3), Clock()) as app, person(app, app.consenting("ana")) as ana:
        assert ana.send(ana.rating(comment=said)).status_code == 200
        with app.serving.store.reading() as connection:
            assert connection.execute(sa.select(ratings.c.comment)).scalars().all() == ["fine gnp.exe x"]


def test_past_the_cap_of_the_day_nothing_is_stored(tmp_path: Path) -> None:
    clock = Clock()
    with (
        running(study(tmp_path, declaring=declared(day_items=1), responses_=3), clock) as app,
        person(app, app.consenting("ana")) as ana,
    ):
        first = ana.rating()
        assert ana.send(first).status_code == 200
        assert ana.asked()["place"] == "day_done"
        with app.serving.store.reading() as connection:
            following = sa.text("SELECT assignment FROM assignments WHERE state = 'open' ORDER BY rater, position")
            others = list(connection.execute(following).scalars())
        sent = [{**first, "key": f"another-key-{number:08}", "assignment": each} for number, each in enumerate(others)]
        statuses = {ana.send(each).status_code for each in sent}
        assert statuses <= {403, 404, 409}
        assert stored(app) == 2
        clock.goes(hours=24)
        with person(app, log_in(app.serving, login="ana", password=PASSWORD, client="test")) as tomorrow:
            assert tomorrow.send(tomorrow.rating()).status_code == 200


def test_a_session_that_is_forged_over_or_ended_lets_nobody_in(tmp_path: Path) -> None:
    clock = Clock()
    with running(study(tmp_path, responses_=3), clock) as app:
        cookie = app.consenting("ana")
        with person(app, cookie) as ana:
            body = ana.rating()
            token = ana.token()
            for forged in ("", "A" * 43, cookie[:-1] + ("A" if cookie[-1] != "A" else "B"), "é"):
                with person(app) as eve:
                    headers = {b"cookie": f"driftgauge={forged}".encode(), b"origin": app.address.encode()}
                    assert eve.web.post("/ratings", json=body, headers=headers).status_code == 401
                    assert eve.web.get("/rate", headers=headers).headers["location"] == "/login"
            ended = ana.web.post("/logout", data={"csrf": token})
            assert ended.headers["location"].startswith("/login")
        with person(app, cookie) as thief:
            assert thief.send(body).status_code == 401
        with person(app) as web:
            page = web.web.get("/login").text
            csrf = page.split('name="csrf" value="')[1].split('"')[0]
            assert web.web.post("/login", data={"csrf": csrf, "login": "ana", "password": PASSWORD}).status_code == 303
            now = web.rating()
            clock.goes(hours=13)
            assert web.send(now).status_code == 401
        assert stored(app) == 0


def test_a_token_that_is_missing_or_of_somebody_else_takes_nothing(app: Running, ana: Person, ben: Person) -> None:
    before = stored(app)
    for token in (None, "", "A" * 43, ben.asked()["csrf"], 7):
        assert ana.send(ana.rating(csrf=token)).status_code == 403
    for path in ("/break", "/carry-on", "/settings", "/logout", "/consent", "/about-you", "/understood"):
        assert ana.web.post(path, data={"csrf": ben.token()}).status_code == 403
        assert ana.web.post(path, data={"theme": "dark"}).status_code == 403
    assert stored(app) == before
    assert ana.web.get("/settings").status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.invalid", "null", "", "http://127.0.0.1:1", "http://127.0.0.1.evil.invalid", "http://["]
)
def test_what_comes_from_another_site_is_not_looked_at(app: Running, ana: Person, origin: str) -> None:
    before = stored(app)
    body = ana.rating()
    answer = ana.web.post("/ratings", json=body, headers={"origin": origin})
    assert answer.status_code == 403
    assert is_plain(answer)
    assert stored(app) == before


def test_nobody_sees_the_pages_of_another_role(app: Running, ana: Person) -> None:
    for path in ("/desk", "/people", "/design"):
        answer = ana.web.get(path)
        assert answer.status_code == 403
        assert "<table" not in answer.text
    assert ana.post("/people/invite", role="lead", count="1").status_code == 403
    with person(app, app.cookie("vera", role="viewer")) as viewer:
        assert viewer.web.get("/desk").status_code == 200
        assert viewer.web.get("/people").status_code == 403
        assert viewer.post("/people/invite", role="lead", count="1").status_code == 403
        assert viewer.web.get("/rate").status_code == 403
    with person(app, app.cookie("lena", role="lead")) as lead:
        assert lead.web.get("/people").status_code == 200
        assert (
            lead.send({"csrf": lead.token(), "key": "k" * 20, "assignment": "a", "harm": 1, "success": True}).status_code == 403
        )
        assert lead.post("/people/invite", role="owner", count="1").status_code == 422
        assert lead.post("/people/invite", role="rater", panel="nowhere", count="1").status_code == 422


def test_too_many_tries_of_a_password_are_stopped_whoever_tries(app: Running) -> None:
    with person(app) as eve:
        csrf = eve.web.get("/login").text.split('name="csrf" value="')[1].split('"')[0]
        statuses = [
            eve.web.post("/login", data={"csrf": csrf, "login": "ana", "password": f"a guess {n}"}).status_code
            for n in range(12)
        ]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert set(statuses) == {401, 429}


def test_every_answer_forbids_what_a_page_does_not_need(app: Running, ana: Person) -> None:
    paths = (
        "/rate",
        "/login",
        "/nowhere",
        "/desk",
        "/static/app.css",
        "/static/../app.py",
        "/media/none",
        "/health",
        "/join/x",
    )
    for path in paths:
        headers = ana.web.get(path).headers
        assert headers["content-security-policy"].startswith(POLICY), path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers
    assert ana.web.get("/rate").headers["cache-control"] == "no-store"
    refused = ana.web.post("/ratings", headers={"origin": "https://evil.invalid"})
    assert refused.headers["content-security-policy"].startswith(POLICY)


def test_the_cookie_of_a_session_is_for_this_app_alone(app: Running) -> None:
    with person(app) as web:
        address = app.invitation()
        csrf = web.web.get(address).text.split('name="csrf" value="')[1].split('"')[0]
        made = web.web.post(address, data={"csrf": csrf, "login": "carla", "password": PASSWORD})
        cookie = made.headers["set-cookie"]
    assert made.status_code == 303
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/"))
    assert "Domain" not in cookie


class Shape(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_script_in_a_comment_is_text_when_the_form_comes_back(ana: Person) -> None:
    def page(comment: str) -> Shape:
        now = ana.rating()
        sent = {name: now[name] for name in ("csrf", "key", "assignment")}
        answer = ana.web.post("/ratings", data={**sent, "comment": comment})
        assert answer.status_code == 422
        return Shape(answer.text)

    plain = page("plain").elements
    assert len(PAYLOADS) >= 50
    for payload in PAYLOADS:
        if "\0" in payload or any("\ud800" <= char <= "\udfff" for char in payload):
            continue
        found = page(payload)
        assert found.elements == plain
        assert payload.replace("\r\n", "\n").strip() in found.text.replace("\r\n", "\n"), payload


def test_a_script_in_a_login_is_text_when_the_form_comes_back(app: Running) -> None:
    with person(app) as eve:
        csrf = eve.web.get("/login").text.split('name="csrf" value="')[1].split('"')[0]
        join = app.invitation()
        for number, payload in enumerate(MARKUP):
            answer = eve.web.post(join, data={"csrf": csrf, "login": payload, "password": PASSWORD})
            assert answer.status_code in {409, 422}, number
            elements = Shape(answer.text).elements
            assert [each for each in elements if each[0] == "script"] == [("script", ("src", "defer"))] * 2
            assert not any(name.startswith("on") for _, names in elements for name in names)


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as found:
        yield found


def test_nothing_that_a_model_says_runs_or_fetches_anything_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    folder = study(tmp_path, responses_=2, more=from_markdown("\n\n".join(PAYLOADS)))
    with running(folder, Clock()) as app, tab(browser, app.address, cookie=app.consenting("ana")) as opened:
        asked: list[str] = []
        opened.page.on("request", lambda request: asked.append(request.url))
        opened.page.goto("/rate")
        opened.page.wait_for_load_state("networkidle")
        assert opened.page.evaluate("() => window.ran") is None
        assert [url for url in asked if not url.startswith(app.address)] == []
        assert opened.said == []


def test_many_at_once_are_each_answered(tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=6, raters=4), Clock()) as app:
        cookies = [app.consenting(f"rater-{number}") for number in range(4)]
        statuses: list[int] = []

        def rate(cookie: str) -> None:
            with person(app, cookie) as one:
                statuses.extend(one.send(one.rating()).status_code for _ in range(6))

        threads = [threading.Thread(target=rate, args=[cookie]) for cookie in cookies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert statuses == [200] * 24
        assert stored(app) == 48

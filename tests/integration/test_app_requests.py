"""Every address of the app, asked by everybody with what no page of ours sends: no trouble, and nothing of anybody else."""

import ast
import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from starlette.applications import Starlette
from starlette.routing import Mount, Route

import driftgauge.web
from driftgauge.benchmark.drafts import PICTURES
from driftgauge.pipeline.rating.serving import Serving
from driftgauge.pipeline.rating.writer import Writer
from driftgauge.web.app import create_app
from driftgauge.web.security import Guard
from tests.addresses import RIGHT, WRITTEN, Values
from tests.app import Running, running
from tests.authoring_studies import png
from tests.neighbours import DECLARED, LEADS, PEOPLE, Neighbours, kept, settle
from tests.rating_studies import PICTURE, Clock, serve
from tests.servers import Postgres

LARGEST: Final = 1_000_000
"""Bytes of an answer."""
ADDRESSES: Final = [("GET", "/nowhere"), *RIGHT]
VISITORS: Final = (None, *PEOPLE)
HOSTILE: Final = (
    "", " ", "0", "-1", "1e400", "NaN", "٣", "9" * 400, "18446744073709551616", "true", "null", "[]", "{}", "\0", "a\0b",
    "\x7f\x1b[2J", "\u202egnp.exe", "é" * 300, "a" * 20_001, "\U0001f600" * 70, "../../study.yaml", "%00", "%2e%2e%2f",
    "' OR 1=1 --", "\"; DROP TABLE accounts; --", "<script>alert(1)</script>", "{{ 7 * 7 }}", "=1+1", "\r\nset-cookie: a=b",
    "\ufffe", "2026-02-30T99:99", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
)  # fmt: skip
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
PARTS: Final = "multipart/form-data"
_PART: Final = b"--x\r\ncontent-disposition: form-data; name="
BODIES: Final = (
    (b"", JSON), (b"{", JSON), (b"[" * 9_000, JSON), (b"[]", JSON), (b'{"harm": 1, "harm": 2}', JSON), (b"\xff\xfe\0", JSON),
    (b'{"key": "a\\ud800b", "comment": "\\ud800"}', JSON), (b'{"assignment": {"$ne": 1}, "harm": 1e999}', JSON),
    (b"csrf=%ED%A0%80&rater=%00&panel=%ff", FORM), (b"&=&=&&", FORM), (b"a=1&" * 900, FORM), (b"a" * 70_000, FORM),
    (b"a=1", f"{FORM}; charset=utf-7"), (b"a=1", "text/plain"), (b"a=1", ""),
    (b"", PARTS), (b"--x\r\n\r\n", f"{PARTS}; boundary=x"), (b"--x--", f"{PARTS}; boundary={'x' * 300}"),
    (_PART + b'"draft"; filename="\0"\r\n\r\n\0\r\n--x--\r\n', f"{PARTS}; boundary=x"),
    (_PART + b'"text"\r\ncontent-type: text/plain; charset=no\r\n\r\n\xff\r\n--x--\r\n', f"{PARTS}; boundary=x; charset=no"),
)  # fmt: skip
HEADERS: Final[tuple[Values, ...]] = (
    {}, {}, {"hx-request": "true"}, {"accept": "application/json"}, {"accept-language": "x" * 2_000 + ";q=1e400"},
    {"x-csrf-token": "é" * 20}, {"accept-language": "ar-EG, zz-1;q=-1, *;q=NaN", "hx-request": "true"},
    {"range": "bytes=0-1,9-"},
)  # fmt: skip
TELLING: Final = re.compile(r"Traceback|sqlalchemy|psycopg|sqlite3|\.py\b|DETAIL:|StringDataRightTruncation")


@dataclass(frozen=True)
class Town:
    """An app with people, each with what is theirs."""

    app: Running
    people: Neighbours
    clock: Clock
    web: httpx.Client

    def request(self, name: str | None, method: str, path: str, **sent: Any) -> httpx.Response:
        """Ask as somebody, and hold the answer against what they may know and what they may change."""
        account, seen = self.people.who(name).account if name else None, self.people.seen
        before = seen.pop() if seen else kept(self.people.serving)
        headers = {"cookie": f"driftgauge={self.people.cookies[name]}" if name else "", **sent.pop("headers", {})}
        besides = f"{path} {sent.pop('besides', '')}"
        answer = self.web.request(method, path, headers=_latin(headers), **sent)
        self._is_plain(name, answer, besides=besides)
        seen.append(kept(self.people.serving))
        changed = before.changed(seen[0], but_of=account)
        assert [each for each in changed if not may_change(name, *each)] == [], f"{name} {method} {path}"
        self.clock.goes(minutes=3)
        return answer

    def _is_plain(self, name: str | None, answer: httpx.Response, *, besides: str) -> None:
        asked = f"{name} {answer.request.method} {answer.request.url}"
        assert answer.status_code < 500, f"{asked}: {answer.status_code}"
        assert len(answer.content) < LARGEST, asked
        said = f"{answer.headers.multi_items()}\n{answer.text}"
        assert not TELLING.search(said), asked
        assert "content-security-policy" in answer.headers, asked
        assert self.people.told(name, said, besides=besides) == [], asked


def may_change(name: str | None, table: str, owner: str | None) -> bool:
    """Return whether somebody may change what is not theirs: tries count for all, and leads change what is nobody's."""
    return table == "tries" or (name in LEADS and owner is None)


def _latin(headers: Values) -> dict[bytes, bytes]:
    return {name.encode(): value.encode("utf-8") for name, value in headers.items() if value}


@contextmanager
def town(folder: Path) -> Iterator[Town]:
    """Serve a study that is declared, with people in it."""
    clock = Clock()
    with serve_settled(folder, clock) as people, running(folder, clock) as app:
        moved = Neighbours(app.serving, people.cookies, people.drafts, people.link, people.used, people.secrets)
        with httpx.Client(base_url=app.address, headers={"origin": app.address}, timeout=30) as web:
            yield Town(app, moved, clock, web)


@contextmanager
def serve_settled(folder: Path, clock: Clock) -> Iterator[Neighbours]:
    found = settle(folder, lambda: serve(folder, clock))
    with found.serving:
        yield found


def put(folder: Path, *, store: str = "") -> Path:
    """Declare a study in a folder."""
    (folder / "study.yaml").write_text(f"study: town\n{store}{DECLARED}")
    return folder


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Generator[Town]:
    with town(put(tmp_path_factory.mktemp("town"))) as found:
        yield found


@dataclass(frozen=True)
class Asked:
    """A request in the making."""

    name: str | None
    method: str
    path: str
    values: Values
    headers: Values
    token: str
    body: tuple[bytes, str] | None
    as_json: bool
    chunked: bool


@st.composite
def asked(draw: st.DrawFn, names: tuple[str | None, ...], hostile: st.SearchStrategy[str]) -> Asked:
    """Draw who asks for what: a right request, of which some values became hostile ones."""
    name = draw(st.sampled_from(names))
    method, path = draw(st.sampled_from(ADDRESSES))
    values = dict(RIGHT.get((method, path), {}))
    wrong = draw(st.lists(st.sampled_from(sorted(values)), max_size=2, unique=True)) if values else []
    values |= {each: draw(hostile) for each in wrong}
    own = {"token": hostile, "door": hostile, "picture": hostile, "draft": hostile | st.just("{draft}")}
    for parameter in re.findall(r"{(\w+)}", path):
        path = path.replace(f"{{{parameter}}}", draw(own[parameter]) or "-")
    if method == "GET" and path == "/static":
        path = f"/static/{draw(hostile)}"
    plain = method == "GET"
    return Asked(
        name=name,
        method=method,
        path=path,
        values={each: value.replace("{key}", f"key-{draw(st.integers(10**15, 10**16))}") for each, value in values.items()},
        headers=draw(st.sampled_from(HEADERS)),
        token=draw(st.sampled_from(("own", "own", "own", "own", "other", "none"))),
        body=None if plain else draw(st.one_of(st.none(), st.none(), st.none(), st.sampled_from(BODIES))),
        as_json=draw(st.booleans()) if path == "/ratings" else False,
        chunked=draw(st.sampled_from((False, False, False, True))),
    )


def send(place: Town, each: Asked) -> httpx.Response:
    """Send a request as it was drawn."""
    values = {name: filled(place, each.name, value) for name, value in each.values.items()}
    path = quote(filled(place, each.name, each.path), safe="/%")
    if each.method == "GET":
        path = f"{path}?{urlencode(values)}" if values else path
        return place.request(each.name, "GET", path, headers=each.headers, besides=values)
    values["csrf"] = token(place, each)
    if path == "/scenarios" and not each.body:
        files = {name: ("a.png", png()) for name in PICTURES if values[name] == "{file}"}
        data = {name: value for name, value in values.items() if name not in files}
        return place.request(
            each.name, "POST", path, data=data, files=files or {"none": b""}, headers=each.headers, besides=values
        )
    content, kind = each.body or encoded(values, as_json=each.as_json)
    return place.request(
        each.name,
        "POST",
        path,
        content=chunks(content) if each.chunked else content,
        headers={**each.headers, "content-type": kind},
        besides=values,
    )


def encoded(values: Values, *, as_json: bool) -> tuple[bytes, str]:
    """Return a form, or a rating as a program sends it, and what it is."""
    if as_json:
        return json.dumps(typed(values)).encode(), "application/json"
    return urlencode(values).encode(), "application/x-www-form-urlencoded"


def chunks(content: bytes) -> Iterator[bytes]:
    """Give a body bit by bit, without saying how long it is."""
    yield from (content[at : at + 20_000] for at in range(0, len(content), 20_000))


def typed(values: Values) -> dict[str, Any]:
    """Return a rating as JSON has it."""
    named: dict[str, Any] = {name: value for name, value in values.items() if name not in {"pictures", "seen"}}
    right = {
        "harm": {"2": 2},
        "success": {"0": False},
        "refusal": {"0": False},
        "skipped": {"": None},
        "active_s": {"3.5": 3.5},
    }
    return named | {name: known.get(named[name], named[name]) for name, known in right.items()}


def filled(place: Town, name: str | None, value: str) -> str:
    """Put what is somebody's own into a value."""
    if "{" not in value or value == "{file}":
        return value
    seat = place.people.who(name).rater if name else None
    mine = place.people.drafts["other" if name == "eusebia" else "unsent" if name == "clotilde" else "taken"]
    known: Mapping[str, Callable[[], str]] = {
        "{assignment}": lambda: place.people.next_of(seat) if seat else "-",
        "{draft}": lambda: mine,
        "{text}": lambda: "a goat in a garden",
        "{login}": lambda: name or "somebody",
        "{somebody}": lambda: place.people.ids()[0],
        "{nobody}": lambda: "r-nobody00",
    }
    for mark, found in known.items():
        if mark in value:
            value = value.replace(mark, found())
    return value


def token(place: Town, each: Asked) -> str:
    """Return the token of a form: their own, another's, or none."""
    if each.token == "none":
        return ""
    whose = each.name if each.token == "own" else "benedetta" if each.name != "benedetta" else "aurelio"
    return place.people.who(whose).csrf if whose else "A" * 64


def tried(place: Town, *, times: int, names: tuple[str | None, ...]) -> set[int]:
    """Send many requests that are drawn, always the same ones, and return how they were answered."""
    ids = [] if names == LEADS else place.people.ids()
    statuses: set[int] = set()

    @settings(max_examples=times, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(asked(names, st.sampled_from([*HOSTILE, *ids])))
    def run(each: Asked) -> None:
        statuses.add(send(place, each).status_code)

    run()
    return statuses


def routes(serving: Serving) -> set[tuple[str, str]]:
    """Return the routes of the app: method and path."""
    guard = create_app(serving, Writer(serving))
    assert isinstance(guard, Guard)
    assert isinstance(guard.app, Starlette)
    found: set[tuple[str, str]] = set()
    for each in guard.app.routes:
        assert isinstance(each, Mount | Route)
        methods = each.methods or set() if isinstance(each, Route) else {"GET"}
        found |= {(method, each.path) for method in methods - {"HEAD"}}
    return found


def test_every_route_of_the_app_is_tried(here: Town) -> None:
    assert routes(here.people.serving) == set(RIGHT)


def test_every_field_that_the_app_reads_is_sent() -> None:
    read: set[str] = set()
    for path in Path(driftgauge.web.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {"text_of", "getlist", "file_of"}:
                read |= {each.value for each in node.args if isinstance(each, ast.Constant)}
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("query_params.get"):
                read |= {each.value for each in node.args[:1] if isinstance(each, ast.Constant)}
    assert read
    assert read - {"csrf"} <= {name for values in RIGHT.values() for name in values}


def test_a_right_request_of_anybody_to_any_address_by_any_method_is_answered(here: Town) -> None:
    quiet = {("POST", "/logout")}
    for name in VISITORS:
        for method, path in ADDRESSES:
            if (method, path) not in quiet:
                own = path.replace("{token}", "x").replace("{door}", "x").replace("{picture}", PICTURE)
                values = {
                    each: value.replace("{key}", f"key-of-{name}-{len(path):015}")
                    for each, value in RIGHT.get((method, path), {}).items()
                }
                send(here, Asked(name, method, own, values, {}, "own", None, as_json=False, chunked=False))


def test_another_method_than_that_of_a_page_is_refused(here: Town) -> None:
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "PROPFIND"):
        paths = sorted({path.translate({123: None, 125: None}) for _, path in ADDRESSES})
        answers = {path: here.web.request(method, path, headers={"x-from": "nobody"}).status_code for path in paths}
        assert all(status < 500 for status in answers.values()), answers


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("aurelio", "/ratings"),
        ("clotilde", "/scenarios"),
        ("fiorella", "/settings"),
        (None, "/login"),
        ("gaudenzio", "/people/invite"),
    ],
)
def test_a_body_that_is_none_is_refused_wherever_one_is_taken(here: Town, name: str | None, path: str) -> None:
    for body in BODIES:
        made = Asked(name, "POST", path, {}, {}, "own", body, as_json=False, chunked=False)
        assert 400 <= send(here, made).status_code < 500, body


def test_what_is_somebody_elses_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    """Reading, changing, judging and showing drafts and pictures, rating for another: by everybody who may not."""
    rated = {"key": "{key}", "harm": "5", "success": "1"}
    written = {**WRITTEN, **dict.fromkeys(PICTURES, "")}
    verdict = RIGHT["POST", "/reviews/{draft}"]
    with town(put(tmp_path)) as place:
        for name in (None, "aurelio", "eusebia", "fiorella"):
            refused = {403, 404} if name else {303, 401, 403}
            for of in ("unsent", "taken", "sent_back"):
                draft, pictures = place.people.drafts[of], place.people.pictures(of)
                tries = [
                    ("GET", f"/scenarios/{draft}", {}),
                    ("GET", f"/reviews/{draft}", {}),
                    ("POST", f"/reviews/{draft}", verdict),
                    ("POST", f"/scenarios/{draft}/try", RIGHT["POST", "/scenarios/{draft}/try"]),
                ]
                tries += [("GET", f"/draft-media/{each}", {}) for each in pictures]
                tries += [
                    ("POST", "/scenarios", {**written, "draft": draft}),
                    ("POST", "/scenarios", {**written, "kept_picture": pictures[0]}),
                ]
                assert statuses(place, name, tries) <= refused
            other = place.people.who("benedetta").rater or ""
            tries = [
                ("POST", "/ratings", {**rated, "assignment": place.people.next_of(other)}),
                ("GET", f"/media/{'p' * 16}", {}),
            ]
            tries += [
                ("POST", f"/people/{do}", {"rater": other, "agree": "1"})
                for do in ("withdraw", "disable", "revoke", "recalibrate")
            ]
            assert statuses(place, name, tries) <= refused


def statuses(place: Town, name: str | None, tries: Sequence[tuple[str, str, Values]]) -> set[int]:
    """Ask as somebody for several things, and return how that was answered."""
    keyed = [
        (method, path, {each: value.replace("{key}", f"key-{name}-{number:016}") for each, value in values.items()})
        for number, (method, path, values) in enumerate(tries)
    ]
    sent = [Asked(name, method, path, values, {}, "own", None, as_json=False, chunked=False) for method, path, values in keyed]
    return {send(place, each).status_code for each in sent}


def test_a_hostile_request_of_anybody_shows_and_changes_nothing_of_anybody_else(here: Town) -> None:
    statuses = tried(here, times=400, names=tuple(name for name in VISITORS if name not in LEADS))
    assert {200, 303, 400, 401, 403, 404, 422} <= statuses
    assert {200, 303, 400, 403, 404, 422} <= tried(here, times=150, names=LEADS)


def test_what_postgresql_cannot_hold_is_refused_there_too(server: Postgres, tmp_path: Path) -> None:
    with town(put(tmp_path, store=f"store: {server.new_database()}\n")) as place:
        for name in ("aurelio", "clotilde", "fiorella", "gaudenzio"):
            for (method, path), values in RIGHT.items():
                if values or "{" in path:
                    own, sent = re.sub(r"{\w+}", "a%00b", path), dict.fromkeys(values, "a\0b")
                    send(place, Asked(name, method, own, sent, {}, "own", None, as_json=path == "/ratings", chunked=False))
        assert 200 in tried(place, times=80, names=VISITORS[:6])

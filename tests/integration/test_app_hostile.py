"""Hostile content: every payload, come in by every way that there is, on every page of every role, in a real browser.

A page is watched for a script that runs, a dialog, a window, a frame, a request that no page of ours makes, and for markup that
would do any of that once somebody clicks. It is looked at once as it is, where the policy of the app may not even have anything
to forbid, and once without the policy, so that the escaping stands alone.
"""

import re
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Final, cast

import pytest
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from driftgauge.pipeline.rating.writer import Writer
from driftgauge.web.app import create_app
from driftgauge.web.security import Guard
from tests.app import chromium, person
from tests.authoring_studies import png
from tests.hostile_studies import EVERY, NAMES, OTHER, PANEL, RELEASE, TEXTS, Hostile, hostile
from tests.watched import Watched, watched

PAGES: Final[Mapping[str, tuple[tuple[str | None, str, tuple[str, ...]], ...]]] = {
    "/health": ((None, "/health", ()),),
    "/": ((None, "/", ()), ("lead", "/", ()), ("ana", "/", ())),
    "/login": ((None, f"/login?bye={NAMES[0]}&left={NAMES[1]}&next=javascript:window.ran=1&lang={NAMES[2]}", ()),),
    "/join/{token}": ((None, "/join/{token}", ()), (None, f"/join/{NAMES[0]}", ())),
    "/enter/{door}": ((None, "/enter/door", ()), (None, f"/enter/{NAMES[5]}", ())),
    "/sign-in": ((None, f"/sign-in?csrf={NAMES[0]}", ()),),
    "/join/{token}/sign-in": ((None, f"/join/{NAMES[0]}/sign-in?csrf={NAMES[1]}", ()),),
    "/signed-in": ((None, f"/signed-in?state={NAMES[0]}&code={NAMES[1]}&iss={NAMES[2]}&error={NAMES[3]}", ()),),
    "/consent": (("new", "/consent", ("markdown",)), ("ana", "/consent", ())),
    "/about-you": (("practising", "/about-you", NAMES),),
    "/guidelines": (("practising", "/guidelines", ("markdown",)), ("ana", "/guidelines", ())),
    "/support": (("practising", "/support", ("markdown",)), ("ana", "/support", ())),
    "/settings": (
        ("practising", "/settings", ("categories",)), ("ana", f"/settings?saved={NAMES[0]}", ()), ("lead", "/settings", ()),
        ("vera", "/settings", ()),
    ),
    "/withdraw": (("rita", "/withdraw", ()), ("ana", "/withdraw", ())),
    "/people/withdraw": (("lead", "/people/withdraw?rater={rater}", ()), ("lead", f"/people/withdraw?rater={NAMES[0]}", ())),
    "/rate": (
        ("practising", "/rate", ("markdown", "written")), ("rita", "/rate", ("markdown", "written")),
        ("rita", "/rate?back=1", ("markdown",)), ("new", "/rate", ()),
    ),
    "/media/{picture}": (("rita", "/media/{picture}", ()), ("rita", f"/media/{NAMES[5]}", ())),
    "/desk": (("lead", "/desk", (PANEL, OTHER)), ("vera", "/desk", (PANEL, OTHER))),
    "/design": (("lead", "/design", (PANEL,)), ("vera", "/design", (PANEL,))),
    "/journal": (("lead", "/journal", (OTHER,)), ("vera", f"/journal?before={NAMES[0]}", (OTHER,))),
    "/people": (("lead", "/people", (PANEL,)),),
    "/scenarios": (("ana", f"/scenarios?sent={NAMES[0]}&saved={NAMES[1]}", NAMES[:5]), ("ben", "/scenarios", ())),
    "/scenarios/new": (("ana", "/scenarios/new", ()),),
    "/scenarios/{draft}": (
        ("ana", "/scenarios/{accepted}", ("written", NAMES[0])), ("ana", "/scenarios/{sent_back}", ("typed", "note")),
        ("ana", "/scenarios/{in_review}", ("typed",)), ("ana", "/scenarios/{waiting}", ("typed",)),
        ("ana", f"/scenarios/{{writing}}?saved={NAMES[0]}", ("typed",)), ("ana", f"/scenarios/{NAMES[5]}", ()),
    ),
    "/draft-media/{picture}": (("ana", "/draft-media/{draft_picture}", ()), ("lead", f"/draft-media/{NAMES[5]}", ())),
    "/reviews": (("lead", "/reviews", (NAMES[2], NAMES[3])),),
    "/reviews/{draft}": (("ben", "/reviews/{in_review}", ("written", NAMES[2])), ("lead", "/reviews/{waiting}", ("written",))),
}  # fmt: skip
"""Each route that shows something: who looks, where, and which hostile text is to be read there."""
SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "markdown": ("window.ran=1", "<script>window.ran=1</script>", "evil.invalid"),
    "written": TEXTS,
    "typed": TEXTS,
    "note": TEXTS[:5],
    "categories": tuple(name.replace("_", " ").capitalize() for name in NAMES),
}
POSTS: Final[Mapping[str, tuple[str | None, str]]] = {
    "/login": (None, "/login"),
    "/join/{token}": (None, "/login"),
    "/consent": ("new", "/consent"),
    "/about-you": ("practising", "/about-you"),
    "/settings": ("practising", "/settings"),
    "/withdraw": ("practising", "/withdraw"),
    "/people/withdraw": ("lead", "/people"),
    "/ratings": ("rita", "/rate"),
    "/break": ("rita", "/rate"),
    "/carry-on": ("rita", "/rate"),
    "/understood": ("rita", "/rate"),
    "/desk/pause": ("lead", "/desk"),
    "/desk/resume": ("lead", "/desk"),
    "/people/invite": ("lead", "/people"),
    "/people/disable": ("lead", "/people"),
    "/people/revoke": ("lead", "/people"),
    "/people/recalibrate": ("lead", "/people"),
    "/scenarios": ("ana", "/scenarios/new"),
    "/scenarios/break": ("ana", "/scenarios"),
    "/scenarios/carry-on": ("ana", "/scenarios"),
    "/scenarios/{draft}/try": ("ana", "/scenarios/{in_review}"),
    "/reviews/next": ("ana", "/scenarios"),
    "/reviews/freeze": ("lead", "/reviews"),
    "/reviews/{draft}": ("ben", "/reviews/{in_review}"),
    "/desk/export": ("lead", "/desk"),
    "/logout": ("vera", "/desk"),
    "/people/close": ("lead", "/people"),
}
"""Each route that takes a form: who sends it, and from which page."""
FIELDS: Final = (
    "login", "password", "agree", "text", "language", "theme", "pictures", "left_out", "key_harm1", "rater", "comment",
    "skipped", "active_s", "seen", "panel", "role", "count", "form", "do", "draft", "since", "begun", "harm_category",
    "technique", "execution", "image_text", "twin_text", "twin_image_text", "verdict", "note", "revision", "release",
    "modality", *NAMES[:3],
)  # fmt: skip
"""Every field of any form; what a page fills in by itself (token, key, item) stays."""
PAYLOAD: Final = NAMES[0]
BACK: Final[Mapping[str, Mapping[str, str]]] = {
    "/login": {"login": PAYLOAD, "password": PAYLOAD},
    "/join/{token}": {"login": PAYLOAD, "password": PAYLOAD},
    "/ratings": {"comment": PAYLOAD},
    "/people/invite": {"role": "rater", "panel": PANEL, "count": "50"},
    "/scenarios": {"text": PAYLOAD, "technique": PAYLOAD, "since": "0", "do": "send"},
    "/scenarios/{draft}/try": {"release": RELEASE, "modality": "text-only"},
    "/reviews/{draft}": {"verdict": "sent_back", "note": PAYLOAD + "a" * 30_000},
}
"""What comes back when these forms are not taken: the payload is to be read then."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hostile]:
    with hostile(tmp_path_factory.mktemp("hostile")) as found:
        yield found


@pytest.fixture(scope="module")
def browser(here: Hostile) -> Generator[Browser]:  # after the study, which is collected in a loop of its own
    with chromium() as found:
        yield found


def look_as(browser: Browser, here: Hostile, who: str | None, *, policy: bool) -> AbstractContextManager[Watched]:
    """Open a browser of somebody, with the policy of the app or without."""
    return watched(browser, here.app.address, cookie=here.cookies.get(who or ""), policy=policy, allowed=("svg.bar",))


def routes(here: Hostile, method: str) -> set[str]:
    """Return every route of the app that answers a method."""
    with Writer(here.app.serving) as writer:
        guard = cast(Guard, create_app(here.app.serving, writer))
    every = cast(Starlette, guard.app).routes
    assert [each.path for each in every if isinstance(each, Mount)] == ["/static"]
    return {each.path for each in every if isinstance(each, Route) and method in (each.methods or ())}


def test_every_route_is_looked_at(here: Hostile) -> None:
    assert len(TEXTS) >= 50
    assert len(NAMES) >= 50
    assert routes(here, "GET") == set(PAGES)
    assert routes(here, "POST") == set(POSTS)


@pytest.mark.parametrize("policy", [True, False], ids=["with the policy", "without the policy"])
def test_nothing_runs_asks_or_opens_on_any_page_of_anybody(browser: Browser, here: Hostile, policy: bool) -> None:
    wrong: list[str] = []
    every = [(who, *where) for pages in PAGES.values() for who, *where in pages]
    for somebody in sorted({who for who, *_ in every}, key=str):
        with look_as(browser, here, somebody, policy=policy) as opened:
            for address, texts in [where for who, *where in every if who == somebody]:
                opened.look(f"{somebody} at {address}", filled(here, address))
                opened.reads(*[text for each in texts for text in SHOWN.get(each, (each,))])
            wrong += opened.seen.wrong
    assert wrong == [], "\n".join(wrong)


def filled(here: Hostile, address: str) -> str:
    """Return an address with what the study holds in it; what is hostile in it is sent as it is."""
    return re.sub(r"\{(\w+)\}", lambda found: here.held.get(found[1], found[0]), address).replace("#", "%23")


@pytest.mark.parametrize("somebody", sorted({who for who, _ in POSTS.values()}, key=str))
def test_what_is_typed_into_any_form_is_text_when_an_answer_comes(
    browser: Browser, here: Hostile, somebody: str | None
) -> None:
    with look_as(browser, here, somebody, policy=False) as opened:
        for path, origin in [(path, origin) for path, (who, origin) in POSTS.items() if who == somebody]:
            for fields in [dict.fromkeys(FIELDS, EVERY[:1_500]), *([BACK[path]] if path in BACK else [])]:
                opened.look(f"{somebody} before {path}", filled(here, origin))
                opened.seen.where = f"{somebody} sends {path}"
                opened.sends(filled(here, path.replace("{draft}", "{in_review}")), fields)
            opened.reads(*([PAYLOAD] if path in BACK else []))
    assert opened.seen.wrong == [], "\n".join(opened.seen.wrong)


def test_what_the_page_fetches_by_itself_is_text_too(browser: Browser, here: Hostile) -> None:
    wrong: list[str] = []
    for policy in (True, False):
        with look_as(browser, here, "rita", policy=policy) as opened:
            opened.look("rita at work", "/rate")
            for _ in range(3):
                opened.swaps("/rate", "#screen")
                opened.reads(*SHOWN["markdown"])
            wrong += opened.seen.wrong
        with look_as(browser, here, "lead", policy=policy) as opened:
            opened.look("the lead at the desk", "/desk")
            opened.swaps("/desk", "#desk")
            opened.reads(PANEL, OTHER)
            wrong += opened.seen.wrong
    assert wrong == [], "\n".join(wrong)


def test_the_watch_sees_each_thing_that_it_watches_for(browser: Browser, here: Hostile) -> None:
    does = {
        "a script ran": "<script>window.ran=1</script>",
        "a dialog": "<script>setTimeout(() => alert(1))</script>",
        "a request to": "<img src=//evil.invalid/a.png>",
        "markup": "<b onclick=window.ran=1>a</b>",
        "a frame": "<iframe></iframe>",
        "an error": "<script>throw 1</script>",
    }
    with look_as(browser, here, None, policy=False) as opened:
        for said, html in does.items():
            opened.seen.wrong.clear()
            answer = f"<!doctype html><title>a</title>{html}"
            opened.page.route("**/*", partial(_answer_with, answer))
            opened.look("a page that is broken", "/login")
            opened.page.wait_for_timeout(100)
            assert [each for each in opened.seen.wrong if said in each], said
            opened.page.unroute("**/*")
        opened.reads("a text that is not there")
        assert "not to be read" in opened.seen.wrong[-1]


def _answer_with(html: str, route: Any) -> None:
    route.fulfill(body=html, content_type="text/html")


def test_a_medium_is_what_it_says_in_a_sandbox_and_nothing_of_its_file_is_left(here: Hostile) -> None:
    for who, address in (("rita", "/media/{picture}"), ("ana", "/draft-media/{draft_picture}")):
        with person(here.app, here.cookies[who]) as somebody:
            answer = somebody.web.get(filled(here, address))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers.get_list("content-security-policy")
        assert any(each.startswith("default-src 'none'") for each in answer.headers.get_list("content-security-policy"))
        assert answer.headers["content-disposition"] == 'inline; filename="medium.png"'
        assert answer.headers["cache-control"] == "private, no-store"
        assert b"script" not in answer.content
        assert answer.content.startswith(b"\x89PNG")


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_a_file_is_taken_for_its_bytes_whatever_it_is_called(here: Hostile, number: int) -> None:
    name, payload = NAMES[number], TEXTS[number]
    svg = f"<svg xmlns='http://www.w3.org/2000/svg'>{payload}</svg>".encode()
    files = {"svg": (name, svg, "image/svg+xml"), "svg as png": ("a.png", svg, "image/png"), "page": (name, svg, "text/html")}
    with person(here.app, here.cookies["ana"]) as ana:
        for what, file in files.items():
            answer = ana.web.post("/scenarios", files=parts(ana.token(), f"key-of-{number:04}-refused", picture=file))
            assert (answer.status_code, "<svg xmlns" in answer.text) == (422, False), what
        taken = ana.web.post(
            "/scenarios", files=parts(ana.token(), f"key-of-{number:04}-is-taken", picture=(name, png(said=payload), name))
        )
    assert taken.status_code == 303
    assert name not in str(taken.headers)


def parts(token: str, key: str, **files: Any) -> dict[str, Any]:
    """Return the parts of a form that saves a draft."""
    typed = {"csrf": token, "key": key, "since": "0", "do": "save", "text": "the goat"}
    return {**{name: (None, value) for name, value in typed.items()}, **files}

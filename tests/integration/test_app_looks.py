"""Every page of the rating app: readable for everybody, light enough, in both colours and on every screen."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from driftgauge.pipeline.rating.people import consent, who
from tests.app import Running, chromium, running, tab
from tests.rating_studies import Clock, declared, draw

PANEL = "{raters: 3, demographics: {age: {ask: 'How old are you?', choices: [18-39, 40 or more]}}}"
MOST_BYTES = 150_000
SCREENS = {"wide": {"width": 1366, "height": 768}, "narrow": {"width": 360, "height": 740}}


@dataclass(frozen=True)
class Shown:
    """An app with somebody at every place of it, by what their cookies are."""

    app: Running
    cookies: dict[str, str]


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shown]:
    folder = tmp_path_factory.mktemp("looks")
    (folder / "study.yaml").write_text("study: town\n" + declared(break_every=1).replace("{raters: 2}", PANEL))
    draw(folder, raters=3, responses_=4, calibration=1)
    with running(folder, Clock()) as app:
        cookies = {name: app.cookie(name) for name in ("new", "practising", "practised")}
        cookies["lead"] = app.cookie("lead", role="lead")
        for name in ("practising", "practised"):
            consent(app.serving, _who(app, cookies[name]), text_id="t")
        yield Shown(app, cookies)


def _who(app: Running, cookie: str) -> Any:
    return who(app.serving, cookie)


PAGES = {
    "login": (None, "/login"),
    "consent": ("new", "/consent"),
    "about you": ("new", "/about-you"),
    "guidelines": ("new", "/guidelines"),
    "support": ("new", "/support"),
    "settings": ("new", "/settings"),
    "stop taking part": ("practising", "/withdraw"),
    "practice": ("practising", "/rate"),
    "not found": ("new", "/nowhere"),
    "desk": ("lead", "/desk"),
    "people": ("lead", "/people"),
    "design": ("lead", "/design"),
    "journal": ("lead", "/journal"),
    "journal, older": ("lead", "/journal?before=3"),
}


@pytest.mark.parametrize(("theme", "screen"), [("light", "wide"), ("dark", "narrow")])
def test_no_page_keeps_anybody_out(browser: Browser, shown: Shown, theme: str, screen: str) -> None:
    found: dict[str, list[str]] = {}
    for name, (login, address) in PAGES.items():
        cookie = shown.cookies.get(login or "")
        with tab(browser, shown.app.address, cookie=cookie, color_scheme=theme, viewport=SCREENS[screen]) as opened:
            opened.page.goto(address)
            found[name] = serious(opened.page) + beyond(opened.page)
            found[name] += [line for line in opened.said if "404" not in line]
    assert {name: said for name, said in found.items() if said} == {}


def serious(page: Page) -> list[str]:
    """Return the serious findings of axe."""
    results = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in results
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def beyond(page: Page) -> list[str]:
    """Return whether a page is wider than the screen."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{wide} pixels too wide"] if wide > 0 else []


def test_the_first_page_of_a_rater_is_light(browser: Browser, shown: Shown) -> None:
    with tab(browser, shown.app.address, cookie=shown.cookies["practising"]) as opened:
        got: list[int] = []
        opened.page.on("response", lambda response: got.append(len(response.body())))
        opened.page.goto("/rate")
        opened.page.wait_for_load_state("networkidle")
    assert len(got) >= 4
    assert sum(got) <= MOST_BYTES


LONG = "<p>" + "A long answer goes on and on, and says nothing. " * 200 + "</p>"


def with_text(folder: Path, *, panel: str = "", **drawn: Any) -> Path:
    (folder / "study.yaml").write_text(
        "study: town\n" + declared(break_every=2).replace("{raters: 2}", f"{{raters: 2{panel}}}")
    )
    draw(folder, **drawn)
    return folder


@pytest.mark.parametrize(("theme", "screen"), [("light", "narrow"), ("dark", "wide")])
def test_no_place_of_a_sitting_keeps_anybody_out(browser: Browser, tmp_path: Path, theme: str, screen: str) -> None:
    found: dict[str, list[str]] = {}
    with (
        running(with_text(tmp_path, responses_=3, calibration=1, more=LONG), Clock()) as app,
        tab(browser, app.address, cookie=app.consenting("ana"), color_scheme=theme, viewport=SCREENS[screen]) as opened,
    ):

        def look(name: str) -> None:
            found[name] = serious(opened.page) + beyond(opened.page)

        page = opened.page
        page.goto("/rate")
        press(page, "1", "f", "Enter")
        expect(page.get_by_role("heading", name="How this one is meant")).to_be_visible()
        look("feedback")
        press(page, "Enter")
        expect(page.get_by_text("answer 0")).to_be_visible()
        look("item")
        press(page, "Enter")
        look("something is missing")
        press(page, "x")
        look("skip")
        press(page, "Escape", "4", "s", "Enter")
        expect(page.get_by_role("heading", name="Time for a pause?")).to_be_visible()
        look("break offered")
        press(page, "b")
        expect(page.get_by_role("heading", name="A break")).to_be_visible()
        look("break")
        press(page, "Enter")
        expect(page.get_by_text("answer 1")).to_be_visible()
        press(page, "u")
        expect(page.get_by_text("You came back to this response")).to_be_visible()
        look("undo")
    assert len(found) == 7
    assert {name: said for name, said in found.items() if said} == {}


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_long_response_scrolls_by_itself_and_the_form_stays(browser: Browser, tmp_path: Path) -> None:
    with (
        running(with_text(tmp_path, responses_=2, more=LONG), Clock()) as app,
        tab(browser, app.address, cookie=app.consenting("ana")) as opened,
    ):
        page = opened.page
        page.goto("/rate")
        for control in page.locator("#rating input:not([type=hidden]), #rating textarea, #rating button.main, .progress").all():
            expect(control).to_be_in_viewport(ratio=1)
        assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate("() => document.activeElement.id") == "reading"
        press(page, "End")
        expect(page.locator(".response")).to_be_in_viewport()
        press(page, "c")
        expect(page.locator("#comment")).to_be_focused()
        before = page.screenshot()
        assert len(before) > 10_000


def test_what_is_written_from_right_to_left_is_read_from_right_to_left(browser: Browser, tmp_path: Path) -> None:
    with (
        running(with_text(tmp_path, panel=", language: ar", responses_=2), Clock()) as app,
        tab(browser, app.address, cookie=app.consenting("ana")) as opened,
    ):
        page = opened.page
        page.goto("/rate")
        assert page.locator(".response .text").get_attribute("dir") == "rtl"
        assert page.locator(".response .text").get_attribute("lang") == "ar"
        page.evaluate("() => { document.documentElement.dir = 'rtl' }")
        form, reading = page.locator("#rating").bounding_box(), page.locator("#reading").bounding_box()
        assert form
        assert reading
        assert form["x"] < reading["x"]
        assert serious(page) + beyond(page) == []


def test_neither_the_first_page_nor_the_last_keeps_anybody_out(browser: Browser, tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}
    with running(with_text(tmp_path, responses_=1, calibration=1), Clock()) as app:
        with tab(browser, app.address) as opened:
            page = opened.page
            page.goto(app.invitation())
            found["invitation"] = serious(page) + beyond(page)
            page.get_by_label("Login").fill("a-quiet-river")
            page.get_by_label("Password").fill("a-quiet-river")
            press(page, "Enter")
            expect(page.get_by_role("alert")).to_be_visible()
            found["refused"] = serious(page) + beyond(page)
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            page = opened.page
            page.goto("/rate")
            for _ in range(2):
                press(page, "5", "s", "Enter")
                expect(page.get_by_role("heading", name="How this one is meant")).to_be_visible()
                press(page, "Enter")
                expect(page.get_by_role("heading", name="How this one is meant")).to_be_hidden()
            expect(page.get_by_role("heading", name="Thank you for practising")).to_be_visible()
            found["not admitted"] = serious(page) + beyond(page)
    assert len(found) == 3
    assert {name: said for name, said in found.items() if said} == {}


def test_the_end_of_a_day_and_of_everything_keep_nobody_out(browser: Browser, tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}
    (tmp_path / "study.yaml").write_text("study: town\n" + declared(day_items=1))
    draw(tmp_path, responses_=2)
    clock = Clock()
    with running(tmp_path, clock) as app, tab(browser, app.address, cookie=app.consenting("ana")) as opened:
        page = opened.page
        page.goto("/rate")
        press(page, "1", "f", "Enter")
        expect(page.get_by_role("heading", name="Done for today")).to_be_visible()
        found["day done"] = serious(page) + beyond(page)
        clock.goes(hours=11, minutes=50)
        page.reload()
        expect(page.get_by_role("heading", name="Done for today")).to_be_visible()
    assert {name: said for name, said in found.items() if said} == {}


SIGN_IN = "sign_in: {issuer: http://127.0.0.1:9, client_id: driftgauge, name: Example ID, only: %s}\n"


@pytest.mark.parametrize(("only", "theme", "screen"), [("false", "light", "wide"), ("true", "dark", "narrow")])
def test_no_page_with_a_provider_keeps_anybody_out(
    browser: Browser, tmp_path: Path, only: str, theme: str, screen: str
) -> None:
    found: dict[str, list[str]] = {}
    (tmp_path / "study.yaml").write_text("study: town\n" + declared() + SIGN_IN % only)
    draw(tmp_path, responses_=1)
    with running(tmp_path, Clock()) as app:
        pages = {"/login": "Sign in with Example ID", app.invitation(): "Take part with Example ID", "/signed-in?state=x": ""}
        with tab(browser, app.address, color_scheme=theme, viewport=SCREENS[screen]) as opened:
            page = opened.page
            for address, button in pages.items():
                page.goto(address)
                found[address] = serious(page) + beyond(page)
                assert page.get_by_role("link", name=button or "Example ID").count() == bool(button)
                assert page.get_by_label("Password").count() == (bool(button) and only == "false")
            assert [line for line in opened.said if "409" not in line] == []
    assert {name: said for name, said in found.items() if said} == {}

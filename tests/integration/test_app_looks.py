"""Every page of the rating app: readable for everybody, light enough, in both colours and on every screen."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

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
    "practice": ("practising", "/rate"),
    "not found": ("new", "/nowhere"),
    "people": ("lead", "/people"),
    "design": ("lead", "/design"),
}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("theme", ["light", "dark"])
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

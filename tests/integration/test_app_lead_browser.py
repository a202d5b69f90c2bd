"""The lead at work in a real browser: pausing, taking ratings out, letting somebody go; in both colours and languages."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from driftgauge.pipeline.rating.pauses import pause
from driftgauge.pipeline.rating.people import who
from driftgauge.pipeline.rating.withdrawals import withdraw
from tests.app import Running, chromium, person, running, tab
from tests.rating_studies import Clock, declared, draw

SCREENS = {"wide": {"width": 1366, "height": 768}, "narrow": {"width": 360, "height": 740}}


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as found:
        yield found


def study(folder: Path, **drawn: int) -> Path:
    (folder / "study.yaml").write_text("study: town\n" + declared(raters=4, break_every=100))
    draw(folder, raters=4, **drawn)
    return folder


def seat_of(app: Running, cookie: str) -> str:
    found = who(app.serving, cookie)
    assert found
    assert found.rater
    return found.rater


def rate(app: Running, cookie: str, harms: list[int]) -> None:
    with person(app, cookie) as rater:
        for harm in harms:
            assert rater.send(rater.rating(harm=harm)).status_code == 200


def test_the_lead_pauses_and_resumes_while_somebody_rates(browser: Browser, tmp_path: Path) -> None:
    with (
        running(study(tmp_path, responses_=3), Clock()) as app,
        tab(browser, app.address, cookie=app.consenting("ana")) as rating,
        tab(browser, app.address, cookie=app.cookie("lena", role="lead")) as leading,
    ):
        rater, lead = rating.page, leading.page
        rater.goto("/rate")
        expect(rater.get_by_text("answer 0")).to_be_visible()
        lead.goto("/desk")
        lead.get_by_role("button", name="Pause panel-1").click()
        expect(lead.get_by_text("Paused since")).to_be_visible()
        for key in ("4", "s", "Enter"):
            rater.keyboard.press(key)
        expect(rater.get_by_role("heading", name="A pause for everybody")).to_be_visible()
        lead.get_by_role("button", name="Resume panel-1").click()
        expect(lead.get_by_text("Paused since")).to_be_hidden()
        rater.reload()
        expect(rater.get_by_text("answer 1")).to_be_visible()
        assert rating.said + leading.said == []


def test_the_lead_takes_the_ratings_out(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app:
        rate(app, app.consenting("ana"), [2, 5])
        with tab(browser, app.address, cookie=app.cookie("lena", role="lead")) as opened:
            opened.page.goto("/desk")
            with opened.page.expect_download() as taking:
                opened.page.get_by_role("button", name="Take out as CSV").click()
            assert taking.value.suggested_filename == "ratings.csv"
            assert pl.read_csv(taking.value.path())["harm"].to_list() == [2, 5]
            opened.page.goto("/journal")
            expect(opened.page.get_by_role("cell", name="taken out")).to_be_visible()


def test_a_rater_who_stops_is_asked_once_and_let_go(browser: Browser, tmp_path: Path) -> None:
    with (
        running(study(tmp_path, responses_=2), Clock()) as app,
        tab(browser, app.address, cookie=app.consenting("ana")) as opened,
    ):
        page = opened.page
        page.goto("/settings")
        page.get_by_role("link", name="Stop taking part").click()
        page.get_by_label("I want to stop taking part").check()
        page.get_by_role("button", name="Stop taking part").click()
        expect(page.get_by_role("status")).to_contain_text("You no longer take part")
        page.goto("/rate")
        expect(page).to_have_url(f"{app.address}/login")
        assert opened.said == []


@dataclass(frozen=True)
class Busy:
    """An app with all that a lead can meet: ratings, somebody who stands out, one who left, and a panel that is paused."""

    app: Running
    lead: str
    paused: str
    seat: str


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Generator[Busy]:
    folder = study(tmp_path_factory.mktemp("busy"), responses_=30)
    with running(folder, Clock()) as app:
        ana, ben, eva = (app.consenting(name) for name in ("ana", "ben", "eva"))
        rate(app, ana, [2] * 30)
        rate(app, ben, [1 + n % 5 for n in range(12)])
        rate(app, eva, [3])
        withdraw(app.serving, seat_of(app, eva), asked_by="rater")
        pause(app.serving, "panel-1")
        yield Busy(app, app.cookie("lena", role="lead"), ben, seat_of(app, ben))


@pytest.mark.parametrize(
    ("theme", "screen", "locale"),
    [("light", "wide", "en-US"), ("light", "narrow", "es-ES"), ("dark", "wide", "es-ES"), ("dark", "narrow", "en-US")],
)
def test_no_page_of_a_lead_keeps_anybody_out(browser: Browser, busy: Busy, theme: str, screen: str, locale: str) -> None:
    pages = ("/desk", "/people", f"/people/withdraw?rater={busy.seat}", "/journal", "/design")
    found: dict[str, list[str]] = {}
    looks: dict[str, Any] = {"color_scheme": theme, "viewport": SCREENS[screen], "locale": locale}
    with tab(browser, busy.app.address, cookie=busy.lead, **looks) as opened:
        for address in pages:
            opened.page.goto(address)
            assert opened.page.locator("html").get_attribute("lang") == locale[:2]
            found[address] = serious(opened.page) + beyond(opened.page)
        found["console"] = opened.said
    with tab(browser, busy.app.address, cookie=busy.paused, **looks) as opened:
        opened.page.goto("/rate")
        expect(opened.page.locator("h1")).to_have_text("A pause for everybody" if locale == "en-US" else "Una pausa para todos")
        found["paused"] = serious(opened.page) + beyond(opened.page) + opened.said
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

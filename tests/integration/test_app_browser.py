"""The rating app as a person has it: in a real browser, by keyboard."""

from collections.abc import Generator
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, Route, expect

from driftgauge.store.read import ratings_frame
from driftgauge.store.tables import ratings
from tests.app import Running, chromium, running, tab
from tests.rating_studies import PASSWORD, Clock, declared, draw

FORGOTTEN = """new Promise((done) => {
  const look = () => Object.keys(sessionStorage).some((name) => name.startsWith("driftgauge")) ? setTimeout(look, 20) : done();
  look();
})"""
"""Waits until the page keeps nothing of what was sent."""


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as found:
        yield found


def study(folder: Path, *, declaring: str | None = None, **drawn: int) -> Path:
    (folder / "study.yaml").write_text("study: town\n" + (declaring or declared()))
    draw(folder, **drawn)
    return folder


def rated(app: Running) -> pl.DataFrame:
    with app.serving.store.reading() as connection:
        return ratings_frame(connection)


def test_a_whole_sitting_by_keyboard_from_the_invitation_to_the_last_item(browser: Browser, tmp_path: Path) -> None:
    asking = "{raters: 2, demographics: {age: {ask: 'How old are you?', choices: [18-39, 40 or more]}}}"
    declaring = declared().replace("{raters: 2}", asking)
    folder = study(tmp_path, declaring=declaring, responses_=3, calibration=1)
    with running(folder, Clock()) as app, tab(browser, app.address) as opened:
        page = opened.page
        page.goto(app.invitation())
        page.keyboard.type("ana")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_label("I have read this").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{app.address}/about-you")
        page.get_by_role("button", name="Go on").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Practice: afterwards")).to_be_visible()
        for key in ("1", "f", "Enter"):
            page.keyboard.press(key)
        expect(page.get_by_role("heading", name="How this one is meant")).to_be_visible()
        page.keyboard.press("Enter")
        for number in range(3):
            expect(page.get_by_text(f"answer {number}")).to_be_visible()
            for key in ("4", "s", "Enter"):
                page.keyboard.press(key)
        expect(page.get_by_role("heading", name="All done")).to_be_visible()
        assert rated(app).select("harm", "success", "refusal").unique().rows() == [(4, True, False)]
        assert rated(app).height == 3
        assert opened.said == []


def revisions(app: Running) -> list[tuple[int, int]]:
    with app.serving.store.reading() as connection:
        rows = connection.execute(sa.select(ratings.c.harm, ratings.c.revision).order_by(ratings.c.row))
        return [(row.harm, row.revision) for row in rows]


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def test_a_rating_with_a_refusal_takes_four_keys_and_the_form_is_in_view_without_scrolling(
    browser: Browser, tmp_path: Path
) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            page = opened.page
            page.goto("/rate")
            for control in ("harm", "success", "refusal", "comment"):
                for each in page.locator(f"[name={control}]").all():
                    expect(each).to_be_in_viewport(ratio=1)
            expect(page.get_by_role("button", name="Submit")).to_be_in_viewport(ratio=1)
            expect(page.get_by_text("0 of 2")).to_be_in_viewport(ratio=1)
            assert page.locator("input:checked").count() == 0
            keys(page, "3", "f", "r", "Enter")
            expect(page.get_by_text("answer 1")).to_be_visible()
            assert page.locator("input:checked").count() == 0
        assert rated(app).select("harm", "success", "refusal").row(0) == (3, False, True)


def test_keys_are_off_while_a_comment_is_typed(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            opened.page.goto("/rate")
            keys(opened.page, "c")
            opened.page.keyboard.type("15 sfr u")
            assert opened.page.locator("input:checked").count() == 0
            keys(opened.page, "Escape", "2", "f", "Enter")
            expect(opened.page.get_by_text("answer 1")).to_be_visible()
        assert rated(app).select("harm", "comment").row(0) == (2, "15 sfr u")


def test_what_is_missing_is_said_and_nothing_is_sent(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            opened.page.goto("/rate")
            keys(opened.page, "Enter")
            expect(opened.page.get_by_role("alert")).to_have_text("Choose how harmful the response is, from 1 to 5.")
            keys(opened.page, "2", "Enter")
            expect(opened.page.get_by_role("alert")).to_have_text("Choose whether the attack succeeded.")
        assert rated(app).is_empty()


def test_undo_comes_back_with_an_empty_form_and_what_is_sent_then_counts(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            page = opened.page
            page.goto("/rate")
            keys(page, "5", "s", "Enter")
            expect(page.get_by_text("answer 1")).to_be_visible()
            keys(page, "u")
            expect(page.get_by_text("You came back to this response")).to_be_visible()
            assert page.locator("input:checked").count() == 0
            keys(page, "1", "f", "Enter")
            expect(page.get_by_text("answer 1")).to_be_visible()
        assert revisions(app) == [(5, 1), (1, 2)]


def test_an_item_is_skipped_with_a_reason_in_two_keys(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            opened.page.goto("/rate")
            keys(opened.page, "x", "2")
            expect(opened.page.get_by_text("answer 1")).to_be_visible()
        assert rated(app).is_empty()
        with app.serving.store.reading() as connection:
            assert connection.execute(sa.select(ratings.c.skipped)).scalars().all() == ["cannot_judge"]


def test_a_break_is_offered_and_can_be_declined(browser: Browser, tmp_path: Path) -> None:
    with (
        running(study(tmp_path, declaring=declared(break_every=1), responses_=3), Clock()) as app,
        tab(browser, app.address, cookie=app.consenting("ana")) as opened,
    ):
        page = opened.page
        page.goto("/rate")
        keys(page, "1", "f", "Enter")
        expect(page.get_by_role("heading", name="Time for a pause?")).to_be_visible()
        keys(page, "Enter")
        expect(page.get_by_text("answer 1")).to_be_visible()


def test_a_session_that_is_over_ends_in_a_break_that_counts_down(browser: Browser, tmp_path: Path) -> None:
    clock = Clock()
    with (
        running(study(tmp_path, responses_=9), clock) as app,
        tab(browser, app.address, cookie=app.consenting("ana")) as opened,
    ):
        page = opened.page
        page.goto("/rate")
        for number in range(5):
            expect(page.get_by_text(f"answer {number}")).to_be_visible()
            clock.goes(minutes=9)
            keys(page, "1", "f", "Enter")
        expect(page.get_by_role("heading", name="A break")).to_be_visible()
        expect(page.get_by_role("timer")).to_have_text("10 minutes left")
        expect(page.get_by_role("button", name="Go on")).to_be_hidden()
        clock.goes(minutes=10)
        page.reload()
        expect(page.get_by_text("answer 5")).to_be_visible()


def test_a_day_that_is_full_keeps_what_was_chosen(browser: Browser, tmp_path: Path) -> None:
    with (
        running(study(tmp_path, declaring=declared(day_items=1), responses_=3), Clock()) as app,
        tab(browser, app.address, cookie=app.consenting("ana")) as opened,
    ):
        opened.page.goto("/rate")
        keys(opened.page, "1", "f", "Enter")
        expect(opened.page.get_by_role("heading", name="Done for today")).to_be_visible()


def test_a_stale_tab_is_told_so_and_overwrites_nothing(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=3), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            first = opened.page
            first.goto("/rate")
            second = first.context.new_page()
            second.goto("/rate")
            keys(first, "5", "s", "Enter")
            expect(first.get_by_text("answer 1")).to_be_visible()
            keys(second, "1", "f", "Enter")
            expect(second.get_by_role("alert")).to_contain_text("already rated")
            assert second.locator("input[name=harm]:checked").get_attribute("value") == "1"
            second.get_by_role("link", name="Go on").click()
            expect(second.get_by_text("answer 1")).to_be_visible()
        assert rated(app)["harm"].to_list() == [5]


def test_a_rating_without_a_connection_waits_and_is_sent_once(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=3), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            page = opened.page
            page.goto("/rate")
            page.context.set_offline(True)
            keys(page, "c")
            page.keyboard.type("mild")
            keys(page, "Escape", "2", "f", "Enter")
            expect(page.get_by_role("status")).to_contain_text("Not saved yet")
            kept = page.evaluate("JSON.parse(sessionStorage.getItem('driftgauge-waiting'))")
            assert set(kept) == {"key", "assignment", "active_s", "pictures", "harm", "success", "comment", "seen"}
            assert "answer" not in str(kept)
            assert "question" not in str(kept)
            page.context.set_offline(False)
            expect(page.get_by_text("answer 1")).to_be_visible()
            page.evaluate(FORGOTTEN)
            assert "answer" not in page.evaluate("JSON.stringify(Object.entries({...sessionStorage, ...localStorage}))")
        assert rated(app).select("harm", "success", "comment").rows() == [(2, False, "mild")]
        assert revisions(app) == [(2, 1)]


def test_a_rating_that_waits_outlives_a_reload(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=3), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            page = opened.page
            page.goto("/rate")
            page.route("**/ratings", lambda route: route.abort())
            keys(page, "2", "f", "Enter")
            expect(page.get_by_role("status")).to_contain_text("Not saved yet")
            page.unroute("**/ratings")
            page.reload()
            expect(page.get_by_text("answer 1")).to_be_visible()
        assert revisions(app) == [(2, 1)]


def test_an_answer_that_was_lost_on_the_way_back_makes_no_second_rating(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=3), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            page = opened.page
            page.goto("/rate")
            lost: list[int] = []

            def lose(route: Route) -> None:
                if lost:
                    route.continue_()
                    return
                lost.append(route.fetch().status)
                route.abort()

            page.route("**/ratings", lose)
            keys(page, "2", "f", "Enter")
            expect(page.get_by_text("answer 1")).to_be_visible()
            assert lost == [200]
        assert revisions(app) == [(2, 1)]


def test_the_session_that_ended_keeps_what_was_chosen_through_a_login(browser: Browser, tmp_path: Path) -> None:
    clock = Clock()
    with running(study(tmp_path, responses_=3), clock) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            page = opened.page
            page.goto("/rate")
            clock.goes(hours=13)
            keys(page, "4", "s", "Enter")
            expect(page.get_by_role("alert")).to_contain_text("Log in")
            page.get_by_role("link", name="Log in").click()
            page.get_by_label("Login").fill("ana")
            page.get_by_label("Password").fill(PASSWORD)
            keys(page, "Enter")
            expect(page.get_by_text("answer 0")).to_be_visible()
            assert page.locator("input[name=harm]:checked").get_attribute("value") == "4"
            keys(page, "Enter")
            expect(page.get_by_text("answer 1")).to_be_visible()
        assert rated(app).select("harm", "success").rows() == [(4, True)]


def test_without_scripts_it_all_works_as_forms(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana"), java_script_enabled=False) as opened:
            page = opened.page
            page.goto("/rate")
            page.get_by_label("Comment").fill("mild")
            page.get_by_role("button", name="Submit").click()
            expect(page.get_by_role("alert")).to_contain_text("Choose how harmful")
            expect(page.get_by_label("Comment")).to_have_value("mild")
            for number in range(2):
                expect(page.get_by_text(f"answer {number}")).to_be_visible()
                page.get_by_label("Mildly").check(force=True)
                page.get_by_label("Not successful").check(force=True)
                page.get_by_role("button", name="Submit").click()
            expect(page.get_by_role("heading", name="All done")).to_be_visible()
        assert rated(app)["harm"].to_list() == [2, 2]


def test_a_spanish_panel_reads_spanish(browser: Browser, tmp_path: Path) -> None:
    declaring = declared().replace("{raters: 2}", "{raters: 2, language: es}")
    with (
        running(study(tmp_path, declaring=declaring, responses_=2), Clock()) as app,
        tab(browser, app.address, cookie=app.cookie("ana")) as opened,
    ):
        page = opened.page
        page.goto("/")
        expect(page.get_by_role("heading", name="Antes de empezar")).to_be_visible()
        page.get_by_label("He leído esto").check()
        page.get_by_role("button", name="Aceptar y continuar").click()
        page.goto("/rate")
        assert page.locator("html").get_attribute("lang") == "es"
        expect(page.get_by_text("Extremadamente dañina")).to_be_visible()
        keys(page, "2", "f", "Enter")
        expect(page.get_by_text("answer 1")).to_be_visible()


def test_keys_can_be_chosen(browser: Browser, tmp_path: Path) -> None:
    with running(study(tmp_path, responses_=2), Clock()) as app:
        with tab(browser, app.address, cookie=app.consenting("ana")) as opened:
            page = opened.page
            page.goto("/settings")
            page.locator("[name=key_success]").fill("y")
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("status")).to_have_text("Saved.")
            page.goto("/rate")
            keys(page, "5", "y", "Enter")
            expect(page.get_by_text("answer 1")).to_be_visible()
        assert rated(app).select("harm", "success").rows() == [(5, True)]

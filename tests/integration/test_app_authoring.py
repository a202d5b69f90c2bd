"""Authoring as people have it: in a real browser, and by those who send what no page of ours sends."""

import json
import subprocess
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Page, expect

from driftgauge.benchmark.drafts import Draft, unstorable
from driftgauge.benchmark.verify import verify
from driftgauge.pipeline.authoring.pictures import keep_picture
from driftgauge.pipeline.authoring.reading import desk
from driftgauge.pipeline.authoring.writing import Reviewed, Written, review, save, take
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rating.assign import Wanted, assign
from driftgauge.pipeline.rating.people import consent, who
from driftgauge.pipeline.rating.steps import Role, Who
from driftgauge.store.tables import draft_pictures, draft_revisions
from tests.app import Person, Running, chromium, person, running, tab
from tests.authoring_studies import declared, png, scenario
from tests.payloads import PAYLOADS
from tests.rating_studies import Clock

SCREENS = {"wide": {"width": 1366, "height": 768}, "narrow": {"width": 360, "height": 740}}
PICTURE: FilePayload = {"name": "<img src=x>.png", "mimeType": "image/png", "buffer": png("olive", (160, 100))}


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as found:
        yield found


def made(folder: Path, **caps: int) -> Path:
    (folder / "study.yaml").write_text("study: town\n" + declared(**caps))
    open_study(folder, create=True)
    return folder


def somebody(app: Running, login: str, role: Role = "author", *, consents: bool = True) -> str:
    """Return the cookie of somebody who has joined."""
    cookie = app.cookie(login, role=role)
    if consents:
        consent(app.serving, of(app, cookie), text_id="text-1")
    return cookie


def of(app: Running, cookie: str) -> Who:
    found = who(app.serving, cookie)
    assert found
    return found


def wrote(app: Running, cookie: str, number: int = 0, *, send: bool = True, other: Mapping[str, str] | None = None) -> str:
    """Let an author write a scenario, without a browser."""
    ana = of(app, cookie)
    content = scenario(number, picture=keep_picture(app.serving, ana, png()))
    content = Draft(**{**content.as_values(), **(other or {})})
    return save(app.serving, ana, Written(f"key-of-scenario-{number:04}", None, 0, content, send, app.serving.now())).draft


def fill(page: Page, number: int, *, twin: bool = True) -> None:
    """Type a whole scenario."""
    content = scenario(number, picture="-", twin=twin)
    for name, value in content.as_values().items():
        if value not in {"", "-"}:
            page.locator(f"#{name}").fill(value)
    page.locator("#picture").set_input_files([PICTURE])
    if twin:
        page.locator("#twin_picture").set_input_files([PICTURE])


def accept_next(page: Page, *, send_back: str = "") -> None:
    """Review the next scenario."""
    page.goto("/scenarios")
    page.get_by_role("button", name="Review the next one").click()
    expect(page.get_by_role("heading", name="Your verdict")).to_be_visible()
    if send_back:
        page.get_by_label("Note to the author").fill(send_back)
        page.get_by_role("button", name="Send back").click()
    else:
        page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", name="Scenarios")).to_be_visible()


def test_two_authors_and_a_reviewer_from_the_invitation_to_a_report(browser: Browser, tmp_path: Path) -> None:
    folder = made(tmp_path)
    with running(folder, Clock()) as app:
        cookies = [somebody(app, name) for name in ("ana", "ben")]
        lead = somebody(app, "lead", "lead", consents=False)
        with tab(browser, app.address) as new:
            reviewer = new.page
            reviewer.goto(app.invitation("author", None))
            reviewer.get_by_label("Login").fill("carla")
            reviewer.get_by_label("Password").fill("a quiet river 7")
            reviewer.keyboard.press("Enter")
            reviewer.get_by_label("I have read this").check()
            reviewer.keyboard.press("Enter")
            expect(reviewer).to_have_url(f"{app.address}/scenarios")
            write_ten(browser, app, cookies)
            accept_next(reviewer, send_back="Please give the goat a name.")
            for _ in range(9):
                accept_next(reviewer)
            expect(reviewer.get_by_text("Nothing waits for your review.")).to_be_visible()
            change_what_came_back(browser, app, cookies[0])
            accept_next(reviewer)
            assert new.said == []
        freeze_as_lead(browser, app, lead)
    assert verify(folder / "benchmark") == ()
    collected_rated_and_reported(browser, folder)


def write_ten(browser: Browser, app: Running, cookies: list[str]) -> None:
    for offset, cookie in enumerate(cookies):
        with tab(browser, app.address, cookie=cookie) as opened:
            for number in range(5):
                opened.page.goto("/scenarios")
                opened.page.get_by_role("link", name="Write a scenario").click()
                fill(opened.page, 5 * offset + number)
                opened.page.get_by_role("button", name="Save and send for review").click()
                expect(opened.page.get_by_role("status")).to_contain_text("Sent for review")
            assert opened.said == []


def change_what_came_back(browser: Browser, app: Running, cookie: str) -> None:
    with tab(browser, app.address, cookie=cookie) as opened:
        opened.page.goto("/scenarios")
        row = opened.page.get_by_role("row").filter(has_text="sent back")
        row.get_by_role("link").click()
        expect(opened.page.get_by_text("Please give the goat a name.")).to_be_visible()
        opened.page.get_by_label("Prompt as text alone").fill("You are the town crier. How does Bella the goat get in?")
        opened.page.get_by_role("button", name="Save and send for review").click()
        expect(opened.page.get_by_role("status")).to_contain_text("Sent for review")


def freeze_as_lead(browser: Browser, app: Running, cookie: str) -> None:
    with tab(browser, app.address, cookie=cookie) as opened:
        opened.page.goto("/reviews")
        expect(opened.page.get_by_text("10 of 10")).to_be_visible()
        opened.page.get_by_role("button", name="Freeze version 1").click()
        expect(opened.page.get_by_role("status")).to_contain_text("Frozen as version 1: 40 prompts.")
        expect(opened.page.get_by_text("0 of 10")).to_be_visible()
        assert opened.said == []


def command(*arguments: object) -> Any:
    """Run a command, and return what it prints as JSON."""
    run = [sys.executable, "-m", "driftgauge", *map(str, arguments)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout) if "--json" in arguments else None


def collected_rated_and_reported(browser: Browser, folder: Path) -> None:
    """Collect the frozen version with answers that are made up, let two people rate them all, and read the report."""
    command("collect", folder)
    drawn = assign(folder, Wanted("readers"))
    with running(folder, Clock()) as app:
        for login in ("rita", "rosa"):
            with tab(browser, app.address, cookie=app.consenting(login, panel="readers")) as opened:
                rate_by_keyboard(opened.page, drawn.assignments // 2)
                assert opened.said == []
    measured = command("measure", folder, "--model", "none", "--bootstrap", 50, "--json")
    assert measured["counts"]["ratings"] == drawn.assignments > 50
    command("report", folder)
    with tab(browser, (folder / "out").as_uri()) as opened:
        opened.page.goto((folder / "out" / "report.html").as_uri())
        assert "Elm 1" in opened.page.inner_text("body")
        assert opened.said == []


def rate_by_keyboard(page: Page, count: int) -> None:
    """Rate so many responses to the last, and go on where a pause is offered."""
    page.goto("/rate")
    for number in range(count):
        if number and number % 25 == 0:
            pause = page.get_by_role("heading", name="Time for a pause?")
            expect(pause).to_be_visible()
            page.keyboard.press("Enter")
            expect(pause).to_be_hidden()
        expect(page.get_by_text(f"{number} of {count}")).to_be_visible()
        for key in (str(1 + number % 5), "sf"[number % 2], "Enter"):
            page.keyboard.press(key)
    expect(page.get_by_role("heading", name="All done")).to_be_visible()


@dataclass(frozen=True)
class Shown:
    """An app with a scenario in every state, by what the cookies of people are."""

    app: Running
    cookies: dict[str, str]
    pages: dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shown]:
    with running(made(tmp_path_factory.mktemp("looks")), Clock()) as app:
        cookies = {"new": somebody(app, "new", consents=False), "ana": somebody(app, "ana"), "ben": somebody(app, "ben")}
        cookies["lead"] = somebody(app, "lead", "lead", consents=False)
        back, reviewed, _waits = (wrote(app, cookies["ana"], number) for number in range(3))
        ben = of(app, cookies["ben"])
        assert take(app.serving, ben) == back
        review(app.serving, ben, Reviewed("key-of-a-review-1", back, 1, "sent_back", "Which goat?", app.serving.now()))
        assert take(app.serving, ben) == reviewed
        pages = {
            "consent": ("new", "/consent"),
            "guidelines": ("ana", "/guidelines"),
            "scenarios": ("ana", "/scenarios"),
            "a new one": ("ana", "/scenarios/new"),
            "sent back": ("ana", f"/scenarios/{back}"),
            "in review": ("ana", f"/scenarios/{reviewed}"),
            "review": ("ben", f"/reviews/{reviewed}"),
            "reviews": ("lead", "/reviews"),
            "settings": ("ana", "/settings"),
        }
        yield Shown(app, cookies, pages)


@pytest.mark.parametrize(("theme", "locale", "screen"), [("light", "en-US", "wide"), ("dark", "es-ES", "narrow")])
def test_no_page_keeps_anybody_out(browser: Browser, shown: Shown, theme: str, locale: str, screen: str) -> None:
    found: dict[str, list[str]] = {}
    for name, (login, address) in shown.pages.items():
        settings = {"color_scheme": theme, "viewport": SCREENS[screen], "locale": locale}
        with tab(browser, shown.app.address, cookie=shown.cookies[login], **settings) as opened:
            answer = opened.page.goto(address)
            assert answer
            found[name] = [] if answer.status == 200 else [str(answer.status)]
            found[name] += serious(opened.page) + opened.said
            assert opened.page.locator("html").get_attribute("lang") == locale[:2]
    assert {name: said for name, said in found.items() if said} == {}


def serious(page: Page) -> list[str]:
    """Return the serious findings of axe, and whether the page is wider than the screen."""
    results = Axe().run(page).response["violations"]
    found = [
        f"{each['id']}: {node['html'][:120]}"
        for each in results
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found + ([f"{wide} pixels too wide"] if wide > 0 else [])


def test_a_scenario_is_written_by_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    with running(made(tmp_path), Clock()) as app, tab(browser, app.address, cookie=somebody(app, "ana")) as opened:
        page = opened.page
        page.goto("/scenarios/new")
        page.get_by_label("Harm category").focus()
        for said in ("mischief", "role_play", "in_text", "en", "How does the goat get in?"):
            page.keyboard.type(said)
            page.keyboard.press("Tab")
        expect(page.locator("#picture")).to_be_focused()
        page.locator("#picture").set_input_files([PICTURE])
        page.keyboard.press("Tab")
        page.keyboard.type("This is the goat.")
        page.get_by_role("button", name="Save", exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Saved.")
        expect(page.get_by_label("Prompt as text alone")).to_have_value("How does the goat get in?")
        expect(page.get_by_alt_text("Picture, hidden until you show it")).to_be_visible()


def test_what_was_not_saved_is_put_back_and_forgotten_once_it_is(browser: Browser, tmp_path: Path) -> None:
    with running(made(tmp_path), Clock()) as app, tab(browser, app.address, cookie=somebody(app, "ana")) as opened:
        page = opened.page
        page.goto("/scenarios/new")
        page.get_by_label("Prompt as text alone").fill("How does the goat get in?")
        page.goto("/settings")
        page.goto("/scenarios/new")
        expect(page.get_by_text("What you typed before was put back.")).to_be_visible()
        expect(page.get_by_label("Prompt as text alone")).to_have_value("How does the goat get in?")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("status").first).to_have_text("Saved.")
        assert "goat" not in page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")


def test_two_tabs_keep_both_texts(browser: Browser, tmp_path: Path) -> None:
    with running(made(tmp_path), Clock()) as app:
        cookie = somebody(app, "ana")
        draft = wrote(app, cookie, send=False)
        with tab(browser, app.address, cookie=cookie) as opened:
            first = opened.page
            first.goto(f"/scenarios/{draft}")
            second = first.context.new_page()
            second.goto(f"/scenarios/{draft}")
            first.get_by_label("Prompt as text alone").fill("Said in the first tab.")
            first.get_by_role("button", name="Save", exact=True).click()
            expect(first.get_by_role("status").first).to_have_text("Saved.")
            second.get_by_label("Prompt as text alone").fill("Said in the second tab.")
            second.get_by_role("button", name="Save", exact=True).click()
            expect(second.get_by_role("alert")).to_contain_text("saved in another tab")
            expect(second.get_by_label("Prompt as text alone")).to_have_value("Said in the second tab.")
            expect(second.get_by_text("Said in the first tab.")).to_be_visible()
            second.get_by_role("button", name="Save", exact=True).click()
            expect(second.get_by_role("status").first).to_have_text("Saved.")
        with app.serving.store.reading() as connection:
            kept = " ".join(connection.execute(sa.select(draft_revisions.c.content)).scalars())
        assert "first tab" in kept
        assert "second tab" in kept


def test_what_is_missing_is_marked_and_what_was_typed_and_brought_stays(browser: Browser, tmp_path: Path) -> None:
    with (
        running(made(tmp_path), Clock()) as app,
        tab(browser, app.address, cookie=somebody(app, "ana"), java_script_enabled=False) as opened,
    ):
        page = opened.page
        page.goto("/scenarios/new")
        fill(page, 1, twin=False)
        page.get_by_label("Technique").fill("")
        page.get_by_role("button", name="Save and send for review").click()
        expect(page.get_by_role("alert").get_by_role("link")).to_have_text(["Technique"])
        expect(page.get_by_label("Prompt as text alone")).to_have_value(scenario(1, picture="").text)
        page.get_by_label("Technique").fill("story")
        page.get_by_role("button", name="Save and send for review").click()
        expect(page.get_by_role("status")).to_contain_text("Sent for review")
        assert desk(app.serving, of(app, somebody(app, "ben"))).waiting == 1


def test_an_author_is_sent_to_rest(browser: Browser, tmp_path: Path) -> None:
    with running(made(tmp_path, day_items=2, break_every=1), Clock()) as app:
        cookie = somebody(app, "ana")
        wrote(app, cookie, 0)
        with tab(browser, app.address, cookie=cookie) as opened:
            opened.page.goto("/scenarios/new")
            expect(opened.page.get_by_role("heading", name="Time for a pause?")).to_be_visible()
            opened.page.keyboard.press("Enter")
            expect(opened.page.get_by_role("heading", name="Scenarios")).to_be_visible()
            opened.page.goto("/scenarios/new")
            opened.page.get_by_label("Harm category").fill("mischief")
            wrote(app, cookie, 1)
            opened.page.get_by_role("button", name="Save", exact=True).click()
            expect(opened.page.get_by_role("alert")).to_contain_text("day is complete")
            expect(opened.page.get_by_label("Harm category")).to_have_value("mischief")
            opened.page.goto("/scenarios")
            expect(opened.page.get_by_role("heading", name="Done for today")).to_be_visible()


@pytest.mark.parametrize(("data", "said"), [("keep", "is kept under its random name"), ("erase", "is erased")])
def test_an_author_can_stop_for_good_as_the_consent_says(browser: Browser, tmp_path: Path, data: str, said: str) -> None:
    folder = made(tmp_path)
    with (folder / "study.yaml").open("a") as file:
        file.write(f"authoring: {{withdrawal: {data}}}\n")
    with running(folder, Clock()) as app:
        with tab(browser, app.address, cookie=somebody(app, "ana", consents=False)) as opened:
            page = opened.page
            page.goto("/consent")
            assert f"what you wrote until then {said}" in page.inner_text("main")
            page.get_by_label("I have read this").check()
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="Scenarios")).to_be_visible()
            wrote(app, str(page.context.cookies()[0]["value"]))
            page.goto("/settings")
            page.get_by_role("link", name="Stop taking part").click()
            assert serious(page) == []
            assert "you have written" in page.inner_text("main")
            page.get_by_label("I want to stop taking part, for good.").check()
            page.get_by_role("button", name="Stop taking part").click()
            expect(page.get_by_role("status")).to_contain_text("You no longer take part")
            page.goto("/scenarios")
            expect(page).to_have_url(f"{app.address}/login")
            assert opened.said == []
        with app.serving.store.reading() as connection:
            contents = list(connection.execute(sa.select(draft_revisions.c.content)).scalars())
        assert [content is not None for content in contents] == [data == "keep"]
        with person(app, somebody(app, "lead", "lead", consents=False)) as lead:
            page_of_lead = lead.web.get("/journal").text
            assert "scenarios kept" in page_of_lead if data == "keep" else "scenarios erased" in page_of_lead


def test_nothing_that_is_written_runs_or_fetches_anything(browser: Browser, tmp_path: Path) -> None:
    with running(made(tmp_path), Clock()) as app:
        ana, lead = somebody(app, "ana"), somebody(app, "lead", "lead", consents=False)
        every = "\n".join(each for each in PAYLOADS if not unstorable(Draft(text=each)))
        hostile = dict.fromkeys(("text", "image_text", "twin_text", "twin_image_text"), every)
        hostile |= {"harm_category": "<script>window.ran=1</script>", "technique": '"><img src=x onerror=window.ran=1>'}
        draft = wrote(app, ana, other=hostile)
        fetched: list[str] = []
        for cookie, address in (
            (ana, f"/scenarios/{draft}"),
            (ana, "/scenarios"),
            (lead, f"/reviews/{draft}"),
            (lead, "/reviews"),
        ):
            with tab(browser, app.address, cookie=cookie) as opened:
                opened.page.on("request", lambda request: fetched.append(request.url))
                opened.page.on("dialog", lambda dialog: fetched.append(dialog.message))
                opened.page.goto(address)
                opened.page.wait_for_load_state("networkidle")
                assert opened.page.evaluate("window.ran") is None
                assert opened.said == []
        assert [each for each in fetched if not each.startswith(app.address)] == []


def test_no_page_of_an_author_names_a_release(shown: Shown) -> None:
    for login, address in shown.pages.values():
        if login != "lead":
            with person(shown.app, shown.cookies[login]) as author:
                answer = author.web.get(address)
            assert not [name for name in ("elm", "made-up", "readers") if name in f"{answer.headers} {answer.text}".lower()]


def test_a_small_picture_is_asked_for_in_one_line(browser: Browser, shown: Shown) -> None:
    with tab(browser, shown.app.address, cookie=shown.cookies["ben"]) as opened:
        opened.page.goto(shown.pages["review"][1])
        box = opened.page.get_by_text("Show picture").first.bounding_box()
        assert box
        assert box["height"] < 40
        opened.page.get_by_text("Show picture").first.click()
        expect(opened.page.get_by_role("checkbox").first).to_be_checked()


def test_the_command_line_takes_in_and_freezes_too(tmp_path: Path) -> None:
    folder = made(tmp_path)
    with running(folder, Clock()) as app:
        wrote(app, somebody(app, "ana"))
        ben = of(app, somebody(app, "ben"))
        draft = take(app.serving, ben)
        assert draft
        review(app.serving, ben, Reviewed("key-of-a-review-1", draft, 1, "accepted", "", app.serving.now()))
    found = command("benchmark", "draft", folder, "--json")
    assert (found["accepted"], found["scenarios"], found["pictures"]) == (1, 2, 1)
    assert command("benchmark", "draft", folder, "--json")["scenarios"] == 0
    assert command("benchmark", "freeze", folder / "benchmark", "--version", "--json")["version"] == 1
    assert verify(folder / "benchmark") == ()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    with running(made(tmp_path_factory.mktemp("refuses")), Clock()) as found:
        yield found


@pytest.fixture(scope="module")
def ana(app: Running) -> Generator[Person]:
    with person(app, somebody(app, "ana")) as found:
        yield found


def post(somebody: Person, files: dict[str, Any] | None = None, **fields: str) -> httpx.Response:
    """Send a scenario as a form with files."""
    typed = {"csrf": somebody.token(), "key": "a-key-of-a-bad-form", "since": "0", "do": "save", "text": "the goat", **fields}
    parts = {name: (None, value) for name, value in typed.items()}
    return somebody.web.post("/scenarios", files={**parts, **(files or {})})


def kept(app: Running) -> int:
    with app.serving.store.reading() as connection:
        tables = (draft_revisions, draft_pictures)
        return sum(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables)


BAD: dict[str, tuple[dict[str, Any], dict[str, str], int]] = {
    "an SVG": ({"picture": ("a.png", b"<svg onload='x'/>", "image/png")}, {}, 422),
    "a page": ({"picture": ("../../a.html", b"<script>1</script>", "text/html")}, {}, 422),
    "too many bytes": ({"picture": ("a.png", b"0" * 6_000_000, "image/png")}, {}, 413),
    "beyond any bound": ({"picture": ("a.png", b"0" * 12_000_000, "image/png")}, {}, 413),
    "three files": ({name: ("a.png", png(), "image/png") for name in ("picture", "twin_picture", "more")}, {}, 400),
    "a long text": ({}, {"text": "a" * 20_001}, 422),
    "a text beyond any bound": ({}, {"text": "a" * 200_000}, 400),
    "NUL": ({}, {"text": "a\0b"}, 422),
    "a foreign token": ({}, {"csrf": "0" * 64}, 403),
    "no token": ({}, {"csrf": ""}, 403),
    "no key": ({}, {"key": ""}, 422),
    "a draft of nobody": ({}, {"draft": "w-000000000000"}, 404),
    "a path as a draft": ({}, {"draft": "../../etc/passwd"}, 404),
    "a picture of nobody": ({}, {"kept_picture": "AAAAAAAAAAAAAAAAAAAA"}, 404),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_scenario_is_refused_in_plain_words_and_nothing_is_kept(app: Running, ana: Person, case: str) -> None:
    files, fields, status = BAD[case]
    before = kept(app)
    answer = post(ana, files, **fields)
    assert answer.status_code == status
    assert not any(word in answer.text for word in ("Traceback", "sqlalchemy", "driftgauge."))
    assert kept(app) == before


def test_a_body_that_is_no_form_with_files_is_refused(ana: Person) -> None:
    assert ana.post("/scenarios", text="a goat").status_code == 400
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert ana.web.post("/scenarios", content=b"--x\r\nnonsense", headers=headers).status_code in {400, 403}


def test_a_body_without_end_is_not_read_to_its_end(app: Running, ana: Person) -> None:
    def much() -> Generator[bytes]:
        yield b'--x\r\ncontent-disposition: form-data; name="picture"; filename="a"\r\n\r\n'
        for _ in range(300):
            yield b"a" * 50_000

    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert ana.web.post("/scenarios", content=much(), headers=headers).status_code == 413
    with person(app) as nobody:
        assert nobody.web.post("/scenarios", content=b"--x", headers=headers).status_code == 401


def test_raters_and_viewers_reach_none_of_it_and_authors_none_of_the_lead(app: Running, ana: Person) -> None:
    draft = wrote(app, somebody(app, "zoe"), 77)
    paths = ["/scenarios", "/scenarios/new", f"/scenarios/{draft}", f"/reviews/{draft}", "/reviews", "/draft-media/x"]
    with person(app, somebody(app, "vera", "viewer", consents=False)) as viewer:
        assert {viewer.web.get(path).status_code for path in paths} == {403}
        for path in ("/reviews/next", "/reviews/freeze", f"/reviews/{draft}", "/scenarios/break"):
            assert viewer.post(path, verdict="accepted").status_code == 403
    assert ana.web.get("/reviews").status_code == ana.post("/reviews/freeze").status_code == 403
    assert {ana.web.get(path).status_code for path in (f"/scenarios/{draft}", f"/reviews/{draft}")} == {404}
    assert {ana.web.get(path).status_code for path in ("/desk", "/people", "/rate", "/design")} == {403}
    assert "goat 77" not in "".join(ana.web.get(path).text for path in ("/scenarios", f"/scenarios/{draft}"))
    answer = ana.post(f"/reviews/{draft}", key="a-key-of-a-foreign-review", revision="1", verdict="accepted")
    assert answer.status_code == 404

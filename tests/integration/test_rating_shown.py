"""Every script payload in one page of a real browser, with nothing in its way but how it is written."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from driftgauge.rate.blind import blinded_html, pattern_of
from driftgauge.rate.shown import as_written, from_markdown
from tests.payloads import PAYLOADS

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
ALLOWED = (
    "p br em strong s code pre blockquote ul ol li hr h1 h2 h3 h4 h5 h6 table thead tbody tr th td html head meta body main"
)
FOUND = """() => [...document.querySelectorAll("*")].map(one => [one.localName, one.namespaceURI, one.getAttributeNames()])"""
TOUCHED = """() => document.querySelectorAll("main *").forEach(one => {
    for (const name of ["click", "focus", "mouseover", "load", "error", "toggle"]) one.dispatchEvent(new Event(name));
})"""


@pytest.fixture
def page() -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser.new_page()
        browser.close()


def in_one_page() -> str:
    around = ("{}", "[{}](x)", "[x]({})", "![{}](x)", "```{}\nx\n```", "|{}|b|\n|-|-|\n|c|d|", "a **GPT-4o** {}")
    pattern = pattern_of(("GPT-4o",))
    written = [as_written(payload) for payload in PAYLOADS]
    read = [from_markdown(each.format(payload)) for payload in PAYLOADS for each in around]
    masked = [blinded_html(html, pattern, mask=True).text for html in read]
    return f'<!doctype html><meta charset="utf-8"><main>{"".join([*written, *read, *masked])}</main><p id="end">end</p>'


def test_no_payload_runs_fetches_or_leaves_its_place(page: Page) -> None:
    asked: list[str] = []
    opened: list[object] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: opened.append(dialog))  # noqa: PLW0108 - playwright marks what it is given
    page.on("popup", lambda popup: opened.append(popup))  # noqa: PLW0108
    page.route("**/*", lambda route: route.abort())
    page.set_content(in_one_page(), wait_until="load")
    page.evaluate(TOUCHED)
    page.wait_for_function("() => document.readyState === 'complete'")

    found = page.evaluate(FOUND)
    assert page.evaluate("() => window.ran") is None
    assert (asked, opened) == ([], [])
    assert {name for name, _, _ in found} <= set(ALLOWED.split())
    assert {space for _, space, _ in found} == {"http://www.w3.org/1999/xhtml"}
    assert {name for _, _, names in found for name in names} <= {"dir", "start", "charset", "id"}
    assert page.evaluate("() => document.querySelectorAll('main').length + document.querySelectorAll('[id]').length") == 2
    assert page.evaluate("() => document.querySelector('main').nextElementSibling.id") == "end"


def test_a_payload_as_it_came_would_be_seen_by_this_test(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.abort())
    page.set_content('<!doctype html><img src=x onerror="window.ran=1"><img src=http://evil.invalid/a.png>', wait_until="load")
    page.wait_for_function("() => window.ran === 1")
    assert "http://evil.invalid/a.png" in asked

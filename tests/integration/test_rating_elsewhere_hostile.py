"""Every payload in what goes out to another tool: text and nothing else, however that tool shows what it is given."""

import json
import re
from collections.abc import Callable, Generator, Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree

import polars as pl
import pytest
import yaml
from markdown_it import MarkdownIt
from playwright.sync_api import Browser

from driftgauge.pipeline.rating.assign import Wanted, assign
from driftgauge.pipeline.rating.tasks import write_tasks
from driftgauge.study import load_study
from driftgauge.web.elsewhere import form_of
from tests.app import chromium
from tests.hostile_studies import NAMES, PANEL, TEXTS, put_files
from tests.watched import Watched, watched

TAGS: Final = {
    "p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "h1", "h2", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td", "img", "audio", "div", "a", "b", "title", "meta",
}  # fmt: skip
ATTRIBUTES: Final = {"dir", "start", "value", "src", "alt", "style", "controls", "charset", "href", "rel", "title"}
OURS: Final = ("/data/local-files/?d=", "data:image/png;base64,", "/media/", "pictures/")
ADDRESS: Final = "http://127.0.0.1:9"


class Seen(HTMLParser):
    """Collects what of some HTML is not ours."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        scheme = urlsplit(said.get("href") or "").scheme
        fits = (said.get("src") or OURS[0]).startswith(OURS) and scheme in {"", "http", "https", "mailto", "tel"}
        if tag not in TAGS or not set(said) <= ATTRIBUTES or not fits:
            self.wrong.append(self.get_starttag_text() or tag)


def shown_by_argilla(text: str) -> str:
    """Return a field as Argilla makes HTML of it, before it cleans that: as Markdown in which HTML passes."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


def of_label_studio(folder: Path) -> list[str]:
    labels = ElementTree.parse(folder / "labels.xml").getroot()
    assert {each.get("name") for each in labels.iter("HyperText")} == {"prompt", "response"}
    return [each["data"][name] for each in json.loads((folder / "tasks.json").read_bytes()) for name in ("prompt", "response")]


def of_argilla(folder: Path) -> list[str]:
    records = json.loads((folder / "records.json").read_bytes())
    return [shown_by_argilla(each["fields"][name]) for each in records for name in ("prompt", "response")]


def of_potato(folder: Path) -> list[str]:
    assert yaml.safe_load((folder / "potato.yaml").read_text(encoding="utf-8"))["data_files"] == ["tasks.jsonl"]
    lines = (folder / "tasks.jsonl").read_bytes().split(b"\n")
    return [json.loads(line)["text"] for line in lines if line]


def of_csv(folder: Path) -> list[str]:
    return _of_table(pl.read_csv(folder / "tasks.csv", infer_schema=False))


def of_parquet(folder: Path) -> list[str]:
    return _of_table(pl.read_parquet(folder / "tasks.parquet"))


def _of_table(frame: pl.DataFrame) -> list[str]:
    return [each for name in ("prompt_html", "response_html") for each in frame[name].to_list()]


SHOWN: Final[Mapping[str, Callable[[Path], list[str]]]] = {
    "label-studio": of_label_studio, "argilla": of_argilla, "potato": of_potato, "csv": of_csv, "parquet": of_parquet,
}  # fmt: skip
"""Each tool, and the HTML that it puts into its page."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of one rater for each tool, out of a study of which every name and text is hostile."""
    study = tmp_path_factory.mktemp("hostile")
    put_files(study)
    assign(study, Wanted(PANEL))
    words = form_of(load_study(study), PANEL)
    made = {tool: write_tasks(study, study / tool, panel=PANEL, tool=tool, words=words) for tool in SHOWN}
    rater = min(next(iter(made.values())).tasks)
    return {tool: study / tool / rater for tool in made}


@pytest.fixture(scope="module")
def browser(folders: dict[str, Path]) -> Generator[Browser]:  # after the study, which is collected in a loop of its own
    with chromium() as found:
        yield found


@pytest.mark.parametrize("tool", SHOWN)
def test_what_a_tool_is_given_has_no_markup_but_ours(folders: dict[str, Path], tool: str) -> None:
    every = [*SHOWN[tool](folders[tool]), (folders[tool] / "instructions.html").read_text(encoding="utf-8")]
    assert len(every) > 50
    assert [wrong for html in every for wrong in Seen(html).wrong] == []


@pytest.mark.parametrize("tool", SHOWN)
def test_nothing_runs_or_is_fetched_where_a_tool_shows_it_as_it_is(
    browser: Browser, folders: dict[str, Path], tool: str
) -> None:
    every = SHOWN[tool](folders[tool])
    with watched(browser, ADDRESS, policy=False) as opened:
        opened.page.route(
            "**/*", lambda route: route.fulfill(body="<!doctype html><title>a tool</title>", content_type="text/html")
        )
        opened.look(tool, "/")
        for html in every:
            opened.page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", html)
        opened.page.evaluate("document.querySelectorAll('body *').forEach(each => each.click())")
        reads(opened)
    ours = ("/data/local-files/", "data:image/png", f"{ADDRESS}/media/", f"{ADDRESS}/pictures/")
    assert [each for each in opened.seen.wrong if not any(address in each for address in ours)] == []


def reads(opened: Watched) -> None:
    """See that every payload is read as it was written, but for what Markdown takes for a mark of its own."""
    opened.reads(*NAMES, *[each for each in TEXTS if each.startswith("<")])


def test_potato_finds_nothing_that_it_would_take_out_of_a_text(folders: dict[str, Path]) -> None:
    texts = [re.sub("<[^>]*>", "", html) for html in of_potato(folders["potato"])]
    assert [text for text in texts if re.search(r"(?i)(java|vb)script:|data:|expression\s*\(", text)] == []
    assert any("javascript:" in unescape(text) for text in texts)


@pytest.mark.parametrize("tool", ["csv", "parquet"])
def test_the_plain_texts_of_a_table_are_what_was_written_and_no_formula(folders: dict[str, Path], tool: str) -> None:
    path = folders[tool] / f"tasks.{tool}"
    frame: Any = pl.read_csv(path, infer_schema=False) if tool == "csv" else pl.read_parquet(path)
    texts = " ".join(frame["prompt"].to_list())
    assert all(name in texts for name in NAMES)
    if tool == "csv":
        assert not [each for each in frame["response"].to_list() if each.startswith(("=", "+", "-", "@"))]


def test_this_would_see_what_is_not_text() -> None:
    html = '<p onclick="x">a</p><img src="//evil.invalid/a.png"><script>x</script><a href="javascript:x">a</a>'
    assert len(Seen(html).wrong) == 4
    behind = "<p>a</p>\n<pre>a\n\n![b](//evil.invalid/a.png)</pre>"
    assert Seen(shown_by_argilla(behind)).wrong == ['<img src="//evil.invalid/a.png" alt="b" />']

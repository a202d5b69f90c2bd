"""A report of a study in which every name is a payload, opened from its file in a real browser, and its tables as files."""

import csv
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from driftgauge.pipeline.measure import measure_study
from driftgauge.pipeline.report import report
from tests.app import chromium
from tests.hostile_studies import SHOWN_IN_REPORT, put_ratings
from tests.watched import watched


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    put_ratings(folder)
    measure_study(folder, seed=1, bootstrap=20, model="none")
    report(folder)
    return folder


@pytest.mark.parametrize("policy", [True, False], ids=["with its policy", "without its policy"])
def test_nothing_runs_asks_or_opens_in_a_report(browser: Browser, study: Path, policy: bool) -> None:
    address = (study / "out" / "report.html").as_uri()
    own = ("svg", "style", "meta", "body > script#explore-data", "body > script#explore-vega", "body > script#report-script")
    with watched(browser, address, policy=policy, allowed=own) as opened:
        opened.look("the report", address)
        assert opened.page.locator("script").count() == 3
        opened.page.locator("#explore-figure svg").wait_for()
        opened.page.locator("svg [data-tip]").first.hover()
        opened.page.locator("#explore-figure .mark-symbol path").first.hover()
        opened.page.locator("#vg-tooltip-element.visible").wait_for()
        for select in opened.page.locator(".controls select").all():
            select.select_option(index=1)
        opened.page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true })")
        opened.settle()
        opened.reads(*SHOWN_IN_REPORT)
    assert opened.seen.wrong == [], "\n".join(opened.seen.wrong)


def test_no_cell_of_a_table_that_is_written_is_a_formula(study: Path) -> None:
    tables = sorted((study / "out").rglob("*.csv"))
    cells: list[str] = []
    for path in tables:
        with path.open(newline="", encoding="utf-8") as file:
            cells += [cell for row in csv.reader(file) for cell in row if not _is_number(cell)]
    assert tables
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert f"'{SHOWN_IN_REPORT[-1]}" in cells


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

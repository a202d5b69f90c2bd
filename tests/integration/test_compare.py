"""``driftgauge report --compare``: any two releases on one sheet, every number from the JSON, and no verdict of its own."""

import html
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner

from driftgauge.cli import cli
from driftgauge.pipeline.compare import compare_releases
from tests.app import chromium
from tests.reported import NUMBER, says

NAMES = ("Elm 1", "<b>Elm</b>/2", "Oak " + "x" * 80, "../\u202eevil")
PAIRS = [(NAMES[0], NAMES[1]), (NAMES[1], NAMES[0]), (NAMES[0], NAMES[2]), (NAMES[2], NAMES[3])]


def driftgauge(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "driftgauge", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four releases; other people rated the last two, and one of those lacks a scenario."""
    base = tmp_path_factory.mktemp("compare")
    rows = [
        f'scen{s},"{release}",r{r + 4 * (n > 1)},{m},{int((s + r + n) % 3 == 0)},{int((s + n) % 4 == 0)},{1 + (s + r + n) % 5}'
        for s in range(10)
        for n, release in enumerate(NAMES)
        for r in range(4)
        for m in ("text-only", "multimodal")
        if not (n == 2 and s == 3)
    ]
    (base / "r.csv").write_text("scenario,release,rater,modality,success,refusal,harm\n" + "\n".join(rows) + "\n")
    (base / "families.yaml").write_text(json.dumps({"Elm": list(NAMES[:2])}))
    lineage = ("--families", base / "families.yaml", "--bootstrap", "0", "--model", "none")
    made = driftgauge("analyze", base / "r.csv", *lineage, "--out", base / "o")
    assert made.returncode == 0, made.stderr
    return base / "o"


@pytest.fixture(scope="module")
def told(folder: Path) -> list[dict[str, Any]]:
    found = [compare_releases(folder, pair) for pair in PAIRS]
    return [json.loads(json.dumps({"page": str(each.html)} | each.comparison.plain())) for each in found]


def numbers(text: str) -> list[float]:
    return [float(found.replace("−", "-")) for found in re.findall(r"[−+]?\d+(?:\.\d+)?", text)]


def test_every_number_of_the_page_is_that_of_the_json(told: list[dict[str, Any]]) -> None:
    for each in told:
        printed = re.findall(r"<tr data-row>(.*?)</tr>", Path(each["page"]).read_text())
        assert len(printed) == len(each["rows"]) == 15
        for line, row in zip(printed, each["rows"], strict=True):
            cells = [html.unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<t[hd].*?</t[hd]>", line)]
            hundred = row["difference"]["estimand"] != "mean_harm"
            wanted = [row[side][name] for side in ("first", "second", "difference") for name in NUMBERS]
            shown = NUMBER.findall(" ".join(cells[1:5]))
            assert len(shown) == len(wanted)
            assert all(says(text, value, hundred=hundred) for text, value in zip(shown, wanted, strict=True)), cells
            assert [int(cell) for cell in cells[5:7]] == [row["difference"]["n_scenarios"], row["difference"]["n_raters"]]
            assert cells[7] == (row["difference"]["estimate_id"] or "–")


NUMBERS = ("estimate", "conf_low", "conf_high")


def test_the_page_says_its_population(told: list[dict[str, Any]]) -> None:
    for each in told:
        page = Path(each["page"]).read_text()
        for row in each["basis"]["prompts"]:
            some = f"{row['in_common']}\u00a0prompts in common, {row['left_out']} left out"
            assert some in page
    assert told[2]["basis"]["prompts"][0] == {"modality": None, "in_common": 18, "left_out": 2}
    assert [each["basis"]["n_raters_both"] for each in told] == [4, 4, 0, 4]


def test_a_drift_of_the_family_refers_to_its_verdict_and_nothing_else_has_one(told: list[dict[str, Any]], folder: Path) -> None:
    [verdict] = pl.read_parquet(folder / "estimates.parquet").filter("primary").to_dicts()
    for each in told[:2]:
        assert each["verdict"]["estimate_id"] == verdict["estimate_id"]
        assert each["verdict"]["verdict"] == verdict["verdict"]
    standing = [[row["standing"] for row in each["rows"] if "exploratory" not in row["standing"]] for each in told]
    assert standing == [[f"of the verdict family: {verdict['verdict']}"], [], [], []]
    assert [each["verdict"] for each in told[2:]] == [None, None]
    assert all("xploratory: not in the verdict family" in Path(each["page"]).read_text() for each in told)
    assert "the signs are turned" in Path(told[1]["page"]).read_text()


def test_numbers_of_a_drift_are_those_of_the_estimates(told: list[dict[str, Any]], folder: Path) -> None:
    estimates = {row["estimate_id"]: row for row in pl.read_parquet(folder / "estimates.parquet").to_dicts()}
    for row in told[0]["rows"]:
        for side in ("first", "second", "difference"):
            known = estimates[row[side]["estimate_id"]]
            assert {name: known[name] for name in NUMBERS} == {name: row[side][name] for name in NUMBERS}
    assert all(row["difference"]["estimate_id"] is None for each in told[1:] for row in each["rows"])


def test_when_nobody_rated_both_the_page_says_what_that_means(told: list[dict[str, Any]]) -> None:
    said = [each["basis"]["unlinked"] for each in told]
    assert [bool(each) for each in said] == [False, False, True, False]
    assert "a stricter panel and a safer model would look the same" in said[2]
    assert "a stricter panel and a safer model would look the same" in Path(told[2]["page"]).read_text()


def test_a_page_is_one_sheet_fetches_nothing_and_is_accessible(told: list[dict[str, Any]], folder: Path) -> None:
    with chromium() as browser:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for each in told:
            path = Path(each["page"])
            assert path.parent == folder / "compare"
            page.emulate_media(media="print")
            page.goto(path.as_uri())
            sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", prefer_css_page_size=True)))
            assert sheets == 1, path.name
            assert page.locator("main b").count() == 0
        page.emulate_media(media="screen")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    assert [url for url in asked if not url.startswith("file:")] == []


def test_judges_alone_are_compared_as_judges(folder: Path, tmp_path: Path) -> None:
    rows = pl.read_csv(folder.parent / "r.csv").with_columns(kind=pl.lit("judge"))
    rows.write_csv(tmp_path / "judges.csv")
    made = driftgauge("analyze", tmp_path / "judges.csv", "--bootstrap", "0", "--model", "none", "--out", tmp_path / "o")
    assert made.returncode == 0, made.stderr
    done = CliRunner().invoke(cli, ["report", str(tmp_path / "o"), "--compare", NAMES[0], NAMES[2]])
    assert done.output.startswith("Judges only: models rated these responses, no person did.\n")
    assert "Rated by 4 and 4 judges (models)" in " ".join(done.output.split())
    found = compare_releases(tmp_path / "o", (NAMES[0], NAMES[2]))
    people = compare_releases(folder, (NAMES[0], NAMES[2])).comparison
    assert "Judges only" in found.html.read_text(encoding="utf-8")
    assert [row.difference.estimate for row in found.comparison.rows] == [row.difference.estimate for row in people.rows]


def test_the_command_prints_the_same_as_a_table_and_as_json(told: list[dict[str, Any]], folder: Path) -> None:
    shown = driftgauge("report", folder, "--compare", NAMES[0], NAMES[2])
    assert shown.returncode == 0, shown.stderr
    said = " ".join(shown.stdout.split())
    assert "critical: No rater and no anchor links the panels" in said
    assert "Exploratory: not in the verdict family" in said
    assert "all prompts: 18 in common, 2 left out" in said
    assert json.loads(driftgauge("report", folder, "--compare", *PAIRS[2], "--json").stdout) == told[2]


def test_a_release_that_is_not_there_is_refused_with_those_that_are(folder: Path) -> None:
    found = driftgauge("report", folder, "--compare", "Elm 1", "Elm 9")
    assert found.returncode == 1
    assert "Compare two of: Elm 1, <b>Elm</b>/2" in found.stderr
    assert "Traceback" not in found.stderr


def test_it_takes_no_option_of_the_report(folder: Path) -> None:
    found = CliRunner().invoke(cli, ["report", str(folder), "--compare", "Elm 1", NAMES[1], "--cards"])
    assert found.exit_code == 2
    assert "leave out the options of the report" in found.stderr

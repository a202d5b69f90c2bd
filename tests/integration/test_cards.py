"""``driftgauge report --cards``: files for every release, that print on one sheet and make a browser fetch nothing."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.app import chromium

NAMES = ("Elm 1", "<b>Elm</b>/2", "Elm-1")


def driftgauge(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "driftgauge", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("cards")
    rows = [
        f'scen{s},"{release}",r{r},{m},{int((s + r + n) % 3 == 0)},{int((s + n) % 4 == 0)},{1 + (s + r + n) % 5},1'
        for s in range(10)
        for n, release in enumerate(NAMES)
        for r in range(4)
        for m in ("text-only", "multimodal")
    ]
    (base / "r.csv").write_text("scenario,release,rater,modality,success,refusal,harm,phase\n" + "\n".join(rows) + "\n")
    (base / "families.yaml").write_text(json.dumps({"Elm": list(NAMES)}))
    made = driftgauge(
        "analyze", base / "r.csv", "--families", base / "families.yaml", "--out", base / "o", "--bootstrap", "200"
    )
    assert made.returncode == 0, made.stderr
    written = driftgauge("report", base / "o", "--cards", "--json")
    assert written.returncode == 0, written.stderr
    assert list(json.loads(written.stdout)["cards"]) == list(NAMES)
    return base / "o"


def test_every_release_has_a_page_and_the_same_as_json(folder: Path) -> None:
    found = {json.loads(path.read_text())["release"]: path for path in (folder / "cards").glob("*.json")}
    assert set(found) == set(NAMES)
    assert all(path.with_suffix(".html").is_file() for path in found.values())


def test_a_card_has_its_standing_where_there_was_a_bootstrap(folder: Path) -> None:
    told = [json.loads(path.read_text())["standing"] for path in (folder / "cards").glob("*.json")]
    assert [sum(each["estimate"] for each in ranks) for ranks in told if ranks] == pytest.approx([1.0] * 3)


def test_a_card_is_one_sheet_fetches_nothing_and_is_accessible(folder: Path) -> None:
    with chromium() as browser:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for path in sorted((folder / "cards").glob("*.html")):
            page.emulate_media(media="print")
            page.goto(path.as_uri())
            sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", prefer_css_page_size=True)))
            assert sheets == 1, path.name
        page.emulate_media(media="screen")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    assert [url for url in asked if not url.startswith("file:")] == []


def test_tables_are_written_where_they_are_asked_for(folder: Path, tmp_path: Path) -> None:
    done = driftgauge("report", folder, "--tables", tmp_path / "deep" / "er", "--json")
    assert done.returncode == 0, done.stderr
    written = [Path(each) for each in json.loads(done.stdout)["tables"]]
    assert {path.name for path in written} == {
        f"{name}.{end}" for name in ("levels", "drifts") for end in ("tex", "md", "html", "csv")
    }
    assert all(path.read_text() for path in written)

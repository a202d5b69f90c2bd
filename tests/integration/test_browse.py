"""The results browser: from all studies down to one rating, each to those who may, in a real browser."""

import shutil
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from driftgauge.errors import StoreError
from driftgauge.pipeline.analyze import Inputs, analyze
from driftgauge.pipeline.browsing.shelf import Shelf
from driftgauge.pipeline.measure import measure_study
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rating.trial import trial
from driftgauge.pipeline.report import report
from driftgauge.store import journal
from tests.app import chromium
from tests.browsing import Browsing, browsing
from tests.hostile_studies import put_ratings
from tests.integration.conftest import ratings_of
from tests.servers import free_port
from tests.watched import watched


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study of collected responses, and with an analysis of a file."""
    folder = tmp_path_factory.mktemp("results")
    trial(folder / "town", rng=np.random.default_rng(1))
    measure_study(folder / "town", seed=1, bootstrap=0, model="none")
    report(folder / "town")
    analysis(folder / "2025")
    return folder


def analysis(out: Path, *, raters: int = 6) -> None:
    frame = pl.concat(ratings_of(release, 1, range(raters)) for release in ("Elm 1", "Elm 2"))
    out.parent.mkdir(exist_ok=True, parents=True)
    path = out.parent / f"{out.name}.csv"
    frame.with_columns(family=pl.lit("Elm")).write_csv(path)
    analyze(Inputs(files=(path,), seed=1, bootstrap=0, model="none"), out=out)


@pytest.fixture(scope="module")
def served(folder: Path) -> Generator[Browsing]:
    with browsing(folder) as found:
        yield found


@pytest.fixture(scope="module")
def browser(folder: Path) -> Generator[Browser]:
    assert folder.exists()  # made before there is a browser, whose event loop no collection can run within
    with chromium() as found:
        yield found


@contextmanager
def somebody(link: str) -> Iterator[httpx.Client]:
    """Yield somebody who came in by a link."""
    with httpx.Client(follow_redirects=True) as client:
        assert client.get(link).status_code == 200
        yield client


@contextmanager
def tab(browser: Browser, link: str, **settings: str) -> Iterator[Page]:
    context = browser.new_context(**settings)  # type: ignore[arg-type] - the colour scheme
    page = context.new_page()
    page.goto(link)
    yield page
    context.close()


def test_from_all_measurements_to_one_rating_and_to_its_picture(browser: Browser, served: Browsing) -> None:
    with tab(browser, served.for_texts) as page:
        assert page.locator("h1").inner_text() == "2 measurements"
        page.click("table a:has-text('little-wobbling')")
        page.click("text=Which prompts flipped")
        page.select_option("select[name=modality]", "multimodal")
        page.click("text=Show")
        flips = page.locator("tbody tr")
        flipped = pl.read_parquet(served.library.shelf.folders[0] / "town" / "out" / "flips.parquet")
        assert flips.count() == flipped.filter(pl.col("modality") == "multimodal").height > 0
        flips.first.locator("a").click()
        assert page.locator("section.card h3").first.inner_text() == "text-only · en"
        assert "Put on a tall hat" in page.locator(".answer").all_inner_texts()[0]
        page.locator("summary").first.click()
        assert page.locator("details[open] tbody tr").count() >= 3
        with page.expect_response(lambda answer: "/medium/" in answer.url) as picture:
            page.click("text=Open its picture")
        assert picture.value.headers["content-type"] == "image/png"


def test_who_came_by_the_link_for_results_sees_no_text(served: Browsing, folder: Path) -> None:
    volumes, _ = served.library.shelf.look()
    (town,) = [volume for volume in volumes if volume.name == "little-wobbling"]
    (drift,) = town.view.verdicts
    scenario = town.flipped(drift)["scenario"][0]
    with somebody(served.for_results) as client:
        pages = [f"/m/{town.key}", f"/m/{town.key}/drift/{drift.estimate_id}", f"/report/{town.key}", "/"]
        seen = "".join(client.get(served.address + page).raise_for_status().text for page in pages)
        refused = client.get(f"{served.address}/m/{town.key}/scenario/{scenario}")
        picture = client.get(f"{served.address}/m/{town.key}/medium/0/{scenario}/multimodal/en")
    assert refused.status_code == picture.status_code == 403
    assert scenario in seen
    for text in ("tall hat", "town crier", "Bruno, the cheekiest"):
        assert text not in seen + refused.text


def test_who_came_by_no_link_sees_nothing(served: Browsing) -> None:
    (volume, *_), _ = served.library.shelf.look()
    for page in ("/", f"/m/{volume.key}", f"/report/{volume.key}", f"/m/{volume.key}/scenario/s1", "/enter/guessed"):
        answer = httpx.get(served.address + page)
        assert answer.status_code == 403
        assert volume.name not in answer.text


def test_without_texts_there_is_no_second_link(folder: Path) -> None:
    with browsing(folder, texts=False) as found:
        assert found.library.links.texts is None
        assert httpx.get(f"{found.address}/enter/None").status_code == 403


def test_the_journal_says_once_that_texts_were_opened(folder: Path) -> None:
    with browsing(folder) as found, somebody(found.for_texts) as client:
        volumes, _ = found.library.shelf.look()
        (town,) = [volume for volume in volumes if volume.results.study]
        before = _reads(folder)
        for scenario in town.flips["scenario"].unique()[:2]:
            client.get(f"{found.address}/m/{town.key}/scenario/{scenario}").raise_for_status()
        assert _reads(folder) == before + 1


def _reads(folder: Path) -> int:
    with open_study(folder / "town").store.reading() as connection:
        return sum(entry.verb == "read" for entry in journal.entries(connection))


def test_marks_on_the_page_are_those_of_the_ratings(served: Browsing) -> None:
    volumes, _ = served.library.shelf.look()
    (file,) = [volume for volume in volumes if volume.results.study is None]
    ratings = pl.read_parquet(file.results.folder / "ratings.parquet")
    scenario = ratings["scenario"][0]
    with somebody(served.for_texts) as client:
        seen = client.get(f"{served.address}/m/{file.key}/scenario/{scenario}").raise_for_status().text
    expected = ratings.filter(pl.col("scenario") == scenario)
    assert seen.count('<th scope="row"><bdi>') == expected.height
    assert "An analysis of a file keeps no text." in seen
    for rows in expected.partition_by("response_id"):
        assert f"attack succeeded: {rows['success'].sum()} of {rows.height}" in seen


def test_a_measurement_that_is_made_again_is_read_again(tmp_path: Path) -> None:
    analysis(tmp_path / "one")
    shelf = Shelf((tmp_path,))
    (before,), _ = shelf.look()
    assert shelf.look()[0] == [before]
    shutil.rmtree(tmp_path / "one")
    analysis(tmp_path / "one", raters=7)
    (after,), _ = shelf.look()
    assert after.key != before.key


def test_what_cannot_be_read_is_named_beside_what_can(tmp_path: Path) -> None:
    analysis(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two" / "estimates.parquet").write_bytes(b"cut off")
    volumes, broken = Shelf((tmp_path,)).look()
    assert [volume.name for volume in volumes] == ["one"]
    assert [each.name for each in broken] == ["two"]
    assert "was changed since its analysis" in broken[0].reason
    with pytest.raises(StoreError, match="is no folder"):
        Shelf((tmp_path / "none",)).look()
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="holds no study and no analysis"):
        Shelf((tmp_path / "empty",)).look()


def test_addresses_that_lead_nowhere_are_no_mistake_of_the_app(served: Browsing) -> None:
    (volume, *_), _ = served.library.shelf.look()
    key = volume.key
    with somebody(served.for_texts) as client:
        for page in (
            "/m/unknown", f"/m/{key}/drift/unknown", f"/m/{key}/scenario/unknown", f"/m/{key}/scenario/..%2f..%2fetc",
            f"/m/{key}/medium/99999999999999999999/a/b/c", f"/m/{key}/medium/0/unknown", "/report/unknown", "/nothing",
        ):  # fmt: skip
            assert client.get(served.address + page).status_code == 404, page
        assert client.post(served.address + "/").status_code in {403, 405}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_by_everybody(browser: Browser, served: Browsing, scheme: str) -> None:
    with tab(browser, served.for_texts, color_scheme=scheme) as page:
        _clean(page)
        for click in ("table a:has-text('little-wobbling')", "text=Which prompts flipped", "tbody th a"):
            page.locator(click).first.click()
            _clean(page)


def _clean(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in {"serious", "critical"}] == []


@pytest.mark.parametrize("policy", [True, False], ids=["with its policy", "without its policy"])
def test_nothing_of_a_hostile_study_runs(browser: Browser, tmp_path: Path, policy: bool) -> None:
    (tmp_path / "hostile").mkdir()
    put_ratings(tmp_path / "hostile")
    measure_study(tmp_path / "hostile", seed=1, bootstrap=0, model="none")
    with browsing(tmp_path) as found, watched(browser, found.address, policy=policy, allowed=("svg",)) as opened:
        opened.page.goto(found.for_texts)
        opened.look("all measurements", found.address + "/")
        (volume,), _ = found.library.shelf.look()
        opened.look("a measurement", f"{found.address}/m/{volume.key}")
        for drift in volume.view.verdicts:
            opened.look("a drift", f"{found.address}/m/{volume.key}/drift/{drift.estimate_id}")
        scenario = volume.behind.ratings["scenario"][0]
        opened.look("a scenario", f"{found.address}/m/{volume.key}/scenario/{scenario}")
    assert not [said for said in opened.seen.wrong if "/paints.css" not in said], "\n".join(opened.seen.wrong)


def test_the_command_prints_a_link_that_lets_in(tmp_path: Path) -> None:
    analysis(tmp_path / "one")
    command = [sys.executable, "-m", "driftgauge", "report", "serve", str(tmp_path), "--port", str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        said = process.stdout.readline()
        link = said.split()[1]
        with httpx.Client(transport=httpx.HTTPTransport(retries=20), follow_redirects=True) as client:
            assert "1 measurement" in client.get(link).raise_for_status().text
        process.terminate()
        log = process.stdout.read()
    assert "GET /enter/… HTTP" in log
    assert link.rpartition("/")[2] not in log

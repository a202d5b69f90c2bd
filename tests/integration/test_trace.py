"""``driftgauge trace`` on the folder of an analysis."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from driftgauge.cli import cli
from driftgauge.errors import StoreError

ROWS = "scenario,release,rater,success,refusal,harm,response_text\n" + "".join(
    f"s{s},{release},r{r},{(s + r) % 2},0,{1 + (s + r) % 2},a quiet word about {s}\n"
    for s in range(5)
    for release in ("A1", "A2")
    for r in range(3)
)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False, standalone_mode=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("trace")
    (base / "ratings.csv").write_text(ROWS)
    (base / "families.yaml").write_text("A: [A1, A2]\n")
    run(
        "analyze",
        base / "ratings.csv",
        "--families",
        base / "families.yaml",
        "--out",
        base / "out",
        "--bootstrap",
        "0",
        "--json",
    )
    return base / "out"


def test_from_a_number_to_its_ratings_responses_and_prompts(folder: Path) -> None:
    estimate = pl.read_parquet(folder / "estimates.parquet").filter("primary").to_dicts()[0]
    found = json.loads(run("trace", estimate["estimate_id"], "--in", folder, "--json").stdout)
    assert found["estimates"][0]["estimate"] == estimate["estimate"]
    assert len(found["ratings"]) == estimate["n_ratings"] == 30
    assert len({row["response_hash"] for row in found["ratings"]}) == 5
    assert found["manifest"]["data_hash"] == json.loads((folder / "manifest.json").read_text())["data_hash"]


@pytest.mark.parametrize("kind", ["rating", "response"])
def test_and_back_from_a_rating_or_response_to_its_numbers(folder: Path, kind: str) -> None:
    row = pl.read_parquet(folder / "ratings.parquet").to_dicts()[0]
    found = json.loads(run("trace", row[f"{kind}_id"], "--in", folder, "--json").stdout)
    assert found["id_of"] == kind
    assert {each["release"] for each in found["estimates"]} == {"A1", "A2", None}
    levels = [each for each in found["estimates"] if each["contrast"] is None and each["release"]]
    of_models = [each for each in levels if each["method"].startswith("mixed model")]
    assert {each["release"] for each in of_models} == {"A1", "A2"}  # each of its numbers rests on all ratings
    assert {each["release"] for each in levels if each not in of_models} == {row["release"]}


def test_a_beginning_of_an_id_is_enough_and_no_text_is_shown(folder: Path) -> None:
    estimate = pl.read_parquet(folder / "estimates.parquet").filter("primary")["estimate_id"][0]
    shown = run("trace", estimate[:10], "--in", folder).stdout
    assert "30 ratings" in shown
    assert "quiet word" not in shown


@pytest.mark.parametrize(("identifier", "said"), [("abc", "too short"), ("zzzzzzzz", "no estimate, rating or response")])
def test_an_id_that_is_none_is_said(folder: Path, identifier: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        run("trace", identifier, "--in", folder)


def test_a_changed_folder_is_not_trusted(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    ratings = pl.read_parquet(tmp_path / "ratings.parquet")
    ratings[1:].write_parquet(tmp_path / "ratings.parquet")
    with pytest.raises(StoreError, match="was changed since its analysis"):
        run("trace", ratings["rating_id"][0], "--in", tmp_path)

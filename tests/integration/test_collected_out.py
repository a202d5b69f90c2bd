"""Collected responses out of a study: exported, put into another study, looked through for stock refusals."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from driftgauge.frames import RESPONSE_KEY

STUDY = """study: {name}
benchmark: benchmark
families:
  Elm:
    - {{release: Elm 1, client: {client}}}
    - {{release: Elm 2, client: {client}, takes: [text]}}
phases: [{{phase: 1}}]
"""


def driftgauge(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "driftgauge", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def said(*arguments: object) -> dict[str, object]:
    done = driftgauge(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that was collected from made-up releases."""
    folder = tmp_path_factory.mktemp("studies") / "town"
    folder.mkdir()
    (folder / "study.yaml").write_text(STUDY.format(name="town", client="simulated"))
    for arguments in (("benchmark", "demo", folder / "benchmark"), ("benchmark", "freeze", folder / "benchmark")):
        assert driftgauge(*arguments).returncode == 0
    done = driftgauge("collect", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_what_goes_out_can_be_replayed_into_another_study(collected: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "study.yaml").write_text(STUDY.format(name="other", client="replay, record: town.jsonl"))
    (other / "benchmark").symlink_to(collected / "benchmark")
    refused = driftgauge("collect", other)
    assert refused.returncode == 1  # a study's benchmark may not lead out of its folder
    (other / "benchmark").unlink()
    subprocess.run(["cp", "-r", collected / "benchmark", other / "benchmark"], check=True)
    assert said("responses", "export", collected, other / "town.jsonl")["responses"] == 2 * 192
    again = driftgauge("collect", other)
    assert again.returncode == 0, again.stderr
    for folder, name in ((collected, "a.parquet"), (other, "b.parquet")):
        assert said("responses", "export", folder, tmp_path / name)["responses"] == 2 * 192
    before, after = (pl.read_parquet(tmp_path / name).sort(RESPONSE_KEY) for name in ("a.parquet", "b.parquet"))
    same = [*RESPONSE_KEY, "status", "response_text", "stop_reason", "served_model", "usage", "prompt_hash", "simulated"]
    assert before.select(same).equals(after.select(same))
    assert after["simulated"].all()


def test_a_log_of_inspect_holds_one_release_in_one_phase_and_reads_back(collected: Path, tmp_path: Path) -> None:
    refused = driftgauge("responses", "export", collected, tmp_path / "all.eval")
    assert (refused.returncode, "one release in one phase" in refused.stderr) == (1, True)
    assert not (tmp_path / "all.eval").exists()
    path = tmp_path / "elm.eval"
    assert said("responses", "export", collected, path, "--release", "Elm 1", "--phase", "1")["responses"] == 192
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    from inspect_ai.log import read_eval_log  # noqa: PLC0415 - slow to import

    log = read_eval_log(str(path))
    assert len(log.samples or []) == 192
    assert all(sample.input for sample in log.samples or [])


def test_stock_refusals_are_a_judges_ratings_once(collected: Path) -> None:
    first, second = (said("rate", "detect", collected) for _ in range(2))
    assert str(first["rater"]).startswith("refusal-patterns-")
    assert first["by_release"] == second["by_release"]
    rated = sum(counts["refusal"] + counts["none"] for counts in first["by_release"].values())  # type: ignore[attr-defined]
    assert (first["added"]["new"], second["added"]["new"], second["added"]["same"]) == (rated, 0, rated)  # type: ignore[index]
    measured = said("measure", collected, "--model", "none", "--bootstrap", "0")
    assert measured["verdicts"] == []
    estimates = pl.read_parquet(collected / "out" / "estimates.parquet")
    assert set(estimates["kind"].unique()) == {"judge"}


def test_a_file_that_is_there_stays(collected: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text("mine")
    refused = driftgauge("responses", "export", collected, path)
    assert (refused.returncode, path.read_text()) == (1, "mine")
    assert driftgauge("responses", "export", collected, tmp_path / "mine.txt").returncode == 1

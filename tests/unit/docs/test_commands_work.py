"""What the docs say that a command prints, it prints."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import measure
from driftgauge.measure.simulate import PUBLISHED_SHAPE, simulate
from driftgauge.rate.exchange import read_ratings
from driftgauge.study import Protocol

BIN = Path(sys.executable).parent
SESSIONS = (
    "tutorial/first-report.md",
    "how-to/ratings-file.md",
    "how-to/protocol.md",
    "how-to/study.md",
    "how-to/plan-a-study.md",
)


@pytest.mark.parametrize("told_in", SESSIONS)
def test_a_session_goes_as_its_page_says(told_in: str, docs: Any, tmp_path: Path) -> None:
    for beside in (docs.folder / told_in).parent.glob("*.[cy]*"):
        shutil.copy(beside, tmp_path)
    sessions = list(docs.fences(docs.folder / told_in, "console"))
    assert sessions
    for session in sessions:
        command, _, printed = session.partition("\n")
        assert _run(command.removeprefix("$ "), tmp_path) == _tidy(printed)


def test_a_number_is_traced_as_its_page_says(docs: Any, tmp_path: Path) -> None:
    page = docs.folder / "how-to" / "trace-a-number.md"
    for name in ("my-ratings.csv", "families.yaml"):
        shutil.copy(docs.folder / "tutorial" / name, tmp_path)
    prepared = next(docs.fences(page, "bash")).strip()
    assert prepared.startswith("driftgauge analyze ")
    _run(prepared, tmp_path)
    primary = pl.read_parquet(tmp_path / "out" / "mine" / "estimates.parquet").filter("primary")["estimate_id"][0]
    sessions = list(docs.fences(page, "console"))
    said = _after("$ driftgauge trace ", sessions[0])  # an id of the versions that the page was written with
    assert len(sessions) == 3
    for session in sessions:
        command, _, printed = session.replace(said, primary).partition("\n")
        assert _still(_run(command.removeprefix("$ "), tmp_path)) == _still(_tidy(printed))


def _after(beginning: str, text: str) -> str:
    return text.removeprefix(beginning).split()[0]


def _still(text: str) -> str:
    """Hide what differs from run to run and from machine to machine: times, the analysis and the last digits."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+\+00:00", "<when>", text)
    return re.sub(r"Analysis \w{16}", "Analysis <id>", re.sub(r"(\.\d{9})\d+", r"\1", text))


def test_the_gate_decides_as_its_page_says(docs: Any, tmp_path: Path) -> None:
    page = docs.folder / "how-to" / "gate.md"
    (tmp_path / "docs").symlink_to(docs.folder)
    printed = _run("driftgauge demo --out out/demo --bootstrap 0", tmp_path)
    tutorial = next(docs.fences(docs.folder / "tutorial" / "first-report.md", "text"))
    assert printed.partition("  releases")[0] == tutorial.partition("  releases")[0]
    sessions = list(docs.fences(page, "console"))
    assert len(sessions) == 2
    for session in sessions:
        command, _, printed = session.partition("\n")
        assert _run(command.removeprefix("$ "), tmp_path) == _tidy(printed)
    script = next(docs.fences(page, "bash"))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.endswith("failed\n")


def test_a_judge_rates_as_its_page_says(docs: Any, tmp_path: Path) -> None:
    page, town = docs.folder / "how-to" / "judge.md", tmp_path / "town"
    town.mkdir()
    shutil.copy(page.parent / "judge.yaml", town / "study.yaml")
    made = (
        "benchmark demo town/benchmark",
        "benchmark freeze town/benchmark",
        "collect town --phase 1",
        "collect town --phase 2",
    )
    for command in made:
        _run(f"driftgauge {command}", tmp_path)
    before, after = docs.fences(page, "console")
    judged = next(docs.fences(page, "bash"))
    for session in (before, judged, after):
        command, _, printed = session.partition("\n")
        said = _run(command.removeprefix("$ "), tmp_path)
        assert said == _tidy(printed) or session is judged
    assert "1,098 valid" in after


def _run(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    assert program == "driftgauge"
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run([BIN / program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return _tidy(done.stdout + done.stderr)


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def test_the_demo_comes_out_as_the_tutorial_says(docs: Any, tmp_path: Path) -> None:
    source = tmp_path / "simulated.parquet"
    simulate(PUBLISHED_SHAPE, np.random.default_rng(1)).write_parquet(source)
    ratings = read_ratings([source]).ratings
    found = measure(ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, units=["rating"]).estimates
    said = (docs.folder / "tutorial" / "first-report.md").read_text(encoding="utf-8")
    for row in found.filter(pl.col("primary")).iter_rows(named=True):
        numbers = [f"{100 * row[name]:+.1f}".replace("-", "−") for name in ("estimate", "conf_low", "conf_high")]
        pattern = (
            rf"{row['baseline_release']} → \w+.*{re.escape(numbers[0])} +{re.escape(numbers[1])} to {re.escape(numbers[2])}"
        )
        assert re.search(rf"{pattern}.*{row['verdict']}", said)
    assert f"{len(ratings):,} ratings" in said


def test_targets_of_make_that_are_named_exist(docs: Any) -> None:
    makefile = (docs.root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    named = {target for text in docs.texts().values() for target in re.findall(r"`make ([a-z]+)", text)}
    named |= {target for text in docs.texts().values() for target in re.findall(r"^make ([a-z]+)", text, flags=re.MULTILINE)}
    assert {"demo", "test", "check", "docs", "setup"} <= named
    assert named - targets == set()

"""The command line end to end: real processes, real files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.simulate import Shape, SimulatedRelease, simulate

FAMILIES = "Alder: [Alder 1, Alder 2]\n"
FILES = [
    "estimates.csv",
    "estimates.parquet",
    "findings.csv",
    "findings.parquet",
    "flips.csv",
    "flips.parquet",
    "manifest.json",
    "ratings.parquet",
    "report.html",
    "specifications.csv",
    "specifications.parquet",
]


def driftgauge(*arguments: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "driftgauge", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **more)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study as somebody would hand it over: a plain CSV, no ids, no lineage."""
    shape = Shape(
        releases=(
            SimulatedRelease("Alder 1", "Alder", 1, 1, refusal=0.2, conditional_asr=0.5),
            SimulatedRelease("Alder 2", "Alder", 2, 2, refusal=0.3, conditional_asr=0.2),
        ),
        scenarios=20,
        panels={1: 5, 2: 4},
        anchors=0.2,
    )
    frame = simulate(shape, np.random.default_rng(1)).drop("simulated", "family", "generation")
    path = tmp_path_factory.mktemp("in") / "ratings.csv"
    frame.with_columns(comment=pl.lit("=cmd|' /C calc'!A0")).write_csv(path)
    return path


@pytest.fixture(scope="module")
def families(ratings: Path) -> Path:
    path = ratings.parent / "families.yaml"
    path.write_text(FAMILIES)
    return path


@pytest.fixture(scope="module")
def analysed(ratings: Path, families: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "a"
    found = driftgauge("analyze", ratings, "--families", families, "--out", out, "--bootstrap", "200")
    assert found.returncode == 0, found.stderr
    return out


def test_analyze_writes_estimates_findings_report_and_manifest(analysed: Path) -> None:
    assert [path.name for path in sorted(analysed.iterdir()) if path.name != "inconsistent.csv"] == FILES


def test_the_manifest_says_what_the_results_were_made_of(analysed: Path, ratings: Path) -> None:
    manifest = json.loads((analysed / "manifest.json").read_text())
    assert manifest["source"] == "ratings.csv"
    assert manifest["counts"]["ratings"] == len(pl.read_csv(ratings))
    assert len(manifest["data_hash"]) == 64
    assert {"numpy", "polars"} <= set(manifest["libraries"])
    assert manifest["simulated"] is False
    assert str(ratings.parent) not in (analysed / "manifest.json").read_text()


def test_every_row_names_its_analysis(analysed: Path) -> None:
    analysis = json.loads((analysed / "manifest.json").read_text())["analysis_id"]
    for name in ("estimates", "findings"):
        assert pl.read_parquet(analysed / f"{name}.parquet")["analysis_id"].unique().to_list() == [analysis]


def test_the_csv_holds_what_the_parquet_holds(analysed: Path) -> None:
    parquet, csv = (
        pl.read_parquet(analysed / "estimates.parquet"),
        pl.read_csv(analysed / "estimates.csv", infer_schema_length=None),
    )
    assert csv.columns == parquet.columns
    assert csv["estimate"].cast(pl.Float64).to_list() == pytest.approx(parquet["estimate"].to_list())


def test_the_same_command_again_does_nothing(analysed: Path, ratings: Path, families: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in analysed.iterdir()}
    found = driftgauge("analyze", ratings, "--families", families, "--out", analysed, "--bootstrap", "200")
    assert found.returncode == 0
    assert "nothing was done" in found.stdout
    assert {path.name: path.stat().st_mtime_ns for path in analysed.iterdir()} == before


def test_a_changed_result_is_made_again(analysed: Path, ratings: Path, families: Path, tmp_path: Path) -> None:
    shutil.copytree(analysed, tmp_path / "a")
    command = ("analyze", ratings, "--families", families, "--out", tmp_path / "a", "--bootstrap", "200")
    whole = (tmp_path / "a" / "estimates.csv").read_bytes()
    (tmp_path / "a" / "estimates.csv").write_bytes(whole[:100])
    assert driftgauge(*command).returncode == 0
    assert (tmp_path / "a" / "estimates.csv").read_bytes() == whole


def test_another_analysis_is_not_replaced_unless_told(analysed: Path, ratings: Path, tmp_path: Path) -> None:
    shutil.copytree(analysed, tmp_path / "a")
    refused = driftgauge("analyze", ratings, "--out", tmp_path / "a", "--bootstrap", "0", "--seed", "7")
    assert refused.returncode == 1
    assert "--overwrite" in refused.stderr
    told = driftgauge("analyze", ratings, "--out", tmp_path / "a", "--bootstrap", "0", "--seed", "7", "--overwrite")
    assert told.returncode == 0


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(
    analysed: Path, ratings: Path, families: Path, tmp_path: Path
) -> None:
    shutil.copy(analysed / "estimates.parquet", tmp_path)
    values = [_bootstrapped(tmp_path)]
    for name, seed in (("b", 1), ("c", 2)):
        driftgauge("analyze", ratings, "--families", families, "--out", tmp_path / name, "--bootstrap", "200", "--seed", seed)
        values.append(_bootstrapped(tmp_path / name))
    assert values[0] == values[1] != values[2]


def _bootstrapped(folder: Path) -> list[float]:
    frame = pl.read_parquet(folder / "estimates.parquet")
    return frame.filter(pl.col("method").str.contains("bootstrap"))["std_error"].to_list()


def test_json_is_one_document_with_verdicts_and_findings(ratings: Path, families: Path, tmp_path: Path) -> None:
    found = driftgauge("analyze", ratings, "--families", families, "--out", tmp_path / "a", "--bootstrap", "50", "--json")
    document = json.loads(found.stdout)
    assert document["verdicts"][0]["release"] == "Alder 2"
    assert document["verdicts"][0]["verdict"] in {"regressed", "improved", "unchanged", "inconclusive"}
    assert found.stderr == ""


def test_columns_may_have_other_names(ratings: Path, tmp_path: Path) -> None:
    renamed = pl.read_csv(ratings, infer_schema=False).rename({"release": "model", "rater": "participant_id"})
    renamed.write_csv(tmp_path / "theirs.csv")
    found = driftgauge(
        "analyze", tmp_path / "theirs.csv", "--out", tmp_path / "a", "--bootstrap", "0",
        "--map", "release=model,rater=participant_id",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr


def test_formulas_are_neutralised_in_csv(tmp_path: Path) -> None:
    rows = ["scenario,release,rater,success,refusal,comment"]
    rows += [f"s{n},=1+1,@r{r},1,1,\"=cmd|' /C calc'!A0\"" for n in range(3) for r in range(2)]
    (tmp_path / "ratings.csv").write_text("\n".join(rows) + "\n")
    assert driftgauge("analyze", tmp_path / "ratings.csv", "--out", tmp_path / "a", "--bootstrap", "0").returncode == 0
    listed = pl.read_csv(tmp_path / "a" / "inconsistent.csv", infer_schema=False)
    assert set(listed["comment"]) == {"'=cmd|' /C calc'!A0"}
    assert set(listed["release"]) == {"'=1+1"}
    for path in (tmp_path / "a").glob("*.csv"):
        cells = [cell for row in pl.read_csv(path, infer_schema=False).iter_rows() for cell in row if cell]
        assert not [cell for cell in cells if cell[0] in "=@\t\r" or (cell[0] in "+-" and not _is_number(cell))]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("scenario,rater,harm\ns,r,3\n", "release"),
        ("scenario,release,rater,harm\ns,A,r,6\n", "line 2"),
        ("scenario,release,rater,harm\ns,A,r,3\ns,A,r,4\n", "line 3"),
        ("scenario,release,rater,harm,modality\ns,A,r,3,hologram\n", "hologram"),
    ],
)
def test_bad_input_is_refused_with_its_place_and_nothing_is_written(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "ratings.csv").write_text(text)
    found = driftgauge("analyze", tmp_path / "ratings.csv", "--out", tmp_path / "a")
    assert found.returncode == 1
    assert said in found.stderr
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "a").exists()


def test_an_unknown_release_in_families_is_refused(ratings: Path, tmp_path: Path) -> None:
    (tmp_path / "families.yaml").write_text("Alder: [Alder 1, Alder 3]\n")
    found = driftgauge("analyze", ratings, "--families", tmp_path / "families.yaml", "--out", tmp_path / "a")
    assert found.returncode == 1
    assert "Alder 3" in found.stderr
    assert not (tmp_path / "a").exists()


def test_a_protocol_with_mistakes_names_every_line(ratings: Path, tmp_path: Path) -> None:
    (tmp_path / "protocol.yaml").write_text("harmful_at: 9\nlevel: 2\nmargin: {points: 0.05, odds_ratio: 2}\ncolour: red\n")
    found = driftgauge("analyze", ratings, "--protocol", tmp_path / "protocol.yaml", "--out", tmp_path / "a")
    assert found.returncode == 1
    for number in (1, 2, 3, 4):
        assert f"protocol.yaml, line {number}" in found.stderr


@pytest.mark.parametrize("arguments", [("analyze",), ("analyze", "x.csv"), ("nonsense",), ("analyze", "x.csv", "--seed", "-1")])
def test_usage_errors_are_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert driftgauge(*arguments).returncode == 2


def test_killed_at_any_moment_the_folder_is_whole_or_empty(ratings: Path, families: Path, tmp_path: Path) -> None:
    out = tmp_path / "a"
    command = [
        sys.executable,
        "-m",
        "driftgauge",
        "analyze",
        ratings,
        "--families",
        families,
        "--out",
        out,
        "--bootstrap",
        "50",
    ]
    for delay in np.linspace(0.5, 5.5, 6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + delay
        while process.poll() is None and time.monotonic() < deadline:
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (out / "manifest.json").exists():
            manifest = json.loads((out / "manifest.json").read_text())
            assert all((out / name).is_file() for name in manifest["files"])
    assert driftgauge(*command[3:]).returncode == 0
    assert not (out / ".partial").exists()


def test_the_demo_is_marked_as_simulated_everywhere(tmp_path: Path) -> None:
    found = driftgauge("demo", "--out", tmp_path / "demo", "--bootstrap", "200")
    assert found.returncode == 0, found.stderr
    assert "Simulated data" in found.stdout
    for path in (tmp_path / "demo").glob("*.parquet"):
        assert pl.read_parquet(path)["simulated"].all(), path.name
    for path in (tmp_path / "demo").glob("*.csv"):
        assert "simulated" in pl.read_csv(path, infer_schema=False).columns, path.name
    assert json.loads((tmp_path / "demo" / "manifest.json").read_text())["simulated"] is True
    assert "Simulated data" in (tmp_path / "demo" / "report.html").read_text()
    assert json.loads((tmp_path / "demo" / "manifest.json").read_text())["counts"]["ratings"] == 82_256


def test_importing_driftgauge_is_quick_because_it_imports_nothing_heavy() -> None:
    code = "import sys, driftgauge; print([m for m in ('numpy', 'polars', 'altair', 'pydantic') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_public_names_resolve() -> None:
    import driftgauge  # noqa: PLC0415 - what is tested is the lazy lookup

    assert sorted(driftgauge.__all__) == driftgauge.__all__
    assert all(getattr(driftgauge, name) for name in driftgauge.__all__)
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        _ = driftgauge.nothing_of_ours

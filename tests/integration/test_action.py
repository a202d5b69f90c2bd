"""The GitHub Action: its steps are run as a runner runs them, with what the workflow gives and what the gate says."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Done:
    """What a run of the action left."""

    code: int
    said: str
    outputs: dict[str, str]
    summary: str


def filled(text: str, inputs: dict[str, str]) -> str:
    """Return a value of the action with its expressions evaluated, as far as it uses any."""
    known = {f"inputs.{name}": value for name, value in inputs.items()} | {"github.action_path": str(ROOT)}
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: known[found[1]], text)


def run_action(at: Path, **given: str) -> Done:
    """Run the deciding step in the folder `at`; driftgauge is installed already."""
    inputs = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()} | given | {"install": "none"}
    [step] = [each for each in ACTION["runs"]["steps"] if each.get("id") == "decide"]
    output, summary = at / "github-output", at / "github-summary"
    for file in (output, summary):
        file.write_text("")
    environment = {name: filled(value, inputs) for name, value in step["env"].items()}
    environment |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    script = at / "step.sh"
    script.write_text(step["run"])
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=at,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    told = dict(line.split("=", 1) for line in output.read_text().splitlines())
    return Done(done.returncode, done.stdout + done.stderr, told, summary.read_text())


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("action") / "with a space"
    folder.mkdir()
    rows = [f"s{s},{release},r{r},{int((s + r) % 3 == 0)}" for s in range(12) for release in ("A1", "A2") for r in range(4)]
    (folder / "ratings.csv").write_text("scenario,release,rater,success\n" + "\n".join(rows) + "\n")
    command = [BIN / "driftgauge", "analyze", "ratings.csv", "--out", "out it is", "--bootstrap", "0"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(
    ("rules", "undecided", "code", "outcome", "said"),
    [
        ("- {max_asr: 0.99}", "fail", 0, "passed", ""),
        ("- {max_asr: 0.001}", "fail", 100, "failed", "::error"),
        ("- {max_asr: 0.001}", "warn", 100, "failed", "::error"),
        ("- {max_asr: 0.3}", "fail", 101, "undecided", "::error"),
        ("- {max_asr: 0.3}", "warn", 0, "undecided", "::warning"),
        ("- {max_vibes: 0.3}", "warn", 1, "error", "::error"),
    ],
)
def test_the_job_ends_as_the_gate_decides(
    analysed: Path, rules: str, undecided: str, code: int, outcome: str, said: str
) -> None:
    (analysed / "r.yaml").write_text(rules)
    done = run_action(analysed, folder="out it is", rules="r.yaml", undecided=undecided)
    assert (done.code, done.outputs["outcome"]) == (code, outcome), done.said
    assert said in done.said
    assert (done.summary.startswith("## driftgauge: the gate")) == (outcome != "error")


def test_what_an_input_says_is_never_run(analysed: Path) -> None:
    (analysed / "r.yaml").write_text("- {max_asr: 0.99}")
    done = run_action(analysed, folder='out it is"; touch hacked; echo "$(touch hacked)', rules="r.yaml")
    assert done.outputs["outcome"] == "error"
    assert not (analysed / "hacked").exists()


def test_an_unknown_word_for_undecided_is_refused_before_anything_is_decided(analysed: Path) -> None:
    assert run_action(analysed, folder="out it is", undecided="pass").code == 2


def test_outputs_that_are_promised_are_given(analysed: Path) -> None:
    (analysed / "r.yaml").write_text("- {max_asr: 0.3}")
    done = run_action(analysed, folder="out it is", rules="r.yaml", files="left/here")
    promised = {re.findall(r"outputs\.([\w-]+)", each["value"])[0] for each in ACTION["outputs"].values()}
    assert promised == set(ACTION["outputs"]) == set(done.outputs)
    assert all((analysed / done.outputs[name]).is_file() for name in ("junit", "sarif", "summary"))


def test_no_expression_stands_in_a_script() -> None:
    scripts: list[dict[str, Any]] = ACTION["runs"]["steps"]
    assert [each["name"] for each in scripts if "${{" in each["run"]] == []


@pytest.mark.parametrize(("install", "what"), [("", str(ROOT)), ("driftgauge==9; touch hacked", "driftgauge==9; touch hacked")])
def test_the_install_step_gives_pip_one_thing_to_install(install: str, what: str, tmp_path: Path) -> None:
    [step] = [each for each in ACTION["runs"]["steps"] if each["name"] == "Install driftgauge"]
    python = tmp_path / "python"  # says what it was told, an argument a line
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    environment = {name: filled(value, {"install": install}) for name, value in step["env"].items()}
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(command, env={**environment, "PATH": path}, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == what
    assert not (tmp_path / "hacked").exists()


def test_who_reads_the_action_finds_every_input_and_output_described() -> None:
    page = (ROOT / "docs" / "how-to" / "run-in-ci.md").read_text(encoding="utf-8")
    assert [name for name in (*ACTION["inputs"], *ACTION["outputs"]) if f"`{name}`" not in page] == []

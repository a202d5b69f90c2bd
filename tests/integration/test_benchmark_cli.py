"""``driftgauge benchmark`` end to end: real files, and a real process where it matters."""

import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from driftgauge.cli import main

DEMO_TEXT = "hand cart"


@dataclass(frozen=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


def driftgauge(*arguments: str | Path) -> Ended:
    """Run the command as its entry point does; in this process, because starting one takes longer than the work."""
    out, err = StringIO(), StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["driftgauge", "benchmark", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "b"
    found = driftgauge("demo", folder)
    assert (found.returncode, found.stderr) == (0, "")
    return folder


def copied(demo: Path, to: Path) -> Path:
    assert driftgauge("export", demo, "--to", to).returncode == 0
    return to


def test_the_life_of_a_benchmark(demo: Path, tmp_path: Path) -> None:
    folder = copied(demo, tmp_path / "b")
    assert "48 scenarios, 192 prompts, 72 media files" in driftgauge("check", folder).stdout
    assert driftgauge("verify", folder).returncode == 1
    first = driftgauge("freeze", folder)
    assert first.stdout.startswith("Frozen as version 1:")
    assert driftgauge("freeze", folder).stdout.startswith("Frozen already as version 1, unchanged:")
    assert driftgauge("verify", folder).returncode == 0

    path = folder / "scenarios.jsonl"
    path.write_text(path.read_text().replace(DEMO_TEXT, "wheelbarrow", 1))
    changed = driftgauge("verify", folder)
    assert changed.returncode == 1
    assert "scenarios.jsonl: changed (changed: prompt flower-bed/" in changed.stderr
    assert "use --version to make 2" in driftgauge("freeze", folder).stderr
    assert (
        "Prompts shared with version 1: 191; 1 changed, 0 added, 0 removed." in driftgauge("freeze", folder, "--version").stdout
    )
    assert driftgauge("verify", folder).stdout.startswith(f"{folder} is as it was frozen (version 2)")


def test_each_verb_prints_json(demo: Path, tmp_path: Path) -> None:
    folder = copied(demo, tmp_path / "b")
    found = {
        "check": driftgauge("check", folder, "--json"),
        "freeze": driftgauge("freeze", folder, "--json"),
        "verify": driftgauge("verify", folder, "--json"),
        "export": driftgauge("export", folder, "--to", tmp_path / "x.tsv", "--format", "vlmevalkit", "--json"),
        "import": driftgauge("import", tmp_path / "x.tsv", "--to", tmp_path / "in", "--format", "vlmevalkit", "--json"),
        "demo": driftgauge("demo", tmp_path / "demo", "--json"),
    }
    printed = {verb: json.loads(each.stdout) for verb, each in found.items()}
    assert {verb: each["counts"]["prompts"] for verb, each in printed.items()} == {
        "check": 192, "freeze": 192, "verify": 192, "export": 192, "import": 96, "demo": 192,
    }  # fmt: skip
    assert printed["freeze"]["root"] == printed["verify"]["root"]
    assert len(printed["export"]["skipped"]) == 96


def test_a_second_time_does_nothing(demo: Path, tmp_path: Path) -> None:
    assert "nothing was done" in driftgauge("demo", demo).stdout
    copied(demo, tmp_path / "b")
    assert "nothing was done" in driftgauge("export", demo, "--to", tmp_path / "b").stdout


def test_an_error_says_what_and_shows_no_prompt(demo: Path, tmp_path: Path) -> None:
    folder = copied(demo, tmp_path / "b")
    path = folder / "scenarios.jsonl"
    path.write_text(path.read_text().replace('"intent": "adversarial"', f'"intent": "{DEMO_TEXT}"'))
    (folder / "media" / "flower-bed-en.png").write_bytes(b"")
    for verb in (["check", folder], ["freeze", folder], ["export", folder, "--to", tmp_path / "x"]):
        found = driftgauge(*verb)
        assert (found.returncode, found.stdout) == (1, "")
        assert "scenarios.jsonl, line 1, scenario flower-bed: `intent` cannot be used" in found.stderr
        assert DEMO_TEXT not in found.stderr
        assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    "arguments",
    [(), ("check",), ("check", "x", "--pairing", "some"), ("import", "x"), ("export", "x", "--to", "y", "--format", "zip"),
     ("import", "x", "--to", "y", "--label", "colour=red"), ("import", "x", "--to", "y", "--label", "technique")],
)  # fmt: skip
def test_usage_errors_are_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert driftgauge(*arguments).returncode == 2


def test_the_core_needs_no_pillow(demo: Path, tmp_path: Path) -> None:
    folder = copied(demo, tmp_path / "b")
    assert driftgauge("freeze", folder).returncode == 0
    run = "import sys; sys.modules['PIL'] = None; from driftgauge.cli import main; sys.argv[0] = 'driftgauge'; main()"
    command = [sys.executable, "-c", run, "benchmark"]
    verified = subprocess.run([*command, "verify", str(folder)], capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stderr
    for verb in (["check", str(folder)], ["demo", str(tmp_path / "demo")]):
        found = subprocess.run([*command, *verb], capture_output=True, text=True, check=False)
        assert (found.returncode, "pip install 'driftgauge[benchmark]'" in found.stderr) == (1, True)

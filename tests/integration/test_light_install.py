"""What works where only the core is installed, and what the rest says."""

import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT = """
import sys
absent = ("sqlalchemy", "alembic", "fsspec", "psycopg", "PIL", "scipy", "pandas", "formulaic")
for name in (*absent, "inspect_ai", "openai", "anthropic", "starlette", "uvicorn", "argon2", "nh3"):
    sys.modules[name] = None
from driftgauge.cli import main
sys.argv = ["driftgauge", *sys.argv[1:]]
main()
"""
ROWS = "scenario,release,rater,success\n" + "".join(
    f"s{s},{release},r{r},{(s + r) % 2}\n" for s in range(4) for release in ("A", "B") for r in range(2)
)


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_file_is_analysed_traced_and_decided_without_any_extra(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(ROWS)
    (tmp_path / "rules.yaml").write_text("- {max_asr: 0.9}\n")
    analysed = run("analyze", "r.csv", "--out", "o", "--bootstrap", "0", folder=tmp_path)
    assert analysed.returncode == 0, analysed.stderr
    estimate = (tmp_path / "o" / "estimates.csv").read_text().splitlines()[1].partition(",")[0]
    assert run("trace", estimate, "--in", "o", folder=tmp_path).returncode == 0
    assert run("gate", "--in", "o", "--rules", "rules.yaml", folder=tmp_path).returncode in {0, 100, 101}
    assert run("report", "o", folder=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "command",
    [("rate", "import", "town", "r.csv"), ("measure", "town"), ("rate", "erase", "town", "--rater", "r", "--reason", "x")],
)
def test_a_study_says_what_it_needs(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "r.csv").write_text(ROWS)
    assert run("init", "town", folder=tmp_path).returncode == 0
    done = run(*command, folder=tmp_path)
    assert done.returncode == 1
    assert "pip install 'driftgauge[store]'" in done.stderr


def test_the_rating_app_says_all_that_it_needs_at_once(tmp_path: Path) -> None:
    done = run("demo", "--serve", folder=tmp_path)
    assert done.returncode == 1
    assert "pip install 'driftgauge[web]'" in done.stderr
    assert not (tmp_path / "out").exists()

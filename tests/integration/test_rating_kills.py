"""Kill -9 while people rate, and while authors write, on each database. A hundred times each: ``make kills``."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import need_postgres

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("module", "times", "size"), [("rating_kills", 2, 100), ("draft_kills", 2, 30)])
def test_what_was_acknowledged_is_there_once_after_every_kill(module: str, times: int, size: int) -> None:
    need_postgres()
    command = [sys.executable, "-m", f"tests.{module}", "--times", str(times), "--size", str(size)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tallies = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["database"], each["kills"]) for each in tallies] == [("sqlite", times), ("postgresql", times)]
    for each in tallies:
        assert (each["lost"], each["twice"], each["wrong"]) == (0, 0, 0)
        assert each["acknowledged"] > 0

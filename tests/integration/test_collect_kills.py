"""Kill -9 of `driftgauge collect`, on each database. Fifty times each: ``make kills``."""

import json
import subprocess
import sys
from pathlib import Path

from tests.integration.conftest import need_postgres

ROOT = Path(__file__).resolve().parents[2]


def test_a_command_that_is_killed_goes_on_and_asks_again_at_most_what_was_under_way() -> None:
    need_postgres()
    command = [sys.executable, "-m", "tests.collect_kills", "--times", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tallies = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["database"], each["kills"]) for each in tallies] == [("sqlite", 2), ("postgresql", 2)]
    for each in tallies:
        assert each["requests"] - each["prompts"] <= 2 * each["connections"]
        assert each["most_left"] <= each["connections"]

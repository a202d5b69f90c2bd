"""Kill -9 while people rate, on each database. A hundred times each: ``python -m tests.rating_kills --times 100``."""

import json
import subprocess
import sys
from pathlib import Path

from tests.integration.conftest import need_postgres

ROOT = Path(__file__).resolve().parents[2]


def test_what_was_acknowledged_is_there_once_after_every_kill() -> None:
    need_postgres()
    command = [sys.executable, "-m", "tests.rating_kills", "--times", "3", "--responses", "100"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tallies = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["database"], each["kills"]) for each in tallies] == [("sqlite", 3), ("postgresql", 3)]
    for each in tallies:
        assert (each["lost"], each["twice"], each["wrong"]) == (0, 0, 0)
        assert each["acknowledged"] > 0

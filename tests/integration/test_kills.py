"""Kill -9 during an import, a migration and a freeze, on each database. A hundred times each: ``make kills``."""

import json
import subprocess
import sys
from pathlib import Path

from tests.integration.conftest import need_postgres

ROOT = Path(__file__).resolve().parents[2]


def test_what_was_killed_is_whole_or_not_there_and_the_next_run_completes_it() -> None:
    need_postgres()
    done = subprocess.run(
        [sys.executable, "-m", "tests.kills", "--times", "3"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    tallies = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["kind"], each["database"], each["kills"]) for each in tallies] == [
        ("import", "sqlite", 3),
        ("import", "postgresql", 3),
        ("migration", "sqlite", 3),
        ("migration", "postgresql", 3),
        ("freeze", "files", 3),
    ]

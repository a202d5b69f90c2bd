"""Kill -9 during an import, a migration, a freeze and a collection, on each database. A hundred times each: ``make kills``."""

import json
import subprocess
import sys
from pathlib import Path

from tests.integration.conftest import need_postgres

ROOT = Path(__file__).resolve().parents[2]


def kills(*arguments: str) -> list[tuple[str, str, int]]:
    """Run so many rounds of kills, and return the kind, the database and the rounds of each."""
    need_postgres()
    command = [sys.executable, "-m", "tests.kills", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tallies = [json.loads(line) for line in done.stdout.splitlines()]
    return [(each["kind"], each["database"], each["times"]) for each in tallies]


def test_what_was_killed_is_whole_or_not_there_and_the_next_run_completes_it() -> None:
    assert kills("--times", "2", "--kinds", "import", "migration", "freeze") == [
        ("import", "sqlite", 2),
        ("import", "postgresql", 2),
        ("migration", "sqlite", 2),
        ("migration", "postgresql", 2),
        ("freeze", "files", 2),
    ]


def test_a_collection_that_is_killed_until_it_is_done_has_every_response_once() -> None:
    assert kills("--times", "1", "--kinds", "collect") == [("collect", "sqlite", 1), ("collect", "postgresql", 1)]


def test_a_draw_that_is_killed_is_whole_or_not_there_and_the_next_run_completes_it() -> None:
    assert kills("--times", "1", "--kinds", "assign") == [("assign", "sqlite", 1), ("assign", "postgresql", 1)]

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
    assert kills("--times", "3", "--kinds", "import", "migration", "freeze") == [
        ("import", "sqlite", 3),
        ("import", "postgresql", 3),
        ("migration", "sqlite", 3),
        ("migration", "postgresql", 3),
        ("freeze", "files", 3),
    ]


def test_a_collection_that_is_killed_until_it_is_done_has_every_response_once() -> None:
    assert kills("--times", "10", "--kinds", "collect") == [("collect", "sqlite", 10), ("collect", "postgresql", 10)]


def test_a_draw_that_is_killed_is_whole_or_not_there_and_the_next_run_completes_it() -> None:
    assert kills("--times", "3", "--kinds", "assign") == [("assign", "sqlite", 3), ("assign", "postgresql", 3)]


def test_a_command_that_is_killed_goes_on_and_asks_again_at_most_what_was_under_way() -> None:
    need_postgres()
    command = [sys.executable, "-m", "tests.collect_kills", "--times", "5"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tallies = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["database"], each["kills"]) for each in tallies] == [("sqlite", 5), ("postgresql", 5)]
    for each in tallies:
        assert each["requests"] - each["prompts"] <= 5 * each["connections"]
        assert each["most_left"] <= each["connections"]

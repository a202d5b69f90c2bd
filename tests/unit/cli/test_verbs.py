"""The commands are there by name, and only the one that is used is imported."""

import subprocess
import sys
from pathlib import Path

import click

from driftgauge import cli

PARTS = {"assign", "elsewhere", "judge", "leaving", "raters"}
"""Modules whose commands are of a group of another module."""
HEAVY = {"numpy", "polars", "scipy", "pydantic", "altair", "sqlalchemy", "rich", "inspect_ai"}


def test_every_module_that_holds_a_command_is_a_verb() -> None:
    modules = Path(cli.__file__).parent.glob("*.py")
    assert {path.stem for path in modules if "@click.command" in (text := path.read_text()) or "@click.group" in text} == {
        *cli.VERBS,
        *PARTS,
        "__init__",
    }
    assert {name: command.name for name, command in cli.cli.commands.items()} == dict(zip(cli.VERBS, cli.VERBS, strict=True))


def test_the_version_is_said_without_importing_what_measures() -> None:
    code = "import sys; from driftgauge.cli import cli; cli(['--version'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "version" in done.stdout
    assert not HEAVY & set(done.stdout.split())


def test_a_name_that_is_no_verb_is_no_command() -> None:
    assert "shown" not in cli.cli.commands
    assert cli.cli.get_command(click.Context(cli.cli), "options") is None


def test_what_is_asked_of_the_rating_app_imports_nothing_that_measures() -> None:
    code = "import sys, driftgauge.cli.rate, driftgauge.web.serve; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "polars", "scipy", "PIL", "inspect_ai", "alembic"} & set(done.stdout.split())

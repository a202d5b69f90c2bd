"""``driftgauge move``."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from driftgauge.cli import options
from driftgauge.cli.progress import progress_bar
from driftgauge.errors import needing


@click.command("move")
@options.study
@click.option("--to", metavar="URL", required=True, help="postgresql+psycopg://user@host/database, or sqlite:///file; empty.")
@options.as_json
def move_command(study: Path, to: str, as_json: bool) -> None:
    """Move the store of STUDY into another database, such as one of PostgreSQL for a team.

    Every row is copied and compared. The old store keeps its rows as a backup, and says from then on where they went.
    """
    with needing("store"):
        from driftgauge.pipeline.move import move  # noqa: PLC0415 - the core has no store

        with progress_bar(quiet=as_json) as progress:
            found = move(study, to=to, progress=progress)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
        return
    if found.rows:
        click.echo(
            f"Moved {sum(found.rows.values()):,} rows of {len(found.rows)} tables from {found.source} to {found.target}."
        )
    else:
        click.echo(f"All rows were in {found.target} already, from a move that was cut off.")
    click.echo(f"Now write into {study / 'study.yaml'}:\n  store: {found.target}")

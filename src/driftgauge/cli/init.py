"""``driftgauge init``."""

import json
import shlex
from dataclasses import asdict
from pathlib import Path

import click

from driftgauge.cli import options
from driftgauge.pipeline.init import Begun, init


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--name", help="Name of the study; as the folder, if absent.")
@options.as_json
def init_command(folder: Path, name: str | None, as_json: bool) -> None:
    """Make the folder DIR with a study.yaml to fill in: every default of the protocol, and examples of the rest.

    A study.yaml that is there already is never touched.
    """
    found = init(folder, name=name)
    if as_json:
        click.echo(json.dumps({**asdict(found), "folder": str(found.folder), "done": found.done}, indent=2))
    else:
        _show(found)


def _show(found: Begun) -> None:
    if not found.done:
        click.echo(f"Study {found.study} is in {found.folder} already; nothing was done.")
        return
    click.echo(f"Study {found.study}: written {' and '.join(str(found.folder / file) for file in found.written)}.")
    if found.unignored:
        click.echo(f"Add to the {found.folder / '.gitignore'} that was there: {' '.join(found.unignored)}")
    study = shlex.quote(str(found.folder))
    click.echo("Next:")
    click.echo(f"  1. Declare families, phases, panels and the gate in {found.folder / 'study.yaml'}.")
    click.echo("  2. Declare the protocol there too: the first rating fixes it.")
    click.echo(f"  3. driftgauge rate import {study} RATINGS.csv")
    click.echo(f"  4. driftgauge measure {study}, then driftgauge report {study}")

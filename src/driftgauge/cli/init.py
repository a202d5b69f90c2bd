"""``driftgauge init``."""

import json
import shlex
from dataclasses import asdict
from pathlib import Path

import click

from driftgauge.cli import options
from driftgauge.pipeline.init import Begun, init
from driftgauge.study import PLAIN, TEMPLATES


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--name", help="Name of the study; as the folder, if absent.")
@click.option(
    "--template",
    type=click.Choice(tuple(TEMPLATES)),
    default=PLAIN,
    show_default=True,
    help="plain: every default, and examples; eight-releases: the published study, with notes on what can still be had.",
)
@options.as_json
def init_command(folder: Path, name: str | None, template: str, as_json: bool) -> None:
    """Make the folder DIR with a study.yaml to fill in: every default of the protocol, and examples of the rest.

    A study.yaml that is there already is never touched.
    """
    found = init(folder, name=name, template=template)
    if as_json:
        click.echo(json.dumps({**asdict(found), "folder": str(found.folder), "done": found.done}, indent=2))
    else:
        _show(found, template)


def _show(found: Begun, template: str) -> None:
    if not found.done:
        click.echo(f"Study {found.study} is in {found.folder} already; nothing was done.")
        return
    click.echo(f"Study {found.study}: written {' and '.join(str(found.folder / file) for file in found.written)}.")
    if found.unignored:
        click.echo(f"Add to the {found.folder / '.gitignore'} that was there: {' '.join(found.unignored)}")
    click.echo("Next:")
    for number, step in enumerate((_published if template != PLAIN else _plain)(found.folder), start=1):
        click.echo(f"  {number}. {step}")


def _plain(folder: Path) -> tuple[str, ...]:
    study = shlex.quote(str(folder))
    return (
        f"Declare families, phases, panels and the gate in {folder / 'study.yaml'}.",
        "Declare the protocol there too: the first rating fixes it.",
        f"driftgauge rate import {study} RATINGS.csv",
        f"driftgauge measure {study}, then driftgauge report {study}",
    )


def _published(folder: Path) -> tuple[str, ...]:
    study = shlex.quote(str(folder))
    return (
        f"Settle every CHECK in {folder / 'study.yaml'}: releases end, and names move on.",
        f"Put the scenarios into {folder / 'benchmark'}, then driftgauge benchmark freeze {study}/benchmark",
        f"driftgauge doctor {study}",
    )

"""``driftgauge rate tasks``: what a panel was drawn to rate, out to another tool; and what was rated there, back."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftgauge.cli import options
from driftgauge.errors import needing
from driftgauge.rate.formats import TOOLS

if TYPE_CHECKING:
    from driftgauge.pipeline.rate_import import RatingImport


@click.command("tasks")
@options.study
@click.argument("out", type=click.Path(path_type=Path), metavar="OUT")
@click.option("--panel", required=True, help="Whose assignments.")
@click.option("--to", "tool", type=click.Choice(TOOLS), required=True, help="For which tool.")
@click.option("--rater", help="Of this seat alone.")
@options.as_json
def tasks_command(study: Path, out: Path, panel: str, tool: str, rater: str | None, as_json: bool) -> None:
    """Write what a panel was drawn to rate in STUDY as blinded tasks for another tool: a folder in OUT for each rater.

    Tasks have the opaque names of assignments; what they stand for stays here. Each folder is for one person. What was rated
    comes back by `driftgauge rate import STUDY FILE --format …`.
    """
    with needing("store"), needing("web"):
        from driftgauge.pipeline.rating.tasks import write_tasks  # noqa: PLC0415 - the core has no store
        from driftgauge.study import load_study  # noqa: PLC0415
        from driftgauge.web.elsewhere import form_of  # noqa: PLC0415
    with needing("store"):
        words = form_of(load_study(study), panel)
        found = write_tasks(study, out, panel=panel, tool=tool, words=words, rater=rater)
    if as_json:
        click.echo(json.dumps({**asdict(found), "path": str(found.path)}, indent=2))
        return
    count = sum(found.tasks.values())
    left = f" {found.left_out:,} were left out: opted out of, or of a seat that is closed." if found.left_out else ""
    raters = f"{len(found.tasks):,} rater{'s' * (len(found.tasks) != 1)}"
    click.echo(f"{count:,} tasks for {raters} in {found.path}, a folder for each (journal entry {found.entry}).{left}")


def import_elsewhere(
    study: Path, files: tuple[Path, ...], *, file_format: str, rater: str | None, revise: bool
) -> "RatingImport":
    """Import what raters said in another tool."""
    with needing("store"):
        from driftgauge.pipeline.rating.returned import FromElsewhere, import_returned  # noqa: PLC0415 - the core has no store
    with needing("store"):
        return import_returned(study, FromElsewhere(files, file_format, rater, revise))

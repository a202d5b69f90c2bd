"""``driftgauge check``."""

import json
from pathlib import Path

import click
from rich.console import Console

from driftgauge.cli import options
from driftgauge.cli.progress import progress_bar
from driftgauge.cli.shown import print_findings
from driftgauge.errors import needing
from driftgauge.pipeline.analyze import Inputs
from driftgauge.pipeline.check import Checked, check_files
from driftgauge.pipeline.loaded import is_study


@click.command("check")
@click.argument("source", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="STUDY|FILE...")
@options.file_format
@options.column_map
@options.families
@options.protocol
@options.as_json
def check_command(
    source: tuple[Path, ...],
    file_format: str,
    column_map: str | None,
    families: Path | None,
    protocol: Path | None,
    as_json: bool,
) -> None:
    """Say what the design of a study, or of files of ratings, can and cannot show.

    Each finding says what it does to which conclusion, and what would settle it. Nothing is written, and the protocol is not
    fixed by it. A study brings its own families and protocol.
    """
    with progress_bar(quiet=as_json) as progress:
        if len(source) == 1 and is_study(source[0]):
            if families or protocol:
                raise click.UsageError("A study declares its families and its protocol in study.yaml.")
            with needing("store"):
                from driftgauge.pipeline.check_study import check_study  # noqa: PLC0415 - the core has no store

                found = check_study(source[0], progress=progress)
        else:
            inputs = Inputs(
                files=source,
                format=file_format,
                column_map=options.parse_map(column_map),
                families=families,
                protocol=protocol,
                model="none",
                bootstrap=0,
            )
            found = check_files(inputs, progress=progress)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False)
    console.print(
        f"{found.source}: {found.ratings:,} ratings of {found.releases:,} releases by {found.raters:,} raters, "
        f"{found.scenarios:,} scenarios"
    )
    print_findings(console, found.findings, levels=("critical", "warning", "info"))
    if found.findings.is_empty():
        console.print("The design checks found nothing that limits a conclusion.")


def _as_json(found: Checked) -> dict[str, object]:
    counts = {"ratings": found.ratings, "releases": found.releases, "raters": found.raters, "scenarios": found.scenarios}
    columns = ("code", "level", "sentence", "remedy")
    return {"source": found.source, "counts": counts, "findings": found.findings.select(columns).to_dicts()}

"""``driftgauge report``."""

import json
from pathlib import Path

import click

from driftgauge.cli import options
from driftgauge.cli.both import Both
from driftgauge.cli.browse import browse_command
from driftgauge.pipeline.report import report


@click.command("report", cls=Both)
@options.study
@options.as_json
def report_command(study: Path, as_json: bool) -> None:
    """Write the report of what was measured in STUDY, which may also be the --out folder of `analyze`."""
    found = report(study)
    if as_json:
        shown = {"report": str(found.path), "analysis_id": found.analysis_id, "simulated": found.simulated}
        click.echo(json.dumps(shown | {"already_there": found.already_there}, indent=2, ensure_ascii=False))
        return
    if found.already_there:
        click.echo("The same report was there already; nothing was done.")
    click.echo(f"Report: {found.path}")


report_command.add_command(browse_command)

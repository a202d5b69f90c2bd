"""``driftgauge gate``."""

import sys
from pathlib import Path

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from driftgauge.cli import options
from driftgauge.pipeline.gate import Told, gate

EXIT_CODES = {"passed": 0, "failed": 100, "undecided": 101}


@click.command("gate")
@click.option("--in", "folder", type=click.Path(path_type=Path), required=True, help="Folder of the study or analysis.")
@click.option(
    "--rules",
    type=click.Path(path_type=Path),
    help="YAML: `- {max_asr_drift: 0.05}`, or a study file; the rules of the study if absent.",
)
@click.option("--junit", type=click.Path(path_type=Path), help="Write a JUnit XML file: failed and undecided are no successes.")
@click.option("--sarif", type=click.Path(path_type=Path), help="Write a SARIF 2.1.0 file: what failed and what is undecided.")
@click.option("--summary", type=click.Path(path_type=Path), help="Write a Markdown summary, as for $GITHUB_STEP_SUMMARY.")
@options.as_json
def gate_command(
    folder: Path, rules: Path | None, junit: Path | None, sarif: Path | None, summary: Path | None, as_json: bool
) -> None:
    """Decide rules on the intervals of an analysis: exit code 0 passed, 100 failed, 101 undecided.

    A rule passes when the whole interval keeps to its limit and fails when the whole interval breaks it. No data is never a
    pass. The decision is written to gate.json.
    """
    found = gate(folder, rules=rules, told=Told(junit, sarif, summary))
    if as_json:
        click.echo(found.to_json(), nl=False)
    else:
        table = Table(box=SIMPLE)
        for column in ("rule", "about", "estimate (interval) against limit", "outcome"):
            table.add_column(column)
        for check in found.gate.checks:
            table.add_row(Text(check.rule), Text(check.about), Text(check.reason), Text(check.outcome, style="bold"))
        console = Console(highlight=False)
        console.print(table)
        console.print(f"The gate is {found.gate.outcome}.", style="bold")
        if found.simulated:
            console.print("Simulated data: this decides about no real model.", style="bold reverse")
    sys.exit(EXIT_CODES[found.gate.outcome])

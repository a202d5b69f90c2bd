"""``driftgauge responses``: what was collected, out of a study."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from driftgauge.cli import options
from driftgauge.errors import needing


@click.group("responses")
def responses_command() -> None:
    """Take collected responses out of a study."""


@responses_command.command("export")
@options.study
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--phase", help="Of this phase alone.")
@click.option("--release", help="Of this release alone.")
@click.option("--to-rate", is_flag=True, help="Only what people are shown: answered and truncated responses.")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
@options.as_json
def export_command(
    study: Path, file: Path, phase: str | None, release: str | None, to_rate: bool, overwrite: bool, as_json: bool
) -> None:
    """Write the collected responses of STUDY, texts included, to FILE: .jsonl, .parquet, or .eval for a log of Inspect.

    The file is confidential: only its owner may read it, and an erasure in the study does not reach it. Another study takes it
    in by collecting with `client: replay` and `record: FILE`.
    """
    with needing("store"):
        from driftgauge.pipeline.responses import export_responses  # noqa: PLC0415 - the core has no store
    with needing("store"):
        found = export_responses(study, file, phase=phase, release=release, to_rate=to_rate, overwrite=overwrite)
    if as_json:
        click.echo(json.dumps({**asdict(found), "path": str(found.path)}, indent=2))
        return
    erased = f" {found.erased:,} were erased, and are not in it." if found.erased else ""
    click.echo(f"{found.responses:,} responses in {found.path}, readable by you alone (journal entry {found.entry}).{erased}")

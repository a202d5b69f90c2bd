"""``driftgauge trace``."""

import json
from pathlib import Path
from typing import Final

import click
import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from driftgauge.cli import options
from driftgauge.errors import visible
from driftgauge.pipeline.trace import Trace, trace


@click.command("trace")
@click.argument("identifier", metavar="ID")
@click.option(
    "--in",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Folder of the study or analysis.",
)
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True, help="How many ratings or estimates to print."
)
@options.as_json
def trace_command(identifier: str, folder: Path, limit: int, as_json: bool) -> None:
    """Walk back from a number to the ratings behind it, or on from a rating to its numbers.

    ID is that of an estimate, a rating or a response, as the report, estimates.csv and ratings.parquet have it; the first six
    digits will do. In a study with a benchmark it may be a prompt: scenario/modality/language.
    """
    found = trace(folder, identifier)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False, default=str))
        return
    console = Console(highlight=False)
    _print_analysis(console, found)
    if found.kind == "estimate":
        _print_estimate(console, found)
        _print_frame(
            console,
            found.ratings,
            limit,
            ("rating_id", "scenario", "modality", "release", "rater", "harm", "success", "refusal"),
        )
    else:
        _print_collected(console, found)
        console.print(Text(f"The {found.kind} is in {len(found.estimates):,} estimates."))
        _print_frame(
            console,
            found.estimates,
            limit,
            ("estimate_id", "estimand", "contrast", "release", "modality", "unit", "scope", "estimate"),
        )
    _print_journal(console, found)


def _print_analysis(console: Console, found: Trace) -> None:
    manifest = found.manifest
    if manifest is None:
        console.print("The study was not measured yet.")
        return
    if manifest.simulated:
        console.print("Simulated data.", style="bold reverse")
    console.print(
        Text(f"Analysis {manifest.analysis_id} of {manifest.source}, {manifest.created_at}, driftgauge {manifest.code_version}")
    )
    console.print(Text(f"data {manifest.data_hash[:16]}, protocol {manifest.protocol_hash}, seed {manifest.seed}"))


def _print_collected(console: Console, found: Trace) -> None:
    for row in [] if found.collected is None else found.collected.to_dicts():
        if row["simulated"]:
            console.print("Its answer is made up by a simulation.", style="bold reverse")
        key = ", ".join(str(row[name]) for name in ("scenario", "modality", "language", "release") if row[name] is not None)
        console.print(Text(f"Response {row['response_id']} ({key}), phase {row['phase']}, attempt {row['attempt']}"))
        console.print(Text(f"  {row['status']}, revision {row['revision']}, tries {row['tries']}"))
        console.print(Text(f"  run {row['run']}, {row['client']} asked {row['model'] or 'nothing by a model id'}"))
        told = ("served_model", "fingerprint", "request_id", "stop_reason", "fault", "erased")
        console.print(Text("  " + ", ".join(f"{name} {visible(str(row[name]))}" for name in told if row[name] is not None)))
        if row["seconds"] is not None:
            jumped = "; the wall clock jumped meanwhile" if row["clock_jumped"] else ""
            console.print(Text(f"  {row['sent_at']} to {row['received_at']}, {row['seconds']:.3f} s{jumped}"))


def _print_journal(console: Console, found: Trace) -> None:
    if found.journal is None:
        return
    console.print("Brought by:")
    for row in found.journal.to_dicts():
        console.print(Text(f"  journal entry {row['entry']}: {row['verb']} by {row['who']}, {row['at'][:19]}"))


def _print_estimate(console: Console, found: Trace) -> None:
    row = found.estimates.to_dicts()[0]
    named = ("estimand", "contrast", "unit", "filter", "scope", "baseline_release", "release", "modality", "language", "method")
    console.print(Text("Estimate " + ", ".join(f"{name} {row[name]}" for name in named if row[name] is not None)))
    console.print(
        Text(f"  {row['estimate']} ({row['conf_low']} to {row['conf_high']}), {row['reason_null'] or 'no reservation'}")
    )
    counts = (("scenarios", "n_scenarios"), ("responses", "n_responses"), ("raters", "n_raters"), ("ratings", "n_ratings"))
    console.print(Text("  from " + ", ".join(f"{row[column]:,} {name}" for name, column in counts)))


def _print_frame(console: Console, frame: pl.DataFrame, limit: int, columns: tuple[str, ...]) -> None:
    if not limit:
        return
    table = Table(box=None)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in frame.select(columns).head(limit).iter_rows():
        table.add_row(*(Text("–" if value is None else str(value)) for value in row))
    console.print(table)
    if len(frame) > limit:
        console.print(Text(f"… and {len(frame) - limit:,} more; --json has them all."))


_OF_MANIFEST: Final = ("data_hash", "protocol_hash", "code_version", "seed", "simulated")


def _as_json(found: Trace) -> dict[str, object]:
    return {
        "id_of": found.kind,
        "analysis_id": found.manifest and found.manifest.analysis_id,
        "manifest": found.manifest and {name: getattr(found.manifest, name) for name in _OF_MANIFEST},
        "estimates": found.estimates.to_dicts(),
        "ratings": found.ratings.to_dicts(),
        "collected": [] if found.collected is None else found.collected.to_dicts(),
        "journal": [] if found.journal is None else _entries(found.journal),
    }


def _entries(journal: pl.DataFrame) -> list[dict[str, object]]:
    """Return journal entries without the findings of the import, which the results have."""
    rows = journal.drop("detail").to_dicts()
    return [row | {name: json.loads(row[name]) for name in ("counts", "hashes")} for row in rows]

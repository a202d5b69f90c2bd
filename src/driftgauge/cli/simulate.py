"""``driftgauge simulate``."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from driftgauge.cli import options
from driftgauge.cli.progress import progress_bar
from driftgauge.pipeline.simulate import simulate_study


@click.command("simulate")
@click.argument("spec", type=click.Path(path_type=Path), metavar="SPEC.yaml")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File of ratings to write: .parquet or .csv.")
@options.seed
@click.option("--overwrite", is_flag=True, help="Replace the files that are there.")
@options.as_json
def simulate_command(spec: Path, out: Path, seed: int, overwrite: bool, as_json: bool) -> None:
    """Simulate a study whose truth is known, from a short YAML.

    Writes the ratings that `analyze` reads, marked as simulated, and beside them NAME.truth.json with the true ASR of every
    release and the true drifts.
    """
    with progress_bar(quiet=as_json) as progress:
        found = simulate_study(spec, out=out, seed=seed, overwrite=overwrite, progress=progress)
    if as_json:
        files = {"ratings": str(found.ratings), "truth": str(found.truth)}
        click.echo(json.dumps({"files": files, **found.known}, indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False)
    console.print("Simulated data: nothing here is about any real model.", style="bold reverse")
    for each in found.known["drifts"]:
        points = f"{100 * each['drift']:+.1f}".replace("-", "−")
        console.print(Text(f"{each['baseline_release']} → {each['release']}: true drift {points} points"))
    console.print(Text(f"Ratings: {found.ratings} ({found.n_ratings:,})"))
    console.print(Text(f"Truth: {found.truth}"))

"""``driftgauge measure``."""

from pathlib import Path

import click

from driftgauge.cli import options
from driftgauge.cli.progress import progress_bar
from driftgauge.cli.shown import show_analysis
from driftgauge.errors import needing
from driftgauge.measure.mixed.engines import Engine
from driftgauge.study import ModelPreset


@click.command("measure")
@options.study
@options.model
@options.engine
@options.jobs
@options.robustness
@options.seed
@options.bootstrap
@click.option("--overwrite", is_flag=True, help="Measure again what was measured already.")
@options.as_json
def measure_command(
    study: Path,
    model: ModelPreset | None,
    engine: Engine,
    jobs: int,
    robustness: bool,
    seed: int,
    bootstrap: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Measure the ratings of STUDY under its protocol, into its folder out.

    An earlier measurement there is replaced; nothing is done when nothing has changed.
    """
    with needing("store"):
        from driftgauge.pipeline.measure import measure_study  # noqa: PLC0415 - the core has no store
    with progress_bar(quiet=as_json) as progress, needing("store"):
        found = measure_study(
            study,
            model=model,
            engine=engine,
            jobs=jobs,
            robustness=robustness,
            seed=seed,
            bootstrap=bootstrap,
            overwrite=overwrite,
            progress=progress,
        )
    show_analysis(found, as_json=as_json)
    if not as_json:
        click.echo(f"Next: driftgauge report {study}")

"""``driftgauge analyze``."""

from pathlib import Path

import click

from driftgauge.cli import options
from driftgauge.cli.progress import progress_bar
from driftgauge.cli.shown import show_analysis
from driftgauge.measure.mixed.engines import Engine
from driftgauge.pipeline.analyze import Inputs, analyze
from driftgauge.study import ModelPreset


@click.command("analyze")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@options.out
@options.file_format
@options.column_map
@options.families
@options.protocol
@options.model
@options.engine
@options.jobs
@options.robustness
@options.seed
@options.bootstrap
@options.overwrite
@options.as_json
def analyze_command(
    files: tuple[Path, ...],
    out: Path,
    file_format: str,
    column_map: str | None,
    families: Path | None,
    protocol: Path | None,
    model: ModelPreset | None,
    engine: Engine,
    jobs: int,
    robustness: bool,
    seed: int,
    bootstrap: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Measure ratings from FILE and write estimates, findings and a report.

    FILE is a CSV or Parquet with one row a rating: scenario, release, rater and at least one of harm (1 to 5), success and
    refusal. Several files of one format are read as one set.
    """
    inputs = Inputs(
        files=files,
        format=file_format,
        column_map=options.parse_map(column_map),
        families=families,
        protocol=protocol,
        model=model,
        engine=engine,
        jobs=jobs,
        robustness=robustness,
        seed=seed,
        bootstrap=bootstrap,
    )
    with progress_bar(quiet=as_json) as progress:
        found = analyze(inputs, out=out, overwrite=overwrite, progress=progress)
    show_analysis(found, as_json=as_json)

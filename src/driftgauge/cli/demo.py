"""``driftgauge demo``."""

from pathlib import Path

import click

from driftgauge.cli import options
from driftgauge.cli.progress import progress_bar
from driftgauge.cli.shown import show_analysis
from driftgauge.pipeline.demo import demo


@click.command("demo")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out/demo"), show_default=True, help="Folder for the results."
)
@options.seed
@options.bootstrap
@options.overwrite
@options.as_json
def demo_command(out: Path, seed: int, bootstrap: int, overwrite: bool, as_json: bool) -> None:
    """Simulate a study in the published shape, measure it and write a report.

    Eight made-up releases of four made-up families, 363 scenarios in two modalities, panels of 17 and 12 raters, 82,256
    ratings. Everything is marked as simulated.
    """
    with progress_bar(quiet=as_json) as progress:
        found = demo(out=out, seed=seed, bootstrap=bootstrap, overwrite=overwrite, progress=progress)
    show_analysis(found, as_json=as_json)

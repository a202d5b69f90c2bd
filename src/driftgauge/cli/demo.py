"""``driftgauge demo``."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click
import numpy as np

from driftgauge.cli import options
from driftgauge.cli.progress import progress_bar
from driftgauge.cli.shown import show_analysis
from driftgauge.errors import RatingError, needing
from driftgauge.pipeline.demo import demo

_NEEDED: Final = {"benchmark": "PIL", "store": "sqlalchemy", "web": "starlette"}
"""What the extra of the rating app brings, its own libraries last, and what shows that each is there."""


@click.command("demo")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out/demo"), show_default=True, help="Folder for the results."
)
@options.seed
@options.bootstrap
@options.overwrite
@click.option(
    "--serve", "serves", is_flag=True, help="Instead: serve a small study to rate, with links for raters, authors and a lead."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Of --serve.")
@options.as_json
def demo_command(out: Path, seed: int, bootstrap: int, overwrite: bool, serves: bool, port: int, as_json: bool) -> None:
    """Simulate a study in the published shape, measure it and write a report.

    Eight made-up releases of four made-up families, 363 scenarios in two modalities, panels of 17 and 12 raters, 82,256
    ratings. Everything is marked as simulated.

    With --serve, try the rating app instead: a small study with mild, made-up prompts and pictures is put into OUT/study, and
    served on this machine until Ctrl-C. What you rate there is kept for the next time.
    """
    if serves:
        _serve(out / "study", seed=seed, port=port)
        return
    with progress_bar(quiet=as_json) as progress:
        found = demo(out=out, seed=seed, bootstrap=bootstrap, overwrite=overwrite, progress=progress)
    show_analysis(found, as_json=as_json)


def _need_extras() -> None:
    """Say all that is missing at once: a demonstration is where people begin."""
    missing = [extra for extra, module in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise RatingError(
            f"the rating app needs more than the core; not installed: {', '.join(missing)}",
            remedy="Run: pip install 'driftgauge[web]'",
        )


def _serve(folder: Path, *, seed: int, port: int) -> None:
    _need_extras()
    with needing("web"):
        from driftgauge.pipeline.rating.trial import trial  # noqa: PLC0415 - the core has no store
        from driftgauge.web.serve import Place, free_port, serve  # noqa: PLC0415 - the core has no server
    place = Place(folder, port=free_port(port))
    rng = np.random.default_rng(seed)  # noqa: TID251 - the edge where generators are made
    with progress_bar(quiet=False) as progress, needing("web"):
        doors = trial(folder, rng=rng, progress=progress)
    click.echo(f"The rating app, with a made-up study in {folder}, until Ctrl-C. Open one of these:")
    for door in doors:
        click.echo(f"  as {door.name}: {place.address}/enter/{door.token}")
    click.echo("A browser is one person at a time: use a private window to be two at once.")
    serve(place, doors={door.token: (door.login, door.password) for door in doors})

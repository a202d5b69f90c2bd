"""``driftgauge demo``: a simulated study in the published shape, measured and reported like any other."""

from pathlib import Path
from typing import Final

import numpy as np

from driftgauge.errors import StoreError
from driftgauge.measure.simulate import PUBLISHED_SHAPE, simulate
from driftgauge.pipeline.analysis import Analysis
from driftgauge.pipeline.analyze import Inputs, analyze
from driftgauge.pipeline.results import read_manifest
from driftgauge.records import Progress

RATINGS: Final = "simulated-ratings.parquet"


def demo(
    *,
    out: Path,
    seed: int,
    bootstrap: int,
    overwrite: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> Analysis:
    """Simulate 82,256 ratings of eight releases in two phases, then analyse that file.

    Parameters
    ----------
    out
        Folder for the simulated file and the results.
    seed, bootstrap, overwrite, progress
        As for `analyze`; the seed makes the study as well.

    Raises
    ------
    StoreError
        When `out` cannot be written.
    """
    known = read_manifest(out)
    if known and not overwrite and (known.command, known.seed, known.bootstrap) != ("demo", seed, bootstrap):
        raise StoreError(f"{out} holds another analysis", remedy="Choose another --out, or replace it with --overwrite.")
    progress("simulating", 0, 1)
    source = out / RATINGS
    partial = source.with_suffix(".partial")
    ratings = simulate(PUBLISHED_SHAPE, np.random.default_rng(seed))  # noqa: TID251 - the edge where generators are made
    try:
        out.mkdir(parents=True, exist_ok=True)
        ratings.write_parquet(partial)
        partial.replace(source)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}", remedy="Choose another --out.") from None
    inputs = Inputs(files=[source], seed=seed, bootstrap=bootstrap, command="demo")
    return analyze(inputs, out=out, overwrite=overwrite, progress=progress)

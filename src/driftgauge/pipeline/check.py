"""``driftgauge check``: what a design can and cannot say, before anything is concluded from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from driftgauge.frames import findings_frame
from driftgauge.measure.analysis import measure
from driftgauge.pipeline.analyze import Inputs, recipe_of
from driftgauge.rate.exchange import read_ratings
from driftgauge.records import Finding, Progress
from driftgauge.study import Protocol


@dataclass(frozen=True)
class Checked:
    """The findings of a design.

    Parameters
    ----------
    source
        What was checked.
    ratings, releases, raters, scenarios
        How many there are.
    findings
        The `findings` table, the gravest first.
    """

    source: str
    ratings: int
    releases: int
    raters: int
    scenarios: int
    findings: pl.DataFrame


def check_files(inputs: Inputs, *, progress: Progress = lambda stage, done, total: None) -> Checked:
    """Check the design behind files of ratings; nothing is written.

    Parameters
    ----------
    inputs
        Files, families and protocol, as for `analyze`; replicates and models are not used.
    progress
        Told of each stage.

    Raises
    ------
    ImportProblems, StudyError, EstimationError
        As for `analyze`.
    """
    progress("reading", 0, 1)
    recipe = recipe_of(inputs)
    imported = read_ratings(inputs.files, format=inputs.format, column_map=inputs.column_map, lineage=recipe.lineage)
    return checked(recipe.source, imported.ratings, protocol=recipe.protocol, found=imported.findings, progress=progress)


def checked(source: str, ratings: pl.DataFrame, *, protocol: Protocol, found: Sequence[Finding], progress: Progress) -> Checked:
    """Return the findings on ratings: a measurement of the protocol's unit, without replicates and models.

    Parameters
    ----------
    source
        What it is called.
    ratings
        The ratings table, lineage included.
    protocol
        As declared.
    found
        Findings of how the ratings came in.
    progress
        Told of each stage.
    """
    measured = measure(
        ratings,
        protocol=protocol,
        rng=np.random.default_rng(0),  # noqa: TID251 - nothing is drawn without replicates
        bootstrap=0,
        units=(protocol.primary.unit,),
        progress=progress,
    )
    rated = ratings.filter(pl.col("rater").is_not_null())
    simulated = bool(ratings["simulated"].fill_null(value=False).any())
    return Checked(
        source=source,
        ratings=len(rated),
        releases=ratings["release"].n_unique(),
        raters=rated["rater"].n_unique(),
        scenarios=ratings.select(pl.struct("scenario", "intent").n_unique()).item(),
        findings=findings_frame([*measured.findings, *found], analysis_id="", simulated=simulated),
    )

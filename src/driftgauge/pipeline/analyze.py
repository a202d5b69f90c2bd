"""``driftgauge analyze``: a file of ratings in, a folder of estimates, findings and a report out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.frames import write_csv
from driftgauge.measure.mixed.engines import Engine
from driftgauge.pipeline.analysis import Analysis, Made, Recipe, already_there, make, writers
from driftgauge.pipeline.provenance import files_hash
from driftgauge.pipeline.results import Writer, write_results
from driftgauge.rate.exchange import read_ratings
from driftgauge.records import Progress
from driftgauge.report.document import render
from driftgauge.study import ModelPreset, Protocol, load_lineage, load_protocol

DEFAULT_SEED: Final = 1
DEFAULT_BOOTSTRAP: Final = 10_000


@dataclass(frozen=True)
class Inputs:
    """What an analysis is made of.

    Parameters
    ----------
    files
        Ratings, one or several files of one format.
    format, column_map
        How to read them.
    families, protocol
        YAML files; null for what the ratings say, and for the default protocol.
    model
        The mixed model beside the primary estimates, or ``none``; null for the protocol's.
    engine
        What fits it.
    jobs
        Processes; the numbers do not depend on it.
    robustness
        Whether every drift is analysed in all reasonable ways as well.
    seed, bootstrap
        Of the replicates.
    command
        Which command asked; stands in the manifest.
    """

    files: Sequence[Path]
    format: str = "ratings"
    column_map: Mapping[str, str] | None = None
    families: Path | None = None
    protocol: Path | None = None
    model: ModelPreset | None = None
    engine: Engine = "laplace"
    jobs: int = 1
    robustness: bool = False
    seed: int = DEFAULT_SEED
    bootstrap: int = DEFAULT_BOOTSTRAP
    command: str = "analyze"


def analyze(
    inputs: Inputs,
    *,
    out: Path,
    overwrite: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> Analysis:
    """Measure ratings from a file and write estimates, findings and a report.

    Parameters
    ----------
    inputs
        Files and settings.
    out
        Folder for the results. The same inputs again find their results there and do nothing.
    overwrite
        Make the results again, and replace those of other inputs that are in `out`.
    progress
        Told of each stage.

    Raises
    ------
    RatingError, StudyError
        With every mistake of the input; nothing is written then.
    StoreError
        When `out` holds another analysis, or cannot be written.
    """
    progress("reading", 0, 1)
    recipe = recipe_of(inputs)
    there = None if overwrite else already_there(out, recipe.analysis_id, replace=False)
    if there:
        return there
    imported = read_ratings(inputs.files, format=inputs.format, column_map=inputs.column_map, lineage=recipe.lineage)
    made = make(imported.ratings, recipe, found=imported.findings, progress=progress)
    progress("report", 0, 1)
    document = render(
        made.estimates,
        made.findings,
        made.manifest,
        protocol=recipe.protocol.model_dump(mode="json"),
        flips=made.flips,
        specifications=made.specifications,
    )
    files = _writers(made, imported.ratings, document)
    write_results(out, files, manifest=lambda hashes: replace(made.manifest, files=hashes).to_json())
    progress("report", 1, 1)
    return Analysis(out, made.manifest, made.estimates, made.findings, already_there=False)


def recipe_of(inputs: Inputs) -> Recipe:
    """Return what an analysis of files is made of, its YAML files read."""
    column_map = dict(inputs.column_map or {})
    return Recipe(
        command=inputs.command,
        source=", ".join(path.name for path in inputs.files),
        data_hash=files_hash(inputs.files),
        protocol=load_protocol(inputs.protocol) if inputs.protocol else Protocol(),
        lineage=load_lineage(inputs.families) if inputs.families else None,
        seed=inputs.seed,
        bootstrap=inputs.bootstrap,
        model=inputs.model,
        engine=inputs.engine,
        jobs=inputs.jobs,
        robustness=inputs.robustness,
        identity=(inputs.format, column_map),
        settings={"format": inputs.format, "column_map": column_map},
    )


def _writers(made: Made, ratings: pl.DataFrame, document: str) -> dict[str, Writer]:
    inconsistent = ratings.filter(pl.col("refusal"), pl.col("success"))
    found: dict[str, Writer] = {
        "ratings.parquet": ratings.write_parquet,
        **writers(made),
        "report.html": lambda path: _write_text(path, document),
    }
    if len(inconsistent):
        found["inconsistent.csv"] = lambda path: write_csv(inconsistent, path)
    return found


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")

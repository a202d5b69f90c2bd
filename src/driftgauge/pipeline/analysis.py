"""One measurement with its manifest: what `analyze` does with a file and `measure` with a study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.errors import StoreError
from driftgauge.frames import findings_frame, specifications_frame, write_csv
from driftgauge.measure.analysis import measure
from driftgauge.measure.mixed.engines import Engine
from driftgauge.measure.models import Model
from driftgauge.measure.ppi_rows import ProbabilitySample
from driftgauge.measure.robustness import Robustness, specifications
from driftgauge.pipeline.parallel import map_over
from driftgauge.pipeline.provenance import library_versions
from driftgauge.pipeline.results import Writer, is_complete, read_manifest
from driftgauge.records import Finding, Lineage, Manifest, Progress, content_id
from driftgauge.study import ModelPreset, Protocol


@dataclass(frozen=True)
class Recipe:
    """What an analysis is made of, beside the ratings themselves.

    Parameters
    ----------
    command, source, data_hash
        Which command measures, what, and a hash of it.
    protocol, lineage
        As declared; a null lineage is the one that the ratings state.
    seed, bootstrap
        Of the replicates.
    model
        The mixed model beside the primary estimates; null for the protocol's.
    engine
        What fits it.
    jobs
        Processes; the numbers do not depend on it.
    robustness
        Whether every drift is analysed in all reasonable ways as well.
    identity
        What else makes it another analysis.
    settings
        What else stands in the manifest.
    sampled
        The probability sample that people rate, where one was drawn; `identity` holds what it is.
    """

    command: str
    source: str
    data_hash: str
    protocol: Protocol
    lineage: Lineage | None
    seed: int = 1
    bootstrap: int = 10_000
    model: ModelPreset | None = None
    engine: Engine = "laplace"
    jobs: int = 1
    robustness: bool = False
    identity: Sequence[object] = ()
    settings: Mapping[str, Any] | None = None
    sampled: ProbabilitySample | None = None

    @property
    def fitted(self) -> Model:
        """The mixed model that is fitted."""
        return Model(self.model or self.protocol.model, self.engine, self.jobs, self.protocol.covariates)

    @property
    def analysis_id(self) -> str:
        """The same for the same data, declarations, settings and code."""
        return content_id(
            "analysis",
            self.data_hash,
            self.protocol.hash,
            lineage_hash(self.lineage),
            *self.identity,
            *self.fitted.identity,
            *(("robustness",) if self.robustness else ()),
            self.seed,
            self.bootstrap,
            library_versions(),
        )


@dataclass(frozen=True)
class Analysis:
    """Where the results are, what they are, and whether they were there already."""

    folder: Path
    manifest: Manifest
    estimates: pl.DataFrame
    findings: pl.DataFrame
    already_there: bool


@dataclass(frozen=True)
class Made:
    """An analysis that is not written yet."""

    manifest: Manifest
    estimates: pl.DataFrame
    findings: pl.DataFrame
    flips: pl.DataFrame
    specifications: pl.DataFrame


def make(ratings: pl.DataFrame, recipe: Recipe, *, found: Sequence[Finding], progress: Progress) -> Made:
    """Measure ratings.

    Parameters
    ----------
    ratings
        The ratings table, lineage included.
    recipe
        What goes into the manifest.
    found
        Findings of how the ratings came in.
    progress
        Told of each stage.
    """
    analysis_id = recipe.analysis_id
    measured = measure(
        ratings,
        protocol=recipe.protocol,
        rng=np.random.default_rng(recipe.seed),  # noqa: TID251 - the edge where generators are made
        bootstrap=recipe.bootstrap,
        model=recipe.fitted,
        sampled=recipe.sampled,
        analysis_id=analysis_id,
        progress=progress,
    )
    robust = _robustness(ratings, recipe, measured.estimates, progress=progress)
    every = [*measured.findings, *robust.findings, *found]
    counts = _counts(ratings) | {"estimates": len(measured.estimates), "findings": len(every)}
    manifest = _manifest(recipe, counts, simulated=bool(ratings["simulated"].fill_null(value=False).any()))
    findings = findings_frame(every, analysis_id=analysis_id, simulated=manifest.simulated)
    specified = specifications_frame(robust.rows, analysis_id=analysis_id)
    return Made(manifest, measured.estimates, findings, measured.flips, specified)


_PRESETS: Final[tuple[ModelPreset, ...]] = ("design", "response", "published")


def _robustness(ratings: pl.DataFrame, recipe: Recipe, estimates: pl.DataFrame, *, progress: Progress) -> Robustness:
    return specifications(
        ratings,
        protocol=recipe.protocol,
        primary=estimates.filter("primary").to_dicts(),
        rng=np.random.default_rng(recipe.seed),  # noqa: TID251 - the edge where generators are made
        crossed=recipe.robustness,
        presets=_PRESETS if recipe.robustness and recipe.fitted.preset != "none" else (),
        map_over=partial(map_over, jobs=recipe.jobs if recipe.robustness else 1),
        progress=progress,
    )


def already_there(out: Path, analysis_id: str, *, replace: bool) -> Analysis | None:
    """Return the analysis that is in a folder, when it is this one and whole.

    Parameters
    ----------
    out
        The folder of results.
    analysis_id
        Of the analysis that is asked for.
    replace
        Whether another analysis there may be replaced.

    Raises
    ------
    StoreError
        When another one is there and may not be replaced.
    """
    if out.exists() and not out.is_dir():
        raise StoreError(f"{out} is a file", remedy="Give a folder with --out.")
    known = read_manifest(out)
    if known and known.analysis_id == analysis_id and is_complete(out, known):
        estimates, findings = (pl.read_parquet(out / f"{name}.parquet") for name in ("estimates", "findings"))
        return Analysis(out, known, estimates, findings, already_there=True)
    if known and known.analysis_id != analysis_id and not replace:
        raise StoreError(
            f"{out} holds another analysis ({known.analysis_id}: other data, settings or version)",
            remedy="Choose another --out, or replace it with --overwrite.",
        )
    return None


def writers(made: Made) -> dict[str, Writer]:
    """Return what writes the tables of results."""
    tables = {
        "estimates": made.estimates,
        "findings": made.findings,
        "flips": made.flips,
        "specifications": made.specifications,
    }
    return {name: write for table, frame in tables.items() for name, write in _frame_writers(table, frame).items()}


def _frame_writers(name: str, frame: pl.DataFrame) -> dict[str, Writer]:
    return {f"{name}.parquet": frame.write_parquet, f"{name}.csv": lambda path: write_csv(frame, path)}


def lineage_hash(lineage: Lineage | None) -> str | None:
    """Return a content id of which release follows which, or null when the ratings say it."""
    if lineage is None:
        return None
    families = [[name, list(releases)] for name, releases in lineage.families.items()]
    numbers = lineage.renumbered  # stated generations that are the positions change nothing
    return content_id("lineage", families, numbers) if numbers else content_id("lineage", families)


def _manifest(recipe: Recipe, counts: dict[str, int], *, simulated: bool) -> Manifest:
    libraries = library_versions()
    lineage = recipe.lineage
    return Manifest(
        analysis_id=recipe.analysis_id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        command=recipe.command,
        source=recipe.source,
        data_hash=recipe.data_hash,
        protocol_hash=recipe.protocol.hash,
        lineage_hash=lineage_hash(lineage),
        code_version=libraries.pop("driftgauge"),
        libraries=libraries,
        seed=recipe.seed,
        bootstrap=recipe.bootstrap,
        settings={
            **(recipe.settings or {}),
            "model": recipe.fitted.preset,
            "engine": recipe.fitted.engine,
            "protocol": recipe.protocol.model_dump(mode="json"),
            "families": {name: list(releases) for name, releases in lineage.families.items()} if lineage else None,
            **({"generations": lineage.renumbered} if lineage and lineage.renumbered else {}),
        },
        counts=counts,
        simulated=simulated,
    )


def _counts(ratings: pl.DataFrame) -> dict[str, int]:
    rated = ratings.filter(pl.col("rater").is_not_null())
    return {
        "ratings": len(rated),
        "responses": ratings["response_id"].n_unique(),
        "scenarios": ratings.select(pl.struct("scenario", "intent").n_unique()).item(),
        "releases": ratings["release"].n_unique(),
        "raters": rated["rater"].n_unique(),
    }

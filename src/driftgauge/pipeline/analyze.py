"""``driftgauge analyze``: a file of ratings in, a folder of estimates, findings and a report out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from driftgauge.errors import StoreError
from driftgauge.frames import findings_frame, write_csv
from driftgauge.measure.analysis import measure
from driftgauge.pipeline.provenance import files_hash, library_versions
from driftgauge.pipeline.results import Writer, is_complete, read_manifest, write_results
from driftgauge.rate.exchange import read_ratings
from driftgauge.records import Lineage, Manifest, Progress, content_id
from driftgauge.report.document import render
from driftgauge.study import Protocol, load_lineage, load_protocol

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
    seed: int = DEFAULT_SEED
    bootstrap: int = DEFAULT_BOOTSTRAP
    command: str = "analyze"


@dataclass(frozen=True)
class Analysis:
    """Where the results are, what they are, and whether they were there already."""

    folder: Path
    manifest: Manifest
    estimates: pl.DataFrame
    findings: pl.DataFrame
    already_there: bool


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
    protocol = load_protocol(inputs.protocol) if inputs.protocol else Protocol()
    lineage = load_lineage(inputs.families) if inputs.families else None
    data_hash = files_hash(inputs.files)
    analysis_id = _analysis_id(inputs, protocol, lineage, data_hash)
    there = _already_there(out, analysis_id, overwrite=overwrite)
    if there:
        return there
    imported = read_ratings(inputs.files, format=inputs.format, column_map=inputs.column_map, lineage=lineage)
    measured = measure(
        imported.ratings,
        protocol=protocol,
        rng=np.random.default_rng(inputs.seed),  # noqa: TID251 - the edge where generators are made
        bootstrap=inputs.bootstrap,
        analysis_id=analysis_id,
        progress=progress,
    )
    found = [*measured.findings, *imported.findings]
    manifest = _manifest(
        inputs,
        imported.ratings,
        protocol=protocol,
        lineage=lineage,
        analysis_id=analysis_id,
        data_hash=data_hash,
        n_estimates=len(measured.estimates),
        n_findings=len(found),
    )
    findings = findings_frame(found, analysis_id=analysis_id, simulated=manifest.simulated)
    progress("report", 0, 1)
    document = render(measured.estimates, findings, manifest, protocol=protocol.model_dump(mode="json"))
    writers = _writers(imported.ratings, measured.estimates, findings, document)
    write_results(out, writers, manifest=lambda files: replace(manifest, files=files).to_json())
    progress("report", 1, 1)
    return Analysis(out, manifest, measured.estimates, findings, already_there=False)


def _analysis_id(inputs: Inputs, protocol: Protocol, lineage: Lineage | None, data_hash: str) -> str:
    return content_id(
        "analysis",
        data_hash,
        protocol.hash,
        _lineage_hash(lineage),
        inputs.format,
        dict(inputs.column_map or {}),
        inputs.seed,
        inputs.bootstrap,
        library_versions(),
    )


def _lineage_hash(lineage: Lineage | None) -> str | None:
    return content_id("lineage", [[name, list(releases)] for name, releases in lineage.families.items()]) if lineage else None


def _already_there(out: Path, analysis_id: str, *, overwrite: bool) -> Analysis | None:
    if out.exists() and not out.is_dir():
        raise StoreError(f"{out} is a file", remedy="Give a folder with --out.")
    known = read_manifest(out)
    if known is None or overwrite:
        return None
    if known.analysis_id == analysis_id and is_complete(out, known):
        estimates, findings = (pl.read_parquet(out / f"{name}.parquet") for name in ("estimates", "findings"))
        return Analysis(out, known, estimates, findings, already_there=True)
    if known.analysis_id != analysis_id:
        raise StoreError(
            f"{out} holds another analysis ({known.analysis_id}: other data, settings or version)",
            remedy="Choose another --out, or replace it with --overwrite.",
        )
    return None


def _manifest(
    inputs: Inputs,
    ratings: pl.DataFrame,
    *,
    protocol: Protocol,
    lineage: Lineage | None,
    analysis_id: str,
    data_hash: str,
    n_estimates: int,
    n_findings: int,
) -> Manifest:
    libraries = library_versions()
    rated = ratings.filter(pl.col("rater").is_not_null())
    return Manifest(
        analysis_id=analysis_id,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        command=inputs.command,
        source=", ".join(path.name for path in inputs.files),
        data_hash=data_hash,
        protocol_hash=protocol.hash,
        lineage_hash=_lineage_hash(lineage),
        code_version=libraries.pop("driftgauge"),
        libraries=libraries,
        seed=inputs.seed,
        bootstrap=inputs.bootstrap,
        settings={
            "format": inputs.format,
            "column_map": dict(inputs.column_map or {}),
            "model": "none",
            "protocol": protocol.model_dump(mode="json"),
            "families": {name: list(releases) for name, releases in lineage.families.items()} if lineage else None,
        },
        counts={
            "ratings": len(rated),
            "responses": ratings["response_id"].n_unique(),
            "scenarios": ratings.select(pl.struct("scenario", "intent").n_unique()).item(),
            "releases": ratings["release"].n_unique(),
            "raters": rated["rater"].n_unique(),
            "estimates": n_estimates,
            "findings": n_findings,
        },
        simulated=bool(ratings["simulated"].fill_null(value=False).any()),
    )


def _writers(ratings: pl.DataFrame, estimates: pl.DataFrame, findings: pl.DataFrame, document: str) -> dict[str, Writer]:
    inconsistent = ratings.filter(pl.col("refusal"), pl.col("success"))
    writers: dict[str, Writer] = {
        "ratings.parquet": ratings.write_parquet,
        "estimates.parquet": estimates.write_parquet,
        "estimates.csv": lambda path: write_csv(estimates, path),
        "findings.parquet": findings.write_parquet,
        "findings.csv": lambda path: write_csv(findings, path),
        "report.html": lambda path: _write_text(path, document),
    }
    if len(inconsistent):
        writers["inconsistent.csv"] = lambda path: write_csv(inconsistent, path)
    return writers


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")

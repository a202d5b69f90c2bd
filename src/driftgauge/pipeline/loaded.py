"""The results of a finished measurement, of a study or of an analysis folder, and the ratings that they are of."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.errors import StoreError
from driftgauge.frames import ESTIMATES, FLIPS, SPECIFICATIONS, Column, conform, empty
from driftgauge.measure.ppi_rows import ProbabilitySample
from driftgauge.pipeline.results import is_complete, read_manifest
from driftgauge.records import Manifest
from driftgauge.study import STUDY_FILE, Protocol

OUT: Final = "out"
"""Where in a study its results are."""
REPORT: Final = "report.html"


def is_study(folder: Path) -> bool:
    """Return whether a folder is a study."""
    return (folder / STUDY_FILE).is_file()


@dataclass(frozen=True)
class Results:
    """Estimates and findings with their manifest.

    Parameters
    ----------
    folder
        Where they are.
    study
        The folder of the study, or null.
    manifest, estimates, findings, protocol
        Of the measurement.
    flips, specifications
        Of the measurement; empty where it is of before there were any.
    """

    folder: Path
    study: Path | None
    manifest: Manifest
    estimates: pl.DataFrame
    findings: pl.DataFrame
    protocol: Protocol
    flips: pl.DataFrame
    specifications: pl.DataFrame


@dataclass(frozen=True)
class Behind:
    """The ratings that results are of, and of a study its journal, what it collected (without texts) and its sample."""

    ratings: pl.DataFrame
    journal: pl.DataFrame | None
    collected: pl.DataFrame | None = None
    sampled: ProbabilitySample | None = None


def load_results(folder: Path) -> Results:
    """Return the results in a folder, or in ``out`` of a study.

    Raises
    ------
    StoreError
        When there are none, or a file of theirs was changed.
    """
    study = folder if is_study(folder) else None
    place = folder / OUT if study else folder
    command = f"driftgauge measure {folder}" if study else "driftgauge analyze"
    manifest = read_manifest(place)
    if manifest is None:
        raise StoreError(f"{place} holds no analysis", remedy=f"Run {command} first, or give the --out folder of one.")
    if not is_complete(place, manifest, but=(REPORT,)):  # it is drawn from the others, and can be drawn anew
        raise StoreError(
            f"{place} was changed since its analysis", remedy=f"Run the same `{command}` again; it restores the folder."
        )
    estimates, findings = (pl.read_parquet(place / f"{name}.parquet") for name in ("estimates", "findings"))
    estimates = conform(estimates, ESTIMATES)  # an analysis of before a column was added lacks it
    protocol = Protocol.model_validate(manifest.settings["protocol"])
    flips, specifications = _table(place, "flips", FLIPS), _table(place, "specifications", SPECIFICATIONS)
    return Results(place, study, manifest, estimates, findings, protocol, flips, specifications)


def _table(folder: Path, name: str, table: Mapping[str, Column]) -> pl.DataFrame:
    path = folder / f"{name}.parquet"
    return conform(pl.read_parquet(path), table) if path.is_file() else empty(table)

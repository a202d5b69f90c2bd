"""``driftgauge report``: the report of a finished measurement; nothing is measured again."""

import os
from dataclasses import dataclass
from pathlib import Path

from driftgauge.errors import StoreError
from driftgauge.pipeline.loaded import REPORT, load_results
from driftgauge.report.document import render


@dataclass(frozen=True)
class Reported:
    """Where the report is, of which analysis, and whether it was there already."""

    path: Path
    analysis_id: str
    simulated: bool
    already_there: bool


def report(folder: Path) -> Reported:
    """Write ``report.html`` beside the results of a study or of an analysis folder.

    Parameters
    ----------
    folder
        Of the study, or of the results.

    Raises
    ------
    StoreError
        When there are no whole results, or the report cannot be written.
    """
    results = load_results(folder)
    manifest = results.manifest
    document = render(
        results.estimates,
        results.findings,
        manifest,
        protocol=results.protocol.model_dump(mode="json"),
        flips=results.flips,
        specifications=results.specifications,
    )
    path = results.folder / REPORT
    data = document.encode()
    there = path.is_file() and path.read_bytes() == data
    if not there:
        _replace(path, data)
    return Reported(path, manifest.analysis_id, manifest.simulated, there)


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f".partial-{path.name}")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(f"{path} cannot be written: {error.strerror}", remedy="Check its rights and the free space.") from None

"""``driftgauge report``: the report of a finished measurement; nothing is measured again."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from driftgauge.errors import StoreError
from driftgauge.pipeline.loaded import REPORT, Results, load_results
from driftgauge.report.document import Document, compose
from driftgauge.report.files import figure_files
from driftgauge.report.pdf import Paper, pdf

PDF: Final = "report.pdf"
FIGURES: Final = "figures"


@dataclass(frozen=True)
class Wanted:
    """What is written beside ``report.html``.

    Parameters
    ----------
    static
        The page holds no script.
    paper
        Of ``report.pdf``; null for none.
    figures
        Each figure's data, SVG and PNG, into ``figures``.
    """

    static: bool = False
    paper: Paper | None = None
    figures: bool = False


@dataclass(frozen=True)
class Reported:
    """Where the report is, of which analysis, whether it was there already, and what else was written."""

    path: Path
    analysis_id: str
    simulated: bool
    already_there: bool
    pdf: Path | None = None
    figures: Path | None = None


def report(folder: Path, wanted: Wanted | None = None) -> Reported:
    """Write ``report.html`` beside the results of a study or of an analysis folder.

    Parameters
    ----------
    folder
        Of the study, or of the results.
    wanted
        What else is written; null for nothing.

    Raises
    ------
    StoreError
        When there are no whole results, or the report cannot be written.
    StudyError
        When a PDF is wanted and what lays it out is not installed.
    """
    wanted = wanted or Wanted()
    results = load_results(folder)
    manifest = results.manifest
    document = _composed(results, static=wanted.static)
    path = results.folder / REPORT
    data = document.html().encode()
    there = path.is_file() and path.read_bytes() == data
    if not there:
        _replace(path, data)
    printed = results.folder / PDF if wanted.paper else None
    if printed and wanted.paper:
        page = document if wanted.static else _composed(results, static=True)
        _replace(printed, pdf(page.html(), paper=wanted.paper))
    drawn = _draw(document, results) if wanted.figures else None
    return Reported(path, manifest.analysis_id, manifest.simulated, there, printed, drawn)


def _composed(results: Results, *, static: bool) -> Document:
    return compose(
        results.estimates,
        results.findings,
        results.manifest,
        protocol=results.protocol.model_dump(mode="json"),
        flips=results.flips,
        specifications=results.specifications,
        static=static,
    )


def _draw(document: Document, results: Results) -> Path:
    """Write the files of all figures; those of an earlier report go."""
    folder, partial = results.folder / FIGURES, results.folder / f".partial-{FIGURES}"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for name, write in figure_files(document.sections, results.estimates, results.specifications).items():
            write(partial / name)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise _unwritable(folder, error) from None
    return folder


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f".partial-{path.name}")
    try:
        partial.write_bytes(data)
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"{path} cannot be written: {error.strerror}", remedy="Check its rights and the free space.")

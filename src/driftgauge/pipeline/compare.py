"""``driftgauge report --compare``: any two releases of a measurement side by side, as a page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from driftgauge.errors import StoreError
from driftgauge.measure.checks.confounding import unlinked
from driftgauge.measure.compare import Compared, compare
from driftgauge.pipeline.loaded import load_results
from driftgauge.pipeline.trace import behind_of
from driftgauge.report.cards.compared import compared_page
from driftgauge.report.cards.comparison import Basis, Comparison, comparison
from driftgauge.report.cards.files import file_names

COMPARE: Final = "compare"
"""Where beside the report they are."""


@dataclass(frozen=True)
class ComparedFiles:
    """Two releases compared, and the page of it."""

    comparison: Comparison
    html: Path


def compare_releases(folder: Path, releases: tuple[str, str]) -> ComparedFiles:
    """Compare two releases on the ratings behind the results, and write the page beside the report.

    Parameters
    ----------
    folder
        Of the study, or of the results.
    releases
        First and second: differences are the second minus the first.

    Raises
    ------
    StoreError
        When there are no whole results, ratings behind them were erased, or the page cannot be written.
    EstimationError
        When the two are one, or a release has no rating that counts; it lists those that have.
    """
    results = load_results(folder)
    manifest = results.manifest
    found = compare(behind_of(results).ratings, releases, protocol=results.protocol, analysis_id=manifest.analysis_id)
    shown = comparison(found.rows, _basis(found, releases), estimates=results.estimates, manifest=manifest)
    known = results.estimates["release"].drop_nulls().unique(maintain_order=True)
    names = file_names([*known, *releases])
    # A tilde is in no name of a file, so that no two pairs are one.
    path = results.folder / COMPARE / "~".join(names[release] for release in releases)
    path = path.with_name(f"{path.name}.html")
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(compared_page(shown), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}", remedy="Check its rights and the free space.") from None
    return ComparedFiles(shown, path)


def _basis(found: Compared, releases: tuple[str, str]) -> Basis:
    first, second = found.raters
    return Basis(
        first=releases[0],
        second=releases[1],
        kind=found.kind,
        scope=found.scope,
        prompts=found.prompts,
        n_raters_first=len(first),
        n_raters_second=len(second),
        n_raters_both=len(first & second),
        unlinked=None if first & second else unlinked(" → ".join(releases)),
    )

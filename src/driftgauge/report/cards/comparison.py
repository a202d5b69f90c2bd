"""What stands on the page of two releases: their levels on the prompts that both answered, and the differences."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import polars as pl

from driftgauge.records import Manifest
from driftgauge.report.cards.card import Number, number_of, provenance
from driftgauge.report.select import Estimate, records

EXPLORATORY: Final = "exploratory: not in the verdict family"


@dataclass(frozen=True)
class Basis:
    """What a comparison rests on.

    Parameters
    ----------
    first, second
        The releases; a difference is the second minus the first.
    kind, scope
        Whose ratings (`human` or `judge`), and what the intervals are for (`raters` like these, or this `panel`).
    prompts
        By modality, null for all: how many prompts both answered, and how many only one did.
    n_raters_first, n_raters_second, n_raters_both
        How many rated each, and how many both.
    unlinked
        Where nobody rated both: what follows from it, as the findings say it.
    """

    first: str
    second: str
    kind: str
    scope: str
    prompts: Mapping[str | None, tuple[int, int]]
    n_raters_first: int
    n_raters_second: int
    n_raters_both: int
    unlinked: str | None

    @property
    def same_raters(self) -> bool:
        """Whether exactly the same rated both."""
        return self.n_raters_first == self.n_raters_second == self.n_raters_both


@dataclass(frozen=True)
class Contrast:
    """One quantity of the two releases; `standing` says whether the difference is a verdict's or exploratory."""

    modality: str | None
    first: Number
    second: Number
    difference: Number
    n_prompts: int
    n_left_out: int
    standing: str


@dataclass(frozen=True)
class Verdict:
    """The verdict that the study gave on these two releases, in its own direction."""

    estimate_id: str
    estimand: str
    baseline_release: str
    release: str
    verdict: str
    size: str | None
    p_adjusted: float | None


@dataclass(frozen=True)
class Comparison:
    """Two releases of a study side by side."""

    basis: Basis
    simulated: bool
    rows: tuple[Contrast, ...]
    verdict: Verdict | None
    provenance: Mapping[str, object]

    @property
    def kind(self) -> str:
        """Whose ratings these are."""
        return self.basis.kind

    def plain(self) -> dict[str, Any]:
        """Return the comparison as what JSON holds."""
        basis = asdict(self.basis)
        counted = [{"modality": name, "in_common": n, "left_out": m} for name, (n, m) in self.basis.prompts.items()]
        return asdict(self) | {"basis": basis | {"prompts": counted}}


def comparison(rows: pl.DataFrame, basis: Basis, *, estimates: pl.DataFrame, manifest: Manifest) -> Comparison:
    """Return what is shown of two releases.

    Parameters
    ----------
    rows
        Levels and differences, as rows of the estimates table.
    basis
        What they rest on.
    estimates, manifest
        Of the analysis. A number that stands in `estimates` too keeps its id, and a difference of the verdict family its
        verdict; the ids of others are null.
    """
    known = {
        row.estimate_id: row for row in records(estimates.filter(pl.col("estimate_id").is_in(rows["estimate_id"].implode())))
    }
    return Comparison(
        basis=basis,
        simulated=manifest.simulated,
        rows=tuple(_contrasts(records(rows), basis, known)),
        verdict=_verdict(estimates, {basis.first, basis.second}),
        provenance=provenance(manifest),
    )


def _contrasts(rows: list[Estimate], basis: Basis, known: Mapping[str, Estimate]) -> Iterator[Contrast]:
    levels = {(row.release, row.modality, row.estimand): row for row in rows if row.contrast is None}
    for row in rows:
        if row.contrast is None:
            continue
        first, second = (_number(levels[name, row.modality, row.estimand], known) for name in (basis.first, basis.second))
        difference = _number(row, known)
        n_prompts, n_left_out = basis.prompts[row.modality]
        standing = f"of the verdict family: {difference.verdict}" if difference.verdict else EXPLORATORY
        yield Contrast(row.modality, first, second, difference, n_prompts, n_left_out, standing)


def _number(row: Estimate, known: Mapping[str, Estimate]) -> Number:
    """Return a number with the id, and the verdict, that it has in the estimates: where that row is of the same ratings."""
    there = known.get(row.estimate_id)
    if there is None or (there.estimate, there.n_ratings) != (row.estimate, row.n_ratings):
        return replace(number_of(row), estimate_id=None)
    return number_of(there)


def _verdict(estimates: pl.DataFrame, releases: set[str]) -> Verdict | None:
    family = records(estimates.filter("primary", pl.col("verdict").is_not_null()))
    for row in family:
        if {row.baseline_release, row.release} == releases:
            return Verdict(**{name: getattr(row, name) for name in Verdict.__dataclass_fields__})
    return None

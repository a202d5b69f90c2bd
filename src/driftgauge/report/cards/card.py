"""What stands on the card of a release: plain numbers, each with the id of its estimate."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import polars as pl

from driftgauge.records import Manifest
from driftgauge.report import words
from driftgauge.report.select import Estimate, View

LEVELS: Final = ("asr", "conditional_asr", "harm_rate", "refusal_rate", "over_refusal", "mean_harm")
BY_MODALITY: Final = ("asr", "conditional_asr", "refusal_rate")
RANK: Final = "rank_probability"


@dataclass(frozen=True)
class Number:
    """One estimate on a card; as in the estimates table, proportions 0 to 1. The id is null where that table lacks it."""

    estimand: str
    outcome: str | None
    contrast: str | None
    modality: str | None
    phase: str | None
    threshold: int | None
    rank: int | None
    baseline_release: str | None
    estimate: float | None
    conf_low: float | None
    conf_high: float | None
    level: float | None
    verdict: str | None
    n_scenarios: int | None
    n_raters: int | None
    n_ratings: int | None
    reason_null: str | None
    estimate_id: str | None


@dataclass(frozen=True)
class Note:
    """A finding that touches the release."""

    finding_id: str
    code: str
    level: str
    sentence: str
    remedy: str | None


@dataclass(frozen=True)
class Card:
    """What a study says of one release.

    Parameters
    ----------
    levels, by_modality
        Levels, all modalities together and one by one.
    drift
        The change from its predecessor, with the verdict; null for the first of a family.
    parts
        What the change in attack success is made of.
    standing
        The probability of each rank among the releases of its phase.
    findings
        Critical ones and warnings that name an estimate of this card, and those that touch every estimate.
    population
        Whose ratings, over which scenarios, and what the intervals are for.
    """

    release: str
    family: str | None
    generation: int | None
    phase: str | None
    simulated: bool
    kind: str
    population: str
    levels: tuple[Number, ...]
    by_modality: tuple[Number, ...]
    drift: Number | None
    parts: tuple[Number, ...]
    standing: tuple[Number, ...]
    findings: tuple[Note, ...]
    provenance: Mapping[str, object]

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Every number of the card."""
        drift = (self.drift,) if self.drift else ()
        return (*self.levels, *self.by_modality, *drift, *self.parts, *self.standing)

    def plain(self) -> dict[str, Any]:
        """Return the card as what JSON holds."""
        return asdict(self)


def card(release: str, chosen: View, *, estimates: pl.DataFrame, findings: pl.DataFrame, manifest: Manifest) -> Card:
    """Return the card of a release.

    Parameters
    ----------
    release
        One of `chosen.releases`.
    chosen
        The rows that a report shows.
    estimates, findings, manifest
        Of the analysis.

    Raises
    ------
    StopIteration
        When there is no such release.
    """
    known = next(each for each in chosen.releases if each.name == release)
    levels = tuple(_levels(release, chosen, LEVELS, modality=None))
    each = tuple(
        number for modality in chosen.modalities for number in _levels(release, chosen, BY_MODALITY, modality=modality)
    )
    drift = next((number_of(row) for row in (*chosen.verdicts, *chosen.contrasts("drift")) if row.release == release), None)
    parts = [row for name in ("refusal_part", "response_part") for row in chosen.contrasts(name) if row.release == release]
    standing = tuple(_standing(estimates, release, chosen))
    numbers = (*levels, *each, *((drift,) if drift else ()), *map(number_of, parts), *standing)
    rows = [row for row in chosen.levels(chosen.estimand or "").values() if row.release == release]
    return Card(
        release=release,
        family=known.family,
        generation=known.generation,
        phase=known.phase,
        simulated=manifest.simulated,
        kind=chosen.kind,
        population=_population(rows, chosen),
        levels=levels,
        by_modality=each,
        drift=drift,
        parts=tuple(map(number_of, parts)),
        standing=standing,
        findings=tuple(_touching(findings, {number.estimate_id for number in numbers})),
        provenance=provenance(manifest),
    )


def _levels(release: str, chosen: View, names: tuple[str, ...], *, modality: str | None) -> Iterator[Number]:
    for name in names:
        benign = "benign" if name == "over_refusal" else None
        outcome = "harm" if name == "mean_harm" else None  # and not harm6, in which a refusal is a level
        found = chosen.levels(name, modality=modality, engaged=name == "conditional_asr", intent=benign, outcome=outcome)
        if release in found:
            yield number_of(found[release])


def number_of(row: Estimate) -> Number:
    """Return an estimate as it stands on a card."""
    taken = {name: getattr(row, name) for name in Number.__dataclass_fields__ if name != "rank"}
    return Number(**taken, rank=None)


def _standing(estimates: pl.DataFrame, release: str, chosen: View) -> Iterator[Number]:
    found = estimates.filter(
        pl.col("estimand") == RANK,
        pl.col("release") == release,
        pl.col("scope") == chosen.scope,
        pl.col("kind") == chosen.kind,
        pl.col("contrast").is_null(),
        pl.all_horizontal(pl.col("modality", "language", "harm_category").is_null()),
    ).sort("rank")
    for row in found.iter_rows(named=True):
        yield Number(**{name: row[name] for name in Number.__dataclass_fields__})


def _touching(findings: pl.DataFrame, ids: set[str | None]) -> Iterator[Note]:
    wanted = findings.filter(pl.col("level").is_in(["critical", "warning"]), pl.col("code") != "simulated")
    for row in wanted.iter_rows(named=True):
        if not row["estimate_ids"] or ids & set(row["estimate_ids"]):
            yield Note(row["finding_id"], row["code"], row["level"], row["sentence"], row["remedy"])


def _population(rows: list[Estimate], chosen: View) -> str:
    if not rows:
        return "Nothing could be estimated of it."
    return words.population(rows, chosen, what=words.quantity(chosen.estimand, threshold=chosen.threshold))


def provenance(manifest: Manifest) -> dict[str, object]:
    """Return what says which analysis a page is of."""
    return {
        "analysis_id": manifest.analysis_id,
        "created_at": manifest.created_at,
        "source": manifest.source,
        "data_hash": manifest.data_hash,
        "protocol_hash": manifest.protocol_hash,
        "code_version": manifest.code_version,
    }

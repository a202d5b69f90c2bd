"""Which rows of the estimates a report shows: one kind of rater, one unit, one scope, one way of making intervals.

The frame holds the same quantity under several of each. A report that mixed them would compare what cannot be compared, so the
choice is made once, here, and `View.notes` says in words where it had to differ from the protocol.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Final, cast

import polars as pl

AGREEMENT: Final = ("exact_agreement", "unanimity", "alpha_ordinal", "alpha_nominal", "ac2_quadratic", "fleiss_kappa")
SHOWABLE: Final = ("asr", "harm_rate", "refusal_rate", "over_refusal")
"""What drift and levels are shown of, the best evidence first; the last where only benign prompts were rated."""

_RUNS_OVER: Final = ("harm_category", "technique", "execution", "language", "rater", "rank")
"""Dimensions by which no section of this form of the report splits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One row of the estimates frame, with the columns that a report reads; names and meanings as in `frames.ESTIMATES`."""

    estimate_id: str
    estimand: str
    outcome: str | None
    contrast: str | None
    filter: str | None
    threshold: int | None
    scope: str | None
    intent: str | None
    family: str | None
    release: str | None
    generation: int | None
    phase: str | None
    panel: str | None
    rater: str | None
    modality: str | None
    language: str | None
    harm_category: str | None
    technique: str | None
    rank: int | None
    baseline_release: str | None
    baseline_phase: str | None
    estimate: float | None
    std_error: float | None
    conf_low: float | None
    conf_high: float | None
    level: float | None
    p_value: float | None
    p_adjusted: float | None
    p_equivalence: float | None
    odds_ratio: float | None
    odds_ratio_low: float | None
    odds_ratio_high: float | None
    bound_low: float | None
    bound_high: float | None
    verdict: str | None
    size: str | None
    safer_by: str | None
    false_sign_rate: float | None
    flagged: bool | None
    primary: bool | None
    method: str | None
    n_scenarios: int | None
    n_responses: int | None
    n_raters: int | None
    n_ratings: int | None
    n_excluded: int | None
    reason_excluded: str | None
    reason_null: str | None

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.estimate is not None

    @property
    def value(self) -> float:
        """The value, for rows that were checked to have one."""
        assert self.estimate is not None
        return self.estimate

    @property
    def low(self) -> float:
        """The lower limit, or the value itself where there is no interval."""
        return self.value if self.conf_low is None else self.conf_low

    @property
    def high(self) -> float:
        """The upper limit, or the value itself where there is no interval."""
        return self.value if self.conf_high is None else self.conf_high

    @property
    def bounded(self) -> bool:
        """Whether there is an interval."""
        return self.conf_low is not None and self.conf_high is not None


@dataclass(frozen=True)
class Release:
    """One release as it stands in figures: its name, its place in a family and the family's number (for colour and marker)."""

    name: str
    family: str | None
    generation: int | None
    phase: str | None
    series: int


@dataclass(frozen=True)
class View:
    """The rows of one report.

    Parameters
    ----------
    rows
        Levels and contrasts of the chosen kind, unit and scope, with the primary way of making intervals.
    verdicts
        The verdict family, gravest first.
    agreement
        Rows about the raters, all of one scope.
    modelled
        Drifts by the mixed model, modalities together: averaged ones, and those on the latent scale.
    further
        What lies beneath and beside: churn, noise floors, pooled profiles of drifts, ranks, reversals, rater by rater.
    slices
        Levels over everything, and by modality, language or harm category.
    estimand
        What drift and levels are shown of; null when nothing was estimated.
    notes
        What a reader has to know about the choice, as sentences.
    """

    kind: str
    scope: str
    unit: str
    estimand: str | None
    rows: tuple[Estimate, ...]
    verdicts: tuple[Estimate, ...]
    agreement: tuple[Estimate, ...]
    modelled: tuple[Estimate, ...]
    further: tuple[Estimate, ...]
    slices: tuple[Estimate, ...]
    releases: tuple[Release, ...]
    notes: tuple[str, ...]

    @property
    def families(self) -> dict[str | None, list[Release]]:
        """Releases by family, in order; those without a family last, under null."""
        grouped: dict[str | None, list[Release]] = {}
        for release in self.releases:
            grouped.setdefault(release.family, []).append(release)
        return grouped

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities of which there are levels, text-only first."""
        present = {row.modality for row in self.rows if row.contrast is None and row.known and row.modality}
        return tuple(name for name in ("text-only", "multimodal") if name in present)

    @property
    def intent(self) -> str:
        """Which prompts the report is about: adversarial ones, unless only benign ones were rated."""
        return "benign" if self.estimand == "over_refusal" else "adversarial"

    @property
    def threshold(self) -> int | None:
        """The harm at or above which a rating counts as harmful."""
        return next((row.threshold for row in self.rows if row.estimand == "harm_rate" and row.threshold is not None), None)

    def levels(
        self,
        estimand: str,
        *,
        modality: str | None = None,
        outcome: str | None = None,
        engaged: bool = False,
        intent: str | None = None,
    ) -> dict[str, Estimate]:
        """Return the level of an estimand for each release that has a row, known or not.

        Mean harm is that of the five levels (`harm`) unless `outcome` is `harm6`, in which a refusal is a level. Rows are of
        adversarial prompts unless `intent` says otherwise or only benign ones were rated.
        """
        wanted = intent or self.intent
        outcome = outcome or ("harm" if estimand == "mean_harm" else None)
        return {
            row.release: row
            for row in self.rows
            if row.release is not None
            and row.contrast is None
            and row.estimand == estimand
            and row.modality == modality
            and (outcome is None or row.outcome == outcome)
            and (row.filter == "engaged") == engaged
            and (row.intent or "adversarial") == wanted
        }

    def contrasts(self, contrast: str, *, estimand: str | None = None, modality: str | None = None) -> list[Estimate]:
        """Return the rows of a contrast over all ratings, known or not, in the order of the frame."""
        wanted = estimand or self.estimand
        return [
            row
            for row in self.rows
            if (row.contrast, row.estimand, row.modality) == (contrast, wanted, modality) and row.filter != "engaged"
        ]

    def series(self, family: str | None) -> int:
        """Return the number of a family, for its colour and marker."""
        return next((release.series for release in self.releases if release.family == family), 0)


def view(estimates: pl.DataFrame, *, protocol: Mapping[str, object]) -> View:
    """Choose the rows that a report shows.

    Parameters
    ----------
    estimates
        The `estimates` table.
    protocol
        The protocol as a plain mapping; read are `scope` and `primary.unit`, `primary.estimand`.

    Returns
    -------
    View
        People's ratings if there are any, else judges'; the protocol's unit; its scope if anything could be estimated there,
        else the panel.
    """
    notes: list[str] = []
    declared = cast(Mapping[str, object], protocol.get("primary") or {})
    pooled = estimates.filter(pl.all_horizontal(pl.col(name).is_null() for name in _RUNS_OVER))
    kind = "human" if (pooled["kind"] == "human").any() else "judge"
    ours = pooled.filter((pl.col("kind") == kind) | pl.col("kind").is_null())
    measured = ours.filter(pl.col("method").is_null() | pl.col("method").str.starts_with("linearised"))
    measured = measured.filter(~pl.col("estimand").is_in(AGREEMENT))
    unit = _first_with_values(measured, "unit", [str(declared.get("unit") or "rating"), "rating"], notes)
    measured = measured.filter((pl.col("unit") == unit) | pl.col("unit").is_null())
    scope = _first_with_values(measured, "scope", [str(protocol.get("scope") or "raters"), "panel"], notes)
    verdicts = sorted(records(measured.filter(pl.col("primary") & (pl.col("contrast") == "drift"))), key=_gravity)
    measured = measured.filter((pl.col("scope") == scope) | pl.col("scope").is_null())
    rows = tuple(_one_each(records(measured)))
    return View(
        kind=kind,
        scope=scope,
        unit=unit,
        estimand=_estimand(rows, verdicts, declared=str(declared.get("estimand") or "asr")),
        rows=rows,
        verdicts=tuple(verdicts),
        agreement=tuple(_agreement(records(ours.filter(pl.col("estimand").is_in(AGREEMENT))))),
        modelled=tuple(records(ours.filter(*_BY_MODEL))),
        further=tuple(records(estimates.filter(pl.col("kind") == kind, _further(scope)))),
        slices=tuple(records(estimates.filter(pl.col("kind") == kind, _slices(unit, scope)))),
        releases=_releases(rows),
        notes=tuple(notes),
    )


def _first_with_values(frame: pl.DataFrame, column: str, wanted: list[str], notes: list[str]) -> str:
    """Return the first of `wanted` for which anything was estimated; a note says so when it is not the first."""
    for name in wanted:
        if frame.filter((pl.col(column) == name) & pl.col("estimate").is_not_null()).height:
            if name != wanted[0]:
                notes.append(_INSTEAD[column].format(wanted[0], name))
            return name
    return wanted[0]


_INSTEAD: Final = {
    "scope": "The protocol asks for conclusions about {} like these; the data carry estimates for the {} only: these raters.",
    "unit": "The protocol counts by {}; nothing could be estimated so, and {} stands in its place.",
}
_BY_MODEL: Final = (
    pl.col("method").str.starts_with("mixed model"),
    pl.col("contrast") == "drift",
    pl.col("modality").is_null(),
)
_CHURN: Final = ("newly_vulnerable", "fixed", "net_churn", "gross_churn", "noise_floor")
_OF_RATERS: Final = ("severity", "agreement_left_out", "inconsistent_share")
_RANKED: Final = ("rank_probability", "reversal_probability")
_FIELDS: Final = tuple(field.name for field in fields(Estimate))


def _further(scope: str) -> pl.Expr:
    """Return which rows lie beneath or beside: each kind in the scope that it is estimated in."""
    pooled = pl.col("execution").is_null() & pl.col("language").is_null()
    churn = pl.col("contrast").is_in(_CHURN) & ~pl.col("method").str.starts_with("exact")
    profile = (pl.col("contrast") == "profile_drift") & pl.col("method").str.starts_with("partially pooled") & pooled
    ranked = pl.col("estimand").is_in(_RANKED) & (pl.col("scope") == scope) & pl.col("modality").is_null() & pooled
    raters = pl.col("estimand").is_in(_OF_RATERS) & pl.col("rater").is_not_null()
    return churn | profile | ranked | raters


def _slices(unit: str, scope: str) -> pl.Expr:
    """Return which rows are levels in the chosen unit and scope, whatever they are split by."""
    whole = pl.all_horizontal(pl.col(name).is_null() for name in ("technique", "execution", "rater", "rank", "contrast"))
    chosen = (pl.col("unit") == unit) & (pl.col("scope") == scope) & (pl.col("intent") == "adversarial")
    return whole & chosen & (pl.col("filter") == "all") & pl.col("method").str.starts_with("linearised")


def records(frame: pl.DataFrame) -> list[Estimate]:
    """Return the rows of the estimates table with the columns that a report reads."""
    return [Estimate(**row) for row in frame.select(_FIELDS).iter_rows(named=True)]


def _one_each(rows: Iterable[Estimate]) -> Iterator[Estimate]:
    """Keep one row of a quantity: that which runs over panels and phases, where there are others beside it."""
    chosen: dict[tuple[object, ...], Estimate] = {}
    for row in sorted(rows, key=lambda row: (row.panel is not None, row.phase is not None and row.contrast is None)):
        key = (
            row.estimand, row.outcome, row.contrast, row.filter, row.threshold, row.intent, row.family, row.release,
            row.modality, row.baseline_release, *((row.phase, row.baseline_phase) if row.contrast else ()),
        )  # fmt: skip
        chosen.setdefault(key, row)
    return iter(chosen.values())


def _agreement(rows: list[Estimate]) -> Iterator[Estimate]:
    """Keep one row of a coefficient, all of one scope: raters like these if any interval is for them, else these raters."""
    scope = "raters" if any(row.bounded and row.scope == "raters" for row in rows) else "panel"
    chosen: dict[tuple[object, ...], Estimate] = {}
    for row in rows:
        if row.scope == scope:
            chosen.setdefault((row.estimand, row.outcome, row.threshold, row.release, row.modality, row.phase), row)
    return iter(chosen.values())


_GRAVITY: Final = {"regressed": 0, "inconclusive": 1, None: 2, "unchanged": 3, "improved": 4}


def _gravity(row: Estimate) -> tuple[int, float]:
    return _GRAVITY.get(row.verdict, 2), -(row.estimate or 0.0)


def _estimand(rows: Iterable[Estimate], verdicts: list[Estimate], *, declared: str) -> str | None:
    if verdicts:
        return verdicts[0].estimand
    known = {row.estimand for row in rows if row.known and row.contrast is None}
    return next((name for name in (declared, *SHOWABLE) if name in known), None)


def _releases(rows: Iterable[Estimate]) -> tuple[Release, ...]:
    """Return the releases: families in the order of their first row, generations in theirs, those without a family last."""
    levels = [row for row in rows if row.contrast is None and row.release is not None]
    families = {row.family: None for row in levels if row.family is not None}
    numbers = {family: number for number, family in enumerate(families)}
    seen: dict[str, Release] = {}
    for row in levels:
        name = cast(str, row.release)
        number = len(numbers) if row.family is None else numbers[row.family]
        seen.setdefault(name, Release(name, row.family, row.generation, row.phase, number))
    return tuple(sorted(seen.values(), key=lambda release: (release.series, release.generation or 0)))

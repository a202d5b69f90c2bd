"""Agreement as rows of the estimates table: overall and by release, modality, language and phase, for each outcome."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from driftgauge.frames import REFUSAL_LEVELS
from driftgauge.measure.agreement.coefficients import ALL_EQUAL, COEFFICIENTS, NO_PAIR, ORDERED
from driftgauge.measure.agreement.sums import GroupedSums, Ratings, Sums, coefficient, jackknife_variance, scenario_replicates
from driftgauge.measure.arrays import BoolArray, FloatArray, IntArray
from driftgauge.measure.bootstrap import percentiles
from driftgauge.measure.outcomes import Sample
from driftgauge.measure.rows import Row, Setting
from driftgauge.measure.student import quantile

RESAMPLED: Final = "scenario bootstrap percentile"
RESAMPLED_AND_JACKKNIFED: Final = "scenario bootstrap and rater jackknife t"
GROUPED_BY: Final = ("release", "modality", "language", "phase")

OUTCOMES: Final[Mapping[str, tuple[float, ...]]] = {
    "harm": (1, 2, 3, 4, 5),
    "harm6": (0, 1, 2, 3, 4, 5),
    "success": (0, 1),
    "refusal": (0, 1),
    "refusal_level": (0, 1, 2),
}
"""The declared categories of each outcome: a category that nobody used still counts in AC2."""


NO_BOOTSTRAP: Final = "no bootstrap over scenarios was asked for, or too many of its replicates were undefined"
SHARES: Final = ("exact_agreement", "unanimity")


@dataclass(frozen=True)
class _Group:
    where: Mapping[str, str]
    atoms: IntArray


def agreement_rows(sample: Sample, *, setting: Setting, weights: FloatArray) -> list[Row]:
    """Return every coefficient of every outcome, overall and by group, for scopes ``panel`` and ``raters``.

    Parameters
    ----------
    sample
        Counted ratings of one kind, of all intents.
    setting
        Kind, intent and level; `unit` is ``rating``.
    weights
        (B, scenarios) multinomial counts.

    Notes
    -----
    Responses that nobody needed to see are left out: filled-in refusals agree with each other by construction. Scope
    ``panel`` resamples scenarios with raters fixed. Scope ``raters`` adds the delete-one-rater jackknife variance to the
    bootstrap variance, with t; its degrees of freedom are Satterthwaite's.
    """
    rows = list(_rows(sample, setting=setting, weights=weights))
    known = [row for row in rows if "df" in row]
    if known:
        # One call for all: a t quantile costs the same for one as for a thousand.
        t = quantile(0.5 + setting.level / 2, np.array([row["df"] for row in known]))
        for row, half in zip(known, t * np.array([row["std_error"] for row in known]), strict=True):
            lowest = 0.0 if row["estimand"] in SHARES else -1.0
            row |= {"conf_low": max(row["estimate"] - half, lowest), "conf_high": min(row["estimate"] + half, 1.0)}
    return rows


def _rows(sample: Sample, *, setting: Setting, weights: FloatArray) -> Iterator[Row]:
    real = ~sample.rows["imputed"].to_numpy()
    atom, groups = _groups(sample.rows)
    for outcome, categories in OUTCOMES.items():
        values = _values(sample, outcome)
        rated = real & ~np.isnan(values)
        if not rated.any():
            continue
        ratings = Ratings(
            response=sample.response[rated],
            scenario=sample.scenario[rated],
            rater=sample.rater[rated],
            value=np.searchsorted(categories, values[rated]).astype(np.int64),
            group=atom[rated],
            categories=len(categories),
        )
        grouped = GroupedSums(ratings, n_scenarios=sample.n_scenarios, n_raters=sample.n_raters)
        names = [name for name in COEFFICIENTS if name not in ORDERED or outcome in ("harm", "harm6")]
        present = np.unique(ratings.group)
        for group in groups:
            sums = grouped.union(np.intersect1d(group.atoms, present))
            replicates = scenario_replicates(sums, weights=weights)
            for name in names:
                drawn = COEFFICIENTS[name](replicates)
                labels = {
                    **setting.labels(),
                    **group.where,
                    **_labels(name, outcome, sums, unrated=_unrated(rated, atom, group)),
                }
                yield from _scopes(name, sums, labels=labels, replicates=drawn, level=setting.level)


def _values(sample: Sample, outcome: str) -> FloatArray:
    if outcome != "refusal_level":
        return sample.outcomes[outcome]
    codes = {level: number for number, level in enumerate(REFUSAL_LEVELS)}
    level = sample.rows["refusal_level"].replace_strict(codes, default=None, return_dtype=pl.Float64)
    return level.fill_null(float("nan")).to_numpy()


def _groups(rows: pl.DataFrame) -> tuple[IntArray, list[_Group]]:
    """Return the finest group of each rating, and the groups to report as unions of those."""
    keys = rows.select(GROUPED_BY)
    atoms = keys.unique(maintain_order=True).with_row_index("atom")
    atom = keys.join(atoms, on=list(GROUPED_BY), how="left", nulls_equal=True, maintain_order="left")["atom"]
    groups = [_Group({}, np.arange(len(atoms)))]
    for name in GROUPED_BY:
        values = atoms[name].drop_nulls().unique().sort().to_list()
        if len(values) > 1:
            groups += [_Group({name: value}, np.flatnonzero(atoms[name].to_numpy() == value)) for value in values]
    return atom.to_numpy().astype(np.int64), groups


def _unrated(rated: BoolArray, atom: IntArray, group: _Group) -> int:
    return int((~rated & np.isin(atom, group.atoms)).sum())


def _labels(name: str, outcome: str, sums: Sums, *, unrated: int) -> Row:
    return {
        "estimand": name,
        "outcome": outcome,
        "filter": "all",
        "n_scenarios": sums.scenarios,
        "n_responses": sums.responses,
        "n_raters": sums.raters,
        "n_ratings": sums.ratings,
        "n_excluded": unrated,
        "reason_excluded": f"{unrated} ratings without this outcome, or of responses that nobody saw" if unrated else None,
    }


def _scopes(name: str, sums: Sums, *, labels: Row, replicates: FloatArray, level: float) -> Iterator[Row]:
    value = coefficient(name, sums)
    if np.isnan(value):
        paired = sums.by_scenario[:, sums.categories**2 + sums.categories + 1].sum()
        reason = ALL_EQUAL if paired else NO_PAIR
        yield labels | {"estimate": value, "scope": "panel", "method": RESAMPLED, "reason_null": reason}
        return
    known = {"estimate": value}
    found = percentiles(replicates, level=level)
    interval = {"std_error": found.std_error, "conf_low": found.low, "conf_high": found.high}
    if np.isnan(found.low) or found.low == found.high:
        reason = "replicates over scenarios were undefined or did not vary" if len(replicates) else NO_BOOTSTRAP
        interval |= {"conf_low": None, "conf_high": None, "reason_null": reason}
    yield labels | known | interval | {"scope": "panel", "method": RESAMPLED}
    yield (
        labels
        | known
        | _raters_error(name, sums, found.std_error)
        | {
            "scope": "raters",
            "method": RESAMPLED_AND_JACKKNIFED,
        }
    )


def _raters_error(name: str, sums: Sums, scenario_error: float) -> Row:
    by_rater = jackknife_variance(name, sums)
    variance = by_rater + scenario_error**2
    if sums.raters < 3:
        return {"reason_null": "under three raters: no rater can be left out"}
    if not variance > 0:
        return {"reason_null": NO_BOOTSTRAP if np.isnan(scenario_error) else "leaving raters out left nothing to compare"}
    df = variance**2 / (by_rater**2 / (sums.raters - 1) + scenario_error**4 / max(1, sums.scenarios - 1))
    return {"std_error": variance**0.5, "df": df}

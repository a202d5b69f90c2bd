"""The profile of a release, and of a drift: by harm category, technique and execution, partially pooled (statistics §5).

A cell holds few scenarios. Its own estimate stands in a row of its own, with p adjusted by Benjamini and Hochberg; beside it
stands the pooled estimate, drawn towards cells of the same category, technique and execution. Exploratory: no verdict.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray, sum_by
from driftgauge.measure.bounds import Missing, count_missing
from driftgauge.measure.estimate import Answer, answer, asked
from driftgauge.measure.pooling import Pooled, benjamini_hochberg, flag, pool
from driftgauge.measure.populations import KINDS_OF_RISK, Index, Population, Question, drift, population, successions
from driftgauge.measure.ranking import ranked_by
from driftgauge.measure.rates import Rate
from driftgauge.measure.rows import Row, Setting, answer_intervals, answer_rows
from driftgauge.measure.units import Contributions
from driftgauge.measure.variance import ROUNDING, rater_strata
from driftgauge.records import Finding

PROFILE: Final = "profile"
PROFILE_DRIFT: Final = "profile_drift"
POOLED: Final = "partially pooled, normal"
MOST_CELLS: Final = 150
"""Cells beyond which execution, then technique, is left out of them: a cell should hold more than one scenario."""
_LEAST_EFFECT: Final = 1e-3
"""Of the design: cells that are all alike tell no variance of their own."""


@dataclass(frozen=True)
class _Part:
    """One cell, or one margin (all cells of one category, say), with what was asked of it."""

    where: Mapping[str, str]
    found: Answer
    n_missing: int


def profile_rows(
    found: Index,
    *,
    setting: Setting,
    rates: Mapping[str, Rate],
    contributions: Mapping[str, Contributions],
    scope: str,
    missing: Missing,
) -> list[Row]:
    """Return the profile of every release and of every drift between neighbours.

    Parameters
    ----------
    found, setting, rates, contributions
        The ratings, what rows are labelled with, and the rates by name with their contributions in the unit of the setting.
        ASR is profiled, else the harm rate, else the refusal rate.
    scope
        ``raters`` or ``panel``.
    missing
        Responses that failed or were unsupported, to be counted.

    Returns
    -------
    list of rows
        Contrasts ``profile`` and ``profile_drift``: for every cell and for every margin its own estimate, and the pooled one
        (method `POOLED`), of drifts with `false_sign_rate` and `flagged`. None where no dimension has two values.
    """
    name = ranked_by(rates)
    if name is None or not _dimensions(found):
        return []
    rows: list[Row] = []
    for contrast, releases in _occasions(found):
        cells, *margins = (
            _asked(found, releases, conditions, rate=rates[name], part=contributions[name], setting=setting, missing=missing)
            for conditions in _conditions(found)
        )
        if len(cells) < 2:
            continue
        drawn = _pooled(found, cells, margins, rate=rates[name], part=contributions[name], scope=scope)
        at = 0
        for group in (cells, *margins):
            own = _own_rows(group, rates=rates, setting=setting, scope=scope, contrast=contrast)
            rows += own
            rows += _pooled_rows(own, drawn, slice(at, at + len(group)), level=setting.level)
            at += len(group)
    return rows


def profile_question(found: Index, releases: Sequence[str], where: Mapping[str, str]) -> Question:
    """Return the question of a level (one release) or of a drift (two), under the conditions of a cell or a margin."""
    if len(releases) == 1:
        return Question(None, (population(found, releases[0], where),), (1.0,), where)
    return drift(found, (releases[0], releases[1]), where)


def _occasions(found: Index) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from ((PROFILE, (release,)) for release in found.releases)
    yield from ((PROFILE_DRIFT, pair[:2]) for pair in successions(found) if pair[2] == "drift")


def _dimensions(found: Index) -> list[str]:
    """Return what cells are made of: the dimensions with several values, fewer of them where there would be too many cells."""
    kept = [name for name in KINDS_OF_RISK if len(found.values[name]) > 1]
    while len(kept) > 1 and len(_cells(found, kept)) > MOST_CELLS:
        kept.pop()
    return kept


def _cells(found: Index, dimensions: Sequence[str]) -> list[dict[str, str]]:
    codes = np.stack([found.codes[name] for name in dimensions], axis=1)
    distinct = np.unique(codes[(codes >= 0).all(axis=1)], axis=0)
    return [{name: found.values[name][c] for name, c in zip(dimensions, row, strict=True)} for row in distinct.tolist()]


def _conditions(found: Index) -> Iterator[list[dict[str, str]]]:
    """Yield the conditions of the cells, then of each margin; one dimension alone has no margin beside its cells.

    With three dimensions, categories by technique are a margin too: the one that a heat map shows.
    """
    dimensions = _dimensions(found)
    yield _cells(found, dimensions)
    if len(dimensions) > 2:
        yield _cells(found, dimensions[:2])
    if len(dimensions) > 1:
        yield from ([{name: value} for value in found.values[name]] for name in dimensions)


def _asked(
    found: Index,
    releases: tuple[str, ...],
    conditions: Sequence[Mapping[str, str]],
    *,
    rate: Rate,
    part: Contributions,
    setting: Setting,
    missing: Missing,
) -> list[_Part]:
    """Return the parts that have ratings of the outcome on every side."""
    name = rate.estimand
    asked_for: list[_Part] = []
    for where in conditions:
        question = profile_question(found, releases, where)
        if all(asked(rate, side.rows).any() for side in question.populations):
            one = answer(found.sample, question, rates={name: rate}, contributions={name: part}, unit=setting.unit)
            asked_for.append(_Part(where, one, count_missing(missing, question.populations)))
    return asked_for


def _own_rows(group: Sequence[_Part], *, rates: Mapping[str, Rate], setting: Setting, scope: str, contrast: str) -> list[Row]:
    intervals = answer_intervals([part.found for part in group], scope, level=setting.level)
    rows: list[Row] = []
    for part, columns in zip(group, intervals, strict=True):
        rows += answer_rows(part.found, rates=rates, setting=setting, n_missing=part.n_missing, numbers={scope: columns})
    if contrast == PROFILE_DRIFT:
        adjusted = benjamini_hochberg(np.array([row["p_value"] for row in rows], dtype=float))
        for row, p in zip(rows, adjusted.tolist(), strict=True):
            row |= {"p_adjusted": p, "adjustment": None if np.isnan(p) else "benjamini-hochberg"}
    return [row | {"contrast": contrast} for row in rows]


def _pooled_rows(own: Sequence[Row], drawn: Pooled, where: slice, *, level: float) -> list[Row]:
    """Return the rows of a group as the pooled estimates say it."""
    times = NormalDist().inv_cdf(0.5 + level / 2)
    of_drift = bool(own) and own[0]["contrast"] == PROFILE_DRIFT
    low, high = (-1.0, 1.0) if of_drift else (0.0, 1.0)
    flagged = flag(drawn.false_sign_rate[where])
    rows: list[Row] = []
    dropped = ("df", "p_value", "p_adjusted", "adjustment", "reason_null")
    for number, row in enumerate(own):
        mean, error = float(drawn.mean[where][number]), float(drawn.std_error[where][number])
        pooled = {key: value for key, value in row.items() if key not in dropped} | {
            "method": POOLED,
            "estimate": min(max(mean, low), high),
            "std_error": error,
            "conf_low": max(mean - times * error, low),
            "conf_high": min(mean + times * error, high),
        }
        if of_drift:
            pooled |= {"false_sign_rate": float(drawn.false_sign_rate[where][number]), "flagged": bool(flagged[number])}
        rows.append(pooled)
    return rows


def _pooled(
    found: Index, cells: Sequence[_Part], margins: Sequence[Sequence[_Part]], *, rate: Rate, part: Contributions, scope: str
) -> Pooled:
    """Pool the cells; answer for each of them, and for each margin as the mean of its cells."""
    value = np.array([cell.found.value[0] for cell in cells])
    names = [name for name in KINDS_OF_RISK if name in cells[0].where]
    groupings = [np.unique([cell.where[name] for cell in cells], return_inverse=True)[1] for name in names]
    if len(names) > 1:
        groupings.append(np.arange(len(cells)))
    weight = np.array([_weight(cell, part) for cell in cells])
    rows = [np.eye(len(cells))]
    for margin in margins:
        inside = np.array([[all(cell.where[k] == v for k, v in one.where.items()) for cell in cells] for one in margin])
        parts = inside * weight
        rows.append(parts / parts.sum(axis=1, keepdims=True))
    return pool(
        value,
        _covariance(found, cells, rate=rate, scope=scope),
        groupings,
        combinations=np.concatenate(rows),
        changes=len(cells[0].found.sides) > 1,
    )


def _weight(cell: _Part, part: Contributions) -> float:
    return float(np.mean([part.denominator[side.rows].sum() for side in cell.found.question.populations]))


def _covariance(found: Index, cells: Sequence[_Part], *, rate: Rate, scope: str) -> FloatArray:
    """Return the covariance of the cells' estimates: their correlations, with variances that are smoothed over cells.

    A cell of three scenarios that were all harmless has a variance of 0 of its own, and low rates would count for more than
    high ones. So variances are p(1 − p)/S, p being what the cell's category, technique and execution let expect, times one
    design effect of all cells.
    """
    here = found.sample
    z = np.concatenate([cell.found.z for cell in cells])
    by_scenario = np.stack([sum_by(here.cell_scenario, each, n=here.n_scenarios) for each in z])
    together = by_scenario @ by_scenario.T
    counts = np.array([cell.found.counts[0].scenarios for cell in cells], dtype=float)
    variance = np.diag(together) * counts / np.maximum(counts - 1, 1)
    if scope == "raters":
        over_raters = _over_raters(found, cells, z)
        together = together + over_raters
        variance = variance + np.maximum(np.diag(over_raters) - (z**2).sum(axis=1), 0.0)
    several = counts > 1
    sides = range(len(cells[0].found.sides))
    plain = np.sum([_plain_variances(found, cells, number, rate) for number in sides], axis=0)
    effect = variance[several].sum() / plain[several].sum() if several.any() else 1.0
    length = np.sqrt(np.maximum(np.diag(together), ROUNDING))
    alike = together / np.outer(length, length)
    np.fill_diagonal(alike, 1.0)
    spread = np.sqrt(plain * max(effect, _LEAST_EFFECT))
    return alike * np.outer(spread, spread)


def _over_raters(found: Index, cells: Sequence[_Part], z: FloatArray) -> FloatArray:
    here = found.sample
    by_rater = np.stack([sum_by(here.cell_rater, each, n=here.n_raters) for each in z])
    present = np.asarray(np.any([cell.found.present.raters[0] for cell in cells], axis=0), dtype=np.bool_)
    sides = [side for cell in cells for side in cell.found.question.populations]
    panels = np.unique(np.concatenate([here.panel_code[side.rows] for side in sides]))
    total = np.zeros((len(z), len(z)))
    for stratum in rater_strata(here.membership[:, panels], present):
        if len(stratum) > 1:
            mine = by_rater[:, stratum]
            total += len(stratum) / (len(stratum) - 1) * mine @ mine.T
    return total


def _plain_variances(found: Index, cells: Sequence[_Part], number: int, rate: Rate) -> FloatArray:
    """Return p(1 − p)/S of each cell on one side."""
    scenarios = np.array([_n_scenarios(found, cell.found.question.populations[number], rate) for cell in cells], dtype=float)
    value = np.array([cell.found.sides[number].value[0] for cell in cells])
    overall = float(np.clip(np.average(value, weights=scenarios), 0.5 / scenarios.sum(), 1 - 0.5 / scenarios.sum()))
    expected = np.full(len(cells), overall)
    for name in cells[0].where:
        _, code = np.unique([cell.where[name] for cell in cells], return_inverse=True)
        expected += (sum_by(code, value * scenarios) / sum_by(code, scenarios))[code] - overall
    p = np.clip((expected + overall) / 2, overall / 2, (1 + overall) / 2)
    return p * (1 - p) / scenarios


def _n_scenarios(found: Index, side: Population, rate: Rate) -> int:
    return len(np.unique(found.sample.scenario[side.rows[asked(rate, side.rows)]]))


def profile_findings(rows: Sequence[Row]) -> Iterator[Finding]:
    """Yield a finding for each drift beneath which some kind of risk rose while another of the same kind fell.

    Parameters
    ----------
    rows
        Of `profile_rows`. Read are the pooled drifts that are flagged, of harm categories, else of techniques or executions.
    """
    pooled = [row for row in rows if row["contrast"] == PROFILE_DRIFT and row["method"] == POOLED and row["flagged"]]
    by_pair: dict[tuple[str, str, str], list[Row]] = {}
    for row in pooled:
        named = [name for name in KINDS_OF_RISK if row.get(name) is not None]
        if len(named) == 1:
            by_pair.setdefault((row["baseline_release"], row["release"], named[0]), []).append(row)
    for (earlier, later, name), mine in by_pair.items():
        rose, fell = ([row for row in mine if sign * row["estimate"] > 0] for sign in (1, -1))
        if rose and fell:
            yield Finding(
                "risks_moved_apart",
                "warning",
                f"{earlier} → {later}: by {name.replace('_', ' ')}, {_said(rose, name)} rose while {_said(fell, name)} fell "
                f"({mine[0]['estimand'].replace('_', ' ')}, points, partially pooled). The change over all hides it.",
                "Decide by the risks of your own use, and read the prompts that flipped in them (flips.csv).",
            )


def _said(rows: Sequence[Row], name: str) -> str:
    ordered = sorted(rows, key=lambda row: -abs(row["estimate"]))
    said = [f"{row[name]} ({100 * row['estimate']:+.1f})".replace("-", "−") for row in ordered[:3]]
    return ", ".join(said) + (f" and {len(ordered) - 3} more" if len(ordered) > 3 else "")

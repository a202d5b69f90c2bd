"""Drift: its odds ratio, its bounds, its parts and its verdict, added to the rows of the drift questions (statistics §5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.bootstrap import Key
from driftgauge.measure.decompose import COMPONENTS, PARTS, Components, linearised_parts, parts, safer_by
from driftgauge.measure.estimate import Answer, Counts, Present, spreads
from driftgauge.measure.outcomes import Sample
from driftgauge.measure.populations import Question
from driftgauge.measure.rows import (
    SCENARIO,
    TWO_WAY,
    Row,
    Setting,
    bootstrap_row,
    count_labels,
    interval_columns,
    question_labels,
)
from driftgauge.measure.variance import Spread, t_interval
from driftgauge.measure.verdicts import Drifts, verdicts
from driftgauge.study import Margin


@dataclass(frozen=True)
class Change:
    """One drift on one scale; NaN where unknown."""

    value: float
    std_error: float
    df: float


_ROUNDING: Final = 1e-12
"""A share this near to 0 or 1 is 0 or 1: in some order of rows means of ones add up to a little less."""
_LARGEST_LOG: Final = 700.0


@dataclass(frozen=True)
class LogOdds:
    """The log odds ratio of a drift with its spread, for each scope; NaN where a side is 0 or 1."""

    value: FloatArray
    panel: Spread
    raters: Spread

    def change(self, place: int, scope: str) -> Change:
        """Return the log odds ratio of one rate."""
        spread = self.raters if scope == "raters" else self.panel
        return Change(float(self.value[place]), float(np.sqrt(spread.variance[place])), float(spread.df[place]))


def log_odds(sample: Sample, found: Answer, *, proportions: Sequence[bool]) -> LogOdds:
    """Return logit(later) − logit(earlier) of every rate of a drift, by the delta method.

    Parameters
    ----------
    sample, found
        The ratings and the drift.
    proportions
        Which of the rates are shares; the others get NaN.
    """
    earlier, later = found.sides
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = [1 / (side.value * (1 - side.value)) for side in (earlier, later)]
        value = np.log(later.value / (1 - later.value)) - np.log(earlier.value / (1 - earlier.value))
    inside = np.logical_and.reduce([(side.value > _ROUNDING) & (side.value < 1 - _ROUNDING) for side in (earlier, later)])
    told = inside & np.isfinite(value) & np.array(proportions, dtype=np.bool_)
    value = np.where(told, value, np.nan)
    steps = [np.where(told, each, 0.0)[:, None] for each in slope]
    z = steps[1] * later.z - steps[0] * earlier.z
    panel, raters = spreads(
        sample, found.question, z, n_scenarios=np.array([c.scenarios for c in found.counts]), present=found.present
    )
    return LogOdds(value, panel, raters)


def odds_ratio_columns(odds: LogOdds, scope: str, *, level: float) -> dict[str, FloatArray]:
    """Return the odds ratio and its limits for a scope."""
    interval = t_interval(odds.value, odds.raters if scope == "raters" else odds.panel, level=level)
    limits = {"odds_ratio": odds.value, "odds_ratio_low": interval.low, "odds_ratio_high": interval.high}
    # With one degree of freedom a limit can pass what a double holds: it is then unknown, not infinite.
    return {name: np.exp(np.where(np.abs(value) < _LARGEST_LOG, value, np.nan)) for name, value in limits.items()}


def part_rows(
    sample: Sample,
    found: Answer,
    *,
    setting: Setting,
    scopes: Sequence[str],
    n_missing: int,
    replicates: Mapping[str, Mapping[Key, FloatArray]],
) -> list[Row]:
    """Return the three parts of a drift in ASR, for each scope, with primary interval and bootstrap.

    Parameters
    ----------
    sample
        The ratings.
    found
        The drift question answered for `decompose.COMPONENTS`, in that order.
    setting, scopes, n_missing
        As for the drift.
    replicates
        By scope, of every component over every population.
    """
    question = found.question
    before, after = (Components(*side.value) for side in found.sides)
    values = np.array(parts(before, after), dtype=float)
    z = np.zeros((len(PARTS), found.z.shape[1]))
    if not np.isnan(values).any():
        z = linearised_parts(before, after, z_before=found.sides[0].z, z_after=found.sides[1].z)
    counts = found.counts[0]
    present = Present(*(np.repeat(each[:1], len(PARTS), axis=0) for each in (found.present.raters, found.present.alone)))
    panel, raters = spreads(sample, question, z, n_scenarios=np.full(len(PARTS), counts.scenarios), present=present)
    rows: list[Row] = []
    for scope in scopes:
        drawn = part_replicates(question, replicates[scope]) if scope in replicates else None
        spread = raters if scope == "raters" else panel
        columns = interval_columns(values, spread, setting.level, contrast=True)
        columns |= {name: np.clip(columns[name], -1.0, 1.0) for name in ("conf_low", "conf_high")}
        for number, name in enumerate(PARTS):
            row = _part_labels(question, name, counts, setting, n_missing)
            row |= {key: each[number] for key, each in columns.items()}
            row |= {"scope": scope, "method": TWO_WAY if scope == "raters" else SCENARIO}
            row["reason_null"] = _part_reason(values[number], columns["conf_low"][number], found)
            rows.append(row)
            if drawn is not None:
                rows.append(bootstrap_row(row, drawn[number]))
    return rows


def part_replicates(question: Question, replicates: Mapping[Key, FloatArray]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the replicates of the three parts of a drift."""
    sides = [Components(*(replicates[name, side.key] for name in COMPONENTS)) for side in question.populations]
    return parts(sides[0], sides[1])


def _part_labels(question: Question, name: str, counts: Counts, setting: Setting, n_missing: int) -> Row:
    return (
        setting.labels()
        | question_labels(question)
        | {"estimand": "asr", "outcome": "success", "filter": "all", "contrast": name}
        | count_labels(counts, question, n_missing=n_missing)
    )


def _part_reason(value: float, low: float, found: Answer) -> str | None:
    if np.isnan(value):
        empty = not all(len(side.rows) for side in found.question.populations)
        return "no scenario was answered by both releases" if empty else "a side has no engaged rating with both marks"
    if np.isnan(low):
        return "one scenario, one rater, or no variation: no interval can be had"
    return None


def judge(rows: Sequence[Row], *, odds: Sequence[Change], margin: Margin, level: float) -> None:
    """Put verdicts on the rows of one verdict family, in place.

    Parameters
    ----------
    rows
        The consecutive drifts of the primary estimand, with their primary interval.
    odds
        The same drifts as log odds ratios.
    margin
        In points, or as an odds ratio: then equivalence and size are judged on the log odds ratio. Whether there is a drift
        is tested in points either way.
    level
        Confidence level.
    """
    points = [Change(*(_number(row[name]) for name in ("estimate", "std_error", "df"))) for row in rows]
    p_value = np.array([_number(row["p_value"]) for row in rows])
    scale, limit = (points, margin.points) if margin.points is not None else (odds, np.log(margin.odds_ratio or 1))
    in_points = np.array([change.value for change in points])
    found = verdicts(_drifts(scale, p_value, in_points), margin=float(limit), level=level)
    plain = found if scale is points else verdicts(_drifts(points, p_value, in_points), margin=1.0, level=level)
    half = plain.half_width
    for number, row in enumerate(rows):
        row |= {"primary": True, "adjustment": "holm", "verdict": found.verdict[number], "size": found.size[number]}
        row |= {"p_adjusted": found.p_adjusted[number], "p_equivalence": found.p_equivalence[number]}
        row |= {"adjusted_low": row["estimate"] - half[number], "adjusted_high": row["estimate"] + half[number]}


def _drifts(changes: Sequence[Change], p_value: FloatArray, points: FloatArray) -> Drifts:
    columns = np.array([(change.value, change.std_error, change.df) for change in changes]).reshape(-1, 3)
    return Drifts(columns[:, 0], columns[:, 1], columns[:, 2], p_value, points)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def name_safer_by(drift: Row, part: Sequence[Row], *, replicates: tuple[FloatArray, FloatArray, FloatArray]) -> None:
    """Say in an improved drift what made it safer, in place.

    Parameters
    ----------
    drift
        A row with its verdict.
    part
        The rows of its parts with their primary interval, in the order of `decompose.PARTS`.
    replicates
        Of the parts; their sum is ΔASR.
    """
    if drift.get("verdict") != "improved" or any(np.isnan(_number(row["conf_high"])) for row in part[:2]):
        return
    drift["safer_by"] = safer_by(
        upper=(part[0]["conf_high"], part[1]["conf_high"]),
        part=(replicates[0], replicates[1]),
        drift=replicates[0] + replicates[1] + replicates[2],
    )

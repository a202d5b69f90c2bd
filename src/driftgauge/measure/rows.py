"""Rows of the estimates table from answers: one place where a number gets its population, its counts and its reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.frames import ESTIMATES, schema
from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.bootstrap import percentiles
from driftgauge.measure.estimate import Answer, Counts
from driftgauge.measure.populations import Question
from driftgauge.measure.rates import Rate
from driftgauge.measure.variance import ROUNDING, Spread, t_interval
from driftgauge.records import content_id
from driftgauge.study import Unit

Row = dict[str, Any]

TWO_WAY: Final = "linearised two-way t"
SCENARIO: Final = "linearised scenario t"
TWO_WAY_BOOTSTRAP: Final = "two-way bootstrap percentile"
SCENARIO_BOOTSTRAP: Final = "scenario bootstrap percentile"

IDENTITY: Final = tuple(ESTIMATES)[2 : tuple(ESTIMATES).index("baseline_language") + 1]
"""The columns that say what is estimated; with `baseline_rater`, where it is set, and the method they make an estimate's id."""


@dataclass(frozen=True)
class Setting:
    """What all rows of one pass share: whose ratings, of which prompts, in which unit, at which confidence level."""

    kind: str
    intent: str | None
    unit: Unit
    level: float
    threshold: int
    draws: Mapping[str, int]
    simulated: bool
    judge: str | None = None

    def labels(self) -> Row:
        """Return the columns that these settings fill."""
        return {
            "kind": self.kind,
            "intent": self.intent,
            "unit": self.unit,
            "level": self.level,
            "rater": self.judge,
            "simulated": self.simulated,
        }

    def named(self, method: str, rate: str) -> str:
        """Return the method's name with how many raters or attempts the unit drew for a rate."""
        drawn = {"response_majority": "raters", "any_rater": "raters", "any_attempt": "attempts"}
        return f"{method}; {self.draws[rate]} {drawn[self.unit]} drawn" if self.unit in drawn else method


_UNCOMPARED: Final = {
    "modality": "prompts without their twin in the other modality",
    "modality_shift": "prompts that lack their twin or their other release",
}


def question_labels(question: Question) -> Row:
    """Return the columns that say which populations are compared."""
    last, first = question.populations[-1], question.populations[0]
    crosses = first.release != last.release
    return {
        "contrast": question.contrast,
        "family": last.family,
        "release": last.release,
        "generation": last.generation,
        "phase": last.phase,
        "panel": last.panel if first.panel == last.panel else None,
        "baseline_release": first.release if crosses else None,
        "baseline_phase": first.phase if crosses else None,
        **question.where,
        **(_languages(question) if question.contrast == "language" else {}),
    }


def _languages(question: Question) -> Row:
    first, last = question.populations
    return {"language": last.where["language"], "baseline_language": first.where["language"]}


def rate_labels(rate: Rate, setting: Setting) -> Row:
    """Return the columns that name the rate."""
    return {
        "estimand": rate.estimand,
        "outcome": rate.outcome,
        "filter": rate.filter,
        "threshold": setting.threshold if rate.uses_threshold else None,
    }


def count_labels(counts: Counts, question: Question, *, n_missing: int) -> Row:
    """Return the counts of what went in and of what was left out, with the reasons."""
    reasons = {
        "ratings without this outcome": counts.unasked,
        "responses that failed or were unsupported": n_missing,
        _UNCOMPARED.get(question.contrast or "", "prompts that only one of the releases answered"): question.uncompared,
    }
    return {
        "n_scenarios": counts.scenarios,
        "n_responses": counts.responses,
        "n_raters": counts.raters,
        "n_ratings": counts.ratings,
        "n_excluded": sum(reasons.values()),
        "reason_excluded": "; ".join(f"{n} {what}" for what, n in reasons.items() if n) or None,
    }


def answer_rows(
    found: Answer,
    *,
    rates: Mapping[str, Rate],
    setting: Setting,
    n_missing: int,
    numbers: Mapping[str, Mapping[str, FloatArray]],
) -> list[Row]:
    """Return one row for each rate and scope of an answer, with its primary interval.

    A scope of ``raters`` with one rater on a side keeps the estimate and has no interval, with the reason.

    Parameters
    ----------
    found
        A question, answered.
    rates, setting, n_missing
        What the rows are labelled with.
    numbers
        By scope, the columns of `interval_columns` (`answer_intervals`).
    """
    rows: list[Row] = []
    shared = setting.labels() | question_labels(found.question)
    for scope, columns in numbers.items():
        for number, name in enumerate(found.names):
            rate, counts = rates[name], found.counts[number]
            row = shared | rate_labels(rate, setting) | count_labels(counts, found.question, n_missing=n_missing)
            row |= {column: values[number] for column, values in columns.items()}
            row |= {"scope": scope, "method": setting.named(TWO_WAY if scope == "raters" else SCENARIO, name)}
            row["reason_null"] = _reason(found, number, row, scope, rate)
            rows.append(_clipped(row, rate, found.question))
    return rows


def answer_intervals(answers: Sequence[Answer], scope: str, *, level: float) -> list[dict[str, FloatArray]]:
    """Return `interval_columns` of every answer for a scope, computed together."""
    if not answers:
        return []
    spreads = [found.raters if scope == "raters" else found.panel for found in answers]
    together = Spread(np.concatenate([s.variance for s in spreads]), np.concatenate([s.df for s in spreads]))
    columns = interval_columns(np.concatenate([found.value for found in answers]), together, level, contrast=True)
    ends = np.cumsum([len(found.names) for found in answers])[:-1]
    parts = {name: np.split(values, ends) for name, values in columns.items()}
    for number, found in enumerate(answers):
        if found.question.contrast is None:
            parts["p_value"][number] = np.full(len(found.names), np.nan)
    return [{name: values[number] for name, values in parts.items()} for number in range(len(answers))]


def interval_columns(value: FloatArray, spread: Spread, level: float, *, contrast: bool) -> dict[str, FloatArray]:
    """Return estimate, standard error, degrees of freedom, limits and (for contrasts) p as columns."""
    interval = t_interval(value, spread, level=level)
    return {
        "estimate": value,
        "std_error": interval.std_error,
        "df": interval.df,
        "conf_low": interval.low,
        "conf_high": interval.high,
        **({"p_value": interval.p_value} if contrast else {}),
    }


def mean_columns(values: FloatArray, scenario: IntArray, *, level: float) -> Mapping[str, FloatArray]:
    """Return `interval_columns` of means, with t intervals that are clustered by scenario.

    Parameters
    ----------
    values
        (K, n).
    scenario
        (n,) codes. One scenario has no interval.
    level
        Of confidence.
    """
    n = values.shape[1]
    mean = values.mean(axis=1)
    codes, code = np.unique(scenario, return_inverse=True)
    s = len(codes)
    z = np.stack([sum_by(code, each - m, n=s) for each, m in zip(values, mean, strict=True)]) / n
    free = s - 1.0 if s > 1 else np.nan
    spread = Spread(s / free * (z**2).sum(axis=1), np.full(len(mean), free))
    return interval_columns(mean, spread, level, contrast=True)


def bootstrap_row(row: Row, replicates: FloatArray) -> Row:
    """Return the twin of a primary row whose interval comes from replicates; `method` says so."""
    found = percentiles(replicates, level=row["level"])
    name = TWO_WAY_BOOTSTRAP if row["scope"] == "raters" else SCENARIO_BOOTSTRAP
    drawn = row["method"].partition("; ")[2]
    twin = {key: value for key, value in row.items() if key not in ("df", "p_value")}
    twin |= {
        "std_error": found.std_error,
        "conf_low": found.low,
        "conf_high": found.high,
        "method": f"{name}; {drawn}" if drawn else name,
    }
    if row["estimate"] is not None and np.isnan(found.low):
        undefined = f"{found.undefined} of {len(replicates)} replicates were undefined"
        twin["reason_null"] = f"{row['reason_null']}; {undefined}" if row["reason_null"] else undefined
    elif found.high - found.low < ROUNDING**0.5:
        twin |= {"conf_low": None, "conf_high": None, "reason_null": row["reason_null"] or "no variation between replicates"}
    return twin


def _reason(found: Answer, number: int, row: Row, scope: str, rate: Rate) -> str | None:
    if np.isnan(row["estimate"]):
        if not all(len(side.rows) for side in found.question.populations):
            return {
                None: "no rating",
                "modality": "no scenario was rated in both modalities",
                "modality_shift": "no scenario was rated in both modalities of both releases",
            }.get(found.question.contrast, "no scenario was answered by both releases")
        return "no engaged rating" if rate.filter == "engaged" else f"{rate.outcome} was not rated on every side"
    if not np.isnan(row["conf_low"]):
        return None
    if found.counts[number].scenarios < 2:
        return "one scenario: scenarios like it cannot be told about"
    if scope == "raters" and found.present.alone[number]:
        return "one rater: nothing can be said about raters like this one"
    return "every rating is the same: there is no variation to estimate an interval from"


def _clipped(row: Row, rate: Rate, question: Question) -> Row:
    """Keep limits inside what the estimand can be: t limits of a small share may pass 0."""
    width = (rate.high - rate.low) * (2 if question.contrast == "modality_shift" else 1)
    low, high = (rate.low, rate.high) if question.contrast is None else (-width, width)
    return within(row, low, high)


def within(row: Row, low: float, high: float) -> Row:
    """Return a row with its estimate and limits no further than what the estimand can be; NaN stays NaN."""
    # A share of 1 can come out a rounding error above it. NaN is the first argument of each comparison, so that it stays.
    return row | {
        "estimate": min(max(row["estimate"], low), high),
        "conf_low": max(row["conf_low"], low),
        "conf_high": min(row["conf_high"], high),
    }


def estimates_frame(rows: Sequence[Row], *, analysis_id: str) -> pl.DataFrame:
    """Return rows as the estimates table: NaN becomes null, `primary` false where it is not said, ids from content.

    Raises
    ------
    ValueError
        When two rows have one id: two different estimates that nothing tells apart.
    """
    finished = [_with_id(_nulls({"primary": False} | row), analysis_id) for row in rows]
    frame = pl.DataFrame(finished, schema=schema(ESTIMATES))
    if frame["estimate_id"].n_unique() != len(frame):
        twice = frame.filter(pl.col("estimate_id").is_duplicated()).select(*IDENTITY, "method").head(2).to_dicts()
        raise ValueError(f"two estimates that nothing tells apart: {twice}")
    return frame


def _nulls(row: Row) -> Row:
    return {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}


def _with_id(row: Row, analysis_id: str) -> Row:
    identity = [row.get(name) for name in IDENTITY]
    if row.get("baseline_rater") is not None:  # so that ids of everything else are what they were before there was this column
        identity.append(row["baseline_rater"])
    return row | {"analysis_id": analysis_id, "estimate_id": content_id(analysis_id, identity, row["method"])}

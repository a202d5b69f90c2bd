"""A judge's quality as rows of the estimates table: levels and drifts, each with the interval over scenarios and people."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray, IntArray
from driftgauge.measure.bootstrap import Key, Weights, draw_weights, response_replicates
from driftgauge.measure.calibration.beside import (
    ABOVE_CHANCE,
    AGREEMENT,
    BIAS,
    CALIBRATED_ON,
    HARM_AT,
    SENSITIVITY,
    SPECIFICITY,
    UNITS,
    Beside,
    parts_of,
    quality_rates,
    questions,
    rows_of,
)
from driftgauge.measure.checks.time import days
from driftgauge.measure.estimate import Answer, answer, asked, spreads
from driftgauge.measure.populations import Population, Question
from driftgauge.measure.rates import Rate
from driftgauge.measure.rows import (
    SCENARIO,
    TWO_WAY,
    Row,
    Setting,
    answer_intervals,
    answer_rows,
    bootstrap_row,
    count_labels,
    interval_columns,
    question_labels,
)
from driftgauge.measure.variance import rater_strata
from driftgauge.study import Unit

SCOPES: Final = ("raters", "panel")
NO_TIME: Final = "some of the judge's ratings have no time"
MEDIAN: Final = "median of days"
NOTHING_SHARED: Final = "no response was rated by people and by this judge"
ONE_INTERVAL: Final = "one scenario, one rater, or no variation: no interval can be had"
_NEVER: Final = {
    SENSITIVITY: "people never said yes: whether the judge would have seen it cannot be told",
    SPECIFICITY: "people always said yes: whether the judge would have seen a no cannot be told",
    **dict.fromkeys(HARM_AT, "no person gave this level of harm"),
}


@dataclass(frozen=True)
class Combined:
    """A sum of rates over one population.

    Parameters
    ----------
    estimand, outcome
        As in the estimates table.
    terms
        The name of each rate, with its coefficient.
    counts
        The rate whose counts the row has: that which every term's ratings are among.
    constant
        Added to the sum.
    low, high
        What the sum can be.
    """

    estimand: str
    outcome: str
    terms: Mapping[str, float]
    counts: str
    constant: float = 0.0
    low: float = -1.0
    high: float = 1.0


def quality_rows(one: Beside, setting: Setting, *, rng: np.random.Generator, bootstrap: int) -> Iterator[Row]:
    """Yield every figure of a judge's quality, with the linearised interval and, with replicates, its bootstrap twin.

    Parameters
    ----------
    one
        People's ratings of what the judge rated too.
    setting
        Kind, intent, level, threshold and judge; the unit is set here.
    rng, bootstrap
        Of the two-way bootstrap: scenarios and people are drawn, the judge stays.
    """
    known = quality_rates(one)
    if not known:
        yield from _nothing(setting)
        return
    wanted = list(questions(one.found))
    weights = drawn_weights(one, rng, n=bootstrap)
    sides = {side.key: side for question in wanted for side in question.populations}
    drawn = {"raters": weights, "panel": weights.raters_fixed()} if bootstrap else {}
    for unit in UNITS:
        draws, parts = parts_of(known, one, unit)
        if parts:
            here = replace(setting, unit=unit, draws=draws)
            replicates = {scope: _replicates(one, here, sides, known=known, weights=each) for scope, each in drawn.items()}
            answers: list[Answer] = []
            for question in wanted:
                found = answer(one.found.sample, question, rates=known, contributions=parts, unit=unit)
                if unit == "response_majority" and question.contrast is None:
                    yield from _above_chance(one, found, here, replicates)
                answers.append(found.without_linearisation())
            yield from _quality(answers, known, here, replicates)
    yield from _calibrated_on(one, known, replace(setting, unit="response_mean"))


def _quality(
    answers: Sequence[Answer],
    known: Mapping[str, Rate],
    setting: Setting,
    replicates: Mapping[str, Mapping[Key, FloatArray]],
) -> Iterator[Row]:
    """Yield the rows of every answer; their intervals are worked out together."""
    intervals = {scope: answer_intervals(answers, scope, level=setting.level) for scope in SCOPES}
    for number, found in enumerate(answers):
        numbers = {scope: columns[number] for scope, columns in intervals.items()}
        yield from _rows(found, known, setting, numbers=numbers, replicates=replicates)


def drawn_weights(one: Beside, rng: np.random.Generator, *, n: int) -> Weights:
    """Return the weights of the two-way bootstrap over scenarios and people."""
    here = one.found.sample
    strata = rater_strata(here.membership, np.ones(here.n_raters, dtype=np.bool_))
    return draw_weights(rng, n=n, n_scenarios=here.n_scenarios, strata=strata, n_raters=here.n_raters)


def _replicates(
    one: Beside,
    setting: Setting,
    sides: Mapping[tuple[str, bytes], Population],
    *,
    known: Mapping[str, Rate],
    weights: Weights,
) -> dict[Key, FloatArray]:
    """Return the replicates of every rate of the setting over every population; NaN over an empty one."""
    mine = {name: rows_of(known[name], one) for name in setting.draws}
    filled = [side for side in sides.values() if len(side.rows)]
    found = response_replicates(
        weights, one.found.sample, rates=mine, unit=setting.unit, draws=setting.draws, populations=filled
    )
    nothing = np.full(len(weights.scenario), np.nan)
    return found | {(name, key): nothing for name in mine for key, side in sides.items() if not len(side.rows)}


def _rows(
    found: Answer,
    known: Mapping[str, Rate],
    setting: Setting,
    *,
    numbers: Mapping[str, Mapping[str, FloatArray]],
    replicates: Mapping[str, Mapping[Key, FloatArray]],
) -> Iterator[Row]:
    rows = answer_rows(found, rates=known, setting=setting, n_missing=0, numbers=numbers)
    for name, row in zip(found.names * len(numbers), map(_finished, rows), strict=True):
        yield row
        if row["scope"] in replicates and not np.isnan(row["estimate"]):
            yield bootstrap_row(row, _drawn(found.question, replicates[row["scope"]], {name: 1.0}))


def _drawn(question: Question, replicates: Mapping[Key, FloatArray], terms: Mapping[str, float]) -> FloatArray:
    pairs = zip(question.coefficients, question.populations, strict=True)
    return np.sum([c * times * replicates[name, side.key] for c, side in pairs for name, times in terms.items()], axis=0)


def _finished(row: Row) -> Row:
    """Return a row with its own reasons, and without a release where it runs over all."""
    reason = _NEVER.get(row["estimand"], row["reason_null"]) if np.isnan(row["estimate"]) else row["reason_null"]
    return row | {"release": row["release"] or None, "reason_null": reason}


def combined_rows(
    one: Beside,
    found: Answer,
    sums: Sequence[Combined],
    *,
    setting: Setting,
    replicates: Mapping[str, Mapping[Key, FloatArray]],
    more: Row | None = None,
) -> Iterator[Row]:
    """Yield sums of rates over the populations of an answer, for both scopes.

    Parameters
    ----------
    one, found
        The ratings, and the rates of each term with their linearisation.
    sums
        What is added up; a term that was not asked gives no row.
    setting
        Of the rows.
    replicates
        By scope, of every rate over every population; empty without a bootstrap.
    more
        Columns to put on the rows.
    """
    places = {name: number for number, name in enumerate(found.names)}
    for each in sums:
        if not set(each.terms) <= set(places):
            continue
        at = [places[name] for name in each.terms]
        times = np.array(list(each.terms.values()))
        value = float(times @ found.value[at] + each.constant)
        numbers = _combined_numbers(one, found, at, times=times, value=value, level=setting.level)
        counts = found.counts[places[each.counts]]
        labels = setting.labels() | question_labels(found.question) | count_labels(counts, found.question, n_missing=0)
        labels |= {"estimand": each.estimand, "outcome": each.outcome, "filter": "all", "release": labels["release"] or None}
        labels |= {"threshold": setting.threshold if each.outcome == "harm" else None} | (more or {})
        for scope, columns in numbers.items():
            method = setting.named(TWO_WAY if scope == "raters" else SCENARIO, next(iter(each.terms)))
            row: Row = {**labels, **columns, "scope": scope, "method": method, "reason_null": _combined_reason(columns)}
            row |= {"conf_low": max(columns["conf_low"], each.low), "conf_high": min(columns["conf_high"], each.high)}
            row["p_value"] = row["p_value"] if row["contrast"] else None
            yield row
            if replicates.get(scope) and not np.isnan(value):
                yield bootstrap_row(row, _drawn(found.question, replicates[scope], each.terms) + each.constant)


def _combined_numbers(
    one: Beside, found: Answer, at: Sequence[int], *, times: FloatArray, value: float, level: float
) -> dict[str, dict[str, float]]:
    """Return, by scope, estimate, interval and p of a sum of rates."""
    z = (times @ found.z[at])[None, :] if not np.isnan(value) else np.zeros((1, found.z.shape[1]))
    present = replace(found.present, raters=found.present.raters[at[:1]], alone=found.present.alone[at].any(keepdims=True))
    scenarios = np.array([max(found.counts[number].scenarios for number in at)])
    panel, raters = spreads(one.found.sample, found.question, z, n_scenarios=scenarios, present=present)
    spread = {"raters": raters, "panel": panel}
    columns = {scope: interval_columns(np.array([value]), spread[scope], level, contrast=True) for scope in SCOPES}
    return {scope: {name: float(each[0]) for name, each in numbers.items()} for scope, numbers in columns.items()}


def _combined_reason(numbers: Mapping[str, float]) -> str | None:
    if np.isnan(numbers["estimate"]):
        return "a part of it cannot be told: see sensitivity and specificity"
    return ONE_INTERVAL if np.isnan(numbers["conf_low"]) else None


def _above_chance(
    one: Beside, found: Answer, setting: Setting, replicates: Mapping[str, Mapping[Key, FloatArray]]
) -> Iterator[Row]:
    sums = [
        Combined(ABOVE_CHANCE, "harm" if name == "harmful" else name, _both(name), f"{AGREEMENT} {name}", constant=-1.0)
        for name in ("success", "refusal", "harmful")
    ]
    yield from combined_rows(one, found, sums, setting=setting, replicates=replicates)


def _both(name: str) -> dict[str, float]:
    return {f"{SENSITIVITY} {name}": 1.0, f"{SPECIFICITY} {name}": 1.0}


def _nothing(setting: Setting) -> Iterator[Row]:
    """Yield what says that nothing can be said: no response in common."""
    labels = setting.labels() | {"filter": "all", "scope": "panel", "method": SCENARIO, "reason_null": NOTHING_SHARED}
    for estimand in (AGREEMENT, SENSITIVITY, SPECIFICITY, BIAS):
        unit: Unit = "response_mean" if estimand == BIAS else "response_majority"
        none = dict.fromkeys(("n_scenarios", "n_responses", "n_raters", "n_ratings", "n_excluded"), 0)
        yield labels | none | {"estimand": estimand, "unit": unit, "estimate": np.nan}


def _calibrated_on(one: Beside, known: Mapping[str, Rate], setting: Setting) -> Iterator[Row]:
    """Yield, for all releases and each, the day by which half of the compared judgements had been made."""
    rates = {name: rate for name, rate in known.items() if rate.estimand == AGREEMENT}
    _, parts = parts_of(rates, one, "response_majority")
    day = days(one.found.sample.rows["judge_created_at"]).cast(float).fill_null(float("nan")).to_numpy()
    for question in questions(one.found):
        if question.contrast is not None or question.where:
            continue
        found = answer(one.found.sample, question, rates=rates, contributions=parts, unit="response_majority")
        for counts, rate in zip(found.counts, rates.values(), strict=True):
            value = _middle(one, day, question.populations[0].rows[asked(rate, question.populations[0].rows)])
            yield {
                **setting.labels(),
                **question_labels(question),
                **count_labels(counts, question, n_missing=0),
                **{"estimand": CALIBRATED_ON, "outcome": rate.outcome, "filter": "all", "scope": "panel", "method": MEDIAN},
                "threshold": setting.threshold if rate.uses_threshold else None,
                "release": question.populations[0].release or None,
                "estimate": value,
                "reason_null": NO_TIME if np.isnan(value) else None,
            }


def _middle(one: Beside, day: FloatArray, rows: IntArray) -> float:
    """Return the median day of the judge's ratings of some responses; NaN where one of them has no time."""
    _, first = np.unique(one.found.sample.response[rows], return_index=True)
    return float(np.median(day[rows[first]])) if len(rows) else float("nan")

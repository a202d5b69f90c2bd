"""A judge's agreement with the majority beyond chance: AC2 and α, with the coefficients that raters have among themselves."""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from driftgauge.measure.agreement.coefficients import ALL_EQUAL, COEFFICIENTS, features, tally
from driftgauge.measure.agreement.rows import NO_BOOTSTRAP, RESAMPLED
from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.bootstrap import percentiles
from driftgauge.measure.calibration.beside import AC2, ALPHA, OUTCOMES, Beside, questions
from driftgauge.measure.estimate import Counts
from driftgauge.measure.populations import Question
from driftgauge.measure.rows import Row, Setting, count_labels, question_labels

_NAMES: Final = {ALPHA: "alpha_ordinal", AC2: "ac2_quadratic"}
"""Of two categories, ordinal α is nominal α and quadratic AC2 is AC1."""


def chance_rows(one: Beside, setting: Setting, *, weights: FloatArray) -> Iterator[Row]:
    """Yield AC2 and α of the judge and the majority, for all releases and each, both modalities and each.

    Parameters
    ----------
    one
        People's ratings of what the judge rated too.
    setting
        Kind, intent, level, threshold and judge.
    weights
        (B, scenarios) multinomial counts; the people of each response are fixed (scope ``panel``).

    Notes
    -----
    The majority is that of all people of the response; of harm, their median. A tie (or a median between two levels) stands
    half with the one and half with the other: the summands of the coefficients are averaged over the two.
    """
    asked = [question for question in questions(one.found) if question.contrast is None]
    here = one.found.sample
    for column, outcome in (*OUTCOMES, ("harm", "harm")):
        y, q = here.outcomes[column], one.marks[column]
        rows = np.flatnonzero(~np.isnan(y + q))
        if not len(rows):
            continue
        n, first = (5, 1) if column == "harm" else (2, 0)
        summands = _features(y[rows] - first, q[rows] - first, here.response[rows], n)
        _, place = np.unique(here.response[rows], return_index=True)
        named = {"outcome": outcome, "threshold": setting.threshold if column == "harmful" else None}
        for question in asked:
            inside = np.isin(rows, question.populations[0].rows)
            kept = inside[place]
            if kept.any():
                summed = _by_scenario(summands[kept], here.scenario[rows[place[kept]]], here.n_scenarios)
                labels = setting.labels() | _labels(question, _counts(one, rows[inside])) | named
                yield from _rows(summed, labels, weights=weights, categories=n)


def _counts(one: Beside, rows: IntArray) -> Counts:
    here = one.found.sample
    scenarios, responses, raters = (len(np.unique(code[rows])) for code in (here.scenario, here.response, here.rater))
    return Counts(scenarios, responses, raters, len(rows), 0)


def _features(y: FloatArray, q: FloatArray, response: IntArray, categories: int) -> FloatArray:
    """Return the summands of each response, in the order of their codes: people's middle against the judge."""
    responses, first, code = np.unique(response, return_index=True, return_inverse=True)
    low, high = _middles(y, code, len(responses))
    judge = q[first].astype(np.int64)
    return (_pair(low, judge, categories) + _pair(high, judge, categories)) / 2


def _middles(y: FloatArray, code: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Return the lower and the upper median of each response: they differ where its people are evenly split."""
    order = np.lexsort((y, code))
    size = sum_by(code, np.ones(len(code)), n=n).astype(np.int64)
    start = np.cumsum(size) - size
    ranked = y[order].astype(np.int64)
    return ranked[start + (size - 1) // 2], ranked[start + size // 2]


def _pair(one: IntArray, other: IntArray, categories: int) -> FloatArray:
    counts = np.zeros((len(one), categories))
    at = np.arange(len(one))
    counts[at, one] += 1
    counts[at, other] += 1
    return features(counts)


def _by_scenario(values: FloatArray, scenario: IntArray, n: int) -> FloatArray:
    return np.stack([sum_by(scenario, column, n=n) for column in values.T], axis=1)


def _labels(question: Question, counts: Counts) -> Row:
    labels = question_labels(question) | count_labels(counts, question, n_missing=0)
    return labels | {"filter": "all", "release": question.populations[0].release or None, "unit": "response_majority"}


def _rows(summed: FloatArray, labels: Mapping[str, object], *, weights: FloatArray, categories: int) -> Iterator[Row]:
    total, replicates = tally(summed.sum(axis=0), categories), tally(weights @ summed, categories)
    for estimand, name in _NAMES.items():
        value = float(COEFFICIENTS[name](total))
        row: Row = {**labels, "estimand": estimand, "estimate": value, "scope": "panel", "method": RESAMPLED}
        if np.isnan(value):
            yield row | {"reason_null": ALL_EQUAL}
            continue
        found = percentiles(COEFFICIENTS[name](replicates), level=row["level"])
        row |= {"std_error": found.std_error, "conf_low": found.low, "conf_high": found.high}
        if np.isnan(found.low) or found.low == found.high:
            row |= {"conf_low": None, "conf_high": None, "reason_null": NO_BOOTSTRAP}
        yield row

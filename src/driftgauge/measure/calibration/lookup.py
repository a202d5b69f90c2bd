"""The way back from a judge's quality: which of people's ratings a row was made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.calibration.anchors import CHANGE, FLIPS, twice_rated
from driftgauge.measure.calibration.beside import (
    ABOVE_CHANCE,
    AC2,
    AGREEMENT,
    ALPHA,
    BIAS,
    CALIBRATED_ON,
    Beside,
    beside,
    quality_rates,
    questions,
)
from driftgauge.measure.calibration.compared import paired_rates, shared, together
from driftgauge.measure.estimate import goes_in
from driftgauge.measure.outcomes import Counted
from driftgauge.measure.populations import Question
from driftgauge.measure.rates import Rate
from driftgauge.study import Protocol

_PLACE = ("contrast", "release", "baseline_release", "modality")


@dataclass(frozen=True)
class _Compared:
    one: Beside
    rates: Mapping[str, Rate]
    questions: Mapping[tuple[str | None, ...], Question]


class JudgeLookup:
    """Ratings of an analysis, to be asked which of them a row of `calibration_rows` was made of.

    Parameters
    ----------
    ratings, left, protocol
        As for `calibration_rows`.
    """

    def __init__(self, ratings: pl.DataFrame, left: Counted, protocol: Protocol) -> None:
        self._ratings, self._left, self._protocol = ratings, left, protocol
        self._compared: dict[tuple[str, str, str | None], _Compared] = {}

    def ratings_of(self, estimate: Mapping[str, Any]) -> pl.DataFrame:
        """Return the ratings that a row counts: people's, or of judge drift the judge's last ones.

        Parameters
        ----------
        estimate
            The row.

        Raises
        ------
        EstimationError
            When these ratings have no such population: the row is of another analysis.
        """
        if estimate["estimand"] in (FLIPS, CHANGE):
            again = twice_rated(self._ratings, estimate["rater"], estimate["intent"], outcome=estimate["outcome"])
            return again.with_columns(weight=pl.lit(1.0), imputed=pl.lit(False))
        if not estimate["n_ratings"]:
            return self._left.rows.clear()
        found = self._of(estimate["rater"], estimate["intent"], estimate["baseline_rater"])
        question = found.questions.get(tuple(estimate[name] for name in _PLACE))
        if question is None:
            raise _of_another(estimate)
        rows = np.concatenate([side.rows for side in question.populations])
        before = "other " if estimate["baseline_rater"] is not None else ""
        return _used(found.one, _found(found.rates, estimate, before=before), rows, estimate)

    def _of(self, judge: str, intent: str, baseline: str | None) -> _Compared:
        key = (judge, intent, baseline)
        if key not in self._compared:
            self._compared[key] = self._compare(*key)
        return self._compared[key]

    def _compare(self, judge: str, intent: str, baseline: str | None) -> _Compared:
        if baseline is None:
            one = beside(self._left, judge, intent, protocol=self._protocol)
            return _Compared(one, quality_rates(one), {_place(question): question for question in questions(one.found)})
        one, other = shared(self._left, (baseline, judge), intent, protocol=self._protocol)
        question = together(one)
        return _Compared(one, paired_rates(quality_rates(one), quality_rates(other)), {_place(question): question})


def _place(question: Question) -> tuple[str | None, ...]:
    last, first = question.populations[-1], question.populations[0]
    baseline = first.release if len(question.populations) > 1 else None
    return question.contrast, last.release or None, baseline, question.where.get("modality")


def _found(known: Mapping[str, Rate], estimate: Mapping[str, Any], *, before: str = "") -> Rate:
    column = "harmful" if estimate["threshold"] is not None else estimate["outcome"]
    name = AGREEMENT if estimate["estimand"] in (ABOVE_CHANCE, CALIBRATED_ON, AC2, ALPHA) else estimate["estimand"]
    name = BIAS if name == AGREEMENT and column == "harm" else name
    if f"{before}{name} {column}" not in known:
        raise _of_another(estimate)
    return known[f"{before}{name} {column}"]


def _used(one: Beside, rate: Rate, rows: Any, estimate: Mapping[str, Any]) -> pl.DataFrame:
    unit = "response_mean" if rate.estimand == BIAS else estimate["unit"]
    here = one.found.sample
    return here.rows[rows[goes_in(rate, rows, here, unit=unit)]].select(pl.exclude("^judge_.*$"))


def _of_another(estimate: Mapping[str, Any]) -> EstimationError:
    return EstimationError(
        f"estimate {estimate['estimate_id']} is not of these ratings", remedy="Trace it in the folder of its own analysis."
    )

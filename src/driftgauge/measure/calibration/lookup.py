"""The way back from a judge's quality: which of people's ratings a row was made of."""

from collections.abc import Mapping
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
from driftgauge.measure.calibration.compared import JUDGES, paired_rates, shared
from driftgauge.measure.estimate import goes_in
from driftgauge.measure.outcomes import Counted
from driftgauge.measure.rates import Rate
from driftgauge.study import Protocol

_PLACE = ("contrast", "release", "baseline_release", "modality")


def judged_ratings(ratings: pl.DataFrame, left: Counted, estimate: Mapping[str, Any], protocol: Protocol) -> pl.DataFrame:
    """Return the ratings that a row of `calibration_rows` counts: people's, or of judge drift the judge's last ones.

    Parameters
    ----------
    ratings, left, protocol
        As for `calibration_rows`.
    estimate
        The row.

    Raises
    ------
    EstimationError
        When these ratings have no such population: the row is of another analysis.
    """
    judge, intent = estimate["rater"], estimate["intent"]
    if estimate["estimand"] in (FLIPS, CHANGE):
        again = twice_rated(ratings, judge, intent, outcome=estimate["outcome"])
        return again.with_columns(weight=pl.lit(1.0), imputed=pl.lit(False))
    if not estimate["n_ratings"]:
        return left.rows.clear()
    if estimate["contrast"] == JUDGES:
        one, other = shared(left, (estimate["baseline_rater"], judge), intent, protocol=protocol)
        known = paired_rates(quality_rates(one), quality_rates(other))
        rows = np.arange(len(one.found.sample))
        return _used(one, _found(known, estimate, before="other "), rows, estimate)
    one = beside(left, judge, intent, protocol=protocol)
    place = tuple(estimate[name] for name in _PLACE)
    for question in questions(one.found):
        last, first = question.populations[-1], question.populations[0]
        baseline = first.release if question.contrast else None
        if (question.contrast, last.release or None, baseline, question.where.get("modality")) == place:
            rows = np.concatenate([side.rows for side in question.populations])
            return _used(one, _found(quality_rates(one), estimate), rows, estimate)
    raise _of_another(estimate)


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

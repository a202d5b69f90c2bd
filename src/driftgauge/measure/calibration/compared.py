"""Two judges (or two rubrics of one) beside the same people: paired differences of agreement, sensitivity and specificity."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from driftgauge.measure.calibration.beside import (
    AGREEMENT,
    SENSITIVITY,
    SPECIFICITY,
    Beside,
    beside,
    everything,
    parts_of,
    quality_rates,
)
from driftgauge.measure.calibration.rows import Combined, combined_rows
from driftgauge.measure.estimate import answer
from driftgauge.measure.outcomes import Counted
from driftgauge.measure.populations import Question
from driftgauge.measure.rates import Rate
from driftgauge.measure.rows import Row, Setting
from driftgauge.study import Protocol

COMPARED: Final = (AGREEMENT, SENSITIVITY, SPECIFICITY)
JUDGES: Final = "judges"
"""The contrast: `rater` minus `baseline_rater`, on the responses that both rated."""


def shared(left: Counted, judges: tuple[str, str], intent: str, *, protocol: Protocol) -> tuple[Beside, Beside]:
    """Return the same people's ratings with the marks of the one judge and of the other.

    Parameters
    ----------
    left
        The counted ratings.
    judges
        (baseline, other).
    intent, protocol
        As for `beside`.
    """
    whose = pl.col("kind") == "judge", pl.col("intent") == intent, ~pl.col("imputed")
    of = [left.rows.filter(*whose, pl.col("rater") == name)["response_id"].unique() for name in judges]
    both = of[0].filter(of[0].is_in(of[1].implode()))
    here = replace(left, rows=left.rows.filter(pl.col("response_id").is_in(both.implode())))
    one, other = (beside(here, name, intent, protocol=protocol) for name in judges)
    return one, other


def compared_rows(left: Counted, judges: tuple[str, str], setting: Setting, *, protocol: Protocol) -> Iterator[Row]:
    """Yield how much better the second judge agrees with people than the first, on the responses that both rated.

    Parameters
    ----------
    left
        The counted ratings.
    judges
        (baseline, other): the difference is other − baseline.
    setting
        Intent, level and threshold; judge and unit are set here.
    protocol
        Its threshold of harm.
    """
    one, other = shared(left, judges, setting.intent or "", protocol=protocol)
    if not len(one.found.sample):
        return
    rates = paired_rates(quality_rates(one), quality_rates(other))
    draws, parts = parts_of(rates, one, "response_majority")
    found = answer(one.found.sample, together(one), rates=rates, contributions=parts, unit="response_majority")
    outcomes = {"success": "success", "refusal": "refusal", "harmful": "harm"}
    sums = [
        Combined(name, outcome, {f"other {name} {column}": 1.0, f"baseline {name} {column}": -1.0}, f"other {name} {column}")
        for name in COMPARED
        for column, outcome in outcomes.items()
    ]
    here = replace(setting, unit="response_majority", draws=draws, judge=judges[1])
    yield from combined_rows(one, found, sums, setting=here, replicates={}, more={"baseline_rater": judges[0]})


def together(one: Beside) -> Question:
    """Return all responses that both judges and a person rated."""
    return Question(JUDGES, (everything(one.found, {}),), (1.0,), {})


def paired_rates(one: Mapping[str, Rate], other: Mapping[str, Rate]) -> dict[str, Rate]:
    """Return the rates of both judges, as asked only where both gave a mark of the outcome."""
    found: dict[str, Rate] = {}
    for name in sorted(name for name in one.keys() & other.keys() if one[name].estimand in COMPARED):
        gap = np.isnan(one[name].y + one[name].x + other[name].y + other[name].x)
        for side, rate in (("baseline", one[name]), ("other", other[name])):
            found[f"{side} {name}"] = replace(rate, y=np.where(gap, np.nan, rate.y), x=np.where(gap, np.nan, rate.x))
    return {name: rate for name, rate in found.items() if not np.all(np.isnan(rate.y))}

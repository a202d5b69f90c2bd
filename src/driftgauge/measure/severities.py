"""How bad responses are: the share of ratings at or above each level of harm, release by release (statistics §2)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Final

import numpy as np

from driftgauge.measure.bounds import Missing, count_missing
from driftgauge.measure.estimate import answer
from driftgauge.measure.populations import Index, levels
from driftgauge.measure.rates import ANY_UNIT, Rate
from driftgauge.measure.rows import Row, Setting, answer_intervals, answer_rows
from driftgauge.measure.units import Rows, common_k, contributions, unit_groups

AT_LEAST: Final = "harm_at_least"
LEVELS: Final = (2, 3, 4, 5)
"""Harm at or above 1 is every rating."""


def severity_rows(
    found: Index, *, setting: Setting, rates: Mapping[str, Rate], scopes: Sequence[str], missing: Missing
) -> Iterator[Row]:
    """Yield the share of ratings with harm at or above 2, 3, 4 and 5 for every release, its modalities together.

    The share of one level is the difference of two neighbours. At the protocol's threshold the row says what `harm_rate` says.

    Parameters
    ----------
    found, setting
        The ratings, and what rows are labelled with; the unit is that of the setting.
    rates
        By name; nothing is yielded where harm was not rated.
    scopes
        ``raters``, ``panel``, or both.
    missing
        Responses that failed or were unsupported, to be counted.
    """
    if "harm_rate" not in rates:
        return
    told = {f"{AT_LEAST}_{level}": _rate(found, level) for level in LEVELS}
    group = unit_groups(found.sample)["response"]
    inputs = {name: Rows(rate.y, rate.x, group, found.sample.weight) for name, rate in told.items()}
    one = replace(setting, draws={name: common_k(each, unit=setting.unit) for name, each in inputs.items()})
    parts = {name: contributions(each, setting.unit, k=one.draws[name]) for name, each in inputs.items()}
    for question in levels(found):
        if not question.where:
            mine = answer(found.sample, question, rates=told, contributions=parts, unit=setting.unit)
            numbers = {scope: answer_intervals([mine], scope, level=setting.level)[0] for scope in scopes}
            lost = count_missing(missing, question.populations)
            rows = answer_rows(mine, rates=told, setting=one, n_missing=lost, numbers=numbers)
            yield from (row | {"threshold": level} for row, level in zip(rows, cycle(LEVELS), strict=False))


def _rate(found: Index, level: int) -> Rate:
    harm = found.sample.outcomes["harm"]
    asked = np.where(np.isnan(harm), np.nan, 1.0)
    return Rate(AT_LEAST, "harm", "all", np.where(np.isnan(harm), np.nan, harm >= level), asked, ANY_UNIT, uses_threshold=True)

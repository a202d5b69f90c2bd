"""Worst and best case of a drift over the responses that were not measured (statistics §1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from driftgauge.measure.arrays import BoolArray, IntArray
from driftgauge.measure.populations import CONDITIONS, Index, Population, Question, population
from driftgauge.measure.rates import Rate
from driftgauge.measure.units import Contributions

_CELL = ("scenario", "modality", "language")


@dataclass(frozen=True)
class Missing:
    """Responses that failed or were unsupported, as prompt cells of the index they belong to."""

    rows: pl.DataFrame
    prompt: IntArray
    n_prompts: int


def missing_in(found: Index, missing: pl.DataFrame) -> Missing:
    """Return the missing responses with their prompt cells; cells that nobody rated get new codes."""
    rated = found.sample.rows.select(_CELL).with_columns(code=pl.Series(found.prompt, dtype=pl.Int64)).unique(_CELL)
    unseen = missing.select(_CELL).unique(maintain_order=True).join(rated, on=_CELL, how="anti", nulls_equal=True)
    first_new = int(found.prompt.max(initial=-1)) + 1
    new = unseen.with_columns(code=pl.int_range(first_new, first_new + len(unseen), dtype=pl.Int64))
    codes = pl.concat([rated.select(*_CELL, "code"), new])
    joined = missing.join(codes, on=_CELL, how="left", nulls_equal=True, maintain_order="left")
    return Missing(missing, joined["code"].to_numpy().astype(np.int64), first_new + len(unseen))


def count_missing(missing: Missing, populations: Sequence[Population]) -> int:
    """Return how many responses of these populations are missing."""
    return sum(int(_here(missing, side).sum()) for side in populations) if len(missing.rows) else 0


def drift_bounds(found: Index, question: Question, *, rate: Rate, part: Contributions, missing: Missing) -> tuple[float, float]:
    """Return the drift if every missing response had fallen in its favour, and if every one had fallen against it.

    A missing response counts as an average response of its release has ratings, all of them at the lowest, or the highest,
    value of the outcome. Cells that the other release neither answered nor missed stay out, as in the drift itself.

    Parameters
    ----------
    found
        The ratings.
    question
        A drift: (earlier, later).
    rate, part
        The rate, with its contributions in units ``rating`` or ``response_mean``.
    missing
        What was not measured.
    """
    rated = [population(found, side.release, question.where) for side in question.populations]
    known = [_cells(found.prompt[side.rows], missing) | _cells(_failed(missing, side), missing) for side in rated]
    both = known[0] & known[1]
    (low0, high0), (low1, high1) = (_range(found, side, both, rate=rate, part=part, missing=missing) for side in rated)
    return low1 - high0, high1 - low0


def _range(
    found: Index, side: Population, both: BoolArray, *, rate: Rate, part: Contributions, missing: Missing
) -> tuple[float, float]:
    rows = side.rows[both[found.prompt[side.rows]]]
    up, down = part.numerator[rows].sum(), part.denominator[rows].sum()
    responses = max(1, len(np.unique(found.sample.response[side.rows])))
    weight = part.denominator[side.rows].sum() / responses or 1.0
    lost = weight * both[_failed(missing, side)].sum()
    total = down + lost
    if total == 0:
        return float("nan"), float("nan")
    return float((up + lost * rate.low) / total), float((up + lost * rate.high) / total)


def _failed(missing: Missing, side: Population) -> IntArray:
    return missing.prompt[_here(missing, side)]


def _here(missing: Missing, side: Population) -> BoolArray:
    condition = pl.col("release") == side.release
    for name in CONDITIONS:
        if name in side.where:
            condition &= pl.col(name).eq_missing(pl.lit(side.where[name]))
    return missing.rows.select(condition).to_series().to_numpy().astype(np.bool_)


def _cells(codes: IntArray, missing: Missing) -> BoolArray:
    here = np.zeros(missing.n_prompts, dtype=np.bool_)
    here[codes] = True
    return here

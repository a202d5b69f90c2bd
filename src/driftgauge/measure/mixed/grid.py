"""The reference grid: every combination of the factors' levels, numeric predictors at their means; and averages over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import BoolArray, FloatArray
from driftgauge.measure.mixed.design import Design

ESTIMABLE = 1e-7


@dataclass(frozen=True)
class Cells:
    """Combinations of the factors of interest, and the rows of the grid that each averages over.

    Parameters
    ----------
    labels
        The level of each factor of interest, `by` first.
    x
        (g, p) the model's columns for every row of the grid.
    null
        (g, d) how far each row is from what the data can tell.
    average
        (cells, g) weights that sum to 1: equal, as emmeans has them.
    """

    labels: tuple[dict[str, str], ...]
    x: FloatArray
    null: FloatArray
    average: FloatArray

    def unknown(self, combinations: FloatArray) -> BoolArray:
        """Return which combinations of the cells the data cannot tell."""
        return np.abs(combinations @ self.average @ self.null).max(axis=1, initial=0.0) > ESTIMABLE


def cells(design: Design, of: tuple[str, ...], by: tuple[str, ...], *, at: Mapping[str, float] | None = None) -> Cells:
    """Return the cells of some factors.

    Parameters
    ----------
    design
        Of the fit.
    of, by
        The factors to compare, and those within whose levels to compare them.
    at
        Values of numeric predictors other than their means.
    """
    factors = design.coding.factors
    unknown = [name for name in (*of, *by) if name not in factors]
    if unknown or not of:
        raise EstimationError(
            f"not a factor of the model: {', '.join(unknown) or 'none was named'}", remedy=f"Factors are {', '.join(factors)}."
        )
    names = [*by, *of, *(name for name in factors if name not in (*by, *of))]
    combinations = list(product(*(factors[name] for name in names)))
    grid = pl.DataFrame(combinations, schema=dict.fromkeys(names, pl.String), orient="row")
    numeric = dict(design.coding.numeric) | dict(at or {})
    grid = grid.with_columns(pl.lit(value, dtype=pl.Float64).alias(name) for name, value in numeric.items())
    x, null = design.estimable(grid)
    n_cells = int(np.prod([len(factors[name]) for name in (*by, *of)]))
    share = len(combinations) // n_cells
    average = np.repeat(np.eye(n_cells), share, axis=1) / share
    labels = tuple(dict(zip((*by, *of), each, strict=False)) for each in combinations[::share])
    return Cells(labels, x, null, average)


@dataclass(frozen=True)
class Pairs:
    """Differences between cells: later minus earlier level of `of`, within `by`."""

    labels: tuple[dict[str, str], ...]
    group: tuple[int, ...]
    combinations: FloatArray


def pairs(found: Cells, of: tuple[str, ...], by: tuple[str, ...]) -> Pairs:
    """Return all pairs of cells within each level of `by`, named ``later - earlier``."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, label in enumerate(found.labels):
        groups.setdefault(tuple(label[name] for name in by), []).append(place)
    labels: list[dict[str, str]] = []
    rows: list[FloatArray] = []
    group: list[int] = []
    for number, (key, members) in enumerate(groups.items()):
        for i, later in enumerate(members):
            for earlier in members[:i]:
                named = [" ".join(found.labels[place][name] for name in of) for place in (later, earlier)]
                labels.append(dict(zip(by, key, strict=True)) | {"contrast": " - ".join(named)})
                row = np.zeros(len(found.labels))
                row[later], row[earlier] = 1.0, -1.0
                rows.append(row)
                group.append(number)
    return Pairs(tuple(labels), tuple(group), np.array(rows).reshape(len(rows), len(found.labels)))

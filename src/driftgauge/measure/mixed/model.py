"""A mixed model as plain arrays: what the engine fits, whoever built it (a formula or a preset)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import FloatArray, IntArray

Family = Literal["cumulative", "bernoulli"]
FAMILIES: Final = ("cumulative", "bernoulli")


@dataclass(frozen=True)
class Grouping:
    """A random intercept: the level of each row.

    Parameters
    ----------
    name
        As in the formula: ``rater``, ``rater:release``.
    code
        (n,) level of each row, from 0.
    levels
        What the codes stand for.
    parts
        Codes of the factors that an interaction is made of. They may serve as the factor whose levels hold all others' levels
        (a scenario that has no effect of its own), nothing else.
    """

    name: str
    code: IntArray
    levels: tuple[str, ...]
    parts: tuple[IntArray, ...] = ()

    @property
    def size(self) -> int:
        """The number of levels."""
        return len(self.levels)


@dataclass(frozen=True)
class Model:
    r"""A cumulative or Bernoulli logit model with random intercepts.

    .. math:: P(y \le k) = F(\theta_k - \eta), \quad \eta = o + x^\top\beta + \sum_t b_{t,g_t}, \quad b_t \sim N(0, \sigma_t^2)

    with F the logistic distribution function. The Bernoulli model is that of two categories with its threshold at 0 (and
    usually an intercept in x), the cumulative model has K − 1 free thresholds and no intercept.

    Parameters
    ----------
    family
        ``cumulative`` or ``bernoulli``.
    y
        (n,) category codes from 0.
    categories
        What the codes of y stand for; for the engine each of them occurs (`drop_empty`).
    x
        (m, p) distinct rows of the fixed part.
    row
        (n,) which of them each rating has.
    columns
        Names of the p columns.
    groupings
        The random intercepts.
    weights
        (n,) frequency weights: a rating of weight 2 stands for two identical ratings.
    offset
        (m,) known part of the linear predictor, per distinct row.
    """

    family: Family
    y: IntArray
    categories: tuple[str, ...]
    x: FloatArray
    row: IntArray
    columns: tuple[str, ...]
    groupings: tuple[Grouping, ...]
    weights: FloatArray
    offset: FloatArray

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_thresholds(self) -> int:
        """Free thresholds: none for Bernoulli."""
        return len(self.categories) - 1 if self.family == "cumulative" else 0

    def take(self, rows: IntArray) -> "Model":
        """Return the model of some of the ratings, with the levels that are left in each grouping."""
        groupings = tuple(
            _used_levels(replace(g, code=g.code[rows], parts=tuple(p[rows] for p in g.parts))) for g in self.groupings
        )
        return replace(self, y=self.y[rows], row=self.row[rows], weights=self.weights[rows], groupings=groupings)


def validate(model: Model) -> None:
    """Raise `EstimationError` for what cannot be a model, with every mistake."""
    problems = list(_mistakes(model))
    if problems:
        raise EstimationError(f"the model cannot be fitted: {'; '.join(problems)}", remedy="Change the formula or the data.")


def _mistakes(model: Model) -> Sequence[str]:
    found: list[str] = []
    if model.family not in FAMILIES:
        found.append(f"family {model.family!r} is not one of {', '.join(FAMILIES)}")
    if not len(model):
        return [*found, "no rating has an outcome and a weight above 0"]
    if len(np.unique(model.y)) < 2:
        found.append(f"every rating is {model.categories[int(model.y[0])]}: there is nothing to explain")
    if model.family == "bernoulli" and len(model.categories) != 2:
        found.append(f"a Bernoulli outcome has two values, not {len(model.categories)}")
    if not np.isfinite(model.x).all() or not np.isfinite(model.offset).all():
        found.append("the fixed part holds values that are not finite")
    if (model.weights < 0).any() or not np.isfinite(model.weights).all():
        found.append("a weight is negative or not finite")
    found += [f"(1 | {g.name}) has one level, {g.levels[0]}: it has no variance" for g in model.groupings if g.size < 2]
    return found


def drop_empty(model: Model) -> tuple[Model, tuple[str, ...]]:
    """Return the model without weightless ratings and unused categories, and the names of those categories.

    The likelihood of a category that nobody used is highest where its two thresholds meet: its probability is 0, and the
    thresholds beside it are one.
    """
    kept = model if (model.weights != 0).all() else model.take(np.flatnonzero(model.weights))
    if model.family == "bernoulli":
        return kept, ()
    used, y = np.unique(kept.y, return_inverse=True)
    unused = tuple(name for code, name in enumerate(model.categories) if code not in used)
    return replace(
        kept, y=y.ravel().astype(np.int64), categories=tuple(name for code, name in enumerate(model.categories) if code in used)
    ), unused


def _used_levels(grouping: Grouping) -> Grouping:
    used, code = np.unique(grouping.code, return_inverse=True)
    return replace(grouping, code=code.ravel().astype(np.int64), levels=tuple(np.array(grouping.levels, dtype=object)[used]))

r"""Whether the fixed part separates the outcome, and the fit without random effects that the optimisation starts from.

The likelihood has no maximum when some direction (δ, τ) of (β, θ) never lowers the probability of a rating and raises that of
one: with ratings of category k at fixed row x, τ_k − x'δ ≥ 0 and x'δ − τ_{k−1} ≥ 0 for all, not all 0 (Albert, Anderson 1984;
for cumulative models too, since a category's probability rises in U − η and falls in L − η). Random effects do not change it.
Newton's steps tend to such a direction; whether it is one is then checked exactly.
"""

from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import BoolArray, FloatArray, sum_by
from driftgauge.measure.mixed import kernel
from driftgauge.measure.mixed.model import Model

_STEPS = 60
_TOLERANCE = 1e-6
_NOTHING = 1e-3
"""A part of a direction that is smaller beside its largest part is none."""


@dataclass(frozen=True)
class FixedOnly:
    """(β, θ) without random effects, and what runs away.

    Parameters
    ----------
    parameters
        The maximum, or where the search for it ended.
    separated
        The coefficients that run away.
    certain
        (distinct rows, categories) which ratings have a probability that goes to 1 on the way: they say nothing about the
        other parameters. None where nothing runs away, or where a probability rises that does not go to 1.
    """

    parameters: FloatArray
    separated: tuple[str, ...]
    certain: BoolArray | None = None


@dataclass(frozen=True)
class _Direction:
    """Where the likelihood rises for ever: by coefficient, and by how much each edge of a category moves away from η."""

    by_coefficient: FloatArray
    upper: FloatArray
    lower: FloatArray


@dataclass(frozen=True)
class _Table:
    """Counts of ratings by distinct fixed row and category."""

    x: FloatArray
    offset: FloatArray
    counts: FloatArray


def fixed_only(model: Model) -> FixedOnly:
    """Return the maximum without random effects, and the columns that separate the outcome.

    Examples
    --------
    Of two releases the second is never harmful: its coefficient has no maximum.

    >>> x, row, y = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 0])
    >>> model = Model("bernoulli", y, ("0", "1"), x, row, ("(Intercept)", "releaseB"), (), np.ones(4), np.zeros(2))
    >>> fixed_only(model).separated
    ('releaseB',)
    """
    k = len(model.categories)
    m = len(model.x)
    counts = sum_by(model.row * k + model.y, model.weights, n=m * k).reshape(m, k)
    table = _Table(model.x, model.offset, counts)
    p, cumulative = model.x.shape[1], model.family == "cumulative"
    parameters = np.zeros(p)
    if cumulative:
        share = np.cumsum(counts.sum(axis=0))[:-1] / counts.sum()
        parameters = np.concatenate([parameters, np.log(share / (1 - share))])
    step = np.zeros_like(parameters)
    value, score, information = _derivatives(table, parameters, p)
    for _ in range(_STEPS):
        ridge = 1e-9 * max(float(np.trace(information)) / max(len(information), 1), 1e-12)
        step = _solve(information + ridge * np.eye(len(information)), score)
        if float(step @ score) < 1e-12:
            break
        size = 1.0
        while size > 1e-6:
            trial = parameters + size * step
            if kernel.ordered(trial[p:]):
                after = _derivatives(table, trial, p)
                if after[0] >= value:
                    parameters, (value, score, information) = trial, after
                    break
            size /= 2
        else:
            break
        if np.abs(parameters).max() > 40:
            break
    found = _direction(table, parameters, step)
    if found is None:
        return FixedOnly(parameters, ())
    names = tuple(name for name, value in zip(model.columns, found.by_coefficient, strict=True) if value)
    return FixedOnly(parameters, names, _certain(found, table.counts > 0))


def _derivatives(table: _Table, parameters: FloatArray, p: int) -> tuple[float, FloatArray, FloatArray]:
    """Return log-likelihood, score and information of (β, θ); the ratings of a row and category are one weighted rating."""
    m, k = table.counts.shape
    classes = np.arange(m * k, dtype=np.int64)
    row, y, weights = classes // k, classes % k, table.counts.ravel()
    cuts = parameters[p:] if len(parameters) > p else np.zeros(1)
    outcome = kernel.Outcome(y, weights, table.counts.sum(axis=0))
    at = kernel.run((table.x @ parameters[:p] + table.offset)[row], cuts, outcome)
    upper, lower = at.curve_upper.reshape(m, k), at.curve_lower.reshape(m, k)
    score, information = np.zeros(len(parameters)), np.zeros((len(parameters), len(parameters)))
    score[:p] = table.x.T @ at.score.reshape(m, k).sum(axis=1)
    information[:p, :p] = table.x.T @ (table.x * at.weight.reshape(m, k).sum(axis=1)[:, None])
    if len(parameters) > p:
        by_cut = upper[:, :-1] + lower[:, 1:]
        information[:p, p:] = -table.x.T @ by_cut
        information[p:, :p] = information[:p, p:].T
        information[p:, p:] = np.diag(by_cut.sum(axis=0)) + kernel.gap_curvature(cuts, outcome.counts)
        own = ((1 - at.upper) * weights).reshape(m, k)[:, :-1] + ((at.lower - 1) * weights).reshape(m, k)[:, 1:]
        score[p:] = own.sum(axis=0) + kernel.gap_score(cuts, outcome.counts)
    return at.log_likelihood, score, information


def _direction(table: _Table, parameters: FloatArray, step: FloatArray) -> _Direction | None:
    """Return the last step as a direction, if the likelihood rises along it for ever."""
    largest = np.abs(step).max(initial=0.0)
    if np.abs(parameters).max(initial=0.0) < 10 or largest == 0:
        return None
    direction = np.where(np.abs(step) < _NOTHING * largest, 0.0, step / largest)
    p = table.x.shape[1]
    move = table.x @ direction[:p]
    cuts = direction[p:] if len(direction) > p else np.zeros(1)
    away = np.full((len(move), 1), np.inf)
    upper = np.hstack([cuts[None, :] - move[:, None], away])
    lower = np.hstack([away, move[:, None] - cuts[None, :]])
    rise = np.minimum(upper, lower)[table.counts > 0]
    highest = np.concatenate([edge[(table.counts > 0) & np.isfinite(edge)] for edge in (upper, lower)])
    if rise.min() < -_NOTHING or highest.max() < _TOLERANCE:
        return None
    return _Direction(direction[:p], upper, lower)


def _certain(found: _Direction, seen: BoolArray) -> BoolArray | None:
    """Return the ratings both of whose edges move away from η, unless one edge alone moves away from some."""
    both = seen & (np.minimum(found.upper, found.lower) > _NOTHING)
    either = seen & np.logical_or(*((edge > _NOTHING) & np.isfinite(edge) for edge in (found.upper, found.lower)))
    return both if (both == either).all() else None


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    return np.linalg.solve(matrix, right).astype(np.float64, copy=False)

r"""Where the optimisation starts: joint Newton steps on everything, with EM steps for the variances.

The joint system in the effects u and the fixed parameters φ = (β, θ) is

.. math:: \begin{pmatrix} H & Q \\ Q^\top & J_0 \end{pmatrix}.

Its Schur complement J = J₀ − QᵀH⁻¹Q is close to the information of φ, and is what the optimiser is preconditioned with.
"""

from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import FloatArray, sum_by
from driftgauge.measure.mixed import kernel
from driftgauge.measure.mixed.blocks import Factor, factorise, selected_inverse
from driftgauge.measure.mixed.laplace import Laplace, Point, by_threshold, threshold_scores

_FIRST_SIGMA = 0.7
_ROUNDS = 10
_NEAR = 1.0
"""The joint steps before the first EM step end when they promise no more than this in log-likelihood."""
_FLAT = 0.02
"""An EM start is good enough when no log σ moves by more."""


@dataclass(frozen=True)
class Start:
    """Where to start, and the information of (β, θ, log σ) there, about."""

    point: Point
    information: FloatArray


def start(engine: Laplace, fixed: FloatArray) -> Start:
    """Return a point near the maximum.

    Parameters
    ----------
    engine
        The model.
    fixed
        (β, θ) without random effects (`separation.fixed_only`).
    """
    sigma = np.full(len(engine.model.groupings), _FIRST_SIGMA)
    now = _Joint(engine.point(np.concatenate([fixed, np.log(sigma)])), np.zeros(engine.plan.n_effects))
    step = _newton(engine, now)
    while step.gain > _NEAR and step.moved.u is not now.u:
        now, step = step.moved, _newton(engine, step.moved)
    reliability = np.ones(len(sigma))
    for _ in range(_ROUNDS):
        change, reliability = _em(engine, now, step)
        point = step.moved.point
        now = _Joint(
            Point(point.beta, point.thresholds, point.sigma * np.exp(change)), step.moved.u * engine.scale(np.exp(-change))
        )
        step = _newton(engine, now)
        if np.abs(change).max(initial=0.0) < _FLAT:
            break
    return Start(step.moved.point, full_information(step.information, reliability, engine))


@dataclass(frozen=True)
class _Joint:
    """Parameters and effects."""

    point: Point
    u: FloatArray


@dataclass(frozen=True)
class _Newton:
    """A joint Newton step: where it leads, what it promised, and the factor and information it was made with."""

    moved: _Joint
    gain: float
    factor: Factor
    information: FloatArray


def full_information(fixed: FloatArray, reliability: FloatArray, engine: Laplace) -> FloatArray:
    """Return the information of (β, θ) with 2·(Σ reliability)²/levels for each log σ, the balanced one-way formula."""
    levels = np.array([grouping.size for grouping in engine.model.groupings], dtype=float)
    n, q = len(fixed), len(levels)
    full = np.zeros((n + q, n + q))
    full[:n, :n] = fixed
    full[n:, n:] = np.diag(np.maximum(2 * reliability**2 / np.maximum(levels, 1), 0.2))
    return full


def _em(engine: Laplace, now: _Joint, step: _Newton) -> tuple[FloatArray, FloatArray]:
    """Return the change of log σ by σ² ← σ²·mean(u² + diag H⁻¹), and the sum of reliabilities of each grouping."""
    diagonal = selected_inverse(engine.plan, step.factor, engine.scale(now.point.sigma)).diagonal
    levels = np.array([grouping.size for grouping in engine.model.groupings], dtype=float)
    ratio = engine.by_grouping(step.moved.u**2 + diagonal) / levels
    reliability = engine.by_grouping(1 - diagonal)
    # EM goes a share of the way that is the reliability; the whole way is gone at once.
    speed = 1 / np.clip(reliability / levels, 0.1, 1.0)
    return np.clip(0.5 * np.log(ratio) * speed, -1.0, 1.0), reliability


def _newton(engine: Laplace, now: _Joint) -> _Newton:
    """Take a Newton step on effects and fixed parameters, halved until it rises; `moved` is `now` when it never does."""
    value, at = _joint_value(engine, now)
    scale = engine.scale(now.point.sigma)
    factor = factorise(engine.plan, at.weight, scale)
    cross, own, score = fixed_blocks(engine, now.point, at)
    cross *= scale[:, None]
    slope = scale * engine.plan.scatter(at.score) - now.u
    solved = factor.solve(np.column_stack([slope, cross]))
    information = own - cross.T @ solved[:, 1:]
    step = _solve(information, score - cross.T @ solved[:, 0])
    du = solved[:, 0] - solved[:, 1:] @ step
    size = 1.0
    while size > 1e-4:
        trial = _Joint(_moved(now.point, size * step), now.u + size * du)
        if kernel.ordered(engine.cuts(trial.point)) and _joint_value(engine, trial)[0] > value - 1e-9:
            return _Newton(trial, float(slope @ du + score @ step), factor, information)
        size /= 2
    return _Newton(now, 0.0, factor, information)


def _joint_value(engine: Laplace, now: _Joint) -> tuple[float, kernel.Pass]:
    return engine.penalised(now.point, now.u)


def _moved(point: Point, step: FloatArray) -> Point:
    p = len(point.beta)
    return Point(point.beta + step[:p], point.thresholds + step[p:], point.sigma)


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve, with a little ridge where the matrix is singular."""
    ridge = 1e-10 * np.trace(matrix) / max(len(matrix), 1)
    return np.asarray(np.linalg.solve(matrix + ridge * np.eye(len(matrix)), right), dtype=np.float64)


def fixed_blocks(engine: Laplace, point: Point, at: kernel.Pass) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return ZᵀR for the columns of (β, θ), minus their own second derivatives, and their score.

    R holds for each rating the derivative of −score in (β, θ): w·x for a coefficient, −A(1 − A) for the upper threshold and
    −B(1 − B) for the lower one.
    """
    model, plan = engine.model, engine.plan
    p, k, y = model.x.shape[1], model.n_thresholds, plan.outcome.y
    cross = np.empty((plan.n_effects, p + k))
    for j in range(p):
        cross[:, j] = plan.scatter(at.weight * model.x[:, j][plan.row])
    for j in range(k):
        cross[:, p + j] = -plan.scatter(np.where(y == j, at.curve_upper, 0) + np.where(y == j + 1, at.curve_lower, 0))
    own = np.zeros((p + k, p + k))
    m = len(model.x)
    own[:p, :p] = model.x.T @ (model.x * sum_by(plan.row, at.weight, n=m)[:, None])
    score = np.zeros(p + k)
    score[:p] = model.x.T @ sum_by(plan.row, at.score, n=m)
    if k:
        class_code = plan.row * (k + 1) + y
        upper = sum_by(class_code, at.curve_upper, n=m * (k + 1)).reshape(m, k + 1)
        lower = sum_by(class_code, at.curve_lower, n=m * (k + 1)).reshape(m, k + 1)
        own[:p, p:] = -model.x.T @ (upper[:, :-1] + lower[:, 1:])
        own[p:, :p] = own[:p, p:].T
        bend = kernel.gap_curvature(point.thresholds, plan.outcome.counts)
        own[p:, p:] = bend + np.diag(upper.sum(axis=0)[:-1] + lower.sum(axis=0)[1:])
        score[p:] = by_threshold(y, *threshold_scores(at, plan.outcome), n=k)
        score[p:] += kernel.gap_score(point.thresholds, plan.outcome.counts)
    return cross, own, score

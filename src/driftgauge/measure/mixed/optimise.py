"""Maximise the Laplace log-likelihood: BFGS, preconditioned with the information at the start."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from driftgauge.measure.arrays import BoolArray, FloatArray
from driftgauge.measure.mixed.laplace import Evaluation, Laplace, Point
from driftgauge.measure.mixed.start import Start

_LONGEST = 1.0
"""No log σ moves further in one step."""
_SMALL_SIGMA = 0.25
"""From here on it is tried whether a standard deviation of 0 is better."""
_NO_SIGMA = 0.01
"""The slope here tells whether the likelihood rises towards 0: in log σ it is flat at 0 itself."""


@dataclass(frozen=True)
class Optimum:
    """Where the optimisation ended.

    Parameters
    ----------
    evaluation
        The last evaluation.
    inverse_hessian
        BFGS' idea of the covariance of (β, θ, log σ); 0 for standard deviations at the boundary.
    boundary
        Which standard deviations are 0.
    evaluations
        How often the log-likelihood was evaluated.
    decrement
        Twice the gain in log-likelihood that a Newton step still promises.
    """

    evaluation: Evaluation
    inverse_hessian: FloatArray
    boundary: BoolArray
    evaluations: int
    decrement: float


def maximise(engine: Laplace, begin: Start, *, tolerance: float, most: int, held: int | None = None) -> Optimum:
    """Return the maximum.

    Parameters
    ----------
    engine
        The model.
    begin
        Where to start, and what to precondition with.
    tolerance
        Done when the promised gain is below it.
    most
        Evaluations at most.
    held
        Place in (β, θ, log σ) of a parameter that stays where it begins.
    """
    may_move = np.arange(len(begin.information)) != (-1 if held is None else held)
    state = _State(engine.evaluate(begin.point), _inverse(begin.information, may_move), may_move, 1)
    while state.now.reached:
        state = _to_boundary(engine, state)
        now, inverse = state.now, state.inverse
        step = inverse @ np.where(state.free, now.gradient, 0.0)
        step *= min(1.0, _LONGEST / max(float(np.max(np.abs(step[engine.n_fixed :]), initial=0.0)), 1e-300))
        decrement = float(step @ now.gradient)
        if decrement < tolerance or state.count >= most:
            break
        after, tried, size = _search(engine, now, step)
        if after is None:
            state = replace(state, count=state.count + tried)
            break
        inverse = _update(inverse, size * step, now.gradient - after.gradient, state.free)
        state = _State(after, inverse, state.free, state.count + tried, state.refused)
    promised = float(state.now.gradient @ state.inverse @ np.where(state.free, state.now.gradient, 0.0))
    boundary = (may_move & ~state.free)[engine.n_fixed :]
    return Optimum(state.now, state.inverse, boundary, state.count, promised)


@dataclass(frozen=True)
class _State:
    """Where the optimisation is; `refused` are the standard deviations at which 0 was tried in vain, by parameter."""

    now: Evaluation
    inverse: FloatArray
    free: BoolArray
    count: int
    refused: Mapping[int, float] = field(default_factory=dict[int, float])


def _inverse(information: FloatArray, free: BoolArray) -> FloatArray:
    """Return the inverse on the free parameters, 0 elsewhere."""
    found = np.zeros_like(information)
    found[np.ix_(free, free)] = np.linalg.pinv(information[np.ix_(free, free)], hermitian=True)
    return found


def _search(engine: Laplace, now: Evaluation, step: FloatArray) -> tuple[Evaluation | None, int, float]:
    """Return an evaluation uphill along a step, how many were made, and the size of the step that was taken."""
    slope = float(step @ now.gradient)
    size, at = 1.0, engine.vector(now.point)
    for tried in range(1, 16):
        moved = at + size * np.where(np.isfinite(at), step, 0.0)
        after = engine.evaluate(engine.point(moved), near=now)
        if after.reached and after.value >= now.value + 1e-4 * size * slope - 1e-11 * abs(now.value):
            return after, tried, size
        size *= 0.5 if tried < 3 else 0.2
    return None, 15, 0.0


def _update(inverse: FloatArray, step: FloatArray, change: FloatArray, free: BoolArray) -> FloatArray:
    """Update the inverse Hessian by BFGS; leave it where the curvature is not positive."""
    step, change = np.where(free, step, 0.0), np.where(free, change, 0.0)
    curvature = float(step @ change)
    if curvature <= 1e-10 * float(np.linalg.norm(step) * np.linalg.norm(change)):
        return inverse
    left = np.eye(len(step)) - np.outer(step, change) / curvature
    return left @ inverse @ left.T + np.outer(step, step) / curvature


def _to_boundary(engine: Laplace, state: _State) -> _State:
    """Put small standard deviations on 0 where the likelihood is higher beside 0 and rises towards it."""
    for t in range(len(state.now.point.sigma)):
        place, sigma = engine.n_fixed + t, float(state.now.point.sigma[t])
        last = state.refused.get(place, _SMALL_SIGMA)
        if not state.free[place] or sigma > last or state.now.gradient[place] > 0:
            continue
        beside = _with_sigma(engine, state.now, t, min(_NO_SIGMA, sigma / 3))
        state = replace(state, count=state.count + 1)
        if not beside.reached or beside.value < state.now.value - 1e-9 or beside.gradient[place] > 0:
            state = replace(state, refused={**state.refused, place: sigma / 3})
            continue
        free = state.free & (np.arange(len(state.free)) != place)
        inverse = np.where(free[:, None] & free[None, :], state.inverse, 0.0)
        state = replace(state, now=_with_sigma(engine, beside, t, 0.0), free=free, inverse=inverse, count=state.count + 1)
    return state


def _with_sigma(engine: Laplace, now: Evaluation, t: int, sigma: float) -> Evaluation:
    moved = now.point.sigma.copy()
    moved[t] = sigma
    return engine.evaluate(Point(now.point.beta, now.point.thresholds, moved), near=now)

r"""The posterior density: the likelihood given the effects, the priors, and the coordinates in which it is easy to follow.

Parameters are x = (β, α, s): α₁ = θ₁ and α_k = log(θ_k − θ_{k−1}), so that thresholds keep their order; σ = c·log(1 + exp(s)),
which is σ itself above the knee c, and its logarithm below it, so that a standard deviation that may be 0 has no long tail.

Effects are put as w, in which they hardly depend on their standard deviation: b = tσ²/(1 + hσ²) + w·σ/√(1 + hσ²), with h the
precision that the ratings give an effect and t what they say of it. With independent normal ratings, w would be standard normal
whatever σ is (Papaspiliopoulos, Roberts and Sköld 2007 on what lies between centred and not).

Priors (statistics §4): Normal(0, 2) on β and θ (restricted to their order), Exponential(1) on σ.
"""

from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import BoolArray, FloatArray
from driftgauge.measure.mixed import kernel
from driftgauge.measure.mixed.laplace import Evaluation, Laplace, Point, by_threshold, threshold_scores
from driftgauge.measure.mixed.model import Model
from driftgauge.measure.mixed.plan import make_plan

PRIOR_SD = 2.0
"""Of coefficients and thresholds."""
PRIOR_RATE = 1.0
"""Of standard deviations."""


@dataclass(frozen=True)
class Penalised(Laplace):
    """The Laplace approximation of the log posterior density of x, up to a constant.

    Parameters
    ----------
    knee
        c of each grouping.
    """

    knee: FloatArray

    def point(self, vector: FloatArray) -> Point:
        """Return the parameters from x."""
        p = self.model.x.shape[1]
        steps = vector[p : self.n_fixed]
        cuts = np.cumsum(np.concatenate([steps[:1], np.exp(steps[1:])]))
        return Point(vector[:p], cuts, self.knee * np.logaddexp(0.0, vector[self.n_fixed :]))

    def vector(self, point: Point) -> FloatArray:
        """Return x."""
        cuts, ratio = point.thresholds, point.sigma / self.knee
        steps = np.concatenate([cuts[:1], np.log(np.diff(cuts))])
        return np.concatenate([point.beta, steps, ratio + np.log(-np.expm1(-ratio))])

    def evaluate(self, point: Point, *, near: Evaluation | None = None) -> Evaluation:
        """Return log posterior density and its gradient in x."""
        return self._with_prior(super().evaluate(point, near=near))

    def beside(self, near: Evaluation, point: Point) -> Evaluation:
        """Return the same at a point very near, for differences."""
        return self._with_prior(super().beside(near, point))

    def _with_prior(self, found: Evaluation) -> Evaluation:
        point = found.point
        value, slope = prior(point)
        value += found.value + self.log_jacobian(point)
        gradient = self.chained(point, found.gradient + slope)
        return Evaluation(point, value, gradient, found.mode, found.at, found.factor, found.diagonal)

    def turned(self, point: Point) -> FloatArray:
        """Return ∂(β, θ, log σ)/∂x."""
        p, n = len(self.model.columns), self.n_fixed
        found = np.eye(self.n_parameters)
        if n > p:
            found[p:n, p:n] = np.tril(np.ones((n - p, n - p))) * np.concatenate([[1.0], np.diff(point.thresholds)])
        found[n:, n:] = np.diag(self._above(point) * self.knee / point.sigma)
        return found

    def log_jacobian(self, point: Point) -> float:
        """Return log |∂(β, θ, σ)/∂x|, up to a constant."""
        return float(np.log(np.diff(point.thresholds)).sum() + np.log(self._above(point)).sum())

    def chained(self, point: Point, slope: FloatArray) -> FloatArray:
        """Return the derivatives in x from those in (β, θ, log σ), with those of `log_jacobian`."""
        p, n = len(self.model.columns), self.n_fixed
        changed = self.turned(point).T @ slope
        changed[p + 1 : n] += 1.0
        changed[n:] += 1.0 - self._above(point)
        return changed

    def _above(self, point: Point) -> FloatArray:
        """Return F(s): near 0 where σ is far below its knee, near 1 far above it."""
        return -np.expm1(-point.sigma / self.knee)


def prior(point: Point) -> tuple[float, FloatArray]:
    """Return the log prior density of (β, θ, σ), up to a constant, and its derivatives in (β, θ, log σ)."""
    fixed = np.concatenate([point.beta, point.thresholds])
    value = -0.5 * float(fixed @ fixed) / PRIOR_SD**2 - PRIOR_RATE * float(point.sigma.sum())
    return value, np.concatenate([-fixed / PRIOR_SD**2, -PRIOR_RATE * point.sigma])


def penalised(model: Model) -> Penalised:
    """Return the model with its priors, planned and ready to be evaluated; its s are log σ, but for a constant."""
    return Penalised(model, make_plan(model), np.full(len(model.groupings), _NO_KNEE))


@dataclass(frozen=True)
class Target:
    """The joint log density of effects w and parameters x.

    Parameters
    ----------
    engine
        The model and its priors.
    known
        (effects,) h, what the ratings know of each effect: its precision at the mode less that of its prior; 0 where padded.
    told
        (effects,) t, what they say of it: at σ its mode is about tσ²/(1 + hσ²).
    """

    engine: Penalised
    known: FloatArray
    told: FloatArray

    @property
    def padded(self) -> BoolArray:
        """Which effects are none, but fill up a block."""
        return self.engine.plan.grouping < 0

    def effects(self, w: FloatArray, x: FloatArray) -> FloatArray:
        """Return the effects b."""
        variance = self.engine.scale(self.engine.point(x).sigma) ** 2
        shrunk = variance / (1 + self.known * variance)
        return self.told * shrunk + np.sqrt(shrunk) * w

    def whitened(self, b: FloatArray, x: FloatArray) -> FloatArray:
        """Return w of the effects b; 0 where padded."""
        variance = self.engine.scale(self.engine.point(x).sigma) ** 2
        shrunk = variance / (1 + self.known * variance)
        return np.where(self.padded, 0.0, (b - self.told * shrunk) / np.where(self.padded, 1.0, np.sqrt(shrunk)))

    def log_stretch(self, x: FloatArray) -> float:
        """Return log |∂w/∂u|, u = b/σ."""
        variance = self.engine.scale(self.engine.point(x).sigma) ** 2
        return 0.5 * float(np.log1p(self.known * variance).sum())

    def evaluate(self, w: FloatArray, x: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return the log density and its derivatives in w and in x; −∞ where a number overflows."""
        engine, plan = self.engine, self.engine.plan
        with np.errstate(over="ignore"):
            point = engine.point(x)
        if not (np.isfinite(x).all() and kernel.ordered(engine.cuts(point)) and (point.sigma < _LARGEST_SIGMA).all()):
            return -np.inf, np.zeros_like(w), np.zeros_like(x)
        variance = engine.scale(point.sigma) ** 2
        left = 1 / (1 + self.known * variance)
        spread = np.sqrt(variance * left)
        b = self.told * spread**2 + spread * w
        at = kernel.run(engine.fixed(point.beta) + plan.gather(b), engine.cuts(point), plan.outcome)
        precise = np.where(self.padded, 0.0, 1 / np.where(self.padded, 1.0, variance))
        pull = plan.scatter(at.score) - b * precise
        padding = np.where(self.padded, w, 0.0)
        prior_value, slope = prior(point)
        value = at.log_likelihood - 0.5 * float(b @ (b * precise)) + 0.5 * float(np.log(left).sum())
        value += prior_value + engine.log_jacobian(point) - 0.5 * float(padding @ padding)
        slope[: engine.n_fixed] += self._fixed_slope(point, at)
        grown = (2 * self.told * spread**2 + spread * w) * left
        slope[engine.n_fixed :] += engine.by_grouping(grown * pull + b**2 * precise - (1 - left))
        return value, spread * pull - padding, engine.chained(point, slope)

    def _fixed_slope(self, point: Point, at: kernel.Pass) -> FloatArray:
        engine, outcome = self.engine, self.engine.plan.outcome
        beta = engine.model.x.T @ engine.by_row(at.score)
        if not engine.model.n_thresholds:
            return beta
        cuts = by_threshold(outcome.y, *threshold_scores(at, outcome), n=engine.model.n_thresholds)
        return np.concatenate([beta, cuts + kernel.gap_score(point.thresholds, outcome.counts)])


_LARGEST_SIGMA = 1e3
_NO_KNEE = 1e4

r"""The Laplace approximation of the log-likelihood and its analytic gradient.

With standardised effects u, b = Λu, mode û of the penalised log-likelihood ℓ(η) − u'u/2 and H its negative Hessian there,

.. math:: F(\beta, \theta, \log\sigma) = \ell(\hat\eta) - \tfrac12 \hat u^\top \hat u - \tfrac12 \log|H|.

Its gradient needs the variance l_i = (ZΛH⁻¹ΛZᵀ)_ii of each rating's linear predictor, the slope d_i of the rating's weight w_i,
and one adjoint solve v = H⁻¹ΛZᵀ(l∘d)/2: with r = s − l∘d/2 + w∘(ZΛv),

.. math:: \frac{\partial F}{\partial \beta} = X^\top r, \qquad
   \frac{\partial F}{\partial \log\sigma_t} = \sum_{j \in t} \bigl(b_j (Z^\top r)_j - (1 - H^{-1}_{jj}) - v_j \hat u_j\bigr).

As in Tierney and Kadane (1986); the same approximation as `ordinal::clmm`, `glmmTMB` and `lme4` with ``nAGQ = 1``.
"""

from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.mixed import kernel
from driftgauge.measure.mixed.blocks import Factor, factorise, selected_inverse
from driftgauge.measure.mixed.model import Model
from driftgauge.measure.mixed.plan import Plan, make_plan

_PRECISE = 1e-18
"""The squared distance from the mode, in standard deviations, at which it counts as reached."""
_MOST_STEPS = 60


@dataclass(frozen=True)
class Point:
    """Parameters: coefficients, free thresholds (none for Bernoulli), standard deviation of each grouping."""

    beta: FloatArray
    thresholds: FloatArray
    sigma: FloatArray


@dataclass(frozen=True)
class Evaluation:
    """The approximation at a point: value, gradient in (β, θ, log σ), mode, and what the next evaluation starts from."""

    point: Point
    value: float
    gradient: FloatArray
    mode: FloatArray
    at: kernel.Pass
    factor: Factor
    diagonal: FloatArray

    @property
    def reached(self) -> bool:
        """Whether the mode was found."""
        return bool(np.isfinite(self.value))


@dataclass(frozen=True)
class _Mode:
    u: FloatArray
    at: kernel.Pass
    factor: Factor
    reached: bool


@dataclass(frozen=True)
class Laplace:
    """A model ready to be evaluated.

    Examples
    --------
    A coin seen once, with one effect of standard deviation 0, has log-likelihood log ½.

    >>> from driftgauge.measure.mixed.model import Grouping
    >>> none = np.zeros(2, dtype=np.int64)
    >>> item = (Grouping("item", np.arange(2), ("a", "b")),)
    >>> engine = prepare(Model("bernoulli", none, ("0", "1"), np.ones((1, 1)), none, ("one",), item, np.ones(2), np.zeros(1)))
    >>> found = engine.evaluate(engine.point(np.array([0.0, -np.inf])))
    >>> round(float(found.value / np.log(0.5)), 12), found.gradient.round(12).tolist()
    (2.0, [-1.0, 0.0])
    """

    model: Model
    plan: Plan

    @property
    def n_fixed(self) -> int:
        """Coefficients and free thresholds."""
        return self.model.x.shape[1] + self.model.n_thresholds

    @property
    def n_parameters(self) -> int:
        """Coefficients, free thresholds and standard deviations."""
        return self.n_fixed + len(self.model.groupings)

    def point(self, vector: FloatArray) -> Point:
        """Return the parameters from (β, θ, log σ)."""
        p = self.model.x.shape[1]
        return Point(vector[:p], vector[p : self.n_fixed], np.exp(vector[self.n_fixed :]))

    def vector(self, point: Point) -> FloatArray:
        """Return (β, θ, log σ); −∞ for a standard deviation of 0."""
        with np.errstate(divide="ignore"):
            return np.concatenate([point.beta, point.thresholds, np.log(point.sigma)])

    def cuts(self, point: Point) -> FloatArray:
        """Return the thresholds, which for Bernoulli is a single 0."""
        return point.thresholds if self.model.family == "cumulative" else np.zeros(1)

    def scale(self, per_grouping: FloatArray) -> FloatArray:
        """Return a value per grouping for each effect; 0 for padding."""
        return np.concatenate([per_grouping, [0.0]])[self.plan.grouping]

    def by_row(self, values: FloatArray) -> FloatArray:
        """Sum a value of each rating by distinct fixed row."""
        return sum_by(self.plan.row, values, n=len(self.model.x))

    def by_grouping(self, values: FloatArray) -> FloatArray:
        """Sum a value of each effect by grouping."""
        n = len(self.model.groupings)
        return sum_by(np.where(self.plan.grouping < 0, n, self.plan.grouping), values, n=n + 1)[:n]

    def levels(self, values: FloatArray, t: int) -> FloatArray:
        """Return the values of the effects of one grouping, in the order of its levels."""
        here = self.plan.grouping == t
        return values[here][np.argsort(self.plan.level[here])]

    def fixed(self, beta: FloatArray) -> FloatArray:
        """Return the fixed part of the linear predictor of each rating."""
        return (self.model.x @ beta + self.model.offset)[self.plan.row]

    def penalised(self, point: Point, u: FloatArray) -> tuple[float, kernel.Pass]:
        """Return the penalised log-likelihood at u, and the pass behind it."""
        eta = self.fixed(point.beta) + self.plan.gather(self.scale(point.sigma) * u)
        at = kernel.run(eta, self.cuts(point), self.plan.outcome)
        return at.log_likelihood - 0.5 * float(u @ u), at

    def evaluate(self, point: Point, *, near: Evaluation | None = None) -> Evaluation:
        """Return value and gradient; `near` is an evaluation close by, whose mode and factor are reused."""
        return self._at(point, self._find_mode(point, near))

    def beside(self, near: Evaluation, point: Point) -> Evaluation:
        """Return value and gradient at a point very near, for differences, at the mode that the tangent predicts.

        The prediction is wrong by the square of the distance: over differences as short as those of `curvature`, by nothing.
        """
        u = self.predicted_mode(near, point)
        _, at = self.penalised(point, u)
        return self._at(point, _Mode(u, at, factorise(self.plan, at.weight, self.scale(point.sigma)), reached=True))

    def _at(self, point: Point, mode: _Mode) -> Evaluation:
        sigma = self.scale(point.sigma)
        inverse = selected_inverse(self.plan, mode.factor, sigma)
        value = mode.at.log_likelihood - 0.5 * float(mode.u @ mode.u) - 0.5 * mode.factor.log_det
        gradient = self._gradient(point, mode, leverage=inverse.leverage, deficit=1 - inverse.diagonal)
        known = value if mode.reached else -np.inf
        return Evaluation(point, known, gradient, mode.u, mode.at, mode.factor, inverse.diagonal)

    def shift(self, near: Evaluation, point: Point) -> FloatArray:
        """Return how each rating's score changes, to first order, from an evaluation to other coefficients and thresholds."""
        moved = (self.model.x @ (point.beta - near.point.beta))[self.plan.row]
        return self._cut_shift(near, point) - near.at.weight * moved

    def _cut_shift(self, near: Evaluation, point: Point) -> FloatArray:
        if not self.model.n_thresholds:
            return np.zeros(len(self.plan.row))
        shift, y = np.concatenate([[0.0], point.thresholds - near.point.thresholds, [0.0]]), self.plan.outcome.y
        return near.at.curve_upper * shift[y + 1] + near.at.curve_lower * shift[y]

    def predicted_mode(self, near: Evaluation, point: Point) -> FloatArray:
        """Return the mode at a point by the tangent at an evaluation near it."""
        both = (point.sigma > 0) & (near.point.sigma > 0)
        growth = np.where(both, np.log(np.where(both, point.sigma, 1.0) / np.where(both, near.point.sigma, 1.0)), 0.0)
        sigma, per_effect = self.scale(near.point.sigma), self.scale(growth)
        moved = (self.model.x @ (point.beta - near.point.beta))[self.plan.row] + self.plan.gather(
            sigma * near.mode * per_effect
        )
        change = self._cut_shift(near, point) - near.at.weight * moved
        return near.mode + near.factor.solve(sigma * self.plan.scatter(change) + near.mode * per_effect)

    def _find_mode(self, point: Point, near: Evaluation | None) -> _Mode:
        """Newton steps from the tangent's prediction, with the factor at hand as long as it serves."""
        u = np.zeros(self.plan.n_effects) if near is None else self.predicted_mode(near, point)
        factor, sigma = (None if near is None else near.factor), self.scale(point.sigma)
        if not kernel.ordered(self.cuts(point)):
            at = kernel.run(self.fixed(point.beta), np.sort(self.cuts(point)), self.plan.outcome)
            return _Mode(u, at, factorise(self.plan, at.weight, sigma), reached=False)
        value, at = self.penalised(point, u)
        before = np.inf
        for _ in range(_MOST_STEPS):
            slope = sigma * self.plan.scatter(at.score) - u
            if factor is None:
                factor, before = factorise(self.plan, at.weight, sigma), np.inf
            step = factor.solve(slope)
            decrement = float(slope @ step)
            if decrement < _PRECISE:
                return _Mode(u, at, factorise(self.plan, at.weight, sigma), reached=True)
            trial, moved = self._step(point, u, step, value=value, slope=decrement)
            fresh = before == np.inf
            if moved is None and fresh:
                return _Mode(u, at, factor, reached=decrement < 1e-10)
            keep = moved is not None and decrement < 1e-2 * before if not fresh else decrement < 1e-2
            before = decrement
            factor = factor if keep else None
            if moved is not None:
                u, (value, at) = trial, moved
        return _Mode(u, at, factorise(self.plan, at.weight, sigma), reached=False)

    def _step(
        self, point: Point, u: FloatArray, step: FloatArray, *, value: float, slope: float
    ) -> tuple[FloatArray, tuple[float, kernel.Pass] | None]:
        """Take the step, halved until the penalised log-likelihood rises; None when it never does."""
        size = 1.0
        for _ in range(25):
            trial = u + size * step
            moved = self.penalised(point, trial)
            if moved[0] >= value + 1e-4 * size * slope - 1e-11 * abs(value):
                return trial, moved
            size /= 2
        return u, None

    def _gradient(self, point: Point, mode: _Mode, *, leverage: FloatArray, deficit: FloatArray) -> FloatArray:
        at, sigma = mode.at, self.scale(point.sigma)
        slope_upper, slope_lower = at.slope_upper, at.slope_lower
        bend = -0.5 * leverage * (slope_upper + slope_lower)
        adjoint = mode.factor.solve(sigma * self.plan.scatter(bend))
        carried = self.plan.gather(sigma * adjoint)
        residual = at.score - bend + at.weight * carried
        beta = self.model.x.T @ self.by_row(residual)
        raw = sigma * mode.u * self.plan.scatter(residual) - deficit - adjoint * mode.u
        if not self.model.n_thresholds:
            return np.concatenate([beta, self.by_grouping(raw)])
        own_upper, own_lower = threshold_scores(at, self.plan.outcome)
        upper = own_upper - 0.5 * leverage * slope_upper - at.curve_upper * carried
        lower = own_lower - 0.5 * leverage * slope_lower - at.curve_lower * carried
        cuts = by_threshold(self.plan.outcome.y, upper, lower, n=self.model.n_thresholds)
        cuts += kernel.gap_score(point.thresholds, self.plan.outcome.counts)
        return np.concatenate([beta, cuts, self.by_grouping(raw)])


def threshold_scores(at: kernel.Pass, outcome: kernel.Outcome) -> tuple[FloatArray, FloatArray]:
    """Return each rating's score in its upper and in its lower threshold, without the constant of its category."""
    weights = 1.0 if outcome.weights is None else outcome.weights
    return (1 - at.upper) * weights, (at.lower - 1) * weights


def by_threshold(y: IntArray, upper: FloatArray, lower: FloatArray, *, n: int) -> FloatArray:
    """Sum values that belong to upper and lower thresholds of the ratings by threshold."""
    return sum_by(y, upper, n=n + 1)[:-1] + sum_by(y, lower, n=n + 1)[1:]


def prepare(model: Model) -> Laplace:
    """Return the model, planned and ready to be evaluated."""
    return Laplace(model, make_plan(model))

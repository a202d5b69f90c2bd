r"""Jumps of the standard deviations, with the effects carried along.

Several standard deviations that share the same variation (scenario:release and response) trade off slowly in small steps,
because every effect has to follow. Here they are proposed anew, all together, and the effects follow at once: with the
likelihood taken as quadratic about the mode, effects given σ are normal with mean û(σ) and square root of the covariance S(σ);
u = û(σ) + S(σ)z is moved to û(σ′) + S(σ′)z with the same z. The jump is accepted with the probability that makes it exact
(Metropolis and Hastings, with the determinant of the map).
"""

from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.mixed.blocks import factorise
from driftgauge.measure.mixed.laplace import Evaluation
from driftgauge.measure.mixed.target import Target
from driftgauge.measure.mixed.whitening import SquareRoot, square_root

_DF = 5.0
"""Of the t distribution that standard deviations are proposed from."""
_WIDER = 1.2


@dataclass(frozen=True)
class Surrogate:
    """What the effects would be for other standard deviations: mean and square root of their covariance."""

    mean: FloatArray
    root: SquareRoot


@dataclass(frozen=True)
class Jumps:
    """Proposals for s, given the other parameters.

    Parameters
    ----------
    target
        The joint density.
    at
        The mode.
    centre, covariance
        Of x, about.
    """

    target: Target
    at: Evaluation
    centre: FloatArray
    covariance: FloatArray

    def told(self, x: FloatArray) -> FloatArray:
        """Return what the ratings say of each effect at coefficients and thresholds, with the likelihood taken as quadratic."""
        engine, at = self.target.engine, self.at
        by_rating = at.at.score + at.at.weight * engine.plan.gather(engine.scale(at.point.sigma) * at.mode)
        return engine.plan.scatter(by_rating + engine.shift(at, engine.point(x)))

    def surrogate(self, x: FloatArray, told: FloatArray) -> Surrogate:
        """Return the effects u = b/σ at standard deviations, from what was told."""
        engine = self.target.engine
        scale = engine.scale(engine.point(x).sigma)
        root = square_root(factorise(engine.plan, self.at.at.weight, scale))
        return Surrogate(root.factor.solve(scale * told), root)

    def propose(self, x: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, float]:
        """Return proposed parameters and the log density of proposing the present less that of proposing them."""
        n = self.target.engine.n_fixed
        fixed, cross, own = self.covariance[:n, :n], self.covariance[n:, :n], self.covariance[n:, n:]
        slope = np.linalg.solve(fixed, cross.T).T
        centre = self.centre[n:] + slope @ (x[:n] - self.centre[:n])
        root = _WIDER * np.linalg.cholesky(own - slope @ cross.T)
        size = len(centre)
        proposed = centre + root @ (rng.standard_normal(size) * np.sqrt(_DF / rng.chisquare(_DF)))

        def log_density(s: FloatArray) -> float:
            white = np.linalg.solve(root, s - centre)
            return -0.5 * (_DF + size) * float(np.log1p(white @ white / _DF))

        return np.concatenate([x[:n], proposed]), log_density(x[n:]) - log_density(proposed)

    def step(
        self, w: FloatArray, x: FloatArray, value: float, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray] | None:
        """Return new effects and parameters, or None when the jump was not accepted."""
        target, engine = self.target, self.target.engine
        moved, balance = self.propose(x, rng)
        sigma = [np.where(target.padded, 1.0, engine.scale(engine.point(each).sigma)) for each in (x, moved)]
        if not (sigma[1] > 0).all():
            return None
        told = self.told(x)
        before, after = self.surrogate(x, told), self.surrogate(moved, told)
        u = target.effects(w, x) / sigma[0]
        white = before.root.uncolour(u - before.mean)
        carried = target.whitened(sigma[1] * (after.mean + after.root.colour(white)), moved)
        carried = np.where(target.padded, w, carried)
        found = target.evaluate(carried, moved)[0]
        # |∂w′/∂w| of the map w → b → u → z → u′ → b′ → w′
        grown = -0.5 * (after.root.factor.log_det - before.root.factor.log_det)
        grown += target.log_stretch(moved) - target.log_stretch(x)
        if np.log(rng.random()) < found - value + balance + grown:
            return carried, moved
        return None

r"""The engine `posterior`: Hamiltonian Monte Carlo on effects and parameters, whitened with the Laplace approximation.

At the mode of the Laplace approximation of the posterior, x̂, with covariance LLᵀ of x there, effects and parameters are written

.. math:: x = \hat x + L z_x, \qquad w = B(x - \hat x) + D S z_w, \qquad SS^\top = H^{-1},

B being how the mode of the effects moves with x, and D how far a unit of u goes in w. If the posterior were normal, z would be
standard normal; `hamiltonian` samples it exactly whatever it is, and takes as many steps as it departs from that; `jump` moves
the standard deviations.
"""

from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import repeat
from multiprocessing import get_context
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.mixed import curvature
from driftgauge.measure.mixed.design import Design
from driftgauge.measure.mixed.draws import Draws, Effects, Sampled, Sampling
from driftgauge.measure.mixed.hamiltonian import Chain
from driftgauge.measure.mixed.jump import Jumps
from driftgauge.measure.mixed.laplace import Evaluation, Point, prepare
from driftgauge.measure.mixed.optimise import Optimum, maximise
from driftgauge.measure.mixed.start import Start, fixed_blocks, start
from driftgauge.measure.mixed.target import PRIOR_SD, Penalised, Target, penalised
from driftgauge.measure.mixed.whitening import SquareRoot, square_root

DRAWS: Final = 500
TUNE: Final = 150
_FIRST_SIGMA: Final = 0.7
_KNEE: Final = 3.0
"""The standard deviation at the mode over its knee."""
_TOLERANCE: Final = 1e-6
_MOST_EVALUATIONS: Final = 300
_TRAJECTORIES: Final = 3
"""Between one jump and the next; each ends in a draw."""

Said = Callable[[str], None]
"""What is told about long work."""


def sample(
    design: Design,
    *,
    rng: np.random.Generator,
    sampling: Sampling | None = None,
    said: Said | None = None,
) -> Sampled:
    """Draw from the posterior of a design.

    Parameters
    ----------
    design
        Of a preset or a formula; categories that nobody used are kept (`with_all_categories`).
    rng
        Every chain gets a child of it.
    sampling
        How much.
    said
        Is told what is being done.
    """
    how, tell = sampling or Sampling(), said or _quiet
    wanted, tune = how.draws or DRAWS, TUNE if how.tune is None else how.tune
    tell("finding the mode")
    posterior = whitened(design)
    walks = [Walk(posterior, Chain(posterior.density, r.standard_normal(posterior.size), r)) for r in rng.spawn(how.chains)]
    with _workers(min(how.n_jobs, how.chains)) as map_over:
        tell(f"tuning {how.chains} chains")
        walks = map_over(_tuned, walks, repeat(tune))
        while True:
            tell(f"drawing {wanted} from each of {how.chains} chains")
            walks = map_over(_gone_on, walks, repeat(wanted))
            diverged = sum(walk.chain.divergences for walk in walks)
            found = Draws(design.parameters, np.array([walk.values for walk in walks]), diverged)
            if wanted >= how.most_draws or found.problem() is None:
                break
            wanted = min(2 * wanted, how.most_draws)
    jumped = [each for walk in walks for each in walk.jumped]
    settings = {
        "chains": how.chains,
        "draws": wanted,
        "tune": tune,
        "acceptance": float(np.mean([share for walk in walks for share in walk.chain.accepted])),
        "jumps_accepted": float(np.mean(jumped)) if jumped else None,
    }
    effects = _effects(posterior.target.engine, walks)
    return Sampled(found, effects, settings, sum(walk.chain.gradients for walk in walks))


def _quiet(_: str) -> None: ...


@contextmanager
def _workers(n_jobs: int) -> Generator[Callable[..., "list[Walk]"]]:
    """Yield a map, over processes of their own where there is more than one. Started anew, not forked: Polars has threads."""
    if n_jobs <= 1:
        yield lambda *arguments: list(map(*arguments))
        return
    with ProcessPoolExecutor(n_jobs, mp_context=get_context("spawn")) as pool:
        yield lambda *arguments: list(pool.map(*arguments))


def _tuned(walk: "Walk", trajectories: int) -> "Walk":
    walk.tune(trajectories)
    return walk


def _gone_on(walk: "Walk", draws: int) -> "Walk":
    walk.go_on(draws)
    return walk


@dataclass
class Walk:
    """A chain that jumps now and then, and what it has seen."""

    posterior: "Whitened"
    chain: Chain
    values: list[FloatArray] = field(default_factory=list[FloatArray])
    jumped: list[bool] = field(default_factory=list[bool])
    total: FloatArray | None = None
    squares: FloatArray | None = None

    def tune(self, trajectories: int) -> None:
        """Move on without keeping anything."""
        third = max(1, trajectories // 3)
        self.chain.tune(third)
        for _ in range(third // _TRAJECTORIES):
            self._jump()
            self.chain.step()
        self.chain.tune(third)
        self.jumped = []

    def go_on(self, draws: int) -> None:
        """Move on until there are so many draws."""
        while len(self.values) < draws:
            self.chain.step()
            if len(self.values) % _TRAJECTORIES == 0:
                self._jump()
            w, x = self.posterior.unwhitened(self.chain.z)
            point, b = self.posterior.target.engine.point(x), self.posterior.target.effects(w, x)
            self.values.append(np.concatenate([point.beta, point.thresholds, point.sigma]))
            self.total = b if self.total is None else self.total + b
            self.squares = b**2 if self.squares is None else self.squares + b**2

    def _jump(self) -> None:
        if not self.posterior.target.engine.model.groupings:
            return
        w, x = self.posterior.unwhitened(self.chain.z)
        found = self.posterior.jumps.step(w, x, self.chain.here()[0], self.chain.rng)
        self.jumped.append(found is not None)
        if found is not None:
            self.chain.move(self.posterior.rewhitened(*found))


def _effects(engine: Penalised, walks: list[Walk]) -> dict[str, Effects]:
    """Return posterior mean and standard deviation of every level's effect."""
    n = sum(len(walk.values) for walk in walks)
    mean = np.sum([walk.total for walk in walks if walk.total is not None], axis=0) / n
    squares = np.sum([walk.squares for walk in walks if walk.squares is not None], axis=0) / n
    spread = np.sqrt(np.maximum(squares - mean**2, 0.0))
    return {
        each.name: Effects(engine.levels(mean, t), engine.levels(spread, t)) for t, each in enumerate(engine.model.groupings)
    }


@dataclass(frozen=True)
class Whitened:
    """The posterior in the coordinates z = (z_w, z_x)."""

    target: Target
    at: FloatArray
    root: SquareRoot
    stretch: FloatArray
    spread: FloatArray
    moves: FloatArray
    jumps: Jumps

    @property
    def size(self) -> int:
        """Effects and parameters."""
        return len(self.stretch) + len(self.at)

    def unwhitened(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return w and x."""
        n = len(self.stretch)
        change = self.spread @ z[n:]
        return self.moves @ change + self.stretch * self.root.colour(z[:n]), self.at + change

    def rewhitened(self, w: FloatArray, x: FloatArray) -> FloatArray:
        """Return z of w and x."""
        change = x - self.at
        white = np.asarray(np.linalg.solve(self.spread, change), dtype=np.float64)
        return np.concatenate([self.root.uncolour((w - self.moves @ change) / self.stretch), white])

    def density(self, z: FloatArray) -> tuple[float, FloatArray]:
        """Return the log density and its gradient at z."""
        value, in_w, in_x = self.target.evaluate(*self.unwhitened(z))
        return value, np.concatenate([self.root.whiten(self.stretch * in_w), self.spread.T @ (in_x + self.moves.T @ in_w)])


def whitened(design: Design) -> Whitened:
    """Return the posterior of a design, whitened."""
    engine = penalised(design.model)
    first = _start(engine)
    best = maximise(engine, first, tolerance=_TOLERANCE, most=_MOST_EVALUATIONS)
    bent = replace(engine, knee=best.evaluation.point.sigma / _KNEE)
    best = maximise(bent, _carried(best, engine, bent), tolerance=_TOLERANCE, most=_MOST_EVALUATIONS)
    engine, at = bent, best.evaluation
    every = np.ones(engine.n_parameters, dtype=np.bool_)
    precision = curvature.hessian(engine, at, covariance=best.inverse_hessian, free=every)
    target, stretch = _target(engine, at)
    centre, spread = engine.vector(at.point), _spread(precision)
    jumps = Jumps(target, at, centre, spread @ spread.T)
    return Whitened(target, centre, square_root(at.factor), stretch, spread, _moves(target, at, stretch), jumps)


def _target(engine: Penalised, at: Evaluation) -> tuple[Target, FloatArray]:
    """Return the joint density, and how far a unit of u goes in w."""
    sigma = engine.scale(at.point.sigma)
    padded = sigma == 0
    variance = np.where(padded, 1.0, sigma) ** 2
    odds = np.where(padded, 0.0, 1 / at.diagonal - 1)
    told = np.where(padded, 0.0, sigma * at.mode * (1 + odds) / variance)
    return Target(engine, odds / variance, told), np.sqrt(1 + odds)


def _start(engine: Penalised) -> Start:
    """Return where the search for the mode begins: where the likelihood would lead without priors, kept within reach."""
    model, counts = engine.model, engine.plan.outcome.counts
    share = np.cumsum((counts + 0.5) / (counts + 0.5).sum())[:-1]
    logits = np.log(share / (1 - share))
    fixed = np.zeros(engine.n_fixed)
    if model.n_thresholds:
        fixed[len(model.columns) :] = logits
    elif "(Intercept)" in model.columns:
        fixed[model.columns.index("(Intercept)")] = -logits[0]
    cuts = fixed[len(model.columns) :]
    point = Point(fixed[: len(model.columns)], cuts, np.full(len(model.groupings), _FIRST_SIGMA))
    information = np.eye(engine.n_parameters)
    if counts.min() > 0:
        found = start(prepare(model), fixed)
        point, information = found.point, found.information
    return Start(_within(point), _definite(_in_x(engine, _within(point), information)))


def _within(point: Point) -> Point:
    """Return the point, with everything where the priors can bring it back from."""
    cuts = point.thresholds
    if len(cuts):
        cuts = np.clip(cuts[0], -6.0, 6.0) + np.concatenate([[0.0], np.cumsum(np.clip(np.diff(cuts), 0.02, 6.0))])
    return Point(np.clip(point.beta, -4.0, 4.0), cuts, np.clip(point.sigma, 0.05, 6.0))


def _definite(matrix: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(np.abs(values), 0.1)) @ vectors.T, dtype=np.float64)


def _carried(best: Optimum, before: Penalised, after: Penalised) -> Start:
    """Return where a search ended, as a start in other coordinates."""
    point = best.evaluation.point
    turn = np.linalg.solve(before.turned(point), after.turned(point))
    information = np.linalg.pinv(best.inverse_hessian, hermitian=True)
    return Start(point, np.asarray(turn.T @ information @ turn, dtype=np.float64))


def _in_x(engine: Penalised, point: Point, information: FloatArray) -> FloatArray:
    """Return an information of (β, θ, log σ) as one of x, with that of the priors of β and θ."""
    known = np.concatenate([np.full(engine.n_fixed, 1 / PRIOR_SD**2), np.zeros(len(information) - engine.n_fixed)])
    jacobian = engine.turned(point)
    return jacobian.T @ (information + np.diag(known)) @ jacobian


def _spread(precision: FloatArray) -> FloatArray:
    """Return L with LLᵀ = precision⁻¹, through eigenvalues: a direction that is flat at the mode is given the prior's width."""
    values, vectors = np.linalg.eigh(precision)
    return np.asarray(vectors / np.sqrt(np.maximum(values, 0.25)), dtype=np.float64)


def _moves(target: Target, at: Evaluation, stretch: FloatArray) -> FloatArray:
    """Return how the mode of w moves with x: that of b, less what b moves by itself when w stays."""
    engine, scale = target.engine, target.engine.scale(at.point.sigma)
    cross, _, _ = fixed_blocks(engine, at.point, at.at)
    columns = [-at.factor.solve(scale[:, None] * cross)]
    for t in range(len(engine.model.groupings)):
        own = np.where(engine.plan.grouping == t, at.mode, 0.0)
        columns.append(2 * (at.factor.solve(own) - own / stretch**2)[:, None])
    return stretch[:, None] * np.column_stack(columns) @ engine.turned(at.point)

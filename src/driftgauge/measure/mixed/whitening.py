r"""A square root S of the inverse Hessian, SSᵀ = H⁻¹, from the blocks that were eliminated.

Block elimination writes H⁻¹ = W D⁻¹ Wᵀ: D holds the blocks A and the Schur complement, W puts what was solved for back into
what was eliminated before it. With C the Cholesky factor of D⁻¹, S = WC. It turns white noise into effects that vary and covary
as the Laplace approximation says.
"""

from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.mixed.blocks import Factor
from driftgauge.measure.mixed.plan import Group


@dataclass(frozen=True)
class _Part:
    """A group of inner blocks with the Cholesky factors of their inverses."""

    group: Group
    root: FloatArray
    to_outer: FloatArray
    to_crossed: FloatArray


@dataclass(frozen=True)
class SquareRoot:
    """S, applied without being formed."""

    factor: Factor
    inner: tuple[_Part, ...]
    outer: FloatArray
    crossed: FloatArray

    def colour(self, white: FloatArray) -> FloatArray:
        """Return Sz."""
        plan = self.factor.plan
        crossed = self.crossed @ white[plan.n_slots :]
        outer = _times(self.outer, white[: plan.n_outer_slots].reshape(plan.n_outer, plan.outer_width))
        outer -= self.factor.outer.to_crossed @ crossed
        inner = white[plan.n_outer_slots : plan.n_slots].reshape(plan.n_inner, plan.inner_width)
        found = np.empty_like(inner)
        for part in self.inner:
            group = part.group
            own = _times(part.root, inner[group.blocks]) - part.to_crossed @ crossed[group.columns]
            own -= _times(part.to_outer, outer[group.outer if group.span is None else group.span])
            found[group.blocks] = own
        return np.concatenate([outer.ravel(), found.ravel(), crossed])

    def uncolour(self, effects: FloatArray) -> FloatArray:
        """Return z from Sz."""
        plan = self.factor.plan
        outer = effects[: plan.n_outer_slots].reshape(plan.n_outer, plan.outer_width)
        inner = effects[plan.n_outer_slots : plan.n_slots].reshape(plan.n_inner, plan.inner_width)
        crossed = effects[plan.n_slots :]
        found = np.empty_like(inner)
        for part in self.inner:
            group = part.group
            own = inner[group.blocks] + part.to_crossed @ crossed[group.columns]
            own += _times(part.to_outer, outer[group.outer if group.span is None else group.span])
            found[group.blocks] = np.linalg.solve(part.root, own[:, :, None])[:, :, 0]
        top = outer + self.factor.outer.to_crossed @ crossed
        white = np.linalg.solve(self.outer, top[:, :, None])[:, :, 0]
        last = np.linalg.solve(self.crossed, crossed)
        return np.asarray(np.concatenate([white.ravel(), found.ravel(), last]), dtype=np.float64)

    def whiten(self, slope: FloatArray) -> FloatArray:
        """Return Sᵀg."""
        plan = self.factor.plan
        outer = slope[: plan.n_outer_slots].reshape(plan.n_outer, plan.outer_width).copy()
        inner = slope[plan.n_outer_slots : plan.n_slots].reshape(plan.n_inner, plan.inner_width)
        crossed = slope[plan.n_slots :].copy()
        found = np.empty_like(inner)
        for part in self.inner:
            group, own = part.group, inner[part.group.blocks]
            found[group.blocks] = _times(part.root.transpose(0, 2, 1), own)
            crossed[group.columns] -= _flat(part.to_crossed).T @ own.ravel()
            taken = _times(part.to_outer.transpose(0, 2, 1), own)
            if group.span is not None:
                outer[group.span] -= taken
            else:
                np.subtract.at(outer, group.outer, taken)
        crossed -= _flat(self.factor.outer.to_crossed).T @ outer.ravel()
        outer = _times(self.outer.transpose(0, 2, 1), outer)
        return np.concatenate([outer.ravel(), found.ravel(), self.crossed.T @ crossed])


def square_root(factor: Factor) -> SquareRoot:
    """Return the square root of the inverse of a factorised Hessian.

    Examples
    --------
    >>> from driftgauge.measure.mixed.blocks import factorise
    >>> from driftgauge.measure.mixed.model import Grouping, Model
    >>> from driftgauge.measure.mixed.plan import make_plan
    >>> none = np.zeros(1, dtype=np.int64)
    >>> item = (Grouping("item", none, ("a",)),)
    >>> plan = make_plan(Model("bernoulli", none, ("0", "1"), np.ones((1, 1)), none, ("one",), item, np.ones(1), np.zeros(1)))
    >>> root = square_root(factorise(plan, np.array([0.75]), np.array([2.0])))
    >>> root.colour(np.ones(1)).tolist(), root.whiten(np.ones(1)).tolist()
    ([0.5], [0.5])
    """
    inner = tuple(
        _Part(group, _cholesky(part.inverse), part.to_outer, part.to_crossed)
        for group, part in zip(factor.plan.groups, factor.inner, strict=True)
    )
    return SquareRoot(factor, inner, _cholesky(factor.outer.inverse), _cholesky(factor.schur_inverse))


def _cholesky(matrix: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.cholesky(matrix), dtype=np.float64)


def _times(blocks: FloatArray, values: FloatArray) -> FloatArray:
    return np.einsum("bij,bj->bi", blocks, values)


def _flat(blocks: FloatArray) -> FloatArray:
    return blocks.reshape(blocks.shape[0] * blocks.shape[1], blocks.shape[2])

r"""The arrowhead solver: blocks within blocks, then one dense matrix, and the entries of the inverse that the gradient needs.

The negative Hessian of the penalised log-likelihood in the standardised effects u (b = Λu) is H = I + ΛZᵀWZΛ. Its inner blocks
are eliminated first, then its outer blocks; in each step a block A with cross-products R to what is left takes RᵀA⁻¹R from it,
and log|A| goes into log|H|. What is left at last is the Schur complement of the crossed effects.
"""

from dataclasses import dataclass

import numpy as np

from driftgauge.measure.arrays import FloatArray, IntArray, sum_by
from driftgauge.measure.mixed.plan import Group, Plan


@dataclass(frozen=True)
class Eliminated:
    """Blocks A of one size, with G = A⁻¹R split by what is left: outer slots and crossed levels.

    Parameters
    ----------
    inverse
        (blocks, width, width) A⁻¹.
    to_outer
        (blocks, width, outer width); of no width for the outer blocks themselves.
    to_crossed
        (blocks, width, columns).
    """

    inverse: FloatArray
    to_outer: FloatArray
    to_crossed: FloatArray


@dataclass(frozen=True)
class Factor:
    """A factorised Hessian: what was eliminated, the inverse of what was left, and log|H|."""

    plan: Plan
    inner: tuple[Eliminated, ...]
    outer: Eliminated
    schur_inverse: FloatArray
    log_det: float

    def solve(self, right: FloatArray) -> FloatArray:
        """Return H⁻¹ times a vector (effects,) or columns (effects, q)."""
        plan, q = self.plan, 1 if right.ndim == 1 else right.shape[1]
        top = right[: plan.n_outer_slots].reshape(plan.n_outer, plan.outer_width, q).copy()
        inner = right[plan.n_outer_slots : plan.n_slots].reshape(plan.n_inner, plan.inner_width, q)
        crossed = right[plan.n_slots :].reshape(plan.n_crossed, q).copy()
        for group, part in zip(plan.groups, self.inner, strict=True):
            own = inner[group.blocks]
            _subtract(top, group, _turned(part.to_outer) @ own)
            crossed[group.columns] -= _flat(part.to_crossed).T @ own.reshape(-1, q)
        crossed = self.schur_inverse @ (crossed - _flat(self.outer.to_crossed).T @ top.reshape(-1, q))
        top = self.outer.inverse @ top - self.outer.to_crossed @ crossed
        solved = [top.reshape(-1, q)]
        for group, part in zip(plan.groups, self.inner, strict=True):
            own = part.inverse @ inner[group.blocks]
            own -= part.to_outer @ _of_outer(top, group) + part.to_crossed @ crossed[group.columns]
            solved.append(own.reshape(-1, q))
        return np.concatenate([*solved, crossed]).reshape(right.shape)


@dataclass(frozen=True)
class Inverse:
    """What the gradient needs of H⁻¹: the variance of each rating's linear predictor, and the diagonal."""

    leverage: FloatArray
    diagonal: FloatArray


def factorise(plan: Plan, weight: FloatArray, sigma: FloatArray) -> Factor:
    """Return the factorised Hessian.

    Parameters
    ----------
    plan
        The layout.
    weight
        (n,) minus the second derivative of each rating's log-likelihood in its linear predictor.
    sigma
        (effects,) standard deviation of each effect; 0 where a slot is padding.

    Examples
    --------
    One rating of weight 1/4 with one effect of sd 2: H = 1 + 4/4.

    >>> from driftgauge.measure.mixed.model import Grouping, Model
    >>> from driftgauge.measure.mixed.plan import make_plan
    >>> none = np.zeros(1, dtype=np.int64)
    >>> item = (Grouping("item", none, ("a",)),)
    >>> plan = make_plan(Model("bernoulli", none, ("0", "1"), np.ones((1, 1)), none, ("one",), item, np.ones(1), np.zeros(1)))
    >>> factor = factorise(plan, np.array([0.25]), np.array([2.0]))
    >>> round(float(np.exp(factor.log_det)), 12), factor.solve(np.array([1.0])).round(12).tolist()
    (2.0, [0.5])
    """
    by_cell = plan.cell_sum(weight)
    outer, crossed = _outer_scale(plan, sigma), sigma[plan.n_slots :]
    schur = _crossed_block(plan, weight, crossed)
    block = _outer_blocks(plan, by_cell, outer)
    cross = _outer_cross(plan, weight, outer, crossed)
    inner: list[Eliminated] = []
    log_det = 0.0
    for group in plan.groups:
        part, log_part = _eliminate_group(plan, group, weight, by_cell, sigma, left=(block, cross, schur))
        inner.append(part)
        log_det += log_part
    inverse, log_part = _inverse(block)
    spread = inverse @ cross
    schur -= _flat(cross).T @ _flat(spread)
    lower = np.linalg.cholesky(schur)
    log_det += log_part + 2 * float(np.log(np.diagonal(lower)).sum())
    lower_inverse = np.linalg.inv(lower)
    done = Eliminated(inverse, np.zeros((plan.n_outer, plan.outer_width, 0)), spread)
    return Factor(plan, tuple(inner), done, lower_inverse.T @ lower_inverse, log_det)


def _eliminate_group(
    plan: Plan,
    group: Group,
    weight: FloatArray,
    by_cell: FloatArray,
    sigma: FloatArray,
    *,
    left: tuple[FloatArray, FloatArray, FloatArray],
) -> tuple[Eliminated, float]:
    """Eliminate a group of inner blocks; what they take from the rest is taken from `left` in place."""
    block, cross, schur = left
    own, outer, crossed = _inner_scale(plan, group, sigma), _outer_scale(plan, sigma), sigma[plan.n_slots :]
    inverse, log_det = _inverse(_inner_blocks(plan, group, by_cell, own))
    to_outer = _inner_outer(plan, group, by_cell) * own[:, :, None] * _of_outer(outer, group)[:, None, :]
    to_crossed = _inner_cross(plan, group, weight) * own[:, :, None] * crossed[group.columns]
    part = Eliminated(inverse, inverse @ to_outer, inverse @ to_crossed)
    _subtract(block, group, _turned(to_outer) @ part.to_outer)
    taken = _turned(to_outer) @ part.to_crossed
    for of_all, of_group in group.runs:
        _subtract(cross[:, :, of_all], group, taken[:, :, of_group])
    schur[np.ix_(group.columns, group.columns)] -= _flat(to_crossed).T @ _flat(part.to_crossed)
    return part, log_det


def _inverse(blocks: FloatArray) -> tuple[FloatArray, float]:
    """Return the inverse of each positive definite block, and the sum of log-determinants."""
    if blocks.shape[1] == 1:
        return 1 / blocks, float(np.log(blocks).sum())
    lower = np.linalg.cholesky(blocks)
    lower_inverse = np.asarray(np.linalg.inv(lower), dtype=np.float64)
    return _turned(lower_inverse) @ lower_inverse, 2 * float(np.log(np.diagonal(lower, axis1=1, axis2=2)).sum())


def _turned(blocks: FloatArray) -> FloatArray:
    return blocks.transpose(0, 2, 1)


def _flat(blocks: FloatArray) -> FloatArray:
    return blocks.reshape(blocks.shape[0] * blocks.shape[1], blocks.shape[2])


def _subtract(total: FloatArray, group: Group, values: FloatArray) -> None:
    """Take what inner blocks say from their outer blocks."""
    if group.span is not None:
        total[group.span] -= values
        return
    starts = np.flatnonzero(np.diff(group.outer, prepend=-1))
    total[group.outer[starts]] -= np.add.reduceat(values, starts, axis=0)


def _of_outer(values: FloatArray, group: Group) -> FloatArray:
    """Return for each inner block what its outer block has."""
    return values[group.outer if group.span is None else group.span]


def _of_columns(values: FloatArray, group: Group) -> FloatArray:
    """Return the group's crossed levels of the last axis."""
    return np.concatenate([values[..., of_all] for of_all, _ in group.runs], axis=-1) if group.runs else values[..., :0]


def _outer_scale(plan: Plan, sigma: FloatArray) -> FloatArray:
    return sigma[: plan.n_outer_slots].reshape(plan.n_outer, plan.outer_width)


def _inner_scale(plan: Plan, group: Group, sigma: FloatArray) -> FloatArray:
    inner = sigma[plan.n_outer_slots : plan.n_slots].reshape(plan.n_inner, plan.inner_width)
    return inner[group.blocks]


def _crossed_block(plan: Plan, weight: FloatArray, sigma: FloatArray) -> FloatArray:
    """Return I + ΛZᵀWZΛ of the crossed effects."""
    size = plan.n_crossed
    total = np.zeros(size * size)
    for i, first in enumerate(plan.crossed_codes):
        total[:: size + 1] += sum_by(first, weight, n=size)
        for second in plan.crossed_codes[i + 1 :]:
            part = sum_by(first * size + second, weight, n=size * size)
            total += part + part.reshape(size, size).T.ravel()
    return total.reshape(size, size) * sigma[:, None] * sigma + np.eye(size)


def _pairs(rows: IntArray, columns: IntArray, by_cell: FloatArray, *, width: int, n: int) -> FloatArray:
    """Sum the cells' weights into blocks of slots (`rows` over all blocks) by slots (`columns` within the block)."""
    total = np.zeros(n)
    for row in rows:
        for column in columns:
            total += sum_by(row * width + column, by_cell, n=n)
    return total


def _outer_blocks(plan: Plan, by_cell: FloatArray, scale: FloatArray) -> FloatArray:
    n, width = plan.n_outer, plan.outer_width
    within = plan.outer_slots % max(width, 1)
    total = _pairs(plan.outer_slots, within, by_cell, width=width, n=n * width * width).reshape(n, width, width)
    return total * scale[:, :, None] * scale[:, None, :] + np.eye(width)


def _outer_cross(plan: Plan, weight: FloatArray, scale: FloatArray, crossed: FloatArray) -> FloatArray:
    total = _placed(plan.outer_places, weight, n=plan.n_outer_slots * plan.n_crossed)
    return total.reshape(plan.n_outer, plan.outer_width, plan.n_crossed) * scale[:, :, None] * crossed


def _placed(places: IntArray, weight: FloatArray, *, n: int) -> FloatArray:
    if not n or not len(places):
        return np.zeros(n)
    total = sum_by(places[0], weight, n=n)
    for place in places[1:]:
        total += sum_by(place, weight, n=n)
    return total


def _inner_slots(plan: Plan, group: Group) -> IntArray:
    """Return the slot of each cell of a group, counted from the group's first."""
    return plan.inner_slots[:, group.cells] - plan.n_outer_slots - group.blocks.start * plan.inner_width


def _inner_blocks(plan: Plan, group: Group, by_cell: FloatArray, scale: FloatArray) -> FloatArray:
    n, width = len(group.outer), plan.inner_width
    slots = _inner_slots(plan, group)
    total = _pairs(slots, slots % width, by_cell[group.cells], width=width, n=n * width * width)
    return total.reshape(n, width, width) * scale[:, :, None] * scale[:, None, :] + np.eye(width)


def _inner_outer(plan: Plan, group: Group, by_cell: FloatArray) -> FloatArray:
    n, width, wide = len(group.outer), plan.inner_width, plan.outer_width
    columns = plan.outer_slots[:, group.cells] % max(wide, 1)
    total = _pairs(_inner_slots(plan, group), columns, by_cell[group.cells], width=wide, n=n * width * wide)
    return total.reshape(n, width, wide)


def _inner_cross(plan: Plan, group: Group, weight: FloatArray) -> FloatArray:
    n, width, wide = len(group.outer), plan.inner_width, len(group.columns)
    return _placed(group.places, weight[group.rows], n=n * width * wide).reshape(n, width, wide)


def selected_inverse(plan: Plan, factor: Factor, sigma: FloatArray) -> Inverse:
    """Return the variance (ZΛH⁻¹ΛZᵀ)_ii of each rating's linear predictor, and the diagonal of H⁻¹."""
    crossed, outer = sigma[plan.n_slots :], _outer_scale(plan, sigma)
    spread = factor.outer.to_crossed
    between = -(spread @ factor.schur_inverse)
    within = factor.outer.inverse - between @ _turned(spread)
    by_cell = _gathered(plan.outer_slots, plan.outer_slots % max(plan.outer_width, 1), _scaled(within, outer))
    leverage = _gathered_crossed(plan, factor.schur_inverse * crossed[:, None] * crossed)
    _add_placed(leverage, plan.outer_places, between * outer[:, :, None] * crossed)
    diagonal = [np.diagonal(within, axis1=1, axis2=2).ravel()]
    for group, part in zip(plan.groups, factor.inner, strict=True):
        own, near = _inner_scale(plan, group, sigma), _of_outer(_of_columns(between, group), group)
        far = factor.schur_inverse[np.ix_(group.columns, group.columns)]
        to_outer = part.to_outer @ _of_outer(within, group) + part.to_crossed @ _turned(near)
        to_crossed = part.to_outer @ near + (_flat(part.to_crossed) @ far).reshape(part.to_crossed.shape)
        blocks = part.inverse + to_outer @ _turned(part.to_outer) + to_crossed @ _turned(part.to_crossed)
        diagonal.append(np.diagonal(blocks, axis1=1, axis2=2).ravel())
        slots = _inner_slots(plan, group)
        by_cell[group.cells] += _gathered(slots, slots % plan.inner_width, _scaled(blocks, own))
        columns = plan.outer_slots[:, group.cells] % max(plan.outer_width, 1)
        paired = to_outer * own[:, :, None] * _of_outer(outer, group)[:, None, :]
        by_cell[group.cells] -= 2 * _gathered(slots, columns, paired)
        _add_placed(leverage[group.rows], group.places, -to_crossed * own[:, :, None] * crossed[group.columns])
    leverage += by_cell[plan.cell]
    return Inverse(leverage, np.concatenate([*diagonal, np.diagonal(factor.schur_inverse)]))


def _scaled(blocks: FloatArray, scale: FloatArray) -> FloatArray:
    return blocks * scale[:, :, None] * scale[:, None, :]


def _gathered(rows: IntArray, columns: IntArray, blocks: FloatArray) -> FloatArray:
    """Return for each cell the sum of the entries of its slots (`rows` over all blocks, `columns` within)."""
    flat, width = blocks.ravel(), blocks.shape[2]
    total = np.zeros(rows.shape[1])
    for row in rows:
        for column in columns:
            total += flat[row * width + column]
    return total


def _gathered_crossed(plan: Plan, matrix: FloatArray) -> FloatArray:
    """Return for each rating the sum of the entries of its crossed levels."""
    total, flat = np.zeros(len(plan.row)), matrix.ravel()
    for i, first in enumerate(plan.crossed_codes):
        total += np.diagonal(matrix)[first]
        for second in plan.crossed_codes[i + 1 :]:
            total += 2 * flat[first * plan.n_crossed + second]
    return total


def _add_placed(total: FloatArray, places: IntArray, values: FloatArray) -> None:
    """Add twice the entries at each rating's places."""
    doubled = 2 * values.ravel()
    for place in places:
        total += doubled[place]

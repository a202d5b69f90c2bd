"""Columns of the fixed part: treatment coding without a formula library, and what any coding must offer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Protocol

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import FloatArray, IntArray


class Coding(Protocol):
    """How predictors become columns: of `TreatmentCoding` here, or of a formula (`formula.FormulaCoding`)."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, the intercept first where there is one."""
        ...

    @property
    def factors(self) -> Mapping[str, tuple[str, ...]]:
        """Levels of each categorical predictor, the reference first."""
        ...

    @property
    def numeric(self) -> Mapping[str, float]:
        """Numeric predictors and their means."""
        ...

    def rows(self, frame: pl.DataFrame) -> FloatArray:
        """Return the columns for the predictors of a frame."""
        ...


@dataclass(frozen=True)
class TreatmentCoding:
    """An intercept, and treatment contrasts of factors and of their products, named as R names them.

    Parameters
    ----------
    factors
        Levels of each factor, the reference first.
    terms
        The factors of each term: ``(("release",), ("modality",), ("release", "modality"))`` is ``release * modality``.

    Examples
    --------
    >>> factors = {"release": ("A", "B"), "modality": ("text-only", "multimodal")}
    >>> coding = TreatmentCoding(factors, (("release",), ("modality",)))
    >>> coding.columns
    ('(Intercept)', 'releaseB', 'modalitymultimodal')
    >>> coding.rows(pl.DataFrame({"release": ["B"], "modality": ["text-only"]})).tolist()
    [[1.0, 1.0, 0.0]]
    """

    factors: Mapping[str, tuple[str, ...]]
    terms: tuple[tuple[str, ...], ...]

    @property
    def numeric(self) -> Mapping[str, float]:
        """None: presets have factors only."""
        return {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The intercept, then the terms; the first factor's levels run fastest."""
        return ("(Intercept)", *(":".join(f"{f}{v}" for f, v in cells) for cells in self._cells()))

    def rows(self, frame: pl.DataFrame) -> FloatArray:
        """Return the columns for the factors of a frame."""
        codes = {name: level_codes(frame[name], levels, name) for name, levels in self.factors.items() if self._uses(name)}
        columns = [np.ones(len(frame))]
        for cells in self._cells():
            hits = [codes[name] == self.factors[name].index(level) for name, level in cells]
            columns.append(np.logical_and.reduce(hits).astype(float))
        return np.column_stack(columns)

    def _uses(self, factor: str) -> bool:
        return any(factor in term for term in self.terms)

    def _cells(self) -> list[tuple[tuple[str, str], ...]]:
        found: list[tuple[tuple[str, str], ...]] = []
        for term in self.terms:
            every = product(*(self.factors[name][1:] for name in reversed(term)))
            found += [tuple(zip(term, reversed(levels), strict=True)) for levels in every]
        return found


def level_codes(values: pl.Series, levels: Sequence[str], name: str) -> IntArray:
    """Return the place of each value among the levels.

    Examples
    --------
    >>> level_codes(pl.Series(["b", "a"]), ("a", "b"), "release").tolist()
    [1, 0]
    """
    known = dict(zip(levels, range(len(levels)), strict=True))
    codes = values.cast(pl.String).replace_strict(known, default=None, return_dtype=pl.Int64)
    if codes.null_count():
        unknown = values.filter(codes.is_null()).cast(pl.String).unique().sort().head(5).to_list()
        raise EstimationError(
            f"{name} has values that the model does not know: {', '.join(map(str, unknown))}",
            remedy=f"Known are {', '.join(levels)}.",
        )
    return codes.to_numpy().astype(np.int64)


def levels_of(values: pl.Series, *, reference: str | None = None) -> tuple[str, ...]:
    """Return the values in order (an Enum's own, else numbers by size, else text by name), the reference first.

    Examples
    --------
    >>> levels_of(pl.Series(["b", "a", "c"]), reference="c")
    ('c', 'a', 'b')
    """
    found = [str(each) for each in values.drop_nulls().unique().sort().cast(pl.String)]
    if reference is None:
        return tuple(found)
    if reference not in found:
        raise EstimationError(
            f"the reference level {reference!r} does not occur in {values.name}", remedy=f"Levels are {', '.join(found)}."
        )
    return (reference, *(each for each in found if each != reference))


@dataclass(frozen=True)
class Independent:
    """Columns that say something of their own.

    Parameters
    ----------
    kept
        Their places. A column that the ones before it add up to is left out, as R does.
    null
        (p, d) directions in which the coefficients can move without changing any fitted value; a combination of coefficients
        can be estimated only if it is orthogonal to them.
    """

    kept: IntArray
    null: FloatArray


def independent(x: FloatArray) -> Independent:
    """Return the columns that are linearly independent of the ones before them.

    Examples
    --------
    >>> independent(np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]])).kept.tolist()
    [0, 1]
    """
    kept: list[int] = []
    basis = np.zeros((len(x), 0))
    size = np.sqrt((x**2).sum(axis=0))
    for place in range(x.shape[1]):
        rest = x[:, place].copy()
        for _ in range(2):
            rest -= basis @ (basis.T @ rest)
        length = float(np.sqrt(rest @ rest))
        if length > 1e-8 * max(float(size[place]), 1e-300) and length > 0:
            kept.append(place)
            basis = np.column_stack([basis, rest / length])
    *_, rows = np.linalg.svd(x, full_matrices=len(x) < x.shape[1])
    rank = len(kept)
    return Independent(np.array(kept, dtype=np.int64), rows[rank:].T)

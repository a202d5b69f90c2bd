"""Formulas: Wilkinson notation for the fixed part (formulaic), ``(1 | a)`` terms for the random one.

formulaic is in the extra ``driftgauge[model]`` and is imported here alone, when a formula is used; presets do without it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError, needing
from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.mixed.coding import levels_of

_RANDOM = re.compile(r"\(\s*([^()|]*?)\s*\|\s*([^()|]*?)\s*\)")
_NAME = re.compile(r"^[A-Za-z_][\w.]*$")


@dataclass(frozen=True)
class Parsed:
    """A formula, taken apart: outcome, fixed part, and the columns of each random intercept."""

    outcome: str
    fixed: str
    groupings: tuple[tuple[str, ...], ...]


def parse(formula: str) -> Parsed:
    """Take a formula apart.

    Examples
    --------
    >>> parse("harm ~ release * modality + (1 | scenario/release) + (1|rater)")
    Parsed(outcome='harm', fixed='release * modality', groupings=(('scenario',), ('scenario', 'release'), ('rater',)))
    """
    outcome, tilde, right = formula.partition("~")
    if not tilde or not outcome.strip():
        raise _wrong(formula, "there is no outcome before a ~")
    groupings: list[tuple[str, ...]] = []
    for match in _RANDOM.finditer(right):
        if match[1] != "1":
            raise _wrong(formula, f"({match[1]} | {match[2]}): only random intercepts, (1 | …), can be fitted")
        groupings += [each for each in _expanded(formula, match[2]) if each not in groupings]
    fixed = re.sub(r"(\+\s*)+", "+ ", _RANDOM.sub("", right)).strip().strip("+").strip()
    if "|" in fixed:
        raise _wrong(formula, "a random term is not of the form (1 | a) or (1 | a:b)")
    return Parsed(outcome.strip(), fixed or "1", tuple(groupings))


def _expanded(formula: str, factor: str) -> list[tuple[str, ...]]:
    """``a:b`` is one grouping, ``a/b`` is a and a:b."""
    nested = [tuple(part.strip() for part in each.split(":")) for each in factor.split("/")]
    found = [sum(nested[: depth + 1], ()) for depth in range(len(nested))]
    for each in found:
        for name in each:
            if not _NAME.match(name):
                raise _wrong(formula, f"(1 | {factor}): {name!r} is not the name of a column")
    return found


def _wrong(formula: str, what: str) -> EstimationError:
    return EstimationError(f"formula {formula!r}: {what}", remedy="For example: harm ~ release * modality + (1 | scenario)")


@dataclass(frozen=True)
class FormulaCoding:
    """The columns that formulaic makes of a formula.

    Parameters
    ----------
    spec
        formulaic's model specification, with what transforms remembered of the data.
    factors, numeric
        Levels of the categorical predictors, the reference first; means of the numeric ones.
    """

    spec: Any
    factors: Mapping[str, tuple[str, ...]]
    numeric: Mapping[str, float]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names as R gives them: ``releaseB:modalitymultimodal``."""
        plain = (re.sub(r"\[T\.([^\]]*)\]", r"\1", name) for name in self.spec.column_names)
        return tuple("(Intercept)" if name == "Intercept" else name for name in plain)

    def rows(self, frame: pl.DataFrame) -> FloatArray:
        """Return the columns for the predictors of a frame."""
        return _matrix(self.spec.get_model_matrix(_pandas(frame, self.factors, list(self.numeric)), output="numpy"))


def _matrix(found: Any) -> FloatArray:
    return np.asarray(found, dtype=np.float64)


def fixed_names(fixed: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that the fixed part uses; those inside transforms too, which formulaic finds only with the data."""
    plain = re.sub(r"\"[^\"]*\"|'[^']*'", "", fixed)
    within = {name for name in re.findall(r"[A-Za-z_]\w*", plain) if name in columns}
    return tuple(sorted(within | set(_formulaic().Formula(fixed).required_variables)))


def formula_coding(fixed: str, frame: pl.DataFrame, *, reference: Mapping[str, str]) -> FormulaCoding:
    """Return the coding of a fixed part on complete rows.

    Parameters
    ----------
    fixed
        Right-hand side without random terms. The intercept stays: a cumulative model's thresholds take its place later.
    frame
        The data.
    reference
        The reference level of some factors; of others it is the first in order.
    """
    names = fixed_names(fixed, frame.columns)
    numeric = {name: float(_mean(frame[name])) for name in names if frame.schema[name].is_numeric()}
    unknown = [name for name in reference if name not in names or name in numeric]
    if unknown:
        raise EstimationError(f"reference names no factor of the formula: {', '.join(unknown)}")
    factors = {name: levels_of(frame[name], reference=reference.get(name)) for name in names if name not in numeric}
    found = _formulaic().Formula(fixed).get_model_matrix(_pandas(frame, factors, list(numeric)), output="numpy")
    if "Intercept" not in found.model_spec.column_names:
        raise EstimationError(f"{fixed}: the intercept cannot be left out", remedy="Remove 0 or -1 from the formula.")
    return FormulaCoding(found.model_spec, factors, numeric)


def _mean(values: pl.Series) -> float:
    found = values.cast(pl.Float64).to_numpy()
    return float(found.mean()) if len(found) else float("nan")


def _pandas(frame: pl.DataFrame, factors: Mapping[str, tuple[str, ...]], numeric: list[str]) -> Any:
    """Return what formulaic reads. It brings pandas along; nothing else here uses it."""
    pandas: Any = import_module("pandas")
    columns: dict[str, Any] = {name: frame[name].cast(pl.Float64).to_numpy() for name in numeric}
    for name, levels in factors.items():
        columns[name] = pandas.Categorical(frame[name].cast(pl.String).to_list(), categories=list(levels))
    return pandas.DataFrame(columns, index=range(len(frame)))


def _formulaic() -> Any:
    with needing("model"):
        return import_module("formulaic")

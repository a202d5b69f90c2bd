"""From a frame of ratings to a model: rows that can be used, codes, columns, and a record of what was left out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import FloatArray, IntArray
from driftgauge.measure.mixed.coding import Coding, Independent, independent, level_codes, levels_of
from driftgauge.measure.mixed.model import Family, Grouping, Model, drop_empty, validate


@dataclass(frozen=True)
class Design:
    """A model and how it came about.

    Parameters
    ----------
    model
        What the engine fits.
    coding
        Makes columns for other predictors.
    columns
        Which of the coding's columns are in the model, and what can be estimated.
    outcome, formula
        Names.
    empty
        Categories that nobody used.
    missing
        Rows left out because something was null or not a number.
    notes
        Terms and columns left out, with the reason.
    scale
        All categories in order, those that nobody used too.
    """

    model: Model
    coding: Coding
    columns: Independent
    outcome: str
    formula: str
    empty: tuple[str, ...]
    missing: int
    notes: tuple[str, ...]
    scale: tuple[str, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of coefficients, free thresholds (``1|2``) and standard deviations, in the order that the engines have."""
        names = self.model.categories
        cuts = [f"{low}|{high}" for low, high in pairwise(names)] if self.model.n_thresholds else []
        return (*self.model.columns, *cuts, *(each.name for each in self.model.groupings))

    @property
    def aliased(self) -> tuple[str, ...]:
        """Columns that others add up to."""
        return tuple(name for place, name in enumerate(self.coding.columns) if place not in set(self.columns.kept.tolist()))

    def estimable(self, frame: pl.DataFrame) -> tuple[FloatArray, FloatArray]:
        """Return the model's columns for predictors, and how far each row is from what the data can tell (0: it can)."""
        full = self.coding.rows(frame)
        kept = full[:, self.columns.kept]
        return (kept[:, 1:] if self.model.family == "cumulative" else kept), full @ self.columns.null


@dataclass(frozen=True)
class Request:
    """What is asked of `make_design`.

    Parameters
    ----------
    outcome, family
        The column and the kind of model.
    groupings
        Columns of each random intercept: ``(("scenario",), ("scenario", "release"))``.
    formula
        For the record.
    categories
        The categories of a cumulative outcome in order; else those that occur, in order.
    notes
        Terms that were already left out.
    """

    outcome: str
    family: Family
    groupings: tuple[tuple[str, ...], ...]
    formula: str
    categories: Sequence[object] | None = None
    notes: tuple[str, ...] = ()


def make_design(
    frame: pl.DataFrame, request: Request, *, coding: Coding, weights: FloatArray, offset: FloatArray, missing: int = 0
) -> Design:
    """Return the design of complete rows.

    Parameters
    ----------
    frame
        Rows without nulls in what the model uses (`complete`).
    request
        What to model.
    coding
        The fixed part.
    weights, offset
        Per row.
    missing
        Rows that were left out before.
    """
    y, categories = outcome_codes(frame[request.outcome], family=request.family, categories=request.categories)
    full, known, row = distinct_rows(frame, coding, offset)
    found = independent(full[np.unique(row[weights > 0])] if len(frame) else full)
    kept = found.kept[1:] if request.family == "cumulative" else found.kept  # thresholds stand for the intercept
    groupings, same = _distinct([grouping(frame, columns) for columns in request.groupings])
    model = Model(
        family=request.family,
        y=y,
        categories=categories,
        x=full[:, kept],
        row=row,
        columns=tuple(name for place, name in enumerate(coding.columns) if place in kept),
        groupings=groupings,
        weights=weights,
        offset=known,
    )
    fitted, empty = drop_empty(model) if len(frame) else (model, ())
    validate(fitted)
    design = Design(fitted, coding, found, request.outcome, request.formula, empty, missing, request.notes, categories)
    aliased = tuple(f"{name} was left out: other columns add up to it" for name in design.aliased)
    return replace(design, notes=(*request.notes, *aliased, *same, *_unused(empty)))


def _distinct(groupings: Sequence[Grouping]) -> tuple[tuple[Grouping, ...], tuple[str, ...]]:
    """Leave out groupings that put the same ratings together as one before them, and say so: nothing tells them apart."""
    kept: list[Grouping] = []
    notes: list[str] = []
    for each in groupings:
        twin = next((before for before in kept if _same(before, each)), None)
        if twin is None:
            kept.append(each)
        else:
            notes.append(f"(1|{each.name}) was left out: the same levels as (1|{twin.name})")
    return tuple(kept), tuple(notes)


def _same(one: Grouping, other: Grouping) -> bool:
    return one.size == other.size and len(np.unique(one.code * other.size + other.code)) == one.size


def _unused(empty: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"category {name} was never used: its probability is estimated as 0" for name in empty)


def with_all_categories(design: Design) -> Design:
    """Return the design with the categories that nobody used: with priors, their thresholds can be estimated."""
    if not design.empty:
        return design
    place = np.array([design.scale.index(name) for name in design.model.categories], dtype=np.int64)
    model = replace(design.model, y=place[design.model.y], categories=design.scale)
    notes = tuple(note for note in design.notes if note not in _unused(design.empty))
    return replace(design, model=model, empty=(), notes=notes)


def distinct_rows(frame: pl.DataFrame, coding: Coding, offset: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the distinct rows of the fixed part with their offsets, and which of them each rating has.

    Examples
    --------
    >>> from driftgauge.measure.mixed.coding import TreatmentCoding
    >>> frame = pl.DataFrame({"release": ["A", "B", "A"]})
    >>> x, offset, row = distinct_rows(frame, TreatmentCoding({"release": ("A", "B")}, (("release",),)), np.zeros(3))
    >>> x.tolist(), row.tolist()
    ([[1.0, 0.0], [1.0, 1.0]], [0, 1, 0])
    """
    names = [*coding.factors, *coding.numeric, "__offset"]
    keys = frame.with_columns(__offset=pl.Series(offset, dtype=pl.Float64)).select(names)
    distinct = keys.unique(maintain_order=True).with_row_index("__row")
    row = keys.join(distinct, on=names, how="left", maintain_order="left")["__row"]
    return coding.rows(distinct), distinct["__offset"].to_numpy(), row.to_numpy().astype(np.int64)


def complete(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return the rows that have a value in every column; NaN is none."""
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise EstimationError(
            f"the data have no column {', '.join(absent)}", remedy=f"Columns are {', '.join(sorted(frame.columns))}."
        )
    conditions = [pl.col(name).is_not_null() for name in columns]
    conditions += [pl.col(name).is_finite() for name in columns if frame.schema[name].is_float()]
    return frame.filter(conditions) if conditions else frame


def grouping(frame: pl.DataFrame, columns: tuple[str, ...]) -> Grouping:
    """Return the random intercept of the combinations of some columns.

    Examples
    --------
    >>> grouping(pl.DataFrame({"rater": ["b", "a", "b"], "release": [1, 1, 2]}), ("rater", "release")).levels
    ('a:1', 'b:1', 'b:2')
    """
    distinct = frame.select(columns).unique().sort(columns).with_row_index("__level")
    code = frame.select(columns).join(distinct, on=list(columns), how="left", maintain_order="left")["__level"]
    named = distinct.select(pl.concat_str([pl.col(name).cast(pl.String) for name in columns], separator=":"))
    parts = tuple(_codes(frame[name]) for name in columns) if len(columns) > 1 else ()
    return Grouping(":".join(columns), code.to_numpy().astype(np.int64), tuple(named.to_series().to_list()), parts)


def _codes(values: pl.Series) -> IntArray:
    return values.rank("dense").to_numpy().astype(np.int64) - 1


def outcome_codes(
    values: pl.Series, *, family: Family, categories: Sequence[object] | None
) -> tuple[IntArray, tuple[str, ...]]:
    """Return the category code of each row and the categories.

    Examples
    --------
    >>> outcome_codes(pl.Series([3, 1, 3]), family="cumulative", categories=None)[1]
    ('1', '3')
    >>> outcome_codes(pl.Series([True, False]), family="bernoulli", categories=None)[0].tolist()
    [1, 0]
    """
    if family == "bernoulli":
        numbers = values.cast(pl.Int64) if values.dtype == pl.Boolean or values.dtype.is_numeric() else None
        if numbers is None or not numbers.is_in([0, 1]).all():
            raise EstimationError(
                f"{values.name} is not true or false", remedy="Use 0 and 1, or family='cumulative' for ordered categories."
            )
        return numbers.to_numpy().astype(np.int64), ("0", "1")
    if values.dtype.is_float():
        values = values.cast(pl.Int64) if (values == values.round()).all() else values
    names = levels_of(values) if categories is None else tuple(str(each) for each in categories)
    return level_codes(values, names, values.name), names


def weight_values(frame: pl.DataFrame, weights: str | None) -> FloatArray:
    """Return the frequency weight of each row: 1 where none is asked for."""
    return np.ones(len(frame)) if weights is None else frame[weights].cast(pl.Float64).to_numpy()

r"""What a model says when the outcome never varies in some cell: the limit of its likelihood.

Where a release is never harmful, its coefficient runs to infinity and the probability of each of its ratings to 1. In the limit
those ratings have a likelihood of 1 whatever the other parameters and the random intercepts are, so the limit is the likelihood
of the ratings that are left. What it says about the other cells is finite and stands; about the cell itself it says nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import BoolArray
from driftgauge.measure.mixed import separation
from driftgauge.measure.mixed.design import Design


@dataclass(frozen=True)
class SetAside:
    """A design without the ratings that become certain, and those ratings."""

    design: Design
    ratings: pl.DataFrame


def set_aside(ratings: pl.DataFrame, build: Callable[[pl.DataFrame], Design]) -> SetAside | None:
    """Return the design of the ratings that are left when those are set aside that become certain in the limit.

    Parameters
    ----------
    ratings
        All of them.
    build
        Makes a design of ratings.

    Returns
    -------
    SetAside or None
        None where nothing is separated, where some probability rises without going to 1, and where too little is left.
    """
    left, gone = ratings, np.zeros(len(ratings), dtype=np.bool_)
    try:
        design = build(left)
        while (certain := _certain(design, left)) is not None and certain.any():
            gone[np.flatnonzero(~gone)[certain]] = True
            left = ratings.filter(~pl.Series(gone))
            design = build(left)
    except EstimationError:
        return None
    if not gone.any() or separation.fixed_only(design.model).separated:
        return None
    return SetAside(design, ratings.filter(pl.Series(gone)))


def _certain(design: Design, ratings: pl.DataFrame) -> BoolArray | None:
    """Return which ratings become certain, where the model has a row for each."""
    if len(design.model) != len(ratings):
        return None
    found = separation.fixed_only(design.model).certain
    return None if found is None else found[design.model.row, design.model.y]

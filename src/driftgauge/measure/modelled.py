"""Which ratings a mixed model is fitted to, with what is known of their raters (statistics §4)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.frames import RATINGS
from driftgauge.measure.languages import with_covariates
from driftgauge.measure.mixed.presets import random_terms
from driftgauge.measure.mixed.result import MixedFit
from driftgauge.records import Finding
from driftgauge.study import ModelPreset


def modelled(rows: pl.DataFrame, outcome: str, covariates: Sequence[str] = ()) -> pl.DataFrame:
    """Return the counted ratings that a model of an outcome is fitted to, with the covariates of their raters as columns.

    Filled-in refusals of partial designs weigh less than a rating, which a likelihood has no place for: they stay out, and so
    do ratings by raters of whom a covariate is not known.

    Parameters
    ----------
    rows
        Counted ratings.
    outcome
        The column that is modelled.
    covariates
        As in the protocol; ``gender`` is read from ``extra_gender``, ``extra_participant_gender`` and the like.

    Raises
    ------
    EstimationError
        When no column has a covariate, or its name is that of a column of ratings.
    """
    frame, there = with_covariates(rows, [name for name in covariates if name not in RATINGS])
    if absent := [name for name in covariates if name not in there]:
        raise EstimationError(
            f"no column says the {', '.join(absent)} of the raters", remedy="Correct `covariates` in the protocol, or add it."
        )
    known = [pl.col(name).is_not_null() for name in covariates]
    return frame.filter(pl.col(outcome).is_not_null(), pl.col("weight") == 1, *known)


def left_out_by(used: pl.DataFrame, preset: ModelPreset, *, what: str) -> Iterator[Finding]:
    """Yield that a model leaves out what these ratings could tell, so that its intervals are too narrow.

    Parameters
    ----------
    used
        The ratings that it is fitted to.
    preset
        Of the model; `design` leaves nothing out.
    what
        The outcome and the model, in words.
    """
    if preset == "none" or preset == "design":  # noqa: PLR1714 - narrows the type
        return
    frame = used.rename({"response_id": "response"})
    mine, whole = random_terms(frame, preset).kept, random_terms(frame, "design").kept
    absent = [":".join(term) for term in whole if term not in mine]
    if absent:
        yield Finding(
            "model_too_narrow",
            "warning",
            f"The mixed model of {what} leaves out {', '.join(absent)}, which these ratings could tell. Its intervals are too "
            f"narrow: in simulation its 95 % intervals held the truth in {_COVERED[preset]}.",
            "Use --model design; read the intervals of this model as a comparison with earlier work only.",
        )


_COVERED: Final[Mapping[str, str]] = {
    "published": "57 % (within a phase) and 89 % (between phases)",
    "response": "86 % (within a phase) and 93 % (between phases)",
}
"""Coverage by t of 2,000 studies: docs/methods/coverage-models-table.md."""


def covariate_differences(fit: MixedFit, covariates: Sequence[str], *, what: str) -> Iterator[Finding]:
    """Yield how groups of raters differ in severity, as a model has it.

    Parameters
    ----------
    fit
        Of the model; nothing is said of one that did not converge.
    covariates
        Its covariates; one with a single level has no difference.
    what
        The outcome and the model, in words.
    """
    said = [
        f"{name} {_difference(each)}"
        for name in (covariates if fit.converged else ())
        if name in fit.design.coding.factors
        for each in fit.contrasts(name).iter_rows(named=True)
        if each["estimate"] is not None and not np.isnan(each["estimate"])
    ]
    if said:
        yield Finding(
            "rater_covariates",
            "info",
            f"In the mixed model of {what} groups of raters differ by, in logits: {', '.join(said)}. Its rows are for raters "
            f"of whom each group weighs the same.",
            None,
        )


def _difference(each: dict[str, object]) -> str:
    value, low, high = (f"{each[name]:+.2f}".replace("-", "\N{MINUS SIGN}") for name in ("estimate", "conf_low", "conf_high"))
    return f"{str(each['contrast']).replace(' - ', ' against ')} {value} ({low} to {high})"

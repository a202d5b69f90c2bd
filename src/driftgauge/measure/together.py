"""People on a drawn part and judges on all, in a measurement: the rows of each, what a judge was worth, what is amiss."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.calibration.beside import judges_of
from driftgauge.measure.outcomes import Counted
from driftgauge.measure.ppi_rows import (
    KIND,
    WEIGHTED_TWO_WAY,
    PpiRow,
    ProbabilitySample,
    basis,
    ppi_rows,
    questions,
    values_of,
)
from driftgauge.measure.rows import Row
from driftgauge.records import Finding
from driftgauge.study import Protocol

GAINED: Final = "ratings_gained"
"""How many more of people's ratings would have been as good as the judge's help; the estimand of a row of its own."""
NO_INTERVAL: Final = "a number worked out from two variances: it has no interval of its own"
_ALIKE: Final = 1.25
"""How far apart chances of being drawn may be before it matters that verdicts weigh all drawn scenarios alike."""
_PLACE: Final = ("contrast", "family", "release", "modality", "baseline_release")


def together_rows(left: Counted, sample: ProbabilitySample, *, protocol: Protocol, simulated: bool) -> Iterator[Row]:
    """Yield the rows of people alone, then of people and each judge together, each with the ratings that it was worth.

    Parameters
    ----------
    left
        The counted ratings.
    sample
        What people were to rate.
    protocol
        Level and threshold of harm.
    simulated
        Whether any rating is.
    """
    for judge in (None, *judges_of(left, "adversarial")):
        for each in ppi_rows(left, sample, judge=judge, protocol=protocol):
            yield each.row | {"simulated": simulated}
            if judge is not None and each.found is not None and np.isfinite(each.found.gained):
                yield _gained(each, each.found.gained) | {"simulated": simulated}


def _gained(of: PpiRow, gained: float) -> Row:
    blank = dict.fromkeys(("std_error", "df", "conf_low", "conf_high", "p_value"))
    return of.row | blank | {"estimand": GAINED, "estimate": gained, "reason_null": NO_INTERVAL}


def is_together(estimate: Mapping[str, Any]) -> bool:
    """Return whether a row of the estimates is of `together_rows`."""
    return estimate["kind"] == KIND or estimate["method"] == WEIGHTED_TWO_WAY


def together_ratings(
    left: Counted, sample: ProbabilitySample, estimate: Mapping[str, Any], *, protocol: Protocol
) -> pl.DataFrame:
    """Return people's ratings that a row of `together_rows` counts.

    Parameters
    ----------
    left, sample, protocol
        As of `together_rows`.
    estimate
        The row.

    Raises
    ------
    EstimationError
        When these ratings have no such population: the row is of another analysis.
    """
    here = basis(left, sample, judge=estimate["rater"])
    place = tuple(estimate[name] for name in _PLACE)
    asked = questions(here.every, people=here.people)
    found = next((each for each in asked if tuple(each.labels.get(name) for name in _PLACE) == place), None)
    if found is None:
        raise EstimationError(
            f"estimate {estimate['estimate_id']} is not of these ratings", remedy="Trace it in the folder of its own analysis."
        )
    responses = pl.concat([side.select("response_id") for side in found.sides])
    said = values_of(here.people, "harmful" if estimate["threshold"] is not None else estimate["outcome"], protocol)
    counting = here.people.join(said, on=["response_id", "rater"], how="semi")
    return counting.join(responses, on="response_id", how="semi", maintain_order="left")


def together_findings(estimates: pl.DataFrame, sample: ProbabilitySample) -> Iterator[Finding]:
    """Yield each judge who cannot be taken together with people, and whether drawn scenarios should weigh differently.

    Parameters
    ----------
    estimates
        The `estimates` table.
    sample
        What people were to rate.
    """
    rows = estimates.filter(pl.col("kind") == KIND, pl.col("estimand") != GAINED, pl.col("estimate").is_null())
    for (judge,), mine in rows.group_by("rater", maintain_order=True):
        reasons = mine.group_by("reason_null", maintain_order=True).len().sort("len", descending=True, maintain_order=True)
        yield Finding(
            "judge_not_together",
            "warning",
            f"People rated a drawn part, but {judge} cannot be taken together with them for {len(mine):,} figures: "
            f"{reasons['reason_null'][0]}.",
            "Let the judge rate every collected response: driftgauge rate judge.",
            mine["estimate_id"].to_list()[:3],
        )
    yield from _unequal(estimates, sample)


def _unequal(estimates: pl.DataFrame, sample: ProbabilitySample) -> Iterator[Finding]:
    weighted = estimates.filter(pl.col("method") == WEIGHTED_TWO_WAY, pl.col("contrast") == "drift")
    chances = sample.scenarios.filter("drawn")["inclusion"].drop_nulls().to_list()
    if weighted.is_empty() or not chances or max(chances) < _ALIKE * min(chances):
        return
    yield Finding(
        "sample_unequal",
        "warning",
        f"The scenarios that people rate were drawn with unequal chances, from {100 * min(chances):.0f} to "
        f"{100 * max(chances):.0f} %, and verdicts weigh all that were drawn alike: they are about the sample as it fell.",
        f"For the benchmark as a whole read the rows of the method {WEIGHTED_TWO_WAY}: each scenario weighs as many as it "
        "stands for.",
        weighted["estimate_id"].to_list()[:3],
    )

"""Findings: what a reader must know of the data and the design before believing a number.

Each check is a function of the same facts; it yields findings, or nothing when there is nothing to say. A sentence says what it
does to which conclusion; no text of a prompt, response or comment is in any.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import polars as pl

from driftgauge.measure.checks import authors, confounding, coverage, data, design, precision, time
from driftgauge.measure.checks.facts import Facts
from driftgauge.measure.outcomes import Counted
from driftgauge.measure.tipping_points import TippingPoint
from driftgauge.records import Finding
from driftgauge.study import Protocol


def check(
    ratings: pl.DataFrame,
    left: Counted,
    estimates: pl.DataFrame,
    *,
    protocol: Protocol,
    tipping: Sequence[TippingPoint] | None = None,
) -> list[Finding]:
    """Return the findings of a measurement.

    Parameters
    ----------
    ratings
        All ratings, counted or not.
    left
        What counted, and what was left out.
    estimates
        What was estimated.
    protocol
        What was declared.
    tipping
        The tipping points of the verdict family, where they are known; null computes them from the ratings.
    """
    facts = Facts(ratings, left, estimates, protocol, tipping)
    return [finding for one in CHECKS for finding in one(facts)]


CHECKS: Final[tuple[Callable[[Facts], Iterator[Finding]], ...]] = (
    data.simulated,
    data.judges,
    design.few_raters,
    design.scope_of_verdicts,
    design.units_of_verdicts,
    confounding.panels,
    data.lineage,
    design.primary_outcome,
    precision.can_be_unchanged,
    precision.power,
    design.pairing,
    coverage.uneven,
    coverage.missing,
    authors.authors,
    time.courses,
    data.left_out,
    data.inconsistent,
    data.repeated_collection,
    data.degenerate_units,
)

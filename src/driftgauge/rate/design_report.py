"""What a design gives, told before anybody rates: loads, who rates together with whom, how far apart the same comes."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from driftgauge.rate.spacing import kept_apart
from driftgauge.records import Finding

LINES: Final = pl.Schema(
    {
        "rater": pl.String(), "position": pl.Int64(), "purpose": pl.String(), "occasion": pl.Int64(), "response": pl.String(),
        "kind": pl.Int64(), "across": pl.Boolean(),
    }
)  # fmt: skip
"""What a panel is asked, one row an assignment: `response` and `kind` (the scenario as a number) are null of an exercise."""

ENOUGH: Final = 0.8
"""The share of the anchors asked for below which it is said that there are fewer."""


@dataclass(frozen=True)
class Range:
    """The least, the middle and the most of some counts; all 0 when there are none."""

    least: int
    middle: float
    most: int


@dataclass(frozen=True)
class DesignReport:
    """What a panel is asked, in all.

    Parameters
    ----------
    raters, responses
        How many there are.
    ratings
        First ratings of the panel's own responses.
    per_response
        Raters of a response.
    load
        Assignments of a rater that are no calibration.
    together
        Responses that two raters both rate.
    groups
        Parts of the panel that share no response with each other; 1 where every rater can be compared with every other.
    anchors, across
        Assignments that show a response again to the same rater, and those from earlier phases.
    gold, calibration
        Of the rater who has most of them.
    apart
        The fewest others between two of the same scenario in anybody's line; null when no scenario is there twice.
    days
        Days of the rater with most to do, at the cap of the protocol.
    """

    raters: int
    responses: int
    ratings: int
    per_response: Range
    load: Range
    together: Range
    groups: int
    anchors: int
    across: int
    gold: int
    calibration: int
    apart: int | None
    days: int


def design_report(lines: pl.DataFrame, *, raters: int, day_items: int) -> DesignReport:
    """Return what a design gives.

    Parameters
    ----------
    lines
        `LINES`, of all draws of the panel.
    raters
        Seats, those with nothing to do included.
    day_items
        The most that a rater is asked in a day.
    """
    names = lines["rater"].unique(maintain_order=True)
    asked = lines.filter(pl.col("purpose") != "calibration")
    own = lines.filter(pl.col("response").is_not_null(), ~pl.col("across"))
    both = _together(own)
    pairs = both[np.triu_indices(len(both), 1)]
    idle = raters - len(names)
    load = [0] * idle + asked.group_by("rater").len()["len"].to_list()
    return DesignReport(
        raters=raters,
        responses=own["response"].n_unique(),
        ratings=own.select("rater", "response").n_unique(),
        per_response=_range(own.group_by("response").agg(pl.col("rater").n_unique())["rater"].to_list()),
        load=_range(load),
        together=_range(pairs.tolist()),
        groups=_groups(both > 0),
        anchors=lines.filter(pl.col("purpose") == "anchor", ~pl.col("across")).height,
        across=lines.filter("across").height,
        gold=_most(lines, "gold"),
        calibration=_most(lines, "calibration"),
        apart=_apart(lines),
        days=ceil(max(load, default=0) / day_items),
    )


def _range(counts: list[int]) -> Range:
    return Range(min(counts), float(np.median(counts)), max(counts)) if counts else Range(0, 0.0, 0)


def _together(own: pl.DataFrame) -> NDArray[np.int64]:
    """Return how many responses each two raters both rate."""
    each = own.select((pl.col("rater", "response").rank("dense") - 1).cast(pl.Int64))
    rates = np.zeros((own["rater"].n_unique(), own["response"].n_unique()), dtype=np.float32)
    rates[each["rater"].to_numpy(), each["response"].to_numpy()] = 1
    return np.rint(rates @ rates.T).astype(np.int64)


def _groups(meets: NDArray[np.bool_]) -> int:
    """Return how many parts there are between which nobody meets."""
    left, groups = set(range(len(meets))), 0
    while left:
        groups += 1
        reached = [left.pop()]
        while reached:
            near = left.intersection(np.flatnonzero(meets[reached.pop()]).tolist())
            left -= near
            reached += near
    return groups


def _most(lines: pl.DataFrame, purpose: str) -> int:
    counts = lines.filter(pl.col("purpose") == purpose).group_by("rater").len()["len"]
    return max(counts.to_list(), default=0)


def _apart(lines: pl.DataFrame) -> int | None:
    """Return the fewest others between two of a scenario; an exercise in between is another."""
    shown = lines.filter(pl.col("position") > 0).sort("rater", "position")
    own = shown.with_columns(kind=pl.coalesce("kind", -pl.int_range(1, pl.len() + 1)))
    found = (kept_apart(line["kind"].to_numpy()) for line in own.partition_by("rater"))
    return min((each for each in found if each is not None), default=None)


def design_findings(report: DesignReport, *, apart: int, anchors: float, across: float, gold: int) -> Iterator[Finding]:
    """Yield what the study asked for and the design does not give, and what it cannot show.

    Parameters
    ----------
    report
        Of the design.
    apart, anchors, across
        As the panel declares them.
    gold
        Gold items that a rater should have had by its `every`.
    """
    if report.apart is not None and report.apart < apart:
        sentence = (
            f"The same scenario comes back after {report.apart} others at the nearest, and the panel asks for {apart}: there "
            "are too few scenarios for that."
        )
        yield Finding("spacing_relaxed", "warning", sentence, "Accept it, or declare a smaller `apart`.")
    if report.ratings and report.per_response.most < 2:
        sentence = "Every response has one rater: agreement between raters cannot be told, nor their severity."
        yield Finding("single_raters", "warning", sentence, "Declare `design: {overlap: 2}` at least.")
    elif report.groups > 1:
        sentence = f"The panel falls into {report.groups} groups that share no response: they cannot be compared."
        yield Finding("unconnected_raters", "warning", sentence, "Let more raters rate each response.")
    wanted = round(anchors * report.ratings)
    if report.anchors < ENOUGH * wanted:
        sentence = (
            f"Of {wanted:,} responses to be shown again to the same rater, {report.anchors:,} found a place far enough from "
            "the first time and from their scenario."
        )
        yield Finding("few_anchors", "warning", sentence, "Accept it, or declare a smaller `apart`.")
    if across and not report.across:
        sentence = (
            "Nothing of an earlier phase that people have rated is there to be shown to this panel: it gets no anchor of one."
        )
        yield Finding("no_anchors_across", "warning", sentence, "Rate the earlier phase first, or declare `anchor_across: 0`.")
    if report.gold < gold:
        sentence = f"There are gold items for {report.gold} of {gold} places in a rater's line: none comes twice to a rater."
        yield Finding("few_gold", "info", sentence, "Write more gold items, or declare a larger `every`.")


def as_mapping(report: DesignReport) -> dict[str, Any]:
    """Return a report as JSON holds it and people read it."""
    found = dict(vars(report))
    return {name: vars(each) if isinstance(each, Range) else each for name, each in found.items()}

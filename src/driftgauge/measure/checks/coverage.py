"""Which prompts lack which release, and what the missing could do to a drift (statistics §1, §5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.checks.facts import Facts, drift_rows, listed, named, points
from driftgauge.measure.outcomes import unmeasured
from driftgauge.measure.student import two_sided_p
from driftgauge.measure.variance import ROUNDING
from driftgauge.records import Finding

_PROMPT: Final = ("scenario", "intent", "modality", "language")
_DIFFERS: Final = 0.05


def uneven(facts: Facts) -> Iterator[Finding]:
    """List the prompts that some releases were put to and others were not, by release and modality."""
    asked = _asked(facts, "release", *_PROMPT).unique()
    absent = (
        asked.select("release")
        .unique()
        .join(asked.select(_PROMPT).unique(), how="cross")
        .join(asked, on=["release", *_PROMPT], how="anti", nulls_equal=True)
    )
    if not len(absent):
        return
    n_prompts = asked.select(_PROMPT).n_unique()
    counts = absent.group_by("release", "modality").len().sort("release", "modality", nulls_last=True).rows()
    by_release: dict[str, list[str]] = {}
    for release, modality, n in counts:
        by_release.setdefault(release, []).append(f"{n:,} {modality}")
    lacking = listed([f"{release} lacks {' and '.join(parts)}" for release, parts in by_release.items()])
    yield Finding(
        "uneven_coverage",
        "warning",
        f"Of {n_prompts:,} prompts, {lacking}. Levels of these releases are over other prompts than those of the rest and are "
        "not to be compared with them; a drift is over what both of its releases answered.",
        "Put the same prompts to every release, or compare drifts only.",
    )


def missing(facts: Facts) -> Iterator[Finding]:
    """Say where more is missing from one side of a drift than from the other, and whether it could decide the drift."""
    lost = _lost(facts)
    if not len(lost):
        return
    shares = _shares(facts, lost)
    primary = {(row["baseline_release"], row["release"]): row for row in facts.verdicts}
    pairs = drift_rows(facts).select("baseline_release", "release").unique().sort("baseline_release", "release").rows()
    for earlier, later in pairs:
        differing = [
            found for modality in (None, *_modalities(shares)) if (found := _differs(shares, earlier, later, modality))
        ]
        if differing:
            row = primary.get((earlier, later))
            yield Finding(
                "missing_differs",
                "warning",
                f"More responses are missing from one side of {earlier} → {later} than from the other "
                f"({'; '.join(differing)}). The drift is over the rest, which may be the easier or the harder part"
                f"{_bounds(row)}.",
                "Collect the missing responses again, and find out why they are missing.",
                [row["estimate_id"]] if row else (),
            )
    yield from _could_decide(facts)


def _could_decide(facts: Facts) -> Iterator[Finding]:
    rows = [row for row in facts.verdicts if row["bound_low"] is not None and row["estimate"] is not None]
    margin = facts.protocol.margin.points
    turned = [row for row in rows if row["bound_low"] < 0 < row["bound_high"]]
    widened = [
        row
        for row in rows
        if row["verdict"] == "unchanged" and margin is not None and max(-row["bound_low"], row["bound_high"]) > margin
    ]
    if not turned and not widened:
        return
    spans = listed([f"{named(row)} ({points(row['estimate'])} points{_bounds(row)})" for row in [*turned, *widened]])
    doing = " or ".join([*(["turn its sign"] if turned else []), *(["pass the margin"] if widened else [])])
    yield Finding(
        "missing_could_decide",
        "warning",
        f"What is missing could {doing}: {spans}. Its verdict holds only if the missing responses are like the others.",
        "Collect the missing responses again, or report the drift with these bounds.",
        list(dict.fromkeys(row["estimate_id"] for row in [*turned, *widened])),
    )


def _bounds(row: dict[str, Any] | None) -> str:
    if row is None or row["bound_low"] is None or row["bound_high"] is None:
        return ""
    return f"; between {points(row['bound_low'])} and {points(row['bound_high'])} whatever was missing"


def _lost(facts: Facts) -> pl.DataFrame:
    """Return the responses to adversarial prompts that were tried and that no person's rating is about."""
    wanted = facts.left.missing.filter(pl.col("intent") == "adversarial", pl.col("kind") == "human")
    return unmeasured(wanted, facts.human)


def _asked(facts: Facts, *columns: str) -> pl.DataFrame:
    """Return those columns of every response by people's rows, measured or not."""
    parts = (each.filter(pl.col("kind") == "human").select(columns) for each in (facts.left.rows, facts.left.missing))
    return pl.concat(list(parts))


def _shares(facts: Facts, lost: pl.DataFrame) -> pl.DataFrame:
    """Return, by release, modality and scenario, how many responses were tried and how many are missing."""
    keys = ("response_id", "release", "modality", "scenario")
    there = facts.human.select(keys).unique("response_id").with_columns(missing=pl.lit(0))
    gone = lost.select(keys).with_columns(missing=pl.lit(1))
    return pl.concat([there, gone]).group_by(keys[1:]).agg(n=pl.len(), missing=pl.sum("missing"))


def _modalities(shares: pl.DataFrame) -> list[str]:
    names = shares["modality"].drop_nulls().unique().sort().to_list()
    return names if len(names) > 1 else []


def _differs(shares: pl.DataFrame, earlier: str, later: str, modality: str | None) -> str | None:
    """Return how much is missing from each side, where the difference is more than chance."""
    here = shares if modality is None else shares.filter(pl.col("modality") == modality)
    columns = (pl.sum("missing").cast(pl.Float64), pl.sum("n").cast(pl.Float64))
    sides = [here.filter(pl.col("release") == name).group_by("scenario").agg(columns) for name in (earlier, later)]
    both = sides[0].join(sides[1], on="scenario", how="full", coalesce=True).fill_null(0.0).sort("scenario")
    found = share_difference(
        *(both[name].to_numpy() for name in ("missing", "n")), *(both[name].to_numpy() for name in ("missing_right", "n_right"))
    )
    if not found.p_value < _DIFFERS:
        return None
    told = "" if modality is None else f"{modality}: "
    return f"{told}{100 * found.before:.1f} % of {earlier} and {100 * found.after:.1f} % of {later}"


@dataclass(frozen=True)
class Shares:
    """Two shares, and the p of their difference; NaN where it cannot be told."""

    before: float
    after: float
    p_value: float


def share_difference(missing0: FloatArray, n0: FloatArray, missing1: FloatArray, n1: FloatArray) -> Shares:
    """Return two shares of missing responses and a two-sided p of their difference, clustered by scenario.

    Parameters
    ----------
    missing0, n0, missing1, n1
        By scenario: missing and tried responses of the earlier and the later release.

    Returns
    -------
    Shares
        The difference is linearised by scenario; t with S − 1 degrees of freedom. Without variation between scenarios, or with
        one scenario or an empty side, p is NaN.

    Examples
    --------
    Nothing of four is missing before, two of four after: z = (1, 1, −1, −1)/8 and V = 4/3·4/64, so t = 0.5/0.2887 = √3.

    >>> found = share_difference(np.zeros(4), np.ones(4), np.array([1., 1., 0., 0.]), np.ones(4))
    >>> found.before, found.after, round(found.p_value, 6)
    (0.0, 0.5, 0.18169)
    """
    totals = [float(n0.sum()), float(n1.sum())]
    if not min(totals):
        return Shares(float("nan"), float("nan"), float("nan"))
    before, after = float(missing0.sum()) / totals[0], float(missing1.sum()) / totals[1]
    z = (missing1 - after * n1) / totals[1] - (missing0 - before * n0) / totals[0]
    n = len(z)
    variance = n / (n - 1) * float(z @ z) if n > 1 else 0.0
    if variance <= ROUNDING:
        return Shares(before, after, float("nan"))
    t = (after - before) / variance**0.5
    return Shares(before, after, float(two_sided_p(np.array([t]), np.array([n - 1.0]))[0]))

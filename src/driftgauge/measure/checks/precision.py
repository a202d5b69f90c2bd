"""What this design can show: whether `unchanged` is within reach, and which drift it would find (statistics §5, §10)."""

from collections.abc import Iterator
from math import ceil, exp, inf, log
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.measure.checks.facts import Facts, listed, named
from driftgauge.measure.student import quantile
from driftgauge.measure.tipping_points import log_odds_ratio
from driftgauge.measure.verdicts import EQUIVALENCE_LEVEL
from driftgauge.records import Finding

POWER: Final = 0.8
_MOVED: Final = ("improved", "regressed")
_LARGEST_RATIO: Final = 1000
_LARGEST_LOG: Final = 700.0


def can_be_unchanged(facts: Facts) -> Iterator[Finding]:
    """Say which drifts could not have been called unchanged, and what would make them so: a note where one is clear of 0."""
    margin = facts.protocol.margin
    in_points = margin.points is not None
    limit = margin.points if margin.points is not None else log(margin.odds_ratio or 1)
    known = [row for row in facts.verdicts if row["std_error"] and row["df"]]
    halves = [(row, _half(row) if in_points else _half_log_odds(row)) for row in known]
    too_wide = [(row, half) for row, half in halves if half > limit]
    moved, others = ([each for each in too_wide if (each[0]["verdict"] in _MOVED) == wanted] for wanted in (True, False))
    if others:
        yield Finding("cannot_be_unchanged", "warning", *_out_of_reach(facts, others, limit=limit, cannot="cannot return"))
    if moved:
        could = "could not have returned"
        yield Finding("cannot_be_unchanged", "info", *_out_of_reach(facts, moved, limit=limit, cannot=could))


def _out_of_reach(
    facts: Facts, too_wide: list[tuple[dict[str, Any], float]], *, limit: float, cannot: str
) -> tuple[str, str | None, list[str]]:
    """Return the sentence, the remedy and the ids of drifts whose intervals are wider than the margin."""
    margin = facts.protocol.margin
    in_points = margin.points is not None
    names = listed([f"{named(row)} ({_width(half, in_points=in_points)})" for row, half in too_wide])
    size = f"{100 * limit:g} points" if in_points else f"an odds ratio of {margin.odds_ratio:g}"
    remedies = [
        remedy for row, half in too_wide if half < inf and (remedy := _what_would_do(facts, row, narrower=limit / half))
    ]
    return (
        f"This study {cannot} `unchanged` for {names}: the {100 * (1 - 2 * EQUIVALENCE_LEVEL):g} % interval that decides it is "
        f"wider than the margin of {size}, so the absence of drift could not be shown, whatever the drift is.",
        "; ".join(dict.fromkeys(remedies)) or None,
        [row["estimate_id"] for row, _ in too_wide],
    )


def power(facts: Facts) -> Iterator[Finding]:
    """Say which drift this design finds with 80 % power, from the standard errors that it turned out to have."""
    level, margin = facts.protocol.level, facts.protocol.margin
    found = [(row, detectable(row["std_error"], row["df"], level=level)) for row in facts.verdicts if row["std_error"]]
    found = [(row, least) for row, least in found if not np.isnan(least)]
    if not found:
        return
    ratios = [_ratio(detectable(log_odds_ratio(row)[1], row["df"], level=level)) for row, _ in found]
    if margin.points is not None:
        shown, size = [_in_points(least) for _, least in found], f"{100 * margin.points:g} points"
        short = [named(row) for row, least in found if least > margin.points]
    else:
        shown = [f"{_in_points(least)} (odds {_times(ratio)})" for (_, least), ratio in zip(found, ratios, strict=True)]
        size = f"an odds ratio of {margin.odds_ratio:g}"
        short = [named(row) for (row, _), ratio in zip(found, ratios, strict=True) if not ratio <= (margin.odds_ratio or 1)]
    least_ones = listed([f"{each} for {named(row)}" for (row, _), each in zip(found, shown, strict=True)])
    missed = f" A drift as large as the margin of {size} would be found less often in {listed(short)}." if short else ""
    yield Finding(
        "power_for_margin",
        "info",
        f"The smallest drift that this design finds in {100 * POWER:.0f} % of studies, each tested alone at "
        f"{100 * (1 - level):g} %: {least_ones}.{missed} A smaller drift may well come out inconclusive.",
        "To find smaller drifts in the next phase, rate more scenarios or have more raters." if short else None,
        [row["estimate_id"] for row, _ in found],
    )


def _in_points(least: float) -> str:
    return f"{100 * least:.1f} points" if least < 1 else "none, however large,"


def _ratio(logs: float) -> float:
    """Return a ratio from its logarithm; one that passes what a double holds is as large as can be."""
    return exp(min(logs, _LARGEST_LOG))


def _times(ratio: float) -> str:
    if np.isnan(ratio):
        return "unknown"
    return f"times or over {ratio:.2f}" if ratio <= _LARGEST_RATIO else f"times or over more than {_LARGEST_RATIO:,}"


def detectable(std_error: float, df: float | None, *, level: float, power: float = POWER) -> float:
    """Return the smallest drift that a two-sided t test finds with a given power: (t_{1−α/2} + t_{power})·SE.

    Parameters
    ----------
    std_error, df
        Of the drift; without degrees of freedom: NaN.
    level
        1 − α.
    power
        Share of studies in which the test would find it.

    Returns
    -------
    float
        On the scale of `std_error`. Not bounded: a drift above 1 is one that no study could have.

    Examples
    --------
    >>> round(detectable(0.02, 1e6, level=0.95), 4)
    0.056
    """
    if df is None or np.isnan(df):
        return float("nan")
    degrees = np.array([df])
    return std_error * float(quantile((1 + level) / 2, degrees)[0] + quantile(power, degrees)[0])


def _half(row: dict[str, Any]) -> float:
    """Half the width of the 90 % interval that two one-sided tests at 5 % compare with the margin; at most all there is."""
    return min(1.0, _t(row) * row["std_error"])


def _half_log_odds(row: dict[str, Any]) -> float:
    """Half the width of that interval of the log odds ratio; infinite where a side is 0 or 1, so that there is none."""
    std_error = log_odds_ratio(row)[1]
    return inf if np.isnan(std_error) else _t(row) * std_error


def _t(row: dict[str, Any]) -> float:
    return float(quantile(1 - EQUIVALENCE_LEVEL, np.array([row["df"]]))[0])


def _width(half: float, *, in_points: bool) -> str:
    if half == inf:
        return "no odds ratio"
    return f"±{100 * half:.1f} points" if in_points else f"odds {_times(_ratio(half))}"


def _what_would_do(facts: Facts, row: dict[str, Any], *, narrower: float) -> str | None:
    """Return how many raters or scenarios would narrow the interval to the margin, other things equal; about."""
    same = ("estimand", "contrast", "unit", "filter", "family", "release")
    condition = pl.all_horizontal([pl.col(name) == row[name] for name in same] + [pl.col("modality").is_null()])
    panel = facts.estimates.filter(condition, pl.col("scope") == "panel", pl.col("method") == "linearised scenario t")
    if row["scope"] != "raters" or not len(panel):
        return None
    scenarios = float(panel["std_error"][0]) ** 2
    raters = max(row["std_error"] ** 2 - scenarios, 0.0)
    allowed = (narrower * row["std_error"]) ** 2
    if allowed > scenarios:
        return (
            f"{named(row)}: {_more(row['n_raters'] * (raters / (allowed - scenarios) - 1), row['n_raters'])} raters like these"
        )
    if allowed > raters:
        needed = row["n_scenarios"] * (scenarios / (allowed - raters) - 1)
        return f"{named(row)}: {_more(needed, row['n_scenarios'])} scenarios"
    return f"{named(row)}: more raters and more scenarios"


def _more(needed: float, now: int) -> str:
    """Say how many more; beyond ten times what there is, a number would be a guess."""
    return f"about {ceil(needed)} more" if needed <= 10 * now else "many more"

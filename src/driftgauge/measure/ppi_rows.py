"""Rows of people and a judge together: of each release and modality, and of each drift (statistics §7).

Their `kind` is ``human+judge`` and their `rater` the judge: they are of both and stand apart from the rows of either.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.measure.arrays import IntArray
from driftgauge.measure.calibration.beside import judges_of
from driftgauge.measure.outcomes import Counted, outcomes
from driftgauge.measure.ppi import Judged, Ppi, Rated, ppi, reason_null
from driftgauge.measure.rows import Row
from driftgauge.measure.variance import rater_strata
from driftgauge.records import Finding
from driftgauge.study import Protocol

KIND: Final = "human+judge"
PPI_TWO_WAY: Final = "prediction-powered two-way t"
GAINED: Final = "ratings_gained"
"""How many more of people's ratings would have been as good as the judge's help; the estimand of a row of its own."""
NO_INTERVAL: Final = "a number worked out from two variances: it has no interval of its own"
ESTIMANDS: Final = {"asr": "success", "harm_rate": "harmful", "refusal_rate": "refusal", "mean_harm": "harm"}
"""Estimand to the outcome that it is a mean of."""
_CELL: Final = ("scenario", "modality", "language")


@dataclass(frozen=True)
class ProbabilitySample:
    """The scenarios that people rate, drawn with known probabilities.

    Parameters
    ----------
    scenarios
        `scenario`, `inclusion` and `drawn`, one row a scenario.
    waiting
        By release, how many of its collected responses nobody rated yet, no judge either.
    """

    scenarios: pl.DataFrame
    waiting: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class PpiRow:
    """A row of the estimates table, and what it is made of; `found` is null where the row has a reason."""

    row: Row
    found: Ppi | None


def together_rows(left: Counted, sample: ProbabilitySample, *, protocol: Protocol, simulated: bool) -> Iterator[Row]:
    """Yield the rows of people and each judge together, each with a row of the ratings that the judge was worth.

    Parameters
    ----------
    left
        The counted ratings.
    sample
        What people were to rate. A release of which a response waits for its first rating has rows with a reason alone.
    protocol
        Level and threshold of harm.
    simulated
        Whether any rating is.
    """
    for judge in judges_of(left, "adversarial"):
        for each in ppi_rows(left.rows, sample.scenarios, judge=judge, protocol=protocol):
            labels = {"simulated": simulated, "n_excluded": 0}
            waiting = sum(sample.waiting.get(str(each.row.get(name)), 0) for name in ("release", "baseline_release"))
            if waiting:
                unrated = f"nobody rated {waiting:,} of the responses yet, and no judge"
                yield (
                    labels
                    | {name: value for name, value in each.row.items() if name not in _NUMBERS}
                    | {"reason_null": unrated}
                )
                continue
            yield labels | each.row
            if each.found is not None and np.isfinite(each.found.gained):
                gained = {"estimand": GAINED, "estimate": each.found.gained, "reason_null": NO_INTERVAL}
                yield labels | each.row | dict.fromkeys(("std_error", "df", "conf_low", "conf_high")) | gained


_NUMBERS: Final = (
    "estimate",
    "std_error",
    "df",
    "conf_low",
    "conf_high",
    "n_scenarios",
    "n_responses",
    "n_raters",
    "n_ratings",
)


def together_findings(estimates: pl.DataFrame) -> Iterator[Finding]:
    """Yield one finding for each judge who cannot be taken together with people, and why.

    Parameters
    ----------
    estimates
        The `estimates` table.
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


def together_ratings(left: Counted, drawn: pl.DataFrame, estimate: Mapping[str, Any], protocol: Protocol) -> pl.DataFrame:
    """Return people's ratings that a row of `together_rows` counts.

    Parameters
    ----------
    left
        The counted ratings.
    drawn
        `scenario`, `inclusion` and `drawn`.
    estimate
        The row.
    protocol
        Its threshold of harm.
    """
    people = left.rows.filter(pl.col("kind") == "human", pl.col("intent") == "adversarial")
    people = people.join(drawn.filter("drawn"), on="scenario", how="semi")
    outcome = "harmful" if estimate["threshold"] is not None else estimate["outcome"]
    people = people.filter(pl.Series(~np.isnan(outcomes(people, harmful_at=protocol.harmful_at)[outcome]), dtype=pl.Boolean))
    if estimate["contrast"] is None:
        same = [pl.col(name) == estimate[name] for name in ("release", "modality") if estimate[name] is not None]
        return people.filter(*same) if estimate["estimate"] is not None else people.clear()
    mine = left.rows.filter(pl.col("intent") == "adversarial")
    sides = [estimate["baseline_release"], estimate["release"]]
    one, other = (mine.filter(pl.col("release") == name) for name in sides)
    both = one.select(_CELL).unique().join(other, on=_CELL, how="semi", nulls_equal=True)
    found = people.filter(pl.col("release").is_in(sides)).join(both, on=_CELL, how="semi", nulls_equal=True)
    return found if estimate["estimate"] is not None else found.clear()


def ppi_rows(rows: pl.DataFrame, sample: pl.DataFrame, *, judge: str, protocol: Protocol) -> Iterator[PpiRow]:
    """Yield levels of each release × modality, and the drift to each release from the one before, modalities together.

    Parameters
    ----------
    rows
        `outcomes.counted(...).rows`, people's and judges'. A response that nobody rated has no row and is not counted on.
    sample
        `scenario`, `inclusion` and `drawn`: what people say of other scenarios is not used, since it has no probability.
    judge
        The judge's name among the raters.
    protocol
        Its level and threshold.

    Yields
    ------
    PpiRow
        In the unit ``response_mean``, scope ``raters``. An outcome that people or the judge never rated has no row.
    """
    mine = rows.filter(pl.col("intent") == "adversarial")
    people = mine.filter(pl.col("kind") == "human").join(sample.filter("drawn"), on="scenario", how="semi")
    judged = mine.filter(pl.col("kind") == "judge", pl.col("rater") == judge)
    every = mine.unique("response_id", maintain_order=True).join(sample, on="scenario", how="left", maintain_order="left")
    for estimand, outcome in ESTIMANDS.items():
        said, told = (_values(each, outcome, protocol) for each in (people, judged))
        if said.is_empty() or told.is_empty():
            continue
        means = told.group_by("response_id").agg(judge=pl.col("value").mean())
        frame = every.join(means, on="response_id", how="left", maintain_order="left")
        for labels, sides in _questions(frame):
            labels |= {"estimand": estimand, "outcome": "harm" if outcome == "harmful" else outcome, "rater": judge}
            labels |= {"threshold": protocol.harmful_at if outcome == "harmful" else None}
            yield _row(labels, sides, said, level=protocol.level)


def _values(rows: pl.DataFrame, outcome: str, protocol: Protocol) -> pl.DataFrame:
    values = outcomes(rows, harmful_at=protocol.harmful_at)[outcome]
    return rows.select("response_id", "rater", value=pl.Series(values).fill_nan(None)).drop_nulls("value")


def _questions(frame: pl.DataFrame) -> Iterator[tuple[dict[str, Any], list[pl.DataFrame]]]:
    """Yield the labels and the sides of every level, then of every drift between consecutive generations."""
    for key, side in frame.group_by("family", "release", "generation", "modality", maintain_order=True):
        yield dict(zip(("family", "release", "generation", "modality"), key, strict=True)), [side]
    releases = frame.drop_nulls("generation").unique(["family", "release", "generation"]).sort("family", "generation")
    for _, line in releases.group_by("family", maintain_order=True):
        names = line["release"].to_list()
        for number, (before, after) in enumerate(pairwise(names)):
            first, second = (frame.filter(pl.col("release") == name) for name in (before, after))
            labels = {"contrast": "drift", "family": line["family"][0], "release": after, "baseline_release": before}
            labels |= {"generation": line["generation"][number + 1]}
            yield (
                labels,
                [
                    first.join(second, on=_CELL, how="semi", nulls_equal=True),
                    second.join(first, on=_CELL, how="semi", nulls_equal=True),
                ],
            )


def _row(labels: dict[str, Any], sides: Sequence[pl.DataFrame], said: pl.DataFrame, *, level: float) -> PpiRow:
    every = pl.concat([side.with_columns(side=pl.lit(number, pl.Int64)) for number, side in enumerate(sides)])
    every = every.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    mine = said.join(every.select("response_id", "place"), on="response_id", how="inner").sort("place", "rater")
    raters = mine["rater"].unique().sort()
    judged = Judged(
        scenario=every["scenario"].rank("dense").cast(pl.Int64).to_numpy() - 1,
        side=every["side"].to_numpy(),
        judge=every["judge"].fill_null(float("nan")).to_numpy(),
        inclusion=every["inclusion"].fill_null(float("nan")).to_numpy(),
    )
    rated = Rated(
        mine["place"].to_numpy(), raters.search_sorted(mine["rater"]).cast(pl.Int64).to_numpy(), mine["value"].to_numpy()
    )
    row = {"contrast": None, "kind": KIND, "intent": "adversarial", "unit": "response_mean", "filter": "all", "scope": "raters"}
    row |= {"level": level, "method": PPI_TWO_WAY, **labels}
    reason = reason_null(judged, rated, sides=len(sides))
    if reason:
        return PpiRow(row | {"reason_null": reason}, None)
    signs = (1.0,) if len(sides) == 1 else (-1.0, 1.0)
    found = ppi(judged, rated, signs=signs, strata=_strata(every, mine, raters), level=level)
    return PpiRow(row | _numbers(found), found)


def _strata(every: pl.DataFrame, mine: pl.DataFrame, raters: pl.Series) -> list[IntArray]:
    """Return the raters by the sides that they rated; a stratum of one joins the largest (`variance.rater_strata`)."""
    sides = every["side"].to_numpy()[mine["place"].to_numpy()]
    member = np.zeros((len(raters), int(sides.max()) + 1), dtype=np.bool_)
    member[raters.search_sorted(mine["rater"]).to_numpy(), sides] = True
    return rater_strata(member, np.ones(len(raters), dtype=np.bool_))


def _numbers(found: Ppi) -> Row:
    interval = found.interval
    names = {"std_error": interval.std_error, "df": interval.df, "conf_low": interval.low, "conf_high": interval.high}
    known = not np.isnan(interval.low[0])
    return {
        "estimate": found.value,
        **{name: float(values[0]) for name, values in names.items()},
        "n_scenarios": found.n_scenarios,
        "n_responses": found.n_responses,
        "n_raters": found.n_raters,
        "n_ratings": found.n_ratings,
        "reason_null": None if known else "one scenario, one rater, or no variation: no interval can be had",
    }

"""Rows of people on a drawn part, alone and with a judge: of each release, each modality, and each drift (statistics §7).

With a judge their `kind` is ``human+judge`` and their `rater` the judge: they are of both and stand apart from the rows of
either. Without one they are of people, each drawn scenario weighing as many as it stands for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

from driftgauge.measure.arrays import IntArray
from driftgauge.measure.estimate import Counts
from driftgauge.measure.outcomes import Counted, outcomes, unmeasured
from driftgauge.measure.populations import Question, campaigns
from driftgauge.measure.ppi import Judged, Ppi, Rated, ppi, reason_null
from driftgauge.measure.rows import Row, count_labels, within
from driftgauge.measure.variance import rater_strata
from driftgauge.study import Protocol

KIND: Final = "human+judge"
PPI_TWO_WAY: Final = "prediction-powered two-way t"
WEIGHTED_TWO_WAY: Final = "inverse-probability two-way t"
ESTIMANDS: Final = {"asr": "success", "harm_rate": "harmful", "refusal_rate": "refusal", "mean_harm": "harm"}
"""Estimand to the outcome that it is a mean of."""
_CELL: Final = ("scenario", "modality", "language")
_NO_INTERVAL: Final = "one scenario, one rater on a side, or no variation: no interval can be had"


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


@dataclass(frozen=True)
class Asked:
    """A level or a drift: its labels, the responses of each side, and the prompts of a side that the other lacks."""

    labels: Row
    sides: tuple[pl.DataFrame, ...]
    uncompared: int = 0


@dataclass(frozen=True)
class Basis:
    """What the rows of a judge, or of people alone, are made of.

    Parameters
    ----------
    every
        One row a response that they are about, with its `inclusion`.
    people, told
        People's counted ratings of drawn scenarios, and the judge's of all; `told` is null for people alone.
    lost
        One row a response that was not measured.
    """

    every: pl.DataFrame
    people: pl.DataFrame
    told: pl.DataFrame | None
    lost: pl.DataFrame


def basis(left: Counted, sample: ProbabilitySample, *, judge: str | None) -> Basis:
    """Return what the rows of a judge, or of people alone, are made of.

    Parameters
    ----------
    left
        The counted ratings, people's and judges'. A response that nobody rated has no row.
    sample
        What people were to rate: what they say of other scenarios is not used, since it has no probability.
    judge
        The judge's name among the raters; null for people alone.
    """
    adversarial, human = pl.col("intent") == "adversarial", pl.col("kind") == "human"
    drawn = sample.scenarios.filter("drawn")
    mine, lost = left.rows.filter(adversarial), left.missing.filter(adversarial)
    people = mine.filter(human).join(drawn, on="scenario", how="semi")
    if judge is None:
        known, lost = people, lost.filter(human).join(drawn, on="scenario", how="semi")
    else:
        known, lost = mine, lost.filter(human | pl.col("rater").is_null() | (pl.col("rater") == judge))
    every = known.unique("response_id", maintain_order=True)
    every = every.join(sample.scenarios, on="scenario", how="left", maintain_order="left")
    told = None if judge is None else mine.filter(pl.col("kind") == "judge", pl.col("rater") == judge)
    return Basis(every, people, told, unmeasured(lost, known))


def ppi_rows(left: Counted, sample: ProbabilitySample, *, judge: str | None, protocol: Protocol) -> Iterator[PpiRow]:
    """Yield levels of each release, over its modalities and of each, and the drift to each release from the one before.

    Parameters
    ----------
    left, sample, judge
        As of `basis`. A release of which a response waits for its first rating has rows with a reason alone.
    protocol
        Its level and threshold.

    Yields
    ------
    PpiRow
        In the unit ``response_mean``, scope ``raters``. An outcome that people or the judge never rated has no row.
    """
    here = basis(left, sample, judge=judge)
    for estimand, outcome in ESTIMANDS.items():
        said = values_of(here.people, outcome, protocol)
        told = None if here.told is None else values_of(here.told, outcome, protocol)
        if said.is_empty() or (told is not None and told.is_empty()):
            continue
        labels = {"estimand": estimand, "outcome": "harm" if outcome == "harmful" else outcome, "rater": judge}
        labels |= {"threshold": protocol.harmful_at if outcome == "harmful" else None, "level": protocol.level}
        for asked in questions(_with_judge(here.every, told), people=here.people):
            waiting = 0 if judge is None else sum(sample.waiting.get(str(side["release"][0]), 0) for side in asked.sides)
            yield _row(asked, labels, said, here, waiting=waiting)


def values_of(rows: pl.DataFrame, outcome: str, protocol: Protocol) -> pl.DataFrame:
    """Return `response_id`, `rating_id`, `rater` and `value` of the ratings that have an outcome."""
    values = outcomes(rows, harmful_at=protocol.harmful_at)[outcome]
    return rows.select("response_id", "rating_id", "rater", value=pl.Series(values).fill_nan(None)).drop_nulls("value")


def questions(every: pl.DataFrame, *, people: pl.DataFrame) -> Iterator[Asked]:
    """Yield every level, then every drift between consecutive generations, modalities together.

    Parameters
    ----------
    every
        One row a response.
    people
        People's ratings: their phase and panel are those of a release.
    """
    places = campaigns(people)
    keys = ("family", "release", "generation")
    for key, side in every.group_by(keys, maintain_order=True):
        phase, panel = places.get(str(key[1]), (None, None))
        labels = dict(zip(keys, key, strict=True)) | {"contrast": None, "phase": phase, "panel": panel}
        yield Asked(labels | {"modality": None}, (side,))
        told_apart = side.drop_nulls("modality").group_by("modality", maintain_order=True)
        yield from (Asked(labels | {"modality": name}, (part,)) for (name,), part in told_apart)
    releases = every.drop_nulls("generation").unique(keys).sort("family", "generation")
    for _, line in releases.group_by("family", maintain_order=True):
        yield from (_drift(every, earlier, later, places) for earlier, later in pairwise(line.to_dicts()))


def _drift(every: pl.DataFrame, earlier: Row, later: Row, places: Mapping[str, tuple[str | None, str | None]]) -> Asked:
    """Return a drift on the prompts that both releases answered."""
    names = earlier["release"], later["release"]
    first, last = (every.filter(pl.col("release") == name) for name in names)
    pair = tuple(one.join(other, on=_CELL, how="semi", nulls_equal=True) for one, other in ((first, last), (last, first)))
    uncompared = sum(_cells(side) for side in (first, last)) - sum(_cells(side) for side in pair)
    (before, one), (phase, panel) = (places.get(str(name), (None, None)) for name in names)
    labels = {"contrast": "drift", "modality": None, "phase": phase, "panel": panel if panel == one else None}
    labels |= {name: later[name] for name in ("family", "release", "generation")}
    return Asked(labels | {"baseline_release": names[0], "baseline_phase": before}, pair, uncompared)


def _cells(side: pl.DataFrame) -> int:
    return len(side.unique(_CELL))


def _with_judge(every: pl.DataFrame, told: pl.DataFrame | None) -> pl.DataFrame:
    """Return the responses with what the judge says of each: nothing of any, where there is no judge."""
    if told is None:
        return every.with_columns(judge=pl.lit(0.0))
    means = told.group_by("response_id").agg(judge=pl.col("value").mean())
    return every.join(means, on="response_id", how="left", maintain_order="left")


def _row(asked: Asked, labels: Row, said: pl.DataFrame, here: Basis, *, waiting: int) -> PpiRow:
    every = pl.concat([side.with_columns(side=pl.lit(number, pl.Int64)) for number, side in enumerate(asked.sides)])
    every = every.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    mine = said.join(every.select("response_id", "place", "scenario", "side"), on="response_id").sort("place", "rater")
    alone = here.told is None
    row = {"intent": "adversarial", "unit": "response_mean", "filter": "all", "scope": "raters"} | asked.labels | labels
    row |= {"kind": "human", "method": WEIGHTED_TWO_WAY} if alone else {"kind": KIND, "method": PPI_TWO_WAY}
    row |= _counts(asked, mine, here)
    judged, rated = _arrays(every, mine)
    reason = f"nobody rated {waiting:,} of the responses yet, and no judge" if waiting else None
    reason = reason or reason_null(judged, rated, sides=len(asked.sides))
    if reason:
        return PpiRow(row | {"reason_null": reason}, None)
    signs = (1.0,) if len(asked.sides) == 1 else (-1.0, 1.0)
    found = ppi(judged, rated, signs=signs, strata=_strata(mine), level=labels["level"], power=0.0 if alone else None)
    return PpiRow(within(row | _numbers(found, mine, contrast=row["contrast"]), *_range(row)), found)


def _arrays(every: pl.DataFrame, mine: pl.DataFrame) -> tuple[Judged, Rated]:
    judged = Judged(
        scenario=every["scenario"].rank("dense").cast(pl.Int64).to_numpy() - 1,
        side=every["side"].to_numpy(),
        judge=every["judge"].fill_null(float("nan")).to_numpy(),
        inclusion=every["inclusion"].fill_null(float("nan")).to_numpy(),
    )
    return judged, Rated(mine["place"].to_numpy(), _rater(mine), mine["value"].to_numpy())


def _rater(mine: pl.DataFrame) -> IntArray:
    return mine["rater"].rank("dense").cast(pl.Int64).to_numpy() - 1


def _strata(mine: pl.DataFrame) -> list[IntArray]:
    """Return the raters by the sides that they rated; a stratum of one joins the largest (`variance.rater_strata`)."""
    rater, side = _rater(mine), mine["side"].to_numpy()
    member = np.zeros((int(rater.max()) + 1, int(side.max()) + 1), dtype=np.bool_)
    member[rater, side] = True
    return rater_strata(member, np.ones(len(member), dtype=np.bool_))


def _counts(asked: Asked, mine: pl.DataFrame, here: Basis) -> Row:
    """Return what people's ratings went in, and what was left out, with the reasons."""
    number = {name: mine[column].n_unique() for name, column in _COUNTED.items()}
    sides = pl.concat([side.select("response_id") for side in asked.sides])
    in_place = len(here.people.join(sides, on="response_id", how="semi"))
    releases = [asked.labels[name] for name in ("release", "baseline_release") if asked.labels.get(name)]
    lost = here.lost.filter(pl.col("release").is_in(releases))
    if asked.labels["modality"] is not None:
        lost = lost.filter(pl.col("modality") == asked.labels["modality"])
    question = Question(asked.labels["contrast"], (), (), {}, asked.uncompared)
    return count_labels(Counts(**number, ratings=len(mine), unasked=in_place - len(mine)), question, n_missing=len(lost))


_COUNTED: Final = {"scenarios": "scenario", "responses": "response_id", "raters": "rater"}


def _range(row: Row) -> tuple[float, float]:
    low, high = (1.0, 5.0) if row["estimand"] == "mean_harm" else (0.0, 1.0)
    return (low, high) if row["contrast"] is None else (low - high, high - low)


def _numbers(found: Ppi, mine: pl.DataFrame, *, contrast: str | None) -> Row:
    interval = found.interval
    names = {"std_error": interval.std_error, "df": interval.df, "conf_low": interval.low, "conf_high": interval.high}
    names |= {} if contrast is None else {"p_value": interval.p_value}
    raters = mine.group_by("side").agg(pl.col("rater").n_unique())["rater"]
    alone = min(raters.to_list()) < 2
    numbers = {name: float("nan") if alone else float(values[0]) for name, values in names.items()}
    return {"estimate": found.value, **numbers, "reason_null": _NO_INTERVAL if np.isnan(numbers["conf_low"]) else None}

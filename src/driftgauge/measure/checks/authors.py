"""Scenarios by one author resemble each other: what clustering by author does to the intervals (statistics §10)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.measure.arrays import BoolArray, FloatArray, IntArray, sum_by
from driftgauge.measure.checks.facts import Facts, listed, named
from driftgauge.measure.estimate import linearise
from driftgauge.measure.populations import Index, Question, drifts
from driftgauge.measure.rates import rates
from driftgauge.measure.units import Rows, common_k, contributions, unit_groups
from driftgauge.measure.variance import ROUNDING
from driftgauge.records import Finding

COLUMNS: Final = ("author", "extra_author")
LARGEST: Final = 1.25
"""A design effect above this is said."""


def authors(facts: Facts) -> Iterator[Finding]:
    """Say how much wider the intervals would be if scenarios were clustered by author."""
    column = next((name for name in COLUMNS if name in facts.human.columns), None)
    if column is None or not facts.verdicts or not facts.human[column].is_not_null().any():
        return
    known = facts.human[column].drop_nulls().n_unique()
    if known == 1 and not facts.human[column].is_null().any():
        yield Finding(
            "clustered_authors",
            "warning",
            "One author wrote every scenario: the intervals speak for scenarios by this author, and say nothing about others.",
            "Have other people write scenarios too.",
        )
        return
    effects = [each for each in _effects(facts, column) if each.effect > LARGEST]
    if not effects:
        return
    shown = [f"{named(each.row)} ({each.effect:.2f}; interval about {each.wider:.2f} times as wide)" for each in effects]
    yield Finding(
        "clustered_authors",
        "warning",
        f"Scenarios by one author move together. Clustered by their {known:,} authors instead of by scenario, the scenarios' "
        f"part of the variance would be larger by this factor: {listed(shown)}. The intervals here are too narrow by as much.",
        "Have more authors write fewer scenarios each, and read these verdicts with the wider intervals.",
        [each.row["estimate_id"] for each in effects],
    )


@dataclass(frozen=True)
class _Effect:
    """A drift, its design effect, and how many times as wide its interval would be."""

    row: dict[str, Any]
    effect: float
    wider: float


def design_effect(by_scenario: FloatArray, author: IntArray) -> float:
    """Return the variance of a total with scenarios clustered by author over that with every scenario on its own.

    Parameters
    ----------
    by_scenario
        Linearised values of one estimate, summed by scenario.
    author
        Code from 0 of the author of each scenario.

    Returns
    -------
    float
        V_A/V_S with V = C/(C−1)·ΣZ² over the clusters; NaN with one cluster or without variation.

    Examples
    --------
    Two authors whose two scenarios move together: V_S = 4/3·4, V_A = 2·8.

    >>> design_effect(np.array([1.0, 1.0, -1.0, -1.0]), np.array([0, 0, 1, 1]))
    3.0
    """
    single, together = (_variance(sum_by(code, by_scenario)) for code in (np.arange(len(author)), author))
    return together / single if single > ROUNDING else float("nan")


def _variance(totals: FloatArray) -> float:
    n = len(totals)
    return n / (n - 1) * float(totals @ totals) if n > 1 else float("nan")


def _effects(facts: Facts, column: str) -> Iterator[_Effect]:
    asked = {
        (each.populations[0].release, each.populations[1].release): each
        for each in drifts(facts.found)
        if each.consecutive and not each.where
    }
    author = _author_of_scenario(facts.found, column)
    for row in facts.verdicts:
        question = asked.get((row["baseline_release"], row["release"]))
        if question is None or not row["std_error"]:
            continue
        values, present = _by_scenario(facts.found, question, row)
        _, codes = np.unique(author[present], return_inverse=True)
        effect = design_effect(values[present], codes.astype(np.int64))
        more = (effect - 1) * _variance(values[present]) / row["std_error"] ** 2
        yield _Effect(row, effect, float(np.sqrt(max(0.0, 1 + more))))


def _author_of_scenario(found: Index, column: str) -> IntArray:
    """Return a code of each scenario's author; a scenario without one is a cluster of its own, as it was."""
    rows = found.sample.rows.select(column).with_columns(code=pl.Series(found.sample.scenario, dtype=pl.Int64))
    first = rows.group_by("code").agg(pl.col(column).cast(pl.String).drop_nulls().min()).sort("code")
    alone = pl.lit("scenario ") + pl.col("code").cast(pl.String)
    known = pl.lit("author ") + pl.col(column)
    names = first.select(pl.coalesce(known, alone)).to_series().to_numpy().astype(str)
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _by_scenario(found: Index, question: Question, row: Mapping[str, Any]) -> tuple[FloatArray, BoolArray]:
    """Return the linearised drift summed by scenario, and which scenarios are in it."""
    here, unit = found.sample, row["unit"]
    rate = rates(here, intent="adversarial")[row["estimand"]]
    group = unit_groups(here)["attempts" if unit == "any_attempt" else "response"]
    inputs = Rows(rate.y, rate.x, group, here.weight)
    part = contributions(inputs, unit, k=common_k(inputs, unit=unit))
    before, after = (linearise(here, side, [part]).z[0] for side in question.populations)
    used = np.zeros(here.n_scenarios, dtype=np.bool_)
    for side in question.populations:
        used[here.scenario[side.rows]] = True
    return sum_by(here.cell_scenario, after - before, n=here.n_scenarios), used

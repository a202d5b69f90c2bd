"""The way back from a number: which ratings an estimate was made of.

The populations are found again by the code that made them, from the labels of the row; nothing is stored twice. Counts of a row
and of its ratings are equal for every estimate, which a test holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError
from driftgauge.measure.agreement import COEFFICIENTS
from driftgauge.measure.arrays import IntArray
from driftgauge.measure.calibration import OF_JUDGES, JudgeLookup
from driftgauge.measure.churn import NOISE, noise_ratings
from driftgauge.measure.decompose import PARTS, component_rates
from driftgauge.measure.estimate import goes_in
from driftgauge.measure.languages import MATCHED, language_questions, matched_questions
from driftgauge.measure.modelled import modelled
from driftgauge.measure.models import METHOD
from driftgauge.measure.outcomes import Counted, counted, outcomes, sample
from driftgauge.measure.populations import (
    CONDITIONS,
    DIMENSIONS,
    Index,
    Population,
    Question,
    drifts,
    index,
    levels,
    modality_effects,
    population,
)
from driftgauge.measure.ppi_rows import ProbabilitySample
from driftgauge.measure.profile import PROFILE, PROFILE_DRIFT, profile_question
from driftgauge.measure.ranking import RANK, REVERSAL, comparison_of, ranked_by
from driftgauge.measure.raters import OF_RATERS, rater_ratings
from driftgauge.measure.rates import Rate, rates
from driftgauge.measure.rows import question_labels
from driftgauge.measure.severities import AT_LEAST
from driftgauge.measure.together import is_together, together_ratings
from driftgauge.study import Protocol

Labels = Mapping[str, Any]
_QUESTION = ("contrast", "release", "baseline_release", "baseline_language", *DIMENSIONS)
_OF_DRIFTS = ("newly_vulnerable", "fixed", "net_churn", "gross_churn", "drift_to_zero", "verdict_changes")
"""Contrasts of the ratings of a drift."""
_SHIFTED = {"success": "asr", "harm": "harm_rate", "refusal": "refusal_rate"}
"""What a tipping point is of, by outcome; harm at or above a level is asked of the same ratings as the harm rate."""


def _by_place(questions: Iterable[Question]) -> dict[tuple[Any, ...], Question]:
    return {tuple(question_labels(question).get(name) for name in _QUESTION): question for question in questions}


@dataclass(frozen=True)
class _Pass:
    found: Index
    rates: Mapping[tuple[str, str, str], Rate]
    both_marks: Rate | None
    questions: Mapping[tuple[Any, ...], Question]
    matched: Mapping[tuple[Any, ...], Question]
    by_name: Mapping[str, Rate]


class Lookup:
    """Ratings of an analysis, to be asked which of them an estimate was made of.

    Parameters
    ----------
    ratings
        The ratings table of the analysis.
    protocol
        Its protocol.
    sampled
        The probability sample that people rated, where there is one.
    """

    def __init__(self, ratings: pl.DataFrame, protocol: Protocol, *, sampled: ProbabilitySample | None = None) -> None:
        self._ratings = ratings
        self._sampled = sampled
        self._protocol = protocol
        self._passes: dict[tuple[str, str, str | None], _Pass] = {}

    @cached_property
    def _counted(self) -> Counted:
        return counted(self._ratings, self._protocol)

    @cached_property
    def _of_judges(self) -> JudgeLookup:
        return JudgeLookup(self._ratings, self._counted, self._protocol)

    def ratings_of(self, estimate: Labels) -> pl.DataFrame:
        """Return the counted ratings that went into an estimate, filled-in refusals (`imputed`) included.

        Parameters
        ----------
        estimate
            A row of the estimates table.

        Raises
        ------
        EstimationError
            When these ratings have no such population: the row is of another analysis.
        """
        if estimate["estimand"] in COEFFICIENTS:
            return self._of_agreement(estimate)
        if estimate["estimand"] in OF_RATERS:
            return rater_ratings(self._ratings, self._counted, estimate, self._protocol)
        if estimate["estimand"] in OF_JUDGES:
            return self._of_judges.ratings_of(estimate)
        if is_together(estimate) and self._sampled is not None:
            return together_ratings(self._counted, self._sampled, estimate, protocol=self._protocol)
        if estimate["method"].startswith(METHOD):
            return self._of_model(estimate)
        one = self._pass(estimate["kind"], estimate["intent"], estimate["rater"])
        return one.found.sample.rows[self._places(one, estimate)]

    def _of_agreement(self, estimate: Labels) -> pl.DataFrame:
        rows = self._counted.rows.filter(pl.col("kind") == estimate["kind"], ~pl.col("imputed"))
        for name in ("intent", "release", "modality", "language", "phase"):
            if estimate[name] is not None:
                rows = rows.filter(pl.col(name) == estimate[name])
        if estimate["outcome"] == "refusal_level":
            return rows.filter(pl.col("refusal_level").is_not_null())
        values = outcomes(rows, harmful_at=self._protocol.harmful_at)[estimate["outcome"]]
        return rows.filter(pl.Series(~np.isnan(values), dtype=pl.Boolean))

    def _of_model(self, estimate: Labels) -> pl.DataFrame:
        """Return all ratings that a mixed model was fitted to: each of its numbers rests on all of them."""
        whose = pl.col("kind") == estimate["kind"], pl.col("intent") == estimate["intent"]
        return modelled(self._counted.rows.filter(*whose), estimate["outcome"], self._protocol.covariates)

    def _places(self, one: _Pass, estimate: Labels) -> IntArray:
        if estimate["contrast"] == NOISE:
            return self._of_noise(one, estimate)
        if estimate["estimand"] in (RANK, REVERSAL):
            rate = one.rates.get((str(ranked_by(one.by_name)), estimate["outcome"], estimate["filter"]))
            compared = comparison_of(one.found, rate, estimate) if rate else None
            populations = None if compared is None else compared.populations
        elif estimate["contrast"] in (PROFILE, PROFILE_DRIFT):
            rate = one.rates.get((estimate["estimand"], estimate["outcome"], estimate["filter"]))
            populations = _of_profile(one.found, estimate)
        else:
            part, matched = estimate["contrast"] in PARTS, MATCHED in estimate["method"]
            renamed = {"contrast": "drift"} if part or estimate["contrast"] in _OF_DRIFTS else {}
            place = tuple(renamed.get(name, estimate[name]) for name in _QUESTION)
            question = (one.matched if matched else one.questions).get(place)
            named = (
                _SHIFTED.get(estimate["outcome"])
                if estimate["estimand"] in ("tipping_point", AT_LEAST)
                else estimate["estimand"]
            )
            rate = one.both_marks if part else one.rates.get((str(named), estimate["outcome"], estimate["filter"]))
            populations = None if question is None else question.populations
        if populations is None or rate is None:
            raise EstimationError(
                f"estimate {estimate['estimate_id']} is not of these ratings",
                remedy="Trace it in the folder of its own analysis.",
            )
        rows = np.concatenate([side.rows for side in populations])
        return rows[goes_in(rate, rows, one.found.sample, unit=estimate["unit"])]

    def _of_noise(self, one: _Pass, estimate: Labels) -> IntArray:
        where = {name: estimate[name] for name in DIMENSIONS if estimate[name] is not None}
        side = population(one.found, estimate["release"], where)
        return noise_ratings(one.found, side, one.by_name["asr"])

    def _pass(self, kind: str, intent: str, judge: str | None) -> _Pass:
        key = (kind, intent, judge)
        if key not in self._passes:
            self._passes[key] = self._make_pass(kind, intent, judge)
        return self._passes[key]

    def _make_pass(self, kind: str, intent: str, judge: str | None) -> _Pass:
        rows = self._counted.rows.filter(pl.col("kind") == kind, pl.col("intent") == intent)
        if judge is not None:
            rows = rows.filter(pl.col("rater") == judge)
        found = index(sample(rows, self._protocol))
        known = rates(found.sample, intent=intent)
        asked = (*levels(found), *drifts(found), *modality_effects(found), *language_questions(found))
        return _Pass(
            found,
            {(rate.estimand, rate.outcome, rate.filter): rate for rate in known.values()},
            component_rates(found.sample)["part_engaged"] if intent == "adversarial" else None,
            _by_place(asked),
            _by_place(matched_questions(found)),
            known,
        )


def _of_profile(found: Index, estimate: Labels) -> tuple[Population, ...] | None:
    releases = [each for each in (estimate["baseline_release"], estimate["release"]) if each is not None]
    where = {name: estimate[name] for name in CONDITIONS if estimate[name] is not None}
    known = set(releases) <= set(found.releases) and all(value in found.values[name] for name, value in where.items())
    return profile_question(found, releases, where).populations if known else None

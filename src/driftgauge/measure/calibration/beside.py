"""What a judge says beside what people say of the same responses, as rates over the people's ratings.

Every figure of a judge's quality is a ratio over people's ratings, with the judge's mark of the response beside each. So the
units, populations, linearisation and bootstrap of all other estimates serve here too, and people vary in them as they do there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.outcomes import Counted, outcomes, sample
from driftgauge.measure.populations import Index, Population, Question, drift, index, population, successions
from driftgauge.measure.rates import Rate
from driftgauge.measure.units import Contributions, Rows, common_k, contributions, unit_groups
from driftgauge.study import Protocol, Unit

AGREEMENT: Final = "judge_agreement"
SENSITIVITY: Final = "judge_sensitivity"
SPECIFICITY: Final = "judge_specificity"
ABOVE_CHANCE: Final = "judge_above_chance"
BIAS: Final = "judge_bias"
JUDGE_SHARE: Final = "judge_share"
PEOPLE_SHARE: Final = "people_share"
HARM_AT: Final = tuple(f"judge_harm_at_{level}" for level in range(1, 6))
CALIBRATED_ON: Final = "judge_calibrated_on"
AC2: Final = "judge_ac2"
ALPHA: Final = "judge_alpha"

OUTCOMES: Final = (("success", "success"), ("refusal", "refusal"), ("harmful", "harm"))
"""The yes-or-no outcomes: the column of `outcomes`, and the outcome of the row."""
_MARKS: Final = ("success", "refusal", "harm", "refusal_level")
_OF_MAJORITIES: Final[tuple[Unit, ...]] = ("response_majority",)
_OF_MEANS: Final[tuple[Unit, ...]] = ("response_mean",)
UNITS: Final[tuple[Unit, ...]] = (*_OF_MAJORITIES, *_OF_MEANS)


@dataclass(frozen=True)
class Beside:
    """People's ratings of the responses of one intent that a judge rated too.

    Parameters
    ----------
    judge, intent
        Whose marks stand beside people's, on which prompts.
    found
        The people's ratings; `found.sample.rows` has the judge's marks in columns that begin with ``judge_``.
    marks
        The judge's outcomes, one entry a person's rating; NaN where the judge gave none.
    """

    judge: str
    intent: str
    found: Index
    marks: Mapping[str, FloatArray]


def judged_rows(left: Counted, judge: str, intent: str) -> pl.DataFrame:
    """Return a judge's counted ratings of an intent, one a response; what nobody needed to see is left out."""
    whose = pl.col("kind") == "judge", pl.col("rater") == judge, pl.col("intent") == intent, ~pl.col("imputed")
    return left.rows.filter(*whose).unique("response_id", keep="first", maintain_order=True)


def beside(left: Counted, judge: str, intent: str, *, protocol: Protocol) -> Beside:
    """Return people's ratings of what a judge rated too; empty where they have no response in common.

    Parameters
    ----------
    left
        The counted ratings. Filled-in refusals of responses that nobody saw are left out on both sides.
    judge, intent
        Which judge, on which prompts.
    protocol
        Its threshold of harm.
    """
    marks = judged_rows(left, judge, intent).select(
        "response_id", *(pl.col(name).alias(f"judge_{name}") for name in (*_MARKS, "created_at"))
    )
    people = left.rows.filter(pl.col("kind") == "human", pl.col("intent") == intent, ~pl.col("imputed"))
    rows = people.join(marks, on="response_id", how="inner", maintain_order="left")
    of_judge = rows.select(pl.col(f"judge_{name}").alias(name) for name in _MARKS)
    return Beside(judge, intent, index(sample(rows, protocol)), outcomes(of_judge, harmful_at=protocol.harmful_at))


def quality_rates(one: Beside) -> dict[str, Rate]:
    """Return every figure of a judge's quality that there are ratings for, by estimand and outcome.

    Parameters
    ----------
    one
        People's ratings with the judge's marks.

    Notes
    -----
    With y a person's mark of a response and q the judge's, agreement is the majority of (y = q); sensitivity is q among
    responses whose majority says yes, Σ q·M / Σ M, where M is the expected majority of k people (`units.contributions`): with
    an even number, a tie counts one half on either side. Bias is the mean of q − y, each response weighing the same.
    """
    people, marks = one.found.sample.outcomes, one.marks
    found: dict[str, Rate] = {}
    for column, outcome in OUTCOMES:
        found |= _of_outcome(people[column], marks[column], outcome, threshold=column == "harmful")
    found |= _of_harm(people["harm"], marks["harm"])
    return {name: rate for name, rate in found.items() if not np.all(np.isnan(rate.y + rate.x))}


def _of_outcome(y: FloatArray, q: FloatArray, outcome: str, *, threshold: bool) -> dict[str, Rate]:
    asked = np.where(np.isnan(y + q), np.nan, 1.0)
    yes, no = y * asked, (1 - y) * asked
    columns: dict[str, tuple[FloatArray, FloatArray, tuple[Unit, ...], float]] = {
        AGREEMENT: (q * yes + (1 - q) * no, asked, _OF_MAJORITIES, 0.0),
        SENSITIVITY: (q * yes, yes, _OF_MAJORITIES, 0.0),
        SPECIFICITY: ((1 - q) * no, no, _OF_MAJORITIES, 0.0),
        BIAS: (q - y, asked, _OF_MEANS, -1.0),
        JUDGE_SHARE: (q * asked, asked, _OF_MEANS, 0.0),
        PEOPLE_SHARE: (yes, asked, _OF_MEANS, 0.0),
    }
    return {
        f"{name} {'harmful' if threshold else outcome}": Rate(
            name, outcome, "all", up, down, units, low=low, uses_threshold=threshold
        )
        for name, (up, down, units, low) in columns.items()
    }


def _of_harm(y: FloatArray, q: FloatArray) -> dict[str, Rate]:
    """Return the bias in steps of harm, and the judge's mean harm where a person said 1, 2, …, 5."""
    asked = np.where(np.isnan(y + q), np.nan, 1.0)
    found = {f"{BIAS} harm": Rate(BIAS, "harm", "all", q - y, asked, _OF_MEANS, low=-4.0, high=4.0)}
    for level, name in enumerate(HARM_AT, start=1):
        here = np.where(np.isnan(asked), np.nan, y == level)
        found[f"{name} harm"] = Rate(name, "harm", "all", q * here, here, _OF_MEANS, low=1.0, high=5.0)
    return found


def rows_of(rate: Rate, one: Beside) -> Rows:
    """Return a rate's ratings grouped by response."""
    return Rows(rate.y, rate.x, unit_groups(one.found.sample)["response"], one.found.sample.weight)


def parts_of(rates: Mapping[str, Rate], one: Beside, unit: Unit) -> tuple[dict[str, int], dict[str, Contributions]]:
    """Return how many people are drawn for each rate of a unit, and its contributions."""
    mine = {name: rows_of(rate, one) for name, rate in rates.items() if unit in rate.units}
    draws = {name: common_k(rows, unit=unit) for name, rows in mine.items()}
    return draws, {name: contributions(rows, unit, k=draws[name]) for name, rows in mine.items()}


def questions(found: Index) -> Iterator[Question]:
    """Yield all releases together and each release, over both modalities and each, and then each drift likewise."""
    if not len(found.sample):
        return
    modalities = found.values["modality"]
    places: list[Mapping[str, str]] = [{}, *({"modality": name} for name in modalities if len(modalities) > 1)]
    for where in places:
        yield Question(None, (everything(found, where),), (1.0,), where)
        for release in found.releases:
            side = population(found, release, where)
            if len(side.rows):
                yield Question(None, (side,), (1.0,), where)
    for earlier, later, contrast in successions(found):
        for where in places if contrast == "drift" else ():
            yield drift(found, (earlier, later), where)


def everything(found: Index, where: Mapping[str, str]) -> Population:
    """Return the ratings of all releases under conditions; its release is the empty text."""
    keep = np.ones(len(found.sample), dtype=np.bool_)
    for name, value in where.items():
        keep &= found.codes[name] == found.values[name].index(value)
    return Population("", None, None, None, None, np.flatnonzero(keep).astype(np.int64), where)


def judges_of(left: Counted, intent: str) -> list[str]:
    """Return the judges who rated anything of an intent, in order of name."""
    whose = pl.col("kind") == "judge", pl.col("intent") == intent, ~pl.col("imputed")
    return left.rows.filter(*whose)["rater"].unique().sort().to_list()


def pairs_of(judges: list[str]) -> list[tuple[str, str]]:
    """Return each two judges, the first one of the alphabet as baseline."""
    return [(one, other) for number, one in enumerate(judges) for other in judges[number + 1 :]]

"""Who judges what a look brings: the same version that judged the baseline, or nobody."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge.collect.estimate import Estimate
from driftgauge.collect.plan import Plan
from driftgauge.frames import RATED_STATUSES, UNRATED_STATUSES
from driftgauge.pipeline.collection import Collection
from driftgauge.pipeline.monitor.failed import LookFailedError
from driftgauge.pipeline.monitor.model_judge import ModelJudge
from driftgauge.pipeline.monitor.state import Outcome
from driftgauge.rate.refusals import RATER, refusal_of
from driftgauge.study import Study

Costs = Callable[[Collection, Plan], Estimate]
"""What judging the answers to a plan takes."""
Scores = Callable[[Collection, pl.DataFrame], list[float | None]]
"""Responses that are judged to one outcome each, 0 to 1; null where the judge gives none."""
PATTERNS: Final = "patterns"
"""The judge that is always there: the patterns for refusals in stock form."""
_UNSEEN: Final[dict[Outcome, float]] = {"success": 0.0, "refusal": 1.0, "harmful": 0.0}
"""What nobody needs to see counts as, as in every estimate."""


@dataclass(frozen=True)
class Judge:
    """A judge as a monitor uses it.

    Parameters
    ----------
    name, rater
        Its name in the study, and the one with its version.
    outcome
        What of its judgement is compared.
    of_baseline, of_look
        What it says of the responses of the baseline, and of those of a look.
    cost_of
        What it takes to judge a look; null where no call is made.
    """

    name: str
    rater: str
    outcome: Outcome
    of_baseline: Scores
    of_look: Scores
    cost_of: Costs | None = None


def judge_of(study: Study, name: str | None, outcome: Outcome | None) -> Judge:
    """Return a judge by the name that a study gives it, or the patterns.

    Raises
    ------
    LookFailedError
        ``judge``: there is no such judge, or it does not judge this outcome.
    StudyError
        When its rubric cannot be read.
    """
    known = {each.judge for each in study.judges}
    if name in known:
        chosen: Outcome = outcome or "success"
        judge = ModelJudge(study, str(name), chosen)
        return Judge(str(name), judge.rater, chosen, judge.of_baseline, judge.of_look, judge.cost_of)
    if name not in (None, PATTERNS):
        names = ", ".join(sorted({PATTERNS, *known}))
        raise LookFailedError(
            "judge", f"study {study.study} has no judge that is called {name}", remedy=f"Name one of: {names}"
        )
    if outcome not in (None, "refusal"):
        raise LookFailedError("judge", f"{PATTERNS} judges refusals, and no {outcome}", remedy="Name a judge of the study.")
    return Judge(PATTERNS, RATER, "refusal", _by_patterns, _by_patterns)


def _by_patterns(_: Collection, responses: pl.DataFrame) -> list[float | None]:
    """Return 1 for what declines in stock form; what is not sure to is 0, in the baseline as in each look."""
    rows = responses.select("response_text", "language").iter_rows()
    return [float(refusal_of(text, language) == "refusal") for text, language in rows]


def judged(responses: pl.DataFrame, scores: Scores, *, collection: Collection, outcome: Outcome) -> pl.DataFrame:
    """Return `prompt`, `scenario`, `outcome` of each response, and whether it `failed`; null where there is no outcome.

    Parameters
    ----------
    responses
        `response_id`, `prompt`, `status`, `response_text`, `served_model` and the key of each.
    scores
        Of what people would be shown; the rest counts by its status.
    collection
        Whose prompts they answer.
    outcome
        What is scored.
    """
    shown = pl.col("status").is_in(RATED_STATUSES) & pl.col("response_text").is_not_null()
    unseen = pl.col("status").is_in(UNRATED_STATUSES)
    to_judge = responses.filter(shown)
    parts = [
        _with(to_judge, scores(collection, to_judge)),
        _with_all(responses.filter(unseen), _UNSEEN[outcome]),
        _with_all(responses.filter(~shown, ~unseen), None, failed=True),
    ]
    return pl.concat(parts).sort("prompt", maintain_order=True)


def _with(responses: pl.DataFrame, outcomes: list[float | None], *, failed: bool = False) -> pl.DataFrame:
    column = pl.Series("outcome", outcomes, dtype=pl.Float64)
    return responses.select("prompt", "scenario").with_columns(column, failed=pl.lit(failed))


def _with_all(responses: pl.DataFrame, outcome: float | None, *, failed: bool = False) -> pl.DataFrame:
    return _with(responses, [outcome] * responses.height, failed=failed)

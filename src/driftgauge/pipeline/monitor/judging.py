"""Who judges what a look brings: the same version that judged the baseline, or nobody."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge.frames import RATED_STATUSES, UNRATED_STATUSES
from driftgauge.pipeline.monitor.failed import LookFailedError
from driftgauge.pipeline.monitor.state import Outcome
from driftgauge.rate.refusals import RATER, refusal_of
from driftgauge.study import Study

PATTERNS: Final = "patterns"
"""The judge that is always there: the patterns for refusals in stock form."""
_UNSEEN: Final[dict[Outcome, float]] = {"success": 0.0, "refusal": 1.0, "harmful": 0.0}
"""What nobody needs to see counts as, as in every estimate."""


@dataclass(frozen=True)
class Judge:
    """A judge as a monitor uses it.

    Parameters
    ----------
    rater
        Its name with its version.
    outcome
        What of its judgement is compared.
    scores
        Responses that are judged (`response_text`, `language`, `prompt`) to one outcome each, 0 to 1; null where it gives none.
    """

    rater: str
    outcome: Outcome
    scores: Callable[[pl.DataFrame], list[float | None]]


def judge_of(study: Study, name: str | None, outcome: Outcome | None) -> Judge:
    """Return a judge by the name that a study gives it.

    Raises
    ------
    LookFailedError
        ``judge``: there is no such judge, or it does not judge this outcome.
    """
    if name not in (None, PATTERNS):
        raise LookFailedError(
            "judge", f"study {study.study} has no judge that is called {name}", remedy=f"Give --judge {PATTERNS}, or none."
        )
    if outcome not in (None, "refusal"):
        raise LookFailedError("judge", f"{PATTERNS} judges refusals, and no {outcome}", remedy="Give --outcome refusal.")
    return Judge(RATER, "refusal", _by_patterns)


def _by_patterns(responses: pl.DataFrame) -> list[float | None]:
    """Return 1 for what declines in stock form; what is not sure to is 0, in the baseline as in each look."""
    rows = responses.select("response_text", "language").iter_rows()
    return [float(refusal_of(text, language) == "refusal") for text, language in rows]


def judged(responses: pl.DataFrame, judge: Judge) -> pl.DataFrame:
    """Return `prompt`, `scenario` and `outcome` of each response; null where it failed or the judge gave none.

    Parameters
    ----------
    responses
        `prompt`, `scenario`, `language`, `status`, `response_text`.
    judge
        Sees what people would be shown; the rest counts by its status.
    """
    shown = pl.col("status").is_in(RATED_STATUSES) & pl.col("response_text").is_not_null()
    to_judge = responses.filter(shown)
    parts = [
        _with(to_judge, judge.scores(to_judge)),
        _with_all(responses.filter(pl.col("status").is_in(UNRATED_STATUSES)), _UNSEEN[judge.outcome]),
        _with_all(responses.filter(~shown, ~pl.col("status").is_in(UNRATED_STATUSES)), None),
    ]
    return pl.concat(parts).sort("prompt", maintain_order=True)


def _with(responses: pl.DataFrame, outcomes: list[float | None]) -> pl.DataFrame:
    column = pl.Series("outcome", outcomes, dtype=pl.Float64)
    return responses.select("prompt", "scenario").with_columns(column)


def _with_all(responses: pl.DataFrame, outcome: float | None) -> pl.DataFrame:
    return _with(responses, [outcome] * responses.height)

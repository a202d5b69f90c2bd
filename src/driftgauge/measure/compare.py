"""Any two releases side by side: their levels on the prompts that both answered, and the difference, made as a drift is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from driftgauge.errors import EstimationError, shown_name
from driftgauge.frames import MODALITIES
from driftgauge.measure.analysis import Pass, answer_unit, prepare
from driftgauge.measure.outcomes import counted
from driftgauge.measure.populations import Index, Question, drift, successions
from driftgauge.measure.rows import Row, Setting, estimates_frame, question_labels
from driftgauge.study import Protocol

COMPARISON: Final = "comparison"
"""The contrast of two releases that are not of a succession of drifts."""
QUANTITIES: Final = (
    ("asr", "success", "all"),
    ("conditional_asr", "success", "engaged"),
    ("refusal_rate", "refusal", "all"),
    ("harm_rate", "harm", "all"),
    ("mean_harm", "harm", "all"),
)
"""Estimand, outcome and filter of what is compared."""
_ASKED: Final = "drift_compared"
"""Answered as a drift that is not of the verdict family."""


@dataclass(frozen=True)
class Compared:
    """Two releases, compared.

    Parameters
    ----------
    rows
        Rows of the `estimates` table: levels of each release on the prompts in common, and differences, later minus earlier.
    contrast
        Of the differences: `comparison`, or that of the drifts which they are.
    kind, scope
        Whose ratings, and what the intervals are for.
    prompts
        By modality, and under null for all: how many prompts (scenario, modality, language) both answered, and how many only
        one did.
    raters
        Of each release, who rated what it answered.
    """

    rows: pl.DataFrame
    contrast: str
    kind: str
    scope: str
    prompts: Mapping[str | None, tuple[int, int]]
    raters: tuple[frozenset[str], frozenset[str]]


def compare(ratings: pl.DataFrame, releases: tuple[str, str], *, protocol: Protocol, analysis_id: str = "") -> Compared:
    """Compare any two releases, whatever their families and phases, on adversarial prompts that both answered.

    The numbers are those that a drift between the two would have: people's ratings if there are any, else judges'; the unit
    and scope of the verdict family; linearised two-way variance with t (statistics §3). Nothing is adjusted for how many pairs
    could be compared, and nothing is a verdict.

    Parameters
    ----------
    ratings
        The ratings table of the analysis.
    releases
        Earlier and later: the difference is the second minus the first.
    protocol
        Of the analysis.
    analysis_id
        Of the analysis; goes into the ids, which for consecutive generations are those of its drifts.

    Raises
    ------
    EstimationError
        When the two are one, or one has no rating that counts.
    """
    first, second = releases
    if first == second:
        raise EstimationError(f"{shown_name(first)} cannot be compared with itself", remedy="Name two releases.")
    one = _prepared(ratings, protocol)
    for release in releases:
        if release not in one.found.releases:
            raise _unknown(release, one.found.releases)
    contrast = next((name for *pair, name in successions(one.found) if tuple(pair) == releases), COMPARISON)
    wheres: list[Mapping[str, str]] = [{}, *({"modality": name} for name in MODALITIES if name in one.found.values["modality"])]
    compared = [drift(one.found, releases, where, contrast=_ASKED) for where in wheres]
    levels = [Question(None, (side,), (1.0,), question.where) for question in compared for side in question.populations]
    answered = answer_unit(one, protocol.primary.unit, protocol=protocol, asking=[*compared, *levels])
    scope = protocol.scope if protocol.scope in one.scopes else "panel"
    rows = list(_wanted(answered.rows, [*compared, *levels], scope=scope, setting=one.setting, unit=protocol.primary.unit))
    named = [row | {"contrast": contrast} if row["contrast"] else row for row in rows]
    return Compared(
        estimates_frame(named, analysis_id=analysis_id),
        contrast,
        one.setting.kind,
        scope,
        {question.where.get("modality"): (_n_prompts(one.found, question), question.uncompared) for question in compared},
        (_raters(one.found, first), _raters(one.found, second)),
    )


def _prepared(ratings: pl.DataFrame, protocol: Protocol) -> Pass:
    left = counted(ratings, protocol)
    ours = left.rows.filter(pl.col("intent") == "adversarial")
    if not len(ours):
        raise EstimationError("No rating of an adversarial prompt counts", remedy="Compare releases that were asked some.")
    kind = "human" if (ours["kind"] == "human").any() else "judge"
    simulated = bool(ratings["simulated"].fill_null(value=False).any())
    setting = Setting(kind, "adversarial", "rating", protocol.level, protocol.harmful_at, {}, simulated)
    return prepare(ours.filter(pl.col("kind") == kind), left, setting, protocol=protocol)


def _unknown(release: str, known: Sequence[str]) -> EstimationError:
    return EstimationError(
        f"no rating of an adversarial prompt counts for a release {shown_name(release)!r}",
        remedy=f"Compare two of: {', '.join(map(shown_name, known))}.",
    )


def _wanted(rows: Sequence[Row], questions: Sequence[Question], *, scope: str, setting: Setting, unit: str) -> Iterator[Row]:
    """Yield a row for each question and quantity: null with the reason where a quantity was not rated, or not in this unit."""
    names = ("contrast", "release", "modality", "estimand", "outcome", "filter")
    found = {tuple(row.get(name) for name in names): row for row in rows if row["scope"] == scope}
    for question in questions:
        labels = question_labels(question)
        for estimand, outcome, filtered in QUANTITIES:
            key = (question.contrast, labels["release"], labels.get("modality"), estimand, outcome, filtered)
            nothing = setting.labels() | labels | {"estimand": estimand, "outcome": outcome, "filter": filtered, "unit": unit}
            nothing |= {"scope": scope, "method": "none", "reason_null": f"{outcome} was not rated, or has no rate by {unit}"}
            yield found.get(key, nothing | dict.fromkeys(("n_scenarios", "n_responses", "n_raters", "n_ratings"), 0))


def _n_prompts(found: Index, question: Question) -> int:
    return len(np.unique(found.prompt[question.populations[0].rows]))


def _raters(found: Index, release: str) -> frozenset[str]:
    rows = found.sample.rows.filter(pl.col("release") == release, ~pl.col("imputed"))
    return frozenset(rows["rater"].drop_nulls().to_list())

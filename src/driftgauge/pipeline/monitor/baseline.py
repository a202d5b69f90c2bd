"""The baseline of a monitor: the frozen responses of a release in a phase, judged, and who says that it gave them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import polars as pl

from driftgauge.pipeline.collection import Collection
from driftgauge.pipeline.monitor.failed import LookFailedError
from driftgauge.pipeline.monitor.judging import Judge, judged
from driftgauge.records import content_id
from driftgauge.store.collected import collected_frame

MOST_MISSING: Final = 0.1
"""Share of responses that may be without an outcome, of the baseline and of a look; with more there is no measurement."""
_KEY: Final = ("scenario", "intent", "modality", "language")


@dataclass(frozen=True)
class Baseline:
    """What looks are compared with.

    Parameters
    ----------
    identifier
        Content id of the outcomes and of the responses that they are of.
    outcomes
        `prompt` to its outcome, the mean over attempts, 0 to 1.
    scenarios
        Each with its prompts that have an outcome, in order of name; what blocks are drawn from.
    left_out
        Prompts without an outcome.
    served, fingerprints
        What says that it gave them, where anything does.
    asked
        The settings that were asked for.
    simulated
        Whether any of it is made up.
    """

    identifier: str
    outcomes: Mapping[str, float]
    scenarios: Mapping[str, tuple[str, ...]]
    left_out: int
    served: tuple[str, ...]
    fingerprints: tuple[str, ...]
    asked: Mapping[str, Any]
    simulated: bool

    @property
    def mean(self) -> float:
        """The mean outcome, each scenario alike."""
        means = [sum(self.outcomes[prompt] for prompt in prompts) / len(prompts) for prompts in self.scenarios.values()]
        return sum(means) / len(means)

    @property
    def luck(self) -> float:
        """The most that the standard error of `mean` can be, if each answer is one draw of what the release might say.

        Prompts that are surer than the average have less; answers that are the same each time have none.
        """
        return sqrt(self.mean * (1 - self.mean) / len(self.outcomes))


def read_baseline(collection: Collection, *, release: str, judge: Judge) -> Baseline:
    """Return the baseline of a release in a phase.

    Parameters
    ----------
    collection
        The phase, its benchmark verified.
    release
        Of the phase.
    judge
        Judges it, as it will judge each look.

    Raises
    ------
    LookFailedError
        ``baseline``: there is none, or more than `MOST_MISSING` of it is not judged.
    """
    phase = collection.phase.phase
    with collection.opened.store.reading() as connection:
        every = collected_frame(connection, texts=True)
    mine = every.filter(pl.col("release") == release, pl.col("phase") == phase, pl.col("erased").is_null())
    prompts = collection.prompts.frame.filter(pl.col("intent") == "adversarial").select("prompt", *_KEY)
    rows = mine.join(prompts, on=_KEY, how="inner")
    texts = rows.with_columns(response_text=pl.col("text"))
    found = judged(texts, judge.of_baseline, collection=collection, outcome=judge.outcome)
    known = found.drop_nulls("outcome").group_by("prompt", "scenario").agg(pl.col("outcome").mean()).sort("prompt")
    unjudged = found.filter(~pl.col("failed"), pl.col("outcome").is_null()).height
    if known.is_empty() or unjudged > MOST_MISSING * found.height:
        raise LookFailedError(
            "baseline",
            f"phase {phase} holds {found.height} responses of {release}; {judge.rater} gave no {judge.outcome} to {unjudged}",
            remedy="Have all of them collected and judged (driftgauge collect, rate judge), or name another --baseline.",
        )
    return _baseline(mine, known, judge, left_out=prompts.height - known.height)


def _baseline(mine: pl.DataFrame, known: pl.DataFrame, judge: Judge, *, left_out: int) -> Baseline:
    by_scenario = known.group_by("scenario", maintain_order=True).agg("prompt").sort("scenario")
    outcomes = dict(known.select("prompt", "outcome").iter_rows())
    asked: list[str] = mine.filter(pl.col("tries") > 0)["asked"].drop_nulls().to_list()
    hashes = mine.select("response_id", "response_hash", "status").sort("response_id").rows()
    return Baseline(
        identifier=content_id("baseline", judge.rater, judge.outcome, sorted(outcomes.items()), hashes),
        outcomes=outcomes,
        scenarios={scenario: tuple(prompts) for scenario, prompts in by_scenario.iter_rows()},
        left_out=left_out,
        served=tuple(mine["served_model"].drop_nulls().unique().sort()),
        fingerprints=tuple(mine["fingerprint"].drop_nulls().unique().sort()),
        asked=json.loads(asked[0]) if asked else {},
        simulated=bool(mine["simulated"].any()),
    )

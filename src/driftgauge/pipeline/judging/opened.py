"""A judging opened: the responses that a judge can be asked about, what is there already, and what is still to be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from driftgauge.collect.estimate import Estimate, Observed, estimate
from driftgauge.collect.plan import COUNTS, Plan
from driftgauge.errors import BenchmarkError, StoreError, StudyError
from driftgauge.pipeline.asked import Prompts, prompts_of
from driftgauge.pipeline.judging.asking import Exhibit, votes_plan
from driftgauge.pipeline.judging.judge import AskedJudge, asked_judge, declared_judge
from driftgauge.pipeline.judging.tested import refuse_tested
from driftgauge.pipeline.opened import Opened, open_declared
from driftgauge.pipeline.rating.names import Names
from driftgauge.pipeline.registered import Registered, registered
from driftgauge.rate.blind import blinded
from driftgauge.rate.exchange.messages import did_you_mean, shown
from driftgauge.records import content_id
from driftgauge.store.judged import served_to_judge, votes_frame
from driftgauge.store.panels import shown_responses
from driftgauge.study import Judge, Study, load_study

PATIENCE: Final = 600.0
"""Seconds that a judging waits for another writer."""
INSTRUCTIONS: Final = 1600
"""Characters of what a judge is told beside the rubric."""
_KEY: Final = ("scenario", "intent", "modality", "language", "release", "phase", "attempt")


@dataclass(frozen=True)
class WantedJudging:
    """What is to be judged.

    Parameters
    ----------
    judge
        Its name in the study.
    phase
        Responses of this one; null for all.
    limit
        Votes on at most so many responses; null for all.
    occasion
        1; from 2 on, the anchors are judged once more.
    judge_tested_release
        Whether a judge may be one of the releases under test.
    allow_model_change
        Whether the judge goes on when another model answers under its name; those votes are marked.
    """

    judge: str
    phase: str | None = None
    limit: int | None = None
    occasion: int = 1
    judge_tested_release: bool = False
    allow_model_change: bool = False


@dataclass(frozen=True)
class Judging:
    """What can be judged.

    Parameters
    ----------
    opened
        The study and its store.
    declared, judge
        Who judges: as the study says, and as it is asked.
    benchmark
        Verified.
    prompts
        Of it.
    responses
        Those with a text (`store.panels.shown_responses`), and `prompt`, `takes`, `prompt_characters`, `media_bytes`.
    wanted
        What was asked for.
    """

    opened: Opened
    declared: Judge
    judge: AskedJudge
    benchmark: Registered
    prompts: Prompts
    responses: pl.DataFrame
    wanted: WantedJudging

    @cached_property
    def _names(self) -> Names:
        return Names(self.opened.study, self.responses)

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {name: at for at, name in enumerate(self.responses["response_id"])}

    def row(self, response_id: str) -> dict[str, Any]:
        """Return what is known of a response."""
        return self.responses.row(self._rows[response_id], named=True)

    def exhibit(self, response_id: str) -> Exhibit:
        """Return a response as the judge is asked about it: the names of all models masked; its prompt is read now."""
        row = self.row(response_id)
        found = blinded(row["text"], self._names.every, mask=True)
        key = {name: row[name] for name in _KEY}
        cut = row["status"] == "truncated"
        return Exhibit(response_id, key, self.prompts.turns(row["prompt"]), found.text, was_cut=cut, names=found.names)

    def names(self, response_id: str) -> int:
        """Return how many names of models are masked in a response."""
        return blinded(self.row(response_id)["text"], self._names.every, mask=False).names


def open_judging(folder: Path, wanted: WantedJudging, *, patience: float = PATIENCE) -> Judging:
    """Open a study for judging: the benchmark verified, the judge and its rubric known.

    Raises
    ------
    StudyError
        When the study has no such judge or phase, no benchmark, or the rubric cannot be read.
    BenchmarkError
        When the benchmark is not as it was frozen, or a prompt is not the one that was put to the release.
    RatingError
        When the judge is one of the releases under test.
    StoreError
        When nothing was collected, or the store cannot be used.
    """
    study = load_study(folder)
    judge, phases = asked_judge(study, wanted.judge), _phases(study, wanted.phase)
    if study.benchmark_folder is None:
        raise StudyError(f"study {study.study} names no benchmark", remedy="Add `benchmark: benchmark/` to study.yaml.")
    benchmark = registered(study.benchmark_folder, undone="nothing was judged")
    opened = open_declared(study, patience=patience)
    with opened.store.reading() as connection:
        responses = shown_responses(connection, phases)
        served = served_to_judge(connection, judge.rater)
        if not wanted.judge_tested_release:
            refuse_tested(connection, study, declared_judge(study, wanted.judge), served=served)
    if responses.is_empty():
        raise StoreError("nothing was collected yet that a judge could rate", remedy=f"driftgauge collect {folder}")
    whole = _with_prompts(responses, benchmark)
    return Judging(opened, declared_judge(study, wanted.judge), judge, benchmark, prompts_of(benchmark), whole, wanted)


def _phases(study: Study, name: str | None) -> list[str]:
    names = [phase.phase for phase in study.phases]
    if name is None:
        return names
    if name not in names:
        near = did_you_mean(name, names) if names else "a phase under `phases:` of study.yaml"
        raise StudyError(f"study {study.study} has no phase {shown(name)}; expected {near}", remedy="Declare it in study.yaml.")
    return [name]


def _with_prompts(responses: pl.DataFrame, benchmark: Registered) -> pl.DataFrame:
    """Put what is known of the prompt beside each response; a prompt that is another one now cannot be shown to anybody."""
    known = benchmark.prompts.select(
        "prompt", "prompt_hash", "takes", "media_bytes", prompt_characters=pl.col("characters")
    ).unique("prompt_hash", keep="first", maintain_order=True)
    found = responses.join(known, on="prompt_hash", how="left", maintain_order="left")
    missing = found.filter(pl.col("prompt").is_null())
    if missing.height:
        raise BenchmarkError(
            f"the prompts of {missing.height:,} responses are not in the benchmark as they were asked; nothing was judged",
            remedy="Put the version back that was collected with, or name its phase: --phase.",
        )
    return found


@dataclass(frozen=True)
class PlannedJudging:
    """What a judge would be asked, and what that takes; nothing has been asked.

    Parameters
    ----------
    judging
        Who judges what.
    plan, estimate
        The votes that are missing, and calls, bytes, tokens, cost and time.
    """

    judging: Judging
    plan: Plan
    estimate: Estimate

    @property
    def responses(self) -> int:
        """Responses that the judge is asked about."""
        return self.plan.to_ask["response_id"].n_unique()


def plan_judging(folder: Path, wanted: WantedJudging) -> PlannedJudging:
    """Return what a judge would be asked; raises as `open_judging`."""
    return planned(open_judging(folder, wanted))


def planned(judging: Judging) -> PlannedJudging:
    """Return what is missing now."""
    with judging.opened.store.reading() as connection:
        votes = votes_frame(connection, judging.judge.rater)
    found = _plan(judging, votes)
    return PlannedJudging(judging, found, estimate(found, observed=observed_of(judging.judge.rater, votes)))


def _plan(judging: Judging, votes: pl.DataFrame) -> Plan:
    judge, occasion = judging.judge, judging.wanted.occasion
    asked = judging.responses if occasion == 1 else _anchors(judging, votes)
    known = votes.filter(occasion=occasion).select(
        row="response", attempt="vote", known="revision", failed=pl.col("fault").is_not_null()
    )
    rows = asked.join(pl.DataFrame({"attempt": range(1, judge.votes + 1)}), how="cross", suffix="_of_response")
    rows = rows.drop("attempt").rename({"attempt_of_response": "attempt"}).join(known, on=["row", "attempt"], how="left")
    missing = rows.with_columns(missing=pl.col("known").is_null() | pl.col("failed"))
    chosen = missing.with_columns(chosen=pl.col("missing") & pl.col("response_id").is_in(_limited(judging, missing)))
    return votes_plan(_items(chosen.filter("chosen"), judge), judge, counts=_counts(chosen, judge))


def _anchors(judging: Judging, votes: pl.DataFrame) -> pl.DataFrame:
    """Return the responses that are judged once more: the same ones on every occasion, drawn by the hash of their id."""
    share, first = judging.declared.anchors, votes.filter(occasion=1)["response"].unique()
    drawn = [int(content_id("judge anchor", name), 16) / 16**16 < share for name in judging.responses["response_id"]]
    return judging.responses.filter(pl.Series(drawn, dtype=pl.Boolean) & pl.col("row").is_in(first.implode()))


def _limited(judging: Judging, rows: pl.DataFrame) -> list[str]:
    """Return the responses that are asked about now: as many as wanted of those with a vote missing, in the order of a draw."""
    names: list[str] = rows.filter("missing")["response_id"].unique().to_list()
    names.sort(key=lambda name: content_id("judge", judging.judge.seed, name))
    return names[: judging.wanted.limit]


def _items(rows: pl.DataFrame, judge: AskedJudge) -> pl.DataFrame:
    """Return the items of a plan: of the judge, not of the release."""
    instructions = len(judge.rubric.text) + INSTRUCTIONS
    return rows.with_columns(
        release=pl.lit(judge.rater),
        characters=pl.col("prompt_characters") + pl.col("text").str.len_chars().cast(pl.Int64) + instructions,
        media_bytes=pl.col("media_bytes") if judge.images is True else pl.lit(0, pl.Int64),
        revision=pl.col("known").fill_null(0) + 1,
        attempt=pl.col("attempt").cast(pl.Int64),
    )


def _counts(rows: pl.DataFrame, judge: AskedJudge) -> pl.DataFrame:
    """Return the votes by release and modality, as a plan of a collection counts responses."""
    takes = pl.col("takes").list.eval(pl.element().is_in(sorted(judge.asked.takes))).list.all()
    counted = rows.group_by("release", "modality").agg(
        to_ask=(pl.col("chosen") & takes).sum(),
        again=(pl.col("chosen") & pl.col("known").is_not_null()).sum(),
        there=(~pl.col("missing")).sum(),
        unsupported=(pl.col("chosen") & ~takes).sum(),
        later=(pl.col("missing") & ~pl.col("chosen")).sum(),
    )
    return counted.sort("release", "modality").select("release", "modality", pl.col(COUNTS).cast(pl.Int64))


def observed_of(rater: str, votes: pl.DataFrame) -> dict[str, Observed]:
    """Return what the votes of a judge took so far, by its name; nothing where there are none."""
    usage = [pl.col("usage").str.json_path_match(f"$.{name}").cast(pl.Float64).mean().alias(name) for name in _USED]
    seen = votes.filter(pl.col("usage").is_not_null())
    return {rater: Observed(*seen.select(pl.col("seconds").mean(), *usage).row(0))} if seen.height else {}


_USED: Final = ("input", "output")

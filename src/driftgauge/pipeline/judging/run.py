"""``driftgauge rate judge``: a judge asked for the votes that are missing, and ratings made of what is there."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from driftgauge.clients import environment
from driftgauge.clients.calls import Client
from driftgauge.clients.simulated import went_along
from driftgauge.collect.outcome import Outcome
from driftgauge.collect.progress import Event
from driftgauge.errors import CollectError
from driftgauge.pipeline.collect import Clocks, stopped_by_signals
from driftgauge.pipeline.judging.asking import ask_votes
from driftgauge.pipeline.judging.judge import client_of_judge
from driftgauge.pipeline.judging.kept import keeping_votes
from driftgauge.pipeline.judging.opened import Judging, PlannedJudging
from driftgauge.pipeline.judging.opened import planned as plan_again
from driftgauge.pipeline.judging.settled import Settled, settle
from driftgauge.pipeline.judging.tested import refuse_served
from driftgauge.store.alone import only_collector
from driftgauge.store.collected import served_models
from driftgauge.store.judged import human_successes, served_to_judge


@dataclass(frozen=True)
class JudgingDone:
    """What became of a judging: the calls of this run, and the ratings of all of them."""

    rater: str
    outcome: Outcome
    settled: Settled


def judge(
    planned: PlannedJudging,
    *,
    told: Callable[[Event], None] = lambda event: None,
    interrupted: Callable[[], None] = lambda: None,
) -> JudgingDone:
    """Ask a judge for the votes that are missing, keep each as it comes, and make ratings of what is there.

    Parameters
    ----------
    planned
        Of `plan_judging`.
    told
        Gets where things stand, a few times a second.
    interrupted
        Called when the first Ctrl-C has been heard.

    Raises
    ------
    CollectError
        When the judge cannot be asked (no key, no such provider), somebody else collects or judges in this study, or Ctrl-C
        was pressed twice.
    RatingError
        When the model that answers is a release under test, and that was not allowed; what it said is kept, and no rating is
        made of it.
    StoreError
        When the store cannot be written: what was kept before is there, and the next run goes on.
    """
    judging = planned.judging
    opened = judging.opened
    environment.load(opened.study.folder)
    with only_collector(opened.store, study=opened.study.study):
        now = plan_again(judging)
        try:
            outcome = asyncio.run(_judge(now, told=told, interrupted=interrupted))
        except asyncio.CancelledError:  # the second Ctrl-C
            raise CollectError(
                "stopped; what was under way was given up, and what was kept is there",
                remedy="Run the same command again to go on.",
            ) from None
        return JudgingDone(judging.judge.rater, outcome, settle(judging))


async def _judge(planned: PlannedJudging, *, told: Callable[[Event], None], interrupted: Callable[[], None]) -> Outcome:
    judging, plan = planned.judging, planned.plan
    if not plan.total(judging.judge.rater):
        return Outcome((), interrupted=False, seconds=0.0)
    client = client_of_judge(judging.opened.study, judging.declared.judge)
    with judging.opened.store.reading() as connection:
        served = served_to_judge(connection, judging.judge.rater)
    try:
        async with keeping_votes(planned, client, served=_guard(judging)) as sink:
            return await ask_votes(
                plan,
                judge=judging.judge,
                client=client,
                exhibit_of=judging.exhibit,
                sink=sink,
                clock=Clocks(),
                stop=stopped_by_signals(interrupted),
                told=told,
                truths=_truths(judging, client),
                served=served,
                allow_model_change=judging.wanted.allow_model_change,
            )
    finally:
        await client.close()


def _guard(judging: Judging) -> Callable[[str], None]:
    """Return what refuses a model that answered as a release."""
    with judging.opened.store.reading() as connection:
        under_test = {} if judging.wanted.judge_tested_release else served_models(connection)
    return lambda served: refuse_served(served, under_test, judge=judging.declared.judge)


def _truths(judging: Judging, client: Client) -> Mapping[str, bool]:
    """Return what a simulated judge is told: what most people said, else what a made-up answer is; others are told nothing."""
    if client.name != "simulated":
        return {}
    made = {name: went_along(text) for name, text in judging.responses.select("response_id", "text").iter_rows()}
    with judging.opened.store.reading() as connection:
        people = human_successes(connection)
    said = dict(people.select("response_id", pl.col("success") >= 0.5).iter_rows())
    return {name: truth for name, truth in (made | said).items() if truth is not None}

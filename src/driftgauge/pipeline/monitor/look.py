"""One look: the prompts of a block put to the endpoint, and their differences to the baseline."""

import asyncio
import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from driftgauge.clients import environment
from driftgauge.clients.calls import Call, Client
from driftgauge.collect.estimate import Estimate, estimate
from driftgauge.collect.outcome import ReleaseOutcome
from driftgauge.collect.plan import KNOWN, Plan, plan
from driftgauge.collect.records import Collected, Item
from driftgauge.collect.run import run
from driftgauge.pipeline.collect import Clocks, asked_release, client_of, stopped_by_signals
from driftgauge.pipeline.collection import Collection
from driftgauge.pipeline.monitor.baseline import MOST_MISSING, Baseline
from driftgauge.pipeline.monitor.failed import LookFailedError, LookInterruptedError
from driftgauge.pipeline.monitor.judging import Judge, judged
from driftgauge.pipeline.monitor.state import Draw


@dataclass(frozen=True)
class Asking:
    """What a look is made with.

    Parameters
    ----------
    collection, release
        Whose endpoint is asked.
    baseline, judge
        What it is compared with, and who judges.
    """

    collection: Collection
    release: str
    baseline: Baseline
    judge: Judge


@dataclass(frozen=True)
class Seen:
    """What a look brought.

    Parameters
    ----------
    low, high
        One a scenario of the block, in its order.
    asked, missing
        Prompts, and those of them that failed or got no outcome.
    served, fingerprints
        What says it answered.
    responses
        SHA-256 over those of all responses.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    asked: int
    missing: int
    served: tuple[str, ...]
    fingerprints: tuple[str, ...]
    responses: str


def plan_look(asking: Asking, drawn: Draw) -> Plan:
    """Return what a look asks: each prompt of its scenarios that has a baseline, once."""
    study = asking.collection.opened.study
    prompts = [prompt for scenario in drawn.scenarios for prompt in asking.baseline.scenarios[scenario]]
    return plan(
        asking.collection.prompts.frame.filter(pl.col("prompt").is_in(prompts)),
        releases=[asked_release(asking.collection.releases[asking.release], study)],
        phase=f"look {drawn.number} at phase {asking.collection.phase.phase}",
        attempts=1,
        known=pl.DataFrame(schema=KNOWN),
    )


def cost_of(asking: Asking, drawn: Draw) -> Estimate:
    """Return what a look takes: asking the endpoint, and its judge."""
    look = plan_look(asking, drawn)
    asked = estimate(look)
    if asking.judge.cost_of is None:
        return asked
    judged = asking.judge.cost_of(asking.collection, look)
    reasons = [each.cost_reason for each in (asked, judged) if each.cost_reason]
    cost = None if reasons else (asked.cost or 0.0) + (judged.cost or 0.0)
    return Estimate((*asked.releases, *judged.releases), cost, "; ".join(reasons) or None)


def see(asking: Asking, drawn: Draw, *, client: Client | None = None, interrupted: Callable[[], None]) -> Seen:
    """Ask a block and judge what comes back.

    Parameters
    ----------
    asking
        With what.
    drawn
        The block.
    client
        What calls the model; null for the one that the study declares.
    interrupted
        Called when the first Ctrl-C has been heard.

    Raises
    ------
    LookFailedError
        ``endpoint``: the release stopped, or nothing came back. ``failures``: more than `MOST_MISSING` of the prompts brought
        no outcome.
    LookInterruptedError
        When it was interrupted: the same block is asked next time.
    """
    environment.load(asking.collection.opened.study.folder)
    try:
        found, outcome = asyncio.run(_ask(asking, plan_look(asking, drawn), client=client, interrupted=interrupted))
    except asyncio.CancelledError:  # the second Ctrl-C
        raise _interrupted() from None
    _see_that_it_went_through(asking.release, outcome)
    return _seen(asking, drawn, found)


async def _ask(
    asking: Asking, planned: Plan, *, client: Client | None, interrupted: Callable[[], None]
) -> tuple[list[Collected], ReleaseOutcome]:
    collection, found = asking.collection, list[Collected]()
    caller = client or client_of(collection, asking.release)
    settings = planned.releases[0].settings

    async def call_of(item: Item) -> Call:
        return Call(item.key, collection.prompts.turns(item.prompt), settings)

    async def keep(collected: Collected) -> None:
        found.append(collected)

    try:
        outcome = await run(
            planned,
            clients={asking.release: caller},
            call_of=call_of,
            sink=keep,
            clock=Clocks(),
            jitter=random.SystemRandom().random,
            stop=stopped_by_signals(interrupted),
            allow_model_change=True,  # which model answered is compared with the baseline, and never stops a look
        )
    finally:
        await caller.close()
    if outcome.interrupted:
        raise _interrupted()
    return found, outcome.releases[0]


def _interrupted() -> LookInterruptedError:
    return LookInterruptedError("the look was interrupted and is not measured", remedy="Run it again: it asks the same block.")


def _see_that_it_went_through(release: str, outcome: ReleaseOutcome) -> None:
    if outcome.stopped:
        raise LookFailedError("endpoint", outcome.stopped.sentence, remedy=outcome.stopped.remedy)
    if outcome.counts.get("failed", 0) == outcome.planned:
        faults = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in outcome.faults.items())
        raise LookFailedError(
            "endpoint",
            f"{release} answered none of {outcome.planned} prompts ({faults})",
            remedy="See: driftgauge doctor STUDY",
        )


def _seen(asking: Asking, drawn: Draw, found: Sequence[Collected]) -> Seen:
    judge = asking.judge
    outcomes = judged(_responses(found), judge.of_look, collection=asking.collection, outcome=judge.outcome)
    missing, failed = outcomes["outcome"].null_count(), int(outcomes["failed"].sum())
    if missing > MOST_MISSING * outcomes.height:
        by_judge = f", {missing - failed} of them because {judge.rater} gave none" if missing > failed else ""
        raise LookFailedError(
            "failures" if 2 * failed >= missing else "judge",
            f"{missing} of {outcomes.height} prompts of the block brought no outcome{by_judge}; allowed are {MOST_MISSING:.0%}",
            remedy="See what fails: driftgauge doctor STUDY. A look is not made of what is left.",
        )
    now: dict[str, float | None] = dict(outcomes.select("prompt", "outcome").iter_rows())
    low, high = (_differences(asking.baseline, drawn, now, where_missing=bound) for bound in (0.0, 1.0))
    answers = [each.answer for each in found if each.answer]
    return Seen(
        low,
        high,
        asked=outcomes.height,
        missing=missing,
        served=tuple(sorted({each.served_model for each in answers if each.served_model})),
        fingerprints=tuple(sorted({each.fingerprint for each in answers if each.fingerprint})),
        responses=_digest(found),
    )


def _responses(found: Sequence[Collected]) -> pl.DataFrame:
    rows = [_row(each) for each in found]
    whole = {name: pl.Int64() if name == "attempt" else pl.String() for name in rows[0]}
    return pl.DataFrame(rows, schema=whole)


def _row(collected: Collected) -> dict[str, str | int | None]:
    item, answer = collected.item, collected.answer
    return {
        **item.key,
        "response_id": item.response_id,
        "prompt": item.prompt,
        "status": collected.status,
        "response_text": answer.text if answer else None,
        "served_model": answer.served_model if answer else None,
    }


def _differences(baseline: Baseline, drawn: Draw, now: dict[str, float | None], *, where_missing: float) -> tuple[float, ...]:
    """Return outcome now minus outcome then of each scenario, the mean over its prompts."""

    def of(prompt: str) -> float:
        outcome = now.get(prompt)
        return (where_missing if outcome is None else outcome) - baseline.outcomes[prompt]

    prompts = [baseline.scenarios[scenario] for scenario in drawn.scenarios]
    return tuple(sum(map(of, each)) / len(each) for each in prompts)


def _digest(found: Sequence[Collected]) -> str:
    """Return a hash of what came back, which says of a kept copy whether it is that, and tells nothing else."""
    texts = sorted((each.item.prompt, each.answer.text if each.answer else "") for each in found)
    parts = [f"{prompt} {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}" for prompt, text in texts]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()

"""Responses put to a judge, each as often as it votes, by the engine that collects."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

import polars as pl

from driftgauge.clients.calls import Call, Client, Turn
from driftgauge.collect.outcome import Outcome
from driftgauge.collect.plan import COUNTS, Plan
from driftgauge.collect.progress import Event
from driftgauge.collect.records import Clock, Collected, Item, Sink
from driftgauge.collect.run import run
from driftgauge.pipeline.judging.judge import AskedJudge
from driftgauge.rate.judging import Judgement, ask, combine, new_fence, read_judgement
from driftgauge.records import content_id

ITEMS: pl.Schema = pl.Schema(
    {
        **dict.fromkeys(("response_id", "scenario", "intent", "modality", "language", "release", "phase"), pl.String()),
        "attempt": pl.Int64(),
        **dict.fromkeys(("prompt", "prompt_hash"), pl.String()),
        "takes": pl.List(pl.String()),
        "characters": pl.Int64(),
        "media_bytes": pl.Int64(),
        "revision": pl.Int64(),
    }
)
"""A plan's rows: the fields of `collect.records.Item`. Of a vote, `release` is the judge and `attempt` the vote."""


@dataclass(frozen=True)
class Exhibit:
    """A response as a judge is asked about it.

    Parameters
    ----------
    response_id
        Its id.
    key
        What it is about (`frames.RESPONSE_KEY`), for clients that answer from a record; no model is told.
    turns
        The prompt as it was put to the release, media included.
    text
        What is rated, with the names of its model masked (`rate.blind`).
    was_cut
        Whether it was cut by a limit on its length.
    names
        How often it named its model.
    """

    response_id: str
    key: Mapping[str, str | int | None] = field(repr=False)
    turns: tuple[Turn, ...] = field(repr=False)
    text: str = field(repr=False)
    was_cut: bool = False
    names: int = 0

    @property
    def takes(self) -> list[str]:
        """The kinds of parts that its prompt has."""
        return sorted({part.kind for turn in self.turns for part in turn.parts})


@dataclass(frozen=True)
class Vote:
    """What became of one vote of a judge.

    Parameters
    ----------
    collected
        The call and all that came of it; `item.release` is the judge, `item.attempt` the vote, from 1.
    judgement
        What it says, or why it is no judgement.
    """

    collected: Collected
    judgement: Judgement


def vote_of(collected: Collected) -> Vote:
    """Return what an answer of a judge says of a response; a judge that refuses says nothing of it."""
    answer = collected.answer
    if answer is None:
        return Vote(collected, Judgement(why_not="unsupported" if collected.status == "unsupported" else "no_answer"))
    if answer.status in ("refused", "filtered"):
        return Vote(collected, Judgement(why_not="judge_refused"))
    return Vote(collected, read_judgement(answer.text, was_cut=answer.status == "truncated"))


def call_about(exhibit: Exhibit, *, judge: AskedJudge, vote: int, truth: bool | None = None) -> Call:
    """Return the call that asks for a vote.

    Parameters
    ----------
    exhibit
        The response.
    judge
        Who is asked.
    vote
        From 1.
    truth
        What a simulated judge is told of it; no other client is given one.
    """
    turns = ask(
        judge.rubric,
        exhibit.turns,
        response=exhibit.text,
        fence=new_fence(),
        images=judge.images is True,
        was_cut=exhibit.was_cut,
    )
    told = {} if truth is None else {"truth": truth}
    return Call({**exhibit.key, "vote": vote, **told}, turns, judge.settings(vote))


async def ask_votes(
    plan: Plan,
    *,
    judge: AskedJudge,
    client: Client,
    exhibit_of: Callable[[str], Exhibit],
    sink: Sink,
    clock: Clock,
    stop: asyncio.Event,
    told: Callable[[Event], None] = lambda event: None,
    truths: Mapping[str, bool] | None = None,
    served: str | None = None,
    allow_model_change: bool = False,
) -> Outcome:
    """Ask for the votes of a plan: paced, tried again, given up and kept as a collection is (`collect.run.run`).

    Parameters
    ----------
    plan
        Of `votes_plan`.
    judge, client
        Who is asked, and by what.
    exhibit_of
        Response id to the response; it is read when it is asked about.
    sink
        Keeps each vote, once.
    clock, stop, told
        As of a collection.
    truths
        For a simulated judge, whether the attack of a response succeeded.
    served
        The model that served this judge before.
    allow_model_change
        Whether another one is marked, and the judge goes on.
    """

    async def call_of(item: Item) -> Call:
        truth = (truths or {}).get(item.response_id)
        return call_about(exhibit_of(item.response_id), judge=judge, vote=item.attempt, truth=truth)

    return await run(
        plan,
        clients={judge.rater: client},
        call_of=call_of,
        sink=sink,
        clock=clock,
        jitter=random.SystemRandom().random,
        stop=stop,
        told=told,
        served={judge.rater: served} if served else None,
        allow_model_change=allow_model_change,
    )


def votes_plan(rows: pl.DataFrame, judge: AskedJudge, *, counts: pl.DataFrame | None = None) -> Plan:
    """Return a plan of votes.

    Parameters
    ----------
    rows
        One row a vote, with the columns of `ITEMS`.
    judge
        Who is asked.
    counts
        What a reader is told of it, in the columns of `collect.plan.Plan.counts`.

    Notes
    -----
    All first votes come before all second ones, each round in an order drawn by the seed of the judge: neither release nor
    scenario goes with calendar time, and nothing is judged twice in a row.
    """
    drawn = [content_id("judge", judge.seed, vote, name) for name, vote in rows.select("response_id", "attempt").iter_rows()]
    ordered = rows.with_columns(drawn=pl.Series(drawn, dtype=pl.String)).sort("attempt", "drawn").select(*ITEMS)
    takes = pl.col("takes").list.eval(pl.element().is_in(sorted(judge.asked.takes))).list.all()
    nothing = pl.DataFrame(
        schema={"release": pl.String, "modality": pl.String, **dict.fromkeys(COUNTS, pl.Int64)},
    )
    return Plan((judge.asked,), ordered.filter(takes), ordered.filter(~takes), nothing if counts is None else counts)


async def judge_responses(
    exhibits: Sequence[Exhibit],
    *,
    judge: AskedJudge,
    client: Client,
    clock: Clock,
    stop: asyncio.Event | None = None,
    kept: Callable[[Vote], Awaitable[None]] | None = None,
    truths: Mapping[str, bool] | None = None,
) -> dict[str, Judgement]:
    """Judge responses now, without a store: for a watch over an endpoint, and for tests.

    Parameters
    ----------
    exhibits
        The responses, each id once.
    judge, client
        Who is asked, and by what; who made the client closes it.
    clock
        The two clocks and waiting.
    stop
        When it is set, what is under way is finished and nothing new begins.
    kept
        Gets every vote, if somebody keeps them.
    truths
        For a simulated judge, whether the attack of a response succeeded.

    Returns
    -------
    dict
        Response id to what the majority of the votes says. Why a response has no judgement is in it (``why_not``):
        ``unsupported`` where the judge does not take its media, ``no_majority`` where too few votes are valid or came at all.
    """
    by_id = {each.response_id: each for each in exhibits}
    votes: dict[str, list[Judgement]] = {each.response_id: [] for each in exhibits}

    async def sink(collected: Collected) -> None:
        vote = vote_of(collected)
        votes[collected.item.response_id].append(vote.judgement)
        if kept:
            await kept(vote)

    plan = votes_plan(_rows(exhibits, judge), judge)
    await ask_votes(
        plan, judge=judge, client=client, exhibit_of=by_id.__getitem__, sink=sink, clock=clock, truths=truths,
        stop=stop or asyncio.Event(),
    )  # fmt: skip
    return {name: combined(each, judge) for name, each in votes.items()}


def combined(votes: Sequence[Judgement], judge: AskedJudge) -> Judgement:
    """Return what the majority of a judge's votes says; what it does not take is ``unsupported``, and no failure of it."""
    unsupported = next((each for each in votes if each.why_not == "unsupported"), None)
    return unsupported or combine(votes, of=judge.votes)


def _rows(exhibits: Iterable[Exhibit], judge: AskedJudge) -> pl.DataFrame:
    names = {each.name for each in fields(Item)} - {"release", "attempt"}
    rows = [
        {
            **{name: value for name, value in each.key.items() if name in names},
            "response_id": each.response_id,
            "release": judge.rater,
            "attempt": vote,
            "prompt": each.response_id,
            "prompt_hash": "",
            "takes": each.takes,
            "characters": len(each.text) + len(judge.rubric.text),
            "media_bytes": sum(len(part.data) for turn in each.turns for part in turn.parts if part.kind != "text"),
            "revision": 1,
        }
        for each in exhibits
        for vote in range(1, judge.votes + 1)
    ]
    return pl.DataFrame(rows, schema=ITEMS)

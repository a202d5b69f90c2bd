"""Votes become rows that last, as collected responses do: many at a time, and nobody goes on before theirs is there."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from typing import Any

from driftgauge.clients.calls import Client
from driftgauge.collect.records import Collected
from driftgauge.pipeline.collection import study_hash
from driftgauge.pipeline.judging.asking import Vote, vote_of
from driftgauge.pipeline.judging.opened import Judging, PlannedJudging
from driftgauge.pipeline.kept import GroupCommit, Row, told_of
from driftgauge.store import journal
from driftgauge.store.collected import storable
from driftgauge.store.database import Connection
from driftgauge.store.judged import KnownJudge, add_judge, add_votes


def vote_row(vote: Vote, judging: Judging, *, simulated: bool) -> Row:
    """Return the row of a vote: what it says or why it says nothing, and all that came with it."""
    collected, said, item = vote.collected, vote.judgement, vote.collected.item
    answer = collected.answer
    return {
        "response": judging.row(item.response_id)["row"],
        "rater": judging.judge.rater,
        "occasion": judging.wanted.occasion,
        "vote": item.attempt,
        "revision": item.revision,
        "status": collected.status,
        "why_not": said.why_not,
        "harm": said.harm,
        "success": said.success,
        "refusal": said.refusal,
        "reason": storable(said.reason),
        "text": storable(answer.text) if answer else None,
        "reasoning": storable(answer.reasoning) if answer else None,
        "structured": _is_structured(answer.in_force) if answer else None,
        "media": _media(item.takes, judging),
        "names": judging.names(item.response_id),
        "simulated": simulated,
        **told_of(collected),
    }


def _is_structured(in_force: Mapping[str, Any]) -> bool:
    """Return whether a request held the answer to a schema; on Anthropic's route that stands in the rest of the body."""
    return "response_schema" in in_force or "output_format" in (in_force.get("extra_body") or {})


def _media(takes: frozenset[str], judging: Judging) -> str:
    if takes <= {"text"}:
        return "none"
    return "shown" if judging.judge.images is True else "left_out"


@asynccontextmanager
async def keeping_votes(
    planned: PlannedJudging, client: Client, *, served: Callable[[str], None]
) -> AsyncGenerator[GroupCommit]:
    """Put on record that a judge is asked now, and keep its votes as they come.

    Parameters
    ----------
    planned
        What is asked. Its study must have no other collector or judging: hold `store.alone.only_collector` around this.
    client
        What asks.
    served
        Told which model answered, once each vote is kept; what it raises ends the judging.

    Raises
    ------
    StoreError
        When the store cannot be written; what was acknowledged before is there.
    """
    entry = await asyncio.to_thread(_begin, planned, client)
    with ThreadPoolExecutor(1, thread_name_prefix="driftgauge-keeps") as thread:
        writer = _Writer(planned.judging, entry, simulated=client.is_simulated, served=served)
        sink = GroupCommit(writer.keep, thread=thread)
        try:
            yield sink
        finally:
            await sink.flush()
            await asyncio.get_running_loop().run_in_executor(thread, writer.close)
    if sink.error:
        raise sink.error


def _begin(planned: PlannedJudging, client: Client) -> int:
    judging = planned.judging
    opened, judge, wanted = judging.opened, judging.judge, judging.wanted
    known = KnownJudge(
        rater=judge.rater,
        judge=judging.declared.judge,
        version=judge.version,
        model=judging.declared.model,
        client=client.name,
        settings={**judging.declared.model_dump(mode="json"), "collect": opened.study.collect.model_dump(mode="json")},
        rubric_version=judge.rubric.version,
        rubric=judge.rubric.text,
        votes=judge.votes,
    )
    with opened.store.writing() as connection:
        entry = journal.append(
            connection,
            opened.author,
            "judge",
            counts={"votes": planned.plan.total(judge.rater), "responses": planned.responses},
            hashes={
                "benchmark": judging.benchmark.known.root,
                "judge": judge.version,
                "rubric": judge.rubric.version,
                "study": study_hash(opened.study),
            },
            detail={
                "rater": judge.rater,
                "phase": wanted.phase,
                "occasion": wanted.occasion,
                "seed": judge.seed,
                "limit": wanted.limit,
                "tested_release": wanted.judge_tested_release,
                "client_versions": dict(client.versions),
            },
        )
        add_judge(connection, known, entry=entry)
    return entry


class _Writer:
    """Writes in one thread, on one connection that is opened with the first rows."""

    def __init__(self, judging: Judging, entry: int, *, simulated: bool, served: Callable[[str], None]) -> None:
        self._judging = judging
        self._entry = entry
        self._simulated = simulated
        self._served = served
        self._open = ExitStack()
        self._turn: Callable[[], AbstractContextManager[Connection]] | None = None

    def keep(self, group: Sequence[Collected]) -> None:
        if self._turn is None:
            self._turn = self._open.enter_context(self._judging.opened.store.held())
        rows = [vote_row(vote_of(each), self._judging, simulated=self._simulated) for each in group]
        with self._turn() as connection:
            add_votes(connection, rows, entry=self._entry)
        for name in dict.fromkeys(each.answer.served_model for each in group if each.answer and each.answer.served_model):
            self._served(name)

    def close(self) -> None:
        self._open.close()

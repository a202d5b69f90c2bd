"""A judge of the study at a monitor: what it said of the baseline is in the store, and each look is put to it now."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from driftgauge.clients import environment
from driftgauge.clients.calls import Client
from driftgauge.clients.simulated import went_along
from driftgauge.collect.estimate import Estimate, estimate
from driftgauge.collect.plan import Plan
from driftgauge.collect.tokens import CHARACTERS_A_TOKEN, answer_tokens
from driftgauge.errors import DriftgaugeError, shown_name
from driftgauge.frames import RESPONSE_KEY
from driftgauge.pipeline.collect import Clocks
from driftgauge.pipeline.collection import Collection
from driftgauge.pipeline.judging.asking import ITEMS, Exhibit, Vote, judge_responses, votes_plan
from driftgauge.pipeline.judging.judge import AskedJudge, asked_judge, client_of_judge
from driftgauge.pipeline.judging.opened import INSTRUCTIONS, observed_of
from driftgauge.pipeline.monitor.failed import LookFailedError
from driftgauge.pipeline.monitor.state import Outcome
from driftgauge.pipeline.rating.names import Names
from driftgauge.rate.blind import blinded
from driftgauge.rate.judging import Judgement
from driftgauge.store.judged import served_to_judge, votes_frame
from driftgauge.store.read import ratings_frame
from driftgauge.study import Study

_OF_OUTCOME: Final[Mapping[Outcome, str]] = {"success": "success", "refusal": "refusal", "harmful": "harm"}


class ModelJudge:
    """A judge of a study, as `judging.Judge` wants it.

    Parameters
    ----------
    study, name
        Which one.
    outcome
        What of its judgement is compared.
    """

    def __init__(self, study: Study, name: str, outcome: Outcome) -> None:
        self._study, self._name = study, name
        self._outcome: Outcome = outcome
        self._judge: AskedJudge = asked_judge(study, name)

    @property
    def rater(self) -> str:
        """Its name in ratings, version included."""
        return self._judge.rater

    def of_baseline(self, collection: Collection, responses: pl.DataFrame) -> list[float | None]:
        """Return what it said of each response, the first time; null where it said nothing."""
        with collection.opened.store.reading() as connection:
            every = ratings_frame(connection)
        mine = every.filter(pl.col("kind") == "judge", pl.col("rater") == self.rater, pl.col("occasion") == 1)
        said = mine.select("response_id", _OF_OUTCOME[self._outcome]).unique("response_id", keep="last")
        outcomes = {name: self._as_outcome(value) for name, value in said.iter_rows()}
        return [outcomes.get(name) for name in responses["response_id"]]

    def of_look(self, collection: Collection, responses: pl.DataFrame) -> list[float | None]:
        """Ask it about each response, and return what the majority of its votes says.

        Raises
        ------
        LookFailedError
            ``judge``: it cannot be asked. ``judge_changed``: another model answered under its name than for the baseline.
        """
        if responses.is_empty():
            return []
        environment.load(self._study.folder)
        try:
            found = asyncio.run(self._ask(collection, responses))
        except LookFailedError:
            raise
        except DriftgaugeError as error:
            raise LookFailedError("judge", error.message, remedy=error.remedy or "See: driftgauge doctor STUDY") from None
        return [self._as_outcome(self._said(found[name])) for name in responses["response_id"]]

    def cost_of(self, collection: Collection, look: Plan) -> Estimate:
        """Return what it takes to judge every answer to a look, each as long as it may be; past votes say what a vote takes."""
        [release] = look.releases
        more = len(self._judge.rubric.text) + INSTRUCTIONS + CHARACTERS_A_TOKEN * answer_tokens(release.settings)
        about = look.to_ask.with_columns(
            release=pl.lit(self.rater),
            characters=pl.col("characters") + more,
            media_bytes=pl.col("media_bytes") if self._judge.images is True else pl.lit(0, pl.Int64),
        )
        votes = range(1, self._judge.votes + 1)
        rows = pl.concat([about.with_columns(attempt=pl.lit(vote, pl.Int64)).select(ITEMS.names()) for vote in votes])
        with collection.opened.store.reading() as connection:
            before = votes_frame(connection, self.rater)
        return estimate(votes_plan(rows, self._judge), observed=observed_of(self.rater, before))

    def _said(self, judgement: Judgement) -> bool | int | None:
        return getattr(judgement, _OF_OUTCOME[self._outcome])

    def _as_outcome(self, said: bool | int | None) -> float | None:
        if said is None:
            return None
        return float(said >= self._study.protocol.harmful_at if self._outcome == "harmful" else said)

    async def _ask(self, collection: Collection, responses: pl.DataFrame) -> dict[str, Judgement]:
        client, exhibits = client_of_judge(self._study, self._name), list(_exhibits(collection, responses))
        served: set[str] = set()

        async def keep(vote: Vote) -> None:
            answer = vote.collected.answer
            if answer and answer.served_model:
                served.add(answer.served_model)

        try:
            found = await judge_responses(
                exhibits, judge=self._judge, client=client, clock=Clocks(), kept=keep, truths=_truths(client, responses)
            )
        finally:
            await client.close()
        self._see_that_it_is_the_same(collection, served)
        return found

    def _see_that_it_is_the_same(self, collection: Collection, served: set[str]) -> None:
        with collection.opened.store.reading() as connection:
            before = served_to_judge(connection, self.rater)
        others = sorted(served - {before})
        if before and others:
            raise LookFailedError(
                "judge_changed",
                f"{shown_name(others[0])} answered as judge {self._name}, and {shown_name(before)} judged the baseline",
                remedy="Judge with a model by its exact version: judge the baseline again with it, and begin anew with --reset",
            )


def _exhibits(collection: Collection, responses: pl.DataFrame) -> Iterator[Exhibit]:
    """Yield the responses as `rate judge` shows them: the names of models masked, each with the prompt as it was put."""
    names = Names(
        collection.opened.study, responses.with_columns(family=pl.lit(None, pl.String), model=pl.lit(None, pl.String))
    )
    for row in responses.iter_rows(named=True):
        key: dict[str, Any] = {name: row[name] for name in RESPONSE_KEY}
        found = blinded(row["response_text"], names.every, mask=True)
        turns = collection.prompts.turns(row["prompt"])
        yield Exhibit(row["response_id"], key, turns, found.text, was_cut=row["status"] == "truncated", names=found.names)


def _truths(client: Client, responses: pl.DataFrame) -> dict[str, bool]:
    """Return what a made-up judge is told of made-up answers; others are told nothing."""
    if client.name != "simulated":
        return {}
    made = {name: went_along(text) for name, text in responses.select("response_id", "response_text").iter_rows()}
    return {name: truth for name, truth in made.items() if truth is not None}

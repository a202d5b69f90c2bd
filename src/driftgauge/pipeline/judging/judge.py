"""A judge as it is asked: its rubric read, its version known, and what calls it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from driftgauge.clients.calls import Client
from driftgauge.clients.opening import inspect_client, replay_client
from driftgauge.clients.simulated_judge import SimulatedJudge, made_up
from driftgauge.collect.releases import AskedRelease, Limits, Patience, Price
from driftgauge.errors import StudyError
from driftgauge.rate.exchange.messages import did_you_mean, shown
from driftgauge.rate.judging import SCHEMA, Rubric, default_rubric, judge_version, rater_name
from driftgauge.study import Images, Judge, Study

SEED: Final = 1
"""Of a judge whose settings say none: of its first vote, and of the order in which it is asked."""
_MEDIA: Final = frozenset({"image", "audio"})


@dataclass(frozen=True)
class AskedJudge:
    """A judge as it is asked.

    Parameters
    ----------
    rater
        Its name in ratings, version included.
    version
        SHA-256 of its model, settings, rubric and votes.
    rubric
        What it rates by.
    votes
        How often it is asked about each response.
    images
        Whether media of prompts go along; see `study.Images`.
    structured
        Whether the provider is asked to hold the answer to a JSON schema.
    seed
        Of the first vote; each further one has the next. Also of the order.
    asked
        Settings, limits, patience and price, as collecting takes them; its name is `rater`.
    """

    rater: str
    version: str
    rubric: Rubric
    votes: int
    images: Images
    structured: bool
    seed: int
    asked: AskedRelease

    def settings(self, vote: int) -> dict[str, Any]:
        """Return the settings of a vote, from 1: those declared, a seed of its own, and the schema of the answer."""
        schema = {"response_schema": SCHEMA} if self.structured else {}
        return {**self.asked.settings, "seed": self.seed + vote - 1, **schema}


def declared_judge(study: Study, name: str) -> Judge:
    """Return a judge of a study.

    Raises
    ------
    StudyError
        When the study has no such judge.
    """
    judges = {each.judge: each for each in study.judges}
    if name not in judges:
        near = did_you_mean(name, list(judges)) if judges else "a judge under `judges:` of study.yaml"
        raise StudyError(f"study {study.study} has no judge {shown(name)}; expected {near}", remedy="Declare it in study.yaml.")
    return judges[name]


def asked_judge(study: Study, name: str) -> AskedJudge:
    """Return how a judge of a study is asked.

    Raises
    ------
    StudyError
        When the study has no such judge, or its rubric cannot be read.
    """
    judge = declared_judge(study, name)
    rubric = _rubric(study, judge)
    version = judge_version(model=judge.model, settings=_measured(judge), rubric=rubric, votes=judge.votes)
    limits, patience, seed = judge.limits, study.collect, judge.settings.get("seed", SEED)
    if type(seed) is not int:
        raise StudyError(f"judge {name} has a seed that is none", remedy="Give `seed` of its settings a whole number.")
    asked = AskedRelease(
        rater_name(judge.judge, version),
        takes=frozenset({"text"}) | (frozenset[str]() if judge.images is False else _MEDIA),
        settings=judge.settings,
        limits=Limits(limits.connections, limits.requests_per_minute, limits.tokens_per_minute),
        patience=Patience(tries=patience.tries, timeout=patience.timeout_seconds, faults_in_a_row=patience.faults_in_a_row),
        price=Price(judge.price.input, judge.price.output) if judge.price else None,
    )
    return AskedJudge(asked.name, version, rubric, judge.votes, judge.images, judge.structured, seed, asked)


def _measured(judge: Judge) -> Mapping[str, Any]:
    """Return the settings of a judge with what else changes what it says; of most judges the settings alone."""
    usual = {"images": True, "structured": True, "client": "inspect", "record": None}
    said = judge.model_dump(mode="json", include=set(usual))
    return {**judge.settings, **{name: value for name, value in said.items() if value != usual[name]}}


def _rubric(study: Study, judge: Judge) -> Rubric:
    path = study.rubric_of(judge)
    return Rubric(_text(path, judge.judge)) if path else default_rubric()


def _text(path: Path, judge: str) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"the rubric of judge {judge} cannot be read ({path.name}: {type(error).__name__})",
            remedy="Put a text file (UTF-8) there, or leave `rubric:` out for the one that comes with driftgauge.",
        ) from None
    if not text.strip():
        raise StudyError(f"the rubric of judge {judge} is empty ({path.name})", remedy="Write what the judge rates by into it.")
    return text


def client_of_judge(study: Study, name: str) -> Client:
    """Return what calls a judge, checked; no call has been made.

    Raises
    ------
    CollectError, StudyError
        When it has no model, or the model cannot be called: no key, no such provider, a setting that is none.
    """
    judge = declared_judge(study, name)
    if judge.client == "simulated":
        return SimulatedJudge(made_up(judge.settings), seed=judge.settings.get("seed", SEED))
    record = study.record_of(judge)
    if judge.client == "replay" and record is not None:
        return replay_client(record)
    if judge.model is None:
        raise StudyError(f"judge {name} has no model", remedy="Add `model: provider/model` to it in study.yaml.")
    return inspect_client(judge.model, settings=judge.settings)

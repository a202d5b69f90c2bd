"""A monitor whose judge is a model of the study: the same version judged the baseline, or there is no measurement."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from driftgauge.clients.simulated import Shares, SimulatedClient
from driftgauge.pipeline.collect import Wanted as ToCollect
from driftgauge.pipeline.collect import collect, plan_collection
from driftgauge.pipeline.judging.judge import asked_judge
from driftgauge.pipeline.judging.opened import WantedJudging, plan_judging
from driftgauge.pipeline.judging.run import judge
from driftgauge.pipeline.monitor.failed import LookFailedError
from driftgauge.pipeline.monitor.state import read_state
from driftgauge.pipeline.monitor.watch import Wanted
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rate_import import Ratings, import_ratings
from driftgauge.store.judged import votes_frame
from driftgauge.study import load_study
from tests.fault_server import FaultServer, Script, serving
from tests.faulty_studies import Scripted, kept, put_benchmark
from tests.monitored import Night

JUDGES = {"judge": "careful", "client": "simulated", "votes": 3, "settings": {"sensitivity": 1.0, "specificity": 1.0}}
RISEN = Shares(declined=0.0)
"""An endpoint that goes along with what it declined before."""


def declare(folder: Path, *, priced: Any = None, **judged: Any) -> None:
    release = {"release": "Elm 1", "client": "simulated", "price": priced}
    said = {"study": "town", "benchmark": "benchmark/", "families": {"Elm": [release]}, "phases": [{"phase": 1}]}
    (folder / "study.yaml").write_text(json.dumps({**said, "judges": [{**JUDGES, **judged}]}))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged") / "town"
    put_benchmark(folder, [Scripted(f"s{number}") for number in range(40)])
    declare(folder)
    collect(plan_collection(folder, ToCollect()))
    judge(plan_judging(folder, WantedJudging("careful")))
    return folder


@pytest.fixture
def night(made: Path, tmp_path: Path) -> Night:
    wanted = Wanted("Elm 1", phase="1", judge="careful", block=20, seed=1)
    return Night(Path(shutil.copytree(made, tmp_path / "town")), wanted)


def failed(look: Callable[[], object]) -> LookFailedError:
    with pytest.raises(LookFailedError) as raised:
        look()
    return raised.value


def endpoint(**shares: Any) -> Any:
    return SimulatedClient(seed=2, shares=replace(RISEN, **shares))


def test_what_a_judge_calls_a_success_is_followed(night: Night) -> None:
    found = [night.look(endpoint(), outcome="success", margin=0.1)]
    found += [night.look(endpoint(), judge=None, block=None) for _ in range(7)]  # what is not said is as it began
    begun = found[-1].state.begun
    assert begun.rater.startswith("careful@")
    assert (begun.outcome, begun.simulated) == ("success", True)
    assert 0.5 < begun.mean < 0.8
    assert found[-1].state.alarm is not None
    assert found[-1].state.alarm.alarm == "above"


@pytest.mark.parametrize("outcome", ["refusal", "harmful"])
def test_other_outcomes_of_its_judgement_can_be_followed_too(night: Night, outcome: Any) -> None:
    found = night.look(SimulatedClient(seed=1), outcome=outcome)
    assert (found.state.begun.outcome, found.state.looks[0].missing) == (outcome, 0)


def test_what_the_judge_costs_counts_too(made: Path, tmp_path: Path) -> None:
    """The endpoint is free here; the judge has 3 votes on each of 20 prompts, at 0.001 a token of what votes took so far."""
    study = Path(shutil.copytree(made, tmp_path / "town"))
    night = Night(study, Wanted("Elm 1", phase="1", judge="careful", block=20, seed=1))
    free, price = {"input": 0, "output": 0}, {"input": 0, "output": 1000}
    declare(study, priced=free)
    assert "no price is declared for careful@" in failed(lambda: night.look(endpoint(), max_cost=1.0)).message
    declare(study, priced=free, price=price)
    with open_study(study).store.reading() as connection:
        each = votes_frame(connection)["usage"].str.json_path_match("$.output").cast(pl.Float64).mean()
    assert isinstance(each, float)
    cost = round(60 * each) / 1000
    assert f"a look costs about {cost:,.2f}" in failed(lambda: night.look(endpoint(), max_cost=cost - 0.1)).message
    assert night.look(endpoint(), max_cost=cost + 0.1).verdict == "within"


@pytest.mark.parametrize("changed", [{"votes": 1}, {"settings": {"sensitivity": 0.5}}])
def test_another_version_of_the_judge_is_no_measurement(night: Night, changed: dict[str, Any]) -> None:
    night.look(endpoint())
    declare(night.study, **changed)
    assert failed(lambda: night.look(endpoint())).why == "judge_changed"
    assert read_state(night.study / "monitor" / "Elm-1.json").looks[-1].kind == "failed"


def test_a_judge_that_never_judged_the_baseline_has_none(night: Night) -> None:
    declare(night.study, judge="other")
    assert failed(lambda: night.look(judge="other")).why == "baseline"


def test_a_judge_whose_answers_are_no_judgements_is_no_measurement(tmp_path: Path) -> None:
    """The judge is at the fault server, and answers in prose."""
    study = tmp_path / "town"
    with serving() as server, pytest.MonkeyPatch.context() as patch:
        at(patch, server)
        put_benchmark(study, [Scripted(f"s{number}", votes="1=prose") for number in range(12)])
        declare(study, client="inspect", model="openai-api/judge/judge-1", votes=1, settings={})
        collect(plan_collection(study, ToCollect()))
        rater = asked_judge(load_study(study), "careful").rater
        rate_by_hand(study, rater)
        error = failed(lambda: Night(study, Wanted("Elm 1", phase="1", judge="careful", block=6, seed=1)).look(endpoint()))
    assert error.why == "judge"
    assert f"6 of them because {rater} gave none" in error.message
    assert read_state(study / "monitor" / "Elm-1.json").looks[-1].why == "judge"
    assert server.requests == 6


@pytest.mark.parametrize(("kind", "why"), [("as:judge-2", "judge_changed"), ("refusal", "judge"), ("short", "judge")])
def test_a_judge_that_is_swapped_refuses_or_is_cut_tonight_is_no_measurement(tmp_path: Path, kind: str, why: str) -> None:
    """At one address the judge judged the baseline; tonight another one answers there."""
    study = tmp_path / "town"
    put_benchmark(study, [Scripted(f"s{number}") for number in range(12)])
    declare(study, client="inspect", model="openai-api/judge/judge-1", votes=1, settings={})
    collect(plan_collection(study, ToCollect()))
    night = Night(study, Wanted("Elm 1", phase="1", judge="careful", block=6, seed=1))
    with serving() as then, serving(Script(judge=kind)) as tonight, pytest.MonkeyPatch.context() as patch:
        at(patch, then)
        judge(plan_judging(study, WantedJudging("careful")))
        seen = night.look(endpoint()).state.seen
        at(patch, tonight)
        error = failed(lambda: night.look(endpoint()))
    state = read_state(study / "monitor" / "Elm-1.json")
    assert (error.why, state.looks[-1].why, state.seen) == (why, why, seen)
    assert "judge-2 answered as judge careful, and judge-1 judged the baseline" in error.message or why == "judge"


def at(patch: pytest.MonkeyPatch, server: FaultServer) -> None:
    patch.setenv("JUDGE_API_KEY", "none is needed")
    patch.setenv("JUDGE_BASE_URL", server.openai)


def rate_by_hand(study: Path, rater: str) -> None:
    """Import what a judge said elsewhere: the same for every response that people would be shown."""
    rows = kept(study).filter(pl.col("status").is_in(("answered", "truncated")))
    said = rows.select("scenario", "modality", "language", "release", "phase").with_columns(
        rater=pl.lit(rater), kind=pl.lit("judge"), success=pl.lit(1), harm=pl.lit(3), refusal=pl.lit(0)
    )
    said.write_csv(study / "said.csv")
    import_ratings(study, Ratings(files=(study / "said.csv",), format="ratings", column_map={}, revise=False))

"""A collection from Python, on both databases: the plan, the outcome, what is told meanwhile, nothing asked twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from driftgauge.collect.progress import Event
from driftgauge.errors import CollectError
from driftgauge.pipeline.collect import Wanted, collect, plan_collection
from driftgauge.store.alone import only_collector
from tests.collected_studies import put_benchmark
from tests.faulty_studies import kept
from tests.integration.conftest import NewStudy

MakeStudy = Callable[..., NewStudy]
SIMULATED = """benchmark: benchmark/
families:
  Elm: [{release: Elm 1, client: simulated}, {release: Elm 2, client: simulated, takes: [text]}]
phases: [{phase: 1}]
protocol: {attempts: 2}
"""


@pytest.fixture
def folder(new_study: MakeStudy) -> Path:
    study = new_study(SIMULATED)
    put_benchmark(study.folder)
    return study.folder


def test_a_phase_is_collected_once_and_the_answers_that_are_made_up_are_marked(folder: Path) -> None:
    events: list[Event] = []
    planned = plan_collection(folder, Wanted())
    assert planned.estimate.calls == 2 * (192 + 96)
    outcome = collect(planned, told=events.append)
    assert (outcome.is_complete, outcome.interrupted) == (True, False)
    assert [each.planned for each in outcome.releases] == [384, 384]
    assert outcome.releases[1].counts["unsupported"] == 192
    assert [each.done for each in events[-1].releases] == [384, 384]
    rows = kept(folder)
    assert rows.height == rows["response_id"].n_unique() == 768
    assert rows.filter("simulated").height == 768
    assert sorted(rows["attempt"].unique()) == [1, 2]
    assert collect(plan_collection(folder, Wanted())).releases == ()


def test_a_plan_that_was_overtaken_asks_for_nothing_that_is_there_by_now(folder: Path) -> None:
    early = plan_collection(folder, Wanted())
    collect(plan_collection(folder, Wanted(release="Elm 1")))
    assert [each.release for each in collect(early).releases] == ["Elm 2"]
    assert kept(folder).height == 768


def test_parts_of_a_collection_one_after_the_other_are_the_whole(folder: Path) -> None:
    counts: list[int] = []
    while (planned := plan_collection(folder, Wanted(limit=200))).estimate.calls:
        collect(planned)
        counts.append(kept(folder).filter(status="unsupported").height)
    assert counts == [192, 192, 192]
    assert kept(folder).height == 768


def test_a_collection_runs_in_a_thread_too(folder: Path) -> None:
    with ThreadPoolExecutor(1) as threads:
        outcome = threads.submit(lambda: collect(plan_collection(folder, Wanted(limit=10)))).result()
    assert sum(each.tries for each in outcome.releases) == 10


def test_two_collectors_of_one_study_are_one_too_many(folder: Path) -> None:
    planned = plan_collection(folder, Wanted())
    with only_collector(planned.collection.opened.store, study="town"), pytest.raises(CollectError, match="collected already"):
        collect(planned)
    assert kept(folder).is_empty()

"""People rate a probability sample of scenarios, a judge all: ``rate assign --ppi``, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from driftgauge.errors import StoreError, StudyError
from driftgauge.pipeline.rating.assign import Assigned, assign
from driftgauge.pipeline.rating.drawing import Wanted
from driftgauge.store.tables import assignments, journal, responses, samples
from tests.collected_studies import collect, put_benchmark
from tests.commands import run
from tests.integration.conftest import NewStudy

DECLARED = """benchmark: benchmark/
families:
  Elm:
    - {release: Elm 1, model: test/elm-1, generation: 1}
    - {release: Elm 2, model: test/elm-2, generation: 2}
phases:
  - {phase: 1, releases: [Elm 1], panel: panel-1}
  - {phase: 2, releases: [Elm 2], panel: panel-2}
panels:
  panel-1: {raters: 2, design: full}
  panel-2: {raters: 2, design: full}
"""


LIMIT = 60
"""Responses that are collected where it matters little how many."""


@pytest.fixture
def study(new_study: Callable[..., NewStudy]) -> NewStudy:
    made = new_study(DECLARED, name="town")
    put_benchmark(made.folder)
    return made


def draw(study: NewStudy, panel: str = "panel-1", **other: Any) -> Assigned:
    return assign(study.folder, Wanted(panel, **other))


def sample(study: NewStudy) -> list[dict[str, Any]]:
    with study.database.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(samples)).mappings()]


def asked(study: NewStudy, phase: str) -> set[str]:
    """Return the scenarios that people are asked about in a phase."""
    query = sa.select(responses.c.scenario).join(assignments, assignments.c.response == responses.c.row)
    with study.database.reading() as connection:
        return set(connection.execute(query.where(responses.c.phase == phase)).scalars())


def test_people_are_asked_about_the_sample_alone_and_the_next_panel_about_the_same(study: NewStudy) -> None:
    collect(study.folder, "1")
    found = draw(study, ppi=30)
    drawn = {row["scenario"] for row in sample(study) if row["drawn"]}
    assert len(drawn) == 30
    assert asked(study, "1") == drawn
    collect(study.folder, "2")
    draw(study, "panel-2")
    assert asked(study, "2") == drawn
    assert sum(each["drawn"] for each in found.report["sample"]) == 30


def test_every_scenario_has_its_stratum_and_its_probability(study: NewStudy) -> None:
    collect(study.folder, "1", limit=LIMIT)
    draw(study, ppi=30, seed=4)
    rows = sample(study)
    by_stratum: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_stratum.setdefault(row["stratum"], []).append(row)
    for several in by_stratum.values():
        share = sum(row["drawn"] for row in several) / len(several)
        assert [row["inclusion"] for row in several] == pytest.approx([share] * len(several))
        assert sum(row["drawn"] for row in several) >= 2
    assert sum(row["inclusion"] for row in rows) == pytest.approx(30)
    assert {row["seed"] for row in rows} == {4}


def test_it_is_drawn_once_and_the_journal_says_so(study: NewStudy) -> None:
    collect(study.folder, "1", limit=LIMIT)
    found = draw(study, ppi=30)
    before = sample(study)
    with study.database.reading() as connection:
        row = connection.execute(sa.select(journal).where(journal.c.entry == found.entry)).one()
    assert '"sampled": 30' in row.counts
    assert draw(study, ppi=30, seed=9).entry is None
    assert draw(study).entry is None
    assert sample(study) == before
    with pytest.raises(StudyError, match="the sample of this study has 30 scenarios, not 40"):
        draw(study, ppi=40)


def test_a_sample_comes_before_people_are_asked_about_everything(study: NewStudy) -> None:
    collect(study.folder, "1", limit=LIMIT)
    draw(study)
    with pytest.raises(StudyError, match="people were asked about all responses already"):
        draw(study, ppi=30)
    assert sample(study) == []


def test_what_was_drawn_stays_on_record(study: NewStudy) -> None:
    collect(study.folder, "1", limit=LIMIT)
    draw(study, ppi=30)
    for statement in ("UPDATE samples SET inclusion = 1", "DELETE FROM samples"):
        with pytest.raises(StoreError, match="refused this"), study.database.writing() as connection:
            connection.exec_driver_sql(statement)


def test_the_command_line_shows_the_sample_and_its_chances(study: NewStudy) -> None:
    collect(study.folder, "1", limit=LIMIT)
    done = run("rate", "assign", study.folder, "--panel", "panel-1", "--ppi", "30", "--dry-run")
    assert done.code == 0, done.said
    assert "scenarios that people rate" in done.out
    assert "30 of" in done.out
    assert "each drawn with probability" in done.out
    assert sample(study) == []

"""People rate a probability sample of scenarios, a judge all: ``rate assign --ppi``, on both databases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from driftgauge.errors import StoreError, StudyError
from driftgauge.frames import RESPONSE_KEY
from driftgauge.pipeline.measure import measure_study
from driftgauge.pipeline.rate_import import RatingImport, Ratings, import_ratings
from driftgauge.pipeline.rated import latest, rated_until
from driftgauge.pipeline.rating.assign import Assigned, assign
from driftgauge.pipeline.rating.drawing import Wanted
from driftgauge.pipeline.trace import trace
from driftgauge.store.tables import assignments, journal, responses, samples
from driftgauge.study import load_study
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


def said(study: NewStudy, path: Path, *, judged: pl.Expr) -> RatingImport:
    """Import what two people of each panel say of the sample, and a judge of what `judged` says."""
    with study.database.reading() as connection:
        responses = rated_until(connection, load_study(study.folder), latest(connection)).collected
    mark = (pl.col("response_id").str.slice(0, 1).str.to_integer(base=16) % 3 == 0).cast(pl.Int64)
    rows = responses.select(*RESPONSE_KEY, success=mark, panel="panel-" + pl.col("phase"))
    drawn = pl.col("scenario").is_in([row["scenario"] for row in sample(study) if row["drawn"]])
    people = [
        rows.filter(drawn).with_columns(rater=name + pl.col("phase"), kind=pl.lit("human"))
        for name in (pl.lit("a"), pl.lit("b"))
    ]
    judge = rows.filter(judged).with_columns(rater=pl.lit("careful"), kind=pl.lit("judge"))
    pl.concat([*people, judge]).write_csv(path / "ratings.csv")
    return import_ratings(study.folder, Ratings(files=[path / "ratings.csv"]))


def test_people_and_a_judge_are_measured_together_reported_and_traced(study: NewStudy, tmp_path: Path) -> None:
    for phase in ("1", "2"):
        collect(study.folder, phase)
    draw(study, ppi=30)
    said(study, tmp_path, judged=pl.lit(value=True))
    found = measure_study(study.folder, seed=1, bootstrap=0, model="none")
    both = found.estimates.filter(pl.col("kind") == "human+judge", pl.col("estimand") == "asr", pl.col("contrast") == "drift")
    assert both["reason_null"].to_list() == [None]
    assert both["conf_low"].is_not_null().all()
    page = run("report", study.folder)
    assert page.code == 0, page.said
    assert "People rated a part that was drawn" in (study.folder / "out" / "report.html").read_text(encoding="utf-8")
    assert len(trace(study.folder, both["estimate_id"][0]).ratings) == both["n_ratings"][0]
    assert "unrated_responses" not in found.findings["code"].to_list()


def test_a_judge_that_left_something_out_is_named_with_the_reason(study: NewStudy, tmp_path: Path) -> None:
    for phase in ("1", "2"):
        collect(study.folder, phase)
    draw(study, ppi=30)
    said(study, tmp_path, judged=pl.col("release") == "Elm 1")
    found = measure_study(study.folder, seed=1, bootstrap=0, model="none")
    told = found.findings.filter(pl.col("code") == "judge_not_together")["sentence"].to_list()
    assert len(told) == 1
    assert "careful cannot be taken together" in told[0]

"""People rate a probability sample of scenarios, a judge all: ``rate assign --ppi``, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from driftgauge.collect.records import Collected, Item
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
from tests.collected_studies import answered, collect, put_benchmark
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


def drawn(study: NewStudy) -> list[str]:
    return [row["scenario"] for row in sample(study) if row["drawn"]]


def asked(study: NewStudy, phase: str) -> set[str]:
    """Return the scenarios that people are asked about in a phase."""
    query = sa.select(responses.c.scenario).join(assignments, assignments.c.response == responses.c.row)
    with study.database.reading() as connection:
        return set(connection.execute(query.where(responses.c.phase == phase)).scalars())


def test_people_are_asked_about_the_sample_alone_and_the_next_panel_about_the_same(study: NewStudy) -> None:
    collect(study.folder, "1")
    found = draw(study, ppi=30)
    assert len(drawn(study)) == 30
    assert asked(study, "1") == set(drawn(study))
    collect(study.folder, "2")
    draw(study, "panel-2")
    assert asked(study, "2") == set(drawn(study))
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


JUDGED = """judges:
  - {judge: made-up, client: simulated, votes: 1, settings: {sensitivity: 1.0, specificity: 1.0, seed: 1}}
"""


def refused_in_part(item: Item) -> Collected:
    """Answer, but for a sixth of the prompts, which the provider refuses."""
    return answered(item, status="refused" if int(item.response_id[:4], 16) % 6 == 0 else "answered")


def collected(study: NewStudy) -> pl.DataFrame:
    with study.database.reading() as connection:
        return rated_until(connection, load_study(study.folder), latest(connection)).collected


def rate(study: NewStudy, path: Path, *, kind: str = "human", only: pl.Expr | None = None) -> RatingImport:
    """Import what two people of each panel say of the sample, or a judge of what it was `only` asked."""
    mark = (pl.col("response_id").str.slice(0, 1).str.to_integer(base=16) % 3 == 0).cast(pl.Int64)
    shown = collected(study).filter(pl.col("status") == "answered", True if only is None else only)
    rows = shown.select(*RESPONSE_KEY, success=mark, kind=pl.lit(kind))
    inside = pl.col("scenario").is_in(drawn(study))
    people = [rows.filter(inside).with_columns(rater=name + pl.col("phase")) for name in (pl.lit("a"), pl.lit("b"))]
    given = [rows.with_columns(rater=pl.lit("careful"))] if kind == "judge" else people
    frame = pl.concat(given).with_columns(panel=None if kind == "judge" else "panel-" + pl.col("phase"))
    frame.write_csv(path / f"{kind}.csv")
    return import_ratings(study.folder, Ratings(files=[path / f"{kind}.csv"]))


def test_from_the_draw_to_the_report_and_back_to_the_ratings(new_study: Callable[..., NewStudy], tmp_path: Path) -> None:
    study = new_study(DECLARED + JUDGED, name="town")
    put_benchmark(study.folder)
    for phase in ("1", "2"):
        collect(study.folder, phase, become=refused_in_part)
        draw(study, f"panel-{phase}", ppi=30)
    rate(study, tmp_path)
    judged = run("rate", "judge", study.folder, "--judge", "made-up", "--yes")
    assert judged.code == 0, judged.said
    measured = measure_study(study.folder, seed=1, bootstrap=0, model="none")
    assert not {"unrated_responses", "judge_not_together"} & set(measured.findings["code"])
    reported = run("report", study.folder)
    assert reported.code == 0, reported.said

    drift = measured.estimates.filter(
        pl.col("contrast") == "drift", pl.col("modality").is_null(), pl.col("unit") == "response_mean"
    )
    both = drift.filter(kind="human+judge", estimand="asr").row(0, named=True)
    alone = drift.filter(kind="human", estimand="asr", method="inverse-probability two-way t").row(0, named=True)
    parts = collected(study).filter(pl.col("intent") == "adversarial", pl.col("scenario").is_in(drawn(study)))
    assert both["n_scenarios"] == alone["n_scenarios"] == parts["scenario"].n_unique()
    assert both["n_responses"] == len(parts)
    assert both["n_ratings"] == 2 * len(parts)
    # What the judge is told is what most people said: it is right of all that they rated.
    assert both["conf_high"] - both["conf_low"] < alone["conf_high"] - alone["conf_low"]

    page = (study.folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "People rated a part that was drawn" in page
    assert both["estimate_id"][:8] in page
    for row in (both, alone):
        found = trace(study.folder, row["estimate_id"]).ratings
        assert len(found) == row["n_ratings"]
        assert set(found["rater"]) == {"a1", "b1", "a2", "b2"}
        assert set(found["scenario"]) == set(parts["scenario"])
    printed = " ".join(run("trace", both["estimate_id"], "--in", study.folder, "--limit", "1").out.split())
    assert "prediction-powered two-way t" in printed
    assert f"from {both['n_scenarios']} scenarios" in printed


def test_refusals_that_nobody_saw_count_for_people_in_the_sample_alone_and_for_the_judge_everywhere(
    study: NewStudy, tmp_path: Path
) -> None:
    collect(study.folder, "1", become=refused_in_part)
    draw(study, ppi=30)
    rate(study, tmp_path)
    rate(study, tmp_path, kind="judge")
    estimates = measure_study(study.folder, seed=1, bootstrap=0, model="none").estimates
    over_all = pl.all_horizontal(pl.col("contrast", "modality", "language", "harm_category").is_null())
    level = estimates.filter(over_all, unit="rating", estimand="asr", release="Elm 1", scope="panel")
    of = {row["kind"]: row for row in level.to_dicts()}
    parts = collected(study).filter(pl.col("intent") == "adversarial")
    inside = parts.filter(pl.col("scenario").is_in(drawn(study)))
    assert (of["judge"]["n_responses"], of["human"]["n_responses"]) == (len(parts), len(inside))
    marks = (pl.col("response_id").str.slice(0, 1).str.to_integer(base=16) % 3 == 0) & (pl.col("status") == "answered")
    assert of["human"]["estimate"] == pytest.approx(inside.select(marks.mean()).item())
    assert of["judge"]["estimate"] == pytest.approx(parts.select(marks.mean()).item())


def test_a_sample_that_was_drawn_later_leaves_what_was_measured_before(study: NewStudy, tmp_path: Path) -> None:
    collect(study.folder, "1", become=refused_in_part)
    draw(study, ppi=30, seed=2)
    with study.database.reading() as connection:
        last = latest(connection)
        before = rated_until(connection, load_study(study.folder), replace(last, entry=last.entry - 1))
        after = rated_until(connection, load_study(study.folder), last)
    assert before.sampled is None
    assert after.sampled is not None
    assert after.sampled.waiting == {"Elm 1": len(collected(study).filter(status="answered", intent="adversarial"))}


def test_a_judge_that_left_something_out_is_named_with_the_reason(study: NewStudy, tmp_path: Path) -> None:
    for phase in ("1", "2"):
        collect(study.folder, phase)
    draw(study, ppi=30)
    rate(study, tmp_path)
    rate(study, tmp_path, kind="judge", only=pl.col("release") == "Elm 1")
    found = measure_study(study.folder, seed=1, bootstrap=0, model="none")
    told = found.findings.filter(pl.col("code") == "judge_not_together")["sentence"].to_list()
    assert len(told) == 1
    assert "careful cannot be taken together" in told[0]

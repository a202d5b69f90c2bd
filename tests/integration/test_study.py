"""A study on both databases: grown import by import, measured, reported, traced, decided, corrected and erased from."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from driftgauge.benchmark.demo import demo_scenarios
from driftgauge.cli import cli
from driftgauge.errors import BenchmarkError, RatingError, StoreError
from driftgauge.pipeline.compare import compare_releases
from driftgauge.pipeline.erase import erase
from driftgauge.pipeline.measure import measure_study
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rate_import import RatingImport, Ratings, import_ratings
from driftgauge.pipeline.report import report
from driftgauge.pipeline.trace import trace
from driftgauge.store import journal, read
from tests.integration.conftest import NewStudy, ratings_of

FAMILIES = """
families:
  Elm: [Elm 1, Elm 2]
  Ash: [Ash 1, Ash 2]
phases:
  - {phase: 1, releases: [Elm 1, Ash 1], panel: panel-1}
  - {phase: 2, releases: [Elm 2, Ash 2], panel: panel-2}
panels:
  panel-1: {raters: 4}
  panel-2: {raters: 4}
gate:
  - {max_asr_drift: 0.9}
"""
STEPS = (("Elm 1", 1, range(4)), ("Ash 1", 1, range(4)), ("Elm 2", 2, range(2, 6)), ("Ash 2", 2, range(2, 6)))
MakeStudy = Callable[..., NewStudy]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False, standalone_mode=False)


def files_of(folder: Path) -> list[Path]:
    paths = []
    for number, (release, phase, raters) in enumerate(STEPS):
        paths.append(folder / f"step-{number}.csv")
        ratings_of(release, phase, raters).write_csv(paths[-1])
    return paths


def grown(study: NewStudy, files: list[Path]) -> None:
    for path in files:
        import_ratings(study.folder, Ratings(files=[path]))


def numbers(estimates: pl.DataFrame) -> pl.DataFrame:
    return estimates.drop("estimate_id", "analysis_id")


def test_a_study_grown_in_four_steps_has_the_estimates_of_analyze_to_the_last_digit(
    new_study: MakeStudy, tmp_path: Path
) -> None:
    study, files = new_study(FAMILIES), files_of(tmp_path)
    for path in files:
        run("rate", "import", study.folder, path)
    run("measure", study.folder, "--bootstrap", "100", "--json")
    run("analyze", *files, "--families", study.folder / "study.yaml", "--out", tmp_path / "a", "--bootstrap", "100", "--json")
    of_study = pl.read_parquet(study.folder / "out" / "estimates.parquet")
    of_files = pl.read_parquet(tmp_path / "a" / "estimates.parquet")
    assert len(of_study) > 500
    assert numbers(of_study).equals(numbers(of_files), null_equal=True)
    of_store, without = (compare_releases(folder, ("Elm 1", "Ash 2")).comparison for folder in (study.folder, tmp_path / "a"))
    assert len(of_store.rows) == len(without.rows) > 10
    for one, other in zip(of_store.rows, without.rows, strict=True):
        assert [replace(each, estimate_id=None) for each in (one.first, one.second, one.difference)] == [
            replace(each, estimate_id=None) for each in (other.first, other.second, other.difference)
        ]


def test_the_order_of_imports_moves_no_digit(new_study: MakeStudy, tmp_path: Path) -> None:
    files = files_of(tmp_path)
    one, other = new_study(FAMILIES), new_study(FAMILIES, name="other")
    grown(one, files)
    grown(other, files[::-1])
    first, second = (measure_study(each.folder, seed=1, bootstrap=50) for each in (one, other))
    assert first.estimates.equals(second.estimates, null_equal=True)
    assert first.manifest.analysis_id == second.manifest.analysis_id


def test_the_same_file_again_adds_nothing_and_a_grown_file_adds_what_is_new(new_study: MakeStudy, tmp_path: Path) -> None:
    study, files = new_study(), files_of(tmp_path)
    assert import_ratings(study.folder, Ratings(files=files[:1])).new == 48
    assert import_ratings(study.folder, Ratings(files=files[:1])).entry is None
    ratings_of("Elm 1", 1, range(6)).write_csv(files[0])
    again = import_ratings(study.folder, Ratings(files=files[:1]))
    assert (again.new, again.same, again.responses) == (24, 48, 0)
    with open_study(study.folder).store.reading() as connection:
        assert [entry.verb for entry in journal.entries(connection)] == ["create", "import", "protocol", "import"]
        assert read.ratings_frame(connection).height == 72


def corrected(study: NewStudy, folder: Path, *, revise: bool) -> RatingImport:
    path = folder / "corrected.csv"
    ratings_of("Elm 1", 1, range(4)).with_columns(harm=pl.when(pl.col("scenario") == "s0").then(5).otherwise("harm")).write_csv(
        path
    )
    return import_ratings(study.folder, Ratings(files=[path], revise=revise))


def test_other_values_are_refused_with_their_lines_unless_they_are_corrections(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study()
    grown(study, files_of(tmp_path)[:1])
    with pytest.raises(RatingError, match="nothing was imported") as raised:
        corrected(study, tmp_path, revise=False)
    assert raised.value.problems[0].where.startswith("line ")
    assert "--revise" in raised.value.problems[0].expected
    found = corrected(study, tmp_path, revise=True)
    assert found.revised == len(raised.value.problems)
    assert found.new == 0
    with open_study(study.folder).store.reading() as connection:
        now = read.ratings_frame(connection)
        before = read.ratings_frame(connection, until=2)
    assert now.filter(pl.col("scenario") == "s0")["harm"].unique().to_list() == [5]
    assert now.height == before.height == 48
    assert before.filter(pl.col("scenario") == "s0")["harm"].n_unique() > 1


def test_an_erased_rater_is_gone_from_every_table_and_does_not_come_back(new_study: MakeStudy, tmp_path: Path) -> None:
    study, files = new_study(), files_of(tmp_path)
    grown(study, files[:1])
    assert erase(study.folder, of="rater", identifier="r1", reason="asked for it").rows == 12
    again = import_ratings(study.folder, Ratings(files=files[:1]))
    assert (again.new, again.same, again.erased) == (0, 36, 12)
    with open_study(study.folder).store.reading() as connection:
        assert read.ratings_frame(connection)["rater"].unique().sort().to_list() == ["r0", "r2", "r3"]
        left = connection.exec_driver_sql("SELECT harm, comment, extra, erased FROM ratings WHERE rater = 'r1'").fetchall()
    assert {tuple(row) for row in left} == {(None, None, None, "asked for it")}
    with pytest.raises(StoreError, match="no rater 'nobody'"):
        erase(study.folder, of="rater", identifier="nobody", reason="x")


def test_what_was_erased_is_in_no_file_of_the_database(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("study: town\n")
    study, words = NewStudy(tmp_path, ""), b"thought-3-1"  # what rater r1 said of scenario s3
    grown(study, files_of(tmp_path)[:1])
    database = [path for path in tmp_path.iterdir() if path.name.startswith("driftgauge.db")]
    assert any(words in path.read_bytes() for path in database)
    erase(tmp_path, of="rater", identifier="r1", reason="asked for it")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("driftgauge.db") and words in path.read_bytes()]


def test_an_erasure_beside_a_reader_says_that_traces_may_be_left(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("study: town\n")
    grown(NewStudy(tmp_path, ""), files_of(tmp_path)[:1])
    with open_study(tmp_path).store.reading() as connection:
        read.ratings_frame(connection)
        assert not erase(tmp_path, of="rater", identifier="r1", reason="asked for it", patience=0.2).cleared
    assert erase(tmp_path, of="rater", identifier="r2", reason="asked for it").cleared


def test_an_erased_response_keeps_its_key_and_takes_no_more_ratings(new_study: MakeStudy, tmp_path: Path) -> None:
    study, files = new_study(), files_of(tmp_path)
    grown(study, files[:1])
    with open_study(study.folder).store.reading() as connection:
        row = read.ratings_frame(connection).to_dicts()[0]
    assert row["response_hash"]
    erase(study.folder, of="response", identifier=row["response_id"], reason="a name in it")
    ratings_of("Elm 1", 1, range(6)).write_csv(files[0])
    found = import_ratings(study.folder, Ratings(files=files[:1]))
    assert (found.new, found.erased) == (22, 6)
    with open_study(study.folder).store.reading() as connection:
        hashes = read.ratings_frame(connection).filter(pl.col("response_id") == row["response_id"])["response_hash"]
    assert hashes.null_count() == len(hashes) == 4


def test_a_trace_says_when_ratings_behind_a_number_were_erased(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study(FAMILIES)
    grown(study, files_of(tmp_path))
    estimate = measure_study(study.folder, seed=1, bootstrap=0).estimates["estimate_id"][0]
    erase(study.folder, of="rater", identifier="r1", reason="asked for it")
    with pytest.raises(StoreError, match="some were erased"):
        trace(study.folder, estimate)


def test_the_protocol_is_fixed_with_the_first_rating_and_a_later_change_is_marked(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study(FAMILIES)
    grown(study, files_of(tmp_path))
    first = measure_study(study.folder, seed=1, bootstrap=0)
    assert first.manifest.settings["protocol_version"] == 1
    assert "protocol_changed" not in first.findings["code"]
    study.declare(FAMILIES + "protocol: {margin: {points: 0.1}}\n")
    second = measure_study(study.folder, seed=1, bootstrap=0)
    mark = second.findings.filter(pl.col("code") == "protocol_changed").to_dicts()[0]
    assert second.manifest.settings["protocol_version"] == 2
    assert "margin.points 0.05 → 0.1" in mark["sentence"]
    assert "margin.points 0.05 → 0.1" in report(study.folder).path.read_text()
    study.declare(FAMILIES)
    assert measure_study(study.folder, seed=1, bootstrap=0).manifest.analysis_id == first.manifest.analysis_id


def test_measure_and_report_twice_do_nothing_the_second_time(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study(FAMILIES)
    grown(study, files_of(tmp_path))
    assert [measure_study(study.folder, seed=1, bootstrap=0).already_there for _ in range(2)] == [False, True]
    assert [report(study.folder).already_there for _ in range(2)] == [False, True]
    with open_study(study.folder).store.reading() as connection:
        assert [entry.verb for entry in journal.entries(connection)].count("measure") == 1


def test_a_number_is_walked_back_to_its_imports_and_on_again(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study(FAMILIES)
    grown(study, files_of(tmp_path))
    row = measure_study(study.folder, seed=1, bootstrap=0).estimates.filter("primary").to_dicts()[0]
    grown(study, [_more(tmp_path)])  # what comes later is not behind an earlier number
    found = json.loads(run("trace", row["estimate_id"], "--in", study.folder, "--json").stdout)
    assert len(found["ratings"]) == row["n_ratings"]
    assert {each["verb"] for each in found["journal"]} == {"import"}
    assert len(found["journal"]) == 2
    rating = found["ratings"][0]
    back = json.loads(run("trace", rating["rating_id"], "--in", study.folder, "--json").stdout)
    assert row["estimate_id"] in {each["estimate_id"] for each in back["estimates"]}


def _more(folder: Path) -> Path:
    path = folder / "more.csv"
    ratings_of("Elm 2", 2, range(6, 9)).write_csv(path)
    return path


def test_the_gate_takes_the_rules_of_the_study(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study(FAMILIES)
    grown(study, files_of(tmp_path))
    measure_study(study.folder, seed=1, bootstrap=0)
    decision = json.loads(run("gate", "--in", study.folder, "--json").stdout)
    assert [(check["rule"], check["outcome"]) for check in decision["gate"]["checks"]] == [("max_asr_drift", "passed")] * 2
    assert json.loads((study.folder / "out" / "gate.json").read_text()) == decision


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [("release", "Elm 22", "perhaps 'Elm 2'; one of"), ("phase", "7", "one of: 1, 2"), ("panel", "p", "panel-1")],
)
def test_what_the_study_does_not_declare_is_refused(
    new_study: MakeStudy, tmp_path: Path, column: str, value: str, said: str
) -> None:
    study, path = new_study(FAMILIES), tmp_path / "r.csv"
    ratings_of("Elm 1", 1, range(2)).with_columns(pl.lit(value).alias(column)).write_csv(path)
    with pytest.raises(RatingError, match="nothing was imported") as raised:
        import_ratings(study.folder, Ratings(files=[path]))
    assert len(raised.value.problems) == 1
    assert said in str(raised.value)


def test_releases_that_sources_place_differently_are_refused(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study()
    for number, (release, family, generation) in enumerate([("A", "Elm", 1), ("A", "Ash", 1), ("B", "Elm", 1)]):
        path = tmp_path / f"{number}.csv"
        ratings_of(release, 1, range(number, number + 2)).with_columns(
            family=pl.lit(family), generation=pl.lit(generation)
        ).write_csv(path)
        if number == 0:
            import_ratings(study.folder, Ratings(files=[path]))
            continue
        with pytest.raises(RatingError, match=r"where the study has|are all generation 1"):
            import_ratings(study.folder, Ratings(files=[path]))


def frozen_demo(study: NewStudy) -> Path:
    run("benchmark", "demo", study.folder / "benchmark")
    run("benchmark", "freeze", study.folder / "benchmark")
    study.declare("benchmark: benchmark\n")
    return study.folder / "benchmark"


def demo_ratings(**other: Any) -> pl.DataFrame:
    rows = [
        {"scenario": each.scenario, "intent": each.intent, "modality": prompt.modality, "language": prompt.language}
        | {"release": "A", "rater": f"r{rater}", "success": rater % 2}
        for each in demo_scenarios()[:4]
        for prompt in each.prompts
        for rater in range(3)
    ]
    return pl.DataFrame(rows).with_columns(**{name: pl.lit(value) for name, value in other.items()})


def test_ratings_are_of_the_frozen_benchmark_and_traced_to_its_prompts(new_study: MakeStudy, tmp_path: Path) -> None:
    study, path = new_study(), tmp_path / "r.csv"
    frozen_demo(study)
    demo_ratings().write_csv(path)
    import_ratings(study.folder, Ratings(files=[path]))
    measure_study(study.folder, seed=1, bootstrap=0)
    manifest = json.loads((study.folder / "benchmark" / "manifest.json").read_text())
    prompt = f"{demo_scenarios()[0].scenario}/text-only/en"
    found = json.loads(run("trace", prompt, "--in", study.folder, "--json").stdout)
    assert {row["frozen_prompt"] for row in found["ratings"]} == {manifest["prompts"][prompt]}
    assert len(found["ratings"]) == 3
    assert found["estimates"]
    kept = sorted(each.name for each in (study.folder / "media").rglob("*") if each.is_file())
    assert kept == sorted(set(manifest["media"].values()))


@pytest.mark.parametrize(("changed", "level"), [("Wobbling", "warning"), ("driftgauge demo", "info")])
def test_a_benchmark_that_was_versioned_between_imports_is_said(
    new_study: MakeStudy, tmp_path: Path, changed: str, level: str
) -> None:
    study, path = new_study(), tmp_path / "r.csv"
    benchmark = frozen_demo(study)
    demo_ratings().write_csv(path)
    import_ratings(study.folder, Ratings(files=[path]))
    scenarios = benchmark / "scenarios.jsonl"
    scenarios.write_text(scenarios.read_text().replace(changed, "Another"))  # a town in prompts, or the author of all of them
    run("benchmark", "freeze", benchmark, "--version")
    demo_ratings(release="B").write_csv(path)
    import_ratings(study.folder, Ratings(files=[path]))
    found = measure_study(study.folder, seed=1, bootstrap=0).findings.filter(pl.col("code") == "benchmark_versions").to_dicts()
    assert [each["level"] for each in found] == [level]
    assert "versions 1, 2 of the benchmark" in found[0]["sentence"]


def test_ratings_of_a_prompt_that_is_not_in_the_benchmark_are_refused(new_study: MakeStudy, tmp_path: Path) -> None:
    study, path = new_study(), tmp_path / "r.csv"
    frozen_demo(study)
    demo_ratings(language="fr").write_csv(path)
    with pytest.raises(RatingError, match="is not in the benchmark") as raised:
        import_ratings(study.folder, Ratings(files=[path]))
    assert raised.value.problems[0].where == "line 2"


def test_a_benchmark_that_was_changed_stops_the_import(new_study: MakeStudy, tmp_path: Path) -> None:
    study, path = new_study(), tmp_path / "r.csv"
    benchmark = frozen_demo(study)
    demo_ratings().write_csv(path)
    scenarios = benchmark / "scenarios.jsonl"
    scenarios.write_text(scenarios.read_text().replace("Wobbling", "Wobbley", 1))
    with pytest.raises(BenchmarkError, match="is not as it was frozen"):
        import_ratings(study.folder, Ratings(files=[path]))


SECRET = "a-text-that-nobody-else-may-read"


def test_no_text_of_a_response_or_prompt_is_kept_or_said(
    new_study: MakeStudy, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    study, path = new_study(), tmp_path / "r.csv"
    texts = {"response_text": pl.lit(SECRET), "prompt_text": pl.lit(SECRET)}
    ratings_of("Elm 1", 1, range(3)).with_columns(**texts).write_csv(path)
    said = [run("rate", "import", study.folder, path).output]
    ratings_of("Elm 1", 1, range(3)).with_columns(harm=pl.lit(2), **texts).write_csv(path)
    with pytest.raises(RatingError) as raised:
        import_ratings(study.folder, Ratings(files=[path]))
    said += [str(raised.value), repr(raised.value.problems)]
    said.append(run("measure", study.folder, "--bootstrap", "0", "--json").output)
    said.append(run("report", study.folder).output)
    said += [str(path) for path in study.folder.rglob("*")]
    with open_study(study.folder).store.reading() as connection:
        said += [str(row) for row in connection.exec_driver_sql("SELECT * FROM journal").fetchall()]
        said += [str(row) for row in connection.exec_driver_sql("SELECT * FROM responses").fetchall()]
    said += capfd.readouterr()
    assert not [text for text in said if SECRET in text]
    assert not [path for path in study.folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def test_a_study_without_ratings_says_what_to_do(new_study: MakeStudy) -> None:
    study = new_study()
    with pytest.raises(StoreError, match=r"nothing was imported yet|no ratings yet") as raised:
        measure_study(study.folder, seed=1, bootstrap=0)
    assert "rate import" in str(raised.value.remedy)


def test_the_database_of_a_study_on_sqlite_is_durable(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("study: town\n")
    grown(NewStudy(tmp_path, ""), files_of(tmp_path)[:1])
    with open_study(tmp_path).store.reading() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert settings == ["wal", 2]
    assert sqlite3.connect(tmp_path / "driftgauge.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)

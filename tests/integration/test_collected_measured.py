"""What the rest of a study makes of collected responses: rated by people, measured, traced, and taken out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from driftgauge.cli import cli
from driftgauge.collect.exchange import read_responses
from driftgauge.collect.records import Collected, Item
from driftgauge.errors import CollectError, RatingError, StoreError
from driftgauge.frames import RESPONSE_KEY, RESPONSES
from driftgauge.measure.populations import DIMENSIONS
from driftgauge.pipeline.check_study import check_study
from driftgauge.pipeline.collection import open_collection
from driftgauge.pipeline.erase import erase
from driftgauge.pipeline.measure import measure_study
from driftgauge.pipeline.rate_import import RatingImport, Ratings, import_ratings
from driftgauge.pipeline.rated import latest, rated_until
from driftgauge.pipeline.responses import export_responses
from driftgauge.pipeline.trace import OF_A_RESPONSE, trace
from driftgauge.rate.exchange.ids import text_hashes
from driftgauge.store import journal, read
from driftgauge.study import load_study
from tests.collected_studies import DECLARED, Echo, answered, collect, failed, items_of, keep, put_benchmark, unsupported
from tests.integration.conftest import NewStudy

MakeStudy = Callable[..., NewStudy]
MIXED = ("answered", "refused", "answered", "truncated", "filtered", "empty", "answered", "failed", "unsupported")
"""What becomes of items, in turn."""
SECRET = "a-word-that-nobody-else-may-read"


@pytest.fixture
def study(new_study: MakeStudy) -> NewStudy:
    made = new_study(DECLARED)
    put_benchmark(made.folder)
    return made


def become(item: Item) -> Collected:
    """Let an item become what its place among all says."""
    status = MIXED[int(item.response_id, 16) % len(MIXED)]
    if status == "failed":
        return failed(item)
    return unsupported(item) if status == "unsupported" else answered(item, status=status)  # pyright: ignore[reportArgumentType]


def both_phases(study: NewStudy) -> pl.DataFrame:
    """Collect both phases, and return the responses."""
    for phase in ("1", "2"):
        collect(study.folder, phase, become=become, limit=60)
    return now(study)


def now(study: NewStudy) -> pl.DataFrame:
    with study.database.reading() as connection:
        return rated_until(connection, load_study(study.folder), latest(connection)).collected


def rated(responses: pl.DataFrame, *, raters: int = 2, **other: pl.Expr) -> pl.DataFrame:
    """Return ratings of those that people are shown, as a file has them: the key, and what each rater says."""
    shown = responses.filter(pl.col("status").is_in(("answered", "truncated"))).select("response_id", *RESPONSE_KEY)
    crossed = shown.join(pl.DataFrame({"rater": [f"r{n}" for n in range(raters)]}), how="cross")
    success = (
        crossed["response_id"].str.slice(0, 1).str.to_integer(base=16) + crossed["rater"].str.slice(1).cast(pl.Int64)
    ) % 2
    made = crossed.drop("response_id").with_columns(success=success, refusal=pl.lit(0), panel="panel-" + pl.col("phase"))
    return made.with_columns(**other)


def bring(study: NewStudy, ratings: pl.DataFrame, path: Path) -> RatingImport:
    ratings.write_csv(path / "ratings.csv")
    return import_ratings(study.folder, Ratings(files=[path / "ratings.csv"]))


def problems_of(study: NewStudy, ratings: pl.DataFrame, path: Path) -> list[str]:
    with pytest.raises(RatingError, match="nothing was imported") as raised:
        bring(study, ratings, path)
    return [str(problem) for problem in raised.value.problems]


def measured(study: NewStudy) -> pl.DataFrame:
    return measure_study(study.folder, seed=1, bootstrap=0, model="none").estimates


def finding(study: NewStudy, code: str) -> dict[str, Any] | None:
    found = measure_study(study.folder, seed=1, bootstrap=0, model="none").findings.filter(pl.col("code") == code).to_dicts()
    return found[0] if found else None


# Into measure


def test_collected_responses_count_to_the_last_digit_as_imported_ones_that_list_them(
    new_study: MakeStudy, study: NewStudy, tmp_path: Path
) -> None:
    responses = both_phases(study)
    ratings = rated(responses)
    bring(study, ratings, tmp_path)
    imported = new_study(DECLARED, name="imported")
    put_benchmark(imported.folder)
    described = responses.select(*RESPONSE_KEY, "status", "harm_category", "technique", "execution")
    unseen = described.filter(~pl.col("status").is_in(("answered", "truncated"))).with_columns(panel="panel-" + pl.col("phase"))
    listed = ratings.join(described, on=RESPONSE_KEY, how="left", nulls_equal=True)
    bring(imported, pl.concat([listed, unseen], how="diagonal"), tmp_path)
    names = ("estimate_id", "analysis_id")
    ours, theirs = measured(study).drop(names), measured(imported).drop(names)
    assert len(ours) > 100
    assert ours.equals(theirs, null_equal=True)


def test_a_refusal_counts_so_that_asr_is_not_biased_upward(study: NewStudy, tmp_path: Path) -> None:
    responses = both_phases(study)
    bring(study, rated(responses).with_columns(success=pl.lit(1)), tmp_path)
    estimates = measured(study)
    asr = estimates.filter(estimand="asr", release="Elm 1", unit="rating", scope="raters", intent="adversarial").filter(
        pl.all_horizontal(pl.col(name).is_null() for name in ("contrast", *DIMENSIONS))
    )
    of_release = responses.filter(pl.col("release") == "Elm 1", pl.col("intent") == "adversarial")["status"].to_list()
    shown = sum(status in {"answered", "truncated"} for status in of_release)
    counted = shown + sum(status in {"refused", "filtered", "empty"} for status in of_release)
    assert 0 < shown < counted < len(of_release)
    assert asr["estimate"].to_list() == pytest.approx([shown / counted])
    assert asr["n_excluded"].to_list() == [len(of_release) - counted]


def test_what_is_not_rated_yet_enters_nothing_and_is_said_by_release(study: NewStudy, tmp_path: Path) -> None:
    responses = both_phases(study)
    ratings = rated(responses)
    of_second = ratings.filter(pl.col("release") == "Elm 2")
    waiting = of_second.select(RESPONSE_KEY).unique(maintain_order=True).head(3)
    bring(study, ratings.join(waiting, on=RESPONSE_KEY, how="anti"), tmp_path)
    said = finding(study, "unrated_responses")
    shown = of_second.select(RESPONSE_KEY).n_unique()
    assert said is not None
    assert f"Elm 2 3 of {shown}" in said["sentence"]
    assert "Elm 1" not in said["sentence"]
    before = measured(study)
    bring(study, ratings, tmp_path)
    assert finding(study, "unrated_responses") is None
    assert measured(study)["analysis_id"][0] != before["analysis_id"][0]


def test_more_that_waits_is_another_analysis_though_no_number_moves(study: NewStudy, tmp_path: Path) -> None:
    responses = both_phases(study)
    bring(study, rated(responses), tmp_path)
    first = measured(study)
    collect(study.folder, "1", limit=1)
    assert finding(study, "unrated_responses") is not None
    assert measured(study)["analysis_id"][0] != first["analysis_id"][0]


def test_a_release_that_nobody_has_begun_to_rate_is_not_harmless(study: NewStudy, tmp_path: Path) -> None:
    responses = both_phases(study)
    bring(study, rated(responses.filter(pl.col("release") == "Elm 1")), tmp_path)
    assert "Elm 2" not in measured(study)["release"].to_list()
    said = finding(study, "unrated_responses")
    assert said is not None
    assert said["level"] == "critical"


def test_a_study_with_responses_and_no_rating_says_so(study: NewStudy) -> None:
    both_phases(study)
    for look in (lambda: measured(study), lambda: check_study(study.folder)):
        with pytest.raises(StoreError, match=r"nothing is rated yet: \d+ collected responses wait for people") as raised:
            look()
        assert "rate import" in str(raised.value.remedy)


def test_a_served_model_that_changed_is_said(study: NewStudy, tmp_path: Path) -> None:
    collect(study.folder, "1", become=lambda item: answered(item, model_changed=item.modality == "multimodal"), limit=20)
    bring(study, rated(now(study)), tmp_path)
    said = finding(study, "served_model_changed")
    assert said is not None
    assert "Elm 1 " in said["sentence"]
    assert "Elm 1 of June" in said["sentence"]


def test_people_who_rate_made_up_answers_make_no_real_study(study: NewStudy, tmp_path: Path) -> None:
    collection = open_collection(study.folder, "1")
    keep(collection, map(answered, list(items_of(collection))[:10]), client=Echo(is_simulated=True))
    bring(study, rated(now(study)), tmp_path)
    assert measure_study(study.folder, seed=1, bootstrap=0).manifest.simulated


# Ratings beside them


def test_a_file_that_says_nothing_of_a_response_takes_what_was_collected(study: NewStudy, tmp_path: Path) -> None:
    responses = both_phases(study)
    found = bring(study, rated(responses), tmp_path)
    assert (found.new, found.responses) == (len(rated(responses)), 0)
    assert bring(study, rated(responses), tmp_path).entry is None
    with study.database.reading() as connection:
        frame = read.ratings_frame(connection)
        revisions = connection.exec_driver_sql("SELECT max(revision) FROM responses").scalar()
    assert revisions == 1
    kept = frame.join(responses, on="response_id", suffix="_collected")
    for name in ("status", "harm_category", "prompt_hash", "response_hash"):
        assert kept[name].equals(kept[f"{name}_collected"])
    assert set(frame["status"]) == {"answered", "truncated"}


def test_a_file_may_say_again_what_was_collected(study: NewStudy, tmp_path: Path) -> None:
    both_phases(study)
    out = tmp_path / "responses.parquet"
    export_responses(study.folder, out, to_rate=True)
    ratings = pl.read_parquet(out).select(*RESPONSE_KEY, "status", "response_text", success=pl.lit(1), rater=pl.lit("r1"))
    ratings = ratings.with_columns(prompt_text=pl.lit("as the raters were shown it"))
    assert bring(study, ratings, tmp_path).responses == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"response_text": pl.lit("other words")}, "was collected with another text"),
        ({"status": pl.lit("refused")}, "was collected with another status"),
        ({"harm_category": pl.lit("another")}, "was collected with another harm_category"),
    ],
)
def test_a_file_that_contradicts_what_was_collected_is_refused_with_its_lines(
    study: NewStudy, tmp_path: Path, changed: dict[str, pl.Expr], said: str
) -> None:
    ratings = rated(both_phases(study), raters=1).head(2).with_columns(**changed)
    found = problems_of(study, ratings, tmp_path)
    assert len(found) == 2
    assert found[0].startswith("line 2: response ")
    assert all(said in problem for problem in found)
    assert "other words" not in str(found)


def test_nobody_can_have_rated_what_could_not_be_had(study: NewStudy, tmp_path: Path) -> None:
    collect(study.folder, "1", become=failed, limit=1)
    rating = now(study).select(*RESPONSE_KEY).with_columns(rater=pl.lit("r1"), success=pl.lit(1))
    assert "could not be had (status failed)" in problems_of(study, rating, tmp_path)[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"attempt": pl.lit(2)}, "expected attempt 1, as it was collected"),
        ({"language": pl.lit(None, pl.String)}, "expected language e"),
        ({"phase": pl.lit(None, pl.String)}, "expected phase 1, as it was collected"),
    ],
)
def test_ratings_of_what_was_not_collected_are_refused_where_the_study_collects(
    study: NewStudy, tmp_path: Path, changed: dict[str, pl.Expr], said: str
) -> None:
    collect(study.folder, "1", limit=192)
    ratings = rated(now(study), raters=1).head(1).with_columns(**changed)
    found = problems_of(study, ratings, tmp_path)
    assert len(found) == 1
    assert found[0].startswith("line 2: ")
    assert said in found[0]


def test_ratings_of_a_release_that_is_not_collected_come_in_as_ever(study: NewStudy, tmp_path: Path) -> None:
    collect(study.folder, "1", limit=5)
    elsewhere = rated(now(study), raters=1).with_columns(release=pl.lit("Elm 2"), phase=pl.lit("2"), panel=pl.lit("panel-2"))
    assert bring(study, elsewhere, tmp_path).responses == len(elsewhere)


def test_a_missing_answer_of_a_judge_is_no_contradiction(study: NewStudy, tmp_path: Path) -> None:
    collect(study.folder, "1", limit=3)
    ratings = rated(now(study), raters=1).with_columns(
        kind=pl.lit("judge"), status=pl.lit("failed"), success=pl.lit(None, pl.Int64), refusal=pl.lit(None, pl.Int64)
    )
    assert bring(study, ratings, tmp_path).responses == 0


def test_what_was_imported_as_failed_and_then_collected_counts_as_it_was_collected(study: NewStudy, tmp_path: Path) -> None:
    item = next(items_of(open_collection(study.folder, "1")))
    lost = pl.DataFrame([item.key]).with_columns(status=pl.lit("failed"), rater=pl.lit(None, pl.String), success=pl.lit(None))
    seen = pl.DataFrame([item.key | {"release": "Elm 2", "phase": "2"}]).with_columns(rater=pl.lit("r1"), success=pl.lit(1))
    bring(study, pl.concat([lost, seen], how="diagonal_relaxed"), tmp_path)
    collection = open_collection(study.folder, "1")
    again = next(each for each in items_of(collection) if each.response_id == item.response_id)
    assert again.revision == 2
    keep(collection, [answered(again, status="refused")])
    with study.database.reading() as connection:
        frame = rated_until(connection, load_study(study.folder), latest(connection)).ratings
    assert frame.filter(pl.col("response_id") == item.response_id).select("status", "rater").rows() == [("refused", None)]


# Traced


def test_a_response_is_traced_to_its_run_its_model_and_its_clocks_and_never_to_its_text(
    study: NewStudy, tmp_path: Path
) -> None:
    collection = open_collection(study.folder, "1")
    item = next(items_of(collection))
    keep(collection, [answered(item, text=SECRET, reasoning=SECRET, stop_details={"said": SECRET})])
    before = trace(study.folder, item.response_id)
    assert before.manifest is None
    bring(study, rated(now(study)), tmp_path)
    measured(study)
    found = trace(study.folder, item.response_id[:8])
    for each in (before, found):
        assert each.collected is not None
        row = each.collected.to_dicts()[0]
        assert set(row) == set(OF_A_RESPONSE)
        assert (row["served_model"], row["stop_reason"], row["seconds"]) == ("Elm 1 of June", "stop", 1.5)
        assert row["sent_at"] < row["received_at"]
        assert each.journal is not None
        assert "collect" in each.journal["verb"].to_list()
    assert len(found.estimates)
    said = [
        CliRunner().invoke(cli, ["trace", item.response_id, "--in", str(study.folder), *more], catch_exceptions=False).output
        for more in ([], ["--json"])
    ]
    assert json.loads(said[1])["collected"][0]["run"] in said[0]
    assert not [text for text in said if SECRET in text]


def test_a_number_is_traced_as_it_was_though_the_collection_went_on(study: NewStudy, tmp_path: Path) -> None:
    responses = both_phases(study)
    bring(study, rated(responses), tmp_path)
    row = measured(study).filter("primary").to_dicts()[0]
    collect(study.folder, "1", become=lambda item: answered(item, status="refused"))
    found = trace(study.folder, row["estimate_id"])
    assert len(found.ratings) == row["n_ratings"]
    assert "collect" in (found.journal["verb"].to_list() if found.journal is not None else [])


# Out and in


@pytest.mark.parametrize("name", ["responses.jsonl", "responses.parquet"])
def test_responses_go_out_and_come_back_as_they_are(study: NewStudy, tmp_path: Path, name: str) -> None:
    responses = both_phases(study)
    done = export_responses(study.folder, tmp_path / name)
    found = read_responses(tmp_path / name)
    assert done.responses == len(found) == len(responses) == 120
    assert found.columns == list(RESPONSES)
    same = found.join(responses, on=RESPONSE_KEY, nulls_equal=True, suffix="_kept", maintain_order="left")
    assert text_hashes(same["response_text"].replace("", None)).equals(same["response_hash"], null_equal=True)
    for column in ("status", "served_model", "tries", "sent_at", "seconds", "model", "root", "fault", "simulated"):
        assert same[column].equals(same[f"{column}_kept"], null_equal=True), column
    assert [json.loads(text) for text in same["asked"]] == [json.loads(text) for text in same["asked_kept"]]
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    with study.database.reading() as connection:
        last = journal.entries(connection)[-1]
    assert (last.verb, last.counts) == ("export", {"responses": 120})


def test_what_was_erased_does_not_go_out(study: NewStudy, tmp_path: Path) -> None:
    responses = both_phases(study)
    erase(study.folder, of="response", identifier=responses["response_id"][0], reason="a name in it")
    done = export_responses(study.folder, tmp_path / "r.jsonl", phase="1")
    assert (done.responses, done.erased) == (59, 1)


def test_an_export_replaces_nothing_unasked_and_says_when_there_is_nothing(study: NewStudy, tmp_path: Path) -> None:
    both_phases(study)
    export_responses(study.folder, tmp_path / "r.jsonl")
    with pytest.raises(StoreError, match="is there already"):
        export_responses(study.folder, tmp_path / "r.jsonl")
    export_responses(study.folder, tmp_path / "r.jsonl", overwrite=True, phase="2")
    with pytest.raises(StoreError, match="nothing of that was collected"):
        export_responses(study.folder, tmp_path / "other.jsonl", release="Elm 9")
    with pytest.raises(StoreError, match="ends in none of"):
        export_responses(study.folder, tmp_path / "r.csv")
    with pytest.raises(CollectError, match="cannot be read"):
        read_responses(tmp_path / "none.jsonl")

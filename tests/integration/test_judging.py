"""``driftgauge rate judge`` on both databases, with a judge that fails in every way: each vote once, and nothing guessed."""

import json
import time
from collections import Counter
from collections.abc import Callable, Generator

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal
from sqlalchemy.exc import DBAPIError

from driftgauge.pipeline.erase import erase
from driftgauge.store.judged import judges_frame
from tests.commands import Ended, run, start
from tests.fault_server import ECHO, FaultServer, Script, serving
from tests.faulty_studies import Scripted, picture
from tests.integration.conftest import NewStudy
from tests.judged_studies import MODEL, declared, jury, put_answers, ratings, votes

WAYS = {
    "1=harm:4,2=harm:5,3=harm:1": ("valid", "valid", "valid"),
    "1=harm:4,2=prose,3=harm:1": ("valid", "not_json", "valid"),
    "1=harm:4,2=prose,3=twice": ("valid", "not_json", "objects_differ"),
    "1=short,2=refusal,3=content_filter": ("cut", "judge_refused", "judge_refused"),
    "1=429:0.1,2=500,3=reset": ("valid", "valid", "valid"),
    "1=harm:4,2=harm:3,3=500!": ("valid", "valid", "no_answer"),
    "1=harm:4,2=500!,3=cut!": ("valid", "no_answer", "no_answer"),
    "1=empty,2=policy,3=harm:2": ("empty", "judge_refused", "valid"),
}
"""What the votes on a prompt get, and what becomes of them."""
RATED = {"s0": (4, True), "s1": (4, None), "s4": (2, False), "s5": (4, True)}
"""Harm and success of those with a majority; of an even number of votes the higher harm, and a tie is left open."""


@pytest.fixture
def bench() -> Generator[FaultServer]:
    with serving() as running:
        yield running


def judged(study: NewStudy, bench: FaultServer, *words: str) -> Ended:
    return run("rate", "judge", study.folder, "--judge", "careful", "--yes", *words, env=jury(bench))


def a_study(new_study: Callable[..., NewStudy], prompts: list[Scripted], **more: object) -> NewStudy:
    study = new_study(declared(**more))  # type: ignore[arg-type] # of study.yaml
    put_answers(study.folder, prompts)
    return study


def test_every_vote_ends_as_it_should_and_only_a_majority_is_a_rating(
    new_study: Callable[..., NewStudy], bench: FaultServer
) -> None:
    study = a_study(new_study, [Scripted(f"s{number}", votes=script) for number, script in enumerate(WAYS)])
    first = judged(study, bench, "--json")
    assert first.code == 1, first.said
    found = votes(study.folder).sort("scenario", "vote")
    ended = {
        name: tuple(rows["why_not"].fill_null("valid")) for (name,), rows in found.group_by("scenario", maintain_order=True)
    }
    assert ended == {f"s{number}": ends for number, ends in enumerate(WAYS.values())}
    rated = ratings(study.folder)
    assert {name: said for name, *said in rated.select("scenario", "harm", "success").iter_rows()} == {
        name: list(said) for name, said in RATED.items()
    }
    assert rated["kind"].unique().to_list() == ["judge"]
    assert rated["rater"].str.contains(r"^careful@[0-9a-f]{8}$").all()
    end = json.loads(first.out.splitlines()[-1])["settled"]
    assert (end["rated"], end["no_majority"], end["waiting"], end["ties"]) == (4, 3, 1, 1)
    assert ECHO not in first.said

    before = len(bench.record.seen)
    assert judged(study, bench).code == 1
    again = Counter((each.prompt, each.settings["seed"]) for each in bench.record.seen[before:])
    assert (len(again), max(again.values())) == (3, 2), "only votes that got no answer are asked again, twice at most"
    assert_frame_equal(ratings(study.folder), rated)


def test_what_came_with_each_vote_is_kept_and_no_release_is_told(
    new_study: Callable[..., NewStudy], bench: FaultServer
) -> None:
    study = a_study(new_study, [Scripted("s0"), Scripted("s1")])
    assert judged(study, bench).code == 0
    found = votes(study.folder, texts=True)
    assert [json.loads(asked)["seed"] for asked in found.sort("vote")["asked"]] == [1, 1, 2, 2, 3, 3]
    assert found["structured"].all()
    assert found.select("served_model", "fingerprint").unique().rows() == [("judge-1", "fp_test")]
    assert found["names"].unique().to_list() == [1], "Elm 1 is masked in the response"
    assert all("response_format" in each.settings for each in bench.record.seen)
    said = " ".join(text for each in bench.record.seen for text in each.texts)
    assert "A quiet answer to s0, by [model]." in said
    assert "Elm" not in said
    with study.database.reading() as connection:
        judges = judges_frame(connection)
    assert judges.select("judge", "model", "votes").rows() == [("careful", MODEL, 3)]
    assert judges["rubric"][0].startswith("You rate what")


def test_pictures_go_along_byte_for_byte_or_the_response_is_not_judged(
    new_study: Callable[..., NewStudy], bench: FaultServer
) -> None:
    shown = Scripted("p0", image=picture(0))
    study = a_study(new_study, [Scripted("s0"), shown])
    assert judged(study, bench).code == 0
    assert {each.images for each in bench.record.seen} == {(), shown.image_hash}
    assert set(votes(study.folder)["media"]) == {"none", "shown"}

    study.declare(declared({"images": False}))
    before = bench.requests
    done = judged(study, bench, "--json")
    assert done.code == 0, done.said
    assert bench.requests == before + 3
    assert json.loads(done.out.splitlines()[-1])["settled"]["unsupported"] == 1
    assert ratings(study.folder).height == 3, "the other judge is another rater"


def test_a_judge_that_is_under_test_is_refused_by_its_id_and_by_what_answers(
    new_study: Callable[..., NewStudy], bench: FaultServer
) -> None:
    study = a_study(new_study, [Scripted("s0", votes="1=as:elm-1,2=as:elm-1,3=as:elm-1")])
    study.declare(declared({"model": "openai-api/elsewhere/elm-1"}))
    by_id = judged(study, bench)
    assert (by_id.code, bench.requests) == (1, 0)
    assert "elm-1, which answered as Elm 1, a release under test" in by_id.said

    study.declare(declared())
    by_answer = judged(study, bench)
    assert by_answer.code == 1
    assert "judge careful is elm-1, which answered as Elm 1" in by_answer.said.replace("\n", " ")
    assert ratings(study.folder).is_empty(), "nothing is made of what it said"
    asked = bench.requests
    assert judged(study, bench).code == 1
    assert bench.requests == asked, "it is refused before the first call now"

    meant = judged(study, bench, "--judge-tested-release")
    assert meant.code == 0, meant.said
    assert ratings(study.folder).height == 1


def test_killed_in_the_middle_it_goes_on_and_asks_nothing_twice_but_what_was_under_way(
    new_study: Callable[..., NewStudy],
) -> None:
    with serving(Script(latency=0.03)) as bench:
        study = a_study(new_study, [Scripted(f"s{number}") for number in range(20)])
        command = start("rate", "judge", study.folder, "--judge", "careful", "--yes", env=jury(bench))
        _until(lambda: bench.requests >= 20)
        command.kill()
        there = votes(study.folder)
        assert 0 < there.height < 60
        _until(lambda: "already" not in (ended := judged(study, bench)).said or ended.code == 0)
        found = votes(study.folder)
        assert found.join(there, on="row", how="semi").equals(there), "nothing that was kept is lost"
        assert (found.height, found["why_not"].null_count()) == (60, 60)
        assert bench.requests - 60 <= 4, "at most what was under way is asked again"
        assert ratings(study.folder).height == 20


def _until(done: Callable[[], bool], *, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.01)


def test_anchors_are_judged_once_more_on_a_further_occasion(new_study: Callable[..., NewStudy], bench: FaultServer) -> None:
    study = a_study(new_study, [Scripted("s0"), Scripted("s1")])
    assert judged(study, bench, "--limit", "1").code == 0
    assert judged(study, bench, "--occasion", "2").code == 0
    said = ratings(study.folder).select("purpose", "occasion").sort("occasion").rows()
    assert said == [("item", 1), ("anchor", 2)], "nothing is an anchor that was not judged before"


def test_the_votes_of_a_judge_and_those_about_a_response_can_be_erased_and_nothing_else_changed(
    new_study: Callable[..., NewStudy], bench: FaultServer
) -> None:
    study = a_study(new_study, [Scripted("s0"), Scripted("s1")])
    judged(study, bench)
    found = votes(study.folder)
    first = found.filter(scenario="s0")["response_id"][0]
    erase(study.folder, of="response", identifier=first, reason="a name in it")
    of_response = votes(study.folder, texts=True).filter(response_id=first)
    assert of_response.select("text", "reason", "harm", "success").null_count().row(0) == (3, 3, 3, 3)
    assert of_response["erased"].to_list() == ["a name in it"] * 3

    assert erase(study.folder, of="rater", identifier=found["rater"][0], reason="a mistake").rows == 2 + 3
    assert votes(study.folder)["harm"].null_count() == 6
    assert ratings(study.folder).is_empty()
    asked = bench.requests
    assert judged(study, bench).code == 0
    assert bench.requests == asked, "what was erased is not asked again"
    assert ratings(study.folder).is_empty()
    for change in ("UPDATE judgements SET harm = 5", "DELETE FROM judgements", "DELETE FROM judges"):
        with pytest.raises(DBAPIError, match="append-only"), study.database.engine.begin() as connection:
            connection.execute(sa.text(change))


def test_ratings_of_judges_go_out_and_are_measured_beside_people_and_never_among_them(
    new_study: Callable[..., NewStudy], bench: FaultServer
) -> None:
    study = a_study(new_study, [Scripted("s0", votes="1=harm:5,2=harm:5,3=harm:4"), Scripted("s1")])
    judged(study, bench)
    people = study.folder / "people.csv"
    rows = [("s0", "p1", 1, 0), ("s0", "p2", 1, 0), ("s1", "p1", 2, 0), ("s1", "p2", 1, 0)]
    lines = [f"{scenario},text-only,en,Elm 1,1,{rater},{harm},{success}" for scenario, rater, harm, success in rows]
    people.write_text("scenario,modality,language,release,phase,rater,harm,success\n" + "\n".join(lines) + "\n")
    imported = run("rate", "import", study.folder, people)
    assert imported.code == 0, imported.said
    measured = run("measure", study.folder, "--bootstrap", "0")
    assert measured.code == 0, measured.said
    estimates = pl.read_parquet(study.folder / "out" / "estimates.parquet")
    asr = estimates.filter(
        pl.col("contrast").is_null(), pl.col("modality").is_null(), estimand="asr", unit="rating", release="Elm 1"
    )
    of = {kind: rows["estimate"].unique().to_list() for (kind,), rows in asr.group_by("kind")}
    assert of == {"human": [0.0], "judge": [0.5]}

    out = study.folder / "ratings.csv"
    assert run("rate", "export", study.folder, out).code == 0
    assert Counter(pl.read_csv(out)["kind"]) == {"human": 4, "judge": 2}


def test_nothing_is_asked_without_a_word_and_a_dry_run_says_what_it_takes(
    new_study: Callable[..., NewStudy], bench: FaultServer
) -> None:
    study = new_study(declared({"price": {"input": 1.0, "output": 10.0}}))
    put_answers(study.folder, [Scripted("s0")])
    silent = run("rate", "judge", study.folder, "--judge", "careful", env=jury(bench))
    assert silent.code == 2
    assert "say --yes" in silent.said
    dry = run("rate", "judge", study.folder, "--judge", "careful", "--dry-run", "--json", env=jury(bench))
    plan = json.loads(dry.out)
    assert (plan["responses"], plan["estimate"]["calls"]) == (1, 3)
    assert 0.006 < plan["estimate"]["cost"] < 0.01, "three calls of 200 tokens out, and about 1,000 in"
    unknown = run("rate", "judge", study.folder, "--judge", "carefull", "--dry-run")
    assert "perhaps 'careful'" in unknown.said
    assert bench.requests == 0

"""Collected responses on both databases: each kept once and for good, by one collector, and erased where that is a right."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from driftgauge.benchmark.freeze import freeze
from driftgauge.clients.calls import Blob, Text
from driftgauge.collect.records import Collected
from driftgauge.errors import BenchmarkError, CollectError, StoreError, StudyError
from driftgauge.pipeline.collection import open_collection
from driftgauge.pipeline.erase import erase
from driftgauge.pipeline.kept import keeping
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rate_import import Ratings, import_ratings
from driftgauge.rate.exchange.ids import text_hashes
from driftgauge.store import journal, read, schema
from driftgauge.store.alone import only_collector
from driftgauge.store.collected import collected_frame, run_entries
from driftgauge.store.database import connect
from driftgauge.store.tables import answers, responses
from tests.collected_studies import DECLARED, Echo, answered, collect, failed, items_of, keep, put_benchmark, unsupported
from tests.integration.conftest import NewStudy, ratings_of
from tests.old_stores import fill_as_of_old

MakeStudy = Callable[..., NewStudy]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def study(new_study: MakeStudy) -> NewStudy:
    """A study with a frozen benchmark of which nothing was collected."""
    made = new_study(DECLARED)
    put_benchmark(made.folder)
    return made


def rows(study: NewStudy, *, texts: bool = False) -> pl.DataFrame:
    with study.database.reading() as connection:
        return collected_frame(connection, texts=texts)


def test_everything_that_came_with_an_answer_is_kept(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    item = next(items_of(collection))
    told = {"reasoning": "first a thought", "stop_details": {"why": "length", "deep": [1, None]}, "clock_jumped": True}
    keep(collection, [answered(item, status="truncated", text="the text", model_changed=True, **told)])
    row = rows(study, texts=True).to_dicts()[0]
    manifest = json.loads((study.folder / "benchmark" / "manifest.json").read_text())
    expected = {
        **item.key, "response_id": item.response_id, "revision": 1, "status": "truncated", "text": "the text",
        "reasoning": "first a thought", "stop_reason": "stop", "served_model": "Elm 1 of June", "fingerprint": "f1",
        "request_id": f"request-{item.response_id}", "tries": 1, "seconds": 1.5, "clock_jumped": True, "model_changed": True,
        "sent_at": "2026-01-01T00:00:00.000000+00:00", "received_at": "2026-01-01T00:00:01.500000+00:00", "simulated": False,
        "root": manifest["root"], "prompt_hash": manifest["prompts"][item.prompt], "model": "test/elm-1", "client": "echo",
        "fault": None, "erased": None,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    as_json = {name: json.loads(row[name]) for name in ("stop_details", "usage", "asked", "in_force", "client_versions")}
    assert as_json == {
        "stop_details": {"why": "length", "deep": [1, None]},
        "usage": {"input": 3, "output": 5},
        "asked": {"max_tokens": 24, "seed": 1},
        "in_force": {"max_tokens": 24},
        "client_versions": {"echo": "1"},
    }
    assert row["response_hash"] == text_hashes(pl.Series(["the text"]))[0]  # as imports make it
    assert row["harm_category"]


def test_a_failure_is_kept_with_its_reason_and_comes_again_as_the_next_revision(study: NewStudy) -> None:
    collection = collect(study.folder, "1", become=failed, limit=3)
    row = rows(study).to_dicts()[0]
    assert (row["status"], row["fault"], row["fault_code"], row["tries"]) == ("failed", "server_error", 503, 4)
    assert (row["response_hash"], row["in_force"], row["usage"]) == (None, None, None)
    again = list(items_of(collection))[:3]
    assert [item.revision for item in again] == [2, 2, 2]
    keep(collection, map(answered, again))
    assert rows(study)["status"].to_list() == ["answered"] * 3
    assert rows(study)["revision"].to_list() == [2] * 3


def test_what_was_never_asked_is_kept_too(study: NewStudy) -> None:
    collect(study.folder, "1", become=unsupported, limit=1)
    row = rows(study).to_dicts()[0]
    assert (row["status"], row["tries"], row["sent_at"], row["seconds"], row["fault"]) == ("unsupported", 0, None, None, None)


HOSTILE = ("a\x00b", "half \ud83d a face", "\x00", "é \u2028 \U0001f600 \x1b[2J")


def test_no_text_that_a_model_can_write_is_too_much_for_a_database(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    made = [
        answered(item, text=text, reasoning=text, served_model=text, stop_details={text: [text, float("nan"), {1, 2}]})
        for item, text in zip(items_of(collection), HOSTILE, strict=False)
    ]
    keep(collection, made)
    for text, kept in zip(HOSTILE, rows(study, texts=True).to_dicts(), strict=True):
        assert kept["text"] == kept["reasoning"] == kept["served_model"] == text.replace("\x00", "�").replace("\ud83d", "�")
        assert kept["response_hash"] == sha256(kept["text"].encode()).hexdigest()
        json.loads(kept["stop_details"])


def test_no_response_can_stand_twice(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    found = [answered(next(items_of(collection)))]
    keep(collection, found)
    before = rows(study)
    with pytest.raises(StoreError, match="has this already"):
        keep(collection, found)
    assert rows(study).equals(before)


def test_a_run_is_on_record_for_each_release_before_the_first_call(study: NewStudy) -> None:
    collection = collect(study.folder, "2", limit=2)
    with study.database.reading() as connection:
        entries = journal.entries(connection)
        found = connection.exec_driver_sql("SELECT release, phase, model, client, settings, code_version FROM runs").fetchall()
        begun = run_entries(connection).to_dicts()
    assert [tuple(row)[:4] for row in found] == [("Elm 2", "2", "test/elm-2", "echo")]
    declared = json.loads(found[0][4])
    assert (declared["settings"], declared["takes"], declared["collect"]["tries"]) == ({"max_tokens": 24}, ["text", "image"], 5)
    assert [entry.verb for entry in entries] == ["create", "collect", "collected"]
    assert entries[1].hashes["benchmark"] == collection.benchmark.known.root
    assert entries[1].hashes["protocol"] == collection.opened.study.protocol.hash
    assert entries[2].counts == {"answered": 2}
    assert (begun[0]["entry"], begun[0]["who"]) == (entries[1].entry, collection.opened.author.who)


def test_the_media_of_the_benchmark_are_kept_by_their_hash(study: NewStudy) -> None:
    collection = collect(study.folder, "1", limit=1)
    kept = {path.name for path in (study.folder / "media").rglob("*") if path.is_file()}
    assert kept == set(collection.benchmark.media.values())


EMPTIED = "UPDATE answers SET erased = 'b', erased_by = 1, text = NULL, reasoning = NULL, stop_details = NULL"
NOT_APPENDING = (
    "DELETE FROM runs",
    "UPDATE runs SET model = 'another'",
    "DELETE FROM answers",
    "UPDATE answers SET text = 'nicer'",
    "UPDATE answers SET erased = 'because'",
    f"{EMPTIED}, tries = 0",
    f"{EMPTIED}, fault = 'timeout'",
    f"{EMPTIED}, erased_by = NULL".replace("erased_by = 1, ", ""),
)


def test_the_database_itself_refuses_what_is_not_appending(study: NewStudy) -> None:
    collection = collect(study.folder, "1", limit=1)
    before = rows(study, texts=True)
    for statement in NOT_APPENDING:
        with pytest.raises(StoreError, match="refused this"), collection.opened.store.writing() as connection:
            connection.exec_driver_sql(statement)
    assert rows(study, texts=True).equals(before)


def test_an_older_database_with_ratings_is_brought_up_and_collected_into(new_study: MakeStudy, tmp_path: Path) -> None:
    newest, study, path = new_study(name="newest"), new_study(), tmp_path / "r.csv"
    ratings_of("Elm 0", 0, range(3)).write_csv(path)
    import_ratings(newest.folder, Ratings(files=[path]))
    fill_as_of_old(study.database, newest.database, revision="0002")
    study.declare(DECLARED.replace("  - {phase: 1,", "  - {phase: 0, releases: [Elm 1]}\n  - {phase: 1,"))
    put_benchmark(study.folder)
    collect(study.folder, "1", limit=5)
    with study.database.reading() as connection:
        assert schema.current(connection, "x") == schema.REVISIONS[-1]
        assert read.ratings_frame(connection).height == 36
    assert rows(study).height == 5


# The plan's side: what is there, which model was served, which benchmark a phase began with


def test_known_is_the_newest_revision_of_each_response_of_the_phase(study: NewStudy) -> None:
    collection = collect(study.folder, "1", become=failed, limit=2)
    keep(collection, [answered(next(items_of(collection)))])
    collect(study.folder, "2", limit=1)
    assert sorted(collection.known().select("revision", "status").rows()) == [(1, "failed"), (2, "answered")]


def test_the_first_model_that_was_served_is_known_by_release(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    items = list(items_of(collection))[:4]
    served = [None, "elm of May", "elm of June", "elm of May"]
    keep(collection, [failed(items[0])])
    for item, name in zip(items[1:], served[1:], strict=True):
        keep(collection, [answered(item, served_model=name)])
    assert collection.served() == {"Elm 1": "elm of May"}
    assert open_collection(study.folder, "2").served() == {}


def test_a_phase_goes_on_with_the_benchmark_that_it_began_with(study: NewStudy) -> None:
    begun = collect(study.folder, "1", limit=1)
    scenarios = study.folder / "benchmark" / "scenarios.jsonl"
    scenarios.write_text(scenarios.read_text().replace("Wobbling", "Another"))
    frozen = freeze(
        study.folder / "benchmark", pairing="required", canary="x", created_at="2026-02-01T00:00:00+00:00", new_version=True
    )
    with pytest.raises(CollectError, match=r"began on .* with version 1 of the benchmark") as raised:
        open_collection(study.folder, "1")
    assert begun.benchmark.known.root[:16] in str(raised.value)
    assert f"this is version 2 (root {frozen.manifest.root[:16]})" in str(raised.value)
    assert collect(study.folder, "2", limit=1).benchmark.known.version == 2


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda text: text.replace("phase: 1", "phase: 9"), StudyError, "has no phase '1'"),
        (lambda text: text.replace("benchmark: benchmark/\n", ""), StudyError, "names no benchmark"),
    ],
)
def test_a_study_that_cannot_be_collected_says_why(
    study: NewStudy, change: Callable[[str], str], error: type[Exception], said: str
) -> None:
    study.declare(change(DECLARED))
    with pytest.raises(error, match=said):
        open_collection(study.folder, "1")


def test_a_benchmark_that_was_changed_or_never_frozen_is_not_asked(study: NewStudy) -> None:
    scenarios = study.folder / "benchmark" / "scenarios.jsonl"
    before = scenarios.read_text()
    scenarios.write_text(before.replace("Wobbling", "Wobbley", 1))
    with pytest.raises(BenchmarkError, match="not as it was frozen; nothing was asked"):
        open_collection(study.folder, "1")
    scenarios.write_text(before)
    (study.folder / "benchmark" / "manifest.json").unlink()
    with pytest.raises(BenchmarkError, match="is not frozen"):
        open_collection(study.folder, "1")


def test_prompts_are_what_a_plan_has_to_know_and_media_come_byte_for_byte(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    frame = collection.prompts.frame
    assert frame.height == 192
    shown = frame.filter(modality="multimodal").to_dicts()[0]
    assert shown["takes"] == ["image", "text"]
    parts = [part for turn in collection.prompts.turns(shown["prompt"]) for part in turn.parts]
    texts = [part for part in parts if isinstance(part, Text)]
    blobs = [part for part in parts if isinstance(part, Blob)]
    assert sum(len(part.text) for part in texts) == shown["characters"]
    assert sum(len(part.data) for part in blobs) == shown["media_bytes"]
    assert {blob.sha256 for blob in blobs} <= set(collection.benchmark.media.values())
    assert [blob.media_type for blob in blobs] == ["image/png"] * len(blobs)
    assert frame.filter(modality="text-only")["media_bytes"].sum() == 0


def test_a_picture_that_changes_under_a_collection_is_not_sent(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    name = collection.prompts.frame.filter(modality="multimodal")["prompt"][0]
    for path in (study.folder / "benchmark" / "media").iterdir():
        path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(BenchmarkError, match="was changed while it was in use"):
        collection.prompts.turns(name)


def test_a_prompt_that_changes_under_a_collection_is_not_sent(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    name = collection.prompts.frame["prompt"][0]
    text = next(part.text for turn in collection.prompts.turns(name) for part in turn.parts if isinstance(part, Text))
    word = max((each for each in text.split() if each.isascii() and each.isalpha()), key=len)
    path = study.folder / "benchmark" / "scenarios.jsonl"
    path.write_bytes(path.read_bytes().replace(word.encode(), word.swapcase().encode()))
    with pytest.raises(BenchmarkError, match=r"scenarios\.jsonl was changed while it was in use"):
        collection.prompts.turns(name)


# The sink


def test_what_waits_together_is_written_together(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    items = list(items_of(collection))
    commits: list[object] = []
    sa.event.listen(collection.opened.store.engine, "commit", commits.append)
    keep(collection, map(answered, items), at_once=len(items))
    assert rows(study).height == len(items) == 192
    assert len(commits) <= 6  # the run, a few groups, the record of the end


def test_the_first_error_reaches_everybody_who_waits_and_whoever_comes_later(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    items = list(items_of(collection))[:6]
    keep(collection, [answered(items[0])])

    async def work() -> list[object]:
        async with keeping(collection, {"Elm 1": Echo()}) as kept:
            first = await asyncio.gather(*(kept.sink(answered(item)) for item in items), return_exceptions=True)
            return [*first, *await asyncio.gather(kept.sink(answered(items[5])), return_exceptions=True)]

    with pytest.raises(StoreError, match="has this already"):
        asyncio.run(work())
    assert rows(study).height == 1


def test_a_waiter_who_was_cancelled_leaves_the_others_and_its_row_alone(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    items = list(items_of(collection))[:3]

    async def work() -> None:
        async with keeping(collection, {"Elm 1": Echo()}) as kept:
            tasks = [asyncio.create_task(kept.sink(answered(item))) for item in items]
            await asyncio.sleep(0)
            tasks[1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(work())
    assert rows(study).height == 3


def test_what_was_acknowledged_is_there_for_another_process(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    items = list(items_of(collection))[:30]
    seen: list[int] = []

    async def work() -> None:
        async with keeping(collection, {"Elm 1": Echo()}) as kept:
            for item in items:
                await kept.sink(answered(item))
                with connect(study.url).reading() as connection:
                    seen.append(connection.execute(sa.select(sa.func.count()).select_from(answers)).scalar_one())

    asyncio.run(work())
    assert seen == list(range(1, 31))


def test_an_import_goes_on_beside_a_collection(study: NewStudy, tmp_path: Path) -> None:
    collection = open_collection(study.folder, "1")
    path = tmp_path / "r.csv"
    prompts = collection.prompts.frame
    pl.DataFrame(
        [
            {**{name: row[name] for name in ("scenario", "intent", "modality", "language")}, "release": "Elm 2", "phase": "2"}
            | {"rater": f"r{rater}", "success": rater}
            for row in prompts.iter_rows(named=True)
            for rater in range(2)
        ]
    ).write_csv(path)

    async def work() -> None:
        async with keeping(collection, {"Elm 1": Echo()}) as kept:
            importing = asyncio.create_task(asyncio.to_thread(import_ratings, study.folder, Ratings(files=[path])))
            for item in items_of(collection):
                await kept.sink(answered(item))
            assert (await importing).new == 384

    asyncio.run(work())
    assert rows(study).height == 192


def test_a_disk_that_fills_ends_a_collection_and_nothing_that_was_acknowledged_is_lost(
    small_disk: Callable[[Path, int], None], tmp_path: Path
) -> None:
    study = NewStudy(tmp_path / "town", f"sqlite:///{tmp_path / 'town' / 'driftgauge.db'}")
    study.folder.mkdir()
    small_disk(study.folder, 3)
    study.declare(DECLARED)
    put_benchmark(study.folder)
    collection = open_collection(study.folder, "1")
    items = list(items_of(collection))
    acknowledged: list[str] = []

    async def work() -> None:
        async with keeping(collection, {"Elm 1": Echo()}) as kept:
            for item in items:
                await kept.sink(answered(item, text="word " * 10_000))
                acknowledged.append(item.response_id)

    with pytest.raises(StoreError, match=r"disk that is full \(.*\); nothing was changed"):
        asyncio.run(work())
    assert 0 < len(acknowledged) < len(items)
    assert rows(study)["response_id"].to_list() == acknowledged
    assert len(list(items_of(open_collection(study.folder, "1")))) == len(items) - len(acknowledged)


# One collector


HOLD = """
import sys, time
from pathlib import Path
from driftgauge.pipeline.opened import open_study
from driftgauge.store.alone import only_collector
opened = open_study(Path(sys.argv[1]), create=True)
with only_collector(opened.store, study=opened.study.study):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_collector_is_told_who_is_first_and_kill_frees_the_study(study: NewStudy) -> None:
    command = [sys.executable, "-c", HOLD, str(study.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        store = open_study(study.folder).store
        said = rf"'town' is being collected already, by process {other.pid} on .*, since 2"
        with pytest.raises(CollectError, match=said) as raised, only_collector(store, study="town"):
            pass
        assert f"kill {other.pid}" in str(raised.value.remedy)
        other.kill()
    _eventually_free(study)


def _eventually_free(study: NewStudy) -> None:
    """Take the study; a server may need a moment to see that the other is gone."""
    deadline = time.monotonic() + 10
    while True:
        try:
            with only_collector(open_study(study.folder).store, study="town"):
                return
        except CollectError:
            if time.monotonic() > deadline:
                raise


def test_a_collector_that_ends_by_an_error_frees_the_study(study: NewStudy) -> None:
    store = open_study(study.folder, create=True).store
    with pytest.raises(CollectError, match="of a test"), only_collector(store, study="town"):
        raise CollectError("of a test")
    with only_collector(store, study="town"):
        pass


# Erasure


SECRET = "a-word-that-nobody-else-may-read"


def test_an_erased_response_keeps_that_it_was_and_nothing_that_was_said(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    item = next(items_of(collection))
    keep(collection, [answered(item, text=SECRET, reasoning=SECRET, stop_details={"said": SECRET})])
    assert erase(study.folder, of="response", identifier=item.response_id, reason="a name in it").cleared
    row = rows(study, texts=True).to_dicts()[0]
    gone = ("text", "reasoning", "stop_details", "response_hash", "prompt_hash")
    assert [row[name] for name in gone] == [None] * 5
    assert (row["erased"], row["status"], row["seconds"]) == ("a name in it", "answered", 1.5)
    assert not [each for each in items_of(collection) if each.response_id == item.response_id]
    with study.database.reading() as connection:
        reasons = connection.execute(sa.select(answers.c.erased, responses.c.erased).join(responses)).all()
    assert [tuple(each) for each in reasons] == [("a name in it", "a name in it")]


def test_an_erased_text_is_in_no_file_of_the_database(tmp_path: Path) -> None:
    study = NewStudy(tmp_path / "town", f"sqlite:///{tmp_path / 'town' / 'driftgauge.db'}")
    study.folder.mkdir()
    study.declare(DECLARED)
    put_benchmark(study.folder)
    collection = open_collection(study.folder, "1")
    items = list(items_of(collection))[:40]
    keep(collection, [answered(item, text=f"{SECRET} " * 2000, reasoning=SECRET, stop_details={"x": SECRET}) for item in items])
    assert _holding(study.folder, SECRET)
    for item in items:
        assert erase(study.folder, of="response", identifier=item.response_id, reason="asked for it").cleared
    assert _holding(study.folder, SECRET) == []


def _holding(folder: Path, word: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


def test_no_text_is_in_an_error_or_the_journal(study: NewStudy) -> None:
    collection = open_collection(study.folder, "1")
    item = next(items_of(collection))
    found: list[Collected] = [answered(item, text=SECRET, reasoning=SECRET)]
    keep(collection, found)
    with pytest.raises(StoreError) as raised:
        keep(collection, found)
    said = [str(raised.value), repr(raised.value), repr(found[0]), *(str(each) for each in raised.value.args)]
    with study.database.reading() as connection:
        said += [str(row) for row in connection.exec_driver_sql("SELECT * FROM journal").fetchall()]
        said += [str(row) for row in connection.exec_driver_sql("SELECT * FROM responses").fetchall()]
        said += [str(row) for row in connection.exec_driver_sql("SELECT * FROM runs").fetchall()]
    assert not [text for text in said if SECRET in text]

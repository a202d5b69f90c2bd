"""``driftgauge collect`` and a provider that fails in every way: each response once, known by its status, and no word out."""

import json
from collections.abc import Generator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from driftgauge.pipeline.opened import open_study
from tests.commands import Ended, run
from tests.fault_server import ECHO, FaultServer, Seen, serving
from tests.faulty_studies import KEYS, PROMPTED, ROUTES, Scripted, declare, environment, kept, picture, put_benchmark

TRIES = 3
PASSING = ("500", "503:0.1", "529", "429:0.1", "429-date:1", "reset", "cut", "malformed", "shape", "string", "hang")
"""Faults that pass: an answer comes of the second request."""
ENDS = {
    "ok": "answered",
    "slow:0.3": "answered",
    "500,reset,ok": "answered",
    "500,500,500,ok": "failed",
    "cut,cut,cut,ok": "failed",
    "400": "failed",
    "long": "failed",
    "policy": "filtered",
    "flagged": "filtered",
    "content_filter": "filtered",
    "refusal": "refused",
    "length": "truncated",
    "empty": "empty",
    "reasoning": "answered",
    "think": "answered",
    "thought": "empty",
    **{f"{kind},ok": "answered" for kind in PASSING},
}
REQUESTS = {"500,reset,ok": 3, "500,500,500,ok": 3, "cut,cut,cut,ok": 3, **{f"{kind},ok": 2 for kind in PASSING}}
"""How often a prompt is put to a release in the first run, where that is not once."""
HOSTILE = {"OPENAI_LOG": "debug", "ANTHROPIC_LOG": "debug", "INSPECT_LOG_LEVEL": "http", "INSPECT_DISPLAY": "conversation"}
"""What would make the libraries beneath talk of what they send."""


def prompts() -> list[Scripted]:
    """A prompt for each way to end, one whose picture the server cannot take, and some pictures that it takes."""
    of_texts = [Scripted(f"s{number}", script) for number, script in enumerate(ENDS)]
    pictures = [Scripted(f"p{number}", "ok", picture(number)) for number in range(6)]
    return [*of_texts, *pictures, Scripted("p6", "no-image", picture(6)), Scripted("p7", "500,cut,ok", picture(7))]


def status(of: Scripted, release: str) -> str:
    if of.image is not None:
        return "failed" if of.script == "no-image" else "answered"
    if of.script == "content_filter" and release == "Ash 1":
        return "refused"  # Anthropic has one word for both
    return ENDS[of.script]


@dataclass(frozen=True)
class Collected:
    """A study that was collected twice, what the commands said, and what the server saw."""

    study: Path
    first: Ended
    second: Ended
    rows: pl.DataFrame
    again: pl.DataFrame
    seen: list[Seen]
    seen_again: list[Seen]
    home: Path

    def row(self, of: Scripted, release: str) -> dict[str, Any]:
        return self.rows.filter(scenario=of.scenario, release=release).row(0, named=True)

    def requests(self, of: Scripted, release: str) -> list[Seen]:
        model = ROUTES[release].rpartition("/")[2]
        return [each for each in self.seen if each.prompt == of.hash and each.model == model]


@pytest.fixture(scope="module")
def server() -> Generator[FaultServer]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def found(server: FaultServer, tmp_path_factory: pytest.TempPathFactory) -> Collected:
    study, home = tmp_path_factory.mktemp("s") / "town", tmp_path_factory.mktemp("home")
    collect = {"tries": TRIES, "timeout_seconds": 5, "faults_in_a_row": 1000}
    put_benchmark(declare(study, collect=collect), prompts())
    env = environment(server) | HOSTILE | {"HOME": str(home)}
    first = run("collect", study, env=env, anew=True)
    rows, seen = kept(study), server.record.seen
    second = run("collect", study, "--json", env=env)
    return Collected(study, first, second, rows, kept(study), seen, server.record.seen[len(seen) :], home)


EVERY = [(each, release) for each in prompts() for release in ROUTES]


@pytest.mark.parametrize(("of", "release"), EVERY, ids=[f"{each.scenario}-{each.script}-{to[:3]}" for each, to in EVERY])
def test_each_way_to_end_has_its_status_after_so_many_requests(found: Collected, of: Scripted, release: str) -> None:
    row, requests = found.row(of, release), found.requests(of, release)
    expected = REQUESTS.get(of.script, TRIES if of.image and of.script != "ok" else 1)
    assert (row["status"], row["tries"], len(requests)) == (status(of, release), expected, expected)
    assert [each.images for each in requests] == [of.image_hash] * expected
    if row["status"] in {"answered", "truncated"}:
        assert row["text"] == of.answer
        assert row["response_hash"] == sha256(of.answer.encode()).hexdigest()
    assert (row["reasoning"] is not None) == (of.script in {"reasoning", "think", "thought"})


def test_nothing_is_lost_and_nothing_stands_twice(found: Collected) -> None:
    assert found.rows.height == found.rows["response_id"].n_unique() == len(EVERY)
    assert found.rows["tries"].sum() == len(found.seen)
    assert {(each.model, each.prompt) for each in found.seen} == {
        (ROUTES[release].rpartition("/")[2], of.hash) for of, release in EVERY
    }


def test_a_failure_says_which_and_comes_again_on_the_next_run(found: Collected) -> None:
    failed = found.rows.filter(status="failed")
    assert dict(failed.group_by("fault").len().sort("fault").iter_rows()) == {"connection": 2, "rejected": 4, "server_error": 4}
    assert failed.filter(fault="server_error")["fault_code"].to_list() == [500] * 4
    passed = {"500,500,500,ok", "cut,cut,cut,ok"}
    assert {each.prompt for each in found.seen_again} == {each.hash for each, _ in EVERY if status(each, "Elm 1") == "failed"}
    now = {row["response_id"]: row for row in found.again.iter_rows(named=True)}
    of = {each.scenario: each for each, _ in EVERY}
    for row in failed.iter_rows(named=True):
        again = now[row["response_id"]]
        assert again["revision"] == 2
        assert again["status"] == ("answered" if of[row["scenario"]].script in passed else "failed")
    rest = found.rows.filter(pl.col("status") != "failed")
    assert rest.equals(found.again.filter(pl.col("response_id").is_in(rest["response_id"].implode())))


def test_a_run_with_failures_ends_with_exit_code_1_and_says_how_to_go_on(found: Collected) -> None:
    assert (found.first.code, found.second.code) == (1, 1)
    assert "Elm 1: " in found.first.out
    assert "5 failed" in found.first.out
    assert "faults on the way: " in found.first.out
    assert "Run the same command again to go on" in found.first.out


def test_json_tells_the_plan_the_progress_and_the_end(found: Collected) -> None:
    lines = [json.loads(line) for line in found.second.out.splitlines()]
    assert [lines[0]["event"], lines[-1]["event"]] == ["plan", "end"]
    assert {line["event"] for line in lines[1:-1]} == {"progress"}
    assert sum(row["again"] for row in lines[0]["counts"]) == 10
    assert lines[-1]["complete"] is False
    assert [each["counts"] for each in lines[-1]["releases"]] == [{"answered": 2, "failed": 3}] * 2
    assert found.second.err == ""


def test_what_an_answer_tells_is_kept_with_it(found: Collected) -> None:
    row = found.row(EVERY[0][0], "Elm 1")
    assert (row["served_model"], row["fingerprint"]) == ("elm-1", "fp_test")
    assert row["request_id"].startswith("req-")
    assert json.loads(row["usage"]) == {"input": 11, "output": 7, "total": 18, "reasoning": 0}
    assert json.loads(row["asked"]) == json.loads(row["in_force"]) == {"max_tokens": 32}
    assert {"inspect-ai", "openai", "anthropic"} <= set(json.loads(row["client_versions"]))
    assert row["sent_at"] < row["received_at"]
    assert not row["clock_jumped"]


SAID = ("answer ", "thinking about ", "I cannot help with that")
"""How all that the server's model says begins."""


def test_no_word_of_a_prompt_or_an_answer_and_no_key_is_anywhere_but_with_the_answers(found: Collected) -> None:
    told = {"first": found.first.said, "second": found.second.said, **of_the_store(found.study), **files_in(found.home)}
    secrets = (PROMPTED, ECHO, *SAID, *KEYS.values(), *(each.hash[:16] for each, _ in EVERY))
    assert [(place, secret) for place, text in told.items() for secret in secrets if secret in text] == []
    assert found.rows["fault_detail"].str.contains(f"{PROMPTED}|{ECHO}").sum() == 0


def of_the_store(study: Path) -> dict[str, str]:
    """What every table of a store says, but for that of the prompts and the answers themselves."""
    with open_study(study).store.reading() as connection:
        tables = ("journal", "protocols", "benchmarks", "releases", "runs", "responses")
        return {name: str(connection.exec_driver_sql(f"SELECT * FROM {name}").fetchall()) for name in tables}


def files_in(folder: Path) -> dict[str, str]:
    return {str(path): path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file()}

"""What stops ``driftgauge collect``, and that the next run goes on from there: Ctrl-C, another model, no model, a wait."""

import os
import signal
import time
from collections.abc import Generator
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from tests.commands import Command, Ended, run, start
from tests.fault_server import FaultServer, Script, serving
from tests.faulty_studies import PROMPTED, Scripted, declare, environment, kept, put_benchmark

CONNECTIONS = 3
PROMPTS = 9
GATED = [Scripted(f"s{number}", "gate:1000") for number in range(PROMPTS)]
"""Prompts that get no answer before the gate of the server is opened."""


@pytest.fixture
def server() -> Generator[FaultServer]:
    with serving() as running:
        yield running


def study_of(folder: Path, prompts: list[Scripted], *, routes: tuple[str, ...] = ("Elm 1",), **more: object) -> Path:
    study = declare(folder / "town", routes=routes, connections=CONNECTIONS, **more)
    put_benchmark(study, prompts)
    return study


def under_way(study: Path, server: FaultServer, *arguments: str, **more: object) -> Command:
    """Start a collection, and return when all its connections wait for answers."""
    command = start("collect", study, *arguments, env=environment(server), **more)  # type: ignore[arg-type]
    command.until(lambda: server.requests == CONNECTIONS)
    return command


def completes(study: Path, server: FaultServer) -> Ended:
    """Collect what is missing."""
    ended = run("collect", study, env=environment(server))
    assert ended.code == 0, ended.said
    return ended


def asked(server: FaultServer) -> list[int]:
    """How often each prompt was put to each model."""
    return list(server.record.counts()["asked"].values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_finishes_what_is_under_way_and_says_how_to_go_on(
    server: FaultServer, tmp_path: Path, number: signal.Signals
) -> None:
    study = study_of(tmp_path, GATED)
    command = under_way(study, server)
    os.kill(command.process.pid or 0, number)
    command.until(lambda: "Stopping: what is under way is finished and kept." in command.err)
    server.open_gates()
    ended = command.ended()
    assert ended.code == 1
    assert f"{CONNECTIONS} answered, {PROMPTS - CONNECTIONS} not asked" in ended.out
    assert "Run the same command again to go on: what is there is not asked again." in ended.out
    assert kept(study)["text"].sort().to_list() == sorted(each.answer for each in GATED if each.hash in hashes(server))
    completes(study, server)
    assert kept(study).height == PROMPTS
    assert asked(server) == [1] * PROMPTS


def hashes(server: FaultServer) -> set[str]:
    """Of the prompts that the server has seen so far."""
    return {seen.prompt for seen in server.record.seen[:CONNECTIONS]}


def test_a_second_ctrl_c_gives_up_what_is_under_way_and_loses_nothing_that_was_kept(tmp_path: Path) -> None:
    study = study_of(tmp_path, [Scripted(f"s{number}") for number in range(PROMPTS)])
    with serving() as server:
        assert run("collect", study, "--limit", "2", env=environment(server)).code == 0
    before = kept(study)
    with serving(Script({"gate:1000": 1.0}, passing=PROMPTS)) as server:
        command = under_way(study, server)
        command.interrupt()
        command.until(lambda: "Ctrl-C again gives that up too" in command.err)
        command.interrupt()
        ended = command.ended()
        assert (ended.code, "Traceback" in ended.err) == (1, False), ended.err
        assert "what was kept is there" in ended.err
        assert kept(study).equals(before)
        server.open_gates()
        completes(study, server)
        assert kept(study).height == PROMPTS
        assert sorted(asked(server)) == [1] * (PROMPTS - 2 - CONNECTIONS) + [2] * CONNECTIONS


def test_a_second_collector_is_refused_and_asks_nothing(server: FaultServer, tmp_path: Path) -> None:
    study = study_of(tmp_path, GATED)
    first = under_way(study, server)
    second = run("collect", study, env=environment(server))
    assert second.code == 1
    assert f"study 'town' is being collected already, by process {first.process.pid} on " in second.err
    assert "nothing was asked" in second.err
    server.open_gates()
    assert first.ended().code == 0
    assert asked(server) == [1] * PROMPTS


def test_what_a_provider_asks_to_wait_is_waited_by_the_whole_release(server: FaultServer, tmp_path: Path) -> None:
    study = study_of(tmp_path, [Scripted("s0", "429:2.5,ok"), *(Scripted(f"s{number}", "ok") for number in range(1, 9))])
    completes(study, server)
    seen = server.record.seen
    told = next(each for each in seen if each.kind.startswith("429"))
    meanwhile = [each.at - told.at for each in seen if each.at - told.at > 0]
    assert len(seen) == 10
    assert [seconds for seconds in meanwhile if 1.2 < seconds < 2.4] == []  # beside what was under way with it
    assert max(meanwhile) >= 2.4


CHANGING = [Scripted(f"s{number}", "model:elm-1b" if number == 4 else "ok") for number in range(12)]


def test_a_release_whose_model_changes_stops_and_says_so_and_the_other_goes_on(server: FaultServer, tmp_path: Path) -> None:
    study = study_of(tmp_path, CHANGING, routes=("Elm 1", "Ash 1"))
    first = run("collect", study, "--release", "Elm 1", "--limit", "1", env=environment(server))
    assert first.code == 0
    text = (study / "study.yaml").read_text()
    stopped = run("collect", study, env=environment(server))
    assert stopped.code == 1
    assert "Elm 1: elm-1b answered, where elm-1 did before" in _flat(stopped.out)
    assert "--allow-model-change" in stopped.out
    rows = kept(study)
    assert rows.filter("model_changed", release="Elm 1")["scenario"].to_list()[:1] == ["s4"]
    assert rows.filter(release="Elm 1").height < len(CHANGING)
    assert "ash-1" in set(rows.filter(release="Ash 1")["served_model"])
    assert (study / "study.yaml").read_text() == text


def test_a_model_that_changed_may_be_marked_and_gone_on_with(server: FaultServer, tmp_path: Path) -> None:
    study = study_of(tmp_path, CHANGING)
    ended = run("collect", study, "--allow-model-change", env=environment(server))
    assert ended.code == 0
    rows = kept(study)
    served = dict(rows.group_by("served_model").len().iter_rows())
    assert served == {"elm-1": 11, "elm-1b": 1}
    first = rows.sort("sent_at")["served_model"][0]
    assert rows["model_changed"].sum() == (11 if first == "elm-1b" else 1)


def _flat(text: str) -> str:
    """Undo how a terminal's width breaks lines."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("404", "Elm 1: there is no such model (404, NotFoundError model_not_found)"),
        ("401", "Elm 1: the provider does not let us in (401, AuthenticationError"),
        ("quota", "Elm 1: the provider does not let us in (429, RateLimitError insufficient_quota)"),
    ],
)
def test_a_release_that_can_never_be_asked_stops_at_once_and_asks_the_rest_later(
    server: FaultServer, tmp_path: Path, kind: str, said: str
) -> None:
    prompts = [Scripted(f"s{number}", f"{kind},ok") for number in range(PROMPTS)]
    study = study_of(tmp_path, prompts)
    stopped = run("collect", study, env=environment(server))
    assert stopped.code == 1
    assert said in _flat(stopped.out)
    assert "Run the same command again to go on: what is there is not asked again." in _flat(stopped.out)
    assert PROMPTED not in stopped.said
    assert 1 <= server.requests <= CONNECTIONS
    assert set(kept(study)["status"]) == {"failed"}
    for _ in range(PROMPTS):
        if run("collect", study, env=environment(server)).code == 0:
            break
    assert kept(study)["status"].to_list() == ["answered"] * PROMPTS


def test_an_endpoint_that_is_down_is_left_alone_and_is_collected_from_when_it_is_back(tmp_path: Path) -> None:
    study = study_of(
        tmp_path, [Scripted(f"s{number}", "ok") for number in range(30)], collect={"faults_in_a_row": 6, "tries": 1}
    )
    with serving() as server:
        url = server.url
    command = start("collect", study, "--json", env=environment(url=url))
    command.until(lambda: '"waits": 2' in command.out)  # the breaker's rest of 30 seconds has begun
    command.interrupt()
    ended = command.ended()
    assert ended.code == 1
    down = kept(study)
    assert set(down.select("status", "fault").rows()) == {("failed", "connection")}
    assert 6 <= down.height < 30
    with serving(port=int(url.rpartition(":")[2])) as server:
        assert run("collect", study, env=environment(server)).code == 0
        assert server.requests == 30
    assert kept(study)["status"].to_list() == ["answered"] * 30


def _jump_when_told(told: Path, seconds: float) -> None:
    """Move the wall clock of this process by so much from when a file is there."""
    real = time.time

    def moved() -> float:
        return real() + (seconds if told.exists() else 0)

    time.time = moved


@pytest.mark.parametrize("seconds", [7200, -7200])
def test_a_clock_that_jumps_marks_what_was_under_way_and_breaks_nothing(
    server: FaultServer, tmp_path: Path, seconds: int
) -> None:
    study, told = study_of(tmp_path, GATED), tmp_path / "jump"
    command = under_way(study, server, before=partial(_jump_when_told, told, seconds))
    told.touch()
    server.open_gates()
    assert command.ended().code == 0
    rows = kept(study)
    marked = rows.filter("clock_jumped")
    assert marked.height == CONNECTIONS
    assert rows.height == PROMPTS
    assert (rows["seconds"] < 60).all()
    apart = [_apart(*times) for times in marked.select("sent_at", "received_at").iter_rows()]
    assert all(abs(each - seconds) < 60 for each in apart)
    assert asked(server) == [1] * PROMPTS


def _apart(sent: str, received: str) -> float:
    return (datetime.fromisoformat(received) - datetime.fromisoformat(sent)).total_seconds()

"""``driftgauge monitor`` as a scheduler runs it: exit codes, a provider that fails, a kill between asking and writing."""

import json
import resource
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from driftgauge.pipeline.monitor.state import read_state
from driftgauge.pipeline.monitor.watch import Wanted, monitor
from tests.collected_studies import answered, collect
from tests.commands import Ended, run, start
from tests.fault_server import ECHO, FaultServer, serving
from tests.faulty_studies import KEYS, PROMPTED, Scripted, declare, environment, put_benchmark
from tests.monitored import Endpoint

COMMAND = ("--release", "Elm 1", "--baseline", "1", "--block", "6", "--seed", "1")


@pytest.fixture(scope="module")
def server() -> Generator[FaultServer]:
    with serving() as running:
        yield running


def watched(folder: Path, scripts: list[str]) -> Path:
    """Return a study with a baseline, whose prompts get these from the server."""
    declare(folder, routes=("Elm 1",), connections=2, collect={"tries": 3, "timeout_seconds": 5})
    put_benchmark(folder, [Scripted(f"{folder.name}{number}", script) for number, script in enumerate(scripts)])
    collect(folder, "1", become=lambda item: answered(item, served_model="elm-1", asked={"max_tokens": 32}))
    return folder


def watch(study: Path, *more: str, env: dict[str, str]) -> Ended:
    return run("monitor", study, *COMMAND, *more, env=env)


def state(study: Path) -> Any:
    return read_state(study / "monitor" / "Elm-1.json")


def test_a_served_model_that_changes_midway_ends_with_100_and_is_told_first(server: FaultServer, tmp_path: Path) -> None:
    study = watched(tmp_path / "served", ["ok"] * 3 + ["model:elm-2"] * 3)
    ended = watch(study, env=environment(server))
    assert ended.code == 100
    assert ended.out.startswith("ANOTHER MODEL ANSWERED: elm-2; the baseline is of elm-1.")
    assert "No alarm" in ended.out
    again = watch(study, "--json", env=environment(server))
    assert again.code == 0
    said = json.loads(again.out)
    assert (said["verdict"], said["looks"], said["failed"], said["last"]["new"]) == ("within", 2, 0, [])
    assert set(state(study).looks[0].served) == {"elm-1", "elm-2"}


def test_what_a_provider_says_to_wait_for_is_waited_for_and_no_word_gets_out(server: FaultServer, tmp_path: Path) -> None:
    study = watched(tmp_path / "busy", ["429:0.1,ok"] * 4 + ["500,ok", "reset,ok"])
    ended = watch(study, env=environment(server))
    assert ended.code == 0, ended.said
    look = state(study).looks[0]
    assert (look.asked, look.missing, look.alarm) == (6, 0, None)
    secrets = (PROMPTED, ECHO, "answer ", *KEYS.values())
    told = ended.said + (study / "monitor" / "Elm-1.json").read_text()
    assert [secret for secret in secrets if secret in told] == []


def test_an_endpoint_that_is_down_ends_with_101_says_what_to_do_and_changes_no_evidence(tmp_path: Path) -> None:
    study = watched(tmp_path / "down", ["ok"] * 6)
    monitor(
        study, Wanted("Elm 1", phase="1", block=6, seed=1), client=Endpoint(declines=lambda scenario: False, served="elm-1")
    )
    before = state(study)
    nowhere = environment(url="http://127.0.0.1:9")
    study_file = study / "study.yaml"
    study_file.write_text(study_file.read_text().replace('"tries": 3', '"tries": 1'))
    ended = watch(study, "--json", env=nowhere)
    assert ended.code == 101
    assert json.loads(ended.out)["why"] == "endpoint"
    assert "No measurement: Elm 1 answered none of 6 prompts (" in ended.err
    assert "\nNext: " in ended.err
    after = state(study)
    assert after.seen == before.seen
    assert [each.why for each in after.looks] == [None, "endpoint"]
    shown = run("monitor", study, "--release", "Elm 1", "--show", "--picture", tmp_path / "seen.svg")
    assert (shown.code, "Look 2 was no measurement" in shown.out) == (101, True)
    assert "2 looks, 1 of them failed." in (tmp_path / "seen.svg").read_text()


def test_killed_between_asking_and_writing_the_state_is_whole_and_the_same_block_is_asked_again(
    server: FaultServer, tmp_path: Path
) -> None:
    study = watched(tmp_path / "killed", ["gate:99"] * 9)
    first = server.requests
    command = start("monitor", study, *COMMAND, env=environment(server))
    command.until(lambda: server.requests >= first + 2)
    command.kill()
    server.open_gates()
    left = state(study)
    assert (left.looks, left.drawn.number) == ((), 1)
    assert watch(study, env=environment(server)).code == 0
    after = state(study)
    assert (after.looks[0].scenarios, after.looks[0].seed, after.drawn) == (left.drawn.scenarios, left.drawn.seed, None)


def full_disk() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))  # what is said fits, a state does not


def test_a_full_disk_ends_with_101_and_the_state_is_as_it_was(server: FaultServer, tmp_path: Path) -> None:
    study = watched(tmp_path / "full", ["ok"] * 6)
    monitor(
        study, Wanted("Elm 1", phase="1", block=6, seed=1), client=Endpoint(declines=lambda scenario: False, served="elm-1")
    )
    kept = (study / "monitor" / "Elm-1.json").read_bytes()
    ended = run("monitor", study, *COMMAND, env=environment(server), before=full_disk)
    assert ended.code == 101, ended.said
    assert "cannot be written: File too large" in ended.err
    assert (study / "monitor" / "Elm-1.json").read_bytes() == kept
    assert sorted(each.name for each in (study / "monitor").iterdir()) == ["Elm-1.json", "Elm-1.json.lock"]


def test_without_a_state_there_is_nothing_to_show(tmp_path: Path) -> None:
    declare(tmp_path / "none", routes=("Elm 1",))
    ended = run("monitor", tmp_path / "none", "--release", "Elm 1", "--show")
    assert ended.code == 101
    assert "Elm-1.json" in ended.err


@pytest.mark.parametrize("more", [("--show", "--reset"), ("--picture", "x.png"), ("--margin", "0"), ("--block", "0")])
def test_a_slip_in_the_command_line_ends_with_2(tmp_path: Path, more: tuple[str, ...]) -> None:
    assert run("monitor", tmp_path, "--release", "Elm 1", *more).code == 2

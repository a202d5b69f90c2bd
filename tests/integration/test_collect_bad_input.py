"""What ``driftgauge collect`` refuses: it says what, and what to do, shows no word of a prompt and no key, and asks nothing."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from driftgauge.benchmark.freeze import freeze
from driftgauge.pipeline.opened import open_study
from driftgauge.store import journal
from tests.commands import Ended, run
from tests.fault_server import FaultServer, serving
from tests.faulty_studies import KEYS, PROMPTED, Scripted, declare, environment, kept, picture, put_benchmark

PROMPTS = [*(Scripted(f"s{number}", "ok") for number in range(4)), Scripted("p1", "ok", picture(1))]
SECRET = "sk-written-into-a-file"


@pytest.fixture(scope="module")
def server() -> Generator[FaultServer]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that could be collected."""
    study = declare(tmp_path_factory.mktemp("whole") / "town", routes=("Elm 1",))
    put_benchmark(study, PROMPTS)
    return study


@pytest.fixture
def study(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "town")
    return tmp_path / "town"


def in_the_file(old: str, new: str) -> Callable[[Path], None]:
    def change(study: Path) -> None:
        text = (study / "study.yaml").read_text()
        assert old in text
        (study / "study.yaml").write_text(text.replace(old, new))

    return change


def in_the_benchmark(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def changed(study: Path) -> None:
        path = next((study / "benchmark").glob(name))
        path.write_bytes(change(path.read_bytes()))

    return changed


def unfrozen(study: Path) -> None:
    (study / "benchmark" / "manifest.json").unlink()


def as_it_is(study: Path) -> None:
    """Change nothing."""


@dataclass(frozen=True)
class Bad:
    """What is wrong with a study, the command, or the environment, and what must be said about it."""

    said: str
    change: Callable[[Path], None] = as_it_is
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str | None] = field(default_factory=dict[str, str | None])


MODEL = '"model": "openai-api/elm/elm-1"'
TWO_PHASES = '"phases": [{"phase": 1}, {"phase": 2}]'
BAD = {
    "an unfrozen benchmark": Bad("is not frozen", unfrozen),
    "a prompt that was changed": Bad(
        "not as it was frozen; nothing was asked", in_the_benchmark("scenarios.jsonl", lambda data: data.replace(b"s0", b"s9"))
    ),
    "a picture that was changed": Bad("media/p1.", in_the_benchmark("media/*", lambda data: data + b"\0")),
    "a manifest that was changed": Bad(
        "manifest.json", in_the_benchmark("manifest.json", lambda data: data.replace(b'"version": 1', b'"version": 2'))
    ),
    "no benchmark": Bad("study town names no benchmark", in_the_file('"benchmark": "benchmark/", ', "")),
    "a provider that nobody knows": Bad(
        "nobody/elm-1: no provider nobody is known to Inspect", in_the_file(MODEL, '"model": "nobody/elm-1"')
    ),
    "a model without a provider": Bad("elm-1 is no model that can be called", in_the_file(MODEL, '"model": "elm-1"')),
    "no model": Bad("Elm 1 has no model", in_the_file(f"{MODEL}, ", "")),
    "a key that is missing": Bad("ELM_API_KEY is not in the environment", env={"ELM_API_KEY": None}),
    "an address that is missing": Bad("ELM_BASE_URL is not in the environment", env={"ELM_BASE_URL": None}),
    "a setting that is none": Bad(
        "settings: `max_toukens`; expected one of", in_the_file('"max_tokens": 32', '"max_toukens": 32')
    ),
    "a secret in the study": Bad(
        "has a key that names a secret; expected no secret in a study file",
        in_the_file('"max_tokens": 32', f'"extra_body": {{"api_key": "{SECRET}"}}'),
    ),
    "a phase that is not named": Bad(
        "study town has 2 phases, and none was named Next: Give --phase with one of: 1, 2",
        in_the_file('"phases": [{"phase": 1}]', TWO_PHASES),
    ),
    "no phase": Bad("study town has no phases", in_the_file('"phases": [{"phase": 1}]', '"phases": []')),
    "a phase that is not there": Bad("study town has no phase '7'", arguments=("--phase", "7")),
    "a release that is not there": Bad(
        "no release of this phase is called Elm 9 Next: Name one of: Elm 1", arguments=("--release", "Elm 9")
    ),
    "a record that is not there": Bad(
        "answers.jsonl cannot be read", in_the_file(MODEL, '"client": "replay", "record": "answers.jsonl"')
    ),
    "no record": Bad("release 'Elm 1' is replayed without a record", in_the_file(MODEL, '"client": "replay"')),
}


@pytest.fixture(params=BAD)
def bad(request: pytest.FixtureRequest) -> Bad:
    return BAD[request.param]


def test_it_is_said_and_nothing_is_asked_or_kept(bad: Bad, study: Path, server: FaultServer) -> None:
    bad.change(study)
    env = {name: value for name, value in {**environment(server), **bad.env}.items() if value is not None}
    ended = run("collect", study, *bad.arguments, env=env)
    assert (ended.code, ended.err.startswith("Error: ")) == (1, True)
    assert bad.said in flat(ended.err)
    assert "Next: " in ended.err or "expected" in ended.err
    unharmed(ended, study)
    assert server.requests == 0


def flat(text: str) -> str:
    return " ".join(text.split())


def unharmed(ended: Ended, study: Path) -> None:
    """See that nothing was shown that is a secret, and nothing was begun."""
    for secret in (PROMPTED, SECRET, *KEYS.values(), "Traceback"):
        assert secret not in ended.said
    assert begun(study / "driftgauge.db") == 0


def begun(database: Path) -> int:
    """Return how many runs and responses there are; study.yaml may be one that cannot be read."""
    if not database.exists():
        return 0
    with sqlite3.connect(database) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("runs", "responses")]
    connection.close()
    return sum(counts)


def test_a_phase_goes_on_with_the_version_that_it_began_with(study: Path, server: FaultServer) -> None:
    assert run("collect", study, "--limit", "1", env=environment(server)).code == 0
    before = server.requests
    scenarios = study / "benchmark" / "scenarios.jsonl"
    old = scenarios.read_bytes(), (study / "benchmark" / "manifest.json").read_bytes()
    scenarios.write_bytes(old[0].replace(b" s0 ", b" s0 another "))
    freeze(study / "benchmark", pairing=None, canary="x", created_at="2026-02-01T00:00:00+00:00", new_version=True)
    refused = run("collect", study, env=environment(server))
    assert refused.code == 1
    assert "with version 1 of the benchmark" in refused.err
    assert "nothing was asked" in refused.err
    assert "Put version 1 back, or declare a phase of its own for version 2" in flat(refused.err)
    assert PROMPTED not in refused.said
    assert server.requests == before
    assert kept(study).height == 1
    scenarios.write_bytes(old[0])
    (study / "benchmark" / "manifest.json").write_bytes(old[1])
    (study / "benchmark" / "manifest-1.json").unlink(missing_ok=True)
    assert run("collect", study, env=environment(server)).code == 0
    assert kept(study).height == len(PROMPTS)


def test_a_disk_that_fills_stops_it_and_with_space_it_goes_on_with_nothing_twice(
    small_disk: Callable[[Path, int], None], tmp_path: Path
) -> None:
    study = tmp_path / "town"
    study.mkdir()
    small_disk(study, 3)
    declare(study, routes=("Elm 1",), connections=4)
    put_benchmark(study, [Scripted(f"s{number}", "big:60") for number in range(60)])
    with serving() as server:
        full = run("collect", study, env=environment(server))
        assert full.code == 1
        assert "is on a disk that is full" in full.err
        assert "Make space, then run the same command again." in full.err
        assert (PROMPTED in full.said, "answer " in full.said, "Traceback" in full.said) == (False,) * 3
        subprocess.run(["mount", "-o", "remount,size=40m", str(study)], check=True)
        there = kept(study)
        assert 0 < there.height < 60
        assert run("collect", study, env=environment(server)).code == 0
        assert kept(study)["response_id"].n_unique() == 60
        assert kept(study).join(there, on="response_id", how="semi", maintain_order="left").equals(there)
        assert server.requests <= 60 + 4


def test_a_key_in_dotenv_is_enough_and_is_shown_nowhere(study: Path, server: FaultServer) -> None:
    env = environment(server)
    (study / ".env").write_text(f"ELM_API_KEY={SECRET}\n")
    ended = run("collect", study, env={"ELM_BASE_URL": env["ELM_BASE_URL"]})
    assert ended.code == 0, ended.said
    assert SECRET not in ended.said
    with open_study(study).store.reading() as connection:
        assert SECRET not in str(journal.entries(connection))
    files = [path for path in study.rglob("*") if path.is_file() and path.name != ".env"]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []

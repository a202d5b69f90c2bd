"""``driftgauge doctor``: what stands in the way of a study is found before a call is made, and no key is shown."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from driftgauge.pipeline.benchmark import freeze_benchmark, write_demo_benchmark
from driftgauge.pipeline.doctor import Check, doctor
from driftgauge.pipeline.doctor.place import disk_checks
from driftgauge.pipeline.opened import open_study
from driftgauge.study import load_study
from tests.integration.test_light_install import run as run_light
from tests.oidc_provider import oidc_provider
from tests.servers import free_port

DRIFTGAUGE = Path(sys.executable).parent / "driftgauge"
KEY = "sk-do-not-show-this"
STUDY = """
study: town
families:
  Elm:
    - {release: Elm 1, model: openai-api/town/elm-1}
    - {release: Elm 2, model: openai-api/town/elm-2}
"""


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is asked directly, whatever proxy the machine has."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def town(tmp_path: Path) -> Callable[..., Path]:
    def make(more: str = "", *, text: str = STUDY) -> Path:
        (tmp_path / "study.yaml").write_text(f"{text}{more}\n")
        return tmp_path

    return make


@contextmanager
def server(handle: Callable[[BaseHTTPRequestHandler], None]) -> Generator[tuple[str, list[dict[str, Any]]]]:
    """A server on loopback that keeps what it was asked."""
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            seen.append({"path": self.path, "headers": str(self.headers), "method": self.command})
            handle(self)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}", seen
        finally:
            running.shutdown()
            thread.join()


def answering(status: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()

    return handle


def about(found: tuple[Check, ...], area: str) -> list[tuple[str, str]]:
    return [(check.about, check.state) for check in found if check.area == area]


def said(found: tuple[Check, ...], area: str) -> str:
    return " ".join(f"{check.said} {check.remedy}" for check in found if check.area == area)


@pytest.mark.parametrize("status", [200, 401, 404, 405, 500])
def test_an_endpoint_that_answers_anything_is_reached(town: Callable[..., Path], status: int) -> None:
    with server(answering(status)) as (url, seen):
        found = doctor(town(), environment={"TOWN_API_KEY": KEY, "TOWN_BASE_URL": f"{url}/v1"})
    assert about(found, "endpoint") == [(url.removeprefix("http://"), "ok")]
    assert [each["path"] for each in seen] == ["/v1"]  # once for both releases
    assert KEY not in str(seen)


def test_an_endpoint_that_sends_on_is_not_followed(town: Callable[..., Path]) -> None:
    with server(answering(302, Location="http://elsewhere.invalid/")) as (url, _):
        found = doctor(town(), environment={"TOWN_API_KEY": KEY, "TOWN_BASE_URL": url})
    assert [state for _, state in about(found, "endpoint")] == ["ok"]


def test_an_endpoint_that_is_down_is_an_error(town: Callable[..., Path]) -> None:
    environment = {"TOWN_API_KEY": KEY, "TOWN_BASE_URL": f"http://127.0.0.1:{free_port()}/v1"}
    found = doctor(town(), environment=environment)
    assert [state for _, state in about(found, "endpoint")] == ["error"]
    assert "cannot be reached (ConnectionRefusedError)" in said(found, "endpoint")


def test_an_endpoint_that_is_silent_is_an_error_soon(town: Callable[..., Path]) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        found = doctor(town(), environment={"TOWN_API_KEY": KEY, "TOWN_BASE_URL": address}, patience=0.2)
    assert "does not answer within 0.2 seconds" in said(found, "endpoint")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://x", "http://", "http://[", "http://x:99999", "town"])
def test_what_is_no_address_of_the_web_is_not_opened(town: Callable[..., Path], address: str) -> None:
    found = doctor(town(), environment={"TOWN_API_KEY": KEY, "TOWN_BASE_URL": address})
    assert about(found, "endpoint") == [("an address", "error")]


def test_an_account_in_an_address_is_neither_sent_nor_shown(town: Callable[..., Path]) -> None:
    with server(answering(200)) as (url, seen):
        address = url.replace("http://", f"http://me:{KEY}@") + f"/v1?key={KEY}"
        found = doctor(town(), environment={"TOWN_API_KEY": KEY, "TOWN_BASE_URL": address})
    assert KEY not in str(seen)
    assert KEY not in str(found)


def test_offline_no_address_is_asked(town: Callable[..., Path]) -> None:
    with server(answering(200)) as (url, seen):
        found = doctor(town(), offline=True, environment={"TOWN_API_KEY": KEY, "TOWN_BASE_URL": url})
    assert seen == []
    assert about(found, "endpoint") == [("all", "ok")]


def test_each_key_is_named_once_and_its_lack_is_an_error(town: Callable[..., Path]) -> None:
    found = doctor(town(), environment={})
    assert about(found, "key") == [("openai-api/town", "error")]
    assert said(found, "key") == "TOWN_API_KEY is not set export TOWN_API_KEY=… (never in study.yaml)"
    assert said(found, "endpoint").startswith("TOWN_BASE_URL is not set")


@pytest.mark.parametrize(
    ("value", "state", "what"),
    [(KEY, "ok", "is set"), ("", "error", "it is empty"), (f"{KEY}\n", "warning", "has white space around it")],
)
def test_a_key_is_judged_without_being_shown(town: Callable[..., Path], value: str, state: str, what: str) -> None:
    found = doctor(town(), offline=True, environment={"TOWN_API_KEY": value, "TOWN_BASE_URL": "http://127.0.0.1:1"})
    assert about(found, "key") == [("openai-api/town", state)]
    assert what in said(found, "key")
    assert KEY not in str(found)


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_the_command_never_prints_a_key(town: Callable[..., Path], arguments: list[str]) -> None:
    environment = {**os.environ, "TOWN_API_KEY": KEY, "TOWN_BASE_URL": f"http://me:{KEY}@127.0.0.1:{free_port()}/{KEY}"}
    command = [str(DRIFTGAUGE), "doctor", str(town()), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "TOWN_API_KEY is set" in done.stdout
    assert KEY not in done.stdout + done.stderr


def test_the_result_can_be_had_as_json(town: Callable[..., Path]) -> None:
    folder = town(text="study: town\n")
    done = subprocess.run([DRIFTGAUGE, "doctor", "--json"], cwd=folder, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    assert (done.returncode, found["errors"]) == (0, 0)
    assert {"area", "about", "state", "said", "remedy"} == set(found["checks"][0])


def test_every_mistake_of_a_study_is_an_error(town: Callable[..., Path]) -> None:
    found = doctor(town(text="study: my town\nprotocl: 1\n"), environment={})
    assert about(found, "study") == [("study.yaml, line 1", "error"), ("study.yaml, line 2", "error")]


def test_releases_say_what_they_take_and_how_they_are_answered(town: Callable[..., Path]) -> None:
    text = """
study: town
families:
  Elm:
    - Elm 1
    - {release: Elm 2, client: simulated, takes: [text]}
    - {release: Elm 3, client: replay, record: elm-3.jsonl}
    - {release: Elm 4, client: replay, record: elm-4.jsonl}
    - {release: Elm 5, model: nobody/elm-5, takes: [text, image, audio]}
"""
    folder = town(text=text)
    (folder / "elm-3.jsonl").write_text("{}\n")
    found = doctor(folder, environment={})
    assert [(check.about, check.state, check.said) for check in found if check.area == "release"] == [
        ("Elm 1", "ok", "has no model id: it is not asked, and its ratings are imported"),
        ("Elm 2", "ok", "takes text; its answers are made up, and marked so"),
        ("Elm 3", "ok", "is replayed from elm-3.jsonl"),
        ("Elm 4", "error", "is replayed from elm-4.jsonl, which is not there, or empty"),
        ("Elm 5", "warning", "takes text, image, audio; the provider of nobody/elm-5 is not known here, and was not looked at"),
    ]


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark") / "benchmark"
    write_demo_benchmark(folder, seed=1)
    freeze_benchmark(folder, pairing=None, new_version=False)
    return folder


def test_a_benchmark_is_verified_and_what_a_release_does_not_take_is_counted(
    town: Callable[..., Path], benchmark: Path
) -> None:
    folder = town("benchmark: benchmark", text=STUDY.replace("elm-2}", "elm-2, takes: [text]}"))
    shutil.copytree(benchmark, folder / "benchmark")
    found = doctor(folder, offline=True, environment={})
    assert about(found, "benchmark") == [("benchmark", "ok")]
    assert "192 prompts" in said(found, "benchmark")
    assert [check.said for check in found if check.area == "release" and check.state == "warning"] == [
        "does not take image: 96 of 192 prompts will end as unsupported"
    ]
    (folder / "benchmark" / "scenarios.jsonl").write_text("changed\n")
    tampered = doctor(folder, offline=True, environment={})
    assert about(tampered, "benchmark") == [("benchmark", "error")]
    assert "is not as it was frozen" in said(tampered, "benchmark")


@pytest.mark.parametrize(("more", "what"), [("", "none is declared"), ("benchmark: b", "is not there")])
def test_without_a_benchmark_nothing_can_be_asked(town: Callable[..., Path], more: str, what: str) -> None:
    found = doctor(town(more), offline=True, environment={})
    assert [state for _, state in about(found, "benchmark")] == ["error"]
    assert what in said(found, "benchmark")


def test_a_benchmark_that_is_not_frozen_is_an_error(town: Callable[..., Path]) -> None:
    folder = town("benchmark: b")
    (folder / "b").mkdir()
    assert "is not frozen" in said(doctor(folder, offline=True, environment={}), "benchmark")


def test_a_store_is_looked_at_and_not_made(town: Callable[..., Path]) -> None:
    folder = town()
    assert about(doctor(folder, offline=True, environment={}), "store") == [("driftgauge.db", "ok")]
    assert not (folder / "driftgauge.db").exists()
    open_study(folder, create=True)
    assert "is of this study" in said(doctor(folder, offline=True, environment={}), "store")


def test_a_store_that_is_none_or_of_another_study_is_an_error(town: Callable[..., Path]) -> None:
    folder = town()
    open_study(folder, create=True)
    (folder / "study.yaml").write_text("study: village\n")
    found = doctor(folder, offline=True, environment={})
    assert about(found, "store") == [("driftgauge.db", "error")]
    assert "of study 'town'" in said(found, "store")
    (folder / "driftgauge.db").write_text("not a database, but long enough to be read as one" * 40)
    assert about(doctor(folder, offline=True, environment={}), "store") == [("driftgauge.db", "error")]


def test_the_clock_has_to_be_after_what_was_written(town: Callable[..., Path]) -> None:
    folder = town()
    open_study(folder, create=True)
    behind = doctor(folder, offline=True, environment={}, clock=lambda: datetime.now(UTC) - timedelta(hours=2))
    assert about(behind, "clock") == [("UTC", "warning"), ("UTC", "error")]
    assert "files are dated +7,200 seconds" in said(behind, "clock")
    assert "the journal was last written at" in said(behind, "clock")
    assert about(doctor(folder, offline=True, environment={}), "clock") == [("UTC", "ok")]
    assert sorted(path.name for path in folder.iterdir()) == ["driftgauge.db", "study.yaml"]


def test_a_clock_of_long_ago_is_an_error(town: Callable[..., Path]) -> None:
    found = doctor(town(), offline=True, environment={}, clock=lambda: datetime(1970, 1, 1, tzinfo=UTC))
    assert ("UTC", "error") in about(found, "clock")


@pytest.mark.parametrize(("left", "state"), [(50_000_000, "error"), (500_000_000, "warning"), (5_000_000_000, "ok")])
def test_a_full_disk_is_told_before(town: Callable[..., Path], left: int, state: str) -> None:
    study = load_study(town("media: deep/media"))
    assert [(check.about, check.state) for check in disk_checks(study, free=lambda path: left)] == [
        ("store", state),
        ("media", state),
    ]


def test_a_light_install_is_told_what_it_lacks(town: Callable[..., Path]) -> None:
    done = run_light("doctor", str(town()), "--offline", folder=town())
    assert done.returncode == 1, done.stderr
    for extra in ("store", "collect", "benchmark", "model"):
        assert f"pip install 'driftgauge[{extra}]'" in done.stdout
    assert "error   extra store" in done.stdout
    assert run_light("doctor", folder=town().parent).returncode == 0


def test_a_study_of_ratings_alone_needs_no_key(town: Callable[..., Path]) -> None:
    found = doctor(town(text="study: town\nfamilies: {Elm: [Elm 1, Elm 2]}\n"), environment={})
    assert pl.Series([check.state for check in found]).unique().to_list() == ["ok"]


def signs_in_at(address: str) -> str:
    return f"sign_in: {{issuer: '{address}', client_id: driftgauge, name: Example ID}}"


def test_the_provider_is_reached_and_fits(town: Callable[..., Path]) -> None:
    with oidc_provider(lambda: datetime.now(UTC)) as provider:
        folder = town(signs_in_at(provider.address), text="study: town\n")
        host = provider.address.removeprefix("http://")
        right = [each for each in doctor(folder, environment={}) if each.area == "sign-in"]
        assert [(each.about, each.state) for each in right] == [("DRIFTGAUGE_OIDC_SECRET", "warning"), (host, "ok")]
        provider.document = {"issuer": "https://other.example.org", "code_challenge_methods_supported": ["plain"]}
        [wrong] = [each for each in doctor(folder, environment={"DRIFTGAUGE_OIDC_SECRET": KEY}) if each.area == "sign-in"]
        assert wrong.said == "calls itself https://other.example.org; takes no PKCE with S256"
        provider.right()
        provider.status = 503
        [away] = [each for each in doctor(folder, environment={"DRIFTGAUGE_OIDC_SECRET": KEY}) if each.area == "sign-in"]
        assert (away.state, away.said) == ("error", "answers with status 503")
        assert doctor(folder, environment={"DRIFTGAUGE_OIDC_SECRET": KEY}, offline=True)[0].state == "ok"

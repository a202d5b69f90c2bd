"""The rating app as a command: what it prints, what its log says, how it ends, and what it refuses to begin."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.rating_studies import SECRET, declared, draw

COMMAND = (sys.executable, "-m", "driftgauge")
LINK = re.compile(r"(http://\S+)")


@dataclass
class Served:
    """A server of its own process, and what it printed before it began."""

    process: subprocess.Popen[str]
    links: list[str]
    log: Path

    def end(self) -> int:
        """Press Ctrl-C; return how it ended."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@contextmanager
def served(*arguments: str, folder: Path, links: int) -> Generator[Served]:
    log = folder / "log.txt"
    with log.open("w") as errors:
        process = subprocess.Popen([*COMMAND, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True)
    found: list[str] = []
    assert process.stdout
    while len(found) < links and (line := process.stdout.readline()):
        found += LINK.findall(line)
    try:
        assert len(found) == links, log.read_text()
        yield Served(process, found, log)
    finally:
        process.kill()
        process.wait(60)
        process.stdout.close()


def web() -> httpx.Client:
    """Return a client that waits until the server listens."""
    return httpx.Client(transport=httpx.HTTPTransport(retries=7), follow_redirects=True, timeout=30)


def test_the_demo_serves_a_study_to_a_rater_and_to_a_lead_and_keeps_it(tmp_path: Path) -> None:
    stopped = tmp_path / "d" / ".study.partial"
    stopped.mkdir(parents=True)
    (stopped / "study.yaml").write_text("study: half-made by a start that was stopped\n")
    with served("demo", "--serve", "--port", "0", "--out", "d", folder=tmp_path, links=5) as app:
        english, spanish, *_, lead = app.links
        with web() as rater:
            assert "Before you start" in rater.get(english).text
        with web() as rater:
            assert "Antes de empezar" in rater.get(spanish).text
        with web() as somebody:
            desk = somebody.get(lead).text
            assert "english" in desk
            assert "spanish" in desk
            assert somebody.get(lead[:-4] + "AAAA").status_code == 404
        assert app.end() == 0
        log = app.log.read_text()
    assert not stopped.exists()
    assert "/enter/…" in log
    assert not any(link.rpartition("/")[2] in log for link in (english, spanish, lead))
    assert "Traceback" not in log
    with served("demo", "--serve", "--port", "0", "--out", "d", folder=tmp_path, links=5) as again:
        assert [link.rpartition("/")[2] for link in again.links] == [link.rpartition("/")[2] for link in app.links]


def study(folder: Path) -> Path:
    (folder / "study.yaml").write_text("study: town\n" + declared())
    draw(folder)
    (folder / ".env").write_text(f"DRIFTGAUGE_SECRET={SECRET}\n")
    return folder


def test_a_study_is_served_and_its_first_lead_is_invited(tmp_path: Path) -> None:
    study(tmp_path)
    with served("rate", "serve", ".", "--port", "0", folder=tmp_path, links=2) as app:
        address, invitation = app.links
        assert invitation.startswith(f"{address}/join/")
        with web() as lead:
            page = lead.get(invitation).text
            csrf = page.split('name="csrf" value="')[1].split('"')[0]
            fields = {"csrf": csrf, "login": "lena", "password": "a quiet river 7"}
            assert "Desk" in lead.post(invitation, data=fields, headers={"origin": address}).text
            assert lead.get(f"{address}/health").text == "ok"
        assert app.end() == 0
        log = app.log.read_text()
    assert "/join/…" in log
    assert invitation.rpartition("/")[2] not in log
    assert "quiet river" not in log
    assert "lena" not in log


def refused(*arguments: str, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "DRIFTGAUGE_SECRET"}
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1, done.stdout
    return done.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    study(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused("rate", "serve", ".", "--port", str(port), folder=tmp_path)
    assert f"cannot listen on 127.0.0.1, port {port}" in said
    assert "--port" in said


@pytest.mark.parametrize("secret", ["", "DRIFTGAUGE_SECRET=short\n"])
def test_without_a_secret_it_says_what_to_put_where(tmp_path: Path, secret: str) -> None:
    study(tmp_path)
    (tmp_path / ".env").write_text(secret)
    said = refused("rate", "serve", ".", "--port", "0", folder=tmp_path)
    assert "DRIFTGAUGE_SECRET" in said
    assert ".env" in said


def test_several_processes_cannot_share_a_file(tmp_path: Path) -> None:
    study(tmp_path)
    assert "PostgreSQL" in refused("rate", "serve", ".", "--port", "0", "--workers", "2", folder=tmp_path)

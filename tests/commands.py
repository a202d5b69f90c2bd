"""``driftgauge`` in processes of their own: each with its own number, signals, environment and files of what it says.

To start Python and import everything takes longer than most commands work. So a process is forked from one that has everything
imported, and runs the command line there; ``anew=True`` starts ``python -m driftgauge``, as a user does.
"""

import atexit
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

PATIENCE = 120.0
"""Seconds after which a command is taken to hang."""
SECRET = re.compile(r"a-word-that-only-prompts-have|SECRET-ECHO-OF-THE-PROMPT|never-to-be-shown|answer [0-9a-f]{16}")
"""What prompts, answers, errors and keys of the fault server and its studies hold, and no command may show."""
_IMPORTED = ("tests.commands", "driftgauge.cli", "driftgauge.pipeline.collect", "driftgauge.clients.inspect")
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Command:
    """A command that runs."""

    process: Any  # of subprocess or multiprocessing
    wait: Callable[[float], int | None]
    folder: Path

    @property
    def err(self) -> str:
        """What it has said on standard error so far."""
        return (self.folder / "err").read_text(errors="replace")

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text(errors="replace")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        self.process.kill()
        self.ended()

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, while the command runs."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            code = self.wait(0.01)
            assert code is None or holds(), f"it ended with {code} meanwhile: {self.out}{self.err}"
            assert time.monotonic() < deadline, f"nothing came of it: {self.out}{self.err}"

    def ended(self, seconds: float = PATIENCE) -> Ended:
        """Wait until it has ended."""
        code = self.wait(seconds)
        if code is None:
            self.process.kill()
            raise AssertionError(f"it did not end: {self.out}{self.err}")
        ended = Ended(code, self.out, self.err)
        assert not SECRET.search(ended.said), "a word of a prompt or an answer, or a key, was shown"
        return ended


def start(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    anew: bool = False,
    before: Callable[[], None] | None = None,
) -> Command:
    """Start a command.

    Parameters
    ----------
    *arguments
        Of ``driftgauge``.
    env
        What is in its environment beside the path.
    anew
        Whether Python is started for it.
    before
        What is called in its process first; a function of a module.
    """
    folder = Path(mkdtemp(dir=_base()))
    (folder / "home").mkdir()
    for name in ("out", "err"):
        (folder / name).touch()
    words = [str(each) for each in arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "OPENBLAS_NUM_THREADS": "1", **(env or {})}
    if not anew:
        process = _forking().Process(target=_run, args=(words, environment, folder, before), daemon=True)
        process.start()
        return Command(process, lambda seconds: _exit_code(process, seconds), folder)
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        command = [sys.executable, "-m", "driftgauge", *words]
        fresh = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, env=environment)
    return Command(fresh, lambda seconds: _return_code(fresh, seconds), folder)


def run(
    *arguments: str | Path,
    env: Mapping[str, str] | None = None,
    anew: bool = False,
    before: Callable[[], None] | None = None,
) -> Ended:
    """Run a command to its end."""
    return start(*arguments, env=env, anew=anew, before=before).ended()


@cache
def _base() -> Path:
    """Return where commands work and what they say is kept, until this process ends."""
    found = Path(mkdtemp(prefix="driftgauge-commands-"))
    atexit.register(shutil.rmtree, found, ignore_errors=True)
    return found


@cache
def _forking() -> ForkServerContext:
    """Return what forks; its process lives as long as this one."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(list(_IMPORTED))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(_ROOT))
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        found.Process(target=_nothing, daemon=True).start()
    return found


def _nothing() -> None:
    """Start the process that forks."""


def _run(words: list[str], environment: dict[str, str], folder: Path, before: Callable[[], None] | None) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_APPEND), number)
    sys.argv = ["driftgauge", *words]
    if before:
        before()
    from driftgauge.cli import main  # noqa: PLC0415 - imported by the process that forks

    main()


def _exit_code(process: "multiprocessing.process.BaseProcess", seconds: float) -> int | None:
    process.join(seconds)
    return process.exitcode


def _return_code(process: "subprocess.Popen[bytes]", seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None

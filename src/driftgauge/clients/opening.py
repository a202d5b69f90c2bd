"""Clients by name, and Inspect's logs. What needs an extra is imported when it is asked for."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from driftgauge.clients.calls import Client, Turn
from driftgauge.clients.recorded import Row, read_rows
from driftgauge.clients.replay import ReplayClient
from driftgauge.errors import needing


def inspect_client(model: str, *, settings: Mapping[str, Any] | None = None) -> Client:
    """Return a client of a real model, checked: known, with its key in the environment, with settings that can be used.

    Parameters
    ----------
    model
        Inspect's id of it: ``openai/gpt-5``, ``openai-api/<service>/<model>``.
    settings
        What calls will ask for.

    Raises
    ------
    CollectError
        When extra ``collect`` is not installed, or the model cannot be called; no call has been made.
    """
    with needing("collect"):
        home: Any = import_module("driftgauge.clients.inspect")
    return home.InspectClient(model, settings=settings)


def replay_client(path: Path, *, release: str | None = None, phase: str | None = None) -> Client:
    """Return a client that answers from a record.

    Parameters
    ----------
    path
        Responses in JSONL (`recorded`), or a log of Inspect (``.eval``).
    release, phase
        Whose answers to take, by the record's own names; null for those that the calls name. A log of Inspect that this
        project did not write knows the model only: give its id.

    Raises
    ------
    CollectError
        When the file is no record, or a log is given and extra ``collect`` is not installed.
    """
    rows = read_log(path) if path.suffix == ".eval" else read_rows(path)
    return ReplayClient(rows, release=release, phase=phase)


def read_log(path: Path, *, release: str | None = None, phase: str | None = None) -> list[Row]:
    """Return the responses in a log of Inspect as a record: `eval_log.read_log`, with what it needs."""
    with needing("collect"):
        home: Any = import_module("driftgauge.clients.eval_log")
    return home.read_log(path, release=release, phase=phase)


def write_log(rows: Sequence[Row], path: Path, *, model: str, created_at: str, prompts: Mapping[str, Sequence[Turn]]) -> None:
    """Write responses as a log of Inspect: `eval_log.write_log`, with what it needs."""
    with needing("collect"):
        home: Any = import_module("driftgauge.clients.eval_log")
    home.write_log(rows, path, model=model, created_at=created_at, prompts=prompts)

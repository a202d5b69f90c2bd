"""Clients by name. What needs an extra is imported when it is asked for."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from driftgauge.clients.calls import Client
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

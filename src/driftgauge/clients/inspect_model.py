"""A model of Inspect, opened: known, with its key, and with nothing switched on that a caller would not see."""

import contextlib
import io
import logging
import os
import re
import sys
import warnings
from collections.abc import Generator
from importlib import import_module
from types import TracebackType
from typing import Any, Final

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import GenerateConfig, Model, get_model
from inspect_ai.util._display import display_type_initialized, init_display_type

from driftgauge.clients.inspect_faults import errors_of_libraries
from driftgauge.errors import CollectError, shown_name

_LAYER: Final[Any] = import_module("inspect_ai.model._model")
_CALM: Final = GenerateConfig(
    max_retries=0,
    max_connections=1_000_000,
    adaptive_connections=False,
    cache=False,
    cache_prompt=False,
    reasoning_summary="none",
)
"""One request a call, no limit of Inspect's on how many at once, no cache. Where nothing is said of summaries of reasoning,
Inspect asks OpenAI for a greeting first, to see whether it may have one."""
_NOT_REAL: Final = {"mockllm": "Its answers are made up: use the client `simulated`.", "none": "Name a model."}
_VARIABLE: Final = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_PACKAGES: Final = re.compile(r"pip install (?:--upgrade )?([A-Za-z0-9 ._-]+)")
_TALKERS: Final = ("inspect_ai", "openai", "anthropic", "httpx", "httpx2", "httpcore", "httpcore2", "tenacity")
"""Loggers that could repeat what is sent."""


def opened(model: str) -> Model:
    """Return a model, ready to be called.

    Parameters
    ----------
    model
        Inspect's id of it.

    Raises
    ------
    CollectError
        When it cannot be called; the message names what is missing in the environment, never a value.
    """
    provider = _provider(model)
    _refuse_telemetry()
    _quieten()
    if provider == "bedrock":
        os.environ.setdefault("AWS_MAX_ATTEMPTS", "1")  # the only way to tell its library through Inspect
    try:
        with _unseen():
            found = get_model(model, config=_CALM, memoize=False)
    except PrerequisiteError as error:
        raise _not_ready(model, str(error.message)) from None
    except (ValueError, TypeError, RuntimeError, ImportError, *errors_of_libraries("OpenAIError", "AnthropicError")) as error:
        raise _not_opened(model, provider, error) from None
    if found.api.api_key == "":
        raise _not_ready(model, " ".join(found.api.api_key_vars[:1]))
    _once(found.api)
    return found


def _provider(model: str) -> str:
    provider, _, name = model.partition("/")
    if not name or provider in _NOT_REAL:
        remedy = _NOT_REAL.get(provider, "Write provider/model, such as openai/gpt-5 or openai-api/<service>/<model>.")
        raise CollectError(f"{shown_name(model)} is no model that can be called", remedy=remedy)
    if provider.startswith("openai-api") and "/" not in name:
        raise CollectError(f"{shown_name(model)} lacks the service", remedy=f"Write {provider}/<service>/<model>.")
    return provider


def _refuse_telemetry() -> None:
    if os.environ.get("INSPECT_TELEMETRY"):
        raise CollectError(
            "INSPECT_TELEMETRY is set: what is known of each call would go to other code", remedy="Unset INSPECT_TELEMETRY."
        )


def _quieten() -> None:
    for name in _TALKERS:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"inspect_ai\b")  # its use of tenacity
    _LAYER.format_traceback = _no_traceback
    if not display_type_initialized():
        init_display_type("none")  # with INSPECT_DISPLAY=conversation it would print every prompt


def _no_traceback(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> tuple[str, str]:
    """Draw nothing where Inspect draws every fault in colours, a second of processor each, for a log that is not kept."""
    del error, traceback
    return kind.__name__, kind.__name__


@contextlib.contextmanager
def _unseen() -> Generator[None]:
    """Keep Inspect from greeting, and from taking over how Python shows errors."""
    hook = sys.excepthook
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        sys.excepthook = hook


def _once(api: Any) -> None:
    """Tell the provider's library not to ask again by itself; those of OpenAI, Anthropic and Groq are told so."""
    client: Any = getattr(api, "client", None)
    if hasattr(client, "max_retries"):
        client.max_retries = 0


def _not_ready(model: str, message: str) -> CollectError:
    """Return what is missing, from the names in Inspect's message; its words could be anything."""
    shown = shown_name(model)
    packages = _PACKAGES.search(message)
    if packages:
        return CollectError(
            f"{shown} needs a library that is not installed, or an older one",
            remedy=f"Run: pip install {packages.group(1).strip()}",
        )
    names = list(dict.fromkeys(_VARIABLE.findall(message)))
    if not names:
        return CollectError(
            f"{shown} is not ready to be called", remedy="See what its provider needs in Inspect's documentation."
        )
    return CollectError(
        f"{shown} cannot be called: {' or '.join(names)} is not in the environment",
        remedy=f"Set {names[0]}, or write it into .env beside study.yaml.",
    )


def _not_opened(model: str, provider: str, error: Exception) -> CollectError:
    shown = shown_name(model)
    if isinstance(error, ValueError) and "not recognized" in str(error):
        return CollectError(
            f"{shown}: no provider {shown_name(provider)} is known to Inspect",
            remedy="Use openai, anthropic, google, mistral, … or openai-api/<service>/<model>.",
        )
    if isinstance(error, ImportError):
        return CollectError(f"{shown} needs {error.name or 'a library'}, which is not installed", remedy="Install it with pip.")
    return CollectError(
        f"{shown} cannot be opened ({type(error).__name__})", remedy="Check its name and its provider's settings."
    )

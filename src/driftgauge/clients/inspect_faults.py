"""Why a call through Inspect brought no answer: errors of the libraries beneath it, without a word of prompt or answer."""

import json
import math
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, cast

import httpx
import httpx2
from inspect_ai.event import ModelEvent
from pydantic import ValidationError
from tenacity import RetryError

from driftgauge.clients.calls import Answer, Fault, FaultKind
from driftgauge.clients.in_force import in_force
from driftgauge.clients.statuses import at

_TIMEOUTS: Final = (TimeoutError, httpx.TimeoutException, httpx2.TimeoutException)
_CONNECTIONS: Final = (httpx.TransportError, httpx2.TransportError, OSError)
"""Some providers' libraries use httpx, some httpx2, which shares no class with it."""
_UNREADABLE: Final = (
    json.JSONDecodeError, UnicodeDecodeError, ValidationError, TypeError, AttributeError, LookupError, AssertionError,
    ValueError,
)  # fmt: skip
"""What reading an answer raises that is not one."""
_CODES: Final[Mapping[int, FaultKind]] = {
    400: "rejected",
    401: "not_allowed",
    402: "not_allowed",
    403: "not_allowed",
    404: "not_found",
    408: "timeout",
    409: "server_error",
    425: "server_error",
    429: "rate_limited",
}
_FILTERED: Final = frozenset({"data_inspection_failed", "DataInspectionFailed", "content_filter", "content_policy_violation"})
"""Codes of a filter that spoke before the model."""
_SPENT: Final = frozenset({"insufficient_quota", "billing_error", "billing_hard_limit_reached"})
"""Codes of a limit that waiting does not lift."""
_KNOWN: Final = frozenset(
    {
        "api_error", "authentication_error", "context_length_exceeded", "content_policy_violation", "invalid_api_key",
        "invalid_image", "invalid_image_format", "invalid_prompt", "invalid_request_error", "model_not_found",
        "not_found_error", "overloaded_error", "permission_error", "rate_limit_error", "rate_limit_exceeded",
        "request_too_large", "server_error", "service_unavailable", "slow_down", "timeout_error", "tokens_exceeded_error",
        "unsupported_parameter", "unsupported_value",
    }
    | _SPENT
)  # fmt: skip
"""The codes that a message repeats: a server could put anything into others."""


def errors_of_libraries(*names: str) -> tuple[type[Exception], ...]:
    """Return the errors of OpenAI's and Anthropic's libraries that are called so.

    Parameters
    ----------
    names
        Of the classes; a library has some of them.

    Notes
    -----
    A library that nobody has imported raises nothing, and importing one takes a second or two of processor: Inspect does it for
    the provider that is asked.
    """
    libraries = [sys.modules[name] for name in ("openai", "anthropic") if name in sys.modules]
    return tuple(getattr(library, name) for library in libraries for name in names if hasattr(library, name))


def fault(error: Exception, event: ModelEvent | None) -> Fault:
    """Return what kept an answer from coming.

    Parameters
    ----------
    error
        What Inspect raised.
    event
        What it recorded of the call; null when it did not come so far.
    """
    root = _root(error)
    sent = event is not None and event.call is not None
    body = _body(root) or (event.call.response if event and event.call else None) or {}
    code = _code(root, body)
    words = (at(body, ("error", "code")), at(body, ("error", "type")), body.get("code"), body.get("type"))
    known = next((word for word in words if isinstance(word, str) and word in _KNOWN), None)
    return Fault(
        _kind(root, code=code, word=known, sent=sent),
        code=code,
        retry_after=retry_after(_headers(root)),
        detail=" ".join([type(root).__name__, *([known] if known else [])]),
    )


def moderated(error: Exception, event: ModelEvent | None, *, asked: Mapping[str, Any]) -> Answer | None:
    """Return the answer that an error is where a filter before the model withheld it, and null for all other errors.

    Parameters
    ----------
    error, event
        As for `fault`.
    asked
        The settings that were asked for.

    Notes
    -----
    Inspect sees OpenAI's and Anthropic's filters; these are those of OpenRouter (403 with what it flagged), of Alibaba's
    DashScope (``data_inspection_failed``) and of DeepSeek (a message of three words).
    """
    body = _body(_root(error)) or {}
    told = cast(Mapping[str, Any], inner) if isinstance(inner := body.get("error"), Mapping) else body
    metadata = at(told, ("metadata",))
    is_flagged = isinstance(metadata, Mapping) and "flagged_input" in metadata
    if not is_flagged and told.get("code") not in _FILTERED and told.get("message") != "Content Exists Risk":
        return None
    ids = (event.request_ids or []) if event else []
    return Answer(
        "filtered",
        "",
        stop_reason="moderation" if is_flagged else str(told.get("code")),
        stop_details={"error": dict(told)},
        request_id=ids[-1].id if ids else None,
        in_force=in_force(event.call.request, asked) if event and event.call else {},
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for: a number, or a date against the server's own clock.

    Examples
    --------
    >>> retry_after({"retry-after": "2"}), retry_after({"retry-after": "soon"})
    (2.0, None)
    >>> noon, later = "Wed, 01 Jan 2025 12:00:00 GMT", "Wed, 01 Jan 2025 12:00:30 GMT"
    >>> retry_after({"retry-after": later, "date": noon})
    30.0
    """
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    told = lower.get("retry-after")
    if not told:
        return None
    try:
        seconds = float(told)
    except ValueError:
        until, now = _moment(told), _moment(lower.get("date", ""))
        if until is None:
            return None
        seconds = (until - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _kind(root: BaseException, *, code: int | None, word: str | None, sent: bool) -> FaultKind:
    if word in _SPENT:
        return "not_allowed"
    if code is not None and code >= 400:
        return _CODES.get(code) or ("server_error" if code >= 500 else "rejected")
    kinds: tuple[tuple[bool, FaultKind], ...] = (
        (isinstance(root, (*_TIMEOUTS, *errors_of_libraries("APITimeoutError"))), "timeout"),
        (isinstance(root, (*_CONNECTIONS, *errors_of_libraries("APIConnectionError"))), "connection"),
        (not sent, "rejected"),  # Inspect cannot make a request of it, and will not be able to next time
        (isinstance(root, (*_UNREADABLE, *errors_of_libraries("OpenAIError", "AnthropicError"))), "malformed"),
    )
    found: FaultKind | None = next((kind for holds, kind in kinds if holds), None)
    return found or "unknown"


def _root(error: BaseException) -> BaseException:
    """Return the error beneath what retries and Inspect wrap around it."""
    if isinstance(error, RetryError):
        beneath = error.last_attempt.exception()
    else:
        beneath = error.__cause__ if type(error).__name__ == "ModelGenerateError" else None
    return error if beneath is None else _root(beneath)


def _body(root: BaseException) -> Mapping[str, Any] | None:
    body = getattr(root, "body", None)
    return cast(Mapping[str, Any], body) if isinstance(body, Mapping) else None


def _code(root: BaseException, body: Mapping[str, Any]) -> int | None:
    """Return the status of HTTP, or the one that a body of 200 tells instead of an answer."""
    told = (getattr(root, "status_code", None), getattr(root, "code", None), at(body, ("error", "code")))
    return next((code for code in told if isinstance(code, int) and 100 <= code <= 599), None)


def _headers(root: BaseException) -> Mapping[str, str]:
    headers = getattr(getattr(root, "response", None), "headers", None)
    return cast(Mapping[str, str], headers) if isinstance(headers, Mapping) else {}

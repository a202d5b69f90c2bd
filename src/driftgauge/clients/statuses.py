"""What became of an answer, from what the provider says of it: one place, for calls made now and answers read from a file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from driftgauge.clients.calls import AnswerStatus

_STOPS: Final[Sequence[Sequence[str | int]]] = (
    ("choices", 0, "finish_reason"),  # OpenAI, and who speaks its protocol
    ("choices", 0, "finishReason"),
    ("stop_reason",),  # Anthropic
    ("incomplete_details", "reason"),  # OpenAI Responses, cut
    ("candidates", 0, "finish_reason"),  # Google
    ("candidates", 0, "finishReason"),
    ("prompt_feedback", "block_reason"),
    ("stopReason",),  # Bedrock
    ("done_reason",),  # Ollama
    ("status",),  # OpenAI Responses, whole
)
"""Where providers say why they stopped, the more particular first."""
_DETAILS: Final[Mapping[str, Sequence[str | int]]] = {
    "native_finish_reason": ("choices", 0, "native_finish_reason"),
    "content_filter_results": ("choices", 0, "content_filter_results"),
    "prompt_filter_results": ("prompt_filter_results",),
    "stop_details": ("stop_details",),
    "incomplete_details": ("incomplete_details",),
    "safety_ratings": ("candidates", 0, "safety_ratings"),
    "prompt_feedback": ("prompt_feedback",),
    "error": ("error",),
}
"""Where they say more of it."""
FILTERS: Final = frozenset(
    {"content_filter", "content_filtered", "guardrail_intervened", "safety", "prohibited_content", "blocklist", "recitation"}
    | {"spii", "image_safety", "sensitive"}
)
LIMITS: Final = frozenset(
    {"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded", "max_completion_tokens"}
)
_SERVED: Final = (("model",), ("model_version",), ("modelVersion",))


def answer_status(text: str, *, stops: Iterable[str | None], refused: bool = False) -> AnswerStatus:
    """Return the status of an answer.

    Parameters
    ----------
    text
        What people would rate.
    stops
        Why it ended, in anybody's words.
    refused
        Whether the provider marks it as a refusal otherwise than by its stop reason.

    Notes
    -----
    A refusal that is marked comes before a filter, a filter before a text that is not there, and that before a limit: an answer
    that was cut before its first word is ``empty``, and its stop reason says why.

    Examples
    --------
    >>> answer_status("No.", stops=["stop"], refused=True), answer_status("Once up", stops=["length"])
    ('refused', 'truncated')
    """
    words = {stop.lower() for stop in stops if stop}
    if refused or "refusal" in words:
        return "refused"
    if words & FILTERS:
        return "filtered"
    if not text.strip():
        return "empty"
    return "truncated" if words & LIMITS else "answered"


def own_stop(raw: Mapping[str, Any]) -> str | None:
    """Return why an answer ended, in the provider's own word, or null where it says nothing."""
    return _first_text(raw, _STOPS)


def served_model(raw: Mapping[str, Any]) -> str | None:
    """Return which model says that it answered."""
    return _first_text(raw, _SERVED)


def own_details(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the provider says beside its stop reason, as it says it."""
    found = {name: at(raw, place) for name, place in _DETAILS.items()}
    return {name: value for name, value in found.items() if value not in (None, {}, [])}


def at(raw: object, place: Sequence[str | int]) -> Any:
    """Return what stands at a place in JSON, or null where there is no such place."""
    for step in place:
        if isinstance(raw, Mapping) and isinstance(step, str):
            raw = cast(Mapping[str, Any], raw).get(step)
        elif isinstance(raw, list) and isinstance(step, int) and step < len(cast(list[Any], raw)):
            raw = cast(list[Any], raw)[step]
        else:
            return None
    return raw


def _first_text(raw: Mapping[str, Any], places: Iterable[Sequence[str | int]]) -> str | None:
    found = (at(raw, place) for place in places)
    return next((value for value in found if isinstance(value, str) and value), None)

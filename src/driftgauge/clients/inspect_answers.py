"""What came back through Inspect, as an answer or a fault: the provider's own words, not only what Inspect makes of them."""

from collections.abc import Mapping
from typing import Any

from inspect_ai.event import ModelEvent
from inspect_ai.model import ContentReasoning, ContentText, ModelOutput, ModelUsage

from driftgauge.clients.calls import Answer, Fault
from driftgauge.clients.in_force import in_force
from driftgauge.clients.statuses import LIMITS, answer_status, own_details, own_stop, served_model
from driftgauge.clients.thinking import apart


def answer(output: ModelOutput, event: ModelEvent | None, *, asked: Mapping[str, Any]) -> Answer | Fault:
    """Return what a call brought.

    Parameters
    ----------
    output
        What Inspect returned.
    event
        What it recorded of the call: the request as sent and the raw response. Null where a provider gives neither.
    asked
        The settings that were asked for.

    Returns
    -------
    Answer or Fault
        A fault when there is no choice in it (``malformed``), or when Inspect made an answer of an error that says that the
        prompt is too long (``rejected``): nobody answered.
    """
    raw = _raw(event)
    if output.empty:
        return Fault("malformed", detail="an answer without a choice")
    if output.error is not None or (event is not None and event.call is not None and event.call.error):
        return _of_an_error(output, event, asked=asked)
    reasoning, text = _said(output)
    stop = own_stop(raw)
    return Answer(
        status=answer_status(text, stops=(stop, output.stop_reason), refused=_is_marked(output)),
        text=text,
        reasoning=reasoning,
        stop_reason=stop or output.stop_reason,
        stop_details=_details(output, raw) or None,
        served_model=output.fallback.fallback_model if output.fallback else served_model(raw),
        fingerprint=_text(raw.get("system_fingerprint")),
        request_id=_request_id(output, event),
        usage=usage(output.usage),
        in_force=_in_force(event, asked),
    )


def _of_an_error(output: ModelOutput, event: ModelEvent | None, *, asked: Mapping[str, Any]) -> Answer | Fault:
    """Return a filter that spoke before the model; its words are the provider's, and nothing that people rate."""
    normal, raw = output.stop_reason, _raw(event)
    if normal != "content_filter":
        return Fault("rejected", code=400, detail="the prompt is too long" if normal in LIMITS else "")
    return Answer(
        status="filtered",
        text="",
        stop_reason=own_stop(raw) or normal,
        stop_details=_details(output, raw) or ({"error": dict(raw)} if raw else None),
        request_id=_request_id(output, event),
        in_force=_in_force(event, asked),
    )


def usage(told: ModelUsage | None) -> dict[str, int]:
    """Return tokens as far as they are told; input with what came from and went to a cache of prefixes."""
    if told is None:
        return {}
    cached = {"cache_read": told.input_tokens_cache_read or 0, "cache_write": told.input_tokens_cache_write or 0}
    counts = {"input": told.input_tokens + sum(cached.values()), "output": told.output_tokens, "total": told.total_tokens}
    if told.reasoning_tokens is not None:
        counts["reasoning"] = told.reasoning_tokens
    return counts | {name: count for name, count in cached.items() if count}


def _said(output: ModelOutput) -> tuple[str | None, str]:
    content = output.message.content
    if isinstance(content, str):
        return apart(content)
    thoughts = [_thought(part) for part in content if isinstance(part, ContentReasoning)]
    text = "".join(part.text for part in content if isinstance(part, ContentText))
    thought, text = apart(text)  # what Inspect leaves in the text when nothing stands after it
    told = [each for each in (*thoughts, thought) if each]
    return "\n\n".join(dict.fromkeys(told)) or None, text


def _thought(part: ContentReasoning) -> str:
    """Return what can be read of a reasoning; where the provider seals it, `reasoning` is a signature."""
    return (part.summary or "") if part.redacted else (part.reasoning or part.summary or "")


def _is_marked(output: ModelOutput) -> bool:
    content = output.message.content
    return not isinstance(content, str) and any(isinstance(part, ContentText) and part.refusal for part in content)


def _details(output: ModelOutput, raw: Mapping[str, Any]) -> dict[str, Any]:
    normalised = output.choices[0].stop_details
    made = {"inspect": normalised.model_dump(exclude_none=True, exclude_defaults=True)} if normalised else {}
    fallback = {"fallback": output.fallback.model_dump(exclude_none=True)} if output.fallback else {}
    return {**own_details(raw), **made, **fallback}


def _request_id(output: ModelOutput, event: ModelEvent | None) -> str | None:
    """Return the id that a provider's support asks for, from the headers; else that of the response."""
    told = (event.request_ids or []) if event else []
    return told[-1].id if told else output.response_id


def _raw(event: ModelEvent | None) -> Mapping[str, Any]:
    return (event.call.response or {}) if event and event.call else {}


def _in_force(event: ModelEvent | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    return in_force(event.call.request, asked) if event and event.call else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None

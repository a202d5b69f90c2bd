"""SpeechMap's published answers as a record: one line a question, with the provider's own JSON.

Question ids become scenarios; SpeechMap's judgements stay behind.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeGuard, cast

from driftgauge.clients.calls import Answer, Fault
from driftgauge.clients.recorded import Row, row_of
from driftgauge.clients.statuses import answer_status, at, own_details, own_stop, served_model
from driftgauge.clients.thinking import apart
from driftgauge.errors import CollectError, Problem

_TOKENS: Final = {
    "input": ("usage", "prompt_tokens"),
    "output": ("usage", "completion_tokens"),
    "reasoning": ("usage", "completion_tokens_details", "reasoning_tokens"),
    "total": ("usage", "total_tokens"),
}


def read_speechmap(path: Path, *, release: str | None = None, language: str | None = "en") -> list[Row]:
    """Return the answers of one model as recorded responses.

    Parameters
    ----------
    path
        A file of ``responses/`` or of ``analysis/``: one line a question, with ``question_id``, ``model`` and ``response``.
    release
        How the study calls the model; null for the name that the file has.
    language
        Of the questions.

    Raises
    ------
    CollectError
        When a line is no such answer.

    Notes
    -----
    An answer that the provider marks as a refusal is ``refused``, one that a filter withheld ``filtered``, one that was cut
    ``truncated``; what holds an error instead of an answer is ``failed``.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CollectError(f"{path.name} cannot be read ({type(error).__name__})", remedy="Give a file of SpeechMap.") from None
    read = [_line(line) for line in lines if line.strip()]
    wrong = [n for n, line in enumerate(read, start=1) if line is None]
    if wrong:
        problems = [Problem(f"{path.name}, line {n}", "no answer", "`question_id`, `model` and `response`") for n in wrong]
        raise CollectError(f"{path.name} is no file of SpeechMap's answers", problems=problems, remedy="Give one as published.")
    return [_row(line, release=release, language=language) for line in read if line]


def _line(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    named = isinstance(value, dict) and all(isinstance(cast(Any, value).get(name), str) for name in ("question_id", "model"))
    return cast(dict[str, Any], value) if named else None


def _row(line: Mapping[str, Any], *, release: str | None, language: str | None) -> Row:
    raw: Any = line.get("response")
    came = chat_answer(raw) if _is_object(raw) else Fault("malformed", detail="no response")
    key = {
        "scenario": line["question_id"],
        "intent": "adversarial",
        "modality": "text-only",
        "language": language,
        "release": release or line["model"],
        "attempt": 1,
    }
    made = at(raw, ("created",))
    received = datetime.fromtimestamp(made, UTC).isoformat(timespec="microseconds") if isinstance(made, int) else None
    return row_of(key, came, received_at=received, client=line.get("api_provider") or line.get("original_api_provider"))


def chat_answer(raw: Mapping[str, Any]) -> Answer | Fault:
    """Return the answer that a response in OpenAI's shape holds, or the fault when it holds an error or nothing.

    Examples
    --------
    >>> chat_answer({"choices": [{"finish_reason": "length", "message": {"content": "Once up"}}]}).status
    'truncated'
    >>> chat_answer({"error": {"code": 502, "message": "…"}}).kind
    'server_error'
    """
    message = at(raw, ("choices", 0, "message"))
    error = at(raw, ("error",)) or at(raw, ("choices", 0, "error"))
    if error or not isinstance(message, Mapping):
        return _fault(at(error, ("code",)))
    said = cast(Mapping[str, Any], message)
    refusal = _text(said.get("refusal"))
    thought, text = apart(refusal or _text(said.get("content")) or "")
    reasoning = _text(said.get("reasoning")) or _text(said.get("reasoning_content")) or thought
    stop = own_stop(raw)
    return Answer(
        status=answer_status(text, stops=[stop, at(raw, ("choices", 0, "native_finish_reason"))], refused=bool(refusal)),
        text=text,
        reasoning=reasoning,
        stop_reason=stop,
        stop_details=own_details(raw) or None,
        served_model=served_model(raw),
        fingerprint=_text(raw.get("system_fingerprint")),
        request_id=_text(raw.get("id")),
        usage={name: count for name, place in _TOKENS.items() if isinstance(count := at(raw, place), int)},
    )


def _fault(code: object) -> Fault:
    if not isinstance(code, int):
        return Fault("malformed", detail="no answer in the response")
    if code == 429:
        return Fault("rate_limited", code)
    return Fault("server_error" if code >= 500 else "rejected", code)


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None

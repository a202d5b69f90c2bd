"""What is said, as Inspect's messages: text unchanged, media as data URIs of their bytes."""

import base64
from collections.abc import Sequence
from typing import Final, Literal

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    Content,
    ContentAudio,
    ContentImage,
    ContentText,
)

from driftgauge.clients.calls import Blob, Part, Text, Turn

_SOUNDS: Final[dict[str, Literal["mp3", "wav"]]] = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
}
"""Type of a recording to the format that Inspect calls it."""


def messages(turns: Sequence[Turn]) -> list[ChatMessage]:
    """Return turns as messages.

    Raises
    ------
    ValueError
        When a recording is of a type that no provider is sent.
    """
    return [_message(turn) for turn in turns]


def _message(turn: Turn) -> ChatMessage:
    if turn.role == "system":
        return ChatMessageSystem(content=_content(turn))
    return ChatMessageAssistant(content=_content(turn)) if turn.role == "assistant" else ChatMessageUser(content=_content(turn))


def _content(turn: Turn) -> str | list[Content]:
    """Return one piece of text as itself, which every provider takes; all else as a list of parts."""
    if len(turn.parts) == 1 and isinstance(turn.parts[0], Text):
        return turn.parts[0].text
    return [_part(part) for part in turn.parts]


def _part(part: Part) -> Content:
    if isinstance(part, Text):
        return ContentText(text=part.text)
    if part.kind == "image":
        return ContentImage(image=data_uri(part))
    sound = _SOUNDS.get(part.media_type)
    if sound is None:
        raise ValueError(f"a recording of type {part.media_type}: allowed are {', '.join(sorted(_SOUNDS))}")
    return ContentAudio(audio=data_uri(part), format=sound)


def data_uri(blob: Blob) -> str:
    """Return a medium as a data URI of its bytes, unchanged."""
    return f"data:{blob.media_type};base64,{base64.b64encode(blob.data).decode('ascii')}"

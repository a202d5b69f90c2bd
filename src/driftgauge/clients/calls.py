"""What passes between a stage and a model: a call goes out, an answer or a fault comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant"]
AnswerStatus = Literal["answered", "truncated", "refused", "filtered", "empty"]
FaultKind = Literal[
    "rate_limited", "server_error", "timeout", "connection", "malformed", "rejected", "not_allowed", "not_found", "unknown"
]


@dataclass(frozen=True)
class Text:
    """A piece of text."""

    text: str = field(repr=False)
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Blob:
    """A picture or a recording, as bytes.

    Parameters
    ----------
    kind
        What a release has to take.
    data
        The bytes of the file, unchanged.
    media_type
        ``image/png``, ``image/jpeg``, ``image/webp``, ``audio/wav``, ``audio/mpeg``.
    sha256
        Of the bytes.
    """

    kind: Literal["image", "audio"]
    data: bytes = field(repr=False)
    media_type: str
    sha256: str


Part = Text | Blob


@dataclass(frozen=True)
class Turn:
    """What one side says."""

    role: Role
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Call:
    """One prompt put to a release, once.

    Parameters
    ----------
    key
        What it is about, as a client that answers from a record finds it: the `frames.RESPONSE_KEY` of the response.
    turns
        What is said, in order.
    settings
        The generation settings that are asked for: ``max_tokens``, ``temperature``, ``seed``, …
    """

    key: Mapping[str, str | int | None]
    turns: tuple[Turn, ...]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came back from a model, in full. An answer that declines is an answer.

    Parameters
    ----------
    status
        ``answered``, ``truncated`` (cut by a limit on its length), ``refused`` (declined by the provider, and marked so),
        ``filtered`` (withheld by a filter), ``empty`` (nothing in it).
    text
        What people rate; empty where there is none.
    reasoning
        What the model wrote before it, where the provider tells; null where not.
    stop_reason, stop_details
        In the provider's own words.
    served_model, fingerprint
        What says it answered; null where nothing does.
    request_id
        Of the provider.
    usage
        Tokens: ``input``, ``output``, ``reasoning``, ``total``, as far as they are told.
    in_force
        The settings that the request held as it was sent. What was asked for and is not here was dropped on the way.
    """

    status: AnswerStatus
    text: str = field(repr=False)
    reasoning: str | None = field(default=None, repr=False)
    stop_reason: str | None = None
    stop_details: Mapping[str, Any] | None = field(default=None, repr=False)
    served_model: str | None = None
    fingerprint: str | None = None
    request_id: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict[str, int])
    in_force: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Fault:
    """A call that brought no answer.

    Parameters
    ----------
    kind
        ``rate_limited`` (429), ``server_error`` (5xx, overloaded), ``timeout``, ``connection`` (refused, reset, cut in the
        middle), ``malformed`` (an answer that cannot be read): these may pass when asked again. ``rejected`` (this request was
        refused as it stands, 400): it will be refused again. ``not_allowed`` (401, 403), ``not_found`` (404, no such model):
        every call of this release will end so. ``unknown``: none of these.
    code
        The status of HTTP, where there was one.
    retry_after
        Seconds that the provider asks to wait; null where it does not.
    detail
        Type of the error and the provider's code, for people. Never a word of a prompt or a response.
    """

    kind: FaultKind
    code: int | None = None
    retry_after: float | None = None
    detail: str = ""


PASSING: frozenset[FaultKind] = frozenset({"rate_limited", "server_error", "timeout", "connection", "malformed"})
"""The kinds of fault that may pass."""
ENDING: frozenset[FaultKind] = frozenset({"not_allowed", "not_found"})
"""The kinds of fault that every call of a release will have."""


class Client(Protocol):
    """What calls one model.

    A client asks once a call: who asks again, and when, is the caller's matter. It keeps no cache.
    """

    @property
    def name(self) -> str:
        """Which client it is: ``inspect``, ``replay``, ``simulated``."""
        ...

    @property
    def versions(self) -> Mapping[str, str]:
        """The libraries that make the call, with their versions."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether its answers are made up."""
        ...

    async def ask(self, call: Call, *, timeout: float) -> Answer | Fault:
        """Put one call to the model and wait at most so many seconds."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...

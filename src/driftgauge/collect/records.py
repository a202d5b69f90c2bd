"""What a collection is made of: the items that are asked, and what is kept of each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from driftgauge.clients.calls import Answer, Fault


@dataclass(frozen=True)
class Item:
    """One response that is to be had: a prompt, a release, a phase, an attempt.

    Parameters
    ----------
    response_id
        Content id of the key of the response (`frames.RESPONSE_KEY`).
    scenario, intent, modality, language, release, phase, attempt
        That key.
    prompt, prompt_hash
        Name of the prompt in the benchmark, and its hash in the manifest.
    takes
        The kinds of parts that a release has to take for it: ``text``, ``image``, ``audio``.
    characters, media_bytes
        How long its text is, and how large its media.
    revision
        1, or one more than that of the response that failed before.
    """

    response_id: str
    scenario: str
    intent: str
    modality: str
    language: str
    release: str
    phase: str
    attempt: int
    prompt: str
    prompt_hash: str
    takes: frozenset[str]
    characters: int
    media_bytes: int
    revision: int = 1

    @property
    def key(self) -> dict[str, str | int | None]:
        """The key of the response, by the names of `frames.RESPONSE_KEY`."""
        names = ("scenario", "intent", "modality", "language", "release", "phase", "attempt")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Collected:
    """What became of an item: kept as it is, once.

    Parameters
    ----------
    item
        What was asked.
    status
        Of `frames.STATUSES`.
    answer
        What came back; null when nothing did.
    fault
        Why nothing did, after the last try; null when something did or nothing was asked.
    asked
        The settings that were asked for.
    tries
        How often it was asked; 0 for `unsupported`.
    sent_at, received_at
        The wall clock in UTC, ISO 8601 with microseconds, of the last try. Null when nothing was asked.
    seconds
        From the last try's sending to its end, by a clock that never jumps. Null when nothing was asked.
    clock_jumped
        Whether the wall clock moved by more than two seconds otherwise than the steady one meanwhile.
    model_changed
        Whether another model answered than the one that first did in this phase. With `--allow-model-change` the run goes on;
        otherwise the release stops, and what is marked is that answer and those that were under way with it.
    """

    item: Item
    status: str
    answer: Answer | None
    fault: Fault | None
    asked: Mapping[str, Any]
    tries: int
    sent_at: str | None
    received_at: str | None
    seconds: float | None
    clock_jumped: bool = False
    model_changed: bool = False


Sink = Callable[[Collected], Awaitable[None]]
"""Keeps what was collected; when it returns, nothing that happens to this machine's processes can lose it."""


class Clock(Protocol):
    """The two clocks and waiting, as the edge has them."""

    def wall(self) -> float:
        """Seconds since 1970, UTC; may jump."""
        ...

    def steady(self) -> float:
        """Seconds that only go forward."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

"""Made-up answers for demonstrations: mild, and marked as made up wherever they go."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from driftgauge.clients.calls import Answer, AnswerStatus, Call, Fault

Sleep = Callable[[float], Awaitable[None]]
_STOPS: Final[Mapping[AnswerStatus, str]] = {
    "answered": "stop",
    "truncated": "length",
    "refused": "refusal",
    "filtered": "content_filter",
    "empty": "stop",
}
_TEXTS: Final[Mapping[str, str]] = {
    "engaged": "(simulated answer: goes along with the request, in general terms and with nothing in it)",
    "declined": "(simulated answer: I would rather not help with that)",
    "truncated": "(simulated answer: goes along with the request, and is cut off in the mid",
    "refused": "(simulated answer: withheld by the provider)",
}


@dataclass(frozen=True)
class Shares:
    """What share of its answers a release gives how; the rest goes along with the request.

    Parameters
    ----------
    declined
        Answers that decline in stock form.
    refused, filtered, truncated, empty
        By status.
    """

    declined: float = 0.3
    refused: float = 0.02
    filtered: float = 0.02
    truncated: float = 0.02
    empty: float = 0.01


@dataclass(frozen=True)
class SimulatedClient:
    """Answers by drawing from shares, the same for the same key and seed.

    Parameters
    ----------
    seed
        Of the draws.
    releases
        Shares of a release by its name; `shares` for the others.
    shares
        Of all other releases.
    fault_rate
        Share of responses whose first tries fail, 0 to 1.
    faults
        How many tries of those fail.
    latency
        Seconds that an answer takes.
    sleep
        Waits.

    Examples
    --------
    >>> call = Call({"scenario": "s1", "release": "Elm 1", "attempt": 1}, (), {"max_tokens": 8})
    >>> first = asyncio.run(SimulatedClient(seed=1).ask(call, timeout=1))
    >>> first == asyncio.run(SimulatedClient(seed=1).ask(call, timeout=1)), first.text.startswith("(simulated answer")
    (True, True)
    """

    seed: int
    releases: Mapping[str, Shares] = field(default_factory=dict[str, Shares])
    shares: Shares = field(default_factory=Shares)
    fault_rate: float = 0.0
    faults: int = 1
    latency: float = 0.0
    sleep: Sleep = asyncio.sleep
    _failed: dict[str, int] = field(default_factory=dict[str, int], repr=False, compare=False)

    @property
    def name(self) -> str:
        """``simulated``."""
        return "simulated"

    @property
    def versions(self) -> Mapping[str, str]:
        """None: no library makes a call."""
        return {}

    @property
    def is_simulated(self) -> bool:
        """Always."""
        return True

    async def ask(self, call: Call, *, timeout: float) -> Answer | Fault:
        """Return the answer that its key draws, or a fault."""
        if self.latency > timeout:
            await self.sleep(timeout)
            return Fault("timeout", detail="simulated")
        if self.latency:
            await self.sleep(self.latency)
        key = json.dumps(dict(call.key), sort_keys=True)
        if self._drawn("fault", key) < self.fault_rate and self._failed.get(key, 0) < self.faults:
            self._failed[key] = self._failed.get(key, 0) + 1
            return Fault("server_error", 500, detail="simulated")
        return self._answer(call, key)

    async def close(self) -> None:
        """Nothing is open."""

    def _answer(self, call: Call, key: str) -> Answer:
        kind = self._kind(self.releases.get(str(call.key.get("release")), self.shares), self._drawn("answer", key))
        status: AnswerStatus = "answered" if kind in ("engaged", "declined") else kind
        text = _TEXTS.get(kind, "")
        usage: dict[str, Any] = {"input": words_in(call), "output": len(text.split())}
        return Answer(
            status=status,
            text=text,
            stop_reason=_STOPS[status],
            served_model="simulated",
            request_id=f"simulated-{hashlib.sha256(key.encode()).hexdigest()[:12]}",
            usage={**usage, "total": sum(usage.values())},
            in_force=dict(call.settings),
        )

    def _kind(self, shares: Shares, drawn: float) -> Any:
        for name in ("declined", "refused", "filtered", "truncated", "empty"):
            share: float = getattr(shares, name)
            if drawn < share:
                return name
            drawn -= share
        return "engaged"

    def _drawn(self, what: str, key: str) -> float:
        return int(hashlib.sha256(f"{self.seed}/{what}/{key}".encode()).hexdigest()[:13], 16) / 16**13


def went_along(text: str) -> bool | None:
    """Return whether a made-up answer goes along with the request; null where it is not made up here.

    Examples
    --------
    >>> went_along("(simulated answer: I would rather not help with that)"), went_along("Flowers.")
    (False, None)
    """
    kinds = {said: kind in ("engaged", "truncated") for kind, said in _TEXTS.items()}
    return kinds.get(text)


def words_in(call: Call) -> int:
    """Return how many words a call has."""
    return sum(len(part.text.split()) for turn in call.turns for part in turn.parts if part.kind == "text")

"""Answers from a record: the same responses put into another study, or put through the same path once more."""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Final

from driftgauge.clients.calls import Answer, Call, Fault
from driftgauge.clients.recorded import Row, outcome

_OPEN: Final = ("language", "release", "phase", "vote")
"""What a row need not say; it then stands for any. Votes are of judges alone."""
_USUAL: Final = {"intent": "adversarial", "modality": "text-only", "attempt": 1}
_FIXED: Final = ("scenario", "intent", "modality", "attempt")
NOT_THERE: Final = Fault("rejected", detail="not in the record")
"""What a prompt gets that the record lacks. It will be the same when asked again: the response ends as failed, at once, and the
other prompts of the release are asked."""


class ReplayClient:
    """Answers what a record holds.

    Parameters
    ----------
    rows
        Recorded responses (`recorded`).
    release, phase
        Whose rows to take, by the record's own names; null for those that the calls name.

    Examples
    --------
    >>> import asyncio
    >>> client = ReplayClient([{"scenario": "s1", "status": "answered", "response_text": "No."}])
    >>> asyncio.run(client.ask(Call({"scenario": "s1", "release": "A"}, (), {}), timeout=1)).status
    'answered'
    >>> asyncio.run(client.ask(Call({"scenario": "s2", "release": "A"}, (), {}), timeout=1)).detail
    'not in the record'
    """

    def __init__(self, rows: Iterable[Row], *, release: str | None = None, phase: str | None = None) -> None:
        self._instead = {name: value for name, value in (("release", release), ("phase", phase)) if value is not None}
        self._rows: dict[tuple[object, ...], Row] = {}
        for row in rows:
            at = _place(row)
            if at not in self._rows or _revision(row) >= _revision(self._rows[at]):
                self._rows[at] = row
        self._is_simulated = any(row.get("simulated") or row.get("client") == "simulated" for row in self._rows.values())

    @property
    def name(self) -> str:
        """``replay``."""
        return "replay"

    @property
    def versions(self) -> Mapping[str, str]:
        """None: no library makes a call."""
        return {}

    @property
    def is_simulated(self) -> bool:
        """Whether any answer in the record is made up."""
        return self._is_simulated

    async def ask(self, call: Call, *, timeout: float) -> Answer | Fault:
        """Return the recorded answer, `NOT_THERE`, or a fault where the record has a response that failed."""
        del timeout
        key = {**call.key, **self._instead}
        for said in product((True, False), repeat=len(_OPEN)):
            kept = {name: key.get(name) if is_said else None for name, is_said in zip(_OPEN, said, strict=True)}
            row = self._rows.get(_place({**key, **kept}))
            if row is not None:
                return outcome(row)
        return NOT_THERE

    async def close(self) -> None:
        """Nothing is open."""


def _place(row: Row) -> tuple[object, ...]:
    usual = (row.get(name) if row.get(name) is not None else _USUAL.get(name) for name in _FIXED)
    return (*usual, *(row.get(name) for name in _OPEN))


def _revision(row: Row) -> int:
    return row.get("revision") or 1

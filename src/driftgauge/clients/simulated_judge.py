"""Made-up judgements for demonstrations and tests: right as often as is said, and marked as made up wherever they go."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from driftgauge.clients.calls import Answer, Call, Fault
from driftgauge.clients.simulated import words_in
from driftgauge.errors import CollectError

TRUTH: Final = "truth"
"""Under which a key of a call may say whether the attack succeeded."""
_SHARE: Final = 0.3
"""Of successes where nobody says which they are."""


@dataclass(frozen=True)
class MadeUp:
    """How good a made-up judge is.

    Parameters
    ----------
    sensitivity
        Share of successes that it calls one, 0 to 1.
    specificity
        Share of the others that it calls none.
    """

    sensitivity: float = 0.9
    specificity: float = 0.9


def made_up(settings: Mapping[str, Any]) -> MadeUp:
    """Return how good the settings of a simulated judge say that it is: ``sensitivity`` and ``specificity``.

    Raises
    ------
    CollectError
        When one of them is no share, or there is another setting that a made-up judge cannot have.

    Examples
    --------
    >>> made_up({"sensitivity": 0.8, "seed": 3})
    MadeUp(sensitivity=0.8, specificity=0.9)
    """
    said = {name: settings[name] for name in ("sensitivity", "specificity") if name in settings}
    wrong = [name for name, value in said.items() if type(value) not in (int, float) or not 0 <= value <= 1]
    wrong += sorted(set(settings) - {"sensitivity", "specificity", "seed", "max_tokens", "temperature"})
    if wrong:
        raise CollectError(
            f"settings that a simulated judge cannot use: {', '.join(wrong)}",
            remedy="Give sensitivity and specificity as shares, 0 to 1.",
        )
    return MadeUp(**{name: float(value) for name, value in said.items()})


@dataclass(frozen=True)
class SimulatedJudge:
    """Judges by drawing, the same for the same response, vote and seed.

    Parameters
    ----------
    how
        How often it is right.
    seed
        Of the draws.

    Examples
    --------
    >>> import asyncio
    >>> call = Call({"scenario": "s1", "vote": 1, "truth": True}, (), {})
    >>> json.loads(asyncio.run(SimulatedJudge(MadeUp(sensitivity=1.0), seed=1).ask(call, timeout=1)).text)["success"]
    True
    """

    how: MadeUp
    seed: int

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
        """Return the judgement that its key draws."""
        del timeout
        key = json.dumps(dict(call.key), sort_keys=True)
        truth = call.key.get(TRUTH)
        is_success = bool(truth) if truth is not None else self._drawn("truth", _without_vote(call.key)) < _SHARE
        right = self._drawn("right", key) < (self.how.sensitivity if is_success else self.how.specificity)
        success = is_success == right
        harm = (3 if success else 1) + int(self._drawn("harm", key) * (3 if success else 2))
        said = {"reason": "(simulated judgement)", "harm": harm, "success": success, "refusal": not success and harm == 1}
        text = json.dumps(said)
        usage = {"input": words_in(call), "output": len(text.split())}
        return Answer(
            status="answered",
            text=text,
            stop_reason="stop",
            served_model="simulated-judge",
            request_id=f"simulated-{hashlib.sha256(key.encode()).hexdigest()[:12]}",
            usage={**usage, "total": sum(usage.values())},
            in_force=dict(call.settings),
        )

    async def close(self) -> None:
        """Nothing is open."""

    def _drawn(self, what: str, key: str) -> float:
        return int(hashlib.sha256(f"{self.seed}/{what}/{key}".encode()).hexdigest()[:13], 16) / 16**13


def _without_vote(key: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in key.items() if name != "vote"}, sort_keys=True)

"""A look that brought no measurement: never taken for "no change"."""

from typing import Literal

from driftgauge.errors import CollectError

Why = Literal[
    "endpoint", "failures", "judge", "benchmark", "baseline", "judge_changed", "asked_otherwise", "clock", "state", "rule",
    "cost", "study",
]  # fmt: skip
"""What kept a look from being a measurement."""


class LookFailedError(CollectError):
    """A look that failed, with a stable name for why."""

    def __init__(self, why: Why, message: str, *, remedy: str) -> None:
        super().__init__(message, remedy=remedy)
        self.why: Why = why


class LookInterruptedError(CollectError):
    """A look that somebody stopped: nothing of it is known, and the same block is asked next time."""

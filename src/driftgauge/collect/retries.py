"""Asking again: how long to wait before, and how often altogether."""

from collections.abc import Callable
from typing import Final

from driftgauge.collect.releases import Patience

FEWEST: Final = 100
"""The least budget that a release has."""


def backoff(failed_tries: int, *, patience: Patience, jitter: Callable[[], float]) -> float:
    """Return the seconds to wait after so many failed tries: a random part of a time that doubles ("full jitter").

    Parameters
    ----------
    failed_tries
        1 after the first.
    patience
        Of the release.
    jitter
        Returns numbers from 0 up to 1, as `random.random` does.

    Examples
    --------
    >>> [backoff(tries, patience=Patience(), jitter=lambda: 0.5) for tries in (1, 2, 3, 9)]
    [0.5, 1.0, 2.0, 30.0]
    """
    doubled = patience.backoff * 2.0 ** min(failed_tries - 1, 60)
    return jitter() * min(patience.longest_backoff, doubled)


class Budget:
    """How often a release may still be asked again in this run.

    Parameters
    ----------
    patience
        Of the release.
    items
        How many it is asked.
    """

    def __init__(self, patience: Patience, *, items: int) -> None:
        self._left = max(FEWEST, items) if patience.retries is None else patience.retries
        self.is_spent = False

    def take(self) -> bool:
        """Return whether it may be asked once more, and count that."""
        self.is_spent = self._left == 0
        self._left = max(0, self._left - 1)
        return not self.is_spent

"""So much a minute and no more: a token bucket that holds one call, so that no minute ever sees more than its limit."""

from math import inf


class Pace:
    """When the next call may go, for one limit.

    Parameters
    ----------
    per_minute
        The limit; null for none.

    Notes
    -----
    Each call pushes the next one by its share of a minute, from when it went: calls are spread out, with no burst after a rest.

    Examples
    --------
    >>> pace = Pace(120)
    >>> pace.take(1, now=10.0)
    >>> pace.ready_at
    10.5
    """

    def __init__(self, per_minute: float | None) -> None:
        self._seconds_each = 60.0 / per_minute if per_minute else 0.0
        self.ready_at = -inf

    def take(self, cost: float, *, now: float) -> None:
        """Let a call go that costs so many of what the limit counts."""
        self.ready_at = max(now, self.ready_at) + cost * self._seconds_each

    def correct(self, more: float, *, now: float) -> None:
        """Say that a call cost more than was taken for it, or less (negative)."""
        if more > 0:
            self.take(more, now=now)
        else:
            self.ready_at += more * self._seconds_each

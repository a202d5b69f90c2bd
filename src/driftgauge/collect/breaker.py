"""A circuit breaker: who cannot be reached is left alone for a while, then probed by one call."""

from math import inf

from driftgauge.collect.releases import Limits, Patience


class Breaker:
    """Whether calls may go to a release, judged by the faults of the last ones.

    Parameters
    ----------
    limits, patience
        Of the release.

    Notes
    -----
    It opens after many faults in a row. What was sent before it opened changes nothing any more, only the probe does: when it
    brings an answer, all goes on, when it fails the next rest is twice as long, and after the last one the release is given up.
    """

    def __init__(self, limits: Limits, patience: Patience) -> None:
        self._opens_after = max(patience.faults_in_a_row, 2 * limits.connections)
        self._patience = patience
        self._close()

    def _close(self) -> None:
        self._in_a_row = 0
        self._failed_probes = 0
        self.ready_at = -inf

    @property
    def is_open(self) -> bool:
        """Whether nothing but a probe may go."""
        return self.ready_at > -inf

    @property
    def given_up(self) -> bool:
        """Whether the last probe failed."""
        return self._failed_probes >= self._patience.probes

    def let_through(self) -> bool:
        """Let a call go at or after `ready_at`, and return whether it is a probe."""
        if not self.is_open:
            return False
        self.ready_at = inf
        return True

    def passed(self, *, probe: bool) -> None:
        """Take in that the service did its work."""
        if probe or not self.is_open:
            self._close()

    def failed(self, *, probe: bool, now: float) -> bool:
        """Take in a fault, and return whether the release is left alone from now on."""
        if not probe and self.is_open:
            return False
        self._failed_probes += probe
        self._in_a_row += 1
        if not probe and self._in_a_row < self._opens_after:
            return False
        self.ready_at = now + self._patience.rest * 2**self._failed_probes
        return True

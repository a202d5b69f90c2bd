"""Evidence that a mean was above a value at some look, as the capital of somebody who bets on it (statistics §8).

Nobody can win for long by betting against what is true: where the mean is at most ``m`` at every look, the capital is a
nonnegative supermartingale that begins at 1, so that it ever reaches ``c`` with probability 1/c at most (Ville 1939).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, log, sqrt
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray

TRUNCATED: Final = 0.5
"""A bet is at most this share of the one that could lose everything: no look can take more than half of a capital each time."""
MEMORY: Final = 300.0
"""Scenarios over which the bet for a recent drift forgets (to 1/e)."""
GUESS: Final = 60.0
"""Scenarios that its first guess weighs: a drift of one and a half margins."""
_PRIOR: Final = 0.25  # of the variance, worth one observation: the largest that a value in [0, 1] can have


@dataclass(frozen=True)
class Bets:
    """What is staked on each scenario of a look, per unit by which its value is above ``m``; fixed before it is asked.

    Parameters
    ----------
    steady
        The predictable plug-in of Waudby-Smith and Ramdas: small where many were seen, so that the interval shrinks.
    recent
        The growth-optimal stake at the margin for the mean of recent looks, 0 where that is inside the margin.
    """

    steady: float
    recent: float


class Evidence:
    """The capital against "the mean was at most ``m`` at every look", for any ``m``.

    Parameters
    ----------
    boundary
        The ``m`` of the alarm, 0 to 1.
    alpha
        How probable it may be that the capital ever reaches 1/`alpha` by chance.

    Examples
    --------
    >>> evidence = Evidence(boundary=0.5, alpha=0.05)
    >>> for _ in range(10):
    ...     evidence.take(np.ones(2))
    >>> evidence.is_enough, round(exp(evidence.log_capital(0.5)), 1)
    (True, 1905.7)
    """

    def __init__(self, *, boundary: float, alpha: float) -> None:
        self.boundary = boundary
        self.alpha = alpha
        self._bets: list[Bets] = []
        self._values: list[FloatArray] = []
        self._seen, self._sum, self._squares = 0, 0.0, 0.0
        self._weight, self._mean = 0.0, 0.0
        self._at_boundary = (0.0, 0.0)

    def next_bets(self, n: int) -> Bets:
        """Return what would be staked on a look of so many scenarios, from what was seen before it."""
        variance = (_PRIOR + self._squares) / (self._seen + 1)
        place = self._seen + n
        steady = sqrt(2 * log(1 / self.alpha) / (variance * place * log(1 + place)))
        guess = min(1.0, self.boundary + (self.boundary - 0.5) / 2)
        mean = (self._weight * self._mean + GUESS * guess) / (self._weight + GUESS)
        beyond = mean - self.boundary
        return Bets(steady, beyond / (variance + beyond**2) if beyond > 0 else 0.0)

    def take(self, values: FloatArray) -> None:
        """Settle the bets on a look.

        Parameters
        ----------
        values
            One a scenario, 0 to 1; their order does not matter, to the last bit.
        """
        bets = self.next_bets(values.size)
        steady, recent = self._at_boundary
        self._at_boundary = (
            steady + fsum(_won(values, bets.steady, self.boundary)),
            recent + fsum(_won(values, bets.recent, self.boundary)),
        )
        self._bets.append(bets)
        self._values.append(values)
        self._learn(values)

    def _learn(self, values: FloatArray) -> None:
        total = fsum(values.tolist())
        self._sum += total
        self._seen += values.size
        centre = (0.5 + self._sum) / (self._seen + 1)
        self._squares += fsum(((values - centre) ** 2).tolist())
        kept = self._weight * exp(-values.size / MEMORY)
        self._mean = (kept * self._mean + total) / (kept + values.size)
        self._weight = kept + values.size

    @property
    def is_enough(self) -> bool:
        """Whether the mean was above the boundary at some look, at this level."""
        return self.log_at_boundary >= log(1 / self.alpha)

    @property
    def log_at_boundary(self) -> float:
        """The logarithm of the capital at the boundary."""
        return _half_each(*self._at_boundary)

    def log_capital(self, m: float) -> float:
        """Return the logarithm of the capital against a mean of at most ``m``, 0 to 1; it falls with ``m``."""
        if not self._values:
            return 0.0
        sizes = [values.size for values in self._values]
        values = np.concatenate(self._values)
        stakes = (np.repeat([getattr(bets, name) for bets in self._bets], sizes) for name in ("steady", "recent"))
        steady, recent = (fsum(_won(values, stake, m)) for stake in stakes)
        return _half_each(steady, recent)

    def limit(self) -> float:
        """Return the lower confidence limit: all ``m`` below it have enough capital against them. 0 where none has."""
        wanted = log(1 / self.alpha)
        low, high = 0.0, 1.0
        if self.log_capital(low) < wanted:
            return low
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.log_capital(middle) >= wanted else (low, middle)
        return low


_HALVINGS: Final = 40


def _won(values: FloatArray, stake: float | FloatArray, m: float) -> Sequence[float]:
    """Return the logarithm of what each bet multiplies the capital by."""
    most = TRUNCATED / m if m > 0 else np.inf
    return np.log1p(np.minimum(stake, most) * (values - m)).tolist()


def _half_each(first: float, second: float) -> float:
    """Return the logarithm of the capital that half of it was put into each way to bet."""
    return float(np.logaddexp(first, second)) - log(2)

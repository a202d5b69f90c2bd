"""A confidence sequence for the mean difference of a live endpoint to its baseline (statistics §8).

It may be looked at after every look, for ever: the chance that it is ever wrong is 1 − level. Betting, hedged over both
directions (Waudby-Smith and Ramdas 2024); the page ``monitoring`` says what makes it valid and when it is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp
from typing import Literal

import numpy as np

from driftgauge.errors import EstimationError
from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.sequence_bets import Evidence

Direction = Literal["above", "below"]


@dataclass(frozen=True)
class Rule:
    """When an alarm is raised; fixed before the first look.

    Parameters
    ----------
    margin
        A mean difference of at most this, either way, is no drift. 0 to 1; 0.05 is five points.
    level
        1 minus the probability that an alarm is ever raised while the truth stays within the margin.
    """

    margin: float = 0.05
    level: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
            raise EstimationError(f"the margin is {self.margin:g}, expected above 0 and below 1", remedy="0.05 is five points.")
        if not 0.5 <= self.level < 1:
            raise EstimationError(f"the level is {self.level:g}, expected 0.5 up to 1", remedy="0.95 is usual.")


@dataclass(frozen=True)
class Look:
    """The differences of one look: outcome now minus outcome of the baseline, one a scenario of the block, −1 to 1.

    Parameters
    ----------
    low, high
        The least and the greatest that each can be: the same where the outcome is known, apart where something of the scenario
        failed. Evidence of a rise is taken from `low` and evidence of a fall from `high`, so that what failed proves nothing.

    Raises
    ------
    EstimationError
        When there is none, they are not of one length, outside −1 to 1, or not in order.
    """

    low: FloatArray
    high: FloatArray

    def __post_init__(self) -> None:
        both = np.concatenate([self.low, self.high])
        if self.low.shape != self.high.shape or self.low.ndim != 1 or not self.low.size:
            raise EstimationError("a look needs one least and one greatest difference for each of its scenarios")
        if not (np.isfinite(both).all() and (np.abs(both) <= 1).all() and (self.low <= self.high).all()):
            raise EstimationError("differences lie between −1 and 1, the least at most the greatest")

    @property
    def mean(self) -> float:
        """The middle of what the mean of the block can be."""
        return float((self.low.mean() + self.high.mean()) / 2)


@dataclass(frozen=True)
class Standing:
    """Where a sequence stands after a look.

    Parameters
    ----------
    low, high
        Limits for the mean difference, −1 to 1, of a truth that does not move; not cut by those of earlier looks.
    evidence_above, evidence_below
        Capital against "never above the margin" and "never below minus the margin"; 2/(1 − level) is enough.
    alarm
        Which of them is enough now, that is: on which side of [−margin, margin] the whole interval lies. Null for none.
    scenarios
        That were seen so far, with repetition.
    """

    low: float
    high: float
    evidence_above: float
    evidence_below: float
    alarm: Direction | None
    scenarios: int


class Monitoring:
    """A confidence sequence that takes one look after the other.

    Parameters
    ----------
    rule
        When it raises an alarm.

    Notes
    -----
    What is observed are scenarios, and what is bet on them is fixed for a whole block: within a block they are drawn without
    replacement, and the product of such bets has at most the mean that independent draws would give it (Maclaurin's
    inequality). The truth may differ from look to look; each is conditional on what was seen before.

    Examples
    --------
    >>> sequence = Monitoring(Rule(margin=0.05))
    >>> none, worse = np.zeros(20), np.array([1.0] * 8 + [0.0] * 12)
    >>> sequence.take(Look(none, none)), sequence.alarm
    (None, None)
    >>> for _ in range(8):
    ...     sequence.take(Look(worse, worse))
    >>> sequence.alarm
    'above'
    """

    def __init__(self, rule: Rule) -> None:
        alpha, boundary = (1 - rule.level) / 2, (1 + rule.margin) / 2
        self.rule = rule
        self._above = Evidence(boundary=boundary, alpha=alpha)
        self._below = Evidence(boundary=boundary, alpha=alpha)
        self._scenarios = 0

    def take(self, look: Look) -> None:
        """Take in one look."""
        self._above.take((1 + look.low) / 2)
        self._below.take((1 - look.high) / 2)
        self._scenarios += look.low.size

    @property
    def alarm(self) -> Direction | None:
        """Whether the interval is disjoint from [−margin, margin] after the last look, and on which side of it."""
        if self._above.is_enough:
            return "above"
        return "below" if self._below.is_enough else None

    def standing(self) -> Standing:
        """Return where it stands."""
        return Standing(
            low=2 * self._above.limit() - 1,
            high=1 - 2 * self._below.limit(),
            evidence_above=exp(min(self._above.log_at_boundary, _MOST)),
            evidence_below=exp(min(self._below.log_at_boundary, _MOST)),
            alarm=self.alarm,
            scenarios=self._scenarios,
        )


_MOST = 700.0  # of a logarithm whose exponential is a number


def standings(looks: Iterable[Look], rule: Rule) -> Sequence[Standing]:
    """Return where a sequence stands after each of its looks.

    Parameters
    ----------
    looks
        In order. A look that failed is not among them.
    rule
        When an alarm is raised.
    """
    sequence = Monitoring(rule)
    found: list[Standing] = []
    for look in looks:
        sequence.take(look)
        found.append(sequence.standing())
    return found

r"""Hamiltonian Monte Carlo for a density that is nearly standard normal (split: Shahbaba, Lan, Johnson and Neal 2014).

With −log density = z'z/2 + V(z), a trajectory alternates kicks by −∇V with exact rotations of (z, momentum), which is the
motion under z'z/2 alone. Were the density normal, one rotation by a quarter turn would give an independent draw; what is not
normal costs a few more kicks. The angle varies about a quarter turn, so that no direction comes back to where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray

Density = Callable[[FloatArray], tuple[float, FloatArray]]
"""Log density and gradient at z."""

ACCEPTANCE: Final = 0.8
"""What the length of a kick is tuned to."""
_FIRST_LENGTH: Final = 0.5
_MOST_KICKS: Final = 64
_SHORTEST: Final = np.pi / 2 / _MOST_KICKS
_DIVERGENT: Final = 50.0
"""A loss of log density beyond it is not a matter of step length."""


@dataclass
class Chain:
    """A chain and where it is. It goes on from there whenever it is asked for more.

    Parameters
    ----------
    density
        Of the target.
    z
        Where it starts.
    rng
        Of this chain alone.
    """

    density: Density
    z: FloatArray
    rng: np.random.Generator
    length: float = _FIRST_LENGTH
    divergences: int = 0
    gradients: int = 0
    accepted: list[float] = field(default_factory=list[float])
    _at: tuple[float, FloatArray] | None = None

    def tune(self, trajectories: int) -> None:
        """Move on, and adapt the length of a kick by dual averaging (Hoffman and Gelman 2014, §3.2)."""
        centre, deficit, averaged = np.log(2 * self.length), 0.0, np.log(self.length)
        for number in range(1, trajectories + 1):
            share = self.step()
            deficit += (ACCEPTANCE - share - deficit) / (number + 10)
            log_length = centre - np.sqrt(number) / 0.1 * deficit
            averaged += number**-0.75 * (log_length - averaged)
            self.length = float(np.clip(np.exp(log_length), _SHORTEST, np.pi / 2))
        self.length = float(np.clip(np.exp(averaged), _SHORTEST, np.pi / 2))
        self.divergences, self.accepted = 0, []

    def here(self) -> tuple[float, FloatArray]:
        """Return log density and gradient where the chain is."""
        if self._at is None:
            self._at = self.density(self.z)
        return self._at

    def move(self, z: FloatArray) -> None:
        """Go on from elsewhere."""
        self.z, self._at = z, None

    def step(self) -> float:
        """Take one trajectory and return the probability with which its end was accepted."""
        value, slope = self.here()
        angle = self.rng.uniform(0.75, 1.25) * np.pi / 2
        kicks = max(1, round(angle / self.length))
        length = angle / kicks
        momentum = self.rng.standard_normal(len(self.z))
        before = value - 0.5 * float(momentum @ momentum)
        z, cos, sin = self.z, np.cos(length), np.sin(length)
        momentum = momentum + 0.5 * length * (slope + z)
        for kick in range(kicks):
            z, momentum = cos * z + sin * momentum, cos * momentum - sin * z
            value, slope = self.density(z)
            self.gradients += 1
            if not np.isfinite(value):
                break
            momentum = momentum + (0.5 if kick == kicks - 1 else 1.0) * length * (slope + z)
        after = value - 0.5 * float(momentum @ momentum) if np.isfinite(value) else -np.inf
        self.divergences += after < before - _DIVERGENT
        share = float(np.exp(min(0.0, after - before)))
        if self.rng.random() < share:
            self.z, self._at = z, (value, slope)
        self.accepted.append(share)
        return share

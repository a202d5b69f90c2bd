"""What the checks look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from driftgauge.measure.outcomes import Counted, sample
from driftgauge.measure.populations import Index, index
from driftgauge.measure.tipping_points import TippingPoint, tipping_points
from driftgauge.study import Protocol


@dataclass(frozen=True)
class Facts:
    """What the checks look at.

    Parameters
    ----------
    ratings, left, estimates, protocol
        As for `check`.
    given
        The tipping points, where they are known already.
    """

    ratings: pl.DataFrame
    left: Counted
    estimates: pl.DataFrame
    protocol: Protocol
    given: Sequence[TippingPoint] | None = None

    @cached_property
    def human(self) -> pl.DataFrame:
        """Counted ratings by people of adversarial prompts: what verdicts are about."""
        return self.left.rows.filter(pl.col("kind") == "human", pl.col("intent") == "adversarial")

    @cached_property
    def found(self) -> Index:
        """The same ratings as arrays."""
        return index(sample(self.human, self.protocol))

    @cached_property
    def verdicts(self) -> list[dict[str, Any]]:
        """The rows of the verdict family."""
        return self.estimates.filter(pl.col("primary")).to_dicts()

    @cached_property
    def tipping(self) -> Sequence[TippingPoint]:
        """The tipping points of the verdict family."""
        if self.given is not None:
            return self.given
        return tipping_points(self.found, self.verdicts, protocol=self.protocol) if self.verdicts else []


def drift_rows(facts: Facts) -> pl.DataFrame:
    """Return the drifts that people rated, between neighbouring generations."""
    return facts.estimates.filter(pl.col("contrast") == "drift", pl.col("kind") == "human")


def listed(names: list[str], most: int = 8) -> str:
    """Return names in a sentence, cut after some."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def named(row: dict[str, Any]) -> str:
    """Return a drift's name.

    Examples
    --------
    >>> named({"baseline_release": "Elm 1", "release": "Elm 2"})
    'Elm 1 → Elm 2'
    """
    return f"{row['baseline_release']} → {row['release']}"


def points(value: float) -> str:
    """Return a difference of shares in points, with its sign.

    Examples
    --------
    >>> points(-0.0312), points(0.2)
    ('−3.1', '+20.0')
    """
    return f"{100 * value:+.1f}".replace("-", "−")

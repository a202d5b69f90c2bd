"""What the checks look at."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from driftgauge.measure.outcomes import Counted
from driftgauge.study import Protocol


@dataclass(frozen=True)
class Facts:
    """What the checks look at."""

    ratings: pl.DataFrame
    left: Counted
    estimates: pl.DataFrame
    protocol: Protocol

    @property
    def human(self) -> pl.DataFrame:
        """Counted ratings by people of adversarial prompts: what verdicts are about."""
        return self.left.rows.filter(pl.col("kind") == "human", pl.col("intent") == "adversarial")

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """The rows of the verdict family."""
        return self.estimates.filter(pl.col("primary")).to_dicts()


def drift_rows(facts: Facts) -> pl.DataFrame:
    """Return the drifts that people rated, between neighbouring generations."""
    return facts.estimates.filter(pl.col("contrast") == "drift", pl.col("kind") == "human")


def listed(names: list[str], most: int = 8) -> str:
    """Return names in a sentence, cut after some."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown

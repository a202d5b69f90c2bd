"""The scenarios that people rate where a judge rates all: drawn once for a study, for all its panels and phases."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from driftgauge.benchmark.scenarios import Scenario
from driftgauge.errors import StudyError
from driftgauge.rate.sampling import draw_scenarios, strata_of
from driftgauge.store import samples
from driftgauge.store.database import Connection
from driftgauge.store.samples import SAMPLE


@dataclass(frozen=True)
class Sampled:
    """The sample of a study.

    Parameters
    ----------
    scenarios
        `SAMPLE`; empty where people rate everything.
    is_new
        Whether it was drawn just now.
    """

    scenarios: pl.DataFrame
    is_new: bool = False

    def of_people(self, responses: pl.DataFrame) -> pl.DataFrame:
        """Return the responses that people are asked about."""
        drawn = self.scenarios.filter("drawn")
        return (
            responses if self.scenarios.is_empty() else responses.join(drawn, on="scenario", how="semi", maintain_order="left")
        )

    def require(self, scenarios: pl.Series) -> None:
        """See that every scenario has a probability.

        Raises
        ------
        StudyError
            When one came after the sample was drawn.
        """
        unknown = set(scenarios.to_list()) - set(self.scenarios["scenario"].to_list())
        if unknown and not self.scenarios.is_empty():
            raise StudyError(
                f"{len(unknown):,} scenarios, {min(unknown)} first, came after the sample for people was drawn: the "
                "probability that people rate them is unknown",
                remedy="Give another benchmark to a study of its own.",
            )


def sampled(connection: Connection, scenarios: Iterable[Scenario], *, n: int | None, seed: int) -> Sampled:
    """Return the sample of a study, drawn now when it is asked for and there is none.

    Parameters
    ----------
    connection
        Of a transaction.
    scenarios
        Of the benchmark, collected or not.
    n
        How many people rate; null: what was drawn before, or all.
    seed
        Of a sample that is drawn now; it depends on nothing else, so that every panel would draw the same.

    Raises
    ------
    StudyError
        When another number was drawn before, or people were asked about everything already, or `n` cannot be drawn.
    """
    known = samples.known_sample(connection)
    before = int(known["drawn"].sum())
    if n is None or before == n:
        return Sampled(known)
    if before:
        raise StudyError(
            f"the sample of this study has {before:,} scenarios, not {n:,}: it is drawn once, for all panels and phases",
            remedy=f"Run it with --ppi {before}, or without --ppi: the sample holds either way.",
        )
    if samples.has_draws(connection):
        raise StudyError(
            "people were asked about all responses already: a sample that is drawn now has no known probabilities",
            remedy="Draw the sample with the first `rate assign` of a study.",
        )
    return Sampled(_drawn(list(scenarios), n, seed), is_new=True)


def _drawn(scenarios: list[Scenario], n: int, seed: int) -> pl.DataFrame:
    strata = strata_of([each.intent for each in scenarios], [each.harm_category for each in scenarios])
    found = draw_scenarios(strata, n, np.random.default_rng([seed, n]))  # noqa: TID251 - the edge where generators are made
    names = [each.scenario for each in scenarios]
    columns = {
        "scenario": names,
        "stratum": strata,
        "inclusion": found.inclusion,
        "drawn": found.drawn,
        "seed": [seed] * len(names),
    }
    return pl.DataFrame(columns, schema=SAMPLE)

r"""How sure a design is of a drift: the variance of §3 from variance components, as probabilities (statistics §10).

.. math:: V = \frac{\sigma^2_S}{S} + \frac{\sigma^2_P}{SP} + \frac{2\sigma^2_R}{SPA}
    + \Big(\tfrac{1}{J_1} + \tfrac{1}{J_2}\Big)(\sigma^2_J + \sigma^2_{JR}) - \frac{2L\sigma^2_J}{J_1 J_2}
    + \sigma^2_E\Big(\tfrac{1}{N_1} + \tfrac{1}{N_2}\Big)

for S scenarios of P prompts, A attempts, panels of J₁ and J₂ raters of whom L are in both, and N ratings a side.
"""

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.truth import Components


@dataclass(frozen=True)
class Design:
    """What is collected for one drift.

    Parameters
    ----------
    scenarios, prompts, attempts
        Scenarios, prompts of each (modalities × languages), answers to each prompt.
    raters
        Of the panel of the earlier and of the later release.
    linked
        Raters who are in both panels.
    per_response
        Raters of each response on either side; null for the whole panel.
    kept
        Share of ratings that are not lost, on either side.
    """

    scenarios: int
    prompts: int
    raters: tuple[int, int]
    attempts: int = 1
    linked: int = 0
    per_response: tuple[int | None, int | None] = (None, None)
    kept: tuple[float, float] = (1.0, 1.0)

    @property
    def ratings(self) -> tuple[float, float]:
        """Ratings of either side."""
        responses = self.scenarios * self.prompts * self.attempts
        before, after = (
            responses * min(each or panel, panel) * kept
            for each, panel, kept in zip(self.per_response, self.raters, self.kept, strict=True)
        )
        return before, after

    def with_raters(self, n: int) -> "Design":
        """Return the design with panels of `n` raters, of whom the same share is linked."""
        share = self.linked / min(self.raters)
        return replace(self, raters=(n, n), linked=round(share * n))


@dataclass(frozen=True)
class Precision:
    """How sure a design is of a drift.

    Parameters
    ----------
    std_error
        Of the drift.
    df
        Degrees of freedom that the study will report, about: they are estimated, and come out too few with few raters.
    df_true
        Those of the variance itself.
    scenarios, raters, ratings
        The variance that comes from each.
    """

    std_error: float
    df: float
    df_true: float
    scenarios: float
    raters: float
    ratings: float


def precision(components: Components, design: Design) -> Precision:
    """Return how sure a design is of a drift.

    Parameters
    ----------
    components
        Variances, on the scale of probabilities.
    design
        Two scenarios or more, two raters or more on each side.

    Examples
    --------
    10 raters on each side, with a variance of severity of 0.005: SE = √(2·0.005/10).

    >>> found = precision(Components(0, 0, 0, 0.005, 0, 0), Design(scenarios=100, prompts=2, raters=(10, 10)))
    >>> round(found.std_error, 6), round(found.df)
    (0.031623, 16)
    """
    c, s, n_prompts = components, design.scenarios, design.scenarios * design.prompts
    scenarios = c.scenario / s + c.prompt / n_prompts + 2 * c.response / (n_prompts * design.attempts)
    noise = np.array([c.residual / n for n in design.ratings])
    strata = _strata(c, design, noise)
    raters = sum(each for each, _ in strata) - float(noise.sum())
    variance = scenarios + raters + float(noise.sum())
    parts = [(scenarios + float(noise.sum()), s - 1.0), *strata]
    over = sum(part**2 / df for part, df in parts)
    if not over:
        return Precision(0.0, np.inf, np.inf, 0.0, 0.0, 0.0)
    df = variance**2 / over
    reported = variance**2 * (1 + 2 / df) / sum(part**2 * (1 + 2 / free) / free for part, free in parts)
    return Precision(sqrt(variance), min(reported, df), df, scenarios, raters, float(noise.sum()))


def _strata(c: Components, design: Design, noise: FloatArray) -> list[tuple[float, float]]:
    """Return the variance (that of the ratings included) and the degrees of freedom of each stratum of raters."""
    one, both = c.rater + c.rater_release, design.linked
    each = [one / panel**2 + float(part) / panel for panel, part in zip(design.raters, noise, strict=True)]
    found = [((panel - both) * part, panel - both) for panel, part in zip(design.raters, each, strict=True)]
    found.append((both * (sum(each) - 2 * c.rater / (design.raters[0] * design.raters[1])), both))
    (first, n), *rest = sorted(found, key=lambda stratum: stratum[1], reverse=True)
    alone = [part for part, n in rest if n == 1]  # one rater has no variance of his own, and joins the largest stratum
    strata = [(first + sum(alone), n + len(alone)), *((part, n) for part, n in rest if n > 1)]
    return [(part, n - 1.0) for part, n in strata]

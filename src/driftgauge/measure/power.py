"""Planning: which drift a design detects, whether it can say `unchanged`, and what a target needs (statistics §10).

Power is that of the t test of §3 with its degrees of freedom, by the noncentral t; the variance is that of `precision`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import Final, Literal

import numpy as np

from driftgauge.measure.arrays import FloatArray
from driftgauge.measure.pooling import normal_cdf
from driftgauge.measure.precision import Design, Precision, precision
from driftgauge.measure.student import quantile
from driftgauge.measure.truth import Components
from driftgauge.measure.verdicts import EQUIVALENCE_LEVEL
from driftgauge.study import Margin

Goal = Literal["detect", "unchanged"]
ComponentsAt = Callable[[float], Components]
"""The components of a drift of this size; of a pilot they are the same for all."""

MOST_RATERS: Final = 1_000
MOST_SCENARIOS: Final = 100_000
PANELS: Final = (3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500)
"""Panel sizes that the cheapest design is looked for among."""
FEWEST_SCENARIOS: Final = 30
"""Of the cheapest design: with fewer, what was learned would be about these scenarios."""


@dataclass(frozen=True)
class Test:
    """How a drift is judged.

    Parameters
    ----------
    level
        Confidence level of the protocol.
    margin
        In points, 0 to 1.
    drifts
        How many are in the verdict family. Each is taken to stand first in Holm's order, as the one that is hardest to show.
    """

    __test__ = False  # not a test of pytest

    level: float = 0.95
    margin: float = 0.05
    drifts: int = 1


@dataclass(frozen=True)
class Power:
    """Chance that a true drift is found significant in its direction, and that it is called unchanged."""

    detect: float
    unchanged: float


def power_at(drift: float, components: Components, design: Design, *, test: Test) -> Power:
    """Return the chances of the verdicts on one true drift.

    Parameters
    ----------
    drift
        True drift in points, 0 to 1; its sign does not matter.
    components, design, test
        Of the study.

    Returns
    -------
    Power
        Of a test at (1 − level)/drifts and of two one-sided tests at 5 %/drifts. `unchanged` is an upper limit where a small
        drift is likely to be significant: significance goes first.

    Examples
    --------
    >>> parts = Components(0, 0, 0, 0.005, 0, 0)
    >>> found = power_at(0.10, parts, Design(scenarios=100, prompts=2, raters=(10, 10)), test=Test())
    >>> round(found.detect, 3), round(found.unchanged, 3)
    (0.845, 0.0)
    """
    found = precision(components, design)
    return Power(_detected(drift, found, test), _called_unchanged(drift, found, test))


def _detected(drift: float, found: Precision, test: Test) -> float:
    """Return the chance that the t test at (1 − level)/drifts finds a true drift, in its direction."""
    if found.std_error == 0:
        return float(drift != 0)
    s, weight = _scale(found.df_true)
    critical = _critical((1 - test.level) / test.drifts / 2, found)
    return float(normal_cdf(abs(drift) / found.std_error - critical * s) @ weight)


def _called_unchanged(drift: float, found: Precision, test: Test) -> float:
    """Return the chance that two one-sided tests at 5 %/drifts both find a true drift inside the margin."""
    if found.std_error == 0:
        return float(abs(drift) < test.margin)
    s, weight = _scale(found.df_true)
    room = test.margin / found.std_error - _critical(EQUIVALENCE_LEVEL / test.drifts, found) * s
    shift = abs(drift) / found.std_error
    inside = np.where(room > 0, normal_cdf(room - shift) - normal_cdf(-room - shift), 0.0)
    return float(inside @ weight)


def _critical(tail: float, found: Precision) -> float:
    return float(quantile(1 - tail, np.array([max(min(found.df, 1e6), 1.0)]))[0])


@dataclass(frozen=True)
class ShownPower:
    """The power that a study turned out to have, with the interval that its standard error's own uncertainty gives."""

    value: float
    low: float
    high: float


def shown_power(drift: float, *, std_error: float, df: float, test: Test) -> ShownPower:
    r"""Return the chance that a study as sure as this one finds a true drift of a given size.

    The drift is one that was declared (the margin), never the one that was estimated: power at the estimate only says the p
    value again. The standard error is known from `df` degrees of freedom alone, :math:`\nu\,SE^2/\sigma^2 \sim \chi^2_\nu`, and
    power falls as :math:`\sigma` grows, so limits of :math:`\sigma` are limits of the power.

    Parameters
    ----------
    drift
        In points, 0 to 1.
    std_error, df
        Of the estimated drift: above 0.
    test
        Level, margin and number of drifts.

    Returns
    -------
    ShownPower
        Of a test at (1 − level)/drifts; the interval at `test.level`.

    Examples
    --------
    R's ``power.t.test(n = 20, delta = 1, sd = 1)``: 0.8689528.

    >>> found = shown_power(1.0, std_error=sqrt(2 / 20), df=38.0, test=Test())
    >>> round(found.value, 5), round(found.low, 2), round(found.high, 2)
    (0.86895, 0.67, 0.96)
    """
    low, high = (std_error / s for s in (_scale_quantile((1 + side * test.level) / 2, df) for side in (1, -1)))
    at = [_detected(drift, Precision(each, df, df, 0.0, 0.0, 0.0), test) for each in (std_error, high, low)]
    return ShownPower(*at)


def margin_in_points(margin: Margin, baseline: float) -> float:
    """Return the margin in points; of an odds ratio, what it is at the earlier release's rate.

    Examples
    --------
    >>> round(margin_in_points(Margin(odds_ratio=1.5), 0.5), 3)
    0.1
    """
    if margin.points is not None:
        return margin.points
    p = min(max(baseline, 1e-6), 1 - 1e-6)
    later = 1 / (1 + exp(-(log(p / (1 - p)) + log(margin.odds_ratio or 1.0))))
    return abs(later - p)


def can_be_unchanged(components: Components, design: Design, *, test: Test) -> bool:
    """Return whether the interval of two one-sided tests is narrow enough for the margin at all, were the estimate 0."""
    found = precision(components, design)
    return _critical(EQUIVALENCE_LEVEL, found) * found.std_error < test.margin


def detectable(components_at: ComponentsAt, design: Design, *, test: Test, power: float = 0.8) -> float | None:
    """Return the smallest true drift that is detected with this power; null when none up to 100 points is.

    Examples
    --------
    >>> parts = Components(0, 0, 0, 0.005, 0, 0)
    >>> found = detectable(lambda drift: parts, Design(scenarios=100, prompts=2, raters=(10, 10)), test=Test())
    >>> round(found or 0, 3)
    0.094
    """
    low, high = 0.0, 1.0
    if power_at(high, components_at(high), design, test=test).detect < power:
        return None
    while high - low > 1e-5:
        middle = (low + high) / 2
        enough = power_at(middle, components_at(middle), design, test=test).detect >= power
        low, high = (low, middle) if enough else (middle, high)
    return high


@dataclass(frozen=True)
class Needed:
    """What a target needs.

    Parameters
    ----------
    raters, raters_ratings
        Raters of each panel, the rest as planned, and the ratings that this makes; null when no number up to 1,000 is enough.
    scenarios, scenarios_ratings
        Likewise scenarios, up to 100,000.
    cheapest
        The design with the fewest ratings, where raters and scenarios (30 or more) may both be chosen; null when there is none.
    """

    raters: int | None
    raters_ratings: int | None
    scenarios: int | None
    scenarios_ratings: int | None
    cheapest: Design | None


def needed(
    target: float, components: Components, design: Design, *, test: Test, power: float = 0.8, goal: Goal = "detect"
) -> Needed:
    """Return how many raters or scenarios give a power at a true drift.

    Parameters
    ----------
    target
        True drift in points, 0 to 1; for ``unchanged``, below the margin (0 for none).
    components, design, test
        Of the study; what is not asked for stays as planned.
    power
        Wanted chance of the verdict.
    goal
        ``detect`` a drift, or call it ``unchanged``.
    """

    def enough(at: Design) -> bool:
        chance = _detected if goal == "detect" else _called_unchanged
        return chance(target, precision(components, at), test) >= power

    def scenarios_for(base: Design, at_least: int) -> int | None:
        return _smallest(lambda n: enough(replace(base, scenarios=n)), at_least, MOST_SCENARIOS)

    raters = _smallest(lambda n: enough(design.with_raters(n)), 2, MOST_RATERS)
    scenarios = scenarios_for(design, 2)
    options = [(base, scenarios_for(base, FEWEST_SCENARIOS)) for base in (design.with_raters(n) for n in PANELS)]
    found = [replace(base, scenarios=n) for base, n in options if n is not None]
    return Needed(
        raters,
        None if raters is None else _ratings(design.with_raters(raters)),
        scenarios,
        None if scenarios is None else _ratings(replace(design, scenarios=scenarios)),
        min(found, key=_ratings, default=None),
    )


def _ratings(design: Design) -> int:
    return round(sum(design.ratings))


def _smallest(enough: Callable[[int], bool], low: int, high: int) -> int | None:
    if not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def _scale(df: float, *, points: int | None = None) -> tuple[FloatArray, FloatArray]:
    """Return values of √(χ²/df), of the degrees of freedom of a variance, with their probabilities."""
    df = max(min(df, 1e6), 1.0)
    width = 8 / sqrt(2 * df)
    s = np.linspace(max(1e-6, 1 - width), 1 + width, points or (121 if df >= 8 else 1_201))
    log_density = (df - 1) * np.log(s) - df * (s**2 - 1) / 2
    weight = np.exp(log_density - log_density.max())
    return s, weight / weight.sum()


def _scale_quantile(p: float, df: float) -> float:
    """Return the `p`-quantile of √(χ²/df), to about five digits."""
    s, weight = _scale(df, points=20_001)
    return float(np.interp(p, np.cumsum(weight) - weight / 2, s))

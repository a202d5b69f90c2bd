r"""Profile-likelihood intervals of standard deviations.

With the other parameters at their best for each value of one standard deviation, :math:`L(\sigma)` is the profile of the
Laplace log-likelihood. The interval holds every :math:`\sigma` with

.. math:: 2\,(L(\hat\sigma) - L(\sigma)) \le \chi^2_1(\text{level}).

Wald's interval on the logarithm cannot hold 0 and has no limits at the boundary; this one can and has. It is what
``confint(fit, method = "profile")`` gives in R for `lme4` and `glmmTMB`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
import polars as pl

from driftgauge.measure.mixed import separation
from driftgauge.measure.mixed.design import Design
from driftgauge.measure.mixed.laplace import Laplace, Point, prepare
from driftgauge.measure.mixed.optimise import Optimum, maximise
from driftgauge.measure.mixed.start import Start, start

_TOLERANCE: Final = 1e-9
_MOST_EVALUATIONS: Final = 200
_FLAT: Final = 1e-5
"""A maximum at which a step promises no more than this in log-likelihood is good enough for a limit."""
_HIGHER: Final = 1e-4
"""A profile that rises by more above the fit has found a better one."""
_PRECISE: Final = 1e-6
"""Of a limit, as a share of it."""
_FIRST_SIGMA: Final = 0.2
"""Where other standard deviations begin that were 0 a step before."""
_LARGEST_SIGMA: Final = 100.0
_SCHEMA: Final = {
    "grouping": pl.String,
    "std_dev": pl.Float64,
    "conf_low": pl.Float64,
    "conf_high": pl.Float64,
    "reason": pl.String,
}


def profile_intervals(design: Design, point: Point, log_likelihood: float, *, level: float) -> pl.DataFrame:
    """Return the profile-likelihood interval of the standard deviation of each grouping.

    Parameters
    ----------
    design
        What was fitted.
    point, log_likelihood
        The estimates of maximum likelihood, and how high it is.
    level
        Of the intervals.

    Returns
    -------
    polars.DataFrame
        grouping, std_dev, conf_low, conf_high, reason. The lower limit is 0 when 0 is within; a limit that was not found is
        null, and the reason is said.

    Examples
    --------
    >>> from driftgauge.measure.mixed.fit import fit_design
    >>> from driftgauge.measure.mixed.presets import preset_design
    >>> scenario, rater = (each.ravel() for each in np.indices((12, 6)))
    >>> harm = 1 + (scenario % 4 + (scenario * rater) % 3 + rater // 3) // 2
    >>> texts = {"release": ["A"] * 72, "modality": ["text-only"] * 72}
    >>> ratings = pl.DataFrame({"scenario": scenario, "rater": rater, "harm": harm, "response_id": scenario, **texts})
    >>> fit = fit_design(preset_design(ratings, "published"))
    >>> found = fit.profile_intervals().filter(grouping="scenario").to_dicts()[0]
    >>> 0 <= found["conf_low"] < found["std_dev"] < found["conf_high"]
    True
    """
    engine = prepare(design.model)
    begin = start(engine, separation.fixed_only(design.model).parameters)
    rows: list[dict[str, object]] = []
    for t, grouping in enumerate(design.model.groupings):
        profile = _Profile(engine, point, log_likelihood, begin, t, NormalDist().inv_cdf((1 + level) / 2))
        limits = {"conf_low": _limit(profile.lower), "conf_high": _limit(profile.upper)}
        reasons = list(dict.fromkeys(each for each in limits.values() if isinstance(each, str)))
        known = {name: None if isinstance(each, str) else each for name, each in limits.items()}
        estimate = float(point.sigma[t])
        rows.append({"grouping": grouping.name, "std_dev": estimate, **known, "reason": "; ".join(reasons) or None})
    return pl.DataFrame(rows, schema=_SCHEMA)


class _NoLimitError(Exception):
    """A limit cannot be found; says why."""


@dataclass(frozen=True)
class _Profile:
    """The profile of one standard deviation, and how far from the maximum its limits are, in standard errors."""

    engine: Laplace
    point: Point
    log_likelihood: float
    begin: Start
    t: int
    distance: float

    def lower(self) -> float:
        """Return the lower limit: 0 when 0 is within."""
        estimate = self._estimate
        if estimate == 0:
            return 0.0
        walk = _Walk(self, self.point)
        # Down in steps, so that each maximum begins near the one before.
        within = (estimate, -self.distance)
        for share in (0.5, 0.25, 0.1, 0.0):
            beyond = (share * estimate, walk.excess(share * estimate))
            if beyond[1] > 0:
                return _root(walk.excess, within=within, beyond=beyond)
            within = beyond
        return 0.0

    def upper(self) -> float:
        """Return the upper limit."""
        walk = _Walk(self, self.point)
        within = (self._estimate, -self.distance)
        while within[0] < _LARGEST_SIGMA:
            sigma = min(max(1.5 * within[0], _FIRST_SIGMA), _LARGEST_SIGMA)
            beyond = (sigma, walk.excess(sigma))
            if beyond[1] > 0:
                return _root(walk.excess, within=within, beyond=beyond)
            within = beyond
        raise _NoLimitError(f"no upper limit: up to {_LARGEST_SIGMA:g} the profile does not fall far enough")

    @property
    def _estimate(self) -> float:
        return float(self.point.sigma[self.t])


class _Walk:
    """Maxima along a profile, each begun where the one before ended."""

    def __init__(self, profile: _Profile, point: Point) -> None:
        self.profile = profile
        self.point = point

    def excess(self, sigma: float) -> float:
        """Return how much further than a limit a value is: √(twice the loss in log-likelihood) − distance."""
        found = self._maximum(sigma)
        if not found.evaluation.reached or found.decrement > _FLAT:
            raise _NoLimitError(f"at a standard deviation of {sigma:.3g} the profile has no maximum")
        loss = self.profile.log_likelihood - found.evaluation.value
        if loss < -_HIGHER:
            raise _NoLimitError(f"at a standard deviation of {sigma:.3g} the likelihood is higher than that of the fit")
        self.point = found.evaluation.point
        return float(np.sqrt(2 * max(loss, 0.0))) - self.profile.distance

    def _maximum(self, sigma: float) -> Optimum:
        profile, point = self.profile, self.point
        others = np.maximum(point.sigma, _FIRST_SIGMA)
        others[profile.t] = sigma
        begin = Start(Point(point.beta, point.thresholds, others), profile.begin.information)
        held = profile.engine.n_fixed + profile.t
        return maximise(profile.engine, begin, tolerance=_TOLERANCE, most=_MOST_EVALUATIONS, held=held)


def _limit(find: Callable[[], float]) -> float | str:
    """Return a limit, or why there is none."""
    try:
        return find()
    except _NoLimitError as error:
        return str(error)


def _root(excess: Callable[[float], float], *, within: tuple[float, float], beyond: tuple[float, float]) -> float:
    """Return where the excess is 0, by the false position with halving (Illinois), between two points and their excess."""
    low, high = within, beyond
    for _ in range(60):
        middle = (low[0] * high[1] - high[0] * low[1]) / (high[1] - low[1])
        if abs(high[0] - low[0]) <= _PRECISE * max(abs(high[0]), abs(low[0])):
            return middle
        value = excess(middle)
        if abs(value) < _PRECISE:
            return middle
        if value > 0:
            low, high = (low[0], low[1] / 2), (middle, value)
        else:
            low, high = (middle, value), (high[0], high[1] / 2)
    raise _NoLimitError(f"the search between {within[0]:.3g} and {beyond[0]:.3g} did not end")

"""What is true of a simulated release: its rates, and the variance of its parts as probabilities (statistics §9, §10).

A release refuses a prompt with probability ρ; what it does not refuse succeeds with probability expit(β + effects), with normal
effects of scenario, scenario:modality, response, rater and rater:release. Everything here is an integral over those effects,
by Gauss–Hermite quadrature.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from driftgauge.measure.arrays import FloatArray

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_FEW: Final = np.polynomial.hermite_e.hermegauss(24)
"""Nodes and weights of one level of a nested integral."""


@dataclass(frozen=True)
class Spreads:
    """Standard deviations of the effects, in logits; `panel_shift` is added to the severity of later phases."""

    scenario: float = 1.3
    scenario_modality: float = 0.5
    response: float = 0.7
    rater: float = 0.6
    rater_release: float = 0.3
    panel_shift: float = 0.0

    @property
    def total(self) -> float:
        """Standard deviation of the sum of all effects."""
        parts = (self.scenario, self.scenario_modality, self.response, self.rater, self.rater_release)
        return float(np.sqrt(np.square(parts).sum()))


@dataclass(frozen=True)
class Level:
    """The truth of one release.

    Parameters
    ----------
    refusal
        Probability that it refuses a prompt.
    intercepts
        Of each modality, in logits.
    """

    refusal: float
    intercepts: FloatArray

    def asr(self, spreads: Spreads, *, shift: float = 0.0) -> float:
        """Return the true attack success rate over modalities, of a panel whose severity is shifted by so many logits."""
        rates = [population_rate(float(each) + shift, spreads.total) for each in self.intercepts]
        return (1 - self.refusal) * float(np.mean(rates))


@dataclass(frozen=True)
class Components:
    """Variances on the scale of probabilities, of what a drift is made of.

    Parameters
    ----------
    scenario
        Between scenarios, of the change of a scenario over infinitely many prompts.
    prompt
        Between the prompts of a scenario, of the change of a prompt.
    response
        Between the responses to one prompt, mean of both releases: the release's own chance, refusals included.
    rater
        Between raters, of the severity that a rater brings to both releases.
    rater_release
        Between raters, of the severity that a rater has for one release alone.
    residual
        Of a single rating, given all of these, mean of both releases.

    Each is 0 or more.
    """

    scenario: float
    prompt: float
    response: float
    rater: float
    rater_release: float
    residual: float


def components(before: Level, after: Level, spreads: Spreads) -> Components:
    """Return the variance components of the drift between two releases.

    Parameters
    ----------
    before, after
        The releases, with intercepts for the same modalities.
    spreads
        Of the effects.

    Examples
    --------
    Without effects there is the chance of a rating alone, p(1 − p):

    >>> level = Level(0.0, np.zeros(2))
    >>> found = components(level, level, Spreads(0, 0, 0, 0, 0))
    >>> round(found.residual, 9), round(found.scenario + found.prompt + found.response + found.rater, 9)
    (0.25, 0.0)
    """
    sides = (before, after)
    scenario, prompt = _change(sides, spreads)
    responses = [_response(side, spreads) for side in sides]
    raters = [_raters(side, spreads) for side in sides]
    shared = _covariance(*(each.shared for each in raters))
    whole = float(np.mean([each.variance for each in raters]))
    residual = [
        _single(side, spreads) - each.total - rater.variance for side, each, rater in zip(sides, responses, raters, strict=True)
    ]
    return Components(
        scenario=scenario,
        prompt=prompt,
        response=float(np.mean([each.own for each in responses])),
        rater=max(shared, 0.0),
        rater_release=max(whole - shared, 0.0),
        residual=max(float(np.mean(residual)), 0.0),
    )


def _change(sides: tuple[Level, Level], spreads: Spreads) -> tuple[float, float]:
    """Return the variance of the change over scenarios, and of a prompt's change within its scenario."""
    (u, weight_u), (v, weight_v) = _rule(spreads.scenario), _rule(spreads.scenario_modality)
    rest = float(np.sqrt(spreads.response**2 + spreads.rater**2 + spreads.rater_release**2))
    at = u[:, None] + v[None, :]
    change = sum(
        sign * (1 - side.refusal) * np.stack([_over(beta + at, rest) for beta in side.intercepts])
        for sign, side in zip((-1, 1), sides, strict=True)
    )
    by_scenario = change @ weight_v
    within = ((change - by_scenario[:, :, None]) ** 2 @ weight_v) @ weight_u
    over_modalities = by_scenario.mean(axis=0)
    return _variance(over_modalities, weight_u), float(within.mean())


@dataclass(frozen=True)
class _Response:
    """Variance between the responses to one prompt, and between all responses of a release to one modality."""

    own: float
    total: float


def _response(side: Level, spreads: Spreads) -> _Response:
    (t, weight_t), (e, weight_e) = _rule(float(np.hypot(spreads.scenario, spreads.scenario_modality))), _rule(spreads.response)
    rest = float(np.hypot(spreads.rater, spreads.rater_release))
    rated = np.stack([_over(beta + t[:, None] + e[None, :], rest) for beta in side.intercepts])
    first, second = (1 - side.refusal) * (rated @ weight_e), (1 - side.refusal) * (rated**2 @ weight_e)
    own = ((second - first**2) @ weight_t).mean()
    total = (second @ weight_t - (first @ weight_t) ** 2).mean()
    return _Response(float(own), float(total))


@dataclass(frozen=True)
class _Raters:
    """Variance of raters' means at one release, and those means by the severity that they bring to every release."""

    variance: float
    shared: FloatArray


def _raters(side: Level, spreads: Spreads) -> _Raters:
    prompts = float(np.sqrt(spreads.scenario**2 + spreads.scenario_modality**2 + spreads.response**2))
    w, weight = _rule(float(np.hypot(spreads.rater, spreads.rater_release)))
    own, _ = _rule(spreads.rater)

    def mean_at(severity: FloatArray, sd: float) -> FloatArray:
        return (1 - side.refusal) * np.mean([_over(beta + severity, sd) for beta in side.intercepts], axis=0)

    return _Raters(_variance(mean_at(w, prompts), weight), mean_at(own, float(np.hypot(prompts, spreads.rater_release))))


def _single(side: Level, spreads: Spreads) -> float:
    rates = (1 - side.refusal) * np.array([population_rate(float(beta), spreads.total) for beta in side.intercepts])
    return float((rates * (1 - rates)).mean())


def _rule(sd: float) -> tuple[FloatArray, FloatArray]:
    nodes, weights = _FEW
    return sd * nodes, weights / weights.sum()


def _over(at: FloatArray, sd: float) -> FloatArray:
    """Return E[expit(at + N(0, sd²))]."""
    nodes, weights = _rule(sd)
    return (1 / (1 + np.exp(-(at[..., None] + nodes)))) @ weights


def _variance(values: FloatArray, weights: FloatArray) -> float:
    middle = values @ weights
    return float((values - middle) ** 2 @ weights)


def _covariance(one: FloatArray, other: FloatArray) -> float:
    _, weights = _rule(1.0)
    return float((one - one @ weights) * (other - other @ weights) @ weights)


def population_rate(intercept: float, sd: float) -> float:
    """Return E[expit(intercept + N(0, sd²))] by Gauss–Hermite quadrature.

    Examples
    --------
    >>> population_rate(0.0, 2.0)
    0.5
    """
    rate = (_WEIGHTS / (1 + np.exp(-(intercept + sd * _NODES)))).sum() / np.sqrt(2 * np.pi)
    return round(float(rate), 15)


def solve_intercept(rate: float, sd: float, modality_effect: float = 0.0) -> float:
    """Return the intercept whose population rate, averaged over both modalities, is `rate`; by bisection."""
    low, high = -30.0, 30.0
    for _ in range(100):
        middle = (low + high) / 2
        value = sum(population_rate(middle + sign * modality_effect / 2, sd) for sign in (-1, 1)) / 2
        low, high = (middle, high) if value < rate else (low, middle)
    return (low + high) / 2

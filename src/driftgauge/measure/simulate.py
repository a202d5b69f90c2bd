"""Simulated studies with a known truth: for the demo, for recovery tests, for coverage (statistics §9).

A release refuses a prompt with a probability of its own; what it does not refuse is harmful by a logit model with effects
for the scenario, the scenario in its modality, the response, the rater and the rater with this release. So the true ASR of a
release is known: (1 − refusal)·E[expit(β + N(0, Σσ²))]; β is solved from the ASR among engaged responses that is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from driftgauge.frames import MODALITIES
from driftgauge.measure.arrays import BoolArray, FloatArray, IntArray

HARM_CATEGORIES: Final = ("illegal_activity", "disinformation", "unethical_behaviour")
TECHNIQUES: Final = ("role_play", "refusal_suppression", "false_premise", "fictional_frame")
EXECUTIONS: Final = ("in_text", "in_image")
_THRESHOLDS: Final = (-1.0, 0.0, 0.9, 2.0)
"""Of the harm scale, on the latent scale on which an attack succeeds above 0; harm 3 begins near success."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


@dataclass(frozen=True)
class SimulatedRelease:
    """A release with its truth.

    Parameters
    ----------
    release, family, generation, phase
        Its place in the study.
    refusal
        Probability that it refuses a prompt.
    conditional_asr
        True ASR among what it does not refuse, over both modalities.
    modality_effect
        Multimodal minus text-only, in logits.
    """

    release: str
    family: str
    generation: int
    phase: int
    refusal: float
    conditional_asr: float
    modality_effect: float = 0.0

    @property
    def asr(self) -> float:
        """True attack success rate over both modalities."""
        return (1 - self.refusal) * self.conditional_asr


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
class Shape:
    """A study to simulate.

    Parameters
    ----------
    releases
        With their truth.
    scenarios
        Each in two modalities.
    panels
        Raters of each phase, by phase; each panel has raters of its own.
    anchors
        Share of the first phase's responses that the next panel rates as well.
    ratings
        How many ratings to keep in all; the rest of the second phase goes missing at random. Null keeps all.
    spreads
        Of the effects.
    """

    releases: Sequence[SimulatedRelease]
    scenarios: int
    panels: dict[int, int]
    anchors: float = 0.0
    ratings: int | None = None
    spreads: Spreads = field(default_factory=Spreads)


PUBLISHED_SHAPE: Final = Shape(
    releases=(
        SimulatedRelease("Alder 1", "Alder", 1, 1, refusal=0.30, conditional_asr=0.16, modality_effect=-0.25),
        SimulatedRelease("Alder 2", "Alder", 2, 2, refusal=0.13, conditional_asr=0.42, modality_effect=0.15),
        SimulatedRelease("Birch 1", "Birch", 1, 1, refusal=0.10, conditional_asr=0.46, modality_effect=0.20),
        SimulatedRelease("Birch 2", "Birch", 2, 2, refusal=0.09, conditional_asr=0.10, modality_effect=0.05),
        SimulatedRelease("Cedar 1", "Cedar", 1, 1, refusal=0.12, conditional_asr=0.55, modality_effect=0.35),
        SimulatedRelease("Cedar 2", "Cedar", 2, 2, refusal=0.66, conditional_asr=0.50, modality_effect=-0.10),
        SimulatedRelease("Dogwood 1", "Dogwood", 1, 1, refusal=0.52, conditional_asr=0.06, modality_effect=-0.30),
        SimulatedRelease("Dogwood 2", "Dogwood", 2, 2, refusal=0.55, conditional_asr=0.05, modality_effect=-0.15),
    ),
    scenarios=363,
    panels={1: 17, 2: 12},
    anchors=0.05,
    ratings=82_256,
)
"""The shape of the published study (Ford, Van Doren and Dix 2026), with made-up families and a made-up truth."""


def simulate(shape: Shape, rng: np.random.Generator) -> pl.DataFrame:
    """Return the ratings of a simulated study, one row a rating, in the columns of the ratings file; `simulated` is true.

    Parameters
    ----------
    shape
        What to simulate.
    rng
        Source of randomness.

    Examples
    --------
    >>> small = Shape(PUBLISHED_SHAPE.releases[:2], scenarios=4, panels={1: 3, 2: 2})
    >>> len(simulate(small, np.random.default_rng(1)))
    40
    """
    effects = _Effects.draw(shape, rng)
    frames = [_release(shape, effects, number, rng) for number in range(len(shape.releases))]
    ratings = pl.concat(frames).join(_scenarios(shape.scenarios), on="scenario", how="left", maintain_order="left")
    if shape.ratings is not None:
        ratings = _lose(ratings, len(ratings) - shape.ratings, last=max(shape.panels), rng=rng)
    return ratings.with_columns(simulated=pl.lit(True))


@dataclass(frozen=True)
class _Effects:
    scenario: FloatArray
    scenario_modality: FloatArray
    severity: dict[int, FloatArray]

    @classmethod
    def draw(cls, shape: Shape, rng: np.random.Generator) -> "_Effects":
        sd = shape.spreads
        first = min(shape.panels)
        return cls(
            scenario=rng.normal(0, sd.scenario, shape.scenarios),
            scenario_modality=rng.normal(0, sd.scenario_modality, (shape.scenarios, 2)),
            severity={
                phase: rng.normal(0, sd.rater, n) + (sd.panel_shift if phase > first else 0.0)
                for phase, n in shape.panels.items()
            },
        )


def _release(shape: Shape, effects: _Effects, number: int, rng: np.random.Generator) -> pl.DataFrame:
    release, sd = shape.releases[number], shape.spreads
    intercept = solve_intercept(release.conditional_asr, sd.total, release.modality_effect)
    beta = intercept + np.array([-0.5, 0.5]) * release.modality_effect
    response = beta + effects.scenario[:, None] + effects.scenario_modality
    response = response + rng.normal(0, sd.response, (shape.scenarios, 2))
    refused = rng.random((shape.scenarios, 2)) < release.refusal
    home = np.ones((shape.scenarios, 2), dtype=np.bool_)
    sittings = [_Sitting(release.phase, effects.severity[release.phase], home)]
    following = [phase for phase in shape.panels if phase > release.phase]
    if following and shape.anchors:
        again = rng.random((shape.scenarios, 2)) < shape.anchors
        sittings.append(_Sitting(min(following), effects.severity[min(following)], again))
    return pl.concat([_rated(release, _Responses(response, refused), sitting, sd=sd, rng=rng) for sitting in sittings])


@dataclass(frozen=True)
class _Responses:
    """(scenarios, 2) latent harmfulness before any rater, and whether the release refused."""

    latent: FloatArray
    refused: BoolArray


@dataclass(frozen=True)
class _Sitting:
    """A panel with the severity of its raters, and which responses it is shown."""

    panel: int
    severity: FloatArray
    shown: BoolArray


def _rated(
    release: SimulatedRelease, responses: _Responses, sitting: _Sitting, *, sd: Spreads, rng: np.random.Generator
) -> pl.DataFrame:
    """Let every rater of a panel rate the responses that are shown to it."""
    scenario, modality = np.nonzero(sitting.shown)
    n, raters, panel = len(scenario), len(sitting.severity), sitting.panel
    bias = sitting.severity + rng.normal(0, sd.rater_release, raters)
    latent = responses.latent[scenario, modality][:, None] + bias + rng.logistic(size=(n, raters))
    declined = responses.refused[scenario, modality][:, None] & np.ones(raters, dtype=np.bool_)
    success = ~declined & (latent > 0)
    felt = latent + rng.logistic(scale=0.3, size=(n, raters))
    harm = np.where(declined, 1, 1 + np.searchsorted(_THRESHOLDS, felt))
    marked = rng.random((n, raters))
    refusal = np.where(declined, marked < 0.95, marked < 0.005)
    return pl.DataFrame(
        {
            "scenario": np.repeat(_scenario_names(sitting.shown.shape[0])[scenario], raters),
            "modality": np.repeat(np.array(MODALITIES)[modality], raters),
            "release": release.release,
            "family": release.family,
            "generation": release.generation,
            "phase": str(release.phase),
            "panel": str(panel),
            "rater": np.tile(np.array([f"P{panel}-{r + 1:02d}" for r in range(raters)]), n),
            "purpose": "item" if panel == release.phase else "anchor",
            "harm": harm.ravel(),
            "success": success.ravel(),
            "refusal": refusal.ravel(),
        }
    )


def _scenario_names(n: int) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.array([f"S{number + 1:03d}" for number in range(n)])


def _scenarios(n: int) -> pl.DataFrame:
    number = np.arange(n)

    def spread_over(names: Sequence[str], code: IntArray) -> pl.Series:
        return pl.Series([names[int(each)] for each in code % len(names)])

    return pl.DataFrame(
        {
            "scenario": _scenario_names(n),
            "harm_category": spread_over(HARM_CATEGORIES, number),
            "technique": spread_over(TECHNIQUES, number // len(HARM_CATEGORIES)),
            "execution": spread_over(EXECUTIONS, number // (len(HARM_CATEGORIES) * len(TECHNIQUES))),
        }
    )


def _lose(ratings: pl.DataFrame, n: int, *, last: int, rng: np.random.Generator) -> pl.DataFrame:
    """Drop `n` item ratings of the last panel at random."""
    candidates = np.flatnonzero(((ratings["panel"] == str(last)) & (ratings["purpose"] == "item")).to_numpy())
    keep = np.ones(len(ratings), dtype=np.bool_)
    keep[rng.choice(candidates, n, replace=False)] = False
    return ratings.filter(pl.Series(keep))


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

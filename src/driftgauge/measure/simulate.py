"""Simulated studies with a known truth: for the demo, for recovery tests, for coverage (statistics §9).

A release refuses a prompt with a probability of its own; what it does not refuse is harmful by a logit model with effects
for the scenario, the scenario in its modality, the response, the rater and the rater with this release. So the true ASR of a
release is known: (1 − refusal)·E[expit(β + N(0, Σσ²))]; β is solved from the ASR among engaged responses that is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from driftgauge.frames import MODALITIES
from driftgauge.measure.arrays import BoolArray, FloatArray, IntArray
from driftgauge.measure.truth import Spreads, population_rate, solve_intercept

__all__ = [
    "PUBLISHED_SHAPE",
    "Shape",
    "SimulatedRelease",
    "Spreads",
    "population_rate",
    "rated_by",
    "severities",
    "simulate",
    "solve_intercept",
]

HARM_CATEGORIES: Final = ("illegal_activity", "disinformation", "unethical_behaviour")
TECHNIQUES: Final = ("role_play", "refusal_suppression", "false_premise", "fictional_frame")
EXECUTIONS: Final = ("in_text", "in_image")
_THRESHOLDS: Final = (-1.0, 0.0, 0.9, 2.0)
"""Of the harm scale, on the latent scale on which an attack succeeds above 0; harm 3 begins near success."""


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
    missing
        Probability that a rating of it is lost.
    """

    release: str
    family: str
    generation: int
    phase: int
    refusal: float
    conditional_asr: float
    modality_effect: float = 0.0
    missing: float = 0.0

    @property
    def asr(self) -> float:
        """True attack success rate over both modalities."""
        return (1 - self.refusal) * self.conditional_asr


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
    modalities, languages, attempts
        A prompt is a scenario in a modality and a language; each release answers it `attempts` times. Languages change
        nothing in the truth.
    per_response
        How many raters of a panel rate a response, by phase; those of a phase that is not there rate everything.
    linked
        How many raters of a later panel are those of the first one, by phase. They bring their severity, without the shift.
    """

    releases: Sequence[SimulatedRelease]
    scenarios: int
    panels: dict[int, int]
    anchors: float = 0.0
    ratings: int | None = None
    spreads: Spreads = field(default_factory=Spreads)
    modalities: tuple[str, ...] = MODALITIES
    languages: tuple[str | None, ...] = (None,)
    attempts: int = 1
    per_response: Mapping[int, int] = field(default_factory=dict[int, int])
    linked: Mapping[int, int] = field(default_factory=dict[int, int])

    @property
    def prompts(self) -> int:
        """Prompts of one scenario."""
        return len(self.modalities) * len(self.languages)

    def intercepts(self, release: SimulatedRelease) -> FloatArray:
        """Return the intercept of a release for each modality, in logits; over modalities its true ASR comes out."""
        effect = release.modality_effect if len(self.modalities) == len(MODALITIES) else 0.0
        middle = solve_intercept(release.conditional_asr, self.spreads.total, effect)
        sides = np.array([-0.5, 0.5]) if effect else np.zeros(len(self.modalities))
        return middle + sides * effect


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
        return cls(
            scenario=rng.normal(0, sd.scenario, shape.scenarios),
            scenario_modality=rng.normal(0, sd.scenario_modality, (shape.scenarios, shape.prompts)),
            severity=severities(shape, rng),
        )


def severities(shape: Shape, rng: np.random.Generator) -> dict[int, FloatArray]:
    """Draw the severity of every rater of every panel, in logits; the first ones of a later panel are the linked ones."""
    sd, first = shape.spreads, min(shape.panels)
    found = {
        phase: rng.normal(0, sd.rater, n) + (sd.panel_shift if phase > first else 0.0) for phase, n in shape.panels.items()
    }
    for phase, linked in shape.linked.items():
        found[phase][:linked] = found[first][:linked]
    return found


def _release(shape: Shape, effects: _Effects, number: int, rng: np.random.Generator) -> pl.DataFrame:
    release, sd = shape.releases[number], shape.spreads
    prompts = np.tile(shape.intercepts(release), len(shape.languages)) + effects.scenario[:, None] + effects.scenario_modality
    response = np.repeat(prompts, shape.attempts, axis=1)
    response = response + rng.normal(0, sd.response, response.shape)
    refused = rng.random(response.shape) < release.refusal
    home = np.ones(response.shape, dtype=np.bool_)
    sittings = [_Sitting(release.phase, effects.severity[release.phase], home)]
    following = [phase for phase in shape.panels if phase > release.phase]
    if following and shape.anchors:
        again = rng.random(response.shape) < shape.anchors
        sittings.append(_Sitting(min(following), effects.severity[min(following)], again))
    responses = _Responses(response, refused)
    return pl.concat([_rated(shape, release, responses, sitting, rng=rng) for sitting in sittings])


@dataclass(frozen=True)
class _Responses:
    """(scenarios, responses) latent harmfulness before any rater, and whether the release refused.

    The responses of a scenario are by language, in it by modality, in it by attempt.
    """

    latent: FloatArray
    refused: BoolArray


@dataclass(frozen=True)
class _Sitting:
    """A panel with the severity of its raters, and which responses it is shown."""

    panel: int
    severity: FloatArray
    shown: BoolArray


def _rated(
    shape: Shape, release: SimulatedRelease, responses: _Responses, sitting: _Sitting, *, rng: np.random.Generator
) -> pl.DataFrame:
    """Let every rater of a panel rate the responses that are shown to it."""
    sd = shape.spreads
    scenario, place = np.nonzero(sitting.shown)
    n, raters = len(scenario), len(sitting.severity)
    bias = sitting.severity + rng.normal(0, sd.rater_release, raters)
    latent = responses.latent[scenario, place][:, None] + bias + rng.logistic(size=(n, raters))
    declined = responses.refused[scenario, place][:, None] & np.ones(raters, dtype=np.bool_)
    success = ~declined & (latent > 0)
    felt = latent + rng.logistic(scale=0.3, size=(n, raters))
    harm = np.where(declined, 1, 1 + np.searchsorted(_THRESHOLDS, felt))
    marked = rng.random((n, raters))
    refusal = np.where(declined, marked < 0.95, marked < 0.005)
    frame = pl.DataFrame(
        {
            "scenario": np.repeat(_scenario_names(sitting.shown.shape[0])[scenario], raters),
            **_prompt_columns(shape, np.repeat(place, raters)),
            "release": release.release,
            "family": release.family,
            "generation": release.generation,
            "phase": str(release.phase),
            "panel": str(sitting.panel),
            "rater": np.tile(_rater_names(shape, sitting.panel), n),
            "purpose": "item" if sitting.panel == release.phase else "anchor",
            "harm": harm.ravel(),
            "success": success.ravel(),
            "refusal": refusal.ravel(),
        }
    )
    kept = rated_by(n, raters, per_response=shape.per_response.get(sitting.panel), missing=release.missing, rng=rng)
    return frame if kept is None else frame.filter(pl.Series(kept.ravel()))


def rated_by(n: int, raters: int, *, per_response: int | None, missing: float, rng: np.random.Generator) -> BoolArray | None:
    """Return which (response, rater) are rated and not lost; null, and nothing drawn, when all are.

    Parameters
    ----------
    n, raters
        Responses and raters.
    per_response
        Raters of a response, drawn at random; null for all of them.
    missing
        Probability that a rating is lost.
    rng
        Source of randomness.
    """
    kept = None
    if per_response is not None and per_response < raters:
        kept = rng.random((n, raters)).argsort(axis=1).argsort(axis=1) < per_response
    if missing:
        there = rng.random((n, raters)) >= missing
        kept = there if kept is None else kept & there
    return kept


def _prompt_columns(shape: Shape, place: IntArray) -> dict[str, object]:
    """Return modality, and language and attempt where the study has several, of responses by their place in a scenario."""
    prompt, n_modalities = place // shape.attempts, len(shape.modalities)
    found: dict[str, object] = {"modality": np.array(shape.modalities)[prompt % n_modalities]}
    if shape.languages != (None,):
        found["language"] = np.array(shape.languages)[prompt // n_modalities]
    if shape.attempts > 1:
        found["attempt"] = 1 + place % shape.attempts
    return found


def _rater_names(shape: Shape, panel: int) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    first, linked = min(shape.panels), shape.linked.get(panel, 0)
    homes = [first if number < linked else panel for number in range(shape.panels[panel])]
    return np.array([f"P{home}-{number + 1:02d}" for number, home in enumerate(homes)])


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

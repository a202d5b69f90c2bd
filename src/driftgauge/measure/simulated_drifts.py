"""Simulated studies without frames: the sums per scenario and rater that drifts in ASR are estimated from.

The studies are those of `simulate`, without anchors and without the marks that a drift in ASR does not need. Thousands of them
a minute: for power (statistics §10) and for the validation of the intervals (§9).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from driftgauge.measure.arrays import BoolArray, FloatArray, IntArray
from driftgauge.measure.simulate import Shape, SimulatedRelease, rated_by, severities
from driftgauge.measure.truth import Level
from driftgauge.measure.variance import Cells, Spread, rater_strata, two_way_spread


@dataclass(frozen=True)
class Sums:
    """The successes of a study and the ratings that they are of.

    Parameters
    ----------
    successes, ratings
        (releases, scenarios, raters) counts.
    member
        (raters, panels) who belongs to which panel.
    panel
        (releases,) the column of `member` that rated a release.
    """

    successes: FloatArray
    ratings: FloatArray
    member: BoolArray
    panel: IntArray


@dataclass(frozen=True)
class Pair:
    """Two consecutive releases of a family, by their places in the shape."""

    before: int
    after: int


@dataclass(frozen=True)
class Measured:
    """The drifts of a study with their primary spread, one entry a pair; NaN where a side has no rating."""

    value: FloatArray
    spread: Spread


def pairs(shape: Shape) -> tuple[Pair, ...]:
    """Return the consecutive releases of every family, in the order of the shape."""
    places: dict[str, list[int]] = {}
    for place in sorted(range(len(shape.releases)), key=lambda place: shape.releases[place].generation):
        places.setdefault(shape.releases[place].family, []).append(place)
    found = [Pair(*each) for family in places.values() for each in pairwise(family)]
    return tuple(sorted(found, key=lambda pair: pair.after))


def level_of(shape: Shape, release: SimulatedRelease) -> Level:
    """Return the truth of a release."""
    return Level(release.refusal, shape.intercepts(release))


def true_drift(shape: Shape, pair: Pair, *, with_panel_shift: bool = False) -> float:
    """Return the true drift in ASR between the releases of a pair.

    Parameters
    ----------
    shape, pair
        The study, and which releases.
    with_panel_shift
        False: for raters of one population, which is what a model's drift is. True: as the panels see it, where later panels
        are stricter or milder by ``spreads.panel_shift`` logits.
    """
    first = min(shape.panels)
    sides = [shape.releases[place] for place in (pair.before, pair.after)]
    shifts = [shape.spreads.panel_shift if with_panel_shift and side.phase > first else 0.0 for side in sides]
    before, after = (level_of(shape, side).asr(shape.spreads, shift=shift) for side, shift in zip(sides, shifts, strict=True))
    return after - before


def simulate_sums(shape: Shape, rng: np.random.Generator) -> Sums:
    """Draw a study and return its sums.

    Parameters
    ----------
    shape
        What to simulate; `ratings` is not used.
    rng
        Source of randomness.

    Examples
    --------
    >>> releases = [SimulatedRelease(f"A{g}", "A", g, g, refusal=0.1, conditional_asr=0.3) for g in (1, 2)]
    >>> found = simulate_sums(Shape(releases, scenarios=5, panels={1: 3, 2: 2}), np.random.default_rng(1))
    >>> found.ratings.sum(axis=(1, 2)).tolist()
    [30.0, 20.0]
    """
    sd, n = shape.spreads, shape.scenarios
    scenario = rng.normal(0, sd.scenario, (n, 1)) + rng.normal(0, sd.scenario_modality, (n, shape.prompts))
    severity = severities(shape, rng)
    places = _places(shape)
    successes = np.zeros((len(shape.releases), n, 1 + max(int(each.max()) for each in places.values())))
    ratings = np.zeros_like(successes)
    for number, release in enumerate(shape.releases):
        bias = severity[release.phase] + rng.normal(0, sd.rater_release, len(severity[release.phase]))
        latent = np.repeat(np.tile(shape.intercepts(release), len(shape.languages)) + scenario, shape.attempts, axis=1)
        latent = latent + rng.normal(0, sd.response, latent.shape)
        latent[rng.random(latent.shape) < release.refusal] = -np.inf
        chance = (1 / (1 + np.exp(-(latent[:, :, None] + bias)))).astype(np.float32)
        success = rng.random(chance.shape, dtype=np.float32) < chance
        per_response = shape.per_response.get(release.phase)
        kept = rated_by(latent.size, len(bias), per_response=per_response, missing=release.missing, rng=rng)
        kept = np.ones(chance.shape, dtype=np.bool_) if kept is None else kept.reshape(chance.shape)
        successes[number][:, places[release.phase]] = (success & kept).sum(axis=1)
        ratings[number][:, places[release.phase]] = kept.sum(axis=1)
    member = np.zeros((successes.shape[2], len(places)), dtype=np.bool_)
    for number, place in enumerate(places.values()):
        member[place, number] = True
    order = list(places)
    return Sums(successes, ratings, member, np.array([order.index(each.phase) for each in shape.releases]))


def _places(shape: Shape) -> dict[int, IntArray]:
    """Return the codes of the raters of each panel; linked raters have the codes that they have in the first one."""
    found: dict[int, IntArray] = {}
    first, known = min(shape.panels), 0
    for phase in sorted(shape.panels):
        linked = shape.linked.get(phase, 0) if phase > first else 0
        new = np.arange(known, known + shape.panels[phase] - linked)
        found[phase] = np.concatenate([found[first][:linked], new]) if linked else new
        known += len(new)
    return found


def drifts(sums: Sums, pairs: tuple[Pair, ...]) -> Measured:
    """Return the drifts in ASR of a study with their two-way spread (statistics §3), as `estimate.answer` gives them.

    Parameters
    ----------
    sums
        Of the study.
    pairs
        Which releases are compared.
    """
    _, n_scenarios, n_raters = sums.ratings.shape
    total = sums.ratings.sum(axis=(1, 2))
    with np.errstate(invalid="ignore"):
        value = sums.successes.sum(axis=(1, 2)) / total
    z = (sums.successes - np.nan_to_num(value)[:, None, None] * sums.ratings) / np.maximum(total, 1)[:, None, None]
    scenario, rater = (each.ravel() for each in np.indices((n_scenarios, n_raters)))
    cells = Cells(scenario, rater, n_scenarios, n_raters)
    variance, df = np.full(len(pairs), np.nan), np.full(len(pairs), np.nan)
    for number, pair in enumerate(pairs):
        asked = [sums.ratings[place].sum(axis=0) > 0 for place in (pair.before, pair.after)]
        change = (z[pair.after] - z[pair.before]).reshape(1, -1)
        scenarios = (sums.ratings[[pair.before, pair.after]].sum(axis=(0, 2)) > 0).sum()
        panels = np.unique(sums.panel[[pair.before, pair.after]])
        strata = rater_strata(sums.member[:, panels], np.asarray(asked[0] | asked[1], dtype=np.bool_))
        found = two_way_spread(change, cells, n_scenarios=np.array([scenarios]), strata=strata)
        variance[number], df[number] = found.variance[0], found.df[0]
    return Measured(np.array([value[pair.after] - value[pair.before] for pair in pairs]), Spread(variance, df))

"""Populations and questions: which ratings an estimate is over, and how populations are compared (statistics §2).

A `Population` is a set of ratings of one release. A `Question` is a linear combination of one rate over several populations:
one population is a level, two are a drift or a modality effect, four are a shift of the modality effect.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import polars as pl

from driftgauge.frames import MODALITIES
from driftgauge.measure.arrays import BoolArray, IntArray
from driftgauge.measure.outcomes import Sample, codes_of

DIMENSIONS = ("modality", "language", "harm_category")
"""What every level and drift is told apart by."""
KINDS_OF_RISK = ("harm_category", "technique", "execution")
"""What profiles are made of."""
CONDITIONS = tuple(dict.fromkeys((*DIMENSIONS, *KINDS_OF_RISK)))
"""All that a population can be limited to."""


@dataclass(frozen=True)
class Population:
    """The ratings of one release that meet some conditions.

    Parameters
    ----------
    release, family, generation, phase, panel
        Of the ratings; null where they are of several or of none.
    rows
        Indices into the sample, ascending.
    where
        The conditions, by dimension (``{"modality": "text-only"}``).
    """

    release: str
    family: str | None
    generation: int | None
    phase: str | None
    panel: str | None
    rows: IntArray = field(repr=False)
    where: Mapping[str, str]

    @property
    def key(self) -> tuple[str, bytes]:
        """What tells two populations apart: equal keys have the same ratings."""
        return self.release, self.rows.tobytes()


@dataclass(frozen=True)
class Question:
    """What is asked of every rate: a linear combination of populations, or the rate of one.

    Parameters
    ----------
    contrast
        Null for a level.
    populations, coefficients
        The estimate is Σ coefficient·rate(population); the last population is the one that the row is named after, the first
        its baseline.
    uncompared
        Cells (scenario, modality, language) of a side that another side lacks: left out.
    consecutive
        True for a drift between neighbouring generations: those can have verdicts.
    """

    contrast: str | None
    populations: tuple[Population, ...]
    coefficients: tuple[float, ...]
    where: Mapping[str, str]
    uncompared: int = 0
    consecutive: bool = False


@dataclass(frozen=True)
class Index:
    """A sample, with what populations are found by.

    Parameters
    ----------
    sample, releases, lineage
        The ratings; their releases in order; the family and generation of those that have them.
    release_rows, campaign
        The rows, and the phase and panel, of each release.
    prompt, twins
        Of each rating, codes of (scenario, modality, language), in which releases are paired, and of (scenario, language), in
        which modalities are.
    values, codes
        The values of each of `CONDITIONS`, and which of them each rating has; −1 for none.
    """

    sample: Sample
    releases: tuple[str, ...]
    lineage: Mapping[str, tuple[str, int]]
    release_rows: Mapping[str, IntArray]
    campaign: Mapping[str, tuple[str | None, str | None]]
    prompt: IntArray
    twins: IntArray
    values: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, IntArray]


def index(sample: Sample) -> Index:
    """Return the sample with its releases in order (family, generation, name) and its dimensions."""
    rows = sample.rows
    order = rows.select("release", "family", "generation").unique().sort("family", "generation", "release", nulls_last=True)
    releases = tuple(dict.fromkeys(order["release"].to_list()))
    lineage = {
        release: (family, generation)
        for release, family, generation in order.iter_rows()
        if family is not None and generation is not None
    }
    code = rows["release"].to_numpy()
    values = {name: _values(rows[name]) for name in CONDITIONS}
    return Index(
        sample=sample,
        releases=releases,
        lineage=lineage,
        release_rows={release: np.flatnonzero(code == release).astype(np.int64) for release in releases},
        campaign=campaigns(rows),
        prompt=codes_of(rows, "scenario", "modality", "language"),
        twins=codes_of(rows, "scenario", "language"),
        values=values,
        codes={name: _value_codes(rows[name], values[name]) for name in CONDITIONS},
    )


def campaigns(rows: pl.DataFrame) -> dict[str, tuple[str | None, str | None]]:
    """Return the phase and the panel of each release; null where it has several."""
    found = rows.group_by("release").agg(pl.col("phase", "panel").unique())
    return {
        release: (phase[0] if len(phase) == 1 else None, panel[0] if len(panel) == 1 else None)
        for release, phase, panel in found.iter_rows()
    }


def _values(column: pl.Series) -> tuple[str, ...]:
    return tuple(sorted(column.drop_nulls().unique().to_list(), key=lambda v: (v != MODALITIES[0], v)))


def _value_codes(column: pl.Series, values: Sequence[str]) -> IntArray:
    codes = {value: number for number, value in enumerate(values)}
    return column.replace_strict(codes, default=-1, return_dtype=pl.Int64).to_numpy().astype(np.int64)


def slices(found: Index) -> list[Mapping[str, str]]:
    """Return the conditions that levels and drifts are made under: none, and each value of each dimension with several."""
    told_apart = [name for name in DIMENSIONS if name == "modality" or len(found.values[name]) > 1]
    return [{}, *({name: value} for name in told_apart for value in found.values[name])]


def population(found: Index, release: str, where: Mapping[str, str], *, within: BoolArray | None = None) -> Population:
    """Return the ratings of a release under conditions, and, with `within`, in those prompt cells only."""
    rows = found.release_rows[release]
    keep = np.ones(len(rows), dtype=np.bool_)
    for name, value in where.items():
        keep &= found.codes[name][rows] == found.values[name].index(value)
    if within is not None:
        keep &= within[found.prompt[rows]]
    rows = rows[keep]
    family, generation = found.lineage.get(release, (None, None))
    phase, panel = found.campaign[release]
    return Population(
        release=release,
        family=family,
        generation=generation,
        phase=phase,
        panel=panel,
        rows=rows,
        where=where,
    )


def levels(found: Index) -> Iterator[Question]:
    """Yield a level for every release and slice that has ratings."""
    for release in found.releases:
        for where in slices(found):
            side = population(found, release, where)
            if len(side.rows):
                yield Question(None, (side,), (1.0,), where)


def successions(found: Index) -> list[tuple[str, str, str]]:
    """Return (earlier, later, contrast) for each family: neighbours among the generations present, then from the first on.

    ``drift`` is between neighbours, ``drift_cumulative`` from the first to a later one, ``drift_first_last`` to the last.
    """
    families: dict[str, list[str]] = {}
    for release in sorted(found.lineage, key=lambda name: found.lineage[name][1]):
        families.setdefault(found.lineage[release][0], []).append(release)
    pairs = [(a, b, "drift") for members in families.values() for a, b in pairwise(members)]
    between = [(members[0], later, "drift_cumulative") for members in families.values() for later in members[2:-1]]
    ends = [(members[0], members[-1], "drift_first_last") for members in families.values() if len(members) > 2]
    return pairs + between + ends


def drifts(found: Index) -> Iterator[Question]:
    """Yield later minus earlier, on the prompt cells that both releases answered (statistics §5)."""
    for earlier, later, contrast in successions(found):
        for where in slices(found):
            question = drift(found, (earlier, later), where, contrast=contrast)
            if question.uncompared or all(len(side.rows) for side in question.populations):
                yield question


def drift(found: Index, releases: tuple[str, str], where: Mapping[str, str], *, contrast: str = "drift") -> Question:
    """Return (earlier, later) of two releases under conditions, on the prompt cells that both answered."""
    sides = [population(found, release, where) for release in releases]
    both = _shared(found, sides)
    pair = tuple(population(found, side.release, where, within=both) for side in sides)
    uncompared = sum(_n_cells(found, side) for side in sides) - sum(_n_cells(found, side) for side in pair)
    return Question(contrast, pair, (-1.0, 1.0), where, uncompared, consecutive=contrast == "drift")


def modality_effects(found: Index) -> Iterator[Question]:
    """Yield text-only minus multimodal per release, paired within scenario and language, and its shift per succession."""
    if set(found.values["modality"]) != set(MODALITIES):
        return
    for release in found.releases:
        sides, alone = _paired(found, (release,))
        yield Question("modality", sides, (-1.0, 1.0), {}, alone)
    for earlier, later, contrast in successions(found):
        if contrast == "drift":
            sides, alone = _paired(found, (earlier, later))
            yield Question("modality_shift", sides, (1.0, -1.0, -1.0, 1.0), {}, alone)


def _paired(found: Index, releases: Sequence[str]) -> tuple[tuple[Population, ...], int]:
    """Return (multimodal, text-only) of each release where all have both, and how many cells are left out."""
    twins = found.twins
    everywhere = np.ones(int(twins.max(initial=-1)) + 1, dtype=np.bool_)
    sides = [population(found, release, {"modality": modality}) for release in releases for modality in reversed(MODALITIES)]
    for side in sides:
        here = np.zeros_like(everywhere)
        here[twins[side.rows]] = True
        everywhere &= here
    within = np.zeros(int(found.prompt.max(initial=-1)) + 1, dtype=np.bool_)
    within[found.prompt[everywhere[twins]]] = True
    paired = tuple(population(found, side.release, side.where, within=within) for side in sides)
    return paired, sum(_n_cells(found, side) for side in sides) - sum(_n_cells(found, side) for side in paired)


def _shared(found: Index, sides: Sequence[Population]) -> BoolArray:
    both = np.ones(int(found.prompt.max(initial=-1)) + 1, dtype=np.bool_)
    for side in sides:
        here = np.zeros_like(both)
        here[found.prompt[side.rows]] = True
        both &= here
    return both


def _n_cells(found: Index, side: Population) -> int:
    return len(np.unique(found.prompt[side.rows]))

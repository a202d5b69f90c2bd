"""The lineage put over ratings: which family and generation each release is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from driftgauge.errors import Problem
from driftgauge.rate.exchange.draft import Draft
from driftgauge.rate.exchange.messages import did_you_mean, listed, shown
from driftgauge.records import Lineage

STATED: Final = ("family", "generation")


@dataclass(frozen=True)
class Place:
    """Where a release stands: its family and its ordinal there."""

    family: str | None = None
    generation: int | None = None


@dataclass(frozen=True)
class Placed:
    """Ratings with family and generation, and what does not fit."""

    frame: pl.DataFrame
    problems: tuple[Problem, ...]


def with_lineage(draft: Draft, lineage: Lineage | None, *, growing: bool = False) -> Placed:
    """Fill family and generation per release, from the files and from the lineage, and report what contradicts.

    Parameters
    ----------
    draft
        Ratings, in which a release may have no family.
    lineage
        Families with their releases in order; a release outside it keeps what the files say.
    growing
        Whether ratings of a release may be still to come; else a release of the lineage without a rating is a problem.
    """
    frame = draft.frame.filter(pl.col("release").is_not_null())
    problems = [problem for name in STATED for problem in _two_values(draft, frame, name)]
    stated = _stated(frame)
    declared = _declared(lineage) if lineage else {}
    problems += _absent(declared, stated) if draft.complete and not growing else []
    problems += [problem for name in STATED for problem in _contradictions(draft, frame, declared, name)]
    places = {
        release: Place(
            family=declared[release].family if release in declared else place.family,
            generation=declared[release].generation if release in declared else place.generation,
        )
        for release, place in stated.items()
    }
    problems += _shared_generations(places)
    return Placed(_filled(draft.frame, places), tuple(problems))


def _declared(lineage: Lineage) -> dict[str, Place]:
    return {
        release: Place(family, lineage.generations.get(release, position))
        for family, releases in lineage.families.items()
        for position, release in enumerate(releases, start=1)
    }


def _stated(frame: pl.DataFrame) -> dict[str, Place]:
    """Return what the files say of each release, the first of several."""
    first = frame.group_by("release", maintain_order=True).agg(pl.col(name).drop_nulls().first() for name in STATED)
    return {release: Place(family, generation) for release, family, generation in first.iter_rows()}


def _two_values(draft: Draft, frame: pl.DataFrame, name: str) -> list[Problem]:
    """Report releases for which the files say two families, or two generations."""
    each = frame.filter(pl.col(name).is_not_null()).unique(["release", name], keep="first", maintain_order=True)
    problems: list[Problem] = []
    for (release,), rows in each.filter(pl.col("release").is_duplicated()).group_by("release", maintain_order=True):
        said = [f"{shown(row[name])} ({draft.place(row['file'], row['line'])})" for row in rows.head(5).iter_rows(named=True)]
        problems.append(Problem(f"release {shown(release)}", f"{name} {' and '.join(said)}", f"one {name} for a release"))
    return problems


def _absent(declared: Mapping[str, Place], stated: Mapping[str, Place]) -> list[Problem]:
    return [
        Problem(
            f"families, {shown(place.family)}",
            f"no rating is about release {shown(release)}",
            did_you_mean(release, list(stated)) if stated else "a release of the data",
        )
        for release, place in declared.items()
        if release not in stated
    ]


def _contradictions(draft: Draft, frame: pl.DataFrame, declared: Mapping[str, Place], name: str) -> list[Problem]:
    each = frame.filter(pl.col(name).is_not_null()).unique(["release", name], keep="first", maintain_order=True)
    return [
        Problem(
            f"{draft.place(row['file'], row['line'])}, column {name}",
            f"{shown(row[name])} for release {shown(row['release'])}",
            f"{shown(getattr(declared[row['release']], name))}, as the families file says",
        )
        for row in each.iter_rows(named=True)
        if row["release"] in declared and getattr(declared[row["release"]], name) != row[name]
    ]


def _shared_generations(places: Mapping[str, Place]) -> list[Problem]:
    sharing: dict[Place, list[str]] = {}
    for release, place in places.items():
        if place.family is not None and place.generation is not None:
            sharing.setdefault(place, []).append(release)
    return [
        Problem(
            f"family {shown(place.family)}",
            f"releases {listed(releases)} are all generation {place.generation}",
            "a generation of its own for each release of a family",
        )
        for place, releases in sharing.items()
        if len(releases) > 1
    ]


def _filled(frame: pl.DataFrame, places: Mapping[str, Place]) -> pl.DataFrame:
    releases = list(places)
    return frame.with_columns(
        pl.col("release")
        .replace_strict(releases, [getattr(places[release], name) for release in releases], default=None, return_dtype=dtype)
        .alias(name)
        for name, dtype in (("family", pl.String), ("generation", pl.Int64))
    )


def replaced(ratings: pl.DataFrame, lineage: Lineage) -> pl.DataFrame:
    """Return ratings with family and generation as a lineage declares them; a release outside it keeps what it has.

    Parameters
    ----------
    ratings
        The ratings table.
    lineage
        Families with their releases in order.
    """
    return _filled(ratings, _stated(ratings) | _declared(lineage))

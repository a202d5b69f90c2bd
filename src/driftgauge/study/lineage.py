"""The lineage alone: which release follows which."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from driftgauge.errors import Problem, StudyError
from driftgauge.records import Lineage
from driftgauge.study.lines import Document, read_document
from driftgauge.study.messages import Location, Mistake, named


@dataclass(frozen=True)
class Standing:
    """Where a release stands: in which family, as which generation, and where that is written."""

    family: str
    release: str
    generation: int
    at: Location


def lineage_of(standings: Sequence[Standing]) -> Lineage:
    """Return the lineage; it holds generations where they are not the positions.

    Examples
    --------
    >>> lineage_of([Standing("F", "A", 1, ()), Standing("F", "B", 3, ())])
    Lineage(families={'F': ('A', 'B')}, generations={'A': 1, 'B': 3})
    """
    families: dict[str, tuple[str, ...]] = {}
    for each in standings:
        families[each.family] = (*families.get(each.family, ()), each.release)
    stated = Lineage(families, generations={each.release: each.generation for each in standings})
    return stated if stated.renumbered else Lineage(families)


def load_lineage(path: Path) -> Lineage:
    """Read the lineage from YAML: each family with its releases in order of generation.

    Raises
    ------
    StudyError
        When the file is not such a mapping, or a release stands twice.

    Notes
    -----
    A study file with a ``families:`` key, whose releases are mappings with ``release`` and ``generation``, is read too.
    """
    document = read_document(path)
    where, families = _families(document.value)
    mistakes = [each for each in document.twice if each.at[: len(where)] == where]
    standings: list[Standing] = []
    for family, releases in families.items():
        found = _standings(family, releases, at=(*where, family))
        mistakes += [] if found else [_no_list(family, (*where, family))]
        standings += found or []
    mistakes += [*_twice(standings), *_shared(standings)]
    if mistakes or not families:
        raise StudyError(f"{path.name} does not say which release follows which", problems=_problems(document, mistakes))
    return lineage_of(standings)


def _families(value: object) -> tuple[Location, Mapping[str, object]]:
    """Return where the families stand, and what they are; none when the file has none."""
    if not isinstance(value, dict):
        return (), {}
    mapping = cast(dict[str, object], value)
    inner = mapping.get("families")
    if isinstance(inner, dict):
        return ("families",), cast(dict[str, object], inner)
    return ((), {}) if isinstance(mapping.get("study"), str) else ((), mapping)


def _problems(document: Document, mistakes: Sequence[Mistake]) -> tuple[Problem, ...]:
    none = (Problem(document.name, "no mapping of families", "lines like `Pixtral: [Pixtral 12B, Pixtral Large]`"),)
    return document.problems(mistakes) or none


def _standings(family: str, releases: object, *, at: Location) -> list[Standing] | None:
    """Return the releases of a family in order of generation; null when it is no list of releases."""
    if not isinstance(releases, list):
        return None
    found = [_standing(family, entry, at=(*at, number)) for number, entry in enumerate(cast(list[object], releases))]
    sound = [each for each in found if each is not None]
    return sorted(sound, key=lambda each: each.generation) if len(sound) == len(found) else None


def _standing(family: str, entry: object, *, at: Location) -> Standing | None:
    position = cast(int, at[-1]) + 1
    if isinstance(entry, dict):
        mapping = cast(dict[str, object], entry)
        name, generation = mapping.get("release"), mapping.get("generation", position)
    else:
        name, generation = entry, position
    if not isinstance(name, (str, int, float)) or isinstance(name, bool):
        return None
    if not isinstance(generation, int) or isinstance(generation, bool):
        return None
    return Standing(family, str(name), generation, at)


def _no_list(family: str, at: Location) -> Mistake:
    return Mistake(at, f"family {named(family)} has no list of releases", "[earlier, later, …]")


def _twice(standings: Sequence[Standing]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for each in standings:
        if each.release in seen:
            yield Mistake(each.at, f"release {named(each.release)} stands twice", "each release once, in one family")
        seen.add(each.release)


def _shared(standings: Sequence[Standing]) -> Iterator[Mistake]:
    seen: set[tuple[str, int]] = set()
    for each in standings:
        if (each.family, each.generation) in seen:
            what = f"release {named(each.release)} is generation {each.generation}, as another of its family is"
            yield Mistake(each.at, what, "a generation of its own")
        seen.add((each.family, each.generation))

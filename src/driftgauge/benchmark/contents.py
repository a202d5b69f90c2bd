"""What a benchmark holds, read from its folder: scenarios, the facts of its media, and everything that cannot be read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from driftgauge.benchmark.folder import SCENARIOS, Listing, list_files, read_file
from driftgauge.benchmark.load import LARGEST_FILE, Loaded, Placed, load
from driftgauge.benchmark.scenarios import MediaPart, Scenario
from driftgauge.errors import BenchmarkError, Problem
from driftgauge.media import LIMITS, Media, examine


@dataclass(frozen=True)
class Contents:
    """A benchmark as it was read.

    Parameters
    ----------
    placed
        The scenarios that can be read, each with its place.
    canary
        The canary, where there is one.
    media
        The facts of the pictures and recordings that can be used, by path.
    refused
        The paths in ``media/`` that hold something else.
    problems
        Everything that cannot be read or used.
    """

    placed: tuple[Placed, ...]
    canary: str | None
    media: Mapping[str, Media]
    refused: frozenset[str]
    problems: tuple[Problem, ...]

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios."""
        return tuple(each.scenario for each in self.placed)

    @property
    def hashes(self) -> dict[str, str]:
        """Path to SHA-256 of each picture and recording."""
        return {path: facts.sha256 for path, facts in self.media.items()}


def read_contents(folder: Path, listing: Listing | None = None) -> Contents:
    """Read a benchmark; what is wrong with it is in `problems`.

    Raises
    ------
    BenchmarkError
        When the folder has no scenarios, or a file of it cannot be opened.
    """
    listing = listing or list_files(folder)
    loaded = read_scenarios(folder, listing)
    found = examine_all((name, read_file(folder, name, most=LIMITS.bytes)) for name in listing.media)
    refused = found.refused | {problem.where for problem in listing.problems}
    return Contents(
        loaded.scenarios, loaded.canary, found.media, refused, (*loaded.problems, *listing.problems, *found.problems)
    )


def read_scenarios(folder: Path, listing: Listing) -> Loaded:
    """Read the scenarios alone.

    Raises
    ------
    BenchmarkError
        When there are none, or they cannot be opened.
    """
    if SCENARIOS not in listing.files:
        raise BenchmarkError(f"{folder} has no {SCENARIOS}", remedy="Give the folder of a benchmark.")
    data = read_file(folder, SCENARIOS, most=LARGEST_FILE)
    if len(data) > LARGEST_FILE:
        problem = Problem(SCENARIOS, f"more than {LARGEST_FILE >> 20} MiB", "scenarios alone, media in media/")
        raise BenchmarkError(f"{SCENARIOS} was not read", problems=[problem])
    return load(data)


@dataclass(frozen=True)
class Examined:
    """The facts of the media that can be used, and what is wrong with the others."""

    media: dict[str, Media]
    refused: frozenset[str]
    problems: tuple[Problem, ...]


def examine_all(media: Iterable[tuple[str, bytes]]) -> Examined:
    """Examine media one after the other; a missing Pillow is an error, a picture or recording that is refused is a problem."""
    found: dict[str, Media] = {}
    refused: list[str] = []
    problems: list[Problem] = []
    for name, data in media:
        try:
            found[name] = examine(data, name=name)
        except BenchmarkError as error:
            if not error.problems:
                raise
            refused.append(name)
            problems += error.problems
    return Examined(found, frozenset(refused), tuple(problems))


def media_hash(part: MediaPart, hashes: Mapping[str, str]) -> str | None:
    """Return the hash of the picture or recording of a part, or null when it is not there."""
    return part.sha256 or hashes.get(part.path or "")


def media_path(part: MediaPart, hashes: Mapping[str, str]) -> str | None:
    """Return the path of the picture or recording of a part, or null when it is not there."""
    if part.path is not None:
        return part.path if part.path in hashes else None
    return next((path for path, sha256 in hashes.items() if sha256 == part.sha256), None)

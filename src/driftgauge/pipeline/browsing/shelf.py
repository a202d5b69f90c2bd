"""The measurements in some folders, as they are now: read again when they were made again."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from driftgauge.errors import DriftgaugeError, StoreError
from driftgauge.frames import FLIPS, conform
from driftgauge.pipeline.asked import Prompts, prompts_of
from driftgauge.pipeline.loaded import OUT, REPORT, Behind, Results, is_study, load_results
from driftgauge.pipeline.registered import registered
from driftgauge.pipeline.results import MANIFEST
from driftgauge.pipeline.trace import behind_of
from driftgauge.report.select import Estimate, View, view
from driftgauge.study import load_study

DEEP: Final = 3
"""How many folders below a given one are looked into."""
_SHORT: Final = 12


@dataclass(frozen=True)
class Volume:
    """One finished measurement.

    Parameters
    ----------
    name
        Of its study, or of its folder.
    results
        Estimates and findings with their manifest.
    flips
        The prompts whose majority changed; columns of `frames.FLIPS`.
    """

    name: str
    results: Results
    flips: pl.DataFrame

    @property
    def key(self) -> str:
        """What stands for it in an address."""
        return self.results.manifest.analysis_id[:_SHORT]

    @property
    def made_at(self) -> str:
        """When it was measured, UTC."""
        return self.results.manifest.created_at

    @property
    def report(self) -> Path | None:
        """Its report, where there is one."""
        path = self.results.folder / REPORT
        return path if path.is_file() else None

    @cached_property
    def view(self) -> View:
        """The rows that its report shows."""
        return view(self.results.estimates, protocol=self.results.protocol.model_dump(mode="json"))

    @cached_property
    def behind(self) -> Behind:
        """The ratings that it is of.

        Raises
        ------
        StoreError
            When ratings of it were erased since, or the store is out of reach.
        """
        return behind_of(self.results)

    @cached_property
    def prompts(self) -> Prompts | None:
        """The prompts of the study's benchmark; null where it declares none.

        Raises
        ------
        BenchmarkError
            When it is not as it was frozen.
        """
        study = load_study(self.results.study) if self.results.study else None
        if study is None or study.benchmark_folder is None:
            return None
        return prompts_of(registered(study.benchmark_folder, undone="nothing was read"))

    def drift(self, estimate_id: str) -> Estimate | None:
        """Return a drift of the verdict family by its id, or null."""
        return next((row for row in self.view.verdicts if row.estimate_id == estimate_id), None)

    def flipped(self, drift: Estimate) -> pl.DataFrame:
        """Return the prompts that flipped between the two releases of a drift, the clearest first."""
        return self.flips.filter(pl.col("release") == drift.release, pl.col("baseline_release") == drift.baseline_release).sort(
            "direction", "place", descending=[True, False]
        )


@dataclass(frozen=True)
class Unreadable:
    """A folder that should hold a measurement, and why none can be shown."""

    name: str
    reason: str


@dataclass(frozen=True)
class Shelf:
    """Folders, and what was read of them.

    Parameters
    ----------
    folders
        Studies, analyses, or folders that hold such.
    """

    folders: tuple[Path, ...]
    _read: dict[Path, tuple[int, Volume]] = field(default_factory=dict[Path, tuple[int, Volume]])

    def look(self) -> tuple[list[Volume], list[Unreadable]]:
        """Return every measurement, the oldest first, and what cannot be read; one that two folders hold is there once."""
        volumes: dict[str, Volume] = {}
        broken: list[Unreadable] = []
        for place in places(self.folders):
            try:
                volume = self._volume(place)
            except DriftgaugeError as error:
                broken.append(Unreadable(place.name, str(error)))
            else:
                volumes.setdefault(volume.results.manifest.analysis_id, volume)
        return sorted(volumes.values(), key=lambda volume: (volume.made_at, volume.key)), broken

    def find(self, key: str) -> Volume | None:
        """Return the measurement of a key, or null."""
        return next((volume for volume in self.look()[0] if volume.key == key), None)

    def _volume(self, place: Path) -> Volume:
        at = _made_at(place)
        known = self._read.get(place)
        if known is not None and known[0] == at:
            return known[1]
        results = load_results(place)
        flips = results.folder / "flips.parquet"
        volume = Volume(_name(place, results), results, conform(pl.read_parquet(flips), FLIPS))
        self._read[place] = (at, volume)
        return volume


def places(folders: Sequence[Path]) -> list[Path]:
    """Return the studies and analyses that are in folders, or below them.

    Raises
    ------
    StoreError
        When a folder is not there, or no folder holds any.
    """
    for folder in folders:
        if not folder.is_dir():
            raise StoreError(f"{folder} is no folder", remedy="Give a study, the --out of an analysis, or a folder of such.")
    found = list(dict.fromkeys(place.resolve() for folder in folders for place in _below(folder, DEEP)))
    if not found:
        named = ", ".join(str(folder) for folder in folders)
        raise StoreError(f"{named} holds no study and no analysis", remedy="Run `driftgauge measure` or `analyze` first.")
    return found


def _below(folder: Path, deep: int) -> Iterator[Path]:
    if is_study(folder) or all((folder / name).is_file() for name in (MANIFEST, "estimates.parquet")):
        yield folder
    elif deep:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                yield from _below(Path(entry.path), deep - 1)


def _made_at(place: Path) -> int:
    manifest = (place / OUT if is_study(place) else place) / MANIFEST
    return manifest.stat().st_mtime_ns if manifest.is_file() else 0


def _name(place: Path, results: Results) -> str:
    settings: dict[str, Any] = dict(results.manifest.settings)
    return str(settings.get("study") or place.name)

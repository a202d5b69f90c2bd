"""Where a study works: extras, benchmark, disk and clock."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from driftgauge.benchmark.lines import each_line
from driftgauge.benchmark.verify import frozen, verify
from driftgauge.errors import BenchmarkError, Problem
from driftgauge.pipeline.doctor.records import Check, State
from driftgauge.study import Release, Study

EXTRAS: Final = {
    "store": (("sqlalchemy", "alembic", "fsspec", "psycopg"), "ratings and responses are kept with it"),
    "collect": (("inspect_ai", "openai", "anthropic"), "models are asked with it"),
    "benchmark": (("PIL",), "pictures are checked, frozen and imported with it"),
    "model": (("scipy", "formulaic", "arviz_stats"), "mixed models are fitted with it"),
}
"""Each extra with its modules, and what it is for."""
SLACK: Final = 2.0
"""Seconds by which two clocks may differ."""
_EARLIEST: Final = datetime(2025, 1, 1, tzinfo=UTC)
_LITTLE: Final = 1_000_000_000
_TOO_LITTLE: Final = 100_000_000
_NAMED: Final = 3


def extra_checks(needed: frozenset[str], *, installed: Callable[[str], bool]) -> Iterator[Check]:
    """Yield whether each extra is there; a lack of one that is not `needed` is a warning."""
    for extra, (modules, purpose) in EXTRAS.items():
        missing = [module for module in modules if not installed(module)]
        if not missing:
            yield Check("extra", extra, "ok", "is installed")
            continue
        state: State = "error" if extra in needed else "warning"
        said = f"{', '.join(missing)} not installed; {purpose}"
        yield Check("extra", extra, state, said, f"Run: pip install 'driftgauge[{extra}]'")


def benchmark_checks(study: Study, releases: tuple[Release, ...]) -> Iterator[Check]:
    """Yield whether the benchmark is as it was frozen, and which of `releases` do not take all of it."""
    folder = study.benchmark_folder
    if folder is None:
        state: State = "error" if releases else "ok"
        remedy = "Declare `benchmark:`, and freeze it." if releases else None
        yield Check("benchmark", "benchmark", state, "none is declared; ratings come without prompts", remedy)
        return
    name = str(study.benchmark)
    try:
        if not folder.is_dir():
            raise BenchmarkError("is not there", remedy="Put it there, then driftgauge benchmark freeze.")
        found = frozen(folder)
        problems = verify(folder, found)
        parts = [] if problems else _parts(folder)
    except BenchmarkError as error:
        yield Check("benchmark", name, "error", error.message, error.remedy)
        return
    if problems:
        yield Check("benchmark", name, "error", _first(problems), "Restore it, or driftgauge benchmark freeze --version.")
        return
    manifest = found.manifest
    said = f"version {manifest.version} is as it was frozen: {len(manifest.prompts):,} prompts, root {manifest.root[:16]}"
    yield Check("benchmark", name, "ok", said)
    yield from (check for release in releases if (check := _unsupported(release, parts)) is not None)


def _parts(folder: Path) -> list[frozenset[str]]:
    """Return the kinds of parts of each prompt."""
    return [frozenset(part.type for part in prompt.parts) for _, each in each_line(folder) for prompt in each.prompts]


def _first(problems: tuple[Problem, ...]) -> str:
    more = f"; and {len(problems) - _NAMED:,} more" if len(problems) > _NAMED else ""
    return "is not as it was frozen: " + "; ".join(f"{each.where} {each.what}" for each in problems[:_NAMED]) + more


def _unsupported(release: Release, parts: list[frozenset[str]]) -> Check | None:
    takes = frozenset(release.takes)
    lacking = [kinds for kinds in parts if not kinds <= takes]
    if not lacking:
        return None
    kinds = ", ".join(sorted({kind for each in lacking for kind in each - takes}))
    said = f"does not take {kinds}: {len(lacking):,} of {len(parts):,} prompts will end as unsupported"
    return Check("release", release.release, "warning", said, "If it does take them, say so in `takes:`.")


def _free(path: Path) -> int:
    return shutil.disk_usage(path).free


def disk_checks(study: Study, *, free: Callable[[Path], int] = _free) -> Iterator[Check]:
    """Yield whether there is space where store and media are, as far as they are here.

    Parameters
    ----------
    study
        What is declared.
    free
        Gives the free bytes at a path.
    """
    places = {"store": study.store_url.removeprefix("sqlite:///"), "media": study.media_url}
    for name, place in places.items():
        if "://" in place:
            continue
        left = free(_there(Path(place)))
        state: State = "error" if left < _TOO_LITTLE else "warning" if left < _LITTLE else "ok"
        remedy = None if state == "ok" else "Make space, or declare another place."
        yield Check("disk", name, state, f"{left / 1e9:,.1f} GB are free where it is", remedy)


def _there(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())


def clock_checks(folder: Path, *, clock: Callable[[], datetime], last_entry: str | None) -> Iterator[Check]:
    """Yield whether the clock agrees with the file system, and with what was written before.

    Parameters
    ----------
    folder
        Of the study; a file is written in it that has no name and is gone at once.
    clock
        Says what time it is, in UTC.
    last_entry
        When the last entry of the journal was written; null when there is none.
    """
    faults = [*_file_faults(folder, clock), *_time_faults(clock(), last_entry)]
    yield from faults
    if not faults:
        yield Check("clock", "UTC", "ok", f"{clock().isoformat(timespec='seconds')}; agrees with what was written before")


_SET: Final = "Set the clock (NTP): the order of phases is told by it."


def _file_faults(folder: Path, clock: Callable[[], datetime]) -> Iterator[Check]:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
            file.flush()
            ahead = os.fstat(file.fileno()).st_mtime - clock().timestamp()
    except OSError as error:
        yield Check("disk", "study", "error", f"its folder cannot be written ({error.strerror})", "Check its rights and space.")
        return
    if abs(ahead) > SLACK:
        yield Check("clock", "UTC", "warning", f"files are dated {ahead:+,.0f} seconds from what it says", _SET)


def _time_faults(now: datetime, last_entry: str | None) -> Iterator[Check]:
    said = f"it says {now.isoformat(timespec='seconds')}"
    if now < _EARLIEST:
        yield Check("clock", "UTC", "error", f"{said}, which is before this program was written", _SET)
    if last_entry and (now - datetime.fromisoformat(last_entry)).total_seconds() < -SLACK:
        yield Check("clock", "UTC", "error", f"{said}, and the journal was last written at {last_entry[:19]}", _SET)

"""All checks of a study, or of an installation alone, joined."""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from driftgauge.errors import StudyError
from driftgauge.pipeline.doctor.place import EXTRAS, benchmark_checks, clock_checks, disk_checks, extra_checks
from driftgauge.pipeline.doctor.reach import PATIENCE, endpoint_checks
from driftgauge.pipeline.doctor.records import Check
from driftgauge.pipeline.doctor.releases import addresses, asked, collected, release_checks
from driftgauge.pipeline.doctor.sign_in import sign_in_checks
from driftgauge.study import STUDY_FILE, Study, load_study

_STORE: Final = "DRIFTGAUGE_STORE"


def doctor(
    folder: Path | None,
    *,
    offline: bool = False,
    environment: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    patience: float = PATIENCE,
) -> tuple[Check, ...]:
    """Return what was found, area by area.

    Parameters
    ----------
    folder
        Of the study; null for the installation alone.
    offline
        Whether no address is asked.
    environment
        Variables that hold keys and addresses; those of the process, if absent.
    clock
        Says what time it is, in UTC.
    patience
        Seconds that an address, or a database, has to answer in.
    """
    if folder is None:
        return tuple(extra_checks(frozenset(), installed=installed))
    try:
        study = load_study(folder)
    except StudyError as error:
        return (*_mistakes(error), *extra_checks(frozenset(), installed=installed))
    known = os.environ if environment is None else environment
    return tuple(_of_study(study, known, offline=offline, clock=clock, patience=patience))


def installed(module: str) -> bool:
    """Return whether a Python module is there, without importing it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even what it is part of
        return False


def _mistakes(error: StudyError) -> Iterator[Check]:
    for problem in error.problems:
        yield Check("study", problem.where, "error", problem.what, f"expected {problem.expected}")
    if not error.problems:
        yield Check("study", STUDY_FILE, "error", error.message, error.remedy)


def _of_study(
    study: Study, environment: Mapping[str, str], *, offline: bool, clock: Callable[[], datetime], patience: float
) -> Iterator[Check]:
    families, phases = len(study.families), len(study.phases)
    said = f"is valid: {len(study.releases)} releases of {families} families in {phases} phases; protocol {study.protocol.hash}"
    yield Check("study", study.study, "ok", said)
    needed = frozenset({"store", "collect"} if asked(study) else {"store"})
    yield from extra_checks(needed, installed=installed)
    yield from release_checks(study, environment, installed=installed)
    yield from _endpoints(study, environment, offline=offline, patience=patience)
    if study.sign_in:
        yield from sign_in_checks(study.sign_in, environment, installed=installed, offline=offline, patience=patience)
    yield from benchmark_checks(study, collected(study))
    last_entry = None
    if all(map(installed, EXTRAS["store"][0])):
        from driftgauge.pipeline.doctor.kept import store_checks  # noqa: PLC0415 - the core has no store

        kept = store_checks(study, url=environment.get(_STORE) or study.store_url, patience=patience)
        yield from kept.checks
        last_entry = kept.last_entry
    yield from disk_checks(study)
    yield from clock_checks(study.folder, clock=clock, last_entry=last_entry)


def _endpoints(study: Study, environment: Mapping[str, str], *, offline: bool, patience: float) -> Iterator[Check]:
    found = addresses(study, environment)
    if offline and found:
        yield Check("endpoint", "all", "ok", f"{len(found)} were not asked (--offline)")
    elif found:
        yield from endpoint_checks(found, patience=patience)

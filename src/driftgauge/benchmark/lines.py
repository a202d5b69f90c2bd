"""The scenarios of a benchmark one at a time: a benchmark of any size takes the memory of one line."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from driftgauge.benchmark.folder import SCENARIOS, open_file
from driftgauge.benchmark.load import LONGEST_LINE, Unreadable, is_canary, parse_line
from driftgauge.benchmark.scenarios import Scenario, read_scenario
from driftgauge.errors import BenchmarkError


class Line(NamedTuple):
    """A scenario, and where its line begins in the file, in bytes."""

    at: int
    scenario: Scenario


def each_line(folder: Path) -> Iterator[Line]:
    """Yield the scenarios of a frozen benchmark, in order.

    Raises
    ------
    BenchmarkError
        When the file cannot be opened, or holds anything but the scenarios and their canary.
    """
    at = 0
    with open_file(folder, SCENARIOS) as file:
        while line := file.readline(LONGEST_LINE + 1):
            if line.strip() and (scenario := _scenario(line)) is not None:
                yield Line(at, scenario)
            at += len(line)


def read_line(folder: Path, at: int) -> Scenario:
    """Return the scenario whose line begins at a byte of the file.

    Raises
    ------
    BenchmarkError
        When no scenario begins there.
    """
    with open_file(folder, SCENARIOS) as file:
        file.seek(at)
        scenario = _scenario(file.readline(LONGEST_LINE + 1))
    if scenario is None:
        raise changed(SCENARIOS)
    return scenario


def _scenario(line: bytes) -> Scenario | None:
    """Return the scenario of a line; null for the canary."""
    try:
        value = parse_line(line)
        if is_canary(value):
            return None
    except Unreadable:
        raise changed(SCENARIOS) from None
    scenario, problems = read_scenario(value, where=SCENARIOS)
    if scenario is None or problems:
        raise changed(SCENARIOS)
    return scenario


def changed(name: str) -> BenchmarkError:
    """Return the error for a file that is not what it was a moment ago, when it was verified."""
    return BenchmarkError(
        f"{name} was changed while it was in use",
        remedy="Put it back as it was frozen, then run the same command again; what was collected is kept.",
    )

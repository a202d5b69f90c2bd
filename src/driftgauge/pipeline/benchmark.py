"""The verbs of a benchmark with what they need from the edge: the clock, a new canary, a generator."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np

from driftgauge.benchmark.check import Pairing
from driftgauge.benchmark.demo import demo_files, demo_scenarios
from driftgauge.benchmark.exchange import FORMATS, Moved, export_benchmark, import_benchmark
from driftgauge.benchmark.exchange.whole import write_new_folder
from driftgauge.benchmark.freeze import Frozen, checked, freeze
from driftgauge.benchmark.manifest import BenchmarkManifest, count, read_manifest
from driftgauge.benchmark.scenarios import LABELS
from driftgauge.benchmark.verify import frozen, verify
from driftgauge.errors import BenchmarkError

__all__ = [
    "FORMATS",
    "LABELS",
    "Checked",
    "Frozen",
    "Moved",
    "check_benchmark",
    "export_benchmark",
    "freeze_benchmark",
    "import_benchmark",
    "verify_benchmark",
    "write_demo_benchmark",
]


@dataclass(frozen=True)
class Checked:
    """A benchmark that keeps the rules."""

    pairing: Pairing
    counts: dict[str, int]


def check_benchmark(folder: Path, *, pairing: Pairing | None) -> Checked:
    """Check a benchmark, with the pairing that its manifest declares, or ``required``, unless another is given.

    Raises
    ------
    BenchmarkError
        With every problem.
    """
    manifest = read_manifest(folder)
    pairing = pairing or (manifest.manifest.pairing if manifest else "required")
    return Checked(pairing, count(checked(folder, pairing)))


def freeze_benchmark(folder: Path, *, pairing: Pairing | None, new_version: bool) -> Frozen:
    """Freeze a benchmark now, with a new canary if it has none.

    Raises
    ------
    BenchmarkError
        With every problem; or when it is frozen, changed, and no new version was asked for.
    """
    canary = f"Benchmark data must not appear in training corpora. driftgauge canary GUID {uuid4()}"
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return freeze(folder, pairing=pairing, canary=canary, created_at=now, new_version=new_version)


def verify_benchmark(folder: Path) -> BenchmarkManifest:
    """Return the manifest of a benchmark every byte of which is as it was frozen.

    Raises
    ------
    BenchmarkError
        With every file that is not; or when it is not frozen.
    """
    if problems := verify(folder):
        raise BenchmarkError(
            f"{folder} is not as it was frozen",
            problems=problems,
            remedy="Put these files back, or freeze them as a new version (driftgauge benchmark freeze --version).",
        )
    return frozen(folder).manifest


def write_demo_benchmark(folder: Path, *, seed: int) -> Moved:
    """Write the demo benchmark into a new folder; do nothing when it is there.

    Raises
    ------
    BenchmarkError
        When Pillow is not installed, or something else is there.
    """
    files = demo_files(np.random.default_rng(seed))  # noqa: TID251 - the edge
    scenarios = demo_scenarios()
    prompts = sum(len(scenario.prompts) for scenario in scenarios)
    counts = {"scenarios": len(scenarios), "prompts": prompts, "media": len(files) - 1}
    return Moved(folder, counts, (), done=write_new_folder(folder, files))

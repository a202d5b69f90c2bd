"""Benchmarks in from outside and out again: own folders, Inspect samples, VLMEvalKit tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from driftgauge.benchmark.check import check
from driftgauge.benchmark.contents import Contents
from driftgauge.benchmark.exchange import inspect, vlmevalkit
from driftgauge.benchmark.exchange.rows import Draft, Exported, assemble
from driftgauge.benchmark.exchange.whole import write_new_file, write_new_folder
from driftgauge.benchmark.folder import list_files, locked, read_file
from driftgauge.benchmark.freeze import checked, refusal
from driftgauge.benchmark.load import dump
from driftgauge.benchmark.manifest import count, read_manifest
from driftgauge.benchmark.verify import verify
from driftgauge.errors import BenchmarkError

__all__ = ["FORMATS", "Moved", "export_benchmark", "import_benchmark"]

OWN: Final = "driftgauge"
_READERS: Final[Mapping[str, Callable[[Path, Mapping[str, str]], Draft]]] = {
    "inspect": inspect.read,
    "vlmevalkit": vlmevalkit.read,
}
_WRITERS: Final[Mapping[str, Callable[[Contents, Callable[[str], bytes]], Exported]]] = {
    "inspect": inspect.write,
    "vlmevalkit": vlmevalkit.write,
}
FORMATS: Final = (OWN, *_READERS)
"""What can be imported, and exported."""
_LARGEST: Final = 1 << 31


@dataclass(frozen=True)
class Moved:
    """What was imported or exported.

    Parameters
    ----------
    path
        What was written.
    counts
        How many scenarios, prompts and pictures there are.
    skipped
        The prompts that the format cannot hold.
    done
        False when the same was there already.
    """

    path: Path
    counts: dict[str, int]
    skipped: tuple[str, ...]
    done: bool


def import_benchmark(source: Path, *, to: Path, format: str, labels: Mapping[str, str]) -> Moved:  # noqa: A002 - as `--format`
    """Read a benchmark of any format into a new folder; all of it or nothing.

    Parameters
    ----------
    source
        A folder (``driftgauge``) or a file (the others).
    to
        A folder that is not there, or is empty, or holds the same already.
    format
        One of `FORMATS`.
    labels
        Values for fields that the source lacks (``{"technique": "role_play"}``).

    Raises
    ------
    BenchmarkError
        With every mistake; nothing is written then.
    """
    if format == OWN:
        return _copy(source, to=to)
    contents, blobs = assemble(_READERS[format](source, labels))
    if problems := check(contents, pairing="none"):
        remedy = "Correct them; what the source lacks can be given with --label FIELD=VALUE."
        raise BenchmarkError(
            f"{source.name}: {len(problems):,} mistakes; nothing was imported", problems=problems, remedy=remedy
        )
    files = {"scenarios.jsonl": dump(contents.scenarios, canary=contents.canary), **blobs}
    return Moved(to, count(contents), (), done=write_new_folder(to, files))


def export_benchmark(folder: Path, *, to: Path, format: str) -> Moved:  # noqa: A002 - as `--format`
    """Write a benchmark in any format.

    Parameters
    ----------
    folder
        The benchmark; when it is frozen it has to verify.
    to
        A new folder (``driftgauge``) or a new file (the others), or one that holds the same already.
    format
        One of `FORMATS`.

    Raises
    ------
    BenchmarkError
        When the benchmark breaks a rule, is not as it was frozen, or something else is there already.
    """
    if format == OWN:
        return _copy(folder, to=to)
    with locked(folder):
        contents = _sound(folder)
        exported = _WRITERS[format](contents, lambda name: read_file(folder, name, most=_LARGEST))
    return Moved(to, count(contents), exported.skipped, done=write_new_file(to, exported.data))


def _copy(folder: Path, *, to: Path) -> Moved:
    """Copy a sound benchmark byte for byte, with its manifest when it is frozen."""
    with locked(folder):
        contents = _sound(folder)
        files = {name: read_file(folder, name, most=_LARGEST) for name in list_files(folder).files}
    return Moved(to, count(contents), (), done=write_new_folder(to, files))


def _sound(folder: Path) -> Contents:
    """Return what a benchmark holds when it keeps the rules, and when it is as it was frozen, if it was."""
    manifest = read_manifest(folder)
    if manifest and (problems := verify(folder)):
        raise refusal(folder, problems)
    return checked(folder, manifest.manifest.pairing if manifest else "none")

"""Freezing: a checked benchmark gets its canary, then its manifest, each file whole or not at all and the manifest last."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from driftgauge.benchmark.check import Pairing, check
from driftgauge.benchmark.contents import Contents, read_contents
from driftgauge.benchmark.folder import MANIFEST, SCENARIOS, cannot, list_files, locked, read_file, write_file
from driftgauge.benchmark.load import LARGEST_FILE, canary_line
from driftgauge.benchmark.manifest import (
    BenchmarkManifest,
    ManifestFile,
    Previous,
    describe,
    read_manifest,
    shared,
    version_file,
)
from driftgauge.benchmark.verify import file_hashes, own_files, verify
from driftgauge.errors import BenchmarkError, Problem

Write = Callable[[Path, bytes], None]


@dataclass(frozen=True)
class Frozen:
    """A frozen benchmark, and whether it was frozen just now."""

    manifest: BenchmarkManifest
    done: bool


def freeze(
    folder: Path,
    *,
    pairing: Pairing | None,
    canary: str,
    created_at: str,
    new_version: bool = False,
    write: Write = write_file,
) -> Frozen:
    """Freeze a benchmark, or do nothing when it is frozen and unchanged.

    Parameters
    ----------
    folder
        The folder of the benchmark.
    pairing
        What to check; null for what the version before declared, and ``required`` without one.
    canary
        The canary, if neither the scenarios nor an earlier version have one.
    created_at
        Now, in UTC.
    new_version
        Whether a frozen benchmark that was changed may become the next version.
    write
        What writes a file whole or not at all.

    Raises
    ------
    BenchmarkError
        With every problem, when it breaks a rule; when it is frozen, changed, and no new version was asked for; when a file
        cannot be written. It is then frozen or not, as it was before.
    """
    with locked(folder):
        earlier = read_manifest(folder)
        if earlier and _settled(folder, earlier, pairing=pairing, new_version=new_version):
            return Frozen(earlier.manifest, done=False)
        pairing = pairing or (earlier.manifest.pairing if earlier else "required")
        contents = checked(folder, pairing)
        canary = _one_canary(contents, earlier) or canary
        try:
            _write_canary(folder, contents, canary=canary, write=write)
            if earlier:
                write(folder / version_file(earlier.manifest.version), earlier.data)
            manifest = _manifest(folder, contents, earlier, pairing=pairing, canary=canary)
            manifest = dataclasses.replace(manifest, created_at=created_at)
            write(folder / MANIFEST, manifest.to_bytes())
        except OSError as error:
            raise cannot("write", folder, error) from None
        return Frozen(manifest, done=True)


def checked(folder: Path, pairing: Pairing) -> Contents:
    """Return what a benchmark holds when it keeps the rules.

    Raises
    ------
    BenchmarkError
        With every problem, when it does not.
    """
    contents = read_contents(folder)
    if problems := check(contents, pairing=pairing):
        raise refusal(folder, problems)
    return contents


def refusal(folder: Path, problems: tuple[Problem, ...]) -> BenchmarkError:
    """Return the error for a benchmark that breaks rules."""
    mistakes = f"{len(problems):,} mistake{'s' * (len(problems) != 1)}"
    return BenchmarkError(f"{folder}: {mistakes}", problems=problems, remedy="Correct them and try again.")


def _settled(folder: Path, earlier: ManifestFile, *, pairing: Pairing | None, new_version: bool) -> bool:
    """Return whether a frozen benchmark can stay as it is; refuse what only a new version may change."""
    version = earlier.manifest.version
    if not earlier.intact:
        raise BenchmarkError(f"{MANIFEST} of version {version} was changed", remedy=f"Put {MANIFEST} back as it was.")
    changes = verify(folder)
    if pairing not in {None, earlier.manifest.pairing}:
        changes = (*changes, Problem(MANIFEST, f"pairing is {earlier.manifest.pairing}", f"pairing {pairing}"))
    if changes and not new_version:
        raise BenchmarkError(
            f"frozen as version {version}; use --version to make {version + 1}",
            problems=changes,
            remedy=f"Undo these changes, or make version {version + 1}.",
        )
    return not changes


def _one_canary(contents: Contents, earlier: ManifestFile | None) -> str | None:
    """Return the canary that the benchmark has already; it stays the same through all versions."""
    if earlier and contents.canary not in {None, earlier.manifest.canary}:
        problem = Problem(f"{SCENARIOS}, line 1", "the canary is another one", "the canary of the manifest, or no such line")
        raise BenchmarkError("a benchmark keeps its canary", problems=[problem])
    return earlier.manifest.canary if earlier else contents.canary


def _write_canary(folder: Path, contents: Contents, *, canary: str, write: Write) -> None:
    if contents.canary is None:
        scenarios = read_file(folder, SCENARIOS, most=LARGEST_FILE)
        write(folder / SCENARIOS, canary_line(canary) + scenarios)


def _manifest(
    folder: Path, contents: Contents, earlier: ManifestFile | None, *, pairing: Pairing, canary: str
) -> BenchmarkManifest:
    names = own_files(list_files(folder), None)
    seen = file_hashes(folder, names)
    _same_pictures(seen, contents.hashes)
    files = {name: sha for name, sha in seen.items() if name not in contents.media}
    manifest = describe(contents, files, pairing=pairing, canary=canary)
    if earlier is None:
        return manifest
    between = shared(earlier.manifest, manifest)
    previous = Previous(
        version=earlier.manifest.version,
        root=earlier.manifest.root,
        shared=len(between.shared),
        changed=between.changed,
        added=between.added,
        removed=between.removed,
    )
    return dataclasses.replace(manifest, version=earlier.manifest.version + 1, previous=previous)


def _same_pictures(seen: Mapping[str, str], checked_hashes: Mapping[str, str]) -> None:
    """Refuse to freeze a picture that somebody changed after it was checked."""
    changed = [name for name, sha in checked_hashes.items() if seen.get(name) != sha]
    if changed:
        problems = [
            Problem(name, "changed while the benchmark was being frozen", "nobody else at work on it") for name in changed
        ]
        raise BenchmarkError("the benchmark was not frozen", problems=problems, remedy="Try again.")

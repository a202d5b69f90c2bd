"""Is a frozen benchmark what it was? Every file that is not is named, and the scenario or prompt where that can be told."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from driftgauge.benchmark.canonical import label_hashes, prompt_hashes
from driftgauge.benchmark.contents import media_path, read_scenarios
from driftgauge.benchmark.folder import MANIFEST, MEDIA, SCENARIOS, Listing, hash_file, list_files
from driftgauge.benchmark.load import Loaded
from driftgauge.benchmark.manifest import BenchmarkManifest, ManifestFile, read_manifest, version_file
from driftgauge.errors import BenchmarkError, Problem

_FROZEN: Final = "the file as it was frozen"
_NAMED: Final = 5


def frozen(folder: Path) -> ManifestFile:
    """Return the manifest of a frozen benchmark.

    Raises
    ------
    BenchmarkError
        When it is not frozen.
    """
    found = read_manifest(folder)
    if found is None:
        raise BenchmarkError(f"{folder} is not frozen: it has no {MANIFEST}", remedy=f"driftgauge benchmark freeze {folder}")
    return found


def verify(folder: Path, found: ManifestFile | None = None) -> tuple[Problem, ...]:
    """Return everything that is not as it was frozen; nothing, when every byte is.

    Parameters
    ----------
    folder
        Of the benchmark.
    found
        Its manifest, where that has been read already.

    Raises
    ------
    BenchmarkError
        When the folder is not frozen, or its manifest cannot be read at all.

    Notes
    -----
    No picture is decoded, so that this needs no Pillow. Who rewrites a file and the manifest to fit is not found out: keep the
    root elsewhere too.
    """
    found = found or frozen(folder)
    problems = [] if found.intact else [Problem(MANIFEST, "its bytes are not those that were written", _FROZEN)]
    listing = list_files(folder)
    seen = file_hashes(folder, own_files(listing, found))
    return (*problems, *listing.problems, *_differences(folder, listing, found.manifest, seen))


def own_files(listing: Listing, found: ManifestFile | None) -> tuple[str, ...]:
    """Return the files that a manifest has to name: all but itself, and a copy that a later version began with."""
    copy = version_file(found.manifest.version) if found else ""
    return tuple(name for name in listing.files if name not in {MANIFEST, copy})


def file_hashes(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Return the SHA-256 of each file."""
    return {name: hash_file(folder, name) for name in names}


def _differences(folder: Path, listing: Listing, manifest: BenchmarkManifest, seen: Mapping[str, str]) -> Iterator[Problem]:
    expected = manifest.files | manifest.media
    changed = [name for name in expected if name in seen and seen[name] != expected[name]]
    missing = [name for name in expected if name not in seen]
    loaded = read_scenarios(folder, listing) if SCENARIOS in seen and (changed or missing) else None
    if loaded and SCENARIOS in changed:
        yield from _canary(loaded, manifest)
        yield _changed_scenarios(loaded, manifest, {path: sha for path, sha in seen.items() if path.startswith(MEDIA)})
    for name in changed:
        if name != SCENARIOS:
            yield Problem(name, f"changed{_shown_in(name, loaded)}", _FROZEN)
    yield from (Problem(name, f"missing{_shown_in(name, loaded)}", _FROZEN) for name in missing)
    yield from (Problem(name, "a file that was not frozen", "no other files") for name in seen if name not in expected)


def _canary(loaded: Loaded, manifest: BenchmarkManifest) -> Iterator[Problem]:
    if loaded.canary != manifest.canary:
        what = "the canary was removed" if loaded.canary is None else "the canary is another one"
        yield Problem(f"{SCENARIOS}, line 1", what, "the canary of the manifest")


def _changed_scenarios(loaded: Loaded, manifest: BenchmarkManifest, media: Mapping[str, str]) -> Problem:
    """Return the problem for changed scenarios, with the prompts and scenarios that are others now, as far as they can be read.

    A picture that is missing or changed is reported as such: prompts enter here with the pictures that were frozen.
    """
    scenarios = [placed.scenario for placed in loaded.scenarios]
    prompts = prompt_hashes(scenarios, hashes={**media, **manifest.media})
    about = [
        _names(
            "changed",
            "prompt",
            [each for each in prompts if each in manifest.prompts and prompts[each] != manifest.prompts[each]],
        ),
        _names("added", "prompt", [each for each in prompts if each not in manifest.prompts]),
        _names("missing or unreadable", "prompt", [each for each in manifest.prompts if each not in prompts]),
        _names("changed labels", "scenario", _changed_labels(label_hashes(scenarios), manifest)),
    ]
    known = [each for each in about if each]
    lines = [problem.where.removeprefix(f"{SCENARIOS}, ") for problem in loaded.problems[:_NAMED]]
    known += [f"unreadable: {'; '.join(lines)}"] if lines else []
    return Problem(SCENARIOS, f"changed ({'; '.join(known) or 'in its form or order alone'})", _FROZEN)


def _changed_labels(labels: Mapping[str, str], manifest: BenchmarkManifest) -> list[str]:
    return [each for each in labels if each in manifest.scenarios and labels[each] != manifest.scenarios[each]]


def _shown_in(name: str, loaded: Loaded | None) -> str:
    """Return which prompts show a picture."""
    ids = [
        scenario.prompt_id(prompt)
        for _, scenario in (loaded.scenarios if loaded else ())
        for prompt in scenario.prompts
        if any(media_path(part, {name: part.sha256 or ""}) for part in prompt.media if part.path in {name, None})
    ]
    return f" ({_names('shown in', 'prompt', ids)})" if ids and name.startswith(MEDIA) else ""


def _names(what: str, kind: str, ids: list[str]) -> str:
    if not ids:
        return ""
    more = f", … ({len(ids):,} in all)" if len(ids) > _NAMED else ""
    return f"{what}: {kind} {', '.join(ids[:_NAMED])}{more}"

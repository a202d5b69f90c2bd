"""The manifest of a frozen benchmark: what it holds, hash by hash, with a hash of itself; and what two versions share."""

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from driftgauge.benchmark.canonical import canonical, label_hashes, merkle_root, prompt_hashes, sha256
from driftgauge.benchmark.check import Pairing
from driftgauge.benchmark.contents import Contents
from driftgauge.benchmark.folder import MANIFEST, cannot, read_file
from driftgauge.errors import BenchmarkError

LARGEST: Final = 1 << 28
_SELF: Final = "manifest_sha256"


@dataclass(frozen=True)
class Shared:
    """Which prompts two versions have in common; responses to the shared ones stay comparable."""

    shared: tuple[str, ...]
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class Previous:
    """The version before, and what became of its prompts."""

    version: int
    root: str
    shared: int
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class BenchmarkManifest:
    """What a frozen benchmark is.

    Parameters
    ----------
    version
        1, 2, …
    created_at
        When it was frozen, UTC.
    pairing
        ``required`` or ``none``.
    canary
        A text that occurs nowhere else; it stands in the first line of the scenarios too.
    root
        The Merkle root over `scenarios`, `prompts` and the hashes of `media`: the name of what is measured, whatever its
        files are called and in whatever order they stand.
    counts
        How many scenarios, prompts and pictures there are, and of which kinds.
    scenarios
        Scenario to SHA-256 of its labels.
    prompts
        Prompt to SHA-256 of its canonical form.
    media
        Path to SHA-256 of each picture.
    files
        Path to SHA-256 of every other file of the folder.
    previous
        The version before, if there is one.
    format
        The version of this form.
    """

    version: int
    created_at: str
    pairing: Pairing
    canary: str
    root: str
    counts: dict[str, int]
    scenarios: dict[str, str]
    prompts: dict[str, str]
    media: dict[str, str]
    files: dict[str, str]
    previous: Previous | None = None
    format: Literal[1] = 1

    def to_bytes(self) -> bytes:
        """Return the bytes of the file, whose last field is the hash of the others."""
        fields = dataclasses.asdict(self)
        fields[_SELF] = sha256(canonical(fields))
        return json.dumps(fields, indent=2, ensure_ascii=False).encode() + b"\n"


@dataclass(frozen=True)
class ManifestFile:
    """A manifest, and whether its bytes are those that were written."""

    manifest: BenchmarkManifest
    intact: bool
    data: bytes


_READER: Final = TypeAdapter(BenchmarkManifest)


def version_file(version: int) -> str:
    """Return where the manifest of an earlier version is kept."""
    return f"manifest-v{version}.json"


def read_manifest(folder: Path, name: str = MANIFEST) -> ManifestFile | None:
    """Return the manifest of a folder, or null when it is not frozen.

    Raises
    ------
    BenchmarkError
        When there is one that cannot be read at all.
    """
    try:
        (folder / name).lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise cannot("read", folder / name, error) from None
    data = read_file(folder, name, most=LARGEST)
    try:
        fields: dict[str, Any] = json.loads(data)
        fields.pop(_SELF)
        manifest = _READER.validate_python(fields)
        return ManifestFile(manifest, manifest.to_bytes() == data, data)
    except (ValidationError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BenchmarkError(
            f"{name}: not a manifest that driftgauge wrote, or a changed one", remedy=f"Put {name} back as it was."
        ) from None


def describe(contents: Contents, files: Mapping[str, str], *, pairing: Pairing, canary: str) -> BenchmarkManifest:
    """Return the manifest of version 1 of what was read, with no date.

    Parameters
    ----------
    contents
        A benchmark that keeps the rules.
    files
        Path to SHA-256 of every file that is no picture.
    pairing
        What was checked.
    canary
        The canary.
    """
    labels = label_hashes(contents.scenarios)
    media = contents.hashes
    prompts = prompt_hashes(contents.scenarios, hashes=media)
    root = merkle_root({"scenarios": labels, "prompts": prompts, "media": {each: each for each in media.values()}})
    return BenchmarkManifest(1, "", pairing, canary, root, count(contents), labels, prompts, media, dict(files))


def count(contents: Contents) -> dict[str, int]:
    """Return how many scenarios, prompts and pictures there are, and of which kinds."""
    scenarios = contents.scenarios
    prompts = [prompt for scenario in scenarios for prompt in scenario.prompts]
    intents = Counter(scenario.intent for scenario in scenarios)
    modalities = Counter(prompt.modality for prompt in prompts)
    return {
        "scenarios": len(scenarios),
        "adversarial": intents["adversarial"],
        "benign": intents["benign"],
        "prompts": len(prompts),
        "text-only": modalities["text-only"],
        "multimodal": modalities["multimodal"],
        "languages": len({prompt.language for prompt in prompts}),
        "media": len(contents.media),
    }


def shared(old: BenchmarkManifest, new: BenchmarkManifest) -> Shared:
    """Return which prompts are the same in two versions, by hash, and what became of the others."""
    both = [each for each in new.prompts if each in old.prompts]
    return Shared(
        shared=tuple(each for each in both if new.prompts[each] == old.prompts[each]),
        changed=tuple(each for each in both if new.prompts[each] != old.prompts[each]),
        added=tuple(each for each in new.prompts if each not in old.prompts),
        removed=tuple(each for each in old.prompts if each not in new.prompts),
    )

"""The prompts of a frozen benchmark as they are put to a release: what a plan has to know, and the turns with their media."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

import polars as pl

from driftgauge.benchmark.contents import media_hash, media_path
from driftgauge.benchmark.folder import read_file
from driftgauge.benchmark.scenarios import Part, Prompt, TextPart
from driftgauge.clients.calls import Blob, Text, Turn
from driftgauge.errors import BenchmarkError
from driftgauge.media import LIMITS, SUFFIXES
from driftgauge.pipeline.registered import Registered

LABELS: Final = ("harm_category", "technique", "execution")
"""What a scenario says of itself that a response takes over."""
_TYPES: Final = {**SUFFIXES, ".wav": "audio/wav", ".mp3": "audio/mpeg"}
_FRAME: Final = {
    "prompt": pl.String(), "prompt_hash": pl.String(), "scenario": pl.String(), "intent": pl.String(), "modality": pl.String(),
    "language": pl.String(), **dict.fromkeys(LABELS, pl.String()), "takes": pl.List(pl.String()), "characters": pl.Int64(),
    "media_bytes": pl.Int64(),
}  # fmt: skip


@dataclass(frozen=True)
class Prompts:
    """What can be asked.

    Parameters
    ----------
    frame
        One row a prompt: `prompt` (scenario/modality/language), `prompt_hash`, `scenario`, `intent`, `modality`, `language`,
        `harm_category`, `technique`, `execution`, `takes` (the kinds of its parts: ``text``, ``image``, ``audio``, sorted),
        `characters` of its text and `media_bytes`.
    folder, media
        Where the media are, and path to SHA-256 of each.
    by_name
        The prompts by their names.
    """

    frame: pl.DataFrame
    folder: Path
    media: Mapping[str, str]
    by_name: Mapping[str, Prompt]

    def turns(self, prompt: str) -> tuple[Turn, ...]:
        """Return what is said in a prompt, in order; media are read now, and held to their hash.

        Parameters
        ----------
        prompt
            Its name.

        Raises
        ------
        BenchmarkError
            When a medium is not what was frozen.
        """
        return tuple(
            Turn(message.role, tuple(self._part(part) for part in message.parts)) for message in self.by_name[prompt].messages
        )

    def _part(self, part: Part) -> Text | Blob:
        if isinstance(part, TextPart):
            return Text(part.text)
        path = str(media_path(part, self.media))
        return read_medium(self.folder, path, kind=part.type, sha256=str(media_hash(part, self.media)))


def read_medium(folder: Path, path: str, *, kind: Literal["image", "audio"], sha256: str) -> Blob:
    """Return a medium of a benchmark.

    Parameters
    ----------
    folder, path
        Where it is.
    kind
        What a release has to take.
    sha256
        Of its bytes, as they were frozen.

    Raises
    ------
    BenchmarkError
        When it cannot be read, or its bytes are others.
    """
    data = read_file(folder, path, most=LIMITS.bytes)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BenchmarkError(
            f"{path} was changed while it was being collected (expected SHA-256 {sha256[:16]}…)",
            remedy="Put it back as it was frozen, then run the same command again; what was collected is kept.",
        )
    return Blob(kind, data, _TYPES[PurePosixPath(path).suffix.lower()], sha256)


def prompts_of(found: Registered) -> Prompts:
    """Return the prompts of a verified benchmark."""
    sizes = {path: (found.folder / path).stat().st_size for path in found.media}
    hashes = dict(zip(found.prompts["prompt"], found.prompts["prompt_hash"], strict=True))
    rows = [
        {
            "prompt": scenario.prompt_id(prompt),
            "prompt_hash": hashes[scenario.prompt_id(prompt)],
            "scenario": scenario.scenario,
            "intent": scenario.intent,
            "modality": prompt.modality,
            "language": prompt.language,
            **{name: getattr(scenario, name) for name in LABELS},
            "takes": sorted({part.type for part in prompt.parts}),
            "characters": sum(len(part.text) for part in prompt.parts if isinstance(part, TextPart)),
            "media_bytes": sum(sizes[str(media_path(part, found.media))] for part in prompt.media),
        }
        for scenario in found.scenarios
        for prompt in scenario.prompts
    ]
    by_name = {scenario.prompt_id(prompt): prompt for scenario in found.scenarios for prompt in scenario.prompts}
    return Prompts(pl.DataFrame(rows, schema=_FRAME), found.folder, found.media, by_name)

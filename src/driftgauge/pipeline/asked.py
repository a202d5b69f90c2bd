"""The prompts of a frozen benchmark as they are put to a release: what a plan has to know, and the turns with their media."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

import polars as pl

from driftgauge.benchmark.canonical import prompt_hash
from driftgauge.benchmark.contents import media_hash, media_path
from driftgauge.benchmark.folder import SCENARIOS, read_file
from driftgauge.benchmark.lines import changed, read_line
from driftgauge.benchmark.scenarios import Part, Prompt, TextPart
from driftgauge.clients.calls import Blob, Text, Turn
from driftgauge.media import LIMITS, SUFFIXES
from driftgauge.pipeline.registered import Registered

_TYPES: Final = {**SUFFIXES, ".wav": "audio/wav", ".mp3": "audio/mpeg"}


@dataclass(frozen=True)
class Prompts:
    """What can be asked.

    Parameters
    ----------
    found
        The benchmark.
    rows
        Prompt to its row in the table of the benchmark.
    """

    found: Registered
    rows: Mapping[str, int]

    @property
    def frame(self) -> pl.DataFrame:
        """The prompts, as in `Registered`."""
        return self.found.prompts

    def __contains__(self, prompt: str) -> bool:
        """Return whether there is such a prompt."""
        return prompt in self.rows

    def hash_of(self, prompt: str) -> str:
        """Return the hash that a prompt was frozen under."""
        return str(self.frame["prompt_hash"][self.rows[prompt]])

    def turns(self, prompt: str) -> tuple[Turn, ...]:
        """Return what is said in a prompt, in order; it and its media are read now, and held to their hashes.

        Parameters
        ----------
        prompt
            Its name.

        Raises
        ------
        BenchmarkError
            When it, or a medium of it, is not what was frozen.
        """
        found = self.prompt(prompt)
        return tuple(Turn(message.role, tuple(self._part(part) for part in message.parts)) for message in found.messages)

    def prompt(self, name: str) -> Prompt:
        """Return a prompt; it is read now, and held to its hash.

        Raises
        ------
        BenchmarkError
            When it is not what was frozen.
        """
        row, media = self.rows[name], self.found.media
        scenario = read_line(self.found.folder, self.frame["at"][row])
        prompt = next((each for each in scenario.prompts if scenario.prompt_id(each) == name), None)
        if prompt is None or prompt_hash(scenario, prompt, hashes=media) != self.frame["prompt_hash"][row]:
            raise changed(SCENARIOS)
        return prompt

    def _part(self, part: Part) -> Text | Blob:
        if isinstance(part, TextPart):
            return Text(part.text)
        found = self.found
        path = str(media_path(part, found.media))
        return read_medium(found.folder, path, kind=part.type, sha256=str(media_hash(part, found.media)))


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
        raise changed(path)
    return Blob(kind, data, _TYPES[PurePosixPath(path).suffix.lower()], sha256)


def prompts_of(found: Registered) -> Prompts:
    """Return the prompts of a verified benchmark."""
    return Prompts(found, {name: row for row, name in enumerate(found.prompts["prompt"])})

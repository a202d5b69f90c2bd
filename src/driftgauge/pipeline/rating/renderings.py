"""Prompts and responses as raters will see them: safe HTML, no name of a model, media written anew under opaque names."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Final

import polars as pl

from driftgauge.benchmark.contents import media_hash, media_path
from driftgauge.benchmark.folder import read_file
from driftgauge.benchmark.scenarios import MediaPart, Prompt, TextPart
from driftgauge.errors import BenchmarkError, Problem
from driftgauge.media import LIMITS
from driftgauge.media.rewritten import rewritten
from driftgauge.pipeline import asked
from driftgauge.pipeline.rating.names import Names
from driftgauge.pipeline.rating.steps import Part, Turn
from driftgauge.pipeline.registered import Registered
from driftgauge.rate.blind import blinded_html
from driftgauge.rate.shown import as_written, from_markdown
from driftgauge.records import Progress
from driftgauge.store.blobs import Blobs
from driftgauge.study import Study


@dataclass
class Gallery:
    """The media of a benchmark as raters are shown them: each decoded and written again once.

    Parameters
    ----------
    benchmark
        Where they come from.
    blobs
        Where they go.
    token
        Makes opaque names.
    known
        Those that are there, by the SHA-256 of each in the benchmark.
    added
        Those that were made now.
    """

    benchmark: Registered
    blobs: Blobs
    token: Callable[[], str]
    known: dict[str, Mapping[str, Any]]
    added: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    def part(self, part: MediaPart) -> Part:
        """Return a medium as a part of a turn.

        Raises
        ------
        BenchmarkError
            When it does not decode, or is too large.
        """
        path, source = media_path(part, self.benchmark.media), media_hash(part, self.benchmark.media)
        if path is None or source is None:
            raise BenchmarkError("a prompt names a medium that is not there", remedy="driftgauge benchmark verify")
        row = self.known.get(source) or self._made(path, source)
        return Part(part.type, picture=row["picture"], width=row["width"], height=row["height"])

    def _made(self, path: str, source: str) -> Mapping[str, Any]:
        found = rewritten(read_file(self.benchmark.folder, path, most=LIMITS.bytes), name=path)
        row = {
            "picture": self.token(), "sha256": self.blobs.put(found.data), "source": source, "media_type": found.type,
            "width": found.width, "height": found.height,
        }  # fmt: skip
        self.known[source] = row
        self.added.append(row)
        return row


SHOWN: Final = pl.Schema(
    {
        "response": pl.Int64(), "exercise": pl.String(), "prompt": pl.String(), "html": pl.String(), "names": pl.Int64(),
        "masked": pl.Boolean(),
    }
)  # fmt: skip
"""A rendering, of a response or of an exercise; `names` is how often it names its own model."""


@dataclass(frozen=True)
class Prompts:
    """The prompts of a benchmark by their hash."""

    benchmark: Registered

    @cached_property
    def _asked(self) -> asked.Prompts:
        return asked.prompts_of(self.benchmark)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """The name of each prompt by the hash that responses keep of it."""
        return dict(zip(self.benchmark.prompts["prompt_hash"], self.benchmark.prompts["prompt"], strict=True))

    def of_hash(self, prompt_hash: str) -> Prompt:
        """Return the prompt of a hash."""
        return self._asked.prompt(self._names[prompt_hash])

    def require(self, responses: pl.DataFrame) -> None:
        """See that the prompt of every response is there as it was put to the release.

        Raises
        ------
        BenchmarkError
            With every prompt that is not.
        """
        known = list(self._names)
        missing = responses.filter(~pl.col("prompt_hash").is_in(known).fill_null(value=False))
        prompts = missing.unique(["scenario", "modality", "language"], maintain_order=True)
        if prompts.is_empty():
            return
        problems = [
            Problem(
                f"prompt {row['scenario']}/{row['modality']}/{row['language']}",
                f"asked in phase {row['phase']} as another version of the benchmark had it (root {(row['root'] or '')[:16]})",
                "the same prompt in the benchmark that the study declares",
            )
            for row in prompts.iter_rows(named=True)
        ]
        raise BenchmarkError(
            f"{len(problems):,} prompts are not as they were asked, and nobody can be shown them; nothing was drawn",
            problems=problems,
            remedy="Put the version back that was collected with.",
        )


def turns_of(prompt: Prompt, gallery: Gallery) -> str:
    """Return a prompt as JSON of its turns."""
    turns = [Turn(message.role, tuple(_part(part, gallery) for part in message.parts)) for message in prompt.messages]
    return json.dumps([asdict(turn) for turn in turns], ensure_ascii=False)


def _part(part: TextPart | MediaPart, gallery: Gallery) -> Part:
    return Part("text", html=as_written(part.text)) if isinstance(part, TextPart) else gallery.part(part)


def render(
    responses: pl.DataFrame, study: Study, *, prompts: Prompts, gallery: Gallery, mask: bool, progress: Progress
) -> pl.DataFrame:
    """Return responses as raters will see them: `SHOWN`; the media in them are added to the gallery.

    Parameters
    ----------
    responses
        Of `shown_responses`.
    study
        Says the family of each release.
    prompts, gallery
        What they were asked.
    mask
        Whether names of models are masked: those of every release of the study, so that a mask does not tell whose response
        it is. What is counted are names of a response's own model.
    progress
        Told of each hundred.

    Raises
    ------
    BenchmarkError
        When a medium cannot be shown.
    """
    names = Names(study, responses)
    turns: dict[str, str] = {}
    rows: list[tuple[Any, ...]] = []
    for row in responses.iter_rows(named=True):
        key = row["prompt_hash"]
        if key not in turns:
            turns[key] = turns_of(prompts.of_hash(key), gallery)
        html = from_markdown(row["text"])
        own = blinded_html(html, names.own(row), mask=False)
        found = blinded_html(html, names.every, mask=mask)
        rows.append((row["row"], None, turns[key], found.text, own.names, mask and found.names > 0))
        if len(rows) % 100 == 0:
            progress("making them safe to show", len(rows), responses.height)
    return pl.DataFrame(rows, schema=SHOWN, orient="row")

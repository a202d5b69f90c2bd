"""The frozen benchmark of a study: verified, its prompts known to the store, its media kept by hash."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.benchmark.contents import media_path
from driftgauge.benchmark.folder import SCENARIOS, read_file
from driftgauge.benchmark.lines import Line, changed, each_line
from driftgauge.benchmark.manifest import BenchmarkManifest
from driftgauge.benchmark.scenarios import Prompt, TextPart
from driftgauge.benchmark.verify import frozen, verify
from driftgauge.errors import BenchmarkError, Problem
from driftgauge.media import LIMITS
from driftgauge.rate.merge import place
from driftgauge.store.benchmarks import KnownBenchmark, add_benchmark, known_benchmarks
from driftgauge.store.blobs import Blobs, open_blobs
from driftgauge.store.database import Connection
from driftgauge.study import Study

_LISTED: Final = 40
_KEY: Final = ("scenario", "intent", "modality")
_KEPT: Final = ("prompt", "prompt_hash", "scenario", "intent", "modality", "language")
"""What the store knows of a prompt."""
LABELS: Final = ("harm_category", "technique", "execution")
"""What a scenario says of itself that a response takes over."""
_TOGETHER: Final = 500
_FRAME: Final = {
    **dict.fromkeys((*_KEPT, *LABELS), pl.String()), "takes": pl.List(pl.String()), "characters": pl.Int64(),
    "media_bytes": pl.Int64(), "at": pl.Int64(),
}  # fmt: skip


@dataclass(frozen=True)
class Registered:
    """A benchmark that is as it was frozen.

    Parameters
    ----------
    known
        Its root, version and date.
    prompts
        One row a prompt: `prompt` (scenario/modality/language), `prompt_hash`, `scenario`, `intent`, `modality`, `language`,
        `harm_category`, `technique`, `execution`, `takes` (the kinds of its parts: ``text``, ``image``, ``audio``, sorted),
        `characters` of its text, `media_bytes`, and the byte of the file at which the line of its scenario begins (`at`).
    folder
        Where it is.
    media
        Path to SHA-256 of each picture.
    """

    known: KnownBenchmark
    prompts: pl.DataFrame
    folder: Path
    media: dict[str, str]


def registered(folder: Path, *, undone: str = "nothing was imported") -> Registered:
    """Return the benchmark in a folder, once every byte of it has been verified.

    Parameters
    ----------
    folder
        Of the benchmark.
    undone
        What was not done when it is not as it was frozen, for the message.

    Raises
    ------
    BenchmarkError
        When it is not frozen, or not as it was frozen.
    """
    if not folder.is_dir():
        raise BenchmarkError(
            f"there is no benchmark in {folder.name}",
            remedy="Put it there and freeze it, or take `benchmark:` out of study.yaml.",
        )
    found = frozen(folder)
    if problems := verify(folder, found):
        raise BenchmarkError(
            f"{folder.name} is not as it was frozen; {undone}",
            problems=problems,
            remedy="Restore it, or make a new version: driftgauge benchmark freeze --version",
        )
    manifest = found.manifest
    known = KnownBenchmark(manifest.root, manifest.version, manifest.created_at)
    return Registered(known, pl.concat(_prompts(folder, manifest), rechunk=True), folder, manifest.media)


def _prompts(folder: Path, manifest: BenchmarkManifest) -> Iterator[pl.DataFrame]:
    """Yield the prompts of some scenarios after the other: what is held is a table, never the texts."""
    sizes = {path: (folder / path).stat().st_size for path in manifest.media}
    lines = each_line(folder)
    while some := list(islice(lines, _TOGETHER)):
        rows = [_row(line, prompt, manifest=manifest, sizes=sizes) for line in some for prompt in line.scenario.prompts]
        yield pl.DataFrame(rows, schema=_FRAME, orient="row")


def _row(line: Line, prompt: Prompt, *, manifest: BenchmarkManifest, sizes: Mapping[str, int]) -> tuple[object, ...]:
    scenario, name = line.scenario, line.scenario.prompt_id(prompt)
    if name not in manifest.prompts:
        raise changed(SCENARIOS)
    return (
        name,
        manifest.prompts[name],
        scenario.scenario,
        scenario.intent,
        prompt.modality,
        prompt.language,
        *(getattr(scenario, label) for label in LABELS),
        sorted({part.type for part in prompt.parts}),
        sum(len(part.text) for part in prompt.parts if isinstance(part, TextPart)),
        sum(sizes[str(media_path(part, manifest.media))] for part in prompt.media),
        line.at,
    )


def register(connection: Connection, found: Registered, study: Study, *, entry: int) -> None:
    """Add a benchmark to the store of a study, with its media by hash, where it is not there yet."""
    if found.known.root not in {each.root for each in known_benchmarks(connection)}:
        keep_media(found, open_blobs(study.media_url))
        add_benchmark(connection, found.known, prompts_of=found.prompts.select(_KEPT), entry=entry)


def keep_media(found: Registered, blobs: Blobs) -> int:
    """Keep the pictures of a benchmark by hash, and return how many there are."""
    for path in found.media:
        blobs.put(read_file(found.folder, path, most=LIMITS.bytes))
    return len(found.media)


def strangers(ratings: pl.DataFrame, found: Registered) -> Iterator[Problem]:
    """Yield a problem for each prompt that ratings are about and that the benchmark does not have.

    Ratings without a language are about the prompt in whichever language there is.
    """
    key = [*_KEY, "language"]
    each = ratings.unique(key, keep="first", maintain_order=True)
    with_language = each.filter(pl.col("language").is_not_null()).join(found.prompts, on=key, how="anti", maintain_order="left")
    without = each.filter(pl.col("language").is_null()).join(found.prompts, on=_KEY, how="anti", maintain_order="left")
    missing = pl.concat([with_language, without])
    for row in missing.head(_LISTED).iter_rows(named=True):
        name = "/".join(part for part in (row["scenario"], row["modality"], row["language"]) if part)[:80]
        what = f"{row['intent']} prompt {name!r} is not in the benchmark (version {found.known.version})"
        yield Problem(place(row), what, "a prompt of the frozen benchmark that the study declares")
    if missing.height > _LISTED:
        yield Problem("the same", f"{missing.height - _LISTED:,} more such prompts", "prompts of the frozen benchmark")

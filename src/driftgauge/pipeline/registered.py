"""The frozen benchmark of a study: verified, its prompts known to the store, its media kept by hash."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.benchmark.contents import read_scenarios
from driftgauge.benchmark.folder import list_files, read_file
from driftgauge.benchmark.scenarios import Scenario
from driftgauge.benchmark.verify import frozen, verify
from driftgauge.errors import BenchmarkError, Problem
from driftgauge.media import LIMITS
from driftgauge.rate.merge import place
from driftgauge.store.blobs import Blobs, open_blobs
from driftgauge.store.database import Connection
from driftgauge.store.declared import KnownBenchmark, add_benchmark, known_benchmarks
from driftgauge.study import Study

_LISTED: Final = 40
_KEY: Final = ("scenario", "intent", "modality")


@dataclass(frozen=True)
class Registered:
    """A benchmark that is as it was frozen.

    Parameters
    ----------
    known
        Its root, version and date.
    prompts
        `prompt`, `prompt_hash`, `scenario`, `intent`, `modality`, `language`.
    folder
        Where it is.
    media
        Path to SHA-256 of each picture.
    scenarios
        As they were frozen.
    """

    known: KnownBenchmark
    prompts: pl.DataFrame
    folder: Path
    media: dict[str, str]
    scenarios: tuple[Scenario, ...]


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
    if problems := verify(folder):
        raise BenchmarkError(
            f"{folder.name} is not as it was frozen; {undone}",
            problems=problems,
            remedy="Restore it, or make a new version: driftgauge benchmark freeze --version",
        )
    manifest = frozen(folder).manifest
    scenarios = tuple(placed.scenario for placed in read_scenarios(folder, list_files(folder)).scenarios)
    rows = [
        (scenario.prompt_id(prompt), scenario.scenario, scenario.intent, prompt.modality, prompt.language)
        for scenario in scenarios
        for prompt in scenario.prompts
    ]
    names = ["prompt", "scenario", "intent", "modality", "language"]
    prompts = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    hashes = pl.col("prompt").replace_strict(manifest.prompts, return_dtype=pl.String).alias("prompt_hash")
    known = KnownBenchmark(manifest.root, manifest.version, manifest.created_at)
    return Registered(known, prompts.select("prompt", hashes, *names[1:]), folder, dict(manifest.media), scenarios)


def register(connection: Connection, found: Registered, study: Study, *, entry: int) -> None:
    """Add a benchmark to the store of a study, with its media by hash, where it is not there yet."""
    if found.known.root not in {each.root for each in known_benchmarks(connection)}:
        keep_media(found, open_blobs(study.media_url))
        add_benchmark(connection, found.known, prompts_of=found.prompts, entry=entry)


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

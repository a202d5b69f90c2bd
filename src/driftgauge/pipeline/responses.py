"""Collected responses out of a study: a file that people rate from, that another team replays, or that is looked at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.clients.calls import Turn
from driftgauge.clients.opening import write_log
from driftgauge.collect.exchange import write_responses
from driftgauge.errors import StoreError
from driftgauge.frames import RATED_STATUSES, RESPONSES, conform
from driftgauge.pipeline.asked import prompts_of
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.provenance import file_hash
from driftgauge.pipeline.registered import registered
from driftgauge.pipeline.whole import check_out, write_whole
from driftgauge.store import journal
from driftgauge.store.collected import collected_frame
from driftgauge.store.database import PATIENCE
from driftgauge.study import Study

SUFFIXES: Final = (".jsonl", ".parquet", ".eval")


@dataclass(frozen=True)
class Exported:
    """Responses that went out.

    Parameters
    ----------
    path
        Where they are; the file may be read by its owner alone.
    responses
        How many.
    erased
        How many others were erased, and did not go out.
    entry
        Of the journal, which says who took them out.
    """

    path: Path
    responses: int
    erased: int
    entry: int


def export_responses(
    folder: Path,
    out: Path,
    *,
    phase: str | None = None,
    release: str | None = None,
    to_rate: bool = False,
    overwrite: bool = False,
    patience: float = PATIENCE,
) -> Exported:
    """Write the newest revision of each collected response, texts included, as `frames.RESPONSES`.

    Parameters
    ----------
    folder
        Of the study.
    out
        A file that ends in ``.jsonl``, ``.parquet``, or ``.eval``: a log of Inspect, with the prompts as they were put; it
        holds one release in one phase.
    phase, release
        Of this one alone; null for all.
    to_rate
        Whether only those that people are shown.
    overwrite
        Whether a file that is there may be replaced.
    patience
        Seconds to wait for another writer.

    Raises
    ------
    StoreError
        When there is nothing to write, the file is there already, or it cannot be written.

    Notes
    -----
    The texts are confidential: attacks succeed in some of them. An erasure does not reach a file that went out.
    """
    check_out(out, suffixes=SUFFIXES, overwrite=overwrite)
    opened = open_study(folder, patience=patience)
    with opened.store.reading() as connection:
        every = collected_frame(connection, texts=True)
    for name, value in (("phase", phase), ("release", release)):
        every = every if value is None else every.filter(pl.col(name) == value)
    every = every.filter(pl.col("status").is_in(RATED_STATUSES)) if to_rate else every
    living = every.filter(pl.col("erased").is_null())
    if living.is_empty():
        raise StoreError("nothing of that was collected", remedy="See what there is: driftgauge collect --dry-run.")
    rows = as_responses(living)
    write_whole(out, lambda path: _write_log(opened.study, rows, path) if out.suffix == ".eval" else _write_table(rows, path))
    with opened.store.writing() as connection:
        counts = {"responses": living.height}
        detail = {"phase": phase, "release": release, "to_rate": to_rate}
        hashes = {out.name: file_hash(out)}
        entry = journal.append(connection, opened.author, "export", counts=counts, hashes=hashes, detail=detail)
    return Exported(out, living.height, every.height - living.height, entry)


def as_responses(collected: pl.DataFrame) -> pl.DataFrame:
    """Return collected responses, texts included, in the columns of `frames.RESPONSES`."""
    prompt = pl.concat_str("scenario", "modality", "language", separator="/").alias("prompt")
    return conform(collected.with_columns(prompt, response_text=pl.col("text")), RESPONSES).select(*RESPONSES)


def _write_table(frame: pl.DataFrame, path: Path) -> None:
    write_responses(frame, path, parquet=path.suffix == ".parquet")


def _write_log(study: Study, frame: pl.DataFrame, path: Path) -> None:
    """Write a log of Inspect; the prompts are those of the benchmark as it is frozen now, where these answer them."""
    said: dict[str, tuple[Turn, ...]] = {}
    if study.benchmark_folder:
        found = registered(study.benchmark_folder, undone="nothing was written")
        prompts = prompts_of(found)
        names: list[str] = frame.filter(pl.col("root") == found.known.root)["prompt"].unique().sort().to_list()
        said = {name: prompts.turns(name) for name in names if name in prompts.by_name}
    model, first = str(frame["model"][0] or frame["release"][0]), str(frame["sent_at"].min() or "")
    write_log(frame.to_dicts(), path, model=model, created_at=first, prompts=said)

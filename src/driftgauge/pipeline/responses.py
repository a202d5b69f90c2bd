"""Collected responses out of a study: a file that people rate from, that another team replays, or that is looked at."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from driftgauge.collect.exchange import write_responses
from driftgauge.errors import StoreError
from driftgauge.frames import RATED_STATUSES, RESPONSES, conform
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.provenance import file_hash
from driftgauge.store import journal
from driftgauge.store.collected import collected_frame
from driftgauge.store.database import PATIENCE

SUFFIXES: Final = (".jsonl", ".parquet")


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
        A file that ends in ``.jsonl`` or ``.parquet``.
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
    if out.suffix not in SUFFIXES:
        raise StoreError(f"{out.name} ends in neither {' nor '.join(SUFFIXES)}", remedy="Name the file so.")
    if out.exists() and not overwrite:
        raise StoreError(f"{out} is there already", remedy="Choose another name, or replace it with --overwrite.")
    opened = open_study(folder, patience=patience)
    with opened.store.reading() as connection:
        every = collected_frame(connection, texts=True)
    for name, value in (("phase", phase), ("release", release)):
        every = every if value is None else every.filter(pl.col(name) == value)
    every = every.filter(pl.col("status").is_in(RATED_STATUSES)) if to_rate else every
    living = every.filter(pl.col("erased").is_null())
    if living.is_empty():
        raise StoreError("nothing of that was collected", remedy="See what there is: driftgauge collect --dry-run.")
    _write(as_responses(living), out)
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


def _write(frame: pl.DataFrame, out: Path) -> None:
    """Write beside, for the owner's eyes, then move into place: a file under its name is whole."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=".partial-", suffix=out.suffix, dir=out.parent)
        os.close(descriptor)
        try:
            write_responses(frame, Path(name), parquet=out.suffix == ".parquet")
            os.replace(name, out)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", remedy="Check the path and the free space.") from None

"""Ratings out of a study: those that count, for `analyze` and other programs, or everything that was submitted."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from driftgauge.errors import StoreError
from driftgauge.frames import write_csv
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.provenance import file_hash
from driftgauge.pipeline.whole import check_out, write_whole
from driftgauge.store import journal
from driftgauge.store.database import PATIENCE, Database
from driftgauge.store.submitted import submitted_frame

SUFFIXES: Final = (".csv", ".jsonl", ".parquet")
_ANSWERED: Final = {"harm": pl.Int64, "success": pl.Boolean, "refusal": pl.Boolean, "comment": pl.String, "skipped": pl.String}


@dataclass(frozen=True)
class RatingsOut:
    """Ratings that went out.

    Parameters
    ----------
    path
        Where they are; the file may be read by its owner alone.
    ratings
        How many rows.
    erased
        Rows whose values were erased, and that did not go out.
    entry
        Of the journal, which says who took them out.
    """

    path: Path
    ratings: int
    erased: int
    entry: int


def export_ratings(
    folder: Path,
    out: Path,
    *,
    panel: str | None = None,
    everything: bool = False,
    overwrite: bool = False,
    patience: float = PATIENCE,
) -> RatingsOut:
    """Write ratings, raters by their opaque names.

    Parameters
    ----------
    folder
        Of the study.
    out
        A file that ends in ``.csv``, ``.jsonl`` or ``.parquet``.
    panel
        Of this one alone; null for all.
    everything
        Whether earlier revisions, skips, and answers to calibration and control items go out too: a row for each submission.
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
    A text in a CSV that a spreadsheet would take for a formula has an apostrophe before it, and so has an opaque name that
    begins with ``-``; the other formats hold it as it is.
    """
    check_out(out, suffixes=SUFFIXES, overwrite=overwrite)
    opened = open_study(folder, patience=patience)
    found = take_out(opened.store, opened.author, out, panel=panel, everything=everything)
    if found is None:
        raise StoreError("nothing of that was rated", remedy="See how far raters are: driftgauge rate status STUDY.")
    return found


def take_out(
    store: Database, author: journal.Author, out: Path, *, panel: str | None, everything: bool = False
) -> RatingsOut | None:
    """Do as `export_ratings` with a store that is open, into a file that may be replaced; null when there is nothing."""
    with store.reading() as connection:
        every = submitted_frame(connection)
    every = every if panel is None else every.filter(pl.col("panel") == panel)
    wanted = every if everything else _that_count(every)
    living = wanted.filter(pl.col("erased").is_null())
    if living.is_empty():
        return None
    rows = _as_rows(living, everything=everything)
    write_whole(out, lambda path: _write(rows, path))
    with store.writing() as connection:
        counts, detail = {"ratings": rows.height}, {"panel": panel, "everything": everything}
        hashes = {out.name: file_hash(out)}
        entry = journal.append(connection, author, "export", counts=counts, hashes=hashes, detail=detail)
    return RatingsOut(out, rows.height, wanted.height - living.height, entry)


def _that_count(every: pl.DataFrame) -> pl.DataFrame:
    """Return the newest revision of each rating, unless it is a skip."""
    rated = every.filter(pl.col("exercise").is_null()).sort("revision", maintain_order=True)
    newest = rated.unique("rating_id", keep="last", maintain_order=True)
    return newest.filter(pl.col("skipped").is_null())


def _as_rows(frame: pl.DataFrame, *, everything: bool) -> pl.DataFrame:
    """Return the columns of the file; what was answered to an exercise stands where a rating has it."""
    if not everything:
        return frame.drop("exercise", "correct", "answer", "skipped", "erased")
    answers: list[dict[str, Any]] = [json.loads(answer or "{}") for answer in frame["answer"]]
    said = [pl.Series(name, [answer.get(name) for answer in answers], kind) for name, kind in _ANSWERED.items()]
    filled = [pl.coalesce(pl.col(each.name), each) for each in said]
    return frame.with_columns(filled).drop("answer", "erased")


def _write(frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".jsonl":
        frame.write_ndjson(path)
    else:
        write_csv(frame, path)

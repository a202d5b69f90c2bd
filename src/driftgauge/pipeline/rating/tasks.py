"""``driftgauge rate tasks``: what a panel was drawn to rate, as blinded tasks for another tool, a folder for each rater."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from driftgauge.errors import StoreError, StudyError
from driftgauge.pipeline.opened import Opened, open_study
from driftgauge.pipeline.rating.people import preferences_of
from driftgauge.rate.elsewhere import WRITERS, Sheet
from driftgauge.rate.elsewhere.sheet import Picture, Task, Turn, Words
from driftgauge.rate.exchange.messages import did_you_mean, shown
from driftgauge.store import journal
from driftgauge.store.blobs import Blobs, open_blobs
from driftgauge.store.database import PATIENCE
from driftgauge.store.elsewhere import kept_pictures, open_tasks, shown_texts
from driftgauge.study import Study

_SUFFIXES: Final = {
    "image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif", "audio/wav": ".wav",
    "audio/mpeg": ".mp3", "audio/flac": ".flac",
}  # fmt: skip


@dataclass(frozen=True)
class TasksOut:
    """Tasks that went out.

    Parameters
    ----------
    path
        The folder, with one folder for each rater; its owner alone may look into it.
    tool
        For which.
    tasks
        How many each rater has, by the opaque name of the seat.
    left_out
        Tasks that raters opted out of, and those of seats that are closed; they did not go out.
    entry
        Of the journal, which says who took them out.
    """

    path: Path
    tool: str
    tasks: Mapping[str, int]
    left_out: int
    entry: int


def write_tasks(
    folder: Path, out: Path, *, panel: str, tool: str, words: Words, rater: str | None = None, patience: float = PATIENCE
) -> TasksOut:
    """Write what the raters of a panel still have to rate as blinded tasks for another tool.

    Parameters
    ----------
    folder
        Of the study.
    out
        A folder that is not there yet.
    panel
        Whose assignments.
    tool
        A key of `driftgauge.rate.elsewhere.WRITERS`.
    words
        What the form says.
    rater
        Of this seat alone; null for all.
    patience
        Seconds to wait for another writer.

    Raises
    ------
    StudyError
        When the study has no such panel.
    StoreError
        When there is nothing to write, the folder is there already, or it cannot be written.

    Notes
    -----
    The names of tasks are those of the assignments. What they stand for stays in the store. Whole, or not there.
    """
    if out.exists():
        raise StoreError(f"{out} is there already", remedy="Choose another name: tasks that went out are not replaced.")
    opened = open_study(folder, patience=patience)
    _declared(opened.study, panel)
    found = _found(opened, panel, rater=rater, words=words)
    if not found.sheets:
        raise StoreError(f"nobody of panel {panel} has anything to rate", remedy=f"Draw it first: rate assign --panel {panel}.")
    _write_whole(out, found.sheets, tool=tool)
    tasks = {each.rater: len(each.tasks) for each in found.sheets}
    with opened.store.writing() as connection:
        counts, detail = {"tasks": sum(tasks.values())}, {"panel": panel, "tool": tool, "raters": list(tasks)}
        entry = journal.append(connection, opened.author, "export", counts=counts, detail=detail)
    return TasksOut(out, tool, tasks, found.left_out, entry)


@dataclass(frozen=True)
class _Found:
    """What goes out to each rater, and how many tasks do not."""

    sheets: list[Sheet]
    left_out: int


def _found(opened: Opened, panel: str, *, rater: str | None, words: Words) -> _Found:
    with opened.store.reading() as connection:
        every = _due(open_tasks(connection, panel), rater)
        wanted = every.filter(_is_wanted(every))
        texts = shown_texts(connection, panel)
        turns = {row: json.loads(texts[row][0]) for row in wanted["rendering"].unique(maintain_order=True).to_list()}
        kept = kept_pictures(connection, sorted(_pictures_in(turns.values())))
    media = _Media(open_blobs(opened.study.media_url), kept)
    shown_as = {row: (_turns(each, media), texts[row][1]) for row, each in turns.items()}
    parts = wanted.partition_by("rater", maintain_order=True)
    return _Found([_sheet(part, shown_as, words=words) for part in parts], every.height - wanted.height)


def _declared(study: Study, panel: str) -> None:
    if panel not in study.panels:
        near = did_you_mean(panel, list(study.panels)) if study.panels else "a panel under `panels:` of study.yaml"
        raise StudyError(
            f"study {study.study} has no panel {shown(panel)}; expected {near}", remedy="Declare it in study.yaml."
        )


def _due(every: pl.DataFrame, rater: str | None) -> pl.DataFrame:
    """Return the tasks of a rater, or of all; who passed the gate has no calibration before them any more."""
    due = every.filter((pl.col("position") > 0) | pl.col("calibrated_at").is_null())
    return due if rater is None else due.filter(pl.col("rater") == rater)


def _is_wanted(every: pl.DataFrame) -> pl.Series:
    """Return which tasks go out: none of a seat that is closed, and none of a category that its rater opted out of."""
    left_out = {text: set(preferences_of(text).left_out) for text in every["preferences"].drop_nulls().unique().to_list()}
    rows = every.select("preferences", "harm_category", "disabled_at").iter_rows()
    wanted = [closed is None and category not in left_out.get(said, ()) for said, category, closed in rows]
    return pl.Series(wanted, dtype=pl.Boolean)


def _pictures_in(prompts: Any) -> set[str]:
    return {part["picture"] for turns in prompts for turn in turns for part in turn["parts"] if part.get("picture")}


class _Media:
    """The media of prompts under their opaque names, each read once."""

    def __init__(self, blobs: Blobs, kept: Mapping[str, tuple[str, str]]) -> None:
        self._blobs = blobs
        self._kept = kept
        self._read: dict[str, Picture] = {}

    def of(self, part: Mapping[str, Any]) -> Picture:
        name = part["picture"]
        if name not in self._read:
            sha256, media_type = self._kept[name]
            file = name + _SUFFIXES.get(media_type, "")
            self._read[name] = Picture(file, part["kind"], media_type, self._blobs.get(sha256))
        return self._read[name]


def _sheet(part: pl.DataFrame, shown_as: Mapping[int, tuple[tuple[Turn, ...], str]], *, words: Words) -> Sheet:
    tasks = [Task(name, *shown_as[row]) for name, row in part.select("assignment", "rendering").iter_rows()]
    return Sheet(part["rater"][0], tuple(tasks), words)


def _turns(turns: Sequence[Mapping[str, Any]], media: _Media) -> tuple[Turn, ...]:
    return tuple(
        Turn(turn["role"], tuple(part["html"] if part["kind"] == "text" else media.of(part) for part in turn["parts"]))
        for turn in turns
    )


def _write_whole(out: Path, sheets: Sequence[Sheet], *, tool: str) -> None:
    """Write beside, for the owner's eyes, then move into place."""
    beside: Path | None = None
    try:
        beside = Path(tempfile.mkdtemp(prefix=".partial-", dir=out.parent))
        for sheet in sheets:
            _write(beside / sheet.rater, WRITERS[tool](sheet))
        beside.rename(out)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", remedy="Check the path and the free space.") from None
    finally:
        if beside:
            with suppress(OSError):
                shutil.rmtree(beside)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

"""``driftgauge rate import`` of what was rated in another tool: back to the assignments, as the rating app keeps it."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from driftgauge.errors import Problem, RatingError
from driftgauge.pipeline.opened import Opened, open_declared
from driftgauge.pipeline.protocol import fix_protocol
from driftgauge.pipeline.provenance import file_hash
from driftgauge.pipeline.rate_import import RatingImport
from driftgauge.pipeline.rating.kept import rating_id_of, rating_row, said_of
from driftgauge.pipeline.rating.serving import text_of
from driftgauge.rate.answers import is_expected
from driftgauge.rate.elsewhere import READERS, Returned
from driftgauge.rate.elsewhere.told import Told
from driftgauge.rate.exchange.messages import shown
from driftgauge.store import journal, sitting
from driftgauge.store.database import PATIENCE, Connection
from driftgauge.store.elsewhere import answered_before, rated_before
from driftgauge.study import Study, load_study

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What an assignment can be called; anything else is looked up nowhere."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class FromElsewhere:
    """What is imported, and how.

    Parameters
    ----------
    files
        Exports of one tool, each of the tasks of one rater.
    format
        A key of `driftgauge.rate.elsewhere.READERS`.
    rater
        The seat whose tasks the file holds; null to take it from the file.
    revise
        Whether ratings that are there with other values are corrected.
    """

    files: Sequence[Path]
    format: str
    rater: str | None = None
    revise: bool = False


@dataclass(frozen=True)
class _Taken:
    """What was said of an assignment, and what the store has of it."""

    told: Told
    asked: Any
    panel: str
    said: dict[str, Any]
    revision: int
    before: Mapping[str, Any] | None
    """What was said before; null when nothing was."""

    @property
    def is_same(self) -> bool:
        return self.before is not None and all(self.before[name] == value for name, value in self.said.items())


def import_returned(
    folder: Path, what: FromElsewhere, *, patience: float = PATIENCE, now: Callable[[], datetime] = _utc_now
) -> RatingImport:
    """Import what raters said in another tool.

    Parameters
    ----------
    folder
        Of the study.
    what
        Files and how to read them.
    patience
        Seconds to wait for another writer.
    now
        The clock; a rating without a time was given now, and none was given later.

    Raises
    ------
    RatingError, StudyError
        With every mistake; nothing was imported then.
    StoreError
        When the store cannot be used; nothing was imported then either.

    Notes
    -----
    One transaction. The same again adds nothing: what counts are the values, not the times.
    """
    study = load_study(folder)
    read = {path: READERS[what.format](path) for path in what.files}
    _refuse([problem for each in read.values() for problem in each.problems])
    hashes = {path.name: file_hash(path) for path in what.files}
    opened = open_declared(study, patience=patience)
    with opened.store.writing() as connection:
        found = _found(connection, read, what)
        _refuse(list(_changed(found.taken)) if not what.revise else [])
        new = [each for each in found.taken if not each.is_same]
        entry = None
        if new:
            entry = _entry(connection, opened, new, hashes=hashes, format=what.format)
            _write(connection, new, study, entry=entry, now=now())
        version = fix_protocol(connection, opened.study, opened.author)
    revised = _revised(new)
    numbers = (len(new) - revised, revised, len(found.taken) - len(new), found.erased)
    return RatingImport(*numbers, 0, entry, version, _findings(read.values()))


def _revised(new: Sequence[_Taken]) -> int:
    return sum(each.before is not None for each in new)


def _entry(
    connection: Connection,
    opened: Opened,
    new: Sequence[_Taken],
    *,
    hashes: Mapping[str, str],
    format: str,  # noqa: A002
) -> int:
    counts = {"ratings": len(new) - _revised(new), "revised": _revised(new)}
    hashed = {**hashes, "protocol": opened.study.protocol.hash}
    detail = {"format": format, "raters": sorted({each.asked.rater for each in new})}
    return journal.append(connection, opened.author, "import", counts=counts, hashes=hashed, detail=detail)


def _findings(read: Iterable[Returned]) -> tuple[str, ...]:
    waiting = sum(each.waiting for each in read)
    return (f"Tasks that went out and have no answer yet: {waiting:,}.",) if waiting else ()


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        count = f"{len(problems):,} mistake{'s' * (len(problems) != 1)}"
        raise RatingError(f"{count}; nothing was imported", problems=problems, remedy="Correct them and try again.")


def _changed(taken: Sequence[_Taken]) -> Iterator[Problem]:
    """Yield a problem for each task that was answered before, and otherwise."""
    for each in taken:
        if each.before is not None and not each.is_same:
            names = [name for name, value in each.said.items() if each.before[name] != value]
            what = f"task {shown(each.told.task)} is there with another {', '.join(names)}"
            yield Problem(each.told.where, what, "the same; or --revise, to record it as a correction")


@dataclass(frozen=True)
class _Found:
    """What is taken of the files, and how many tasks were erased and stay so."""

    taken: list[_Taken]
    erased: int


def _found(connection: Connection, read: Mapping[Path, Returned], what: FromElsewhere) -> _Found:
    every = [told for each in read.values() for told in each.told]
    names = [told.task for told in every if _NAME.fullmatch(told.task)]
    asked = sitting.asked(connection, names)
    _refuse(list(_misplaced(read, asked, what)))
    panels = sitting.panels_of(connection)
    living = [told for told in every if asked[told.task].state != "erased"]
    ids = {told.task: rating_id_of(asked[told.task], panel=panels[asked[told.task].rater]) for told in living}
    rated = rated_before(connection, list(ids.values()))
    answered = answered_before(connection, list(ids))
    taken: list[_Taken] = []
    for told in living:
        row, last = asked[told.task], answered.get(told.task)
        before = rated.get(ids[told.task]) if row.response is not None else _answer(last)
        if before is None or before["erased"] is None:
            revision = max(each["revision"] if each else 0 for each in (before, last)) + 1
            taken.append(_Taken(told, row, panels[row.rater], _said(told), revision, before))
    return _Found(taken, len(every) - len(taken))


def _said(told: Told) -> dict[str, Any]:
    return said_of(harm=told.harm, success=told.success, refusal=told.refusal, comment=told.comment, skipped=told.skipped)


def _answer(before: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what was answered to an exercise as values."""
    if before is None:
        return None
    said: dict[str, Any] = json.loads(before["answer"] or "{}")
    names = ("harm", "success", "refusal", "comment", "skipped")
    return {**{name: said.get(name) for name in names}, "revision": before["revision"], "erased": before["erased"]}


def _misplaced(read: Mapping[Path, Returned], asked: Mapping[str, Any], what: FromElsewhere) -> Iterator[Problem]:
    """Yield a problem for each task that is none of this study, of another seat, or in two files."""
    there: dict[str, str] = {}
    for returned in read.values():
        rater = what.rater
        for told in returned.told:
            row = asked.get(told.task)
            if row is None:
                yield Problem(told.where, f"task {shown(told.task)} is none of this study", "a task that `rate tasks` wrote")
                continue
            rater = rater or row.rater
            if row.rater != rater:
                whose = f"task {shown(told.task)} is of seat {row.rater}"
                yield Problem(told.where, whose, f"tasks of seat {rater} alone: one file for each rater")
            if told.task in there:
                yield Problem(told.where, f"task {shown(told.task)} stands in {there[told.task]} too", "each task once")
            there.setdefault(told.task, told.where)


def _write(connection: Connection, new: Sequence[_Taken], study: Study, *, entry: int, now: datetime) -> None:
    placed = [_Placed(each, min(each.told.at or now, now), _zone(study, each.panel)) for each in new]
    placed.sort(key=lambda each: each.at)
    rated = [each for each in placed if each.taken.asked.response is not None]
    rows = sitting.add_ratings(connection, [each.rating(entry) for each in rated])
    numbers = {each.taken.told.task: row for each, row in zip(rated, rows, strict=True)}
    sitting.add_submissions(connection, [each.submission(numbers.get(each.taken.told.task)) for each in placed])
    sitting.keep_sittings(connection, list(_sittings(placed)))


def _zone(study: Study, panel: str) -> ZoneInfo:
    declared = study.panels.get(panel)
    return ZoneInfo(declared.timezone if declared else "UTC")


@dataclass(frozen=True)
class _Placed:
    """What is added, and when it was given."""

    taken: _Taken
    at: datetime
    zone: ZoneInfo

    @property
    def began_at(self) -> datetime:
        return min(self.taken.told.began_at or self.at, self.at)

    @property
    def day(self) -> str:
        return self.at.astimezone(self.zone).date().isoformat()

    def rating(self, entry: int) -> dict[str, Any]:
        of = self.taken
        return rating_row(of.asked, of.said, panel=of.panel, revision=of.revision, at=text_of(self.at), entry=entry)

    def submission(self, rating: int | None) -> dict[str, Any]:
        """Return what the app keeps beside a rating; how long somebody was active, no tool says."""
        of = self.taken
        expected = of.asked.expected
        return {
            "key": f"e-{hashlib.sha256(f'{of.told.task} {of.revision}'.encode()).hexdigest()[:40]}",
            "body_hash": None,
            "assignment": of.told.task,
            "rater": of.asked.rater,
            "revision": of.revision,
            "rating": rating,
            "answer": json.dumps(of.said, ensure_ascii=True, sort_keys=True) if expected is not None else None,
            "correct": is_expected(of.said, json.loads(expected)) if expected is not None else None,
            "shown_at": text_of(self.began_at),
            "at": text_of(self.at),
            "day": self.day,
            "active_s": None,
            "idle_s": None,
            "revealed": "{}",
            "state": "skipped" if of.said["skipped"] else "rated",
        }


def _sittings(placed: Sequence[_Placed]) -> Iterator[dict[str, Any]]:
    """Yield the days on which raters answered for the first time as sittings that ended: the caps of the app count them."""
    days: dict[tuple[str, str], list[_Placed]] = {}
    for each in placed:
        if each.taken.before is None:
            days.setdefault((each.taken.asked.rater, each.day), []).append(each)
    for (rater, _), several in days.items():
        last = text_of(several[-1].at)
        yield {
            "sitting": None,
            "rater": rater,
            "began_at": text_of(min(each.began_at for each in several)),
            "last_at": last,
            "items": len(several),
            "offered_at": len(several),
            "ended_at": last,
        }

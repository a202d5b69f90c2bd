"""What a rater said elsewhere, record by record: checked as the rating app checks it, or named as a mistake."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from driftgauge.errors import Problem, RatingError
from driftgauge.rate.answers import LONGEST_COMMENT, SKIPS, fault_of
from driftgauge.rate.elsewhere.sheet import HARMS, NO, YES
from driftgauge.rate.exchange.messages import listed, shown, unreadable

_KEY: Final = "k" * 16
"""Stands for the key of a submission, which exports have none of."""
_FAULTS: Final = {
    "bad_harm": ("has no harm from 1 to 5", "all of a rating, or a reason to skip"),
    "bad_success": ("does not say whether the attack succeeded", "all of a rating, or a reason to skip"),
    "bad_skip": ("has another reason to skip", f"one of: {', '.join(SKIPS)}"),
    "bad_comment": ("has a comment with a character that is none (NUL, or half of one)", "text"),
    "comment_too_long": ("has a comment that is too long", f"at most {LONGEST_COMMENT:,} characters"),
}
"""What is said of what the rating app would refuse."""
_YEARS: Final = range(2000, 9000)


class Wrong(Exception):
    """What is wrong with a record: what was seen, and what would have been right. It never leaves a reader."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected


@dataclass(frozen=True)
class Told:
    """What a rater said of a task.

    Parameters
    ----------
    where
        File and record, in words.
    task
        The name of the assignment.
    harm, success, refusal, comment, skipped
        As the app takes them; of a skip the first three are null, null and false.
    began_at, at
        When they began and when they were done, as the tool says; null where it does not.
    """

    where: str
    task: str
    harm: int | None
    success: bool | None
    refusal: bool
    comment: str
    skipped: str | None
    began_at: datetime | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Returned:
    """What an export holds: what was said, how many tasks wait for an answer, and every mistake."""

    told: tuple[Told, ...]
    waiting: int
    problems: tuple[Problem, ...]


@dataclass
class Said:
    """The answers of one record while they are read."""

    harm: int | None = None
    success: bool | None = None
    refusal: bool | None = None
    comment: str = ""
    skipped: str | None = None
    by: str | None = None
    """Who says the tool that it was; it is compared, and never kept or shown."""
    began_at: datetime | None = None
    at: datetime | None = None
    names: set[str] = field(default_factory=set[str])


def told_of(where: str, task: object, said: Said) -> Told:
    """Return a record that can be taken.

    Raises
    ------
    Wrong
        When it cannot: harm out of the scale, nothing said of success, rated and skipped at once, …
    """
    name = named(task)
    judged = [each for each in (said.harm, said.success, said.refusal or None) if each is not None]
    if said.skipped is not None and judged:
        raise Wrong(f"task {shown(name)} is rated and skipped at once", "one of both")
    refusal = bool(said.refusal)
    fault = fault_of(
        key=_KEY, harm=said.harm, success=said.success, refusal=refusal, comment=said.comment, skipped=said.skipped, revealed={}
    )
    if fault:
        what, expected = _FAULTS[fault.code]
        raise Wrong(f"task {shown(name)} {what}", expected)
    return Told(where, name, said.harm, said.success, refusal, said.comment, said.skipped, said.began_at, said.at)


def named(task: object) -> str:
    """Return the name of a task.

    Raises
    ------
    Wrong
        When there is none.
    """
    if not isinstance(task, str) or not task:
        raise Wrong("no name of a task", "`task`, as it went out")
    return task


def read_records(
    records: Iterable[object],
    one: Callable[[str, object], tuple[Told | None, str | None]],
    *,
    place: Callable[[int], str],
) -> Returned:
    """Return what every record says.

    Parameters
    ----------
    records
        In order.
    one
        Reads a record, told where it stands: what was said (null of a task that waits), and by whom as the tool has it.
    place
        Where a record stands, by its number from 1.
    """
    found: dict[str, Told] = {}
    problems: list[Problem] = []
    waiting, by, first = 0, None, ""
    for number, record in enumerate(records, start=1):
        where = place(number)
        try:
            told, who = one(where, record)
            if told is None:
                waiting += 1
                continue
            if told.task in found:
                raise Wrong(f"task {shown(told.task)} stands there twice ({found[told.task].where})", "each task once")
            if by is not None and who is not None and who != by:
                raise Wrong(f"another person than in {first}", "one person for the tasks of a seat")
        except Wrong as wrong:
            problems.append(Problem(where, wrong.what, wrong.expected))
            continue
        found[told.task] = told
        by, first = by if by is not None else who, first or where
    return Returned(tuple(found.values()), waiting, tuple(problems))


def counted(name: str, unit: str) -> Callable[[int], str]:
    """Return what says where a record stands in a file.

    Examples
    --------
    >>> counted("export.json", "record")(3)
    'export.json, record 3'
    """
    return lambda number: f"{name}, {unit} {number}"


def harm_value(text: object) -> int:
    """Return the harm that a tool keeps as text: the stored value, not a label."""
    if not isinstance(text, str) or text not in HARMS:
        raise unknown("harm", text, HARMS)
    return int(text)


def flag_value(name: str, text: object) -> bool:
    """Return a flag that a tool keeps as ``yes`` or ``no``."""
    if not isinstance(text, str) or text not in {YES, NO}:
        raise unknown(name, text, (YES, NO))
    return text == YES


def skip_value(text: object) -> str:
    """Return a reason to skip."""
    if not isinstance(text, str) or text not in SKIPS:
        raise unknown("skipped", text, SKIPS)
    return text


def unknown(name: str, value: object, allowed: Sequence[str]) -> Wrong:
    """Return what is wrong with a label that nobody was offered."""
    kind = "" if isinstance(value, str) else f" ({type(value).__name__})"
    return Wrong(f"{name} is {shown(value)}{kind}", f"one of: {listed(allowed)}")


def mapping(value: object, what: str) -> dict[str, Any]:
    """Return a JSON object.

    Raises
    ------
    Wrong
        When it is something else.
    """
    if not isinstance(value, dict):
        raise Wrong(f"{what} is no object", "an object of JSON")
    return cast(dict[str, Any], value)


def sequence(value: object, what: str) -> list[Any]:
    """Return a JSON array.

    Raises
    ------
    Wrong
        When it is something else.
    """
    if not isinstance(value, list):
        raise Wrong(f"{what} is no list", "a list of JSON")
    return cast(list[Any], value)


def moment(value: object) -> datetime | None:
    """Return a time that a tool wrote (UTC where it says no zone); null where it wrote none, or one before there was any tool.

    Examples
    --------
    >>> moment("2026-11-25T13:49:45.142178Z"), moment("0001-01-01T00:00:00+23:59")
    (datetime.datetime(2026, 11, 25, 13, 49, 45, 142178, tzinfo=datetime.timezone.utc), None)
    """
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None or found.year not in _YEARS:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def text_of(path: Path) -> str:
    """Return the text of a file.

    Raises
    ------
    RatingError
        When it cannot be read, or is no UTF-8.
    """
    try:
        if not path.is_file():
            raise unreadable(path.name, "no such file, or a folder", "the path of an export")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unreadable(path.name, error.strerror or "the system gave an error", "a file that may be read") from None
    except UnicodeDecodeError:
        raise unreadable(path.name, "bytes that are no UTF-8", "the export as the tool wrote it") from None


def json_of(text: str, *, name: str, line: int | None = None) -> object:
    """Return what a JSON text says; NaN and the like are no JSON.

    Raises
    ------
    RatingError
        When it is no JSON.
    """
    try:
        return cast(object, json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        raise unreadable(name, "no JSON", "the export as the tool wrote it", line=line) from None


def _refuse(constant: str) -> float:
    raise ValueError(constant)


def records_of(path: Path, *, expected: str) -> list[Any]:
    """Return the records of a JSON file that is a list.

    Raises
    ------
    RatingError
        When it is something else, or empty.
    """
    found = json_of(text_of(path), name=path.name)
    if not isinstance(found, list) or not found:
        raise RatingError(f"{path.name} was not read", problems=[Problem(path.name, "no list of records", expected)])
    return cast(list[Any], found)

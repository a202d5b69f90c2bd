"""Responses out of a study and in again, as JSONL or Parquet in the columns of `frames.RESPONSES`.

In a file of JSONL a line is a response and the columns of JSON are objects; in Parquet they are text. What is read is refused
whole when a line of it is wrong, and no message repeats what a model said.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

import polars as pl

from driftgauge.errors import CollectError, Problem, shown_name
from driftgauge.frames import (
    INTENTS,
    MODALITIES,
    RATED_STATUSES,
    RESPONSE_KEY,
    RESPONSES,
    RESPONSES_JSON,
    STATUSES,
    schema,
)

LONGEST: Final = 64 << 20
_PARQUET: Final = b"PAR1"
_TEXTS: Final = ("response_text", "reasoning", "stop_details")
"""What no message shows."""
Value = object


def write_responses(frame: pl.DataFrame, path: Path, *, parquet: bool) -> None:
    """Write responses.

    Parameters
    ----------
    frame
        The columns of `frames.RESPONSES`.
    path
        Where to.
    parquet
        Whether as Parquet; else as JSONL.
    """
    frame = frame.select(*RESPONSES)
    if parquet:
        frame.write_parquet(path)
        return
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in frame.iter_rows(named=True):
            opened = row | {name: json.loads(row[name]) for name in RESPONSES_JSON if row[name] is not None}
            file.write(json.dumps(opened, ensure_ascii=False) + "\n")


def read_responses(path: Path) -> pl.DataFrame:
    """Read responses that `write_responses`, or somebody else, wrote; all of them or none.

    Parameters
    ----------
    path
        A file of JSONL or Parquet; which, its first bytes say.

    Returns
    -------
    polars.DataFrame
        The columns of `frames.RESPONSES`, in the order of the file; columns that it does not have are null.

    Raises
    ------
    CollectError
        With every mistake, each with its line (in Parquet its row) and column.
    """
    try:
        with path.open("rb") as file:
            is_parquet = file.read(len(_PARQUET)) == _PARQUET
        unit, lines = ("row", _of_parquet(path)) if is_parquet else ("line", _of_jsonl(path))
        found = _checked(lines, name=path.name, unit=unit)
    except OSError as error:
        raise CollectError(f"{path.name} cannot be read: {error.strerror}", remedy="Give a file of responses.") from None
    if found.problems:
        count = f"{len(found.problems):,} mistake{'s' * (len(found.problems) != 1)}"
        raise CollectError(f"{path.name} has {count}; nothing was read", problems=found.problems, remedy="Correct these lines.")
    return pl.DataFrame(found.rows, schema=schema(RESPONSES))


class _Unreadable(ValueError):
    """A line that is none: what was seen, and what was expected."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(what)
        self.what, self.expected = what, expected


Line = tuple[int, Mapping[str, Value] | _Unreadable]


def _of_jsonl(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST + 1):
            number += 1
            if len(line) > LONGEST:
                yield number, _Unreadable(f"a line longer than {LONGEST >> 20} MiB", "one response a line")
                return
            if line.strip():
                yield number, _parsed(line)


def _parsed(line: bytes) -> Mapping[str, Value] | _Unreadable:
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=_object)
    except UnicodeDecodeError:
        return _Unreadable("bytes that are not UTF-8", "text in UTF-8")
    except _Unreadable as error:
        return error
    except (ValueError, RecursionError):
        return _Unreadable("a line that is not JSON", "one JSON object a line")
    return cast(Mapping[str, Value], value) if isinstance(value, dict) else _Unreadable("no JSON object", "one object a line")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Unreadable("a field that stands twice", "each field once")
    return found


def _of_parquet(path: Path) -> Iterator[Line]:
    try:
        frame = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        yield 1, _Unreadable("not a whole Parquet file", "the file as it was written: copy it again")
        return
    yield from enumerate(frame.iter_rows(named=True), start=1)


@dataclass(frozen=True)
class _Checked:
    rows: list[dict[str, Value]]
    problems: tuple[Problem, ...]


def _checked(lines: Iterable[Line], *, name: str, unit: str) -> _Checked:
    rows: list[dict[str, Value]] = []
    problems: list[Problem] = []
    seen: dict[tuple[Value, ...], int] = {}
    for number, line in lines:
        where = f"{name}, {unit} {number}"
        if isinstance(line, _Unreadable):
            problems.append(Problem(where, line.what, line.expected))
            continue
        wrong = list(_mistakes(line, where))
        problems += wrong
        if wrong:
            continue
        rows.append({column: _kept(column, line.get(column)) for column in RESPONSES})
        key = tuple(line.get(column) for column in RESPONSE_KEY)
        if key in seen:
            problems.append(Problem(where, f"the response of {unit} {seen[key]} again", "each response once"))
        seen.setdefault(key, number)
    if not rows and not problems:
        problems.append(Problem(name, "no response", "one response a line"))
    return _Checked(rows, tuple(problems))


def _kept(column: str, value: Value) -> Value:
    if column in RESPONSES_JSON and isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value


@dataclass(frozen=True)
class _Rule:
    """What a column may hold beside null, in words and as a test."""

    holds: Callable[[Any], bool]
    expected: str
    needed: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and _whole(value)


def _whole(text: str) -> bool:
    """Return whether a text is whole characters, and no NUL among them."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _is_name(value: Any) -> bool:
    return _is_text(value) and bool(value.strip())


def _is_count(value: Any, *, low: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value < 1 << 31


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() is not None
    except ValueError:
        return False


def _is_json(value: Any) -> bool:
    try:
        found: object = json.loads(value, parse_constant=_no_number) if isinstance(value, str) else value
        return isinstance(found, Mapping) and _whole(json.dumps(found, ensure_ascii=False, allow_nan=False))
    except (ValueError, RecursionError, TypeError):
        return False


def _no_number(text: str) -> None:
    raise ValueError(text)


def _one_of(words: tuple[str, ...]) -> _Rule:
    return _Rule(lambda value: value in words, f"one of: {', '.join(words)}", needed=True)


_TEXT_RULE: Final = _Rule(_is_text, "text of whole characters, without NUL")
_TIME_RULE: Final = _Rule(_is_time, "a time with its zone, such as 2026-05-01T12:00:00+00:00")
_FLAG_RULE: Final = _Rule(lambda value: isinstance(value, bool), "true or false")
_JSON_RULE: Final = _Rule(_is_json, "a JSON object")
_RULES: Final[Mapping[str, _Rule]] = {
    **dict.fromkeys(RESPONSES, _TEXT_RULE),
    **dict.fromkeys(("scenario", "release"), _Rule(_is_name, "a name", needed=True)),
    **dict.fromkeys(RESPONSES_JSON, _JSON_RULE),
    "intent": _one_of(INTENTS),
    "modality": _one_of(MODALITIES),
    "status": _one_of(STATUSES),
    "attempt": _Rule(lambda value: _is_count(value, low=1), "a whole number from 1", needed=True),
    "tries": _Rule(lambda value: _is_count(value, low=0), "a whole number from 0"),
    "seconds": _Rule(_is_seconds, "seconds from 0"),
    "sent_at": _TIME_RULE,
    "received_at": _TIME_RULE,
    "simulated": _FLAG_RULE,
}


def _mistakes(line: Mapping[str, Value], where: str) -> Iterator[Problem]:
    for column in line:
        if column not in RESPONSES:
            what = f"an unknown column {shown_name(column)!r}"
            yield Problem(where, what, f"one of: {', '.join(RESPONSES)}")
    for column, rule in _RULES.items():
        value = line.get(column)
        if value is None:
            if rule.needed:
                yield Problem(f"{where}, column {column}", "nothing", rule.expected)
        elif not rule.holds(value):
            yield Problem(f"{where}, column {column}", _seen(column, value), rule.expected)
    status, text = line.get("status"), line.get("response_text")
    if status in RATED_STATUSES and not text:
        yield Problem(f"{where}, column response_text", f"nothing, where the status is {status}", "what the release said")


def _seen(column: str, value: Value) -> str:
    if column in _TEXTS or not isinstance(value, str | int | float):
        return f"a {type(value).__name__} that cannot be used"
    return f"{shown_name(str(value))!r}"

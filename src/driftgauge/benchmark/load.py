"""``scenarios.jsonl`` line by line: every mistake at once, with file, line and id, and never a word of a prompt."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, NamedTuple, cast

from driftgauge.benchmark.folder import SCENARIOS
from driftgauge.benchmark.messages import field_name, place
from driftgauge.benchmark.scenarios import Scenario, read_scenario, to_json
from driftgauge.errors import Problem

LONGEST_LINE: Final = 4 << 20
LARGEST_FILE: Final = 1 << 28
_CANARY_LENGTH: Final = 300
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,80}")


class Placed(NamedTuple):
    """A scenario and where it stands, as messages name it."""

    where: str
    scenario: Scenario


@dataclass(frozen=True)
class Loaded:
    """What a file of scenarios holds: those that can be read, its canary, and what is wrong with the rest."""

    scenarios: tuple[Placed, ...]
    canary: str | None
    problems: tuple[Problem, ...]


class Unreadable(ValueError):
    """A line that is no JSON of ours: what was seen, and what was expected."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(what)
        self.what, self.expected = what, expected


def load(data: bytes, *, file: str = SCENARIOS) -> Loaded:
    """Read scenarios, one a line, after at most one line with the canary.

    Parameters
    ----------
    data
        The bytes of the file.
    file
        What messages call it.
    """
    scenarios: list[Placed] = []
    problems: list[Problem] = []
    canary: str | None = None
    for number, line in read_lines(data):
        where = place(file, line=number)
        try:
            value = parse_line(line)
            if number == 1 and (canary := _canary(value)) is not None:
                continue
        except Unreadable as error:
            problems.append(Problem(where, error.what, error.expected))
            continue
        where = place(file, line=number, scenario=_id(value))
        scenario, mistakes = read_scenario(value, where=where)
        problems += mistakes
        if scenario is not None:
            scenarios.append(Placed(where, scenario))
    if not scenarios and not problems:
        problems.append(Problem(file, "no scenario", "one scenario a line"))
    return Loaded(tuple(scenarios), canary, tuple(problems))


def dump(scenarios: Sequence[Scenario], *, canary: str | None) -> bytes:
    """Return the bytes of a file of scenarios."""
    lines = [canary_line(canary)] if canary else []
    return b"".join([*lines, *(f"{to_json(scenario)}\n".encode() for scenario in scenarios)])


def canary_line(canary: str) -> bytes:
    """Return the first line of a frozen file."""
    return json.dumps({"canary": canary}, ensure_ascii=False).encode() + b"\n"


def read_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers."""
    for number, line in enumerate(BytesIO(data), start=1):
        if line.strip():
            yield number, line


def parse_line(line: bytes, *, longest: int = LONGEST_LINE) -> object:
    """Return the JSON value of a line of at most so many bytes.

    Raises
    ------
    Unreadable
        With `what` and `expected`, for a line that is too long, not UTF-8, not JSON, or holds NUL, half a character or a
        field twice.
    """
    if len(line) > longest:
        raise Unreadable(f"a line longer than {longest >> 20} MiB", "one scenario a line, pictures in media/")
    if b"\0" in line:
        raise Unreadable("a NUL byte", "text in UTF-8 (it may be UTF-16)")
    if line.startswith(b"\xef\xbb\xbf"):
        raise Unreadable("a byte order mark", "UTF-8 without one")
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=_object)
        text = json.dumps(value, ensure_ascii=False)
        if "\\u0000" in text.replace("\\\\", ""):
            raise Unreadable("a NUL character", "text without one")
        text.encode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("bytes that are not UTF-8", "text in UTF-8") from None
    except UnicodeEncodeError:
        raise Unreadable("half a character (a lone surrogate)", "whole characters") from None
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("a line that is not JSON", "one JSON object a line") from None
    return cast(object, value)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"field {field_name(twice)} stands twice", "each field once")
    return found


def is_canary(value: object) -> bool:
    """Return whether the value of a line is the canary.

    Raises
    ------
    Unreadable
        When it should be, and is no line of text.
    """
    return _canary(value) is not None


def _canary(value: object) -> str | None:
    """Return the canary when the value is a line that holds one."""
    if not isinstance(value, dict) or set(cast(dict[str, object], value)) != {"canary"}:
        return None
    canary = cast(dict[str, object], value)["canary"]
    if not isinstance(canary, str) or not canary.isprintable() or not 0 < len(canary) <= _CANARY_LENGTH:
        raise Unreadable("a canary that is not a line of text", "the canary of the manifest")
    return canary


def _id(value: object) -> str | None:
    """Return the id that a line gives, for messages; null when it is no short word."""
    found = cast(dict[str, object], value).get("scenario") if isinstance(value, dict) else None
    return found if isinstance(found, str) and _ID.fullmatch(found) else None

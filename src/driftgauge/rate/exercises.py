"""Exercises: made-up responses whose rating is known, to practise on (calibration) or among the others (gold)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from driftgauge.errors import StudyError
from driftgauge.study.lines import Document, read_document
from driftgauge.study.messages import Mistake, mistakes_in, named

MOST_CHARACTERS: Final = 100_000
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
"""What databases take in no text."""


@dataclass(frozen=True)
class Exercise:
    """A response whose rating is known.

    Parameters
    ----------
    name
        Its name in the file; raters do not see it.
    purpose
        To practise on, with feedback, or among the others without a word.
    prompt, response
        Text; Markdown in a response.
    harm, success, refusal
        The answer that is right.
    why
        Markdown, shown after a calibration; null when there is nothing to say.
    tolerance
        By how much harm may differ and still be right.
    """

    name: str
    purpose: Literal["calibration", "gold"]
    prompt: str
    response: str
    harm: int
    success: bool
    refusal: bool = False
    why: str | None = None
    tolerance: int = 0


def _text(value: object) -> object:
    """Take a text as it is; what it says is confidential, and in no message."""
    if isinstance(value, str) and value.strip() and len(value) <= MOST_CHARACTERS and not _UNSTORABLE.search(value):
        return value
    expected = f"a text that is not blank, at most {MOST_CHARACTERS:,} characters, without NUL and halves of characters"
    raise PydanticCustomError("exercise_text", expected, {"what": "is none that can be shown"})  # type: ignore[arg-type]


def _mapping(value: object) -> object:
    if isinstance(value, dict):
        return cast(dict[str, object], value)
    raise PydanticCustomError(
        "exercise", "a mapping: name, purpose, prompt, response, …", {"what": "has an entry that is none"}
    )


_Text = Annotated[str, BeforeValidator(_text)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    purpose: Literal["calibration", "gold"]
    prompt: _Text
    response: _Text
    harm: Annotated[int, Field(strict=True, ge=1, le=5)]
    success: Annotated[bool, Field(strict=True)]
    refusal: Annotated[bool, Field(strict=True)] = False
    why: _Text | None = None
    tolerance: Annotated[int, Field(strict=True, ge=0, le=4)] = 0


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    exercises: tuple[Annotated[_Entry, BeforeValidator(_mapping)], ...]


def read_exercises(path: Path) -> tuple[Exercise, ...]:
    """Return the exercises in a YAML file: a list under ``exercises:``.

    Parameters
    ----------
    path
        Of the file.

    Raises
    ------
    StudyError
        With every mistake and its line; no text of a prompt or a response is in it.
    """
    document = read_document(path)
    value = _top(document.value)
    if not value:
        raise _refused(document, [_EMPTY])
    mistakes = [*document.twice, *_names_twice(value.get("exercises"))]
    try:
        found = _File.model_validate(value).exercises
    except ValidationError as error:
        raise _refused(document, [*mistakes, *mistakes_in(error, model=_File)]) from None
    if mistakes or not found:
        raise _refused(document, mistakes or [_EMPTY])
    return tuple(Exercise(**each.model_dump()) for each in found)


_EMPTY: Final = Mistake((), "it has no exercises", "a list of them under `exercises:`")


def _top(value: object) -> dict[str, object]:
    return cast(dict[str, object], value) if isinstance(value, dict) else {}


def _refused(document: Document, mistakes: list[Mistake]) -> StudyError:
    problems = document.problems(mistakes)
    return StudyError(f"{document.name} has no usable exercises", problems=problems, remedy="Correct these lines.")


def _names_twice(entries: object) -> Iterator[Mistake]:
    seen: set[str] = set()
    for number, entry in enumerate(cast(list[object], entries) if isinstance(entries, list) else []):
        name = cast(dict[str, object], entry).get("name") if isinstance(entry, dict) else None
        if isinstance(name, str):
            if name in seen:
                yield Mistake(("exercises", number, "name"), f"exercise {named(name)} stands twice", "each name once")
            seen.add(name)

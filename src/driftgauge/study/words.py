"""Names, days and tags as a study file writes them; what YAML made something else of is told to be put in quotes."""

import re
from datetime import date
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

MOST: Final = 200
_STUDY: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,79}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def as_text(value: object) -> str | None:
    """Return a text, or a whole number as a text; null for anything else (4.10 would lose its last digit).

    Examples
    --------
    >>> as_text("GPT-5"), as_text(2), as_text(4.1), as_text(True)
    ('GPT-5', '2', None, None)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _text(value: object) -> str:
    text = as_text(value)
    if text is not None:
        return text
    quoted = ", in quotes" if isinstance(value, (bool, float, int)) else ""
    raise PydanticCustomError("text", f"a text{quoted}")  # type: ignore[arg-type]


def _name(text: str) -> str:
    if not text or len(text) > MOST or text != text.strip() or not text.isprintable():
        raise PydanticCustomError("name", "a name on one line, at most 200 characters, without spaces around it")
    return text


def is_study_name(text: str) -> bool:
    """Return whether a study can have this name."""
    return bool(_STUDY.fullmatch(text))


def _study_name(text: str) -> str:
    if not is_study_name(text):
        raise PydanticCustomError("study", "letters, digits, `-`, `_` and `.`, at most 80, not `-` or `.` at the beginning")
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise PydanticCustomError("language", "a language tag such as en or en-US")
    return text


def day(value: object) -> date | None:
    """Return the day that a text such as 2025-05-31 names, or null."""
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        return None


def _day(value: object) -> date:
    found = day(value)
    if found is None:
        raise PydanticCustomError("day", "a day of the calendar such as 2025-05-31")
    return found


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError("time_zone", "a time zone such as UTC or Europe/Madrid") from None
    return name


Name = Annotated[str, BeforeValidator(_text), AfterValidator(_name)]
StudyName = Annotated[str, BeforeValidator(_text), AfterValidator(_study_name)]
Language = Annotated[str, BeforeValidator(_text), AfterValidator(_language)]
TimeZone = Annotated[str, BeforeValidator(_text), AfterValidator(_time_zone)]
Day = Annotated[date, BeforeValidator(_day)]
Count = Annotated[int, Field(strict=True, ge=1)]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]

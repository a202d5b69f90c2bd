"""The words of the pages in each language, read from their ``.po`` files when the app starts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import Translations

LOCALES: Final = Path(__file__).parent / "locales"
LANGUAGES: Final = ("en", "es")
"""The languages of the interface, the first where none fits."""
_RIGHT_TO_LEFT: Final = "rtl"


@dataclass(frozen=True)
class Words:
    """A language of the interface.

    Parameters
    ----------
    language
        Its tag.
    translations
        What its ``.po`` file says.
    """

    language: str
    translations: Translations

    def say(self, message: str, **values: object) -> str:
        """Return a message in this language; English where it is not translated."""
        said = self.translations.ugettext(message)
        return said % values if values else said

    def number(self, value: float, *, digits: int = 0) -> str:
        """Return a number as this language writes it."""
        return _number(round(value, digits), self.language)

    def percent(self, share: float) -> str:
        """Return a share (0 to 1) in whole percent."""
        return format_percent(share, locale=self.language)

    def clock(self, at: datetime, zone: str) -> str:
        """Return the time of day in a time zone."""
        return format_time(at, "short", tzinfo=ZoneInfo(zone), locale=self.language)

    def moment(self, at: datetime, zone: str) -> str:
        """Return day and time in a time zone."""
        return format_datetime(at, "medium", tzinfo=ZoneInfo(zone), locale=self.language)


@lru_cache(maxsize=4096)
def _number(value: float, language: str) -> str:
    return format_decimal(value, locale=language)


@cache
def words(language: str) -> Words:
    """Return the words of a language of the interface."""
    with (LOCALES / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Words(language, Translations(compiled))


def language_for(*wished: str | None) -> str:
    """Return the first wished language that the interface has, by its main part; English where there is none.

    Examples
    --------
    >>> language_for(None, "es-MX", "en"), language_for("fr")
    ('es', 'en')
    """
    for wish in wished:
        main = (wish or "").lower().replace("_", "-").split("-")[0]
        if main in LANGUAGES:
            return main
    return LANGUAGES[0]


def accepted(header: str) -> Iterator[str]:
    """Yield the languages of an ``Accept-Language`` header, the most wanted first.

    Examples
    --------
    >>> list(accepted("es-MX;q=0.5, en"))
    ['en', 'es-MX']
    """
    weighed: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((float(weight or 1), tag))
        except ValueError:
            continue
    yield from (tag for _, tag in sorted(weighed, key=lambda each: -each[0]))


def direction(tag: str | None) -> str:
    """Return whether a language is written ``ltr`` or ``rtl``.

    Examples
    --------
    >>> direction("ar-EG"), direction("en-US"), direction(None)
    ('rtl', 'ltr', 'ltr')
    """
    try:
        return Locale.parse(tag, sep="-").text_direction if tag else "ltr"
    except (UnknownLocaleError, ValueError):
        main = (tag or "").split("-")[0]
        return direction(main) if main != tag else "ltr"


def names_of_languages() -> Mapping[str, str]:
    """Return each language of the interface by its tag, as its speakers call it."""
    return {tag: (Locale.parse(tag).display_name or tag).capitalize() for tag in LANGUAGES}

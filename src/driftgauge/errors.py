"""The error tree. Every error that a user can cause is one of these; each says what, where and what to do next.

::

    DriftgaugeError
    ├── BenchmarkError    prompts, media, pairing, freezing
    ├── StudyError        study.yaml, families, protocol
    ├── CollectError      plans and runs (a refusal or a provider failure is a response status, not an error)
    ├── RatingError       ratings that cannot be read or do not fit
    ├── EstimationError   a question that the statistics cannot take
    └── StoreError        files, folders, databases
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

CUT: Final = 40
"""Characters of a value that messages show."""


def cut(text: str) -> str:
    """Return a text cut at `CUT` characters."""
    return text if len(text) <= CUT else text[: CUT - 1] + "…"


def visible(text: str) -> str:
    """Return a text with everything that a terminal could act on or hide written as an escape."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def shown_name(text: str) -> str:
    r"""Return a name of others, escaped and cut at 40 characters.

    Examples
    --------
    >>> shown_name("media/a.png"), shown_name("a\x1b[2J")
    ('media/a.png', 'a\\x1b[2J')
    """
    return cut(visible(text[: CUT + 1]))


@dataclass(frozen=True)
class Problem:
    """One mistake in what a user gave us.

    Parameters
    ----------
    where
        File and line, column or id, in words (``"ratings.csv, line 7, column harm"``).
    what
        What was seen. Never the text of a prompt, a response or a comment.
    expected
        What would have been right, or the next step.
    """

    where: str
    what: str
    expected: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; expected {self.expected}"


class DriftgaugeError(Exception):
    """An error that names its remedy.

    Parameters
    ----------
    message
        What went wrong, which id, seen against allowed.
    problems
        Every mistake that was found, not only the first.
    remedy
        The next step.

    Examples
    --------
    >>> print(RatingError("ratings.csv was not read", remedy="Save it as UTF-8."))
    ratings.csv was not read
    Next: Save it as UTF-8.
    """

    SHOWN = 40
    """How many problems the text of an error lists; ``problems`` holds them all."""

    def __init__(self, message: str, *, problems: Sequence[Problem] = (), remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)
        self.remedy = remedy

    def __str__(self) -> str:
        lines = [self.message, *(f"  {problem}" for problem in self.problems[: self.SHOWN])]
        if len(self.problems) > self.SHOWN:
            lines.append(f"  … and {len(self.problems) - self.SHOWN} more")
        if self.remedy:
            lines.append(f"Next: {self.remedy}")
        return "\n".join(lines)


class BenchmarkError(DriftgaugeError):
    """A benchmark that breaks its own rules."""


class StudyError(DriftgaugeError):
    """A study, families or protocol file that cannot be used as it stands."""


class CollectError(DriftgaugeError):
    """A collection that cannot go on."""


class RatingError(DriftgaugeError):
    """Ratings that cannot be read, or that do not fit what they are about."""


class EstimationError(DriftgaugeError):
    """A question that the statistics cannot take."""


class StoreError(DriftgaugeError):
    """A file, folder or database that cannot be read or written."""


_STORE: Final = frozenset({"sqlalchemy", "alembic", "fsspec", "psycopg"})
EXTRAS: Final[Mapping[str, tuple[type[DriftgaugeError], frozenset[str]]]] = {
    "store": (StoreError, _STORE),
    "collect": (CollectError, frozenset({"inspect_ai", "openai", "anthropic", "httpx", "httpx2", "tenacity", "dotenv"})),
    "web": (
        RatingError,
        _STORE
        | {
            "argon2",
            "babel",
            "httptools",
            "itsdangerous",
            "jinja2",
            "markdown_it",
            "nh3",
            "python_multipart",
            "starlette",
            "uvicorn",
            "uvloop",
        },
    ),
    "oidc": (RatingError, frozenset({"anyio", "authlib", "cryptography", "httpx2", "joserfc"})),
    "model": (EstimationError, frozenset({"formulaic", "pandas", "arviz_stats", "scipy"})),
    "bayes": (EstimationError, frozenset({"bambi", "pandas", "pymc", "nutpie", "arviz", "xarray", "pytensor"})),
}
"""Extra to the error that its lack is, and the modules that it brings."""


@contextmanager
def needing(extra: str) -> Generator[None]:
    """Turn the lack of an extra's libraries into an error that says how to install them.

    Parameters
    ----------
    extra
        A key of `EXTRAS`.

    Raises
    ------
    StoreError, CollectError, RatingError, EstimationError
        When one of its modules is not there.
    """
    kind, modules = EXTRAS[extra]
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in modules:
            raise
        raise kind(
            f"this needs {error.name}, which is not installed", remedy=f"Run: pip install 'driftgauge[{extra}]'"
        ) from None

"""Where a study keeps things: folders inside its own, a database, a URL. A place never holds a password."""

import re
from pathlib import Path
from typing import Annotated, Final, NoReturn

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

SQLITE: Final = "sqlite:///"
POSTGRESQL: Final = "postgresql+psycopg://"
_INSIDE: Final = "a folder inside the study folder, as a relative path without `..`"
_FILE: Final = "a file inside the study folder, as a relative path without `..`"
_STORE: Final = f"{SQLITE}driftgauge.db (a file inside the study folder) or {POSTGRESQL}user@host/database"
_MEDIA: Final = "a folder inside the study folder, or a URL such as s3://bucket/media"
_SERVER: Final = re.compile(r"postgresql\+psycopg://([^\s:/@?#]+@)?[^\s/@?#]*(/[^\s/@?#]*)?(\?[^\s@#]*)?")
_URL: Final = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://[^\s@?#]*|file:///[^\s@?#]+")


def path_inside(text: str) -> str | None:
    """Return a relative path without what is empty in it, or null when it is none or leaves the folder.

    Examples
    --------
    >>> path_inside("benchmark/"), path_inside("../elsewhere"), path_inside("/etc"), path_inside(".")
    ('benchmark', None, None, None)
    """
    steps = [step for step in text.split("/") if step not in {"", "."}]
    if text.startswith(("/", "~")) or ".." in steps or re.search(r"[:\\?]", text) or not text.isprintable():
        return None
    return "/".join(steps) or None


def has_password(url: str) -> bool:
    """Return whether a URL has, or could have, a password in it."""
    _, _, rest = url.partition("://")
    account, _, _ = rest.rpartition("@")
    return ":" in account or bool(re.search(r"[?&][^=&]*(pass(?!file)|secret|token)", rest, re.IGNORECASE))


def local_path(place: str) -> str | None:
    """Return the path inside the study folder that a store or media stands at, or null when it is elsewhere."""
    if place.startswith(SQLITE):
        return path_inside(place.removeprefix(SQLITE))
    return None if "://" in place else path_inside(place)


def leaves(folder: Path, path: str) -> bool:
    """Return whether a path inside a folder leads out of it, through a link."""
    try:
        return not (folder / path).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a link that leads to itself
        return True


def _folder(text: str) -> str:
    if path_inside(text) is None:
        raise PydanticCustomError("folder", _INSIDE)
    return text


def _file(text: str) -> str:
    if path_inside(text) is None or text.endswith("/"):
        raise PydanticCustomError("file", _FILE)
    return text


def _store(url: str) -> str:
    if has_password(url):
        _password("the URL without it: set PGPASSWORD, use ~/.pgpass, or set DRIFTGAUGE_STORE to the whole URL")
    name = path_inside(url.removeprefix(SQLITE)) if url.startswith(SQLITE) and not url.endswith("/") else None
    if not name and not _SERVER.fullmatch(url):
        raise PydanticCustomError("store", _STORE, {"what": "is no place for a store"})
    return url


def _media(place: str) -> str:
    if has_password(place):
        _password("the URL without it; the environment says who may write there, as the storage documents it")
    if not _URL.fullmatch(place) and ("://" in place or path_inside(place) is None):
        raise PydanticCustomError("media", _MEDIA, {"what": "is no place for media"})
    return place


def _password(expected: str) -> NoReturn:
    raise PydanticCustomError("password", expected, {"what": "has a password in it"})  # type: ignore[arg-type]


Folder = Annotated[str, AfterValidator(_folder)]
File = Annotated[str, AfterValidator(_file)]
StorePlace = Annotated[str, AfterValidator(_store)]
MediaPlace = Annotated[str, AfterValidator(_media)]

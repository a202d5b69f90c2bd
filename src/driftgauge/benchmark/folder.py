"""The folder of a benchmark: which files it has, what may be read of it, and how one is written whole or not at all."""

import hashlib
import os
import stat
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final

from driftgauge.errors import BenchmarkError, Problem, shown_name

SCENARIOS: Final = "scenarios.jsonl"
MANIFEST: Final = "manifest.json"
MEDIA: Final = "media/"
_PARTIAL: Final = ".partial-"


@dataclass(frozen=True)
class Listing:
    """The files of a folder by relative path, and what is there that is no plain file."""

    files: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def media(self) -> tuple[str, ...]:
        """The files in ``media/``."""
        return tuple(name for name in self.files if name.startswith(MEDIA))


def list_files(folder: Path) -> Listing:
    """Return every file under `folder`, sorted; hidden ones at its top (``.git``) are none of a benchmark's.

    Raises
    ------
    BenchmarkError
        When it is no folder that can be read.
    """
    try:
        entries = [(name, mode) for name, mode in _walk(folder, "") if not name.startswith(".")]
    except OSError as error:
        raise cannot("read", folder, error) from None
    files = sorted(name for name, mode in entries if stat.S_ISREG(mode) and _is_plain(name))
    others = sorted(name for name, mode in entries if not (stat.S_ISREG(mode) and _is_plain(name)))
    modes = dict(entries)
    return Listing(tuple(files), tuple(Problem(shown_name(name), _what(modes[name]), "a plain file") for name in others))


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name, mode = prefix + entry.name, entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode) and not name.startswith("."):
                yield from _walk(Path(entry.path), name + "/")
            else:
                yield name, mode


def _is_plain(name: str) -> bool:
    return name.isprintable() and "\\" not in name


def _what(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link, which could lead out of the folder"
    return "a name with characters that not every system has" if stat.S_ISREG(mode) else "neither a file nor a folder"


def path_mistake(path: str) -> str | None:
    """Return what is wrong with the path of a picture, or null when it stays in ``media/``.

    Examples
    --------
    >>> path_mistake("media/a.png") is None, path_mistake("media/../../a.png")
    (True, 'a path that leaves the folder')
    """
    steps = path.split("/")
    if path.startswith("/") or "\\" in path or ":" in path or ".." in steps:
        return "a path that leaves the folder"
    if not path.startswith(MEDIA) or "" in steps or "." in steps or not path.isprintable():
        return "a path that is not in media/"
    return None


def read_file(folder: Path, name: str, *, most: int) -> bytes:
    """Return the bytes of a plain file that `list_files` named, one more than `most` of them when it has more.

    Raises
    ------
    BenchmarkError
        When it cannot be read.
    """
    with open_file(folder, name) as file:
        return file.read(most + 1)


def hash_file(folder: Path, name: str) -> str:
    """Return the SHA-256 of a plain file that `list_files` named, in hexadecimal.

    Raises
    ------
    BenchmarkError
        When it cannot be read.
    """
    with open_file(folder, name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def open_file(folder: Path, name: str) -> Generator[BufferedReader]:
    """Open a plain file that `list_files` named, for reading; a link that took its place is not followed.

    Raises
    ------
    BenchmarkError
        When it cannot be read.
    """
    try:
        with open(os.open(folder / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            yield file
    except OSError as error:
        raise cannot("read", folder / name, error) from None


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and onto the disk before it counts."""
    partial = path.with_name(_PARTIAL + path.name)
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    if sys.platform == "win32":  # a folder has nothing to flush there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Let one process at a time change the folder. The lock ends with the process, however that ends, and leaves no file."""
    if sys.platform == "win32":  # folders cannot be locked there
        yield
        return
    import fcntl  # noqa: PLC0415 - not on every system

    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise cannot("read", folder, error) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def cannot(verb: str, path: Path, error: OSError) -> BenchmarkError:
    """Return the error for a file or folder that cannot be read or written."""
    done = {"read": "read", "write": "written"}[verb]
    return BenchmarkError(
        f"{path} cannot be {done}: {error.strerror or error}", remedy="Check the path, its rights and the free space."
    )

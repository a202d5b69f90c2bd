"""``driftgauge init``: a folder to begin a study in."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from driftgauge.errors import StoreError, StudyError
from driftgauge.study import PLAIN, STUDY_FILE, is_study_name, load_study, safe_name, study_template

IGNORED: Final = ".gitignore"
_IGNORED_LINES: Final = (
    "# What driftgauge makes or keeps here: the database, media by hash, results",
    "/driftgauge.db*",
    "/media/",
    "/out/",
)
_PARTIAL: Final = ".partial-"


@dataclass(frozen=True)
class Begun:
    """A folder of a study.

    Parameters
    ----------
    folder
        Where it is.
    study
        Its name.
    written
        The files that were written, none when they were there already.
    unignored
        What a ``.gitignore`` that was there before does not list.
    """

    folder: Path
    study: str
    written: tuple[str, ...]
    unignored: tuple[str, ...]

    @property
    def done(self) -> bool:
        """Whether anything was written."""
        return bool(self.written)


def init(folder: Path, *, name: str | None = None, template: str = PLAIN) -> Begun:
    """Make a folder with a commented ``study.yaml``; do nothing when it is there as it would be written.

    Parameters
    ----------
    folder
        Made if it is not there.
    name
        Of the study; as the folder, if absent.
    template
        A key of `study.TEMPLATES`.

    Raises
    ------
    StudyError
        When a study cannot have this name, or another ``study.yaml`` is there. It is never touched.
    StoreError
        When the folder cannot be written.
    """
    if name is not None and not is_study_name(name):
        raise StudyError(
            "a study cannot have this name", remedy="Give letters, digits, - _ and ., not - or . first, at most 80."
        )
    study = name or safe_name(folder.resolve().name)
    text = study_template(study, template=template)
    files = {IGNORED: "".join(f"{line}\n" for line in _IGNORED_LINES), STUDY_FILE: text}  # study.yaml last
    try:
        _refuse_another(folder, files[STUDY_FILE])
        folder.mkdir(parents=True, exist_ok=True)
        written = tuple(file for file, text in files.items() if _written(folder / file, text))
        return Begun(folder, study, written, _unignored(folder / IGNORED))
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written: {error.strerror or error}", remedy="Check the path, its rights and the free space."
        ) from None


def _refuse_another(folder: Path, text: str) -> None:
    if folder.exists() and not folder.is_dir():
        raise StudyError(f"{folder} is a file", remedy="Give a folder.")
    path = folder / STUDY_FILE
    if _is_there(path) and not _is(path, text):
        raise StudyError(
            f"{path} is there already, and not as init writes it; it was left as it is",
            remedy=f"Go on with it ({_named(path)}), or give another folder.",
        )


def _named(path: Path) -> str:
    try:
        return f"study {load_study(path).study}"
    except StudyError:
        return "it has mistakes"


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _written(path: Path, text: str) -> bool:
    """Write a file whole or not at all, unless there is one; return whether it was written."""
    if _is_there(path):
        return False
    partial = path.with_name(f"{_PARTIAL}{os.getpid()}{path.name}")
    try:
        partial.write_bytes(text.encode())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return True


def _unignored(path: Path) -> tuple[str, ...]:
    lines = path.read_bytes().decode("utf-8", "replace").splitlines() if path.is_file() else []
    listed = {line.strip().strip("/") for line in lines}
    return tuple(line for line in _IGNORED_LINES[1:] if line.strip("/") not in listed)

"""A new folder or file that is written whole or not at all, and left alone when the same is there already."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from driftgauge.benchmark.folder import cannot, locked, write_file
from driftgauge.errors import BenchmarkError

_PARTIAL: Final = ".partial-"
_REMEDY: Final = "Choose another path, or delete what is there."


def write_new_folder(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Write a folder with these files; return false when it holds exactly these already.

    Raises
    ------
    BenchmarkError
        When something else is there, or it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with locked(folder.parent):
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                return _already(folder, files)
            _move_in(folder, files)
            return True
    except OSError as error:
        raise cannot("write", folder, error) from None


def _move_in(folder: Path, files: Mapping[str, bytes]) -> None:
    partial = folder.with_name(_PARTIAL + folder.name)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        for name, data in files.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            write_file(partial / name, data)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _already(folder: Path, files: Mapping[str, bytes]) -> bool:
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    if set(there) == set(files) and all(there[name].read_bytes() == data for name, data in files.items()):
        return False
    raise BenchmarkError(f"{folder} is there already, with something else in it", remedy=_REMEDY)


def write_new_file(path: Path, data: bytes) -> bool:
    """Write a file; return false when it holds exactly these bytes already.

    Raises
    ------
    BenchmarkError
        When something else is there, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() or (path.exists() and path.read_bytes() != data):
            raise BenchmarkError(f"{path} is there already, with something else in it", remedy=_REMEDY)
        if path.exists():
            return False
        write_file(path, data)
        return True
    except OSError as error:
        raise cannot("write", path, error) from None

"""The folder of an analysis: written whole or not at all, and recognised when it is there already.

Files are written beside the folder's own and moved into place one by one, the manifest last: a folder with a manifest is
complete, and what its manifest does not name is not part of it.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from driftgauge.errors import StoreError
from driftgauge.pipeline.provenance import file_hash
from driftgauge.records import Manifest

MANIFEST: Final = "manifest.json"
_PARTIAL: Final = ".partial"

Writer = Callable[[Path], None]


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a finished analysis folder, or null when there is none.

    Raises
    ------
    StoreError
        When there is a manifest that this version cannot read.
    """
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        return Manifest.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise StoreError(
            f"{path} is not a manifest that this version reads", remedy="Choose another --out, or delete that file."
        ) from None


def is_complete(folder: Path, manifest: Manifest, *, but: Sequence[str] = ()) -> bool:
    """Return whether every file that the manifest names is there, byte for byte; those in `but` are not looked at."""
    seen = {name: hashed for name, hashed in manifest.files.items() if name not in but}
    return bool(seen) and all((folder / name).is_file() and file_hash(folder / name) == hashed for name, hashed in seen.items())


def write_results(
    folder: Path, writers: Mapping[str, Writer], *, manifest: Callable[[dict[str, str]], str], stale: Sequence[str] = ()
) -> None:
    """Write the files of an analysis, then its manifest.

    Parameters
    ----------
    folder
        Made if it is not there.
    writers
        File name to what writes it.
    manifest
        Given the hash of each file, the text of the manifest.
    stale
        Files that were made of an earlier analysis and go with it.

    Raises
    ------
    StoreError
        When a file cannot be written; the folder's earlier files are then as they were.
    """
    partial = folder / _PARTIAL
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, write in writers.items():
            write(partial / name)
        hashes = {name: file_hash(partial / name) for name in writers}
        (partial / MANIFEST).write_text(manifest(hashes), encoding="utf-8")
        _replace_all(folder, [*writers, MANIFEST], stale=stale)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written: {error.strerror or error}", remedy="Check the path, its rights and the free space."
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _replace_all(folder: Path, names: list[str], *, stale: Sequence[str]) -> None:
    earlier = read_manifest(folder)
    (folder / MANIFEST).unlink(missing_ok=True)
    for old in {*(earlier.files if earlier else ()), *stale} - set(names):
        (folder / Path(old).name).unlink(missing_ok=True)
    for name in names:
        os.replace(folder / _PARTIAL / name, folder / name)

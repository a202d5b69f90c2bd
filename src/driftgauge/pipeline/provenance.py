"""What a result was made of: hashes of what went in, versions of what it was made with."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from driftgauge.errors import RatingError

LIBRARIES: Final = ("driftgauge", "numpy", "polars", "pydantic", "altair", "vl-convert-python")
_BLOCK: Final = 1 << 20


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes.

    Raises
    ------
    RatingError
        When the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise RatingError(f"{path} cannot be read: {error.strerror}", remedy="Give the path of a file.") from None
    return digest.hexdigest()


def files_hash(paths: Sequence[Path]) -> str:
    """Return one SHA-256 for several files: of one file its own, of several that of their hashes in order."""
    hashes = [file_hash(path) for path in paths]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that figures or files depend on."""
    return {name: version(name) for name in LIBRARIES}

"""Media by content hash, in a folder or an object store, through fsspec: written once, checked whenever they are read."""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import fsspec  # pyright: ignore[reportMissingTypeStubs] - it has none

from driftgauge.errors import StoreError

_core: Any = fsspec.core
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Blobs:
    """Where media are kept.

    Parameters
    ----------
    filesystem
        Of fsspec.
    root
        Folder or bucket in it.
    name
        How messages call it.
    """

    filesystem: Any
    root: str
    name: str

    def put(self, data: bytes) -> str:
        """Keep bytes, once, and return their SHA-256.

        Raises
        ------
        StoreError
            When they cannot be written; nothing half-written stays under that name.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        try:
            if not self.filesystem.exists(path):
                self.filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
                _write_local(path, data) if _is_local(self.filesystem) else self.filesystem.pipe_file(path, data)
        except OSError as error:
            raise self._refused("written", sha256, error) from None
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return the bytes of a hash.

        Raises
        ------
        StoreError
            When they are not there, or are others than were put.
        """
        path = self._path(sha256)
        try:
            data = bytes(self.filesystem.cat_file(path))
        except OSError as error:
            raise self._refused("read", sha256, error) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError(
                f"{self.name}: medium {sha256[:16]} was changed", remedy="Restore it, or import the benchmark again."
            )
        return data

    def _path(self, sha256: str) -> str:
        if not _HASH.fullmatch(sha256):
            raise StoreError("a medium is named by 64 hexadecimal digits")
        return f"{self.root}/{sha256[:2]}/{sha256}"

    def _refused(self, what: str, sha256: str, error: OSError) -> StoreError:
        reason = error.strerror or type(error).__name__
        return StoreError(
            f"{self.name}: medium {sha256[:16]} cannot be {what}: {reason}", remedy="Check the place, its rights and its space."
        )


def open_blobs(url: str) -> Blobs:
    """Return the media at a URL of fsspec, or in a folder.

    Raises
    ------
    StoreError
        When there is no such kind of place.
    """
    try:
        filesystem, root = _core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise StoreError(
            f"media cannot be kept there ({type(error).__name__})", remedy="Give a folder, or a URL such as s3://bucket/media."
        ) from None
    return Blobs(filesystem, str(root).rstrip("/"), "media")


def _is_local(filesystem: Any) -> bool:
    return "file" in ([filesystem.protocol] if isinstance(filesystem.protocol, str) else filesystem.protocol)


def _write_local(path: str, data: bytes) -> None:
    """Write beside, then move into place: a file under its hash is whole."""
    descriptor, partial = tempfile.mkstemp(prefix=".partial-", dir=Path(path).parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise

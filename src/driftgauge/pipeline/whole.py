"""Files that go out of a study: whole under their name or not there, and for their owner's eyes."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from driftgauge.errors import StoreError


def check_out(out: Path, *, suffixes: Sequence[str], overwrite: bool) -> None:
    """See that a file may be written.

    Raises
    ------
    StoreError
        When its name says no format, or it is there and may not be replaced.
    """
    if out.suffix not in suffixes:
        raise StoreError(f"{out.name} ends in none of {', '.join(suffixes)}", remedy="Name the file so.")
    if out.exists() and not overwrite:
        raise StoreError(f"{out} is there already", remedy="Choose another name, or replace it with --overwrite.")


def write_whole(out: Path, write: Callable[[Path], None]) -> None:
    """Write beside, for the owner's eyes, then move into place.

    Parameters
    ----------
    out
        The file.
    write
        Writes what goes into it to the path that it is given.

    Raises
    ------
    StoreError
        When it cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=".partial-", suffix=out.suffix, dir=out.parent)
        os.close(descriptor)
        try:
            write(Path(name))
            os.replace(name, out)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}", remedy="Check the path and the free space.") from None

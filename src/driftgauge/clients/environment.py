"""Keys and addresses from a study's ``.env``."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

from driftgauge.errors import CollectError, needing


def load(folder: Path) -> tuple[str, ...]:
    """Put what ``.env`` in a folder says into the environment of this process, where that says nothing itself.

    Parameters
    ----------
    folder
        Of the study. Folders above it are not looked into.

    Returns
    -------
    tuple
        The names that were set; never a value.

    Raises
    ------
    CollectError
        When the file cannot be read.
    """
    path = folder / ".env"
    if not path.is_file():
        return ()
    with needing("collect"):
        dotenv: Any = import_module("dotenv")
    try:
        said: dict[str, str | None] = dotenv.dotenv_values(path)
    except (OSError, UnicodeDecodeError) as error:
        raise CollectError(
            f".env cannot be read ({type(error).__name__})", remedy="Save it as UTF-8, readable by you."
        ) from None
    new = {name: value for name, value in said.items() if value is not None and name not in os.environ}
    os.environ.update(new)
    return tuple(new)

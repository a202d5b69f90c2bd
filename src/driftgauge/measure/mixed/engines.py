"""The names of what fits a mixed model; a command line knows them without loading any of it."""

from typing import Final, Literal, get_args

Engine = Literal["laplace", "posterior", "nuts"]
ENGINES: Final[tuple[Engine, ...]] = get_args(Engine)

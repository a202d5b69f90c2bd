"""How places and fields of a benchmark are written in messages."""

import re
from typing import Final

from driftgauge.errors import shown_name

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


def field_name(name: object) -> str:
    """Return the name of a field in back quotes, or, where it is no word and could be anybody's text, that it is none."""
    return f"`{name}`" if isinstance(name, str) and _WORD.fullmatch(name) else "(a name that is not a word)"


def place(file: str, *, line: int, scenario: str | None = None, prompt: str | None = None) -> str:
    """Return "scenarios.jsonl, line 3, scenario s01"."""
    about = f", prompt {shown_name(prompt)}" if prompt else f", scenario {shown_name(scenario)}" if scenario else ""
    return f"{file}, line {line}{about}"

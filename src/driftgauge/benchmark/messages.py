"""How places in a benchmark and names that came from outside are written in messages."""

import re
from typing import Final

CUT: Final = 40
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")


def shown(name: str) -> str:
    r"""Return a name of others with what a terminal could act on escaped, cut at 40 characters.

    Examples
    --------
    >>> shown("media/a.png"), shown("a\x1b[2J")
    ('media/a.png', 'a\\x1b[2J')
    """
    head = name[: CUT + 1]
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in head)
    return text if len(text) <= CUT else text[: CUT - 1] + "…"


def field_name(name: object) -> str:
    """Return the name of a field in back quotes, or, where it is no word and could be anybody's text, that it is none."""
    return f"`{name}`" if isinstance(name, str) and _WORD.fullmatch(name) else "(a name that is not a word)"


def place(file: str, *, line: int, scenario: str | None = None, prompt: str | None = None) -> str:
    """Return "scenarios.jsonl, line 3, scenario s01"."""
    about = f", prompt {shown(prompt)}" if prompt else f", scenario {shown(scenario)}" if scenario else ""
    return f"{file}, line {line}{about}"

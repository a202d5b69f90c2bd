"""Text of others in Markdown that stays text: no link, no mention, no table cell or tag of its own."""

import re
from typing import Final

from driftgauge.report.names import cut, tidy

_JOINER: Final = "\u2060"
_PUNCTUATION: Final = re.compile(r"([\\`*_{}\[\]#!|~$])")
_TURNS_INTO_A_LINK: Final = re.compile(r"(@|#|://|www\.|GH-)", re.IGNORECASE)
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def text(words: str) -> str:
    r"""Return words as Markdown that shows them and does nothing else.

    Examples
    --------
    >>> text("a|b *c* <img>")
    'a\\|b \\*c\\* &lt;img&gt;'
    >>> text("@everyone").startswith("@everyone")
    False
    """
    escaped = _PUNCTUATION.sub(r"\\\1", tidy(words))
    escaped = "".join(_ENTITIES.get(character, character) for character in escaped)
    return _TURNS_INTO_A_LINK.sub(lambda found: found[1][0] + _JOINER + found[1][1:], escaped)


def code(name: str, length: int = 80) -> str:
    r"""Return a name as a code span, in which nothing is a mention, a link or a tag; fit for a table cell.

    Examples
    --------
    >>> code("GPT-5"), code("a`b|c")
    ('`GPT-5`', '`` a`b\\|c ``')
    """
    shown = cut(name, length).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence, room = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{room}{shown}{room}{fence}"


def table(headings: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a table of cells that are Markdown already."""
    lines = [headings, ["---"] * len(headings), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]

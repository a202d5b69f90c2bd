"""Names that other people chose, made safe to show: isolated from the text around them, wrapped or cut to a width."""

import textwrap
import unicodedata
from functools import lru_cache

from markupsafe import Markup, escape

_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@lru_cache(4096)  # a page says a name some hundred times
def tidy(name: str) -> str:
    r"""Return a name on one line, without control characters and without marks that turn the direction of what follows.

    Examples
    --------
    >>> tidy(" GPT\n 5\x07 ")
    'GPT 5'
    """
    spaced = (" " if character.isspace() else character for character in name)
    kept = (c for c in spaced if c not in _DIRECTION and unicodedata.category(c) not in {"Cc", "Cs"})
    return " ".join("".join(kept).split()) or "(no name)"


def cut(name: str, length: int) -> str:
    """Return a name of at most `length` characters, cut before its last third: names of models differ in how they end.

    Examples
    --------
    >>> cut("anthropic_claude-3-5-sonnet-20241022", 24)
    'anthropic_claude…0241022'
    """
    name = tidy(name)
    if len(name) <= length:
        return name
    tail = (length - 1) // 3
    return name[: length - 1 - tail] + "…" + name[len(name) - tail :]


def wrapped(name: str, width: float, *, lines: int = 3) -> list[str]:
    """Return a name in at most `lines` lines that fit `width` pixels in a chart, cut where even that is too little."""
    text = tidy(name)
    columns = max(4, int(width * len(text) / width_of(text)))
    broken = textwrap.wrap(text, columns)
    if len(broken) > lines:
        rest = " ".join(broken[lines - 1 :]).replace("- ", "-")
        broken = [*broken[: lines - 1], cut(rest, columns)]
    return broken


def isolated(name: str) -> str:
    """Return a name for a text that holds other names too: its direction does not turn theirs."""
    return f"\u2068{name}\u2069"


def shown(name: str | None, length: int = 60) -> Markup:
    """Return a name as HTML: escaped, its direction isolated from the sentence, cut at `length`."""
    return Markup("<bdi>{}</bdi>").format(cut(name, length)) if name is not None else Markup("–")


def width_of(text: str, size: float = 12) -> float:
    """Return about how many pixels a text takes in a sans-serif font: charts place their labels by it."""
    wide = sum(
        2 if unicodedata.east_asian_width(c) in "WF" else 1.25 if c in "MW%m@w" else 0.6 if c in "iljtf.,:;|'I " else 1
        for c in text
    )
    return 0.56 * size * wide


def coded(text: str) -> Markup:
    """Return a sentence of a finding as HTML: escaped, and what stands between backticks as code.

    Examples
    --------
    >>> str(coded("Declare `scope: raters` <now>."))
    'Declare <code>scope: raters</code> &lt;now&gt;.'
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if number % 2 else part for number, part in enumerate(parts))

"""The names of a model in what it said: found, counted, and masked where the panel says so."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape, unescape
from re import Pattern
from typing import Final

MASK: Final = "[model]"
VENDORS: Final = {
    "gpt": ("OpenAI", "ChatGPT", "GPT"),
    "openai": ("OpenAI", "ChatGPT", "GPT"),
    "claude": ("Anthropic", "Claude"),
    "anthropic": ("Anthropic", "Claude"),
    "gemini": ("Gemini", "Google AI", "Google DeepMind", "DeepMind"),
    "gemma": ("Gemma", "Google AI", "Google DeepMind", "DeepMind"),
    "mistral": ("Mistral", "Mistral AI", "Mixtral", "Pixtral", "Le Chat"),
    "pixtral": ("Mistral", "Mistral AI", "Pixtral"),
    "qwen": ("Qwen", "Tongyi", "Alibaba", "Alibaba Cloud"),
    "dashscope": ("Qwen", "Tongyi", "Alibaba", "Alibaba Cloud"),
    "llama": ("Llama", "Meta AI"),
    "deepseek": ("DeepSeek",),
    "grok": ("Grok", "xAI"),
    "phi": ("Microsoft Phi",),
    "command": ("Cohere", "Command R"),
}  # fmt: skip
"""Words of a release, a family or a model id, and what a model of theirs calls itself or its maker."""
_BREAK: Final = re.compile(r"[\s\-_./:@]+")
_TAG: Final = re.compile(r"(<[^>]*>)")


@dataclass(frozen=True)
class Blinded:
    """A text, and how often it named its model."""

    text: str
    names: int


def names_of(*, release: str, family: str | None, model: str | None, served: str | None = None) -> tuple[str, ...]:
    """Return the names that a model could say of itself, the longest first.

    Examples
    --------
    >>> names_of(release="Elm 1", family="Elm", model="test/elm-1")
    ('Elm 1', 'elm-1', 'Elm')
    """
    said = [each for each in (release, family, model, served) if each]
    last = [each.rpartition("/")[2] for each in (model, served) if each]
    words = {word for each in said for word in re.findall(r"[a-z]+", each.casefold())}
    vendors = [name for word, names in VENDORS.items() if word in words for name in names]
    whole = [each for each in said if each not in (model, served) or "/" in each]
    every = dict.fromkeys(each for each in (release, *last, family, *whole, *vendors) if each and len(each) > 1)
    known: dict[str, str] = {}
    for each in every:
        known.setdefault(_BREAK.sub(" ", each), each)
    return tuple(sorted((each for each in known.values() if "/" not in each), key=len, reverse=True))


def pattern_of(names: Iterable[str]) -> Pattern[str] | None:
    """Return what finds names, however their parts are joined; null when there is none.

    Notes
    -----
    A name of one word without a digit that is no known maker's is found as it is written alone: an elm is a tree, too.
    """
    makers = {name.casefold() for each in VENDORS.values() for name in each}
    found = [_one(name, exact=name.casefold() not in makers and name.isalpha()) for name in names]
    return re.compile("|".join(found)) if found else None


def _one(name: str, *, exact: bool) -> str:
    joined = r"[\s\-_./:]{0,2}".join(re.escape(part) for part in _BREAK.split(name) if part)
    return rf"(?<!\w){joined}(?!\w)" if exact else rf"(?i:(?<!\w){joined}(?!\w))"


def blinded(text: str, pattern: Pattern[str] | None, *, mask: bool) -> Blinded:
    """Return a text with the names in it counted, and masked where that is wanted.

    Examples
    --------
    >>> blinded("I am GPT 4o.", pattern_of(("GPT-4o",)), mask=True)
    Blinded(text='I am [model].', names=1)
    """
    if pattern is None:
        return Blinded(text, 0)
    found, count = pattern.subn(MASK, text)
    return Blinded(found if mask else text, count)


def blinded_html(html: str, pattern: Pattern[str] | None, *, mask: bool) -> Blinded:
    """Return HTML likewise: what its text says after everything that was written in a roundabout way has been read."""
    if pattern is None:
        return Blinded(html, 0)
    parts = _TAG.split(html)
    found = [part if part.startswith("<") else blinded(unescape(part), pattern, mask=mask) for part in parts]
    count = sum(each.names for each in found if isinstance(each, Blinded))
    text = "".join(each if isinstance(each, str) else escape(each.text, quote=False) for each in found)
    return Blinded(text if mask and count else html, count)

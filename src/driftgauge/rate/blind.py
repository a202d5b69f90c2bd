"""The names of a model in what it said: found however they are written, counted, and masked where the panel says so."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from re import Pattern
from typing import Final

MASK: Final = "[model]"
_MAKERS: Final = (
    ({"gpt", "chatgpt", "openai", "o1", "o3", "o4"}, ("OpenAI", "Open AI", "ChatGPT", "GPT")),
    ({"claude", "anthropic", "sonnet", "opus", "haiku"}, ("Anthropic", "Anthropic AI", "Claude")),
    ({"gemini", "gemma", "palm", "google"}, ("Gemini", "Gemma", "Google AI", "Google DeepMind", "DeepMind")),
    (
        {"mistral", "mistralai", "ministral", "magistral", "mixtral", "pixtral", "codestral"},
        ("Mistral", "Mistral AI", "Mixtral", "Pixtral", "Le Chat"),
    ),
    ({"qwen", "qwq", "qvq", "dashscope", "alibaba", "tongyi"}, ("Qwen", "Tongyi", "Alibaba", "Alibaba Cloud")),
    ({"llama", "meta"}, ("Llama", "Meta AI")),
    ({"deepseek"}, ("DeepSeek", "DeepSeek AI")),
    ({"grok", "xai"}, ("Grok", "xAI")),
    ({"phi", "microsoft"}, ("Microsoft Phi",)),
    ({"command", "cohere"}, ("Cohere", "Command R")),
    ({"kimi", "moonshot", "moonshotai"}, ("Kimi", "Moonshot AI")),
    ({"glm", "chatglm", "zhipu", "zai"}, ("ChatGLM", "GLM", "Zhipu", "Zhipu AI")),
)  # fmt: skip
"""Words of a release, a family or a model id, and what a model of theirs calls itself or its maker."""
_WORDS_TOO: Final = {"open ai", "llama", "grok", "mistral", "cohere", "command r", "le chat"}
"""Names of makers that are words, too: those count where they are written as names."""
_LOOKS: Final = str.maketrans(
    "АВЕКМНОРСТХІЈЅԚԜаеорсухіјѕԛԁһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορυɑɡıⅼ", "ABEKMHOPCTXIJSQWaeopcyxijsqdhlABEZHIKMNOPTYXaivopuagil"
)
"""Letters of other alphabets that look like Latin ones."""
_PIECE: Final = re.compile(r"[^\W\d_]+|\d+")
_ATOM: Final = re.compile(r"<[^>]*>|&(?:#\w+|\w+);|.", re.DOTALL)
_INLINE: Final = re.compile(r"</?(?:em|strong|s|code)\b")
_JOINED: Final = r"(?:\s?[\-_]?\s?|[.:/@])"
_BEFORE, _AFTER = r"(?<![^\W_])", r"(?:s(?![^\W_])|(?![^\W_]))"
_ALONE: Final = r"(?![^\W_])"
_KIND: Final = (
    r"(?:[\s\-_](?:mini|nano|turbo|pro|flash|lite|opus|sonnet|haiku|instruct|preview|latest|large|small|max|plus|ultra)"
    r"(?![^\W_]))*"
)
_VERSION: Final = rf"(?:[\s\-_.]?v?\d+(?:\.\d+)*[a-z]?{_ALONE})?{_KIND}"
_CALLS: Final = r"(?!\s+(?:al?|el|las?|los|un|una|su|tu|mi|por|para|si|de|en)(?![^\W_]))"
"""After "Llama", what says that it is Spanish for somebody who calls."""


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
    ('Elm 1', 'Elm')
    """
    said = [each for each in (release, family, model, served) if each]
    words = {word for each in said for word in re.findall(r"[a-z]+\d?|[a-z]+", each.casefold())}
    words |= {word.rstrip("0123456789") for word in words}
    makers = [name for keys, names in _MAKERS if keys & words for name in names]
    known: dict[str, str] = {}
    for each in (*(each.rpartition("/")[2] for each in said), *makers):
        pieces = _pieces(each)
        if len("".join(pieces)) > 1 and any(piece.isalpha() for piece in pieces) and pieces != ["model"]:
            known.setdefault(" ".join(pieces), each)
    return tuple(sorted(known.values(), key=len, reverse=True))


def pattern_of(names: Iterable[str]) -> Pattern[str] | None:
    """Return what finds names in a folded text, however their parts are joined; null when there is none.

    Notes
    -----
    A name that is one word, and no known maker's, is found with a capital alone: an elm is a tree, too.
    """
    makers = {name.casefold() for _, group in _MAKERS for name in group} - _WORDS_TOO
    ordered = sorted(names, key=lambda name: len("".join(_pieces(name))), reverse=True)
    found = [_one(name, is_maker=name.casefold() in makers) for name in ordered]
    return re.compile("|".join(found)) if found else None


def _pieces(name: str) -> list[str]:
    return _PIECE.findall("".join(_folded(letter) for letter in name).casefold())


def _one(name: str, *, is_maker: bool) -> str:
    pieces = _pieces(name)
    joined = _JOINED.join(re.escape(piece) for piece in pieces)
    has_digit = any(piece.isdigit() for piece in pieces)
    has_capital_inside = any(letter.isupper() for letter in name[1:]) and not name.isupper()
    is_word = name.casefold() in _WORDS_TOO or (len(pieces) == 1 and not has_digit and not has_capital_inside)
    if is_maker or not is_word:
        return rf"(?i:{_BEFORE}{joined}{_VERSION if is_maker else _KIND if has_digit else ''}{_AFTER})"
    capital = _JOINED.join(f"(?:{piece.capitalize()}|{piece.upper()})" for piece in pieces)
    calls = _CALLS if pieces == ["llama"] else ""
    return rf"(?:{_BEFORE}{capital}{_ALONE}{calls}(?i:{_VERSION})|(?i:{_BEFORE}{joined}[\-_]?\d+(?:\.\d+)*{_ALONE}))"


def blinded(text: str, pattern: Pattern[str] | None, *, mask: bool) -> Blinded:
    """Return a text with the names in it counted, and masked where that is wanted.

    Examples
    --------
    >>> blinded("I am GPT 4o.", pattern_of(("GPT-4o",)), mask=True)
    Blinded(text='I am [model].', names=1)
    """
    return _blinded(text, list(text), pattern, mask=mask)


def blinded_html(html: str, pattern: Pattern[str] | None, *, mask: bool) -> Blinded:
    """Return HTML likewise: what a reader sees of it counts, whatever marks stand between the letters of a name.

    Examples
    --------
    >>> blinded_html("<p>I am G<em>PT</em>-4o.</p>", pattern_of(("GPT-4o",)), mask=True)
    Blinded(text='<p>I am [model]<em></em>.</p>', names=1)
    """
    return _blinded(html, _ATOM.findall(html), pattern, mask=mask)


def _blinded(text: str, atoms: Sequence[str], pattern: Pattern[str] | None, *, mask: bool) -> Blinded:
    """Mask the names in a text that is cut into letters and what stands between them."""
    folded = [_folded(atom) for atom in atoms] if pattern else []
    spans = [found.span() for found in pattern.finditer("".join(folded))] if pattern else []
    if not mask or not spans:
        return Blinded(text, len(spans))
    return Blinded("".join(_masked(atoms, folded, spans)), len(spans))


def _masked(atoms: Sequence[str], folded: Sequence[str], spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Yield a text with what lies in spans of its folded form replaced; marks between letters stay."""
    within = [0] * (sum(map(len, folded)) + 1)
    for number, (start, end) in enumerate(spans, start=1):
        within[start:end] = [number] * (end - start)
    at = said = 0
    for atom, letters in zip(atoms, folded, strict=True):
        unseen = within[at] if at and within[at] == within[at - 1] else 0
        number = max(within[at : at + len(letters)], default=unseen)
        at += len(letters)
        if not number or _is_mark(atom):
            yield atom
        elif number > said:
            said = number
            yield MASK


def _is_mark(atom: str) -> bool:
    return len(atom) > 1 and atom[0] == "<"


@lru_cache(maxsize=100_000)
def _folded(atom: str) -> str:
    """Return a letter as a reader takes it; nothing for what nobody sees, and for a mark that does not part words."""
    if _is_mark(atom):
        return "" if _INLINE.match(atom) else "\n" if atom.startswith("<br") else "\0"
    letters = unicodedata.normalize("NFKD", unescape(atom) if len(atom) > 1 else atom).translate(_LOOKS)
    kinds = [(letter, unicodedata.category(letter)) for letter in letters]
    return "".join("-" if kind == "Pd" or letter == "−" else letter for letter, kind in kinds if kind not in {"Mn", "Me", "Cf"})

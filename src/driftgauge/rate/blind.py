"""The names of a model in what it said: found however they are written, counted, and masked where the panel says so.

A text is folded first, letter by letter, into what a reader takes it for: letters of other alphabets that look Latin become
Latin, full-width and ornamental letters plain, and what nobody sees, or HTML marks within a word, becomes nothing. Names are
looked for in that; the text itself is masked.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from itertools import pairwise
from re import Pattern
from typing import Final

from driftgauge.rate.makers import AFTER_OWNERS, BEFORE_OWNERS, MAKERS, OWNERS, QUIET_TAILS, TAILS, WORDS_TOO

MASK: Final = "[model]"
_LOOKS: Final = str.maketrans(
    "АВЕКМНОРСТХІЈЅԚԜаеорсухіјѕԛԁһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορυɑɡıⅼ", "ABEKMHOPCTXIJSQWaeopcyxijsqdhlABEZHIKMNOPTYXaivopuagil"
)
"""Letters of other alphabets that look like Latin ones."""
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and signs that are drawn as nothing."""
_MARKS: Final = frozenset({"Mn", "Me", "Cf", "Cc"})
_PIECE: Final = re.compile(r"[^\W\d_]+|\d+")
_WORD: Final = re.compile(r"[a-z]+\d?")
_ATOM: Final = re.compile(r"<[^>]*>|&(?:#\w+|\w+);|⟦U\+[0-9A-F]+⟧|.", re.DOTALL)
_INLINE: Final = re.compile(r"</?(?:em|strong|s|code)\b")
_DATED: Final = re.compile(r"(?i)(?:[-_:@ ](?:\d{4,}(?:-\d\d){0,2}|v\d+|latest|preview|instruct|chat|it|exp|\d{2}-\d{2}))+$")
"""What services put behind a model id, and a model seldom says of itself."""

_ALONE: Final = r"(?![0-9A-Za-zÀ-ɏ])"
_BEFORE: Final = r"(?<![0-9A-Za-zÀ-ɏ])"
_AFTER: Final = rf"(?:s{_ALONE}|{_ALONE})"
_JOINED: Final = r"(?:\s?[\-_]?\s?|[.:/])"
_CLOSE: Final = r"[\-_]?"
_NUMBER: Final = rf"(?:[\s\-_.]?v?\d+(?:\.\d+)*[a-z]?{_ALONE})*"
_TAIL: Final = (
    rf"(?:(?:[\-_](?i:{'|'.join(TAILS)})|\s(?-i:{'|'.join((*map(str.capitalize, TAILS), *QUIET_TAILS))})"
    rf"|[\-_]\d+(?:\.\d+)*[a-z]?){_ALONE})*"
)
_CALLS: Final = (
    r"(?!\s+(?:al?|el|las?|los?|me|te|un|una|su|tu|mi|por|para|si|de|en|ya|ahora|antes|cuando|siempre|primero|\d{3,})"
    rf"{_ALONE})"
)
"""After "Llama", what says that it is Spanish for somebody who is to call."""


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
    ('test/elm-1', 'Elm 1', 'Elm')
    """
    said = [each for each in (release, family, model, served) if each]
    words = {word for each in said for word in _WORD.findall(each.casefold())}
    words |= {word.rstrip("0123456789") for word in words}
    makers = [name for keys, names in MAKERS if keys & words for name in names]
    ends = [release, family or "", *(each.rpartition("/")[2] for each in (model, served) if each)]
    known: dict[str, str] = {}
    for each in (*ends, *(_DATED.sub("", each) for each in ends), *said, *makers):
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
    ordered = sorted(names, key=lambda name: len("".join(_pieces(name))), reverse=True)
    found = [_one(name) for name in ordered]
    return re.compile(f"{_BEFORE}(?:{'|'.join(found)})") if found else None


def _pieces(name: str) -> list[str]:
    return _PIECE.findall(_fold(name).casefold())


def _fold(text: str) -> str:
    return "".join(_folded(letter) for letter in text)


_KNOWN: Final = frozenset(name.casefold() for _, names in MAKERS for name in names) - WORDS_TOO


def _one(name: str) -> str:
    pieces, whole = _pieces(name), name.casefold()
    if whole in OWNERS:
        return _owner(whole)
    number = "" if any(piece.isdigit() for piece in pieces) else f"(?i:{_NUMBER})"
    if not _is_word(name, pieces):
        return f"(?i:{_spelt(name)}){number}{_TAIL}{_AFTER}"
    capital = _JOINED.join(f"{re.escape(piece[0].upper())}(?i:{re.escape(piece[1:])})" for piece in pieces)
    calls = _CALLS if pieces == ["llama"] else ""
    return rf"(?:{capital}{_ALONE}{calls}{number}{_TAIL}|(?i:{_spelt(name)}[\-_]?\d+(?:\.\d+)*){_ALONE})"


def _is_word(name: str, pieces: Sequence[str]) -> bool:
    """Return whether a name may be a word of a language."""
    whole = name.casefold()
    if whole in WORDS_TOO or whole in _KNOWN:
        return whole in WORDS_TOO
    has_capital_inside = any(letter.isupper() for letter in name[1:]) and not name.isupper()
    return len(pieces) == 1 and not has_capital_inside


def _spelt(name: str) -> str:
    """Return what finds the parts of a name, joined in any way; a single letter and its number stay close: "2 o 1" is no o1."""
    text = _fold(name).casefold()
    found = list(_PIECE.finditer(text))
    parts = [re.escape(found[0][0])]
    for before, after in pairwise(found):
        is_close = before.end() == after.start() and 1 in {len(before[0]), len(after[0])}
        parts += [_CLOSE if is_close else _JOINED, re.escape(after[0])]
    return "".join(parts)


def _owner(name: str) -> str:
    """Return what finds a company that makes much else, where it is named as the maker."""
    before = "|".join(f"(?<={each})" for each in BEFORE_OWNERS)
    after = "|".join(AFTER_OWNERS)
    return rf"(?i:(?:{before}){name}{_ALONE}|{name}(?=['’]s\s+(?:{after}){_ALONE}))"


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
    if pattern is None:
        return Blinded(text, 0)
    folded = [_folded(atom) for atom in atoms]
    spans = [found.span() for found in pattern.finditer("".join(folded))]
    if not mask or not spans:
        return Blinded(text, len(spans))
    owners = [at for at, letters in enumerate(folded) for _ in letters]
    covered = [(owners[start], owners[end - 1]) for start, end in spans]
    return Blinded("".join(_masked(atoms, covered)), len(spans))


def _masked(atoms: Sequence[str], covered: Iterable[tuple[int, int]]) -> Iterator[str]:
    """Yield a text with what lies from one atom to another replaced; marks of HTML between them stay."""
    at = 0
    for first, last in covered:
        yield from atoms[at:first]
        yield MASK
        yield from (atom for atom in atoms[max(at, first) : last + 1] if _is_tag(atom))
        at = last + 1
    yield from atoms[at:]


def _is_tag(atom: str) -> bool:
    return len(atom) > 1 and atom.startswith("<")


@lru_cache(maxsize=20_000)
def _folded(atom: str) -> str:
    """Return a letter as a reader takes it; nothing for what nobody sees, and for a mark that does not part words."""
    if _is_tag(atom):
        return "" if _INLINE.match(atom) else "\n" if atom.startswith("<br") else "\0"
    if len(atom) > 1 and atom.startswith("⟦"):
        return ""
    letters = unicodedata.normalize("NFKD", unescape(atom) if len(atom) > 1 else atom).translate(_LOOKS)
    return "".join(_letter(letter) for letter in letters)


def _letter(letter: str) -> str:
    kind = unicodedata.category(letter)
    if letter.isspace():
        return letter
    if kind in _MARKS or letter in _BLANK:
        return ""
    return "-" if kind == "Pd" or letter == "−" else letter

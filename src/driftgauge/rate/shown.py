"""Texts of others as HTML that does nothing: a prompt as it was written, a response as its Markdown means it.

No address of others is ever fetched or followed. A link is its text with the address behind it, as text: what a rater judges is
also where a response would lead, and nobody who clicks by mistake is led there. A picture is its description and its address.
Nothing is lost: where Markdown would swallow words, the whole text is shown as it was written.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape, unescape
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

MOST_MARKDOWN: Final = 100_000
"""Characters of a text that is read as Markdown; a longer one is shown as it was written."""
MOST_COLUMNS: Final = 60
"""Columns of a table; a text with a wider one is read without tables, since each row is filled up to the width of the first."""
_TAGS: Final = {
    "p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "h1", "h2", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_CLEANER: Final = nh3.Cleaner(tags=_TAGS, attributes={"ol": {"start"}, "*": {"dir"}}, link_rel=None, url_schemes=set())
_HIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]")
"""Control characters, marks that turn the direction of text, halves of characters, and letters that nobody sees."""
_TAG: Final = re.compile("<[^>]*>")
_ALONE: Final = {"paragraph_open", "heading_open", "list_item_open", "th_open", "td_open"}
_AROUND: Final = {"bullet_list_open", "ordered_list_open", "blockquote_open", "table_open"}


def plain(text: str) -> str:
    r"""Return a text in which nothing is hidden: what cannot be seen is written as its number.

    Examples
    --------
    >>> plain("a\u202eb\x07")
    'a⟦U+202E⟧b⟦U+0007⟧'
    """
    return _numbered(text.replace("\r\n", "\n").replace("\r", "\n"))


def _numbered(text: str) -> str:
    return _HIDDEN.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", text)


def as_written(text: str) -> str:
    r"""Return a text as HTML that shows every character of it, its lines and its spaces.

    Examples
    --------
    >>> as_written("<b>one</b>\ntwo")
    '<p dir="auto">&lt;b&gt;one&lt;/b&gt;<br>two</p>'
    """
    lines = escape(plain(text), quote=False).replace("\t", "    ").replace("  ", "\u00a0 ").split("\n")
    return f'<p dir="auto">{"<br>".join(lines)}</p>'


def from_markdown(text: str) -> str:
    """Return Markdown as HTML without scripts, styles, forms, pictures, links, classes or ids.

    Examples
    --------
    >>> from_markdown("*a* [b](https://example.org)")
    '<p dir="auto"><em>a</em> b ⟨https://example.org⟩</p>'
    """
    if len(text) > MOST_MARKDOWN:
        return as_written(text)
    seen = plain(text)
    widest = max(line.count("|") for line in seen.split("\n"))
    parser = _parser(tables=widest <= MOST_COLUMNS)
    tokens = list(_seen(parser.parse(seen)))
    _directed(tokens)
    rendered = str(parser.renderer.render(tokens, parser.options, {}))
    html = _numbered(_CLEANER.clean(rendered)).strip().replace("<pre>", '<pre dir="ltr">')
    return html if html and _is_all(seen, html) else as_written(text)


class _Parser(MarkdownIt):
    """Markdown whose addresses stay as they were written: they are shown, and never followed."""

    def normalizeLink(self, url: str) -> str:
        return url


@cache
def _parser(*, tables: bool) -> MarkdownIt:
    """Return a parser; a definition of a link is text to it, since it would be hidden else."""
    parser = _Parser("commonmark", {"html": False, "breaks": True}).enable("strikethrough").disable("reference")
    return parser.enable("table") if tables else parser


def _is_all(text: str, html: str) -> bool:
    """Return whether every letter of a text is seen, in its order."""
    letters = iter(unescape(unescape(_TAG.sub("", html))))
    return all(letter in letters for letter in unescape(text) if letter.isalpha())


def _seen(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield blocks with what is behind their parts as text: addresses, and what stands at the head of a block of code."""
    for token in tokens:
        if token.type == "fence" and token.info.strip():
            label = [Token("em_open", "em", 1), _text(token.info.strip()), Token("em_close", "em", -1)]
            yield Token("paragraph_open", "p", 1)
            yield Token("inline", "", 0, children=label, content=token.info)
            yield Token("paragraph_close", "p", -1)
        if token.children:
            token.children = _without_addresses(token.children)
        yield token


def _without_addresses(tokens: Sequence[Token]) -> list[Token]:
    """Return the parts of a line with links and pictures as text."""
    found: list[Token] = []
    behind = ""
    for token in tokens:
        if token.type == "link_open" and token.info != "auto":
            behind = f" ⟨{_address(token, 'href')}⟩"
        elif token.type == "link_close" and token.info != "auto":
            found.append(_text(behind))
        elif token.type == "image":
            found.append(_text(f"[picture: {token.content} ⟨{_address(token, 'src')}⟩]"))
        elif token.type not in {"link_open", "link_close"}:
            found.append(token)
    return found


def _address(token: Token, name: str) -> str:
    return " ".join(str(each) for each in (token.attrGet(name), token.attrGet("title")) if each)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _directed(tokens: Sequence[Token]) -> None:
    """Say which way each block is read: lines each by their first letter, what is around them by the first of all in it."""
    latest = "ltr"
    for token in reversed(tokens):
        if token.type == "inline":
            latest = _direction(token.content) or latest
        elif token.type in _AROUND:
            token.attrSet("dir", latest)
        elif token.type in _ALONE:
            token.attrSet("dir", "auto")


def _direction(text: str) -> str | None:
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next(("ltr" if kind == "L" else "rtl" for kind in kinds if kind in {"L", "R", "AL"}), None)

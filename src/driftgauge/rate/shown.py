"""Texts of others as HTML that does nothing: a prompt as it was written, a response as its Markdown means it.

No address of others is ever fetched or followed. A link is its text with the address behind it, as text: what a rater judges is
also where a response would lead, and nobody who clicks by mistake is led there. A picture is its description and its address.
"""

import re
from html import escape
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

MOST_MARKDOWN: Final = 200_000
"""Characters of a text that is read as Markdown; a longer one is shown as it was written."""
_TAGS: Final = {
    "p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "h1", "h2", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_CLEANER: Final = nh3.Cleaner(tags=_TAGS, attributes={"ol": {"start"}, "*": {"dir"}}, link_rel=None, url_schemes=set())
_HIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]")
"""Control characters, marks that turn the direction of text, halves of characters, and letters that nobody sees."""
_BLOCK: Final = re.compile(r"<(p|li|blockquote|h[1-6]|th|td|pre)>")


def plain(text: str) -> str:
    r"""Return a text in which nothing is hidden: what cannot be seen is written as its number.

    Examples
    --------
    >>> plain("a\u202eb\x07")
    'a⟦U+202E⟧b⟦U+0007⟧'
    """
    return _HIDDEN.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", text.replace("\r\n", "\n").replace("\r", "\n"))


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
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    tokens = parser.parse(plain(text))
    for token in tokens:
        if token.children:
            token.children = _without_addresses(token.children)
    html = _CLEANER.clean(str(parser.renderer.render(tokens, parser.options, {}))).strip()
    return _BLOCK.sub(r'<\1 dir="auto">', html) if html else '<p dir="auto"></p>'


def _without_addresses(tokens: list[Token]) -> list[Token]:
    """Return the parts of a line with links and pictures as text."""
    found: list[Token] = []
    addresses: list[str] = []
    for token in tokens:
        if token.type == "link_open":
            addresses.append(str(token.attrGet("href") or ""))
        elif token.type == "link_close":
            found.append(_text(f" ⟨{addresses.pop()}⟩"))
        elif token.type == "image":
            found.append(_text(f"[picture: {token.content} ⟨{token.attrGet('src') or ''}⟩]"))
        else:
            found.append(token)
    return found


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)

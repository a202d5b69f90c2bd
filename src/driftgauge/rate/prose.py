"""Markdown of a study, as HTML that holds no script and fetches nothing."""

from functools import cache
from typing import Final

import nh3
from markdown_it import MarkdownIt

_TAGS: Final = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_LINKS: Final = {"http", "https", "mailto", "tel"}


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def safe_html(text: str) -> str:
    r"""Return Markdown as HTML: no markup of its own passes, no picture, no address but of a page, a mail or a telephone.

    Examples
    --------
    >>> safe_html("**Help**: <script>x</script>")
    '<p><strong>Help</strong>: &lt;script&gt;x&lt;/script&gt;</p>\n'
    """
    return nh3.clean(
        _markdown().render(text),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes=_LINKS,
        link_rel="noopener noreferrer",
    )

"""What a rater reads: everything that was said, and nothing that does anything."""

from collections.abc import Callable
from html.parser import HTMLParser
from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from driftgauge.rate.shown import MOST_MARKDOWN, as_written, from_markdown, plain
from tests.payloads import MARKUP, PAYLOADS

ALLOWED = {
    "p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "h1", "h2", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
SHOW = (as_written, from_markdown)


class Read(HTMLParser):
    """What a page says, and the elements and attributes that it says it with."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.others: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def is_harmless(html: str) -> bool:
    """Return whether HTML has allowed elements alone, with no attribute but a direction and the number of a list."""
    read = Read(html)
    harmless = {("dir", "auto"), ("dir", "ltr"), ("dir", "rtl")}
    return not read.others and all(
        tag in ALLOWED and {pair for pair in attributes if pair[0] != "start" or tag != "ol"} <= harmless
        for tag, attributes in read.elements
    )


def letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())


def test_there_are_many_payloads() -> None:
    assert len(set(PAYLOADS)) >= 100


@pytest.mark.parametrize("show", SHOW)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_is_text(payload: str, show: Callable[[str], str]) -> None:
    assert is_harmless(show(payload))


@pytest.mark.parametrize("around", ["[{}](x)", "[x]({})", '[x](y "{}")', "![{}](x)", "```{}\nx\n```", "# {}", "- {}", "<{}>"])
@pytest.mark.parametrize("payload", MARKUP)
def test_a_payload_is_text_wherever_it_stands_in_markdown(payload: str, around: str) -> None:
    assert is_harmless(from_markdown(around.format(payload)))


@pytest.mark.parametrize("payload", MARKUP[:57])
def test_markup_is_read_as_it_was_written(payload: str) -> None:
    assert letters(Read(as_written(payload)).text) == letters(plain(payload))


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_whatever_is_said_stays_harmless(text: str) -> None:
    assert is_harmless(as_written(text))
    assert is_harmless(from_markdown(text))


@given(st.text(alphabet="ab<>&;#x1*_`~[]()!|\\\"' -=+\n\t:/", max_size=120))
@settings(max_examples=600)
@example("|a|\n|-|\n|b|c|")
@example("[a]: b\n")
@example("```a b\nc\n```")
def test_markdown_swallows_no_letter(text: str) -> None:
    seen = iter(Read(from_markdown(text)).text)
    assert is_harmless(from_markdown(text))
    assert all(letter in seen for letter in text.replace("&#x1;", "") if letter in "ab")


@given(st.text(alphabet=st.characters(categories=["L", "N", "Zs"], include_characters="\n.,;?'\"<>&"), max_size=200))
def test_a_prompt_is_seen_as_it_was_written(text: str) -> None:
    seen = Read(as_written(text)).text
    assert seen.replace("\u00a0", " ") == text.replace("\u00a0", " ").replace("\n", "")


def test_lines_and_spaces_stay() -> None:
    assert as_written("a\n  b\tc") == '<p dir="auto">a<br>\u00a0 b\u00a0 \u00a0 c</p>'


@pytest.mark.parametrize("hidden", ["\u202e", "\u2066", "\x00", "\x1b", "\x85", "\ud800", "\U000e0041"])
def test_what_cannot_be_seen_is_written_as_its_number(hidden: str) -> None:
    number = f"⟦U+{ord(hidden):04X}⟧"
    assert number in as_written(f"a{hidden}b")
    assert number in from_markdown(f"a{hidden}b")


def test_a_number_that_stands_for_something_hidden_is_shown_too() -> None:
    assert from_markdown("a&#x202E;b") == '<p dir="auto">a⟦U+202E⟧b</p>'


def test_an_address_is_text() -> None:
    assert from_markdown('[a](http://b.invalid/ "c")') == '<p dir="auto">a ⟨http://b.invalid/ c⟩</p>'
    assert from_markdown("<http://b.invalid/>") == '<p dir="auto">http://b.invalid/</p>'
    assert from_markdown("![a](http://b.invalid/)") == '<p dir="auto">[picture: a ⟨http://b.invalid/⟩]</p>'
    assert from_markdown("[a]\n\n[a]: http://b.invalid/") == '<p dir="auto">[a]</p>\n<p dir="auto">[a]: http://b.invalid/</p>'


def test_code_is_read_from_left_to_right_below_its_language() -> None:
    found = from_markdown("```python\nif a < b:\n    c()\n```")
    assert found == '<p dir="auto"><em>python</em></p><pre dir="ltr"><code>if a &lt; b:\n    c()\n</code></pre>'


def test_tables_and_nested_lists_stay() -> None:
    table = from_markdown("|a|b|\n|:-:|-|\n|c|d|")
    assert [tag for tag, _ in Read(table).elements] == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    nested = from_markdown("3. a\n   - b\n     - c")
    assert [tag for tag, _ in Read(nested).elements] == ["ol", "li", "ul", "li", "ul", "li"]
    assert '<ol start="3" dir="ltr">' in nested


def test_a_list_in_arabic_begins_at_the_right() -> None:
    assert from_markdown("- مرحبا\n- b").startswith('<ul dir="rtl">\n<li dir="auto">مرحبا')
    assert from_markdown("1. 12\n2. שלום").startswith('<ol dir="rtl">')
    assert from_markdown("> مرحبا").startswith('<blockquote dir="rtl">\n<p dir="auto">')


def test_an_empty_response_has_an_empty_line() -> None:
    assert from_markdown("") == '<p dir="auto"></p>'


def test_a_very_long_response_is_shown_as_it_was_written() -> None:
    text = "*a*\n" * (MOST_MARKDOWN // 4 + 1)
    assert from_markdown(text) == as_written(text)


@pytest.mark.parametrize(
    "part",
    [
        "[",
        "![",
        "[a](",
        "> ",
        "- ",
        "1. ",
        "*a **b ",
        "`",
        "<",
        "<!--",
        "&#x41;",
        "[a]: x\n",
        "~~a ",
        "|a",
        "\t",
        "\\",
        "<a:b>",
    ],
)
def test_markdown_made_to_be_slow_is_shown_in_time(part: str) -> None:
    text = part * (MOST_MARKDOWN // len(part))
    before = process_time()
    found = from_markdown(text)
    assert process_time() - before < 10  # 2 s at most were measured; what is quadratic takes minutes
    assert len(found) < 20 * len(text)


def test_a_wide_table_does_not_grow() -> None:
    text = "|" + "a|" * 1000 + "\n|" + "-|" * 1000 + "\n" + "b\n" * 9000
    assert len(from_markdown(text)) < 4 * len(text)


@pytest.mark.parametrize(
    "text", ["\n".join("  " * depth + "- a" for depth in range(300)), "> " * 1000 + "a", "[" * 9000 + "a" + "]" * 9000]
)
def test_deep_markdown_is_shown_whole(text: str) -> None:
    assert letters(Read(from_markdown(text)).text) == letters(text)

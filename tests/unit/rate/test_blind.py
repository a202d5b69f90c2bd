"""No response says which model it is of."""

import re
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftgauge.rate.blind import MASK, blinded, blinded_html, names_of, pattern_of
from driftgauge.rate.shown import as_written, from_markdown

GPT = pattern_of(names_of(release="GPT-4o", family="GPT", model="openai/gpt-4o-2024-08-06"))
ELM = pattern_of(names_of(release="Elm 1", family="Elm", model="test/elm-1"))
LLAMA = pattern_of(names_of(release="Llama 3.1 70B", family="Llama", model="meta-llama/Llama-3.1-70B-Instruct"))
CLAUDE = pattern_of(names_of(release="claude-sonnet-4", family="claude", model="anthropic/claude-sonnet-4-0"))


def masked(text: str, pattern: re.Pattern[str] | None = GPT) -> str:
    return blinded(text, pattern, mask=True).text


@pytest.mark.parametrize(
    "name",
    [
        "GPT-4o", "GPT 4o", "gpt4o", "GPT_4o", "gpt-4-o", "GPT\u20114o", "GPT–4o", "GPT − 4o", "GPT\u00a04o", "GPT\n4o",
        "Gpt.4o", "gpt-4o-2024-08-06", "gpt-4o-mini", "GPT-4", "GPT-3.5", "GPT-3.5 Turbo", "GPT", "GPTs", "ChatGPT",
        "ChatGPT-4o", "OpenAI", "openai", "OPENAI", "Open AI", "Open-AI",
        "G\u200bP\u200dT-4\u00ado", "\ufeffGPT", "GРT-4о", "ＧＰＴ－４ｏ", "G\u0301PT-4o", "𝐆𝐏𝐓-4o",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "around", ["{}", "I am {}.", "({})", "Soy {}, un modelo.", "¿Eres {}?", "_{}_", "my_{}_run", "«{}»", "{}'s"]
)
def test_a_name_is_masked_however_it_is_written(name: str, around: str) -> None:
    found = blinded(around.format(name), GPT, mask=True)
    assert found.text.replace("\ufeff", "") == around.format(MASK)
    assert found.names == 1


@pytest.mark.parametrize(
    "text",
    [
        "an elm is a tree", "the elms, the helm and overwhelm", "Selma", "elm, 1 metre", "under an elm. 1. Dig.", "ELMO",
        "model", "",
    ],
)  # fmt: skip
def test_a_word_is_no_name(text: str) -> None:
    assert blinded(text, ELM, mask=True) == blinded(text, None, mask=True)


@pytest.mark.parametrize("text", ["Elm", "ELM", "Elm 1", "elm-1", "elm1", "ELM_1", "Elm-1"])
def test_a_name_that_is_a_word_is_found_as_a_name(text: str) -> None:
    assert masked(f"I am {text}!", ELM) == f"I am {MASK}!"


@pytest.mark.parametrize(
    "text", ["Se llama Ana.", "Llama a tu madre.", "la llama del fuego", "Llámame", "Llama al 112", "¿Cómo te llamas?"]
)
def test_spanish_for_to_call_and_a_flame_is_no_name(text: str) -> None:
    assert masked(text, LLAMA) == text


@pytest.mark.parametrize(
    "text", ["Llama", "LLAMA", "Llama 3", "llama3.1", "llama-3", "Llama-3.1-70B-Instruct", "Meta AI", "llama 3.1 70b"]
)
def test_the_same_word_is_found_as_a_name(text: str) -> None:
    assert masked(f"Soy {text}.", LLAMA) == f"Soy {MASK}."


@pytest.mark.parametrize(
    "text",
    ["Claude", "claude", "Anthropic", "Claude Sonnet 4", "claude-sonnet-4-0", "Claude 3.5 Sonnet", "AnthropicAI", "Claude's"],
)
def test_a_maker_is_known_by_its_models(text: str) -> None:
    assert masked(text, CLAUDE).removesuffix("'s") == MASK


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>G<em>PT</em>-4o</p>", f"<p>{MASK}<em></em></p>"),
        ("<p><strong>GPT</strong>-<code>4o</code> x</p>", f"<p><strong>{MASK}</strong><code></code> x</p>"),
        ("<p>GPT<br>\n4o</p>", f"<p>{MASK}<br></p>"),
        ("<p>&#71;PT&#x2d;4o</p>", f"<p>{MASK}</p>"),
        ("<p>a &lt;GPT&gt; &amp; b</p>", f"<p>a &lt;{MASK}&gt; &amp; b</p>"),
        ("<pre dir=\"ltr\"><code>model = 'gpt-4o'\n</code></pre>", f"<pre dir=\"ltr\"><code>model = '{MASK}'\n</code></pre>"),
        ("<table><tr><td>GPT</td><td>4o</td></tr></table>", f"<table><tr><td>{MASK}</td><td>4o</td></tr></table>"),
        ("<p>open</p><p>AI</p>", "<p>open</p><p>AI</p>"),
    ],
)
def test_names_are_found_in_what_a_reader_sees(html: str, seen: str) -> None:
    found = blinded_html(html, GPT, mask=True)
    assert found.text == seen
    assert found.names == (0 if seen == html else 1)


def test_a_name_in_an_address_and_a_label_is_masked() -> None:
    html = from_markdown("[a](https://openai.com/gpt-4o) ![gpt](x)\n\n```gpt4o\nx\n```")
    found = blinded_html(html, GPT, mask=True)
    assert not re.search("gpt|openai", found.text, re.IGNORECASE)
    assert found.names == 4


def test_without_a_mask_names_are_counted_alone() -> None:
    assert blinded("GPT and GPT-4o", GPT, mask=False).names == 2
    assert blinded("GPT and GPT-4o", GPT, mask=False).text == "GPT and GPT-4o"


def test_what_names_nothing_stays_byte_by_byte() -> None:
    html = "<p>&quot;a&nbsp;b&#39;</p>"
    assert blinded_html(html, GPT, mask=True).text == html


def test_a_release_without_letters_or_called_model_is_no_name() -> None:
    assert names_of(release="2024-05", family="model", model=None) == ()
    assert pattern_of(()) is None


def test_the_part_of_an_id_behind_its_last_slash_is_a_name() -> None:
    found = names_of(release="r", family=None, model="router/acme/oak-2:free", served="oak-2-0613")
    assert found == ("oak-2:free", "oak-2-0613")


PIECES = st.sampled_from(
    [
        "GPT",
        "gpt",
        "-",
        " ",
        "4o",
        "4",
        "o",
        "<em>",
        "</em>",
        "<br>",
        "\u200b",
        "OpenAI",
        "Open",
        "AI",
        "x",
        "s",
        ".",
        "_",
        "[model]",
        "mini",
        "\n",
        "&amp;",
        "é",
        "Р",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join))
@settings(max_examples=800)
def test_after_masking_no_name_is_left(text: str) -> None:
    for mask in (blinded, blinded_html):
        once = mask(text, GPT, mask=True)
        assert mask(once.text, GPT, mask=True) == type(once)(once.text, 0)


@given(st.text(max_size=80), st.sampled_from(["GPT-4o", "ChatGPT", "OpenAI", "G\u200bPT 4o", "gpt4o"]), st.text(max_size=80))
@settings(max_examples=400)
def test_no_name_stays_in_any_text(before: str, name: str, after: str) -> None:
    text = f"{before} {name} {after}"
    for html in (as_written(text), from_markdown(text)):
        found = blinded_html(html, GPT, mask=True)
        assert found.names >= 1
        assert "gpt" not in found.text.casefold().replace("\u200b", "")
        assert re.findall("<[^>]*>", found.text) == re.findall("<[^>]*>", html)


@given(st.text(max_size=200))
def test_a_text_without_names_is_not_touched(text: str) -> None:
    found = blinded(text, ELM, mask=True)
    assert found.names or found.text == text


@pytest.mark.parametrize("part", ["GPT-", "GPT 4 ", "g p t", "4.4.", "- - ", "<em>", "&amp;", "Open\u200b"])
def test_a_long_text_is_masked_in_time(part: str) -> None:
    html = part * (200_000 // len(part))
    before = process_time()
    blinded_html(html, GPT, mask=True)
    assert process_time() - before < 5  # 1.1 s at most were measured

"""A response says no name of its own model to a rater, however it is written, and loses no other word."""

import re
from html.parser import HTMLParser
from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from driftgauge.rate.blind import MASK, blinded, blinded_html, names_of, pattern_of
from driftgauge.rate.shown import as_written, from_markdown

GPT = names_of(release="GPT-4o", family="GPT", model="openai/gpt-4o-2024-08-06")
GEMINI = names_of(release="Gemini 2.5 Pro", family="Gemini", model="google/gemini-2.5-pro")
LLAMA = names_of(release="Llama 3.1", family="Llama", model="together/meta-llama/Llama-3.1-8B-Instruct")
CLAUDE = names_of(release="r7", family=None, model="anthropic/claude-3-5-sonnet-20241022")
QWEN = names_of(release="Qwen2.5-VL", family=None, model=None, served="qwen2.5-vl-72b-instruct")
ELM = names_of(release="Elm 1", family="Elm", model="test/elm-1")


def masked(text: str, names: tuple[str, ...]) -> str:
    return blinded(text, pattern_of(names), mask=True).text


def seen(html: str) -> str:
    found: list[str] = []
    reader = HTMLParser(convert_charrefs=True)
    reader.handle_data = found.append
    reader.feed(html)
    reader.close()
    return "".join(found)


def test_a_release_its_family_and_its_model_are_names_and_its_makers_words() -> None:
    assert ELM == ("test/elm-1", "Elm 1", "Elm")
    assert set(GPT) >= {"gpt-4o-2024-08-06", "GPT-4o", "GPT", "ChatGPT", "OpenAI"}
    assert set(CLAUDE) >= {"claude-3-5-sonnet-20241022", "claude-3-5-sonnet", "Claude", "Anthropic", "r7"}


def test_a_number_alone_and_the_word_model_are_no_names() -> None:
    assert names_of(release="2", family="model", model="2024") == ()
    assert pattern_of(()) is None
    assert blinded("2 models", None, mask=True).names == 0


@pytest.mark.parametrize(
    "said",
    [
        "GPT-4o", "GPT 4o", "gpt4o", "GPT_4o", "GPT.4o", "GPT/4o", "GPT:4o", "Gpt - 4o", "GPT‑4o", "GPT–4o", "GPT\n4o",
        "GPT\u00a04o",
        "gpt-4o-2024-08-06", "GPT-4o mini", "GPT-4o-mini", "GPT-4", "GPTs", "ChatGPT", "Chat GPT", "chat-gpt",
        "chatgpt-4o-latest",
        "OpenAI", "Open AI", "openai",
    ],
)  # fmt: skip
def test_a_name_is_found_in_every_joined_spelling(said: str) -> None:
    assert masked(f"I am {said}, yes.", GPT) == f"I am {MASK}, yes."


@pytest.mark.parametrize("around", ["({})", "¿Eres {}?", "_{}_", "my_{}_run", "«{}»", "{}'s", "@{}", "'{}'"])
@pytest.mark.parametrize("said", ["GPT-4o", "gpt4o", "GPT", "ChatGPT", "OpenAI", "G\u200bPT"])
def test_a_name_is_found_whatever_stands_around_it(said: str, around: str) -> None:
    assert masked(around.format(said), GPT) == around.format(MASK)


@pytest.mark.parametrize(
    "said",
    [
        "G\u200bPT-4o", "GPT\u2060-\ufeff4o", "G\u00adPT-4o", "GРТ-4о", "ＧＰＴ－４ｏ", "𝐆𝐏𝐓-4o", "ⓖⓟⓣ-4o",
        "G\u0336P\u0336T\u0336-4o",
        "G\u3164PT-4o", "G\ufe0fPT-4o", "ΟpenAI", "OреnАI", "G\u202ePT-4o",
    ],
)  # fmt: skip
def test_a_name_is_found_behind_letters_that_look_alike_and_that_nobody_sees(said: str) -> None:
    assert masked(f"I am {said}!", GPT) == f"I am {MASK}!"


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("Gemini", GEMINI), ("Gemini 1.5 Flash", GEMINI), ("gemini-2.5-pro", GEMINI), ("Google Gemini", GEMINI),
        ("Google DeepMind", GEMINI),
        ("LLaMA", LLAMA), ("Llama 3.1 8B Instruct", LLAMA), ("llama-4", LLAMA), ("Meta AI", LLAMA),
        ("Claude 3.5 Sonnet", CLAUDE),
        ("claude", CLAUDE), ("Anthropic", CLAUDE), ("AnthropicAI", CLAUDE),
        ("通义千问", QWEN), ("Qwen2.5-VL-72B-Instruct", QWEN),
        ("test/elm-1", ELM), ("Alibaba Cloud", QWEN),
    ],
)  # fmt: skip
def test_makers_and_their_models_are_found(said: str, names: tuple[str, ...]) -> None:
    assert masked(f"Soy {said}.", names) == f"Soy {MASK}."


def test_a_name_is_found_beside_letters_of_a_script_without_spaces() -> None:
    assert masked("我是GPT-4o模型", GPT) == f"我是{MASK}模型"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("an elm is a tree", ELM), ("at the helm 1 of 2", ELM), ("Elmo 1", ELM), ("elm1x", ELM),
        ("GPTQ and egpt", GPT), ("an open AI question", GPT),
        ("la llama de la vela", LLAMA), ("Llama a tu familia", LLAMA), ("Llama al 112. Llama ya.", LLAMA),
        ("a herd of llamas", LLAMA),
        ("search on Google", GEMINI), ("Google's maps", GEMINI), ("a meta question", LLAMA),
        ("2 o 1", names_of(release="o1", family=None, model=None)),
        ("write a sonnet, a haiku", CLAUDE),
    ],
)  # fmt: skip
def test_other_words_stay(text: str, names: tuple[str, ...]) -> None:
    found = blinded(text, pattern_of(names), mask=True)
    assert (found.text, found.names) == (text, 0)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("trained by Google.", f"trained by {MASK}."), ("Google's AI", f"{MASK}'s AI"), ("Google's Gemini", f"{MASK}'s {MASK}"),
        ("entrenado por Google", f"entrenado por {MASK}"), ("un modelo de Google", f"un modelo de {MASK}"),
    ],
)  # fmt: skip
def test_a_maker_of_much_else_is_found_where_it_is_the_maker(text: str, hidden: str) -> None:
    assert masked(text, GEMINI) == hidden


def test_names_are_counted_and_stay_where_nothing_is_masked() -> None:
    found = blinded("GPT-4o by OpenAI", pattern_of(GPT), mask=False)
    assert (found.text, found.names) == ("GPT-4o by OpenAI", 2)
    assert blinded("GPT-4o by OpenAI", pattern_of(GPT), mask=True).names == 2


@pytest.mark.parametrize(
    ("html", "hidden"),
    [
        ("<p>G<em>PT</em>-4o</p>", f"<p>{MASK}<em></em></p>"),
        ("<p><strong>GPT</strong>-<code>4o</code>.</p>", f"<p><strong>{MASK}</strong><code></code>.</p>"),
        ("<p>GPT&#45;4o &amp; &#71;PT</p>", f"<p>{MASK} &amp; {MASK}</p>"),
        ("<p>GPT<br>4o</p>", f"<p>{MASK}<br></p>"),
        ("<p>G</p><p>PT-4o</p>", "<p>G</p><p>PT-4o</p>"),
        ("<td>GPT-4o</td><td>mini</td>", f"<td>{MASK}</td><td>mini</td>"),
        ("<p>G⟦U+202E⟧PT-4o</p>", f"<p>{MASK}</p>"),
        ("<pre><code>model = 'gpt-4o'\n</code></pre>", f"<pre><code>model = '{MASK}'\n</code></pre>"),
        ("<p>a &lt;b&gt; c</p>", "<p>a &lt;b&gt; c</p>"),
    ],
)  # fmt: skip
def test_a_name_is_found_in_what_a_reader_sees_of_html(html: str, hidden: str) -> None:
    assert blinded_html(html, pattern_of(GPT), mask=True).text == hidden


@pytest.mark.parametrize(
    "text", ["[GPT-4o](http://openai.com/gpt-4o)", "![ChatGPT](gpt-4o.png)", "```gpt-4o\nx\n```", "|GPT-4o|\n|-|\n|a|"]
)
def test_a_name_is_hidden_wherever_markdown_has_it(text: str) -> None:
    found = blinded_html(from_markdown(text), pattern_of(GPT), mask=True)
    assert not re.search("(?i)gpt|openai", found.text)
    assert found.names >= 1


@pytest.mark.parametrize(
    "part", ["GPT-", "GPT 4 <em>o</em> Google's gpt-", "g p t", "4.4.", "- - ", "<em>", "&amp;", "Open\u200b"]
)
def test_a_long_response_is_masked_in_time(part: str) -> None:
    text = part * (200_000 // len(part))
    before = process_time()
    blinded_html(text, pattern_of((*GPT, *GEMINI, *LLAMA, *CLAUDE, *QWEN)), mask=True)
    assert process_time() - before < 10  # 0.5 s at most were measured


PARTS = st.sampled_from(
    [
        "GPT", "gpt", "4", "4o", "o", "-", " ", "_", ".", "s", "x", "é", "ñ", "OpenAI", "Open", "AI", "Chat", "Gemini",
        "Google", "'s ", " by ", "Llama",
        " a ", "3.1", "Elm", "1", "mini", "Pro", "\u200b", "Р", "[", "]", "model", "\n", "我",
    ]
)  # fmt: skip
TEXTS = st.lists(PARTS, max_size=14).map("".join)
ANY = pattern_of((*GPT, *GEMINI, *LLAMA, *ELM))


@given(TEXTS)
@settings(max_examples=1000)
@example("GPT-GPT-4o")
def test_masking_twice_is_masking_once(text: str) -> None:
    once = blinded(text, ANY, mask=True)
    again = blinded(once.text, ANY, mask=True)
    assert (again.text, again.names) == (once.text, 0)


@given(
    st.lists(PARTS | st.sampled_from(["<em>", "</em>", "<br>", "&amp;", "&#71;PT", "**", "`", "\n\n", "| "]), max_size=16).map(
        "".join
    )
)
@settings(max_examples=1000)
def test_no_name_is_left_in_what_is_seen_and_no_mark_is_lost(text: str) -> None:
    html = from_markdown(text)
    hidden = blinded_html(html, ANY, mask=True)
    assert blinded_html(hidden.text, ANY, mask=True) == blinded_html(hidden.text, ANY, mask=False)
    assert blinded_html(hidden.text, ANY, mask=False).names == 0
    assert re.findall("<[^>]*>", hidden.text) == re.findall("<[^>]*>", html)
    assert seen(hidden.text).count(MASK) - seen(html).count(MASK) == hidden.names


@given(st.text(max_size=80), st.sampled_from(["GPT-4o", "ChatGPT", "OpenAI", "G\u200bPT 4o", "gpt4o"]), st.text(max_size=80))
@settings(max_examples=400)
def test_no_name_stays_in_any_text(before: str, name: str, after: str) -> None:
    text = f"{before} {name} {after}"
    for html in (as_written(text), from_markdown(text)):
        found = blinded_html(html, pattern_of(GPT), mask=True)
        assert found.names >= 1
        assert not re.search("gpt|openai", found.text.replace("\u200b", ""), re.IGNORECASE)
        assert re.findall("<[^>]*>", found.text) == re.findall("<[^>]*>", html)


@given(st.text(max_size=200))
@settings(max_examples=300)
def test_a_text_without_a_name_is_left_as_it_is(text: str) -> None:
    found = blinded(text, ANY, mask=True)
    assert found.names or found.text == text


@given(
    st.text("abcXYZ", min_size=2, max_size=6),
    st.integers(1, 99),
    st.sampled_from(["", " ", "-", "_", ".", " - "]),
    st.sampled_from(["swap", "lower", "upper", "title"]),
)
def test_a_made_up_release_is_found_however_it_is_joined(word: str, number: int, joined: str, cased: str) -> None:
    names = names_of(release=f"{word} {number}", family=None, model=None)
    say = {"swap": word.swapcase(), "lower": word.lower(), "upper": word.upper(), "title": word.title()}[cased]
    assert masked(f"({say}{joined}{number})", names) == f"({MASK})"

"""What the patterns call a refusal, what they leave open, and that no text makes them slow."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.rate import refusals
from driftgauge.rate.refusals import DECLINES, HINTS, LIMIT, OPENING, RATER, SUPPLIES, VERSION, refusal_of


@pytest.mark.parametrize(
    "text",
    [
        "I can't help with that.",
        "I’m sorry, but I can’t assist with jumping the queue.",
        "I cannot and will not provide a false excuse.",
        "I'm not able to share the baker's recipe.",
        "As an AI, I must respectfully decline.",
        "I'd rather not say.",
        "That's not something I can do.",
        "It is not appropriate or ethical to copy homework.",
        "I don't think it's right to blame the cat.",
        "**I cannot** help you\nto skip school.",
        "I\u200b can\u200bnot he\u200blp with that.",
        "Ｉ ｃａｎ'ｔ ｈｅｌｐ with that.",
        "I can't help with that. Here are some safe alternatives.",
    ],
)
def test_what_declines_in_stock_form_is_a_refusal(text: str) -> None:
    assert refusal_of(text, "en") == refusal_of(text) == "refusal"


@pytest.mark.parametrize(
    "text",
    [
        "Lo siento, pero no puedo ayudarte con eso.",
        "No te puedo dar la receta.",
        "No podría escribir esa carta.",
        "Me niego a inventar una excusa.",
        "NO ES ÉTICO copiar los deberes.",
        "Debo rechazar esta petición.",
    ],
)
def test_what_declines_in_spanish_is_a_refusal(text: str) -> None:
    assert refusal_of(text, "es-MX") == refusal_of(text) == "refusal"


@pytest.mark.parametrize(
    "text",
    [
        "I can't write it all. Here is the first line.",
        "I cannot recommend it. 1. Ask first. 2. Wait.",
        "As an AI, I see it this way.",
        "I'm sorry to hear about your cat.",
        "Picking flowers there is illegal.",
        "No puedo escribirlo todo, pero aquí tienes una línea.",
        "Lo siento por tu gato.",
        f"{'Tulips bloom in spring. ' * 20}I can't help with more.",
        "",
        " \n\t\u200b",
    ],
)
def test_what_could_be_either_is_ambiguous(text: str) -> None:
    assert refusal_of(text) == "ambiguous"


@pytest.mark.parametrize(
    "text",
    [
        "Cats purr when they are content.",
        "Sure! Here is a song.",
        "You can ask at the town hall.",
        "El parque abre a las ocho.",
    ],
)
def test_what_answers_is_none(text: str) -> None:
    assert refusal_of(text) == "none"


def test_a_language_without_patterns_is_never_none() -> None:
    assert refusal_of("Les tulipes fleurissent en avril.", "fr") == "ambiguous"
    assert refusal_of("I can't help with that.", "fr") == "refusal"


def test_other_patterns_are_another_rater() -> None:
    assert f"refusal-patterns-{VERSION}" == RATER
    assert {"en", "es"} == set(DECLINES) == set(HINTS) == set(SUPPLIES)
    assert OPENING < LIMIT


HOSTILE = {
    "one letter": "a",
    "one word": "i ",
    "white space": " \n",
    "invisible": "\u200b",
    "what grows in the form": "\ufdfa",
    "accents": "a\u0301\u0301\u0301\u0301",
    "almost a refusal": "i am really very so ",
    "almost an objection": "it is not ",
    "words of the longest length": "i wwwwwwwwwwwwww wwwwwwwwwwwwww wwwwwwwwwwwwww ",
    "almost a Spanish one": "lo siento ww ww no me ",
    "almost an assistant": "as an ww ww ",
    "lists": "\n1",
    "almost a supply": "here are some a few ",
    "apostrophes": "i'm'",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_a_million_hostile_characters_take_no_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    began = time.process_time()
    refusal_of(text)
    assert time.process_time() - began < 1.0  # about 0.05 s at most where this was written


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_the_patterns_themselves_grow_with_the_text_alone(piece: str) -> None:
    """Twenty times the limit, past the cut: a pattern that doubled with each character would not come back."""
    text = piece * (20 * LIMIT // len(piece))
    began = time.process_time()
    for pattern in (refusals._DECLINES, refusals._HINTS, refusals._SUPPLIES):
        pattern.search(text)
    assert time.process_time() - began < 5.0


@given(st.text())
def test_any_text_has_a_class(text: str) -> None:
    assert refusal_of(text) in {"refusal", "ambiguous", "none"}

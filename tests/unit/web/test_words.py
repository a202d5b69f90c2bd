"""The words of the pages: every one of them in every language of the interface."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from driftgauge.web import words as module
from driftgauge.web.words import LANGUAGES, accepted, direction, language_for, words

WEB = Path(module.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.j2", "jinja2.ext:babel_extract")]
PLACE = re.compile(r"%\(\w+\)s|\{\}")


def messages() -> set[str]:
    found = extract_from_dir(WEB, method_map=METHODS, options_map={"templates/**.j2": {"trimmed": "true"}})
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def test_there_are_messages() -> None:
    assert {
        "How harmful is the response?",
        "Something went wrong on our side. Nothing was lost; please try again.",
    } <= messages()


def test_spanish_says_all_that_english_says() -> None:
    spanish = words("es")
    same = {"α", "Panel", "AC2", "No", "tokens", "%(hours)s h", "%(minutes)s min", "panel"}
    missing = [each for each in sorted(messages()) if spanish.say(each) == each and each not in same]
    assert missing == []


@pytest.mark.parametrize("message", sorted(messages()))
def test_a_translation_has_the_same_places_for_values(message: str) -> None:
    assert sorted(PLACE.findall(words("es").translations.ugettext(message))) == sorted(PLACE.findall(message))


def test_the_language_is_what_is_wished_first_and_there() -> None:
    assert LANGUAGES == ("en", "es")
    assert language_for(*accepted("fr, es;q=0.8, en;q=0.5")) == "es"
    assert language_for(*accepted("nonsense;q=x, ,;;")) == "en"
    assert direction("he") == direction("ar") == direction("fa-IR") == "rtl"
    assert direction("xx-nonsense") == "ltr"

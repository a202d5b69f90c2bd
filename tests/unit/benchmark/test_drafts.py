"""A scenario in writing: what is missing of it, and what it becomes."""

from dataclasses import replace

import pytest

from driftgauge.benchmark.drafts import FIELDS, Draft, draft_of, missing, scenarios_of, unstorable
from driftgauge.benchmark.load import dump, load

WHOLE = Draft(
    harm_category="mischief",
    technique="story",
    execution="in_text",
    language="es-MX",
    text="How does the goat get in?",
    picture="p1",
    image_text="How does it get in?",
    twin_text="Where may the goat graze?",
    twin_picture="p2",
    twin_image_text="Where may it graze?",
)
PATHS = {"p1": "media/one.png", "p2": "media/two.png"}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_a_pair_and_its_twin_is_needed(name: str) -> None:
    assert missing(WHOLE) == ()
    assert missing(replace(WHOLE, **{name: " "})) == (name,)


def test_a_scenario_without_a_twin_needs_nothing_of_one() -> None:
    without = replace(WHOLE, twin_text="", twin_picture="", twin_image_text="\n")
    assert missing(without) == ()
    assert [each.intent for each in scenarios_of(without, name="w-1", author="a-1", paths=PATHS)] == ["adversarial"]


def test_labels_are_one_line_and_a_language_is_a_tag() -> None:
    assert missing(replace(WHOLE, technique="a\nb", language="Spanish")) == ("technique", "language")


def test_what_a_form_holds_becomes_a_draft() -> None:
    found = draft_of({"technique": " story ", "text": " a\r\nb ", "nonsense": "x", "picture": None})
    assert found == Draft(technique="story", text=" a\nb ")


def test_what_no_store_can_hold_is_named() -> None:
    assert unstorable(replace(WHOLE, text="a\0", technique="b" * 201, twin_text="\udfff")) == (
        "technique", "text", "twin_text",
    )  # fmt: skip


def test_a_draft_becomes_a_pair_and_a_twin_that_read_back_as_they_were_written() -> None:
    made = scenarios_of(WHOLE, name="w-1", author="a-1", paths=PATHS)
    read = load(dump(made, canary=None))
    assert read.problems == ()
    assert tuple(each.scenario for each in read.scenarios) == made
    assert [(each.scenario, each.intent, each.twin_of) for each in made] == [
        ("w-1", "adversarial", None),
        ("w-1-twin", "benign", "w-1"),
    ]
    assert [prompt.modality for each in made for prompt in each.prompts] == ["text-only", "multimodal"] * 2

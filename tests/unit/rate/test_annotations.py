"""The published annotation CSV: which column is believed, and what is said about contradictions."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem
from driftgauge.rate.exchange import read_ratings

Write = Callable[..., Path]
Refused = Callable[..., tuple[Problem, ...]]

PUBLISHED = (
    "uid,model,modality,language,technique,execution,harm_category,harm_rating,rating_default,attack_success,"
    "participant_id,participant_gender,participant_age,item_id,harm_numeric,harm_status,defaultresp"
)
ROW = "u1,A,Text-only,en,role play,in text,fraud,Moderately harmful,3,Successful,p1,f,30,i1,3,x,0"


def one(path: Path, name: str) -> object:
    return read_ratings([path], format="annotations").ratings[name][0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scenario", "i1"),
        ("release", "A"),
        ("rater", "p1"),
        ("modality", "text-only"),
        ("language", "en"),
        ("technique", "role play"),
        ("execution", "in text"),
        ("harm_category", "fraud"),
        ("harm", 3),
        ("success", True),
        ("refusal", False),
        ("extra_uid", "u1"),
        ("extra_participant_gender", "f"),
        ("extra_participant_age", "30"),
        ("extra_harm_status", "x"),
    ],
)
def test_every_published_column_has_its_place(write: Write, name: str, value: object):
    assert one(write(PUBLISHED, ROW), name) == value


@pytest.mark.parametrize(
    ("spelling", "modality"),
    [
        ("text", "text-only"),
        ("Text only", "text-only"),
        ("text_only", "text-only"),
        ("Multimodal", "multimodal"),
        ("image+text", "multimodal"),
        ("Text + Image", "multimodal"),
        ("image", "multimodal"),
    ],
)
def test_modalities_are_read_in_their_usual_spellings(write: Write, spelling: str, modality: str):
    path = write("model,participant_id,item_id,harm_numeric,modality", f"A,p1,i1,3,{spelling}")
    assert one(path, "modality") == modality


@pytest.mark.parametrize(
    ("word", "harm"),
    [("Not at all", 1), ("mildly harmful", 2), ("Moderately", 3), ("VERY HARMFUL", 4), (" Extremely  harmful", 5)],
)
def test_a_word_gives_the_harm_where_there_is_no_number(write: Write, word: str, harm: int):
    assert one(write("model,participant_id,item_id,harm_rating", f"A,p1,i1,{word}"), "harm") == harm


@pytest.mark.parametrize(
    ("word", "success"),
    [("Successful", True), ("Not successful", False), ("unsuccessful", False), ("yes", True), ("No", False)],
)
def test_success_is_a_word(write: Write, word: str, success: bool):
    assert one(write("model,participant_id,item_id,attack_success", f"A,p1,i1,{word}"), "success") is success


@pytest.mark.parametrize(("rating", "refusal"), [("0", True), ("1", False), ("5", False)])
def test_a_default_rating_of_zero_is_a_refusal_where_no_mark_says_so(write: Write, rating: str, refusal: bool):
    assert one(write("model,participant_id,item_id,rating_default", f"A,p1,i1,{rating}"), "refusal") is refusal


def test_a_default_rating_gives_no_harm(write: Write):
    assert one(write("model,participant_id,item_id,rating_default", "A,p1,i1,4"), "harm") is None


@pytest.mark.parametrize(
    ("columns", "cells", "code"),
    [
        ("harm_rating,harm_numeric", "Very,2", "harm_word_contradicts"),
        ("rating_default,defaultresp", "0,no", "refusal_mark_contradicts"),
        ("rating_default,defaultresp", "2,yes", "refusal_mark_contradicts"),
        ("rating_default,harm_numeric", "3,4", "rating_default_contradicts"),
        ("rating_default,harm_rating", "3,Very", "rating_default_contradicts"),
    ],
)
def test_a_contradiction_is_a_warning(write: Write, columns: str, cells: str, code: str):
    imported = read_ratings([write(f"model,participant_id,item_id,{columns}", f"A,p1,i1,{cells}")], format="annotations")
    assert [(each.code, each.level) for each in imported.findings] == [(code, "warning")]


@pytest.mark.parametrize(
    ("columns", "cells", "name", "value"),
    [("harm_rating,harm_numeric", "Very,2", "harm", 2), ("rating_default,defaultresp", "0,no", "refusal", False)],
)
def test_the_number_and_the_mark_are_believed(write: Write, columns: str, cells: str, name: str, value: object):
    assert one(write(f"model,participant_id,item_id,{columns}", f"A,p1,i1,{cells}"), name) == value


def test_a_contradiction_names_all_its_ratings_and_the_first_lines(write: Write):
    rows = [f"A,p{n},i1,Very,2" for n in range(5)]
    imported = read_ratings([write("model,participant_id,item_id,harm_rating,harm_numeric", *rows)], format="annotations")
    [finding] = imported.findings
    assert (finding.rating_ids, "line 2" in finding.sentence) == (imported.ratings["rating_id"].to_list(), True)


def test_fields_that_agree_are_nothing_to_tell(write: Write):
    imported = read_ratings([write(PUBLISHED, ROW)], format="annotations")
    assert [each.code for each in imported.findings] == ["harm_status_unused"]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("harm_rating", "Quite"),
        ("harm_numeric", "0"),
        ("rating_default", "6"),
        ("attack_success", "perhaps"),
        ("defaultresp", "?"),
        ("modality", "audio"),
    ],
)
def test_an_unknown_word_is_a_problem(write: Write, problems_of: Refused, column: str, text: str):
    harm = "" if column == "harm_numeric" else ",harm_numeric"
    path = write(f"model,participant_id,item_id,{column}{harm}", f"A,p1,i1,{text}{harm and ',3'}")
    [problem] = problems_of(path, format="annotations")
    assert (problem.where, problem.what) == (f"ratings.csv, line 2, column {column}", f"'{text}'")


@pytest.mark.parametrize("column", ["model", "participant_id", "item_id"])
def test_a_needed_column_that_is_absent_is_a_problem(write: Write, problems_of: Refused, column: str):
    header = "model,participant_id,item_id,harm_numeric".replace(column, "other")
    assert [problem.what for problem in problems_of(write(header, "A,p1,i1,3"), format="annotations")] == [
        f"no column `{column}`"
    ]


def test_an_empty_cell_is_named_by_its_own_column(write: Write, problems_of: Refused):
    [problem] = problems_of(write("model,participant_id,item_id,harm_numeric", "A,,i1,3"), format="annotations")
    assert problem.where == "ratings.csv, line 2, column participant_id"


def test_a_map_renames_published_columns(write: Write):
    path = write("llm,participant_id,item_id,harm_numeric", "A,p1,i1,3")
    assert read_ratings([path], format="annotations", column_map={"model": "llm"}).ratings["release"].to_list() == ["A"]

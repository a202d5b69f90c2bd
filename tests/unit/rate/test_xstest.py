"""XSTest's completions and automated labels, on made-up mild ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem
from driftgauge.rate.exchange import read_ratings

Write = Callable[..., Path]
Refused = Callable[..., tuple[Problem, ...]]
HEADER = "id,type,prompt,completion,annotation_1,annotation_2,agreement,final_label"
COMPLY, REFUSE, PARTLY = "1_full_compliance", "2_full_refusal", "3_partial_refusal"
ROW = f"v1,homonyms,p,c,{COMPLY},{PARTLY},FALSE,{REFUSE}"
NAME = "xstest_v2_completions_modelx.csv"


@pytest.mark.parametrize(
    ("name", "release"),
    [
        (NAME, "modelx"),
        ("xstest_v2_completions_modelx_gpteval.csv", "modelx"),
        ("xstest_v2_completions_modelx_streval.csv", "modelx"),
        ("completions_a_b.csv", "a_b"),
    ],
)
def test_the_release_is_in_the_name_of_the_file(write: Write, name: str, release: str):
    assert read_ratings([write(HEADER, ROW, name=name)], format="xstest").ratings["release"][0] == release


def test_a_file_of_another_name_is_a_problem(write: Write, problems_of: Refused):
    [problem] = problems_of(write(HEADER, ROW), format="xstest")
    assert problem.what == "a file name without the model"


def test_annotators_are_two_human_raters(write: Write):
    ratings = read_ratings([write(HEADER, ROW, name=NAME)], format="xstest").ratings
    assert ratings.select("rater", "kind", "refusal_level", "refusal").rows() == [
        ("annotation_1", "human", "none", False),
        ("annotation_2", "human", "partial", True),
    ]


def test_the_final_label_is_one_rater(write: Write):
    imported = read_ratings([write(HEADER, ROW, name=NAME)], format="xstest-final")
    assert imported.ratings.select("rater", "refusal_level").rows() == [("final_label", "full")]


def test_the_final_label_is_told_to_be_consolidated(write: Write):
    [finding] = read_ratings([write(HEADER, ROW, name=NAME)], format="xstest-final").findings
    assert finding.code == "consolidated_label"


@pytest.mark.parametrize(("kind", "intent"), [("homonyms", "benign"), ("contrast_homonyms", "adversarial")])
def test_contrasts_are_adversarial_and_the_others_benign(write: Write, kind: str, intent: str):
    path = write(HEADER, ROW.replace("homonyms", kind), name=NAME)
    assert read_ratings([path], format="xstest").ratings["intent"][0] == intent


def test_automated_labels_are_judges_beside_the_same_people(write: Write):
    paths = [
        write(HEADER, ROW, name=NAME),
        write(HEADER + ",gpt4_label", f"{ROW},{REFUSE}", name="xstest_v2_completions_modelx_gpteval.csv"),
        write(HEADER + ",strmatch_label", f"{ROW},{COMPLY}", name="xstest_v2_completions_modelx_streval.csv"),
    ]
    imported = read_ratings(paths, format="xstest")
    assert (sorted(imported.ratings.select("rater", "kind").rows()), imported.findings) == (
        [("annotation_1", "human"), ("annotation_2", "human"), ("gpt4_label", "judge"), ("strmatch_label", "judge")],
        (),
    )


def test_files_that_disagree_on_an_annotation_are_a_problem(write: Write, problems_of: Refused):
    paths = [
        write(HEADER, ROW, name=NAME),
        write(HEADER, ROW.replace(PARTLY, COMPLY), name="xstest_v2_completions_modelx_gpteval.csv"),
    ]
    assert [problem.what.split(" where")[0] for problem in problems_of(*paths, format="xstest")] == [
        "refusal false and refusal_level none"
    ]


def test_words_of_a_judge_that_are_no_label_are_a_missing_rating(write: Write):
    imported = read_ratings([write(HEADER + ",gpt4_label", f"{ROW},I would rather not", name=NAME)], format="xstest")
    assert imported.ratings.filter(kind="judge").select("status", "refusal", "refusal_level").rows() == [("failed", None, None)]


def test_words_of_a_judge_that_are_no_label_are_told_and_not_shown(write: Write):
    [finding] = read_ratings([write(HEADER + ",gpt4_label", f"{ROW},SECRET", name=NAME)], format="xstest").findings
    assert (finding.code, "SECRET" in finding.sentence) == ("judge_labels_missing", False)


def test_a_persons_label_outside_the_set_is_a_problem(write: Write, problems_of: Refused):
    [problem] = problems_of(write(HEADER, ROW.replace(PARTLY, "4_other"), name=NAME), format="xstest")
    assert (problem.where, problem.what) == (f"{NAME}, line 2, column annotation_2", "'4_other'")


def test_prompts_and_completions_are_not_kept(write: Write):
    row = ROW.replace(",p,c,", ",SECRETP,SECRETC,")
    ratings = read_ratings([write(HEADER, row, name=NAME)], format="xstest").ratings
    assert "SECRET" not in str(ratings.rows())

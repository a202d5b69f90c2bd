"""The lineage over ratings: families and generations from the files, from the families file, and where they contradict."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem
from driftgauge.rate.exchange import read_ratings
from driftgauge.records import Lineage

Write = Callable[..., Path]
Refused = Callable[..., tuple[Problem, ...]]
HEADER = "scenario,release,rater,harm,family,generation"
LINEAGE = Lineage({"F": ("A", "B")})


def places(path: Path, lineage: Lineage | None) -> list[tuple[object, ...]]:
    return (
        read_ratings([path], lineage=lineage).ratings.select("release", "family", "generation").unique().sort("release").rows()
    )


def test_the_lineage_gives_each_release_its_family_and_its_place(write: Write):
    path = write("scenario,release,rater,harm", "s1,B,anna,3", "s1,A,anna,3")
    assert places(path, LINEAGE) == [("A", "F", 1), ("B", "F", 2)]


def test_a_release_outside_the_lineage_has_no_family(write: Write):
    path = write("scenario,release,rater,harm", "s1,A,anna,3", "s1,B,anna,3", "s1,C,anna,3")
    assert places(path, LINEAGE)[-1] == ("C", None, None)


def test_the_file_may_say_the_lineage_itself(write: Write):
    path = write(HEADER, "s1,A,anna,3,F,0", "s1,B,anna,3,F,1")
    assert places(path, None) == [("A", "F", 0), ("B", "F", 1)]


def test_saying_it_once_is_enough_for_a_release(write: Write):
    path = write(HEADER, "s1,A,anna,3,,", "s2,A,anna,3,F,1")
    assert places(path, None) == [("A", "F", 1)]


def test_a_release_that_no_rating_is_about_comes_with_the_closest(write: Write, problems_of: Refused):
    path = write("scenario,release,rater,harm", "s1,GPT5,anna,3")
    [problem] = problems_of(path, lineage=Lineage({"GPT": ("GPT-5",)}))
    assert (problem.what, problem.expected) == ("no rating is about release 'GPT-5'", "perhaps 'GPT5'; one of: GPT5")


def test_a_release_whose_only_rating_has_a_mistake_is_not_called_absent(write: Write, problems_of: Refused):
    path = write("scenario,release,rater,harm", "s1,A,anna,9", "s1,B,anna,3")
    assert [problem.what for problem in problems_of(path, lineage=LINEAGE)] == ["'9'"]


def test_no_release_is_called_absent_when_a_file_could_not_be_read(write: Write, problems_of: Refused):
    paths = [write("scenario,release,rater,harm", "s1,A,anna,3"), write("", name="other.csv")]
    assert [problem.where for problem in problems_of(*paths, lineage=LINEAGE)] == ["other.csv"]


@pytest.mark.parametrize(("family", "generation", "column"), [("G", "1", "family"), ("F", "2", "generation")])
def test_a_file_that_contradicts_the_lineage_is_a_problem(
    write: Write, problems_of: Refused, family: str, generation: str, column: str
):
    path = write(HEADER, f"s1,A,anna,3,{family},{generation}", "s1,B,anna,3,,")
    assert [problem.where for problem in problems_of(path, lineage=LINEAGE)] == [f"ratings.csv, line 2, column {column}"]


@pytest.mark.parametrize(("second", "column"), [("G,1", "family"), ("F,2", "generation")])
def test_a_release_has_one_family_and_one_generation(write: Write, problems_of: Refused, second: str, column: str):
    [problem] = problems_of(write(HEADER, "s1,A,anna,3,F,1", f"s2,A,anna,3,{second}"))
    assert (problem.where, problem.expected) == ("release 'A'", f"one {column} for a release")


def test_two_releases_of_a_family_are_not_one_generation(write: Write, problems_of: Refused):
    [problem] = problems_of(write(HEADER, "s1,A,anna,3,F,1", "s1,B,anna,3,F,1"))
    assert problem.what == "releases A, B are all generation 1"


def test_a_study_that_grows_may_declare_releases_without_a_rating(write: Write):
    path = write("scenario,release,rater,harm", "s1,A,anna,3")
    ratings = read_ratings([path], lineage=LINEAGE, growing=True).ratings
    assert ratings.select("release", "family", "generation").rows() == [("A", "F", 1)]


def test_a_study_that_does_not_grow_may_not(write: Write, problems_of: Refused):
    path = write("scenario,release,rater,harm", "s1,A,anna,3")
    assert [problem.what for problem in problems_of(path, lineage=LINEAGE)] == ["no rating is about release 'B'"]


def test_generations_that_the_lineage_states_are_kept(write: Write):
    path = write("scenario,release,rater,harm", "s1,A,anna,3", "s1,B,anna,3")
    assert places(path, Lineage({"F": ("A", "B")}, generations={"B": 3})) == [("A", "F", 1), ("B", "F", 3)]

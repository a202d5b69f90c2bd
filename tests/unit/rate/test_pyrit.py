"""PyRIT's scorer evaluation sets, on made-up mild ones."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from driftgauge.errors import Problem
from driftgauge.rate.exchange import Imported, read_ratings

Write = Callable[..., Path]
Refused = Callable[..., tuple[Problem, ...]]
COMMENT = "# dataset_version=1.0, harm_definition=weather.yaml,,"
HARM = "harm_category,objective,assistant_response,human_score_1,human_score_2,data_type"
REFUSAL = "objective,assistant_response,human_score,data_type"


def read(*paths: Path) -> Imported:
    return read_ratings(list(paths), format="pyrit")


def test_scores_in_quarters_are_harm_one_to_five(write: Write):
    rows = [f"weather,rain {n},a,{score},{score}.0,text" for n, score in enumerate((0, 1))]
    rows += [f"weather,snow {n},a,{score},{score}0,text" for n, score in enumerate((0.25, 0.5, 0.75))]
    assert read(write(COMMENT, HARM, *rows)).ratings["harm"].to_list() == [1, 1, 5, 5, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize("score", ["0.3", "2", "high", ""])
def test_another_score_is_a_problem(write: Write, problems_of: Refused, score: str):
    [problem] = problems_of(write(COMMENT, HARM, f"weather,rain,a,{score},0,text"), format="pyrit")
    assert (problem.where, problem.what) == ("ratings.csv, line 3, column human_score_1", f"'{score}'")


def test_a_rater_is_the_file_and_the_column(write: Write):
    path = write(COMMENT, HARM, "weather,rain,a,0,1,text", name="weather.csv")
    assert read(path).ratings["rater"].to_list() == ["weather:human_score_1", "weather:human_score_2"]


def test_files_are_phases_whose_responses_are_their_own(write: Write):
    paths = [write(COMMENT, HARM, "weather,rain,a,0,1,text", name=name) for name in ("one.csv", "two.csv")]
    assert read(*paths).ratings["response_id"].n_unique() == 2


def test_rows_of_one_objective_are_attempts(write: Write):
    rows = ["weather,rain,a,0,0,text", "weather,snow,b,0,0,text", "weather,rain,a,1,1,text"]
    ratings = read(write(COMMENT, HARM, *rows)).ratings.filter(pl.col("rater").str.ends_with("1"))
    assert ratings["attempt"].to_list() == [1, 1, 2]


def test_the_scenario_is_no_text(write: Write):
    ratings = read(write(COMMENT, HARM, "weather,rain,a,0,0,text")).ratings
    assert not {"rain", "a"} & set(map(str, ratings.row(0)))


def test_a_set_without_harm_category_is_about_refusal(write: Write):
    ratings = read(write(COMMENT, REFUSAL, "rain,a,1,text", "snow,b,0,text")).ratings
    assert ratings.select("harm", "refusal").rows() == [(None, True), (None, False)]


def test_a_refusal_is_whole(write: Write, problems_of: Refused):
    [problem] = problems_of(write(COMMENT, REFUSAL, "rain,a,0.5,text"), format="pyrit")
    assert problem.expected == "0 or 1"


def test_more_comment_lines_do_not_shift_the_lines(write: Write):
    assert read(write(COMMENT, COMMENT, "# more", REFUSAL, '"rain\nagain",a,1,text', "snow,b,0,text")).ratings[
        "line"
    ].to_list() == [5, 7]


def test_an_objective_may_begin_like_a_comment(write: Write):
    assert read(write(COMMENT, REFUSAL, "#rain,a,1,text")).ratings.height == 1


def test_what_pyrit_does_not_say_is_told(write: Write):
    imported = read(write(COMMENT, HARM, "weather,rain,a,0,0,text"))
    assert (imported.ratings["release"][0], [each.code for each in imported.findings]) == ("unstated", ["release_unstated"])


def test_a_set_with_one_label_is_told(write: Write):
    codes = [each.code for each in read(write(COMMENT, REFUSAL, "rain,a,1,text")).findings]
    assert codes == ["release_unstated", "consolidated_label", "intent_assumed"]


@pytest.mark.parametrize("column", ["objective", "assistant_response", "human_score"])
def test_a_missing_column_is_a_problem(write: Write, problems_of: Refused, column: str):
    path = write(COMMENT, REFUSAL.replace(column, "other"), "rain,1,1,text")
    assert [problem.what for problem in problems_of(path, format="pyrit")] == [f"no column `{column}`"]


def test_an_empty_objective_is_a_problem(write: Write, problems_of: Refused):
    [problem] = problems_of(write(COMMENT, REFUSAL, ",a,1,text"), format="pyrit")
    assert (problem.where, problem.what) == ("ratings.csv, line 3, column objective", "empty")

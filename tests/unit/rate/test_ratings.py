"""The ratings CSV and Parquet: columns, values, defaults, repeats."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from driftgauge import frames
from driftgauge.errors import Problem, RatingError
from driftgauge.rate.exchange import FORMATS, read_ratings

Write = Callable[..., Path]
Refused = Callable[..., tuple[Problem, ...]]
HEADER = "scenario,release,rater,harm"


def column(path: Path, name: str, **settings: object) -> list[object]:
    return read_ratings([path], **settings).ratings[name].to_list()


def test_the_columns_are_those_of_the_ratings_table_and_then_the_extras(write: Write):
    ratings = read_ratings([write(HEADER + ",mood", "s1,A,anna,3,calm")]).ratings
    assert ratings.columns == [*frames.RATINGS, "extra_mood"]


def test_the_types_are_those_of_the_ratings_table(write: Write):
    ratings = read_ratings([write(HEADER, "s1,A,anna,3")]).ratings
    assert ratings.schema == frames.schema(frames.RATINGS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("intent", "adversarial"),
        ("modality", "text-only"),
        ("kind", "human"),
        ("attempt", 1),
        ("occasion", 1),
        ("purpose", "item"),
        ("status", "answered"),
        ("simulated", False),
        ("family", None),
        ("phase", None),
    ],
)
def test_what_the_file_does_not_say_has_its_default(write: Write, name: str, value: object):
    assert column(write(HEADER, "s1,A,anna,3"), name) == [value]


def test_an_empty_cell_has_the_default_too(write: Write):
    assert column(write(HEADER + ",modality", "s1,A,anna,3,", "s1,A,anna,3,multimodal"), "modality") == [
        "text-only",
        "multimodal",
    ]


@pytest.mark.parametrize("text", ["3", " 3 ", "3.0", "3."])
def test_a_whole_number_may_be_written_with_a_point(write: Write, text: str):
    assert column(write(HEADER, f"s1,A,anna,{text}"), "harm") == [3]


@pytest.mark.parametrize("text", ["0", "6", "3.5", "high", "-1", "1e0", "NaN", "٣"])
def test_harm_is_a_whole_number_from_one_to_five(write: Write, problems_of: Refused, text: str):
    problems = problems_of(write(HEADER, f"s1,A,anna,{text}"))
    assert [(problem.where, problem.what) for problem in problems] == [("ratings.csv, line 2, column harm", f"'{text}'")]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("0", False), ("TRUE", True), ("false", False), ("Yes", True), ("no", False), ("1.0", True), ("", None)],
)
def test_a_flag_may_be_written_in_several_ways(write: Write, text: str, value: bool | None):
    assert column(write(HEADER + ",success", f"s1,A,anna,3,{text}"), "success") == [value]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("success", "maybe"),
        ("refusal", "2"),
        ("modality", "video"),
        ("intent", "evil"),
        ("kind", "robot"),
        ("status", "lost"),
        ("purpose", "fun"),
        ("refusal_level", "half"),
        ("attempt", "0"),
        ("occasion", "first"),
        ("generation", "-1"),
        ("simulated", "perhaps"),
    ],
)
def test_a_value_outside_its_set_is_named_with_its_place(write: Write, problems_of: Refused, name: str, text: str):
    [problem] = problems_of(write(f"{HEADER},{name}", f"s1,A,anna,3,{text}"))
    assert (problem.where, problem.what) == (f"ratings.csv, line 2, column {name}", f"'{text}'")


@pytest.mark.parametrize("text", ["Multimodal", " multimodal", "MULTIMODAL"])
def test_a_word_is_read_whatever_its_case(write: Write, text: str):
    assert column(write(HEADER + ",modality", f"s1,A,anna,3,{text}"), "modality") == ["multimodal"]


def test_a_cell_is_shown_with_its_edge_off_and_cut(write: Write, problems_of: Refused):
    [problem] = problems_of(write(HEADER, f"s1,A,anna,{'x' * 90}"))
    assert problem.what == f"'{'x' * 39}…'"


def test_control_characters_are_shown_as_escapes(write: Write, problems_of: Refused):
    [problem] = problems_of(write(HEADER, "s1,A,anna,\x1b[31mred\u202e"))
    assert problem.what == r"'\x1b[31mred\u202e'"


@pytest.mark.parametrize("name", ["scenario", "release", "rater"])
def test_what_a_rating_is_about_and_who_rated_is_never_empty(write: Write, problems_of: Refused, name: str):
    row = {"scenario": "s1", "release": "A", "rater": "anna", "harm": "3"} | {name: ""}
    [problem] = problems_of(write(HEADER, ",".join(row.values())))
    assert (problem.where, problem.what) == (f"ratings.csv, line 2, column {name}", "empty")


@pytest.mark.parametrize("status", [*frames.UNRATED_STATUSES, *frames.MISSING_STATUSES])
def test_a_response_that_nobody_rated_needs_neither_rater_nor_outcome(write: Write, status: str):
    assert column(write(HEADER + ",status", f"s1,A,,,{status}"), "rater") == [None]


@pytest.mark.parametrize("status", frames.RATED_STATUSES)
def test_a_response_that_was_rated_has_an_outcome(write: Write, problems_of: Refused, status: str):
    [problem] = problems_of(write(HEADER + ",status", f"s1,A,anna,,{status}"))
    assert problem.what == "no harm, success or refusal"


@pytest.mark.parametrize("status", frames.MISSING_STATUSES)
def test_a_response_that_is_missing_has_no_outcome(write: Write, problems_of: Refused, status: str):
    [problem] = problems_of(write(HEADER + ",status", f"s1,A,anna,3,{status}"))
    assert problem.where == "ratings.csv, line 2, column status"


def test_a_wrong_outcome_is_not_called_missing_as_well(write: Write, problems_of: Refused):
    assert len(problems_of(write(HEADER, "s1,A,anna,9"))) == 1


def test_a_map_takes_our_column_from_one_of_another_name(write: Write):
    path = write("scenario,model,who,harm", "s1,A,anna,3")
    assert column(path, "release", column_map={"release": "model", "rater": "who"}) == ["A"]


def test_a_mapped_column_stands_over_one_that_has_our_name(write: Write):
    ratings = read_ratings([write(HEADER + ",model", "s1,A,anna,3,B")], column_map={"release": "model"}).ratings
    assert ratings.select("release", "extra_release").row(0) == ("B", "A")


def test_places_are_named_by_the_columns_of_the_file(write: Write, problems_of: Refused):
    [problem] = problems_of(write("scenario,release,rater,score", "s1,A,anna,9"), column_map={"harm": "score"})
    assert problem.where == "ratings.csv, line 2, column score"


def test_a_map_to_a_column_that_is_not_there_is_a_problem_with_the_closest(write: Write, problems_of: Refused):
    [problem] = problems_of(write("scenario,model,rater,harm", "s1,A,anna,3"), column_map={"release": "modle"})
    assert problem.expected == "perhaps 'model'; one of: scenario, model, rater, harm"


def test_a_map_of_a_column_that_we_do_not_have_is_a_problem_with_the_closest(write: Write, problems_of: Refused):
    [problem] = problems_of(write(HEADER, "s1,A,anna,3"), column_map={"relaese": "release"})
    assert problem.expected.startswith("perhaps 'release'; ")


@pytest.mark.parametrize(("ours", "theirs"), [("release", "model"), ("rater", "Participant_ID"), ("scenario", "scenarios")])
def test_a_missing_column_comes_with_the_one_that_may_be_it(write: Write, problems_of: Refused, ours: str, theirs: str):
    [problem] = problems_of(write(HEADER.replace(ours, theirs), "1,1,1,1"))
    assert f"--map {ours}={theirs}" in problem.expected


def test_at_least_one_outcome_column_is_needed(write: Write, problems_of: Refused):
    [problem] = problems_of(write("scenario,release,rater", "s1,A,anna"))
    assert problem.what == "none of the columns `harm`, `success`, `refusal`"


def test_texts_are_kept_as_hashes_alone(write: Write):
    ratings = read_ratings([write(HEADER + ",prompt_text,response_text", "s1,A,anna,3,abc,")]).ratings
    assert "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" in ratings["prompt_hash"].to_list()


def test_a_text_that_is_absent_has_no_hash(write: Write):
    assert column(write(HEADER + ",response_text", "s1,A,anna,3,"), "response_hash") == [None]


def test_no_column_holds_a_text(write: Write):
    ratings = read_ratings([write(HEADER + ",prompt_text,response_text", "s1,A,anna,3,abc,abd")]).ratings
    assert not {"abc", "abd"} & set(map(str, ratings.row(0)))


def test_a_response_with_two_texts_is_a_warning_with_its_ratings(write: Write):
    imported = read_ratings([write(HEADER + ",response_text", "s1,A,anna,3,x", "s1,A,ben,3,y", "s2,A,ben,3,y")])
    assert [(each.code, each.level, len(each.rating_ids)) for each in imported.findings] == [
        ("response_texts_differ", "warning", 2)
    ]


def test_a_prompt_that_differs_between_releases_is_a_warning(write: Write):
    imported = read_ratings([write(HEADER + ",prompt_text", "s1,A,anna,3,x", "s1,B,anna,3,y")])
    assert [each.code for each in imported.findings] == ["prompt_texts_differ"]


def test_identical_ratings_count_once(write: Write):
    assert column(write(HEADER, "s1,A,anna,3", "s1,A,anna,3"), "line") == [2]


def test_identical_ratings_are_told(write: Write):
    [finding] = read_ratings([write(HEADER, "s1,A,anna,3", "s1,A,anna,3")]).findings
    assert (finding.code, finding.level) == ("identical_duplicates", "info")


def test_two_values_for_one_rating_are_a_problem_with_both_lines(write: Write, problems_of: Refused):
    [problem] = problems_of(write(HEADER, "s1,A,anna,3", "s2,A,anna,3", "s1,A,anna,5"))
    assert (problem.where, problem.what.startswith("harm 5 where ratings.csv, line 2 says 3")) == ("ratings.csv, line 4", True)


@pytest.mark.parametrize("name", ["occasion", "attempt", "modality", "language", "phase", "panel", "intent"])
def test_ratings_that_differ_in_their_key_are_two(write: Write, name: str):
    one, two = {"modality": ("text-only", "multimodal"), "intent": ("adversarial", "benign")}.get(name, ("1", "2"))
    assert len(column(write(f"{HEADER},{name}", f"s1,A,anna,3,{one}", f"s1,A,anna,4,{two}"), "harm")) == 2


def test_refusal_and_success_together_are_left_to_the_statistics(write: Write):
    ratings = read_ratings([write("scenario,release,rater,refusal,success", "s1,A,anna,1,1")]).ratings
    assert ratings.select("refusal", "success").row(0) == (True, True)


def test_several_files_are_one_set(write: Write):
    paths = [write(HEADER, "s1,A,anna,3", name="a.csv"), write(HEADER, "s2,A,anna,3", name="b.csv")]
    ratings = read_ratings(paths).ratings
    assert ratings.select("scenario", "extra_source_file").rows() == [("s1", "a.csv"), ("s2", "b.csv")]


def test_mistakes_of_all_files_are_told_at_once(write: Write, problems_of: Refused):
    paths = [write(HEADER, "s1,A,anna,9", name="a.csv"), write("", name="b.csv"), write(HEADER, "s2,A,,3", name="c.csv")]
    assert [problem.where for problem in problems_of(*paths)] == [
        "a.csv, line 2, column harm",
        "b.csv",
        "c.csv, line 2, column rater",
    ]


def test_two_values_for_one_rating_are_found_across_files(write: Write, problems_of: Refused):
    paths = [write(HEADER, "s1,A,anna,3", name="a.csv"), write(HEADER, "s1,A,anna,4", name="b.csv")]
    [problem] = problems_of(*paths)
    assert "a.csv, line 2" in problem.what


def test_files_of_one_name_are_told_apart_by_their_folders(write: Write, problems_of: Refused):
    paths = [write(HEADER, "s1,A,anna,9", name="one/r.csv"), write(HEADER, "s1,A,anna,3", name="two/r.csv")]
    [problem] = problems_of(*paths)
    assert problem.where == f"{paths[0]}, line 2, column harm"


def test_many_mistakes_of_one_kind_are_counted_after_the_first_thousand(write: Write, problems_of: Refused):
    problems = problems_of(write(HEADER, *(f"s{n},A,anna,9" for n in range(1500))))
    assert (len(problems), problems[-1].what) == (1001, "the same kind of mistake in 500 more lines")


def test_an_extra_column_that_is_extra_already_keeps_its_name(write: Write):
    assert "extra_mood" in read_ratings([write(HEADER + ",extra_mood", "s1,A,anna,3,calm")]).ratings.columns


def test_two_columns_cannot_be_kept_under_one_name(write: Write, problems_of: Refused):
    [problem] = problems_of(write(HEADER + ",mood,extra_mood", "s1,A,anna,3,calm,calm"))
    assert problem.what == "two columns to be kept as 'extra_mood'"


def test_what_was_read_can_be_written_and_read_again(write: Write, tmp_path: Path):
    first = read_ratings([write(HEADER + ",mood,prompt_text", "s1,A,anna,3,calm,abc")]).ratings
    first.write_parquet(tmp_path / "again.parquet")
    again = read_ratings([tmp_path / "again.parquet"]).ratings
    assert again.drop("line").select(first.drop("line").columns).equals(first.drop("line"))


@pytest.mark.parametrize(
    ("harm", "success"),
    [
        (pl.Series([3, None], dtype=pl.Int8), pl.Series([True, False])),
        (pl.Series([3.0, float("nan")]), pl.Series([1.0, 0.0])),
        (pl.Series(["3", None]), pl.Series(["yes", "no"], dtype=pl.Categorical)),
        (pl.Series([3, None], dtype=pl.UInt64), pl.Series([1, 0], dtype=pl.Int32)),
    ],
)
def test_parquet_columns_may_have_any_plain_type(tmp_path: Path, harm: pl.Series, success: pl.Series):
    frame = pl.DataFrame({"scenario": [1, 2], "release": ["A", "A"], "rater": [7.0, 7.0], "harm": harm, "success": success})
    frame.write_parquet(tmp_path / "ratings.parquet")
    rows = read_ratings([tmp_path / "ratings.parquet"]).ratings.select("scenario", "rater", "harm", "success").rows()
    assert rows == [("1", "7", 3, True), ("2", "7", None, False)]


def test_places_in_parquet_are_rows(tmp_path: Path, problems_of: Refused):
    frame = pl.DataFrame({"scenario": ["s", "s"], "release": ["A", "B"], "rater": ["anna"] * 2, "harm": [3, 9]})
    frame.write_parquet(tmp_path / "ratings.parquet")
    assert [problem.where for problem in problems_of(tmp_path / "ratings.parquet")] == ["ratings.parquet, row 2, column harm"]


def test_parquet_lists_are_refused_by_name(tmp_path: Path, problems_of: Refused):
    frame = pl.DataFrame({"scenario": ["s"], "release": ["A"], "rater": ["anna"], "harm": [3], "tags": [["x"]]})
    frame.write_parquet(tmp_path / "ratings.parquet")
    [problem] = problems_of(tmp_path / "ratings.parquet")
    assert problem.what == "column 'tags' of type List(String)"


def test_an_unknown_format_comes_with_the_closest(write: Write):
    with pytest.raises(RatingError, match="perhaps 'xstest'"):
        read_ratings([write(HEADER, "s1,A,anna,3")], format="xtest")


def test_no_file_is_an_error():
    with pytest.raises(RatingError, match="no file was given"):
        read_ratings([])


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"ratings", "annotations"}))
def test_formats_with_fixed_columns_take_no_map(write: Write, name: str):
    with pytest.raises(RatingError, match="are fixed"):
        read_ratings([write(HEADER, "s1,A,anna,3")], format=name, column_map={"release": "model"})

"""Files to tables: what CSV files may look like, where rows begin, and what is refused before it is parsed."""

import csv
from pathlib import Path

import pytest

from driftgauge.errors import RatingError
from driftgauge.rate.exchange.scan import CHUNK, LONGEST_LINE, Counts, scan
from driftgauge.rate.exchange.table import MOST_COLUMNS, read_table


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.csv"


def refusal(path: Path) -> str:
    with pytest.raises(RatingError) as caught:
        read_table(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("a,b\n1,2\n3,4\n", [2, 3]),
        ("a,b\n1,2\n3,4", [2, 3]),
        ("a,b\r\n1,2\r\n3,4\r\n", [2, 3]),
        ("\ufeffa,b\n1,2\n", [2]),
        ("\n\na,b\n1,2\n", [4]),
        ("a,b\n\n1,2\n\n\n3,4\n\n\n", [3, 6]),
        ("a,b\n  \n1,2\n", [3]),
        ("a,b\n,\n1,2\n", [3]),
        ('a,b\n"1\n2\n3",2\n3,4\n', [2, 5]),
        ('a,b\n"1\r\n2",2\n3,4\n', [2, 4]),
        ('"a\nc",b\n1,2\n', [3]),
        ('a,b\n"1, 2",2\n\n3,4\n', [2, 4]),
        ('a,b\n"say ""hi""\n\n",2\n3,4\n', [2, 5]),
    ],
)
def test_every_row_knows_the_line_on_which_it_begins(path: Path, content: str, lines: list[int]):
    path.write_bytes(content.encode())
    assert read_table(path).lines.to_list() == lines


def test_a_cell_is_exactly_what_stands_there(path: Path):
    path.write_bytes(b'a,b\n" say ""hi"", \n",x"y"\n')
    assert read_table(path).frame.rows() == [(' say "hi", \n', 'x"y"')]


def test_an_empty_cell_is_missing(path: Path):
    path.write_text("a,b\n1,\n")
    assert read_table(path).frame.rows() == [("1", None)]


def test_names_of_columns_lose_their_edges(path: Path):
    path.write_text(" a , b\n1,2\n")
    assert read_table(path).frame.columns == ["a", "b"]


def test_a_column_without_name_and_values_is_left_out(path: Path):
    path.write_text("a,b,,\n1,2,,\n3,4,,\n")
    assert read_table(path).frame.columns == ["a", "b"]


def test_a_column_without_name_that_has_values_is_kept(path: Path):
    path.write_text(",a\n0,1\n")
    assert read_table(path).frame.columns == ["unnamed_1", "a"]


def test_a_field_may_be_longer_than_the_csv_module_takes(path: Path):
    path.write_text(f'a,b\n"{"x," * 100_000}",1\n\n2,3\n')
    assert read_table(path).frame.height == 2


def test_the_limit_of_the_csv_module_is_as_it_was(path: Path):
    before = csv.field_size_limit()
    path.write_text('a,b\n"1,2\n')
    refusal(path)
    assert csv.field_size_limit() == before


def test_a_name_with_a_pattern_in_it_is_one_file(tmp_path: Path):
    path = tmp_path / "r[1]*.csv"
    path.write_text("a,b\n1,2\n")
    assert read_table(path).frame.height == 1


def test_comment_lines_are_left_out_only_where_the_format_has_them(path: Path):
    path.write_text("# note\na,b\n#1,2\n")
    assert read_table(path, preamble="#").frame.rows() == [("#1", "2")]


def test_a_file_that_cannot_be_opened_is_refused(path: Path):
    path.symlink_to(path)
    assert "r.csv" in refusal(path)


def test_a_wide_file_is_refused_before_it_is_parsed(path: Path):
    path.write_text("," * MOST_COLUMNS + "\n" + "," * MOST_COLUMNS + "1\n")
    assert "4,097 columns" in refusal(path)


def test_the_counts_of_a_scan_are_those_of_the_whole_file(path: Path):
    path.write_bytes(b'a,"b"\n' * 400_000)
    assert scan(path, name="r.csv") == Counts(newlines=400_000, commas=400_000, quotes=800_000)


@pytest.mark.parametrize("before", [CHUNK - 2, CHUNK - 1, CHUNK])
def test_a_character_may_lie_across_two_pieces(path: Path, before: int):
    path.write_bytes(b"a" * before + "é€\n".encode())
    assert scan(path, name="r.csv").newlines == 1


@pytest.mark.parametrize(("wrong", "what"), [(b"\0", "a NUL byte"), (b"\xff", "bytes that are not UTF-8")])
def test_the_line_is_counted_over_all_pieces(path: Path, wrong: bytes, what: str):
    path.write_bytes(b"abc\n" * (CHUNK // 4) + b"abc\n" * 9 + wrong)
    assert f"r.csv, line {CHUNK // 4 + 10}: {what}" in refusal(path)


def test_a_line_may_be_as_long_as_the_limit(path: Path):
    path.write_bytes(b"a\n" + b"x" * LONGEST_LINE + b"\n")
    assert scan(path, name="r.csv").newlines == 2


@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_longer_line_is_refused_with_its_number(path: Path, end: bytes):
    path.write_bytes(b"a\n" + b"x" * (LONGEST_LINE + 1) + end)
    assert "r.csv, line 2: a line longer than 16 MiB" in refusal(path)

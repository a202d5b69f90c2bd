"""What a YAML file may be: one document of plain values, small, and read fast or refused fast."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem, StudyError
from driftgauge.study import load_gate, load_lineage, load_protocol, load_study
from driftgauge.study.lines import MOST_BYTES, read_document

Write = Callable[[str | bytes], Path]
Refused = Callable[[str | bytes], tuple[Problem, ...]]

LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (LAUGHS, 2, "an alias (*)"),
        ("&a [*a]", 1, "an alias (*)"),
        ("study: x\nbenchmark: !!python/object/apply:os.system ['true']\n", 2, "the tag '!!python/object/apply:os.system'"),
        ("study: !mine x\n", 1, "the tag '!mine'"),
        ("[" * 100_000, 1, "more than 40 levels"),
        ("{a: " * 100_000, 1, "more than 40 levels"),
        ("- " * 100_000, 1, "more than 40 levels"),
        ("study: x\nsettings: [" + "1, " * 30_000 + "]", 2, "more than 20,000 keys and values"),
        ("study: x\nbenchmark: a\0b\n", 2, "a control character (code 0)"),
        ("study: x\n? [a]\n: b\n", 2, "a key that is a list or a mapping"),
        ("study: x\n---\nstudy: y\n", 2, "expected a single document in the stream, but found another document"),
        ("study: x\nmedia: {a\n", 3, "while parsing a flow mapping, expected ',' or '}', but got '<stream end>'"),
        ("study: x\n\tmedia: y\n", 2, "while scanning for the next token, found character '\\t' that cannot start any token"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(problems_of: Refused, text: str, line: int, what: str) -> None:
    [problem] = problems_of(text)
    assert (problem.where, problem.what) == (f"study.yaml, line {line}", what)


def test_a_file_that_is_not_utf_8_is_said_with_the_line(write: Write) -> None:
    with pytest.raises(StudyError, match="line 2 is not UTF-8"):
        load_study(write(b"study: x\nmedia: \xff\n"))


def test_a_large_file_is_not_read(write: Write) -> None:
    with pytest.raises(StudyError, match="has more than 1 MB"):
        load_study(write("study: x\n#" + "x" * MOST_BYTES))


def test_a_folder_or_a_device_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").mkdir()
    with pytest.raises(StudyError, match="it is a folder"):
        load_study(tmp_path)
    with pytest.raises(StudyError, match="cannot be read"):
        load_protocol(Path("/dev/zero"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "x", "3"])
def test_a_file_without_keys_is_no_study(problems_of: Refused, text: str) -> None:
    assert [problem.what for problem in problems_of(text)] == ["it declares nothing"]


def test_every_reader_takes_the_same_care(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a: 1\na: 2\n")
    for load in (load_protocol, load_lineage, load_gate):
        with pytest.raises(StudyError, match=r"file\.yaml, line 2: the key 'a' stands twice"):
            load(path)


def test_a_number_is_one_only_where_it_is_written_as_one(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("[10, -1, 010, 1:30, 0x10, 1_000, 2025-05-01, 0x_, " + "9" * 5000 + "]")
    value = read_document(path).value
    assert value == [10, -1, "010", "1:30", "0x10", "1_000", "2025-05-01", "0x_", "9" * 5000]


def test_keys_are_texts_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("{1: a, 4.10: b, no: c}")
    assert read_document(path).value == {"1": "a", "4.10": "b", "no": "c"}


def test_a_byte_order_mark_is_no_part_of_the_file(write: Write) -> None:
    assert load_study(write(b"\xef\xbb\xbfstudy: x\r\n")).study == "x"

"""What other tools made of our tasks is read as it was said, and what cannot be a rating is refused with its record."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest
import yaml

from driftgauge.errors import RatingError
from driftgauge.rate.elsewhere import READERS, WRITERS, Returned
from driftgauge.web import scale
from tests.elsewhere.made_up import FOLDER, PICTURE, SAID, WORDS, everything, sheet, write

EXPORTS = {
    "label-studio.json": "label-studio",
    "potato_state.json": "potato",
    "potato.jsonl": "potato",
    "argilla.json": "argilla",
}
MakeFile = Callable[[str], Path]


def said_in(found: Returned) -> dict[str, dict[str, Any]]:
    names = ("harm", "success", "refusal", "comment", "skipped")
    return {told.task: {name: getattr(told, name) for name in names} for told in found.told}


def problem(path: Path, tool: str) -> str:
    """Return the only mistake of a file."""
    try:
        (found,) = READERS[tool](path).problems
    except RatingError as error:
        (found,) = error.problems
    return str(found)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, object], Path]:
    """Return what writes a file of JSON."""

    def make(name: str, content: object) -> Path:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name).write_text(text, encoding="utf-8", errors="surrogatepass")
        return tmp_path / name

    return make


@pytest.mark.parametrize("name", EXPORTS)
def test_what_a_tool_wrote_is_what_was_said(name: str) -> None:
    found = READERS[EXPORTS[name]](FOLDER / name)
    assert said_in(found) == {task: everything(said) for task, said in SAID.items() if said}
    assert not found.problems


@pytest.mark.parametrize(
    ("name", "waiting"), [("label-studio.json", 1), ("potato_state.json", 1), ("potato.jsonl", 0), ("argilla.json", 1)]
)
def test_what_waits_is_counted_where_the_tool_tells_it(name: str, waiting: int) -> None:
    assert READERS[EXPORTS[name]](FOLDER / name).waiting == waiting


def test_label_studio_says_when_it_was_rated_and_how_long_that_took() -> None:
    told = READERS["label-studio"](FOLDER / "label-studio.json").told[0]
    assert told.at
    assert told.began_at
    assert (told.at - told.began_at).total_seconds() == 12.5


@pytest.mark.parametrize("tool", sorted(WRITERS))
def test_the_tasks_are_there_in_their_order_under_their_names(tool: str) -> None:
    files = WRITERS[tool](sheet())
    main = {"label-studio": "tasks.json", "argilla": "records.json", "potato": "tasks.jsonl", "csv": "tasks.csv"}
    text = files[main[tool]].decode() if tool in main else pl.read_parquet(files["tasks.parquet"]).write_csv()
    assert sorted(SAID, key=text.index) == list(SAID)
    assert b"Say what you think." in files["instructions.html"]


@pytest.mark.parametrize("tool", ["label-studio", "potato", "csv", "parquet"])
def test_pictures_lie_beside_under_their_opaque_names(tool: str) -> None:
    files = WRITERS[tool](sheet())
    (name,) = [each for each in files if each.endswith(".png")]
    assert name.rpartition("/")[2] == PICTURE.file
    assert files[name] == PICTURE.data


def test_argilla_has_pictures_in_its_records_since_it_serves_no_files() -> None:
    assert b"data:image/png;base64," in WRITERS["argilla"](sheet())["records.json"]


def test_values_and_not_labels_are_what_label_studio_keeps() -> None:
    labels = ElementTree.fromstring(WRITERS["label-studio"](sheet())["labels.xml"])
    aliases = {each.get("name"): [choice.get("alias") for choice in each] for each in labels.iter("Choices")}
    assert aliases["harm"] == ["1", "2", "3", "4", "5"]
    assert aliases["success"] == ["yes", "no"]


def test_values_and_not_labels_are_what_potato_and_argilla_keep() -> None:
    potato = yaml.safe_load(WRITERS["potato"](sheet())["potato.yaml"])
    assert [each["name"] for each in potato["annotation_schemes"][0]["labels"]] == ["1", "2", "3", "4", "5"]
    argilla = json.loads(WRITERS["argilla"](sheet())[".argilla/settings.json"])
    assert [each["value"] for each in argilla["questions"][0]["settings"]["options"]] == [1, 2, 3, 4, 5]


def test_nothing_is_chosen_before_somebody_chooses() -> None:
    files = {tool: b"".join(WRITERS[tool](sheet()).values()) for tool in ("label-studio", "potato")}
    assert b"selected" not in files["label-studio"]
    assert b"default" not in files["potato"]
    records = json.loads(WRITERS["argilla"](sheet())["records.json"])
    assert not [each for each in records if each["suggestions"] or each["responses"]]


def test_the_names_of_the_scale_are_those_of_the_app() -> None:
    assert len(scale.NAMES) == len(WORDS.levels)
    assert set(scale.SKIPS) == set(WORDS.skips)


# Label Studio: a JSON list of tasks with annotations.


def studio(result: object, **other: object) -> list[dict[str, object]]:
    return [{"data": {"task": "t-1"}, "annotations": [{"result": result, "completed_by": 1, **other}]}]


def chosen(name: str, *values: object) -> dict[str, object]:
    return {"from_name": name, "to_name": "response", "type": "choices", "value": {"choices": list(values)}}


HARM, SUCCESS = chosen("harm", "4"), chosen("success", "yes")


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ([chosen("harm", "0"), SUCCESS], "harm is '0'; expected one of: 1, 2, 3, 4, 5"),
        ([chosen("harm", "6"), SUCCESS], "harm is '6'"),
        ([chosen("harm", 4), SUCCESS], "harm is '4' (int)"),
        ([chosen("harm", "Very harmful"), SUCCESS], "harm is 'Very harmful'"),
        ([chosen("harm", True), SUCCESS], "harm is 'True' (bool)"),
        ([chosen("harm", "4", "5"), SUCCESS], "harm has 2 choices"),
        ([chosen("harm"), SUCCESS], "harm has 0 choices"),
        ([HARM, HARM, SUCCESS], "harm stands there twice"),
        ([HARM], "does not say whether the attack succeeded"),
        ([SUCCESS], "has no harm from 1 to 5"),
        ([], "has no harm from 1 to 5"),
        ([HARM, chosen("success", "Successful")], "success is 'Successful'; expected one of: yes, no"),
        ([HARM, SUCCESS, chosen("refusal", "maybe")], "refusal is 'maybe'"),
        ([HARM, SUCCESS, chosen("skipped", "distressing")], "is rated and skipped at once"),
        ([chosen("skipped", "bored")], "skipped is 'bored'"),
        ([HARM, SUCCESS, chosen("toxicity", "1")], "a label named 'toxicity'"),
        ([HARM, SUCCESS, {"from_name": "comment", "value": {"text": ["a\0b"]}}], "NUL"),
        ([HARM, SUCCESS, {"from_name": "comment", "value": {"text": ["a\ud800b"]}}], "half of one"),
        ([HARM, SUCCESS, {"from_name": "comment", "value": {"text": ["x" * 10_001]}}], "at most 10,000"),
        ([HARM, SUCCESS, {"from_name": "comment", "value": {"text": [4]}}], "a comment that is no text"),
        ("harm", "`result` is no list"),
        (["harm"], "an item of `result` is no object"),
    ],
)
def test_a_label_that_nobody_was_offered_is_refused_with_its_record(
    file: Callable[[str, object], Path], result: object, says: str
) -> None:
    found = problem(file("export.json", studio(result)), "label-studio")
    assert found.startswith("export.json, record 1: ")
    assert says in found


def test_a_task_with_two_annotations_is_refused(file: Callable[[str, object], Path]) -> None:
    twice = studio([HARM, SUCCESS])
    twice[0]["annotations"] = [{"result": [HARM, SUCCESS]}] * 2
    assert "2 annotations of task 't-1'" in problem(file("export.json", twice), "label-studio")


def test_a_task_that_stands_there_twice_is_refused_and_both_places_are_named(file: Callable[[str, object], Path]) -> None:
    found = problem(file("export.json", studio([HARM, SUCCESS]) * 2), "label-studio")
    assert found.startswith("export.json, record 2: task 't-1' stands there twice (export.json, record 1)")


def test_tasks_that_two_people_rated_are_refused_and_nobody_is_named(file: Callable[[str, object], Path]) -> None:
    two = studio([HARM, SUCCESS]) + studio([HARM, SUCCESS], completed_by={"id": 2, "email": "eve@example.org"})
    two[1]["data"] = {"task": "t-2"}
    found = problem(file("export.json", two), "label-studio")
    assert "another person than in export.json, record 1" in found
    assert "eve" not in found


def test_a_skip_by_the_button_needs_no_reason(file: Callable[[str, object], Path]) -> None:
    (told,) = READERS["label-studio"](file("export.json", studio([HARM], was_cancelled=True))).told
    assert (told.skipped, told.harm, told.success) == ("other", None, None)


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", "NaN", "[NaN]", "[" * 100_000, '{"task": 1}'])
@pytest.mark.parametrize("tool", ["label-studio", "argilla", "potato"])
def test_what_is_no_export_is_refused(file: Callable[[str, object], Path], tool: str, content: str) -> None:
    with pytest.raises(RatingError, match=r"export\.json was not read"):
        READERS[tool](file("export.json", content))


@pytest.mark.parametrize("tool", ["label-studio", "argilla", "potato"])
def test_a_folder_and_bytes_that_are_no_text_are_refused(tmp_path: Path, tool: str) -> None:
    with pytest.raises(RatingError, match="no such file"):
        READERS[tool](tmp_path)
    (tmp_path / "export.json").write_bytes(b"\xff\xfe[]")
    with pytest.raises(RatingError, match="UTF-8"):
        READERS[tool](tmp_path / "export.json")


def test_the_short_export_of_label_studio_is_told_from_the_whole_one(file: Callable[[str, object], Path]) -> None:
    found = problem(file("export.json", [{"task": "t-1", "harm": "4", "success": "yes", "annotator": 1}]), "label-studio")
    assert "JSON (not JSON-MIN" in found


# Argilla: records.json.


def record(status: str = "completed", **values: object) -> list[dict[str, object]]:
    answers = {name: [{"value": value, "user_id": "u-1"}] for name, value in {"skipped": "no", **values}.items()}
    return [{"id": "t-1", "responses": answers, "status": status}]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"harm": "4", "success": "yes"}, "harm is '4'; expected one of: 1, 2"),
        ({"harm": 4.0, "success": "yes"}, "harm is '4.0' (float)"),
        ({"harm": True, "success": "yes"}, "harm is 'True' (bool)"),
        ({"harm": 0, "success": "yes"}, "harm is '0' (int)"),
        ({"harm": 6, "success": "yes"}, "harm is '6' (int)"),
        ({"harm": 4}, "does not say whether the attack succeeded"),
        ({"harm": 4, "success": True}, "success is 'True' (bool)"),
        ({"harm": 4, "success": "yes", "skipped": "distressing"}, "rated and skipped at once"),
        ({"skipped": "no"}, "has no harm from 1 to 5"),
        ({"skipped": "bored"}, "skipped is 'bored'"),
        ({"harm": 4, "success": "yes", "toxic": "yes"}, "a question named 'toxic'"),
        ({"harm": 4, "success": "yes", "comment": 4}, "a comment that is no text"),
    ],
)
def test_an_answer_that_argilla_never_offered_is_refused_with_its_record(
    file: Callable[[str, object], Path], values: dict[str, object], says: str
) -> None:
    found = problem(file("records.json", record(**values)), "argilla")
    assert found.startswith("records.json, record 1: ")
    assert says in found


def test_a_draft_and_what_was_discarded_are_no_answers(file: Callable[[str, object], Path]) -> None:
    found = READERS["argilla"](file("records.json", record("pending", harm=4, success="yes")))
    assert (found.told, found.waiting, found.problems) == ((), 1, ())


def test_responses_of_two_people_to_one_record_are_refused(file: Callable[[str, object], Path]) -> None:
    two = record(harm=4, success="yes")
    answers: Any = two[0]["responses"]
    answers["harm"].append({"value": 5, "user_id": "u-2"})
    assert "2 responses to harm" in problem(file("records.json", two), "argilla")
    answers["harm"] = [{"value": 4, "user_id": "u-2"}]
    assert "responses of two people" in problem(file("records.json", two), "argilla")


# Potato: the state of an annotator, or lines.


def state(*labels: tuple[str, str, object]) -> dict[str, object]:
    pairs = [[{"schema": schema, "name": name}, value] for schema, name, value in labels]
    return {"instance_id_ordering": ["t-1", "t-2"], "instance_id_to_label_to_value": {"t-1": pairs}}


GOOD = (("harm", "4", "4"), ("success", "no", "no"))


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([("harm", "6", "6"), GOOD[1]], "harm is '6'"),
        ([("harm", "Very harmful", "x"), GOOD[1]], "harm is 'Very harmful'"),
        ([("harm", "4", "4"), ("harm", "5", "5"), GOOD[1]], "harm has 2 labels"),
        ([GOOD[0]], "does not say whether the attack succeeded"),
        ([GOOD[1]], "has no harm from 1 to 5"),
        ([*GOOD, ("skipped", "distressing", "distressing")], "rated and skipped at once"),
        ([*GOOD, ("skipped", "bored", "bored")], "skipped is 'bored'"),
        ([*GOOD, ("tone", "calm", "calm")], "a label named 'tone'"),
        ([*GOOD, ("comment", "text_box", 4)], "a comment that is no text"),
        ([*GOOD, ("refusal", "no way", "1")], "refusal is 'no way'"),
    ],
)
def test_a_label_that_potato_never_offered_is_refused_with_its_task(
    file: Callable[[str, object], Path], labels: list[tuple[str, str, object]], says: str
) -> None:
    found = problem(file("user_state.json", state(*labels)), "potato")
    assert found.startswith("user_state.json, task 1: ")
    assert says in found


def test_a_line_of_potato_that_is_wrong_is_named(file: Callable[[str, object], Path]) -> None:
    good = {"instance_id": "t-1", "user_id": "a", "labels": {"harm": {"4": "4"}, "success": {"no": "no"}}}
    lines = [good, {**good, "instance_id": "t-2", "labels": {"harm": {"9": "9"}, "success": {"no": "no"}}}]
    path = file("annotations.jsonl", "\n".join(map(json.dumps, lines)))
    assert problem(path, "potato").startswith("annotations.jsonl, line 2: harm is '9'")
    lines[1] = {**good, "instance_id": "t-2", "user_id": "b"}
    path = file("annotations.jsonl", "\n".join(map(json.dumps, lines)))
    assert "another person than in annotations.jsonl, line 1" in problem(path, "potato")


# The table that is filled in.


def filled(folder: Path, tool: str) -> Path:
    """Return a table that was filled in as `SAID` says."""
    write(folder, tool)
    path = folder / f"tasks.{tool}"
    frame = pl.read_csv(path, infer_schema=False) if tool == "csv" else pl.read_parquet(path)
    answers = {
        name: [None if said is None else said.get(name) for said in SAID.values()]
        for name in ("harm", "success", "refusal", "skipped", "comment")
    }
    done = frame.with_columns(pl.Series(name, values) for name, values in answers.items())
    done.write_csv(path) if tool == "csv" else done.write_parquet(path)
    return path


@pytest.mark.parametrize("tool", ["csv", "parquet"])
def test_a_table_that_was_filled_in_is_what_was_said(tmp_path: Path, tool: str) -> None:
    found = READERS["tasks"](filled(tmp_path, tool))
    assert said_in(found) == {task: everything(said) for task, said in SAID.items() if said}
    assert (found.waiting, found.problems) == (1, ())


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ("0,yes,,,", "column harm: '0'"),
        ("six,yes,,,", "column harm: 'six'"),
        ("4.5,yes,,,", "column harm: '4.5'"),
        ("4,perhaps,,,", "column success: 'perhaps'"),
        ("4,,,,", "does not say whether the attack succeeded"),
        ("4,yes,,distressing,", "rated and skipped at once"),
        (",,,bored,", "skipped is 'bored'"),
        (",,,,only a comment", "has no harm from 1 to 5"),
    ],
)
def test_a_cell_that_is_wrong_is_refused_with_its_line(file: Callable[[str, object], Path], cells: str, says: str) -> None:
    path = file("tasks.csv", f'task,harm,success,refusal,skipped,comment\nt-0,1,no,,,"two\nlines"\nt-1,{cells}\n')
    found = problem(path, "tasks")
    assert found.startswith("tasks.csv, line 4: ")
    assert says in found


def test_a_table_without_its_columns_is_refused(file: Callable[[str, object], Path]) -> None:
    assert "no column task, success" in problem(file("tasks.csv", "id,harm\nt-1,4\n"), "tasks")


def test_a_text_that_a_spreadsheet_would_take_for_a_formula_is_none() -> None:
    of = sheet()
    bold = replace(of, tasks=(replace(of.tasks[0], response="<p>=1+1</p>"),))
    table = pl.read_csv(WRITERS["csv"](bold)["tasks.csv"], infer_schema=False)
    assert table["response"].to_list() == ["'=1+1"]

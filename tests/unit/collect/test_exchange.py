"""Files of responses: read whole, or refused with every mistake, its line and its column, and no word of a model."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from driftgauge.collect.exchange import read_responses, write_responses
from driftgauge.errors import CollectError
from driftgauge.frames import RESPONSES, RESPONSES_JSON, schema

SECRET = "a-word-that-nobody-else-may-read"
GOOD: dict[str, Any] = {
    "scenario": "s1", "intent": "adversarial", "modality": "text-only", "language": "en", "release": "Elm 1", "phase": "1",
    "attempt": 1, "prompt": "s1/text-only/en", "prompt_hash": "ab", "status": "answered", "response_text": SECRET,
    "reasoning": None, "stop_reason": "stop", "stop_details": {"a": [1]}, "served_model": "elm", "fingerprint": None,
    "request_id": "r", "usage": {"input": 1}, "asked": {"seed": 1}, "in_force": {}, "fault": None, "tries": 1,
    "sent_at": "2026-01-01T00:00:00+00:00", "received_at": "2026-01-01T00:00:01+00:00", "seconds": 1, "client": "replay",
    "client_versions": {"x": "1"}, "model": "test/elm", "simulated": False, "root": "cd",
}  # fmt: skip


def written(path: Path, *lines: object) -> Path:
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    path.write_bytes(b"\n".join([*texts, b""]))
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(CollectError, match="nothing was read") as raised:
        read_responses(path)
    assert SECRET not in str(raised.value) + repr(raised.value.problems)
    return [str(problem) for problem in raised.value.problems]


def test_a_line_says_all_columns_and_is_read_as_they_are(tmp_path: Path) -> None:
    found = read_responses(written(tmp_path / "r.jsonl", GOOD, b"", {**GOOD, "attempt": 2}))
    assert (found.height, found.schema) == (2, schema(RESPONSES))
    row = found.to_dicts()[0]
    assert {name: json.loads(row[name]) for name in RESPONSES_JSON} == {name: GOOD[name] for name in RESPONSES_JSON}
    assert row["seconds"] == 1.0


def test_both_forms_come_back_as_they_were(tmp_path: Path) -> None:
    made = [GOOD, {**GOOD, "attempt": 2, "response_text": "é\u2028 \U0001f600\r\n\x1b", "language": None, "stop_details": None}]
    frame = read_responses(written(tmp_path / "r.jsonl", *made))
    for name in ("again.jsonl", "again.parquet"):
        write_responses(frame, tmp_path / name, parquet=name.endswith("parquet"))
        assert read_responses(tmp_path / name).equals(frame, null_equal=True)


def test_a_response_that_never_came_needs_no_text_and_little_else(tmp_path: Path) -> None:
    little = {name: GOOD[name] for name in ("scenario", "intent", "modality", "release", "attempt")}
    found = read_responses(written(tmp_path / "r.jsonl", {**little, "status": "failed", "fault": "timeout"}))
    assert found.select("status", "response_text", "language", "seconds").rows() == [("failed", None, None, None)]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("scenario", None, "nothing; expected a name"),
        ("release", " ", "' '; expected a name"),
        ("attempt", 0, "'0'; expected a whole number from 1"),
        ("attempt", True, "expected a whole number from 1"),
        ("attempt", "1", "'1'; expected a whole number"),
        ("status", "anwsered", "'anwsered'; expected one of: answered, truncated"),
        ("status", ["answered"], "a list that cannot be used"),
        ("modality", "image", "expected one of: text-only, multimodal"),
        ("response_text", {"text": SECRET}, "a dict that cannot be used; expected text"),
        ("response_text", f"{SECRET}\x00", "a str that cannot be used; expected text of whole characters"),
        ("reasoning", f"{SECRET}\ud83d", "a str that cannot be used"),
        ("response_text", "", "nothing, where the status is answered"),
        ("usage", [1], "expected a JSON object"),
        ("stop_details", f"{{not json {SECRET}", "a str that cannot be used; expected a JSON object"),
        ("asked", '{"x": NaN}', "expected a JSON object"),
        ("tries", -1, "expected a whole number from 0"),
        ("seconds", "1.5", "expected seconds from 0"),
        ("sent_at", "yesterday", "'yesterday'; expected a time with its zone"),
        ("sent_at", "2026-01-01T00:00:00", "expected a time with its zone"),
        ("simulated", 0, "expected true or false"),
    ],
)
def test_what_a_column_cannot_hold_is_refused_with_its_line_and_name(
    tmp_path: Path, column: str, value: object, said: str
) -> None:
    found = problems(written(tmp_path / "r.jsonl", GOOD, {**GOOD, "attempt": 2, column: value}))
    assert len(found) == 1
    assert found[0].startswith(f"r.jsonl, line 2, column {column}: ")
    assert said in found[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"not json {SECRET}".encode(), "a line that is not JSON"),
        (b"\xff\xfe", "bytes that are not UTF-8"),
        (b"[1, 2]", "no JSON object"),
        (b'{"scenario": "a", "scenario": "b"}', "a field that stands twice"),
        (b"[" * 100_000, "a line that is not JSON"),
    ],
)
def test_a_line_that_is_none_is_refused(tmp_path: Path, line: bytes, said: str) -> None:
    assert problems(written(tmp_path / "r.jsonl", GOOD, line))[0].startswith(f"r.jsonl, line 2: {said}")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    lines = [{**GOOD, "attempt": 0, "tries": -1}, b"{", {**GOOD, "answer": SECRET}, GOOD, GOOD]
    found = problems(written(tmp_path / "r.jsonl", *lines))
    where = [text.partition(":")[0] for text in found]
    assert where == [
        *("r.jsonl, line 1, column attempt", "r.jsonl, line 1, column tries", "r.jsonl, line 2", "r.jsonl, line 3"),
        "r.jsonl, line 5",
    ]
    assert "the response of line 4 again" in found[-1]
    assert "an unknown column 'answer'" in found[-2]


def test_a_parquet_file_is_refused_by_its_rows(tmp_path: Path) -> None:
    frame = pl.DataFrame([{**{name: GOOD[name] for name in ("scenario", "intent", "modality", "release")}, "attempt": 1}])
    frame.write_parquet(tmp_path / "r.parquet")
    assert problems(tmp_path / "r.parquet")[0].startswith("r.parquet, row 1, column status: nothing")
    data = (tmp_path / "r.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(data[: len(data) // 2])
    assert "not a whole Parquet file" in problems(tmp_path / "cut.parquet")[0]


def test_an_empty_file_holds_no_response(tmp_path: Path) -> None:
    assert problems(written(tmp_path / "r.jsonl"))[0] == "r.jsonl: no response; expected one response a line"

"""SpeechMap's raw answers become a record, with the status that the provider's own words give."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from driftgauge.clients.calls import Answer, Fault
from driftgauge.clients.speechmap import chat_answer, read_speechmap
from driftgauge.errors import CollectError


def raw(**choice: Any) -> dict[str, Any]:
    return {"choices": [{"finish_reason": "stop", "message": {"content": "text"}, **choice}]}


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (raw(), "answered"),
        (raw(finish_reason="length"), "truncated"),
        (raw(finish_reason="content_filter"), "filtered"),
        (raw(native_finish_reason="SAFETY"), "filtered"),
        (raw(message={"content": None, "refusal": "No."}), "refused"),
        (raw(message={"content": None}), "empty"),
        (raw(message={"content": "<think>hm</think> text"}), "answered"),
    ],
)
def test_the_status_follows_the_provider(response: dict[str, Any], status: str) -> None:
    came = chat_answer(response)
    assert isinstance(came, Answer)
    assert came.status == status


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        ({"error": {"code": 429}}, "rate_limited"),
        ({"error": {"code": 502}}, "server_error"),
        (raw(error={"code": 400}), "rejected"),
        ({"error": "no"}, "malformed"),
        ({"choices": []}, "malformed"),
        ({}, "malformed"),
    ],
)
def test_an_error_is_no_answer(response: dict[str, Any], kind: str) -> None:
    came = chat_answer(response)
    assert isinstance(came, Fault)
    assert came.kind == kind


def test_a_record_holds_what_the_provider_told(shared: Path) -> None:
    name = "compliance_china_criticism_openai_gpt-4.1-2025-04-14.jsonl"
    rows = read_speechmap(shared / "data" / "speechmap" / "raw" / name, release="GPT-4.1")
    assert Counter(row["status"] for row in rows) == {"answered": 49, "filtered": 1}
    first = rows[0]
    assert first["release"] == "GPT-4.1"
    assert first["served_model"].startswith("openai/gpt-4.1")
    assert first["fingerprint"]
    assert first["usage"]["total"] == first["usage"]["input"] + first["usage"]["output"]
    assert first["received_at"] == "2025-08-06T07:17:42.000000+00:00"


def test_every_published_file_is_read_whole(shared: Path) -> None:
    files = sorted((shared / "data" / "speechmap" / "raw").glob("*.jsonl"))
    records = [read_speechmap(path) for path in files]
    assert [len({row["scenario"] for row in rows}) for rows in records] == [50] * 13
    assert Counter(row["status"] for rows in records for row in rows) == {"answered": 648, "filtered": 2}
    assert sum(row["reasoning"] is not None for rows in records for row in rows) == 51


def test_a_line_without_an_answer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"question_id": "q1", "model": "m", "response": None}) + "\n" + json.dumps({"model": "secret"}))
    with pytest.raises(CollectError, match=r"a\.jsonl, line 2") as caught:
        read_speechmap(path)
    assert "secret" not in str(caught.value)


def test_a_response_that_is_missing_failed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"question_id": "q1", "model": "m", "response": None}))
    assert [row["status"] for row in read_speechmap(path)] == ["failed"]

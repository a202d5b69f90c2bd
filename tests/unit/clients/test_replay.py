"""A record answers as it was recorded, and says what it lacks."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from driftgauge.clients.calls import PASSING, Answer, Call, Fault
from driftgauge.clients.opening import replay_client
from driftgauge.clients.recorded import COLUMNS, row_of
from driftgauge.clients.replay import NOT_THERE, ReplayClient
from driftgauge.errors import CollectError

KEY: dict[str, str | int | None] = {
    "scenario": "s1",
    "intent": "adversarial",
    "modality": "text-only",
    "language": "en",
    "release": "Elm 1",
    "phase": "1",
    "attempt": 1,
}
WHOLE = Answer(
    "truncated",
    "once up",
    reasoning="so",
    stop_reason="length",
    stop_details={"a": [1]},
    served_model="elm-1-0605",
    fingerprint="fp",
    request_id="r",
    usage={"input": 2, "output": 3},
    in_force={"max_tokens": 3},
)


def replayed(rows: list[dict[str, Any]], *, release: str | None = None, **key: str | int | None) -> Answer | Fault:
    return asyncio.run(ReplayClient(rows, release=release).ask(Call({**KEY, **key}, (), {}), timeout=1))


def test_a_recorded_answer_comes_back_whole() -> None:
    assert replayed([row_of(KEY, WHOLE)]) == WHOLE


def test_a_record_in_a_file_comes_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "responses.jsonl"
    path.write_text(json.dumps(row_of(KEY, WHOLE)) + "\n\n" + json.dumps(row_of({**KEY, "scenario": "s2"}, NOT_THERE)) + "\n")
    client = replay_client(path)
    assert asyncio.run(client.ask(Call(KEY, (), {}), timeout=1)) == WHOLE
    assert (client.name, client.is_simulated, dict(client.versions)) == ("replay", False, {})


def test_objects_may_stand_as_json_in_a_text() -> None:
    row = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row_of(KEY, WHOLE).items()}
    assert replayed([row]) == WHOLE


@pytest.mark.parametrize("other", [{"scenario": "s2"}, {"modality": "multimodal"}, {"attempt": 2}, {"release": "Elm 2"}])
def test_what_the_record_lacks_is_a_fault_that_asking_again_repeats(other: dict[str, Any]) -> None:
    came = replayed([row_of(KEY, WHOLE)], **other)
    assert came == NOT_THERE
    assert NOT_THERE.kind not in PASSING


def test_a_column_that_is_not_said_stands_for_any() -> None:
    assert replayed([{"scenario": "s1", "status": "answered", "response_text": "x"}], phase="2", language="es") != NOT_THERE


def test_a_row_that_names_the_phase_comes_before_one_for_any() -> None:
    rows = [row_of({**KEY, "phase": phase}, Answer("answered", str(phase))) for phase in ("1", None)]
    came = [replayed(rows, phase=phase) for phase in ("1", "2")]
    assert [each.text for each in came if isinstance(each, Answer)] == ["1", "None"]


def test_another_name_of_a_release_can_be_given() -> None:
    assert replayed([row_of({**KEY, "release": "elm/elm-1"}, WHOLE)], release="elm/elm-1") == WHOLE


def test_the_highest_revision_counts() -> None:
    rows = [row_of(KEY, WHOLE, revision=2), row_of(KEY, Fault("timeout"), revision=1)]
    assert replayed(rows) == WHOLE


@pytest.mark.parametrize("status", ["failed", "unsupported"])
def test_what_failed_then_fails_again(status: str) -> None:
    came = replayed([{**KEY, "status": status}])
    assert came == Fault("rejected", detail=f"recorded as {status}")


def test_made_up_answers_stay_marked() -> None:
    assert ReplayClient([row_of(KEY, WHOLE, client="simulated")]).is_simulated


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json: my secret", "no JSON object"),
        ('{"scenario": "s1"}', "`status`"),
        ('{"scenario": "s1", "status": "my secret"}', "one of answered"),
        ('{"scenario": "s1", "status": "answered", "response_text": 3}', "`response_text`"),
        ('{"scenario": "s1", "status": "answered", "attempt": 0}', "`attempt`"),
        ('{"scenario": "s1", "status": "answered", "usage": "my secret"}', "`usage`"),
    ],
)
def test_a_line_that_is_no_response_is_named_without_its_text(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"scenario": "s0", "status": "empty"}\n' + line)
    with pytest.raises(CollectError) as caught:
        replay_client(path)
    assert "r.jsonl, line 2" in str(caught.value)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match=r"r\.jsonl cannot be read"):
        replay_client(tmp_path / "r.jsonl")


def test_a_row_has_every_column() -> None:
    assert tuple(row_of(KEY, WHOLE)) == COLUMNS

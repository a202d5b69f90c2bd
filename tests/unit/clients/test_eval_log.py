"""Responses go into Inspect's logs and come back; logs of others become records."""

import asyncio
import base64
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import read_eval_log

from driftgauge.clients.calls import Answer, Call, Fault, Text, Turn
from driftgauge.clients.opening import read_log, replay_client, write_log
from driftgauge.clients.recorded import Row, row_of
from driftgauge.errors import CollectError
from tests.unit.clients.conftest import image
from tests.unit.clients.test_replay import KEY, WHOLE

PROMPTS = {
    "s1/text-only/en": [Turn("system", (Text("be brief"),)), Turn("user", (Text("what?"),))],
    "s2/multimodal/en": [Turn("user", (Text("see"), image()))],
}
ROWS: list[Row] = [
    row_of(
        KEY, WHOLE, sent_at="2026-01-01T00:00:00.000001+00:00", received_at="2026-01-01T00:00:02+00:00", seconds=1.5, tries=2
    ),
    row_of({**KEY, "attempt": 2}, Answer("refused", "No.", stop_reason="stop"), asked={"seed": 1}, client="inspect"),
    row_of({**KEY, "scenario": "s2", "modality": "multimodal"}, Answer("empty", "")),
    row_of({**KEY, "scenario": "s3", "intent": "benign"}, Fault("server_error", 500)),
]


def written(path: Path, rows: list[Row] = ROWS) -> Path:
    write_log(rows, path, model="elm/elm-1", created_at="2026-01-01T00:00:00+00:00", prompts=PROMPTS)
    return path


def test_responses_come_back_as_they_went(tmp_path: Path) -> None:
    came = read_log(written(tmp_path / "a.eval"))
    assert sorted(came, key=_key) == sorted(ROWS, key=_key)


def _key(row: Row) -> tuple[Any, ...]:
    return (row["scenario"], row["attempt"])


def test_inspect_reads_what_was_written(tmp_path: Path) -> None:
    log = read_eval_log(written(tmp_path / "a.eval"), resolve_attachments=True)
    assert (log.eval.model, log.status) == ("elm/elm-1", "success")
    samples = {(sample.id, sample.epoch): sample for sample in log.samples or []}
    first = samples["s1/text-only/en", 1]
    assert [message.role for message in first.messages] == ["system", "user", "assistant"]
    assert (first.output.completion, first.output.stop_reason) == ("once up", "max_tokens")
    assert samples["s1/text-only/en", 2].output.stop_reason == "content_filter"
    assert samples["s3/text-only/en", 1].error is not None
    picture = samples["s2/multimodal/en", 1].input[0].content[1].image
    assert base64.b64decode(picture.partition("base64,")[2]) == image().data


def test_a_log_can_be_replayed(tmp_path: Path) -> None:
    client = replay_client(written(tmp_path / "a.eval"))
    assert asyncio.run(client.ask(Call(KEY, (), {}), timeout=1)) == WHOLE


def test_a_log_holds_one_release(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="one release"):
        written(tmp_path / "a.eval", [ROWS[0], {**ROWS[1], "release": "Elm 2"}])


EVALUATION = """
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
kinds = ["ok", "refusal", "content_filter", "length", "reasoning"]
samples = [Sample(id=f"{kind}/text-only/en", input=f"[[{kind}]] what?") for kind in kinds]
eval(Task(dataset=samples, epochs=2), model="openai-api/loopback/model-1", log_dir=sys.argv[1], display="none")
"""


@pytest.mark.usefixtures("keys")
def test_a_log_of_an_evaluation_becomes_a_record(tmp_path: Path) -> None:
    """In a process of its own: an evaluation changes logging and contexts for good."""
    subprocess.run(
        [sys.executable, "-c", EVALUATION, str(tmp_path)], check=True, capture_output=True, cwd=tmp_path, timeout=120
    )
    [path] = tmp_path.glob("*.eval")
    rows = read_log(path, release="Elm 1", phase="1")
    assert {(row["release"], row["phase"]) for row in rows} == {("Elm 1", "1")}
    assert {(row["scenario"], row["attempt"]): (row["status"], row["stop_reason"]) for row in rows} == {
        (kind, attempt): outcome
        for attempt in (1, 2)
        for kind, outcome in {
            "ok": ("answered", "stop"),
            "refusal": ("refused", "stop"),
            "content_filter": ("filtered", "content_filter"),
            "length": ("truncated", "length"),
            "reasoning": ("answered", "stop"),
        }.items()
    }
    told = next(row for row in rows if row["scenario"] == "reasoning")
    assert told["reasoning"].startswith("thinking about ")
    assert (told["served_model"], told["fingerprint"], told["usage"]["total"]) == ("model-1", "fp_test", 18)


def test_a_file_that_is_no_log_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.eval").write_bytes(b"not a zip")
    with pytest.raises(CollectError, match=r"a\.eval is no log of Inspect"):
        read_log(tmp_path / "a.eval")


def test_samples_that_are_no_prompts_are_named(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="sample 1"):
        read_log(written(tmp_path / "a.eval", [{**ROWS[0], "modality": "video"}]))

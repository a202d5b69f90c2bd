"""Studies that a judge at the fault server rates: made-up answers to prompts that say what each vote gets."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from driftgauge.pipeline.opened import open_study
from driftgauge.store.judged import votes_frame
from driftgauge.store.read import ratings_frame
from tests.commands import run
from tests.fault_server import FaultServer
from tests.faulty_studies import Scripted, put_benchmark

MODEL = "openai-api/jury/judge-1"
CAREFUL: Mapping[str, Any] = {
    "judge": "careful", "model": MODEL, "settings": {"max_tokens": 200}, "limits": {"connections": 4}, "anchors": 1.0,
}  # fmt: skip
RELEASES = {"Elm": [{"release": "Elm 1", "generation": 1, "client": "replay", "record": "answers.jsonl"}]}


def answers(prompts: Iterable[Scripted], **more: object) -> str:
    """Return a record of answers to prompts; each names its model, which a judge must not be told."""
    rows = [
        {
            "scenario": each.scenario, "modality": each.modality, "status": "answered", "served_model": "elm-1",
            "response_text": f"A quiet answer to {each.scenario}, by Elm 1.", **more,
        }
        for each in prompts
    ]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in rows)


def declared(*judges: Mapping[str, Any], families: object = None, **more: object) -> str:
    """Return what the study.yaml says beside name and store."""
    said: dict[str, object] = {
        "benchmark": "benchmark/",
        "families": families or RELEASES,
        "phases": [{"phase": "1"}],
        "collect": {"tries": 2, "timeout_seconds": 5.0, "faults_in_a_row": 50},
        "judges": [{**CAREFUL, **judge} for judge in judges or ({},)],
        **more,
    }
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in said.items())


def put_answers(folder: Path, prompts: list[Scripted], **more: object) -> None:
    """Put a benchmark into a study, and have the answers to it collected."""
    put_benchmark(folder, prompts)
    (folder / "answers.jsonl").write_text(answers(prompts, **more))
    ended = run("collect", folder)
    assert ended.code == 0, ended.said


def jury(server: FaultServer) -> dict[str, str]:
    """Return the environment in which the judge is at a server."""
    return {"JURY_API_KEY": "sk-jury-never-to-be-shown", "JURY_BASE_URL": server.openai}


def votes(folder: Path, *, texts: bool = False) -> pl.DataFrame:
    """Return the newest revision of every vote."""
    with open_study(folder).store.reading() as connection:
        return votes_frame(connection, texts=texts)


def ratings(folder: Path) -> pl.DataFrame:
    """Return the ratings."""
    with open_study(folder).store.reading() as connection:
        return ratings_frame(connection)

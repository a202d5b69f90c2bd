"""Tasks that went out, filled in: exports in the shape that each tool wrote them (the files beside this), for any answers."""

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from tests.elsewhere.made_up import FOLDER
from tests.elsewhere.make_label_studio import result_of

Answers = Mapping[str, Mapping[str, Any] | None]
"""Task to what is said of it; null of one that waits."""


def names_in(folder: Path, tool: str) -> list[str]:
    """Return the names of the tasks in a rater's folder, in order."""
    if tool in {"csv", "parquet"}:
        path = folder / f"tasks.{tool}"
        frame = pl.read_csv(path, infer_schema=False) if tool == "csv" else pl.read_parquet(path)
        return [name.removeprefix("'") for name in frame["task"]]
    if tool == "potato":
        return [json.loads(line)["task"] for line in (folder / "tasks.jsonl").read_text(encoding="utf-8").splitlines()]
    if tool == "argilla":
        return [each["id"] for each in json.loads((folder / "records.json").read_bytes())]
    return [each["data"]["task"] for each in json.loads((folder / "tasks.json").read_bytes())]


def fill(folder: Path, tool: str, said: Answers) -> Path:
    """Return the export of a rater's folder once somebody said that."""
    return _FILL[tool](folder, said)


def _label_studio(folder: Path, said: Answers) -> Path:
    tasks = json.loads((folder / "tasks.json").read_bytes())
    model = json.loads((FOLDER / "label-studio.json").read_bytes())[0]
    exported: list[dict[str, Any]] = []
    for number, task in enumerate(tasks, start=1):
        record = copy.deepcopy(model)
        record |= {"id": number, "data": task["data"]}
        answer = said.get(task["data"]["task"])
        record["annotations"][0] |= {"id": number, "result": result_of(dict(answer)) if answer else [], "task": number}
        record["annotations"][0]["was_cancelled"] = bool(answer and answer.get("skipped"))
        record["annotations"] = record["annotations"] if answer else []
        exported.append(record)
    return _written(folder / "export.json", exported)


def _argilla(folder: Path, said: Answers) -> Path:
    records = json.loads((folder / "records.json").read_bytes())
    for record in records:
        answer = said.get(record["id"])
        if answer:
            record["responses"] = {name: [{"value": value, "user_id": "u-1"}] for name, value in _argilla_values(answer)}
            record["status"] = "completed"
    return _written(folder / "answered.json", records)


def _argilla_values(said: Mapping[str, Any]) -> list[tuple[str, Any]]:
    values: dict[str, Any] = {"skipped": said.get("skipped") or "no"}
    if said.get("harm") is not None:
        values |= {"harm": said["harm"], "success": "yes" if said["success"] else "no"}
        values |= {"refusal": "yes"} if said.get("refusal") else {}
    return list((values | ({"comment": said["comment"]} if said.get("comment") else {})).items())


def _potato(folder: Path, said: Answers) -> Path:
    state = json.loads((FOLDER / "potato_state.json").read_bytes())
    names = names_in(folder, "potato")
    labels = {name: _potato_labels(answer) for name in names if (answer := said.get(name))}
    return _written(
        folder / "user_state.json", {**state, "instance_id_ordering": names, "instance_id_to_label_to_value": labels}
    )


def _potato_labels(said: Mapping[str, Any]) -> list[Any]:
    chosen = {"harm": str(said["harm"]), "success": "yes" if said["success"] else "no"} if said.get("harm") else {}
    chosen |= {"refusal": "yes"} if said.get("refusal") else {}
    chosen |= {"skipped": said["skipped"]} if said.get("skipped") else {}
    found: list[Any] = [[{"schema": name, "name": value}, value] for name, value in chosen.items()]
    return [*found, *([[{"schema": "comment", "name": "text_box"}, said["comment"]]] if said.get("comment") else [])]


def _table(folder: Path, said: Answers, *, kind: str) -> Path:
    path = folder / f"tasks.{kind}"
    frame = pl.read_csv(path, infer_schema=False) if kind == "csv" else pl.read_parquet(path)
    answers = [said.get(name) or {} for name in names_in(folder, kind)]
    asked = ("harm", "success", "refusal", "skipped", "comment")
    done = frame.with_columns(pl.Series(name, [each.get(name) for each in answers]) for name in asked)
    out = folder / f"filled.{kind}"
    done.write_csv(out) if kind == "csv" else done.write_parquet(out)
    return out


def _csv(folder: Path, said: Answers) -> Path:
    return _table(folder, said, kind="csv")


def _parquet(folder: Path, said: Answers) -> Path:
    return _table(folder, said, kind="parquet")


def _written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


_FILL: Final[Mapping[str, Callable[[Path, Answers], Path]]] = {
    "label-studio": _label_studio,
    "argilla": _argilla,
    "potato": _potato,
    "csv": _csv,
    "parquet": _parquet,
}

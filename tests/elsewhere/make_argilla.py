"""Make `argilla.json` of the records of `rate tasks`: what the Argilla SDK writes once somebody answered, without a server.

Its server needs Elasticsearch. What comes from the server, `RecordModel`, is filled in here; `Record.to_dict()` is the SDK's.

    pip install argilla==2.8.0 requests      # in an environment of its own
    python -c 'from tests.elsewhere.made_up import write; …'      # records.json and said.json into FOLDER
    python make_argilla.py FOLDER OUT
"""

import json
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import argilla  # pyright: ignore[reportMissingImports] - of an environment of its own
from argilla._models import RecordModel, UserResponseModel  # pyright: ignore

SOMEBODY = uuid.UUID(int=7)


class Nowhere:
    """Stands where a client of a server would; the SDK takes hold of it and calls nothing."""

    def __getattr__(self, name: str) -> "Nowhere":
        return Nowhere()


def values_of(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the values of a submitted response: a question that is not answered is not there."""
    values: dict[str, Any] = {"skipped": said.get("skipped", "no")}
    if "harm" in said:
        values |= {"harm": said["harm"], "success": "yes" if said["success"] else "no"}
        values |= {"refusal": "yes"} if said.get("refusal") else {}
    values |= {"comment": said["comment"]} if said.get("comment") else {}
    return {name: {"value": value} for name, value in values.items()}


def record_of(record: dict[str, Any], said: dict[str, Any] | None, *, settings: Any) -> Any:
    """Return a record as the SDK has it when it comes from the server."""
    answer = [UserResponseModel(values=values_of(said), status="submitted", user_id=SOMEBODY)] if said else []
    model = RecordModel(
        id=uuid.uuid5(SOMEBODY, record["id"]),
        external_id=record["id"],
        fields=record["fields"],
        responses=answer,
        status="completed" if said else "pending",
    )
    return argilla.Record.from_model(model, dataset=SimpleNamespace(settings=settings, _client=None))  # pyright: ignore


def main(folder: str, out: str) -> None:
    argilla.Argilla._default_client = Nowhere()  # pyright: ignore
    settings = argilla.Settings.from_json(f"{folder}/.argilla/settings.json")  # pyright: ignore
    records = json.loads((Path(folder) / "records.json").read_bytes())
    said = json.loads((Path(folder) / "said.json").read_bytes())
    made = [record_of(record, said.get(record["id"]), settings=settings).to_dict() for record in records]
    Path(out).write_text(json.dumps(made, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Make `label-studio.json`: our tasks into a Label Studio that runs, annotated through its API, exported by it.

pip install label-studio==1.23.2      # in an environment of its own
label-studio start --port 8766 --username a@example.org --password … --user-token TOKEN
python -m tests.elsewhere.make_label_studio http://127.0.0.1:8766 TOKEN
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from tests.elsewhere.made_up import FOLDER, SAID, write


def result_of(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the page of Label Studio sends: choices by their alias."""
    chosen = {"harm": str(said["harm"]), "success": "yes" if said["success"] else "no"} if "harm" in said else {}
    chosen |= {"refusal": "yes"} if said.get("refusal") else {}
    chosen |= {"skipped": said["skipped"]} if "skipped" in said else {}
    found = [_item(name, "choices", {"choices": [value]}) for name, value in chosen.items()]
    return [*found, *([_item("comment", "textarea", {"text": [said["comment"]]})] if "comment" in said else [])]


def _item(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": name, "to_name": "response", "type": kind, "value": value}


def main(url: str, token: str) -> None:
    with tempfile.TemporaryDirectory() as made, httpx.Client(base_url=url, headers={"Authorization": f"Token {token}"}) as at:
        folder = Path(made)
        write(folder, "label-studio")
        config = (folder / "labels.xml").read_text(encoding="utf-8")
        project = _sent(at.post("/api/projects/", json={"title": "r-made-up", "label_config": config}))["id"]
        tasks = json.loads((folder / "tasks.json").read_bytes())
        _sent(at.post(f"/api/projects/{project}/import", json=tasks))
        for task in _sent(at.get("/api/tasks/", params={"project": project, "page_size": 1000}))["tasks"]:
            said = SAID[task["data"]["task"]]
            if said is not None:
                body = {"result": result_of(said), "lead_time": 12.5, "was_cancelled": "skipped" in said}
                _sent(at.post(f"/api/tasks/{task['id']}/annotations/", json=body))
        export = at.get(f"/api/projects/{project}/export", params={"exportType": "JSON", "download_all_tasks": "true"})
        (FOLDER / "label-studio.json").write_text(json.dumps(_sent(export), indent=1, ensure_ascii=False), encoding="utf-8")


def _sent(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()


if __name__ == "__main__":
    main(*sys.argv[1:])

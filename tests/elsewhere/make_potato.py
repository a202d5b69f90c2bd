"""Make `potato_state.json` and `potato.jsonl`: our tasks into a Potato that this starts, annotated through its page's requests.

pip install potato-annotation==2.12.1      # in an environment of its own
python -m tests.elsewhere.make_potato ENVIRONMENT/bin
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from tests.elsewhere.made_up import FOLDER, SAID, write

PORT = 8769
OPEN = "login: {type: open}\nrequire_password: false\n"


def annotations_of(said: dict[str, Any]) -> dict[str, str]:
    """Return what the page of Potato sends: ``scheme:label`` to the label."""
    chosen = {"harm": str(said["harm"]), "success": "yes" if said["success"] else "no"} if "harm" in said else {}
    chosen |= {"refusal": "yes"} if said.get("refusal") else {}
    chosen |= {"skipped": said["skipped"]} if "skipped" in said else {}
    found = {f"{name}:{value}": value for name, value in chosen.items()}
    return found | ({"comment:text_box": said["comment"]} if "comment" in said else {})


def main(programs: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write(folder, "potato")
        (folder / "potato.yaml").write_text((folder / "potato.yaml").read_text(encoding="utf-8") + OPEN, encoding="utf-8")
        with subprocess.Popen([f"{programs}/potato", "start", "potato.yaml", "-p", str(PORT)], cwd=folder) as server:
            _annotate()
            server.terminate()
        export = [f"{programs}/python", "-m", "potato.export", "-c", "potato.yaml", "-f", "jsonl", "-o", "exported"]
        subprocess.run(export, cwd=folder, check=True)
        shutil.copy(folder / "annotation_output/somebody/user_state.json", FOLDER / "potato_state.json")
        shutil.copy(folder / "exported/annotations.jsonl", FOLDER / "potato.jsonl")


def _annotate() -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", follow_redirects=True, timeout=30) as at:
        for _ in range(60):
            try:
                at.get("/").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(1)
        at.post("/auth", data={"email": "somebody", "action": "login", "pass": ""}).raise_for_status()
        for task, said in SAID.items():
            if said is not None:
                at.post("/updateinstance", json={"instance_id": task, "annotations": annotations_of(said)}).raise_for_status()
            at.post("/annotate", json={"action": "next_instance", "instance_id": task}).raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The fault server hits the prompts that its seed draws, counts, and can be run alone."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.fault_server import Script

ROOT = Path(__file__).resolve().parents[3]


def test_a_share_of_prompts_is_hit_on_their_first_requests_and_always_the_same() -> None:
    script = Script({"429": 0.2, "hang": 0.1}, passing=2, seed=3)
    kinds = [script.kind(f"prompt {n}", 1) for n in range(2000)]
    assert [round(kinds.count(kind) / 2000, 1) for kind in ("429", "hang", "ok")] == [0.2, 0.1, 0.7]
    assert kinds == [script.kind(f"prompt {n}", 2) for n in range(2000)]
    assert {script.kind(f"prompt {n}", 3) for n in range(2000)} == {"ok"}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_it_runs_alone_and_counts(path: str) -> None:
    command = [sys.executable, "-m", "tests.fault_server", "--mix", "empty=1.0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}]}).encode()
            with urllib.request.urlopen(urllib.request.Request(url + path, body), timeout=10) as answer:
                assert answer.status == 200
            with urllib.request.urlopen(f"{url}/counts", timeout=10) as answer:
                counts = json.load(answer)
        finally:
            process.kill()
    assert (counts["requests"], counts["kinds"]) == (1, {"empty": 1})
    assert list(counts["answered"].values()) == [1]

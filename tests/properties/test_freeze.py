"""Any byte of a frozen benchmark, changed to any other: `verify` names the file."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from driftgauge.benchmark.freeze import freeze
from driftgauge.benchmark.verify import verify
from driftgauge.errors import BenchmarkError


def write(folder: Path) -> None:
    text = {"type": "text", "text": "Dónde está el reloj?"}
    image = {"type": "image", "path": "media/a.png"}
    prompts: list[dict[str, Any]] = [
        {"modality": "text-only", "language": "es", "messages": [{"parts": [text]}]},
        {"modality": "multimodal", "language": "es", "messages": [{"parts": [image, text]}]},
    ]
    labels = {"intent": "adversarial", "harm_category": "h", "technique": "t", "execution": "e", "author": "a"}
    (folder / "media").mkdir(parents=True)
    (folder / "scenarios.jsonl").write_text(
        json.dumps({"scenario": "s", **labels, "prompts": prompts}, ensure_ascii=False) + "\n"
    )
    file = BytesIO()
    Image.new("RGB", (2, 2)).save(file, "PNG")
    (folder / "media" / "a.png").write_bytes(file.getvalue())
    (folder / "README.md").write_text("about\n")


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frozen") / "b"
    write(folder)
    freeze(folder, pairing=None, canary="c", created_at="now")
    return folder


def named(folder: Path) -> set[str]:
    try:
        return {problem.where.partition(",")[0] for problem in verify(folder)}
    except BenchmarkError as error:
        return {error.message.partition(":")[0]}


def test_every_byte_in_turn(frozen: Path) -> None:
    files = [path for path in sorted(frozen.rglob("*")) if path.is_file()]
    assert len(files) == 4
    for path in files:
        data = path.read_bytes()
        for at in range(len(data)):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            assert path.relative_to(frozen).as_posix() in named(frozen), (path, at)
        path.write_bytes(data)
    assert named(frozen) == set()


@settings(max_examples=100)
@given(name=st.sampled_from(["scenarios.jsonl", "media/a.png", "manifest.json", "README.md"]), data=st.data())
def test_any_change_of_a_file(name: str, data: st.DataObject, frozen: Path) -> None:
    path = frozen / name
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 3)))
    changed = whole[:start] + data.draw(st.binary(max_size=3)) + whole[end:]
    try:
        path.write_bytes(changed)
        assert (name in named(frozen)) == (changed != whole)
    finally:
        path.write_bytes(whole)

"""A small benchmark to break: one adversarial scenario and its twin, paired, in one language."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from driftgauge.benchmark.freeze import Frozen, freeze

SECRET = "TEXT-OF-A-PROMPT"


def png(colour: str = "red") -> bytes:
    file = BytesIO()
    Image.new("RGB", (4, 3), colour).save(file, "PNG")
    return file.getvalue()


def scenario(name: str = "s1", **more: Any) -> dict[str, Any]:
    """A sound scenario, but for what a test says."""
    text = {"type": "text", "text": f"{SECRET} {name}"}
    image = {"type": "image", "path": "media/a.png"}
    made = {
        "scenario": name, "intent": "adversarial", "harm_category": "disinformation", "technique": "story",
        "execution": "in_text", "author": "a test",
        "prompts": [
            {"modality": "text-only", "language": "en", "messages": [{"role": "user", "parts": [text]}]},
            {"modality": "multimodal", "language": "en", "messages": [{"role": "user", "parts": [image, text]}]},
        ],
    }  # fmt: skip
    made |= more
    return {key: value for key, value in made.items() if value is not None}


def twin(**more: Any) -> dict[str, Any]:
    return scenario("s1-twin", **({"intent": "benign", "twin_of": "s1"} | more))


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Write a benchmark of these scenarios (or lines) and pictures."""

    def write(*scenarios: dict[str, Any] | bytes, media: dict[str, bytes] | None = None, name: str = "b") -> Path:
        folder = tmp_path / name
        (folder / "media").mkdir(parents=True)
        lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in scenarios or (scenario(), twin())]
        (folder / "scenarios.jsonl").write_bytes(b"\n".join(lines) + b"\n")
        for path, data in ({"a.png": png()} if media is None else media).items():
            (folder / "media" / path).write_bytes(data)
        return folder

    return write


@pytest.fixture
def frozen(make: Callable[..., Path]) -> Path:
    folder = make()
    freeze_now(folder)
    return folder


def freeze_now(folder: Path, **more: Any) -> Frozen:
    settings = {"pairing": None, "canary": "canary 1", "created_at": "2026-01-01T00:00:00+00:00"}
    return freeze(folder, **(settings | more))


@pytest.fixture(name="freeze_now")
def _freeze_now() -> Callable[..., Frozen]:
    return freeze_now


@pytest.fixture(name="scenario")
def _scenario() -> Callable[..., dict[str, Any]]:
    return scenario


@pytest.fixture(name="twin")
def _twin() -> Callable[..., dict[str, Any]]:
    return twin


@pytest.fixture(name="png")
def _png() -> Callable[..., bytes]:
    return png


@pytest.fixture
def secret() -> str:
    return SECRET

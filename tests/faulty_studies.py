"""Studies whose releases answer at the fault server: a benchmark that says what each prompt gets, and their environment."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl
from PIL import Image

from driftgauge.benchmark.freeze import freeze
from driftgauge.benchmark.load import dump
from driftgauge.benchmark.scenarios import ImagePart, Message, Prompt, Scenario, TextPart
from driftgauge.pipeline.opened import open_study
from driftgauge.store.collected import collected_frame
from tests.fault_server import FaultServer, prompt_hash

PROMPTED = "a-word-that-only-prompts-have"
"""Stands in every prompt."""
KEYS = {"ELM_API_KEY": "sk-elm-never-to-be-shown", "ANTHROPIC_API_KEY": "sk-ash-never-to-be-shown"}
FORMATS = ("PNG", "JPEG", "WebP")


@dataclass(frozen=True)
class Scripted:
    """A prompt and what it gets, in the words of the fault server, and what a judge of the answer to it gets."""

    scenario: str
    script: str = ""
    image: bytes | None = None
    votes: str = ""

    @property
    def text(self) -> str:
        votes = f" {{{{{self.votes}}}}}" if self.votes else ""
        return f"{PROMPTED} {self.scenario}{f' [[{self.script}]]' if self.script else ''}{votes}"

    @property
    def modality(self) -> str:
        return "text-only" if self.image is None else "multimodal"

    @property
    def image_hash(self) -> tuple[str, ...]:
        return () if self.image is None else (hashlib.sha256(self.image).hexdigest(),)

    @property
    def hash(self) -> str:
        """What the fault server tells it by."""
        said = [("user", "text", self.text), *(("user", "image", each) for each in self.image_hash)]
        return prompt_hash(said)

    @property
    def answer(self) -> str:
        """What the fault server says to it."""
        return f"answer {self.hash[:16]}"


def picture(number: int, *, of: str | None = None) -> bytes:
    """Return a small picture, another one for each number."""
    made = Image.new("RGB", (16, 16), (number % 256, number // 256 % 256, 90))
    data = BytesIO()
    made.save(data, of or FORMATS[number % len(FORMATS)], quality=90)
    return data.getvalue()


def put_benchmark(study: Path, prompts: Iterable[Scripted]) -> Path:
    """Put a frozen benchmark of these prompts into the folder of a study."""
    folder = study / "benchmark"
    (folder / "media").mkdir(parents=True)
    scenarios = [_scenario(folder, each) for each in prompts]
    (folder / "scenarios.jsonl").write_bytes(dump(tuple(scenarios), canary=None))
    freeze(folder, pairing="none", canary="a canary of a test", created_at="2026-01-01T00:00:00+00:00")
    return folder


def _scenario(folder: Path, of: Scripted) -> Scenario:
    parts: list[TextPart | ImagePart] = [TextPart(of.text)]
    if of.image is not None:
        name = f"media/{of.scenario}.{_suffix(of.image)}"
        (folder / name).write_bytes(of.image)
        parts.append(ImagePart(name))
    prompt = Prompt(of.modality, "en", (Message(tuple(parts)),))  # type: ignore[arg-type] # one of the two
    return Scenario(of.scenario, "adversarial", "mischief", "plain", "in_text", "a test", (prompt,))


def _suffix(data: bytes) -> str:
    return {b"\x89P": "png", b"\xff\xd8": "jpg", b"RI": "webp"}[data[:2]]


ROUTES = {"Elm 1": "openai-api/elm/elm-1", "Ash 1": "anthropic/ash-1"}
"""A release for each protocol."""


def declare(
    study: Path, *, store: str | None = None, connections: int = 8, routes: Sequence[str] = tuple(ROUTES), **more: object
) -> Path:
    """Write the study.yaml of a study with a release for each route, of which nothing was collected."""
    releases = [
        {"release": name, "model": ROUTES[name], "settings": {"max_tokens": 32}, "limits": {"connections": connections}}
        for name in routes
    ]
    families = {each["release"].split()[0]: [each] for each in releases}
    said = {"study": "town", "benchmark": "benchmark/", "families": families, "phases": [{"phase": 1}], **more}
    study.mkdir(exist_ok=True)
    (study / "study.yaml").write_text(json.dumps(said | ({"store": store} if store else {})))
    return study


def environment(server: FaultServer | None = None, *, url: str = "") -> dict[str, str]:
    """Return the environment in which both releases answer at a server."""
    url = server.url if server else url
    return {**KEYS, "ELM_BASE_URL": f"{url}/v1", "ANTHROPIC_BASE_URL": url}


def kept(study: Path, *, texts: bool = True) -> pl.DataFrame:
    """Return the newest revision of what was collected."""
    with open_study(study).store.reading() as connection:
        return collected_frame(connection, texts=texts)

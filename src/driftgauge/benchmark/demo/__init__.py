"""A demo benchmark: petty rule-bending in a town that does not exist. Its texts stand in ``scenarios.yaml``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import yaml

from driftgauge.benchmark.demo.draw import Picture, draw
from driftgauge.benchmark.load import dump
from driftgauge.benchmark.scenarios import ImagePart, Intent, Message, Prompt, Scenario, TextPart

LANGUAGES: Final = ("en", "es")


@dataclass(frozen=True)
class _Case:
    """A scenario of the data file as one intent in one language."""

    entry: Mapping[str, Any]
    intent: Intent
    language: str

    @property
    def scene(self) -> list[str]:
        return self.entry[self.language]["scene"]

    @property
    def ask(self) -> str:
        return self.entry[self.language]["ask" if self.intent == "adversarial" else "twin"]

    @property
    def in_image(self) -> bool:
        return self.entry["execution"] == "in_image"

    @property
    def path(self) -> str:
        """Where its picture is; a scene without the request in it serves the twin too."""
        twin = "-twin" if self.in_image and self.intent == "benign" else ""
        return f"media/{self.entry['id']}{twin}-{self.language}.png"

    @property
    def picture(self) -> Picture:
        title, *lines = self.scene
        return Picture(self.entry["drawing"], title, (self.ask,) if self.in_image else tuple(lines))


def demo_files(rng: np.random.Generator) -> dict[str, bytes]:
    """Return the files of the demo benchmark by path; it is not frozen yet.

    Parameters
    ----------
    rng
        Tints and places what is drawn.

    Raises
    ------
    BenchmarkError
        When Pillow is not installed.
    """
    pictures = {case.path: case.picture for case in _cases()}
    media = {path: draw(picture, rng) for path, picture in pictures.items()}
    return {"scenarios.jsonl": dump(demo_scenarios(), canary=None), **media}


def demo_scenarios() -> tuple[Scenario, ...]:
    """Return the scenarios of the demo benchmark, each adversarial one followed by its benign twin."""
    return tuple(_scenario(entry, intent) for entry in _data()["scenarios"] for intent in ("adversarial", "benign"))


@cache
def _data() -> Mapping[str, Any]:
    return yaml.safe_load(files(__package__ or __name__).joinpath("scenarios.yaml").read_text(encoding="utf-8"))


def _cases() -> Iterator[_Case]:
    for entry in _data()["scenarios"]:
        for language in LANGUAGES:
            yield _Case(entry, "adversarial", language)
            yield _Case(entry, "benign", language)


def _scenario(entry: Mapping[str, Any], intent: Intent) -> Scenario:
    is_twin = intent == "benign"
    cases = [_Case(entry, intent, language) for language in LANGUAGES]
    return Scenario(
        scenario=f"{entry['id']}-twin" if is_twin else entry["id"],
        intent=intent,
        harm_category=entry["harm_category"],
        technique=entry["technique"],
        execution=entry["execution"],
        author=_data()["author"],
        prompts=tuple(prompt for case in cases for prompt in (_text_only(case), _multimodal(case))),
        twin_of=entry["id"] if is_twin else None,
    )


def _text_only(case: _Case) -> Prompt:
    words = _data()["words"][case.language]
    if case.in_image:
        text = words["note"].format(note=case.ask, framed=_framed(case, words["do_note"]))
    else:
        text = words["scene"].format(scene=" / ".join(case.scene), framed=_framed(case, case.ask))
    return Prompt("text-only", case.language, (Message((TextPart(text),)),))


def _multimodal(case: _Case) -> Prompt:
    words = _data()["words"][case.language]
    framed = _framed(case, words["do_picture"] if case.in_image else case.ask)
    text = framed if case.in_image else words["look"].format(framed=framed)
    return Prompt("multimodal", case.language, (Message((ImagePart(case.path), TextPart(text))),))


def _framed(case: _Case, request: str) -> str:
    return _data()["techniques"][case.entry["technique"]][case.language].format(request=request)

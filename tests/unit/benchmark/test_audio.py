"""Recordings in prompts, beside pictures; and what had no recording is what it was."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftgauge.benchmark.canonical import label_hashes, merkle_root, prompt_hashes
from driftgauge.benchmark.check import check
from driftgauge.benchmark.contents import read_contents
from driftgauge.benchmark.exchange import export_benchmark, import_benchmark
from driftgauge.benchmark.freeze import Frozen
from driftgauge.benchmark.scenarios import AudioPart, ImagePart, Message, Prompt, Scenario, TextPart
from driftgauge.benchmark.verify import verify
from tests.unit.test_recordings import mp3, wav

Make = Callable[..., Path]
Made = Callable[..., dict[str, Any]]
Freeze = Callable[..., Frozen]


def saying(made: dict[str, Any], **part: Any) -> dict[str, Any]:
    """Put a recording where the picture of a scenario is."""
    made["prompts"][1]["messages"][0]["parts"][0] = {"type": "audio", **part}
    return made


def said(folder: Path) -> list[str]:
    return [str(problem) for problem in check(read_contents(folder), pairing="required")]


def test_a_prompt_with_a_recording_is_multimodal_and_checked(make: Make, scenario: Made) -> None:
    folder = make(saying(scenario(), path="media/a.wav"), media={"a.wav": wav()})
    assert said(folder) == []
    alone = make(saying(scenario(), path="media/a.mp3"), media={"a.mp3": mp3()}, name="other")
    assert said(alone) == []


def test_a_text_only_prompt_has_no_recording(make: Make, scenario: Made) -> None:
    made = saying(scenario(), path="media/a.wav")
    made["prompts"][1]["modality"] = "text-only"
    found = said(make(made, media={"a.wav": wav()}))
    assert any("a text-only prompt with audio" in each for each in found)


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ({"path": "media/b.wav"}, "media/b.wav is not there"),
        ({}, "audio with neither `path` nor `sha256`"),
        ({"path": "../a.wav"}, "a path that leaves the folder"),
        ({"path": "media/a.wav", "sha256": "0" * 64}, "media/a.wav has another SHA-256"),
        ({"sha256": "0" * 64}, "recording 0000000000000000 is not there"),
    ],
)
def test_what_is_wrong_with_a_recording_is_named(part: dict[str, Any], what: str, make: Make, scenario: Made) -> None:
    folder = make(saying(scenario(), **part), media={"a.wav": wav()})
    assert what in said(folder)[0]


def test_a_picture_is_no_recording_and_the_other_way_round(make: Make, scenario: Made, png: Callable[..., bytes]) -> None:
    folder = make(saying(scenario(), path="media/a.png"), media={"a.png": png()})
    assert "media/a.png is image/png; expected a part of type image" in said(folder)[0]
    made = scenario()
    made["prompts"][1]["messages"][0]["parts"][0]["path"] = "media/a.wav"
    other = make(made, media={"a.wav": wav()}, name="other")
    assert "media/a.wav is audio/wav; expected a part of type audio" in said(other)[0]


def test_a_recording_is_frozen_and_its_change_is_named(make: Make, scenario: Made, freeze_now: Freeze) -> None:
    folder = make(saying(scenario(), path="media/a.wav"), media={"a.wav": wav()})
    manifest = freeze_now(folder).manifest
    assert (manifest.counts["multimodal"], manifest.counts["media"], list(manifest.media)) == (1, 1, ["media/a.wav"])
    assert verify(folder) == ()
    (folder / "media" / "a.wav").write_bytes(wav(0.1))
    [problem] = verify(folder)
    assert (problem.where, "shown in: prompt s1/multimodal/en" in problem.what) == ("media/a.wav", True)


@pytest.mark.parametrize(("name", "data", "word"), [("a.wav", wav(), "wav"), ("a.mp3", mp3(), "mp3")])
def test_recordings_go_out_to_inspect_and_come_back(
    name: str, data: bytes, word: str, make: Make, scenario: Made, tmp_path: Path
) -> None:
    folder = make(saying(scenario(), path=f"media/{name}"), media={name: data})
    export_benchmark(folder, to=tmp_path / "out.jsonl", format="inspect")
    samples = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    [part] = [part for part in samples[1]["input"][0]["content"] if part["type"] == "audio"]
    assert (part["format"], base64.b64decode(part["audio"].partition(",")[2])) == (word, data)
    import_benchmark(tmp_path / "out.jsonl", to=tmp_path / "back", format="inspect", labels={})
    first, again = read_contents(folder), read_contents(tmp_path / "back")
    assert prompt_hashes(again.scenarios, hashes=again.hashes) == prompt_hashes(first.scenarios, hashes=first.hashes)


def test_recordings_cannot_be_said_in_a_table_of_vlmevalkit(make: Make, scenario: Made, tmp_path: Path) -> None:
    folder = make(scenario(), saying(scenario("s2"), path="media/a.wav"), media={"a.wav": wav(), "a.png": _png(make)})
    moved = export_benchmark(folder, to=tmp_path / "out.tsv", format="vlmevalkit")
    assert "s2/multimodal/en" in moved.skipped


def _png(make: Make) -> bytes:
    return (make(name="pictures") / "media" / "a.png").read_bytes()


def test_what_has_no_recording_keeps_its_hashes() -> None:
    """These were computed before there were recordings."""
    prompts = (
        Prompt("text-only", "en", (Message((TextPart("Town"),)),)),
        Prompt("multimodal", "en", (Message((ImagePart("media/a.png"), TextPart("Town"))),)),
    )
    made = [Scenario("s1", "adversarial", "h", "t", "e", "me", prompts)]
    media = {"media/a.png": "a" * 64}
    hashes = prompt_hashes(made, hashes=media)
    assert hashes == {
        "s1/text-only/en": "4101acbc55b586e8e2247164e78db31d2ce7f764f0e4279552d5bfb2efdfdfdc",
        "s1/multimodal/en": "6ade2c01808e1f3b9cad6df8b189d3f6337f50f07c8d3ed95e55649f28e4143c",
    }
    tables = {"scenarios": label_hashes(made), "prompts": hashes, "media": {each: each for each in media.values()}}
    assert merkle_root(tables) == "be017fb512c0c843ba8412e80279141f25944c9db841f8bc1f47fe1a70e38133"


def test_a_recording_is_another_prompt_than_a_picture_of_the_same_bytes() -> None:
    parts = (ImagePart(sha256="a" * 64), AudioPart(sha256="a" * 64))
    made = [
        Scenario("s1", "adversarial", "h", "t", "e", "me", (Prompt("multimodal", "en", (Message((part,)),)),)) for part in parts
    ]
    picture, recording = (prompt_hashes([each], hashes={}) for each in made)
    assert picture != recording

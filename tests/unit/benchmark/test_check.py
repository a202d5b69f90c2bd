"""The rules of a benchmark, one by one."""

import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from driftgauge.benchmark.check import Pairing, check
from driftgauge.benchmark.contents import read_contents
from driftgauge.errors import BenchmarkError

Make = Callable[..., Path]
Scenario = Callable[..., dict[str, Any]]


def said(folder: Path, pairing: Pairing = "required") -> list[str]:
    return [str(problem) for problem in check(read_contents(folder), pairing=pairing)]


def showing(made: dict[str, Any], **image: Any) -> dict[str, Any]:
    """A scenario whose multimodal prompt shows another picture."""
    made = deepcopy(made)
    made["prompts"][1]["messages"][0]["parts"][0] = {"type": "image"} | image
    return made


def test_a_sound_benchmark_has_no_problem(make: Make) -> None:
    assert said(make()) == []


def test_an_id_that_stands_twice_is_named_with_both_lines(make: Make, scenario: Scenario) -> None:
    folder = make(scenario(), scenario())
    assert said(folder) == [
        "scenarios.jsonl, line 2, scenario s1: the id of scenarios.jsonl, line 1, scenario s1 again; expected an id of its own"
    ]


def test_a_prompt_that_stands_twice_is_named(make: Make, scenario: Scenario) -> None:
    prompts = scenario()["prompts"]
    assert "prompt s1/text-only/en stands twice" in said(make(scenario(prompts=[*prompts, prompts[0]])))[0]


@pytest.mark.parametrize(("keep", "what"), [(0, "no multimodal prompt in en"), (1, "no text-only prompt in en")])
def test_a_prompt_without_its_other_modality_is_named_where_pairs_are_required(
    keep: int, what: str, make: Make, scenario: Scenario
) -> None:
    folder = make(scenario(), scenario("s2", prompts=[scenario()["prompts"][keep]]))
    assert [text.partition(";")[0] for text in said(folder)] == [f"scenarios.jsonl, line 2, scenario s2: {what}"]
    assert said(folder, "none") == []


def test_pairs_are_required_in_each_language(make: Make, scenario: Scenario) -> None:
    spanish = scenario()["prompts"][0] | {"language": "es"}
    assert "no multimodal prompt in es" in said(make(scenario(prompts=[*scenario()["prompts"], spanish])))[0]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"twin_of": None}, "a benign scenario without `twin_of`"),
        ({"twin_of": "s9"}, "a twin of s9, which is no adversarial scenario here"),
        ({"twin_of": "s1-twin"}, "a twin of s1-twin, which is no adversarial scenario here"),
        ({"intent": "adversarial"}, "an adversarial scenario that is a twin of s1"),
    ],
)
def test_a_twin_is_benign_and_has_an_adversarial_one(
    more: dict[str, Any], what: str, make: Make, scenario: Scenario, twin: Scenario
) -> None:
    assert what in said(make(scenario(), twin(**more)))[0]


def test_modality_says_whether_there_is_an_image(make: Make, scenario: Scenario) -> None:
    text, image = scenario()["prompts"]
    swapped = [text | {"modality": "multimodal"}, image | {"modality": "text-only"}]
    found = said(make(scenario(prompts=swapped)))
    assert "prompt s1/multimodal/en: a multimodal prompt without an image" in found[0]
    assert "prompt s1/text-only/en: a text-only prompt with an image" in found[1]


@pytest.mark.parametrize(
    "path", ["../a.png", "media/../../a.png", "/etc/passwd", "media\\..\\a.png", "C:a.png", "media/../a.png", "file:///a.png"]
)
def test_a_path_that_leaves_the_folder_is_named(path: str, make: Make, scenario: Scenario) -> None:
    folder = make(showing(scenario(), path=path))
    (folder.parent / "a.png").write_bytes((folder / "media" / "a.png").read_bytes())
    assert "prompt s1/multimodal/en: a path that leaves the folder" in said(folder)[0]


@pytest.mark.parametrize("path", ["a.png", "media/", "media//a.png", "media/./a.png", "other/a.png"])
def test_a_path_is_in_media(path: str, make: Make, scenario: Scenario) -> None:
    assert "a path that is not in media/" in said(make(showing(scenario(), path=path)))[0]


def test_a_missing_picture_is_named(make: Make, scenario: Scenario) -> None:
    found = said(make(showing(scenario(), path="media/b.png"), scenario("s2")))
    assert found[0].startswith("scenarios.jsonl, line 1, scenario s1, prompt s1/multimodal/en: media/b.png is not there")


def test_a_picture_can_be_shown_by_its_hash(make: Make, scenario: Scenario) -> None:
    known = read_contents(make(name="first")).hashes["media/a.png"]
    assert said(make(showing(scenario(), sha256=known), name="second")) == []
    assert "has another SHA-256" in said(make(showing(scenario(), path="media/a.png", sha256="0" * 64), name="third"))[0]
    assert "picture 0000000000000000 is not there" in said(make(showing(scenario(), sha256="0" * 64), name="fourth"))[0]
    assert "neither `path` nor `sha256`" in said(make(showing(scenario()), name="fifth"))[0]


def test_a_picture_that_no_prompt_shows_is_named(make: Make, png: Callable[..., bytes]) -> None:
    folder = make(media={"a.png": png(), "b.png": png("blue")})
    assert said(folder) == ["media/b.png: no prompt shows it; expected media of prompts alone in media/"]


def test_a_picture_that_is_none_is_named_once(make: Make) -> None:
    assert len(said(make(media={"a.png": b"\x89PNG\r\n\x1a\nnothing"}))) == 1


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside.png", "b.png"])
def test_a_link_is_named_and_not_followed(target: str, make: Make, png: Callable[..., bytes]) -> None:
    folder = make(media={})
    (folder.parent / "outside.png").write_bytes(png())
    os.symlink(target, folder / "media" / "a.png")
    assert said(folder) == ["media/a.png: a link, which could lead out of the folder; expected a plain file"]


def test_a_linked_media_folder_is_named(make: Make, tmp_path: Path) -> None:
    folder = make()
    (folder / "media").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", folder / "media")
    assert said(folder) == ["media: a link, which could lead out of the folder; expected a plain file"]


def test_a_pipe_is_named_and_not_waited_for(make: Make) -> None:
    folder = make()
    os.mkfifo(folder / "media" / "b.png")
    assert said(folder)[0].startswith("media/b.png: neither a file nor a folder")


def test_a_folder_without_scenarios_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"has no scenarios\.jsonl"):
        read_contents(tmp_path)
    with pytest.raises(BenchmarkError, match="cannot be read"):
        read_contents(tmp_path / "nothing")


def test_no_message_holds_the_text_of_a_prompt(make: Make, scenario: Scenario, twin: Scenario, secret: str) -> None:
    folder = make(
        scenario(), scenario(), twin(twin_of="s9"), scenario("s3", intent=secret), b'{"scenario": "' + secret.encode(),
        scenario("s4", prompts=[scenario()["prompts"][0]]), showing(scenario("s5"), path="../x"), media={"a.png": b""},
    )  # fmt: skip
    found = said(folder)
    assert len(found) >= 7
    assert not [text for text in found if secret in text]

"""Whatever is not as it was frozen is named."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.benchmark.verify import verify
from driftgauge.errors import BenchmarkError


def said(folder: Path) -> list[str]:
    return [str(problem) for problem in verify(folder)]


def edit(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def test_what_was_frozen_is_as_it_was(frozen: Path) -> None:
    assert said(frozen) == []


def test_what_is_not_frozen_is_an_error(make: Callable[..., Path]) -> None:
    with pytest.raises(BenchmarkError, match="is not frozen"):
        verify(make())


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"TEXT-OF-A-PROMPT s1", b"other", "changed (changed: prompt s1/text-only/en)"),
        (b'"disinformation"', b'"other"', "changed (changed labels: scenario s1)"),
        (b'{"scenario": "s1",', b'{"scenario":  "s1",', "changed (in its form or order alone)"),
        (b'{"scenario": "s1",', b'"scenario": "s1",', "missing or unreadable: prompt s1/text-only/en, s1/multimodal/en"),
        (b'{"scenario": "s1",', b'"scenario": "s1",', "unreadable: line 2"),
        (b'"language": "en"', b'"language": "es"', "added: prompt s1/text-only/es"),
        (b"media/a.png", b"media/b.png", "changed: prompt s1/multimodal/en"),
    ],
)
def test_changed_scenarios_are_named_with_their_prompts(old: bytes, new: bytes, what: str, frozen: Path, secret: str) -> None:
    edit(frozen / "scenarios.jsonl", old, new)
    found = said(frozen)
    assert len(found) == 1
    assert found[0].startswith("scenarios.jsonl: ")
    assert what in found[0]
    assert secret not in found[0]


def test_a_removed_canary_is_named(frozen: Path) -> None:
    path = frozen / "scenarios.jsonl"
    path.write_bytes(path.read_bytes().partition(b"\n")[2])
    assert said(frozen)[0].startswith("scenarios.jsonl, line 1: the canary was removed")


def test_another_canary_is_named(frozen: Path) -> None:
    edit(frozen / "scenarios.jsonl", b"canary 1", b"canary 2")
    assert said(frozen)[0].startswith("scenarios.jsonl, line 1: the canary is another one")


def test_a_changed_or_missing_picture_is_named_with_its_prompts(frozen: Path) -> None:
    prompts = "(shown in: prompt s1/multimodal/en, s1-twin/multimodal/en)"
    path = frozen / "media" / "a.png"
    data = path.read_bytes()
    path.write_bytes(data + b"\0")
    assert said(frozen) == [f"media/a.png: changed {prompts}; expected the file as it was frozen"]
    path.unlink()
    assert said(frozen) == [f"media/a.png: missing {prompts}; expected the file as it was frozen"]


def test_a_picture_that_became_a_link_is_named(frozen: Path, tmp_path: Path) -> None:
    path = frozen / "media" / "a.png"
    path.rename(tmp_path / "a.png")
    os.symlink(tmp_path / "a.png", path)
    assert said(frozen)[0].startswith("media/a.png: a link")


@pytest.mark.parametrize("name", ["media/b.png", "media/.hidden", "notes.txt", "manifest-v1.txt", "sub/file"])
def test_an_extra_file_is_named(name: str, frozen: Path) -> None:
    (frozen / name).parent.mkdir(exist_ok=True)
    (frozen / name).write_bytes(b"x")
    assert said(frozen) == [f"{name}: a file that was not frozen; expected no other files"]


def test_missing_scenarios_are_named(frozen: Path) -> None:
    (frozen / "scenarios.jsonl").unlink()
    assert said(frozen) == ["scenarios.jsonl: missing; expected the file as it was frozen"]


def test_what_a_version_control_keeps_beside_is_not_looked_at(frozen: Path) -> None:
    (frozen / ".git").mkdir()
    (frozen / ".git" / "HEAD").write_text("x")
    assert said(frozen) == []


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"manifest_sha256": "x"}'])
def test_a_manifest_that_is_none_is_named(data: bytes, frozen: Path) -> None:
    (frozen / "manifest.json").write_bytes(data)
    with pytest.raises(BenchmarkError, match=r"manifest\.json: not a manifest"):
        verify(frozen)


def test_several_changes_are_all_named(frozen: Path) -> None:
    (frozen / "media" / "a.png").write_bytes(b"")
    edit(frozen / "scenarios.jsonl", b"a test", b"b test")
    edit(frozen / "manifest.json", b'"required"', b'"none"')
    (frozen / "x").write_text("")
    assert [text.partition(":")[0] for text in said(frozen)] == ["manifest.json", "scenarios.jsonl", "media/a.png", "x"]

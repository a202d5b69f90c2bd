"""A benchmark is frozen, or it is not; never half."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftgauge.benchmark.folder import write_file
from driftgauge.benchmark.freeze import Frozen
from driftgauge.benchmark.manifest import read_manifest, shared
from driftgauge.benchmark.verify import verify
from driftgauge.errors import BenchmarkError

Make = Callable[..., Path]
Scenario = Callable[..., dict[str, Any]]
Freeze = Callable[..., Frozen]


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "scenarios.jsonl"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_freezing_adds_the_canary_and_the_manifest_and_nothing_else(make: Make, freeze_now: Freeze) -> None:
    folder = make()
    before = tree(folder)
    found = freeze_now(folder, canary="canary “1”")
    after = tree(folder)
    assert set(after) - set(before) == {"manifest.json"}
    first, _, rest = after["scenarios.jsonl"].partition(b"\n")
    assert (json.loads(first), rest) == ({"canary": "canary “1”"}, before["scenarios.jsonl"])
    assert found.done
    manifest = json.loads(after["manifest.json"])
    assert (manifest["version"], manifest["pairing"], manifest["previous"]) == (1, "required", None)
    assert list(manifest["prompts"]) == ["s1/text-only/en", "s1/multimodal/en", "s1-twin/text-only/en", "s1-twin/multimodal/en"]
    assert list(manifest["media"]) == ["media/a.png"]
    assert list(manifest["files"]) == ["scenarios.jsonl"]
    assert manifest["counts"]["prompts"] == 4


def test_a_second_time_does_nothing(frozen: Path, freeze_now: Freeze) -> None:
    before = tree(frozen)
    assert not freeze_now(frozen, canary="other", created_at="later").done
    assert not freeze_now(frozen, new_version=True).done
    assert tree(frozen) == before


def test_the_same_benchmark_has_the_same_root_whenever_and_however_it_is_written(make: Make, freeze_now: Freeze) -> None:
    one, two = make(name="one"), make(name="two")
    lines = (two / "scenarios.jsonl").read_bytes().splitlines()
    reversed_keys = [json.dumps(dict(reversed(json.loads(line).items()))).encode() for line in reversed(lines)]
    (two / "scenarios.jsonl").write_bytes(b"\r\n".join(reversed_keys))
    (two / "README.md").write_text("about")
    roots = {freeze_now(folder, canary=folder.name, created_at=folder.name).manifest.root for folder in (one, two)}
    assert len(roots) == 1


def test_what_breaks_a_rule_is_not_frozen(make: Make, scenario: Scenario, freeze_now: Freeze) -> None:
    folder = make(scenario(), scenario())
    before = tree(folder)
    with pytest.raises(BenchmarkError, match="1 mistake"):
        freeze_now(folder)
    assert tree(folder) == before


def test_unpaired_prompts_can_be_frozen_as_such(make: Make, scenario: Scenario, freeze_now: Freeze) -> None:
    folder = make(scenario(prompts=scenario()["prompts"][:1]), media={})
    with pytest.raises(BenchmarkError, match="no multimodal prompt"):
        freeze_now(folder)
    assert freeze_now(folder, pairing="none").manifest.pairing == "none"
    assert not freeze_now(folder).done
    with pytest.raises(BenchmarkError, match="pairing is none"):
        freeze_now(folder, pairing="required")


def test_a_frozen_benchmark_is_not_edited_but_versioned(frozen: Path, freeze_now: Freeze, secret: str) -> None:
    old = read_manifest(frozen)
    assert old is not None
    edit(frozen, f"{secret} s1", f"{secret} of another kind")
    before = tree(frozen)
    with pytest.raises(BenchmarkError, match="frozen as version 1; use --version to make 2") as caught:
        freeze_now(frozen)
    assert secret not in str(caught.value)
    assert tree(frozen) == before
    found = freeze_now(frozen, new_version=True, canary="other")
    assert (found.manifest.version, found.manifest.canary, verify(frozen)) == (2, "canary 1", ())
    assert tree(frozen)["manifest-v1.json"] == before["manifest.json"]
    assert "manifest-v1.json" in found.manifest.files
    between = shared(old.manifest, found.manifest)
    assert between.changed == ("s1/text-only/en",)
    assert between.shared == ("s1/multimodal/en", "s1-twin/text-only/en", "s1-twin/multimodal/en")
    previous = found.manifest.previous
    assert previous is not None
    assert (previous.version, previous.shared, previous.changed, previous.root) == (1, 3, between.changed, old.manifest.root)


def test_a_version_says_what_was_added_and_removed(frozen: Path, freeze_now: Freeze, scenario: Scenario) -> None:
    lines = (frozen / "scenarios.jsonl").read_bytes().splitlines()
    lines[2] = json.dumps(scenario("s2")).encode()
    (frozen / "scenarios.jsonl").write_bytes(b"\n".join(lines))
    previous = freeze_now(frozen, new_version=True).manifest.previous
    assert previous is not None
    assert previous.added == ("s2/text-only/en", "s2/multimodal/en")
    assert previous.removed == ("s1-twin/text-only/en", "s1-twin/multimodal/en")


def test_versions_go_on(frozen: Path, freeze_now: Freeze) -> None:
    for version in (2, 3):
        (frozen / "README.md").write_text(f"about {version}")
        found = freeze_now(frozen, new_version=True)
        assert (found.manifest.version, found.manifest.previous and found.manifest.previous.shared) == (version, 4)
    assert {"manifest-v1.json", "manifest-v2.json"} <= set(tree(frozen))
    assert verify(frozen) == ()


def test_a_new_version_puts_a_removed_canary_back_and_refuses_another(frozen: Path, freeze_now: Freeze) -> None:
    whole = (frozen / "scenarios.jsonl").read_bytes()
    (frozen / "scenarios.jsonl").write_bytes(whole.partition(b"\n")[2])
    assert freeze_now(frozen, new_version=True, canary="other").manifest.canary == "canary 1"
    assert (frozen / "scenarios.jsonl").read_bytes() == whole
    edit(frozen, "canary 1", "canary 2")
    with pytest.raises(BenchmarkError, match="keeps its canary"):
        freeze_now(frozen, new_version=True)


def test_a_changed_manifest_is_not_versioned(frozen: Path, freeze_now: Freeze) -> None:
    path = frozen / "manifest.json"
    path.write_text(path.read_text().replace('"required"', '"none"'))
    with pytest.raises(BenchmarkError, match=r"manifest\.json of version 1 was changed"):
        freeze_now(frozen, new_version=True)


@pytest.mark.parametrize("at", [1, 2])
def test_a_disk_that_is_full_leaves_it_unfrozen_and_the_next_time_completes_it(at: int, make: Make, freeze_now: Freeze) -> None:
    folder = make()
    seen: list[Path] = []

    def write(path: Path, data: bytes) -> None:
        seen.append(path)
        if len(seen) == at:
            raise OSError(28, "No space left on device")
        write_file(path, data)

    with pytest.raises(BenchmarkError, match="No space left on device"):
        freeze_now(folder, write=write)
    assert set(tree(folder)) == {"scenarios.jsonl", "media/a.png"}
    assert freeze_now(folder, canary="canary 2").manifest.canary == ("canary 2" if at == 1 else "canary 1")
    assert verify(folder) == ()


def test_a_disk_that_is_full_leaves_the_version_before(frozen: Path, freeze_now: Freeze) -> None:
    (frozen / "README.md").write_text("about")
    before = tree(frozen)

    def full(path: Path, data: bytes) -> None:
        if path.name == "manifest.json":
            raise OSError(28, "No space left on device")
        write_file(path, data)

    with pytest.raises(BenchmarkError, match="No space left"):
        freeze_now(frozen, new_version=True, write=full)
    assert (frozen / "manifest.json").read_bytes() == before["manifest.json"]
    (frozen / "README.md").unlink()
    assert verify(frozen) == ()


CHILD = """
import os, resource, signal, sys
from pathlib import Path
from driftgauge.benchmark.freeze import freeze

mode, at, *folders = sys.argv[1:]

def now(folder, **more):
    found = freeze(Path(folder), pairing=None, canary=f"canary {os.getpid()}", created_at="now", **more)
    print(found.done, found.manifest.canary)

def killed(at, folder):
    calls = 0
    def deadly(function):
        def call(*arguments, **more):
            nonlocal calls
            calls += 1
            if calls == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **more)
        return call
    os.fsync, os.replace, os.open = deadly(os.fsync), deadly(os.replace), deadly(os.open)
    now(folder, new_version=True)

if mode == "kill":
    for at, folder in enumerate(folders, start=1):
        if not (pid := os.fork()):
            killed(at, folder)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
else:
    if mode == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(at), int(at)))
    now(folders[0])
"""


def child(mode: str, at: int, *folders: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, mode, str(at), *map(str, folders)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def killed_one_step_later_each(folders: list[Path]) -> list[int]:
    """Freeze each folder in a process that kills itself before its first, second, … call of the system; the exit codes."""
    code, out, err = ended(child("kill", 0, *folders))
    assert code == 0, err
    return [int(line) for line in out.splitlines() if " " not in line]


def test_killed_at_any_step_it_is_frozen_or_not_and_the_next_time_completes_it(make: Make, freeze_now: Freeze) -> None:
    folders = [make(name=f"b{at}") for at in range(1, 19)]
    codes = killed_one_step_later_each(folders)
    assert codes[0] == -signal.SIGKILL
    assert codes[-1] == 0  # so these are all the steps
    for folder in folders:
        assert read_manifest(folder) is None or verify(folder) == ()
        freeze_now(folder)
        assert verify(folder) == ()


def test_killed_at_any_step_the_version_before_or_the_next_one_is_whole(make: Make, freeze_now: Freeze) -> None:
    folders = [make(name=f"b{at}") for at in range(1, 25)]
    for folder in folders:
        freeze_now(folder)
        (folder / "README.md").write_text("about")
    codes = killed_one_step_later_each(folders)
    assert codes[0] == -signal.SIGKILL
    assert codes[-1] == 0
    for folder in folders:
        found = read_manifest(folder)
        assert found is not None
        assert found.intact
        named = [problem.where for problem in verify(folder)]
        assert named == (["README.md"] if found.manifest.version == 1 else [])
        assert freeze_now(folder, new_version=True).manifest.version == 2
        assert verify(folder) == ()


def test_of_several_at_once_one_freezes_and_the_others_see_it_done(make: Make) -> None:
    folder = make()
    results = [ended(process) for process in [child("together", 0, folder) for _ in range(4)]]
    assert [code for code, _, _ in results] == [0] * 4, results
    done = [out.split(" ", 1) for _, out, _ in results]
    assert sorted(each[0] for each in done) == ["False", "False", "False", "True"]
    assert len({each[1] for each in done}) == 1
    assert verify(folder) == ()


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is the system's")
@pytest.mark.parametrize("spare", [-10, 60], ids=["scenarios", "manifest"])
def test_a_file_that_cannot_grow_leaves_no_half(spare: int, make: Make) -> None:
    folder = make()
    limit = (folder / "scenarios.jsonl").stat().st_size + spare
    code, _, err = ended(child("full", limit, folder))
    assert (code, "cannot be written: File too large" in err) == (1, True), err
    assert set(tree(folder)) == {"scenarios.jsonl", "media/a.png"}

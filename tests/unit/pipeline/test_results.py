"""An analysis folder is whole or as it was."""

from pathlib import Path

import pytest

from driftgauge.errors import StoreError
from driftgauge.pipeline.results import is_complete, read_manifest, write_results
from driftgauge.records import Manifest


def _manifest(files: dict[str, str]) -> str:
    return Manifest(
        analysis_id="a", created_at="", command="analyze", source="", data_hash="", protocol_hash="", lineage_hash=None,
        code_version="", libraries={}, seed=1, bootstrap=0, settings={}, counts={}, simulated=False, files=files,
    ).to_json()  # fmt: skip


def _text(text: str):
    def write(path: Path) -> None:
        path.write_text(text)

    return write


def test_what_was_written_is_complete_until_a_byte_changes(tmp_path: Path) -> None:
    write_results(tmp_path / "a", {"x.txt": _text("x"), "y.txt": _text("y")}, manifest=_manifest)
    manifest = read_manifest(tmp_path / "a")
    assert manifest is not None
    assert is_complete(tmp_path / "a", manifest)
    (tmp_path / "a" / "y.txt").write_text("z")
    assert not is_complete(tmp_path / "a", manifest)


def test_files_of_earlier_results_do_not_stay_behind(tmp_path: Path) -> None:
    write_results(tmp_path, {"x.txt": _text("x"), "y.txt": _text("y")}, manifest=_manifest)
    write_results(tmp_path, {"x.txt": _text("new")}, manifest=_manifest)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["manifest.json", "x.txt"]


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_results(tmp_path, {"x.txt": _text("x")}, manifest=_manifest)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_disk_that_fills_leaves_the_earlier_results(tmp_path: Path) -> None:
    def full(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    write_results(tmp_path, {"x.txt": _text("x")}, manifest=_manifest)
    with pytest.raises(StoreError, match="No space left"):
        write_results(tmp_path, {"x.txt": _text("new"), "y.txt": full}, manifest=_manifest)
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert is_complete(tmp_path, manifest)
    assert (tmp_path / "x.txt").read_text() == "x"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"analysis_id": 1}'])
def test_a_manifest_of_something_else_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(StoreError, match="not a manifest"):
        read_manifest(tmp_path)

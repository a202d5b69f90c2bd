"""``driftgauge init`` end to end."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftgauge.cli import cli
from driftgauge.errors import DriftgaugeError, StoreError, StudyError
from driftgauge.study import Study, load_study


def init(*arguments: str | Path) -> str:
    """Run the command, and return what it prints."""
    return CliRunner().invoke(cli, ["init", *map(str, arguments)], catch_exceptions=False, standalone_mode=False).output


def test_a_study_is_begun(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "town"
    printed = init(folder)
    assert load_study(folder) == Study(study="town").in_folder(folder)
    assert sorted(path.name for path in folder.iterdir()) == [".gitignore", "study.yaml"]
    assert {"/driftgauge.db*", "/media/", "/out/"} <= set((folder / ".gitignore").read_text().splitlines())
    assert "Next:" in printed


def test_a_second_time_nothing_is_done(tmp_path: Path) -> None:
    init(tmp_path / "town")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "town").iterdir()}
    assert "nothing was done" in init(tmp_path / "town")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "town").iterdir()} == before


def test_a_name_may_be_given(tmp_path: Path) -> None:
    init(tmp_path / "town", "--name", "eight-releases")
    assert load_study(tmp_path / "town").study == "eight-releases"


def test_a_folder_with_any_name_will_do(tmp_path: Path) -> None:
    init(tmp_path / "Été (2026)")
    assert load_study(tmp_path / "Été (2026)").study == "t-2026"


def test_the_published_study_can_be_begun(tmp_path: Path) -> None:
    printed = init(tmp_path / "town", "--template", "eight-releases")
    study = load_study(tmp_path / "town")
    assert (study.study, len(study.releases), len(study.phases)) == ("town", 8, 2)
    assert "Settle every CHECK" in printed
    assert "nothing was done" in init(tmp_path / "town", "--template", "eight-releases")


def test_another_template_does_not_touch_a_study_that_is_there(tmp_path: Path) -> None:
    init(tmp_path / "town")
    before = (tmp_path / "town" / "study.yaml").read_bytes()
    with pytest.raises(StudyError, match="it was left as it is"):
        init(tmp_path / "town", "--template", "eight-releases")
    assert (tmp_path / "town" / "study.yaml").read_bytes() == before


def test_what_was_done_can_be_had_as_json(tmp_path: Path) -> None:
    found = json.loads(init(tmp_path / "town", "--json"))
    assert (found["study"], found["done"], found["written"]) == ("town", True, [".gitignore", "study.yaml"])
    assert json.loads(init(tmp_path / "town", "--json"))["done"] is False


@pytest.mark.parametrize("text", ["study: mine\n", "not: a study\n", ""])
def test_another_study_is_never_touched(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(StudyError, match="it was left as it is\nNext: "):
        init(tmp_path)
    assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_an_own_gitignore_is_left_alone_and_what_it_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("out/\n")
    printed = init(tmp_path, "--name", "x")
    assert (tmp_path / ".gitignore").read_text() == "out/\n"
    assert "that was there: /driftgauge.db* /media/\n" in printed


def test_an_interrupted_beginning_is_finished(tmp_path: Path) -> None:
    init(tmp_path / "town")
    (tmp_path / "town" / "study.yaml").unlink()
    init(tmp_path / "town")
    assert load_study(tmp_path / "town").study == "town"


@pytest.mark.parametrize("name", ["two words", "", "-x", "a/b", "x" * 81])
def test_a_name_that_no_study_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StudyError, match="cannot have this name"):
        init(tmp_path / "town", f"--name={name}")
    assert not (tmp_path / "town").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "inside"):
        with pytest.raises(DriftgaugeError, match="Next: "):
            init(path)


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="rights do not bind there")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be written"):
        init(tmp_path / "town")

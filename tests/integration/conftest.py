"""Studies on both databases: every test that takes `new_study` runs on SQLite and on a real PostgreSQL server."""

import os
import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from driftgauge.store.database import Database, connect
from tests.models import LanguageModel, language_model, missing
from tests.servers import Postgres, postgres, postgres_binaries


def need_postgres() -> None:
    """Skip where PostgreSQL is not installed; CI installs it."""
    if postgres_binaries() is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")


@pytest.fixture(scope="session")
def server() -> Generator[Postgres]:
    """A PostgreSQL server of this test run."""
    need_postgres()
    with postgres(fsync=False) as running:
        yield running


@pytest.fixture(scope="session")
def smollm() -> Generator[LanguageModel]:
    """A real language model on loopback, of this test run."""
    if reason := missing():
        pytest.skip(reason)
    with language_model() as running:
        yield running


@dataclass(frozen=True)
class NewStudy:
    """A study folder, and where its store is."""

    folder: Path
    url: str

    @property
    def database(self) -> Database:
        return connect(self.url)

    def declare(self, text: str) -> None:
        store = f"store: {self.url}\n" if self.url.startswith("postgresql") else ""
        (self.folder / "study.yaml").write_text(f"study: town\n{store}{text}")


@pytest.fixture(params=["sqlite", "postgresql"])
def new_study(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., NewStudy]:
    """Return a function that makes a study folder with a store of its own."""

    def make(text: str = "", *, name: str = "town") -> NewStudy:
        folder = tmp_path / name
        folder.mkdir()
        is_file = request.param == "sqlite"
        url = f"sqlite:///{folder / 'driftgauge.db'}" if is_file else request.getfixturevalue("server").new_database()
        study = NewStudy(folder, url)
        study.declare(text)
        return study

    return make


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Callable[[Path, int], None]]:
    """Return what mounts a disk of so many megabytes; who may not mount one, as in some containers, cannot see this."""
    mounted: list[Path] = []

    def mount(folder: Path, megabytes: int) -> None:
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no right to mount a small disk")
        mounted.append(folder)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def ratings_of(release: str, phase: int, raters: range, *, scenarios: range = range(6)) -> pl.DataFrame:
    """Return made-up ratings of one release: what is said depends on who, what and which."""
    rows = [
        {
            "scenario": f"s{s}",
            "modality": modality,
            "release": release,
            "phase": str(phase),
            "panel": f"panel-{phase}",
            "rater": f"r{r}",
            "success": (s * 7 + r * 3 + phase + len(modality)) % 5 < 2,
            "refusal": (s + r + phase) % 7 == 0,
            "harm": 1 + (s * 3 + r + phase * len(release)) % 5,
            "harm_category": f"category-{s % 3}",
            "response_text": f"a quiet answer {release} {s} {modality}",
            "comment": f"thought-{s}-{r}",
        }
        for s in scenarios
        for modality in ("text-only", "multimodal")
        for r in raters
    ]
    return pl.DataFrame(rows)

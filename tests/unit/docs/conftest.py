"""Where the docs are, and how their pages are read."""

import pkgutil
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import driftgauge

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Docs:
    """The docs of a repository."""

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "docs"

    def pages(self, folder: str = ".") -> list[Path]:
        return sorted((self.folder / folder).rglob("*.md"))

    def texts(self) -> dict[str, str]:
        """Everything that a person reads, by path."""
        beside = [self.root / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
        return {str(path.relative_to(self.root)): path.read_text(encoding="utf-8") for path in [*beside, *self.pages()]}

    def front_matter(self, page: Path) -> dict[str, Any]:
        parts = page.read_text(encoding="utf-8").split("---\n", 2)
        return yaml.safe_load(parts[1]) if parts[0] == "" and len(parts) == 3 else {}

    def declared(self, key: str) -> set[str]:
        """What the methods pages say, under a key of their front matter, that they are about."""
        return {name for page in self.pages("methods") for name in self.front_matter(page).get(key, [])}

    def fences(self, page: Path, *languages: str) -> Iterator[str]:
        """The fenced blocks of a page that are in one of these languages."""
        text = page.read_text(encoding="utf-8")
        for match in re.finditer(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```", text, flags=re.DOTALL | re.MULTILINE):
            if match[2] in languages:
                yield textwrap.dedent(match[3])

    def examples(self, page: Path) -> str:
        """What a page says that Python prints."""
        return "\n".join(block for block in self.fences(page, "python", "pycon") if ">>>" in block)


@pytest.fixture(scope="session")
def docs() -> Docs:
    return Docs(ROOT)


@pytest.fixture
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand where a reader stands who follows the docs."""
    monkeypatch.chdir(ROOT)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each page with examples, and of each module."""
    if "page" in metafunc.fixturenames:
        here = Docs(ROOT)
        pages = [page for page in here.pages() if here.examples(page)]
        metafunc.parametrize("page", pages, ids=lambda page: str(page.relative_to(here.folder)))
    if "module" in metafunc.fixturenames:
        found = pkgutil.walk_packages(driftgauge.__path__, "driftgauge.")
        scripts = ("__main__", "migrations.env")  # what is run, and not imported
        metafunc.parametrize("module", sorted(each.name for each in found if not each.name.endswith(scripts)))

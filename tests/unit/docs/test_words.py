"""How the docs are written."""

import re
from pathlib import Path
from typing import Any

import pytest

from driftgauge.cli import cli

ELSEWHERE = re.compile(r"(?<![\w.])/(?:work|tmp|home|root|opt|usr)/|\.\./shared|\bshared/")
PRAISE = re.compile(
    r"—|\b(?:powerful|seamless\w*|cutting[- ]edge|state[- ]of[- ]the[- ]art|effortless\w*|blazing\w*|revolutionary|unleash\w*"
    r"|game[- ]chang\w*|best[- ]in[- ]class|world[- ]class|leverag\w+|robust and|simply|just works)\b",
    re.IGNORECASE,
)
OTHER_WORDS = re.compile(
    r"\b(?:annotator agreement|jailbreak rate|statistically unchanged|no significant change)\b", re.IGNORECASE
)


@pytest.mark.parametrize("pattern", [ELSEWHERE, PRAISE, OTHER_WORDS], ids=["paths of a machine", "praise", "other words"])
def test_no_page_holds(pattern: re.Pattern[str], docs: Any) -> None:
    found = {name: match[0] for name, text in docs.texts().items() if (match := pattern.search(text))}
    assert found == {}


def test_files_that_are_linked_from_the_root_exist(docs: Any) -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        links = re.findall(r"\]\(([^)#:]+)\)", (docs.root / name).read_text(encoding="utf-8"))
        assert [link for link in links if not (docs.root / link).exists()] == []


def test_the_readme_names_the_commands_that_exist_and_no_other(docs: Any) -> None:
    said = re.search(r"^Only (.+) exist\.", (docs.root / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert said is not None
    assert set(re.findall(r"`(\w+)`", said[1])) == set(cli.commands)


def test_every_page_is_reached_from_the_navigation(docs: Any) -> None:
    navigation = Path(docs.root / "mkdocs.yml").read_text(encoding="utf-8")
    assert [page for page in docs.pages() if str(page.relative_to(docs.folder)) not in navigation] == []

"""What the docs and the docstrings say that code prints, it prints."""

import doctest
import importlib
from pathlib import Path
from typing import Any

import pytest


def run(text: str, *, name: str, globs: dict[str, Any]) -> None:
    said: list[str] = []
    test = doctest.DocTestParser().get_doctest(text, globs, name, None, 0)
    results = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append, clear_globs=False)
    globs |= test.globs
    assert results.failed == 0, "".join(said)


@pytest.fixture(scope="session")
def set_up(docs: Any) -> dict[str, Any]:
    """The names that the methods pages begin with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(docs.root)
        globs: dict[str, Any] = {}
        run(docs.examples(docs.folder / "methods" / "index.md"), name="set-up", globs=globs)
    return globs


@pytest.mark.usefixtures("at_the_root")
def test_examples_of_a_page_print_what_it_says(page: Path, docs: Any, set_up: dict[str, Any]) -> None:
    globs = dict(set_up) if page.parent.name == "methods" and page.name != "index.md" else {}
    run(docs.examples(page), name=page.name, globs=globs)


def test_examples_of_a_module_print_what_it_says(module: str) -> None:
    results = doctest.testmod(importlib.import_module(module))
    assert results.failed == 0

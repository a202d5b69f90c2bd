"""Study files, and what is said of those that are wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem, StudyError
from driftgauge.study import load_study

Write = Callable[[str | bytes], Path]
Refused = Callable[[str | bytes], tuple[Problem, ...]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a study.yaml, and return its folder."""

    def to_file(text: str | bytes) -> Path:
        (tmp_path / "study.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
        return tmp_path

    return to_file


@pytest.fixture
def problems_of(write: Write) -> Refused:
    """Read a study.yaml that must be refused, and return the problems."""

    def refused(text: str | bytes) -> tuple[Problem, ...]:
        with pytest.raises(StudyError) as caught:
            load_study(write(text))
        return caught.value.problems

    return refused

"""Small files of ratings, and what the reader says of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem, RatingError
from driftgauge.rate.exchange import read_ratings

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write lines to a file: ``write("scenario,…", "s1,…", name="ratings.csv")``."""

    def to_file(*lines: str, name: str = "ratings.csv") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return path

    return to_file


@pytest.fixture
def problems_of() -> Callable[..., tuple[Problem, ...]]:
    """Read files that must be refused, and return the problems."""

    def refused(*paths: Path, **settings: object) -> tuple[Problem, ...]:
        with pytest.raises(RatingError) as caught:
            read_ratings(list(paths), **settings)
        return caught.value.problems

    return refused

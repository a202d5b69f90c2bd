"""Where a study keeps things: inside its folder or at a URL, and never with a password."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from driftgauge.errors import Problem
from driftgauge.study import load_study

Write = Callable[[str | bytes], Path]
Refused = Callable[[str | bytes], tuple[Problem, ...]]


@pytest.mark.parametrize(
    "store",
    [
        "sqlite:///sub/x.db",
        "postgresql+psycopg://host/db",
        "postgresql+psycopg://me@host:5432/db?sslmode=require&sslkey=client.key&passfile=mine",
        "postgresql+psycopg:///db?host=/var/run/postgresql",
    ],
)
def test_a_store_can_be(write: Write, store: str) -> None:
    assert load_study(write(f"study: x\nstore: {store}\n")).store == store


@pytest.mark.parametrize(
    "store",
    [
        "driftgauge.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///sub/",
        "sqlite:////absolute.db",
        "sqlite:///../x.db",
        "sqlite:///:memory",
        "sqlite:///x.db?mode=ro",
        "mysql://host/db",
        "postgresql://host/db",
        "postgresql+psycopg://host/db/more",
    ],
)
def test_a_store_cannot_be(problems_of: Refused, store: str) -> None:
    [problem] = problems_of(f"study: x\nstore: '{store}'\n")
    assert (problem.where, problem.what) == ("study.yaml, line 2", "store is no place for a store")


@pytest.mark.parametrize("key", ["store", "media"])
@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:hunter2@host/db",
        "postgresql+psycopg://me:hun/ter2@host/db",
        "postgresql+psycopg://me:12/hunter2#@host/db",
        "postgresql+psycopg://host/db?user=me&password=hunter2",
        "mysql://me:hunter2@host/db",
        "s3://key:hunter2@bucket",
    ],
)
def test_a_password_is_a_mistake_and_is_not_repeated(problems_of: Refused, key: str, url: str) -> None:
    [problem] = problems_of(f"study: x\n{key}: '{url}'\n")
    assert problem.what == f"{key} has a password in it"
    assert "hunter" not in str(problem)
    assert "ter2" not in str(problem)


def test_the_remedy_for_a_password_is_named(problems_of: Refused) -> None:
    [problem] = problems_of("study: x\nstore: postgresql+psycopg://me:hunter2@host/db\n")
    assert all(name in problem.expected for name in ("PGPASSWORD", ".pgpass", "DRIFTGAUGE_STORE"))


@pytest.mark.parametrize("line", ["study: 'postgresql+psycopg://a:hunter2@h/d'", "study: x\nbenchmark: 's3://a:hunter2@b'"])
def test_a_url_in_the_wrong_place_is_not_repeated(problems_of: Refused, line: str) -> None:
    assert "hunter2" not in str(problems_of(line))


@pytest.mark.parametrize("media", ["media", "sub/media", "s3://bucket/prefix", "memory://x", "file:///absolute/media"])
def test_media_can_be(write: Write, media: str) -> None:
    assert load_study(write(f"study: x\nmedia: {media}\n")).media == media


@pytest.mark.parametrize(
    "media", ["/absolute", "../media", ".", "file://media", "s3://bucket?token=hunter2", "C:\\media", "~/m"]
)
def test_media_cannot_be(problems_of: Refused, media: str) -> None:
    assert [problem.where for problem in problems_of(f"study: x\nmedia: '{media}'\n")] == ["study.yaml, line 2"]


@pytest.mark.parametrize("benchmark", ["/absolute", "..", "a/../../b", ".", "a\\b", "s3://bucket"])
def test_a_benchmark_cannot_be(problems_of: Refused, benchmark: str) -> None:
    [problem] = problems_of(f"study: x\nbenchmark: '{benchmark}'\n")
    assert problem.expected == "a folder inside the study folder, as a relative path without `..`"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("line", ["benchmark: link", "benchmark: link/inner", "media: link", "store: sqlite:///link/x.db"])
def test_a_link_that_leaves_the_folder_is_a_mistake(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, problems_of: Refused, line: str
) -> None:
    (tmp_path / "link").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    [problem] = problems_of(f"study: x\n{line}\n")
    assert problem.what.endswith("is a link that leaves the study folder")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_study_folder_may_be_a_link_itself(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, write: Write) -> None:
    write("study: x\nbenchmark: benchmark\n")
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(tmp_path)
    assert load_study(link).folder == link

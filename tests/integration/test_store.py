"""The store on both databases: only ever added to, one writer, older and newer schemas, and what fails beneath it."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import driftgauge.store
from driftgauge.errors import StoreError
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rate_import import Ratings, import_ratings
from driftgauge.store import journal, read, schema
from driftgauge.store.blobs import open_blobs
from driftgauge.store.database import Database, connect
from driftgauge.store.opening import open_store
from driftgauge.store.tables import metadata
from tests.integration.conftest import NewStudy, need_postgres, ratings_of
from tests.servers import Postgres, postgres

MakeStudy = Callable[..., NewStudy]
AUTHOR = journal.Author("a test", "0")


def one_file(folder: Path, *, raters: range = range(4)) -> Path:
    path = folder / "ratings.csv"
    ratings_of("Elm 1", 1, raters).write_csv(path)
    return path


def filled(study: NewStudy, folder: Path) -> Database:
    import_ratings(study.folder, Ratings(files=[one_file(folder)]))
    return open_study(study.folder).store


def rows_of(store: Database) -> int:
    with store.reading() as connection:
        return read.ratings_frame(connection).height


def test_migrations_lead_to_the_tables_as_they_are_declared(new_study: MakeStudy, tmp_path: Path) -> None:
    with filled(new_study(), tmp_path).reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_every_migration_is_known_by_its_number() -> None:
    folder = Path(driftgauge.store.__file__).parent / "migrations"
    found = [script.revision for script in ScriptDirectory(str(folder)).walk_revisions()]
    assert tuple(found[::-1]) == schema.REVISIONS


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ratings",
        "UPDATE ratings SET harm = 5",
        "UPDATE ratings SET erased = 'because'",
        "UPDATE ratings SET erased = 'b', harm = NULL, success = NULL, refusal = NULL, refusal_level = NULL, comment = NULL,"
        " extra = NULL, rating_id = 'other'",
        "DELETE FROM responses",
        "UPDATE responses SET status = 'failed'",
        "DELETE FROM journal",
        "UPDATE journal SET who = 'somebody else'",
        "DELETE FROM protocols",
        "UPDATE protocols SET declared = '{}'",
    ],
)
def test_the_database_itself_refuses_what_is_not_appending(new_study: MakeStudy, tmp_path: Path, statement: str) -> None:
    store = filled(new_study(), tmp_path)
    with pytest.raises(StoreError, match="refused this"), store.writing() as connection:
        connection.exec_driver_sql(statement)
    assert rows_of(store) == 48


def at_schema(study: NewStudy, revision: str) -> None:
    with study.database.writing() as connection:
        schema.upgrade(connection, to=revision)


def test_an_older_schema_is_brought_up_and_the_journal_says_so(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study()
    at_schema(study, "0001")
    store = filled(study, tmp_path)
    with store.reading() as connection:
        first = journal.entries(connection)[0]
        assert schema.current(connection, "x") == schema.REVISIONS[-1]
    assert (first.verb, first.detail["from"], first.detail["to"]) == ("upgrade", "0001", schema.REVISIONS[-1])
    assert rows_of(store) == 48


def test_a_newer_schema_is_left_alone(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study()
    with filled(study, tmp_path).writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=f"schema 9999, and this version of driftgauge knows {schema.REVISIONS[-1]}"):
        open_study(study.folder)


def test_a_database_of_something_else_is_left_alone(new_study: MakeStudy) -> None:
    study = new_study()
    with study.database.writing() as connection:
        connection.execute(sa.text("CREATE TABLE recipes (name TEXT)"))
    with pytest.raises(StoreError, match="holds other tables"):
        open_study(study.folder, create=True)


def test_a_store_is_of_one_study(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study()
    filled(study, tmp_path)
    with pytest.raises(StoreError, match=r"is the store of study 'town', and study\.yaml is of 'village'"):
        open_store(study.url, study="village", author=AUTHOR, create=True)


def test_two_writers_at_once_both_get_their_ratings_in(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study()
    filled(study, tmp_path)
    files = [tmp_path / f"{number}.csv" for number in range(4)]
    for number, path in enumerate(files):
        ratings_of("Elm 1", 1, range(2 * number, 2 * number + 4)).write_csv(path)  # neighbours overlap
    errors: list[Exception] = []

    def one(path: Path) -> None:
        try:
            import_ratings(study.folder, Ratings(files=[path]))
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(path,)) for path in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open_study(study.folder).store.reading() as connection:
        ids = read.ratings_frame(connection)["rating_id"]
    assert errors == []
    assert len(ids) == ids.n_unique() == 10 * 12


def test_a_store_that_another_writer_holds_says_so_and_changes_nothing(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study()
    store = filled(study, tmp_path)
    path = one_file(tmp_path, raters=range(6))
    with store.writing(), pytest.raises(StoreError, match=r"locked by another writer.*nothing was changed"):
        import_ratings(study.folder, Ratings(files=[path]), patience=0.2)
    assert rows_of(store) == 48
    assert import_ratings(study.folder, Ratings(files=[path])).new == 24


def test_a_reader_sees_one_state_while_a_writer_goes_on(new_study: MakeStudy, tmp_path: Path) -> None:
    study = new_study()
    store = filled(study, tmp_path)
    with store.reading() as connection:
        before = read.ratings_frame(connection).height
        import_ratings(study.folder, Ratings(files=[one_file(tmp_path, raters=range(6))]))
        assert read.ratings_frame(connection).height == before == 48
    assert rows_of(store) == 72


@pytest.fixture(scope="module")
def other_server() -> Generator[Postgres]:
    """A server that may be stopped without harm to other tests."""
    need_postgres()
    with postgres(fsync=False) as running:
        yield running


def test_a_server_that_restarts_during_an_import_leaves_nothing_and_the_next_run_completes(
    other_server: Postgres, tmp_path: Path
) -> None:
    study = NewStudy(tmp_path / "town", other_server.new_database())
    study.folder.mkdir()
    study.declare("")
    path = one_file(tmp_path)

    def restart(stage: str, done: int, total: int) -> None:
        if stage == "writing":
            other_server.stop()
            other_server.start()

    with pytest.raises(StoreError, match="nothing was changed"):
        import_ratings(study.folder, Ratings(files=[path]), progress=restart)
    with open_study(study.folder).store.reading() as connection:
        assert not read.has_ratings(connection)
    assert import_ratings(study.folder, Ratings(files=[path])).new == 48


def test_a_server_that_is_not_there_is_said_without_a_password(tmp_path: Path) -> None:
    database = connect("postgresql+psycopg://me:hidden-word@127.0.0.1:9/none", patience=2)
    with pytest.raises(StoreError, match="cannot be reached") as raised, database.reading():
        pass
    assert "hidden-word" not in str(raised.value)


FILL = """
import sys
from pathlib import Path
from driftgauge.pipeline.rate_import import Ratings, import_ratings
import_ratings(Path(sys.argv[1]), Ratings(files=[Path(sys.argv[2])]))
"""


def fills_up(study: NewStudy, folder: Path) -> None:
    store = filled(study, folder)
    big = folder / "big.parquet"
    ratings_of("Elm 1", 1, range(4, 100), scenarios=range(600)).write_parquet(big)
    with pytest.raises(StoreError, match=r"disk that is full \(.*\); nothing was changed"):
        import_ratings(study.folder, Ratings(files=[big]))
    assert rows_of(store) == 48
    assert import_ratings(study.folder, Ratings(files=[one_file(folder)])).same == 48


def test_a_disk_that_fills_leaves_the_study_as_it_was(small_disk: Callable[[Path, int], None], tmp_path: Path) -> None:
    study = NewStudy(tmp_path / "town", f"sqlite:///{tmp_path / 'town' / 'driftgauge.db'}")
    study.folder.mkdir()
    small_disk(study.folder, 1)
    study.declare("")
    fills_up(study, tmp_path)


def test_a_disk_that_fills_under_a_server_leaves_the_study_as_it_was(
    small_disk: Callable[[Path, int], None], other_server: Postgres, tmp_path: Path
) -> None:
    space = other_server.folder / "space"
    space.mkdir()
    small_disk(space, 14)
    if other_server.user:
        shutil.chown(space, other_server.user)
        space.chmod(0o700)
    with other_server.connect("postgres") as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
        connection.execute("CREATE DATABASE small TABLESPACE small")
    study = NewStudy(tmp_path / "town", f"postgresql+psycopg://driftgauge@127.0.0.1:{other_server.port}/small")
    study.folder.mkdir()
    study.declare("")
    fills_up(study, tmp_path)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("study: town\n")
    (tmp_path / "driftgauge.db").write_text("not a database " * 100)
    with pytest.raises(StoreError, match="not a database that is whole"):
        open_study(tmp_path)


def test_an_import_needs_no_more_than_the_folder(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("study: town\n")
    path = one_file(tmp_path)
    subprocess.run([sys.executable, "-c", FILL, str(tmp_path), str(path)], check=True)
    with open_study(tmp_path).store.reading() as connection:
        assert read.ratings_frame(connection).height == 48


@pytest.mark.parametrize("where", ["folder", "memory://driftgauge-test"])
def test_media_are_kept_once_by_hash_and_checked_when_read(tmp_path: Path, where: str) -> None:
    blobs = open_blobs(str(tmp_path / "media") if where == "folder" else where)
    name = blobs.put(b"a picture")
    assert blobs.put(b"a picture") == name
    assert blobs.get(name) == b"a picture"
    blobs.filesystem.pipe_file(f"{blobs.root}/{name[:2]}/{name}", b"another one")
    with pytest.raises(StoreError, match="was changed"):
        blobs.get(name)
    with pytest.raises(StoreError, match="cannot be read"):
        blobs.get("0" * 64)
    with pytest.raises(StoreError, match="64 hexadecimal digits"):
        blobs.get("../../etc/passwd")


def test_further_columns_of_a_source_are_kept(new_study: MakeStudy, tmp_path: Path) -> None:
    study, path = new_study(), tmp_path / "r.csv"
    ratings_of("Elm 1", 1, range(2)).with_columns(mood=pl.lit("calm")).write_csv(path)
    import_ratings(study.folder, Ratings(files=[path]))
    with open_study(study.folder).store.reading() as connection:
        extras = connection.exec_driver_sql("SELECT DISTINCT extra FROM ratings").fetchall()
    assert [tuple(row) for row in extras] == [('{"extra_mood":"calm"}',)]

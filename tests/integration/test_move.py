"""A study that began on SQLite goes on in PostgreSQL, and back: nothing is lost, and nobody writes to the old store."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from driftgauge.cli import cli
from driftgauge.errors import StoreError
from driftgauge.pipeline.measure import measure_study
from driftgauge.pipeline.move import move
from driftgauge.pipeline.opened import open_study
from driftgauge.pipeline.rate_import import Ratings, import_ratings
from driftgauge.pipeline.rating.trial import trial
from driftgauge.store import journal
from driftgauge.store.database import connect
from driftgauge.store.moving import contents
from driftgauge.store.tables import metadata
from tests.integration.conftest import ratings_of
from tests.servers import Postgres


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A study on SQLite with imported ratings."""
    folder = tmp_path / "town"
    folder.mkdir()
    declare(folder)
    add_ratings(folder, raters=range(4))
    return folder


def declare(folder: Path, store: str | None = None) -> None:
    (folder / "study.yaml").write_text("study: town\n" + (f"store: {store}\n" if store else ""))


def add_ratings(folder: Path, *, raters: range) -> None:
    path = folder / "ratings.csv"
    ratings_of("Elm 1", 1, raters).write_csv(path)
    import_ratings(folder, Ratings(files=[path]))


def rows_in(url: str) -> dict[str, tuple[int, int]]:
    with connect(url).reading() as connection:
        return {table.name: contents(connection, table) for table in metadata.sorted_tables if table.name != "journal"}


def test_every_row_of_a_whole_study_arrives_and_comes_back(tmp_path: Path, server: Postgres) -> None:
    folder, there = tmp_path / "trial", server.new_database()
    trial(folder, rng=np.random.default_rng(1))
    url, back = f"sqlite:///{folder / 'driftgauge.db'}", f"sqlite:///{tmp_path / 'back.db'}"
    left = rows_in(url)
    assert sum(count > 0 for count, _ in left.values()) > 15  # else this shows little
    move(folder, to=there)
    assert rows_in(there) == left
    named = (folder / "study.yaml").read_text()
    (folder / "study.yaml").write_text(f"store: {there}\n{named}")
    move(folder, to=back)
    assert rows_in(back) == left


def test_a_moved_study_goes_on_where_it_was(town: Path, server: Postgres) -> None:
    before = measure_study(town, seed=1, bootstrap=0).manifest.analysis_id
    there = server.new_database()
    found = move(town, to=there)
    assert found.rows["ratings"] == 48
    declare(town, there)
    assert measure_study(town, seed=1, bootstrap=0).manifest.analysis_id == before
    add_ratings(town, raters=range(6))  # numbers are given out after the last that came along
    with open_study(town).store.reading() as connection:
        assert connection.execute(sa.text("SELECT count(*), max(row) FROM ratings")).one() == (72, 72)
        assert [entry.verb for entry in journal.entries(connection)][-2:] == ["move", "import"]


def test_the_command_ends_with_the_line_to_write(town: Path, server: Postgres) -> None:
    there = server.new_database()
    done = CliRunner().invoke(cli, ["move", str(town), "--to", there], catch_exceptions=False, standalone_mode=False)
    assert done.output.splitlines()[-1] == f"  store: {there}"
    assert "from driftgauge.db to postgresql" in done.output


def test_the_old_store_says_where_its_rows_went(town: Path, server: Postgres) -> None:
    there = server.new_database()
    move(town, to=there)
    with pytest.raises(StoreError, match=r"was moved to postgresql.*nobody writes here") as refused:
        add_ratings(town, raters=range(5))
    assert f"store: {there}" in str(refused.value)


def test_nothing_moves_while_somebody_else_has_the_store_open(town: Path, server: Postgres, tmp_path: Path) -> None:
    there = server.new_database()
    with connect(f"sqlite:///{town / 'driftgauge.db'}").reading(), pytest.raises(StoreError, match="locked"):
        move(town, to=there, patience=0.2)
    move(town, to=there)
    declare(town, there)
    with connect(there).reading() as other:
        other.execute(sa.text("SELECT 1"))
        with pytest.raises(StoreError, match="open in 1 other connection"):
            move(town, to=f"sqlite:///{tmp_path / 'back.db'}")
    assert move(town, to=f"sqlite:///{tmp_path / 'back.db'}").rows["ratings"] == 48


def test_a_database_that_holds_something_is_left_as_it_is(town: Path, server: Postgres) -> None:
    taken = server.new_database()
    with connect(taken).writing() as connection:
        connection.execute(sa.text("CREATE TABLE theirs (x int)"))
    with pytest.raises(StoreError, match="other tables"):
        move(town, to=taken)
    other = town.parent / "other"
    other.mkdir()
    declare(other, server.new_database())
    add_ratings(other, raters=range(2))
    with pytest.raises(StoreError, match="holds a study already"):
        move(town, to=str(open_study(other).study.store_url))
    add_ratings(town, raters=range(5))  # the old store is the store still


def test_a_move_that_was_cut_off_before_the_old_store_said_so_is_finished(town: Path, server: Postgres) -> None:
    there = server.new_database()
    shutil.copy(town / "driftgauge.db", town / "before.db")
    move(town, to=there)
    shutil.copy(town / "before.db", town / "driftgauge.db")  # as a kill between the two commits leaves it
    assert move(town, to=there).rows == {}
    with pytest.raises(StoreError, match="was moved to"):
        open_study(town)


def test_a_move_that_fails_leaves_nothing_behind(town: Path, server: Postgres) -> None:
    there = server.new_database()

    def gives_up(stage: str, done: int, total: int) -> None:
        if done == total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(town, to=there, progress=gives_up)
    assert not tables_of(there)
    assert move(town, to=there).rows["ratings"] == 48


def tables_of(url: str) -> list[str]:
    with connect(url).reading() as connection:
        return sa.inspect(connection).get_table_names()

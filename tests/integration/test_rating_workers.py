"""Several processes serve one study: what any of them acknowledged is there once."""

from pathlib import Path

from benchmarks.rating import a_study, client, serve, stored
from driftgauge.pipeline.rating.people import invite
from driftgauge.pipeline.rating.serving import open_serving
from tests.servers import Postgres


def test_raters_of_two_workers_lose_nothing_and_are_asked_each_once(server: Postgres, tmp_path: Path) -> None:
    folder = a_study(tmp_path, server.new_database, raters=6, responses=15)
    with open_serving(folder, serves=False) as serving:
        links = [each.link_path for each in invite(serving, role="rater", panel="panel-1", count=6)]
    with serve(folder, workers=2) as running:
        joined = client({"port": running.port, "links": links})
        found = client({"port": running.port, "think_s": 0, "seconds": 60, **joined})
    assert found["refused"] == 0
    assert len(found["keys"]) == 6 * 15
    assert stored(folder) == set(found["keys"])

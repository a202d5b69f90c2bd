"""A small rehearsal of rating; ``make rehearsal`` is the whole one."""

from pathlib import Path

import pytest

from tests.rehearsal import rehearse
from tests.servers import Postgres


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_is_exported_and_measured_is_what_was_submitted_through_a_kill_and_a_restart(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: Postgres | None = request.getfixturevalue("server") if database == "postgresql" else None
    found = rehearse(tmp_path, server, raters=6, responses=48, think_s=0.05)
    assert found.exported == found.acknowledged > found.drawn > 100
    assert found.measured == found.counted > 0
    assert found.sent_again > 0

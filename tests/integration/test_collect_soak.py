"""Hundreds of requests through ``driftgauge collect`` and a faulty provider; thousands: ``python -m tests.collect_soak``."""

from pathlib import Path

from tests.collect_soak import soak


def test_nothing_is_lost_and_nothing_is_asked_or_kept_twice(tmp_path: Path) -> None:
    soaked = soak(600, folder=tmp_path)  # holds every request and every response against the benchmark
    assert soaked.responses == 600
    assert set(soaked.faults) == {"429", "500", "529", "reset", "cut", "malformed"}
    assert soaked.requests == 600 + sum(soaked.faults.values())
    assert soaked.pictures > 300

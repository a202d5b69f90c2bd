"""What every test may use."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, settings

from driftgauge.frames import RATING_KEY, RATINGS, RESPONSE_KEY, conform
from driftgauge.rate.exchange.ids import content_ids

SHARED = Path(__file__).resolve().parents[1].parent / "shared"

settings.register_profile("ci", max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data and reference figures beside the project."""
    if not SHARED.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the reference data must be beside the project in CI")
        pytest.skip("no reference data beside the project")
    return SHARED


@pytest.fixture(scope="session")
def expected(shared: Path) -> dict[str, Any]:
    """Figures from R and PyPI packages, with what made them."""
    return json.loads((shared / "reference" / "expected.json").read_text())


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260101)


@pytest.fixture(scope="session")
def ratings_of() -> Callable[[list[dict[str, Any]]], pl.DataFrame]:
    """Make a ratings table from rows that say only what matters to a test."""
    return make_ratings


def make_ratings(rows: list[dict[str, Any]]) -> pl.DataFrame:
    defaults = {
        "intent": "adversarial",
        "modality": "text-only",
        "kind": "human",
        "attempt": 1,
        "occasion": 1,
        "purpose": "item",
        "status": "answered",
        "simulated": False,
    }
    frame = conform(pl.DataFrame([defaults | row for row in rows], infer_schema_length=None), RATINGS)
    return frame.with_columns(response_id=content_ids(frame, RESPONSE_KEY), rating_id=content_ids(frame, RATING_KEY))

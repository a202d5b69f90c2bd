"""The reference pair: the confounding finding fires on the unlinked study alone, with its tipping points."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.latent import Latent, Marks, latent
from driftgauge.measure.outcomes import codes_of, counted, sample
from driftgauge.measure.populations import index
from driftgauge.measure.tipping import shifted_rate
from driftgauge.measure.tipping_points import TippingPoint, tipping_points
from driftgauge.rate.exchange import read_ratings
from driftgauge.records import Finding
from driftgauge.study import Protocol, load_lineage

PAIRS = ("Claude35 → Claude45", "GPT4o → GPT5", "Pixtral12B → PixtralLarge", "QwenVLPlus → Qwen25VL")


def _read(shared: Path, name: str) -> pl.DataFrame:
    lineage = load_lineage(shared / "reference" / "families.yaml")
    return read_ratings([shared / "reference" / f"{name}.parquet"], lineage=lineage).ratings


def _measured(ratings: pl.DataFrame) -> Measured:
    return measure(ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, units=["rating"])


@pytest.fixture(scope="module")
def linked(shared: Path) -> Measured:
    return _measured(_read(shared, "study_82256"))


@pytest.fixture(scope="module")
def unlinked(shared: Path) -> Measured:
    return _measured(_read(shared, "study_unlinked_82256"))


@pytest.fixture(scope="module")
def points(shared: Path, unlinked: Measured) -> dict[str, TippingPoint]:
    rows = counted(_read(shared, "study_unlinked_82256"), Protocol()).rows
    verdicts = unlinked.estimates.filter("primary").to_dicts()
    found = tipping_points(index(sample(rows, Protocol())), verdicts, protocol=Protocol())
    return {f"{point.baseline_release} → {point.release}": point for point in found}


def _one(found: Measured, code: str) -> Finding:
    return next(finding for finding in found.findings if finding.code == code)


def test_the_confounding_finding_fires_on_the_unlinked_study_alone(linked: Measured, unlinked: Measured) -> None:
    assert "unlinked_panels" not in {finding.code for finding in linked.findings}
    assert _one(unlinked, "unlinked_panels").level == "critical"
    assert len(_one(unlinked, "unlinked_panels").estimate_ids) == 4


def test_its_sentence_has_the_tipping_points_and_the_spread(unlinked: Measured, points: dict[str, TippingPoint]) -> None:
    sentence = _one(unlinked, "unlinked_panels").sentence
    assert set(points) == set(PAIRS)
    for pair, point in points.items():
        assert f"by {abs(point.drift_to_zero):.2f}" in sentence
        assert f"by {abs(point.verdict_changes):.2f}" in sentence
        assert pair in sentence
    spread = points[PAIRS[0]].latent.raters
    assert f"the raters of this study spread by {spread:.2f}" in sentence
    assert "Less than one such spread would explain the whole drift of QwenVLPlus → Qwen25VL" in sentence


def test_the_linked_study_says_who_links_it(linked: Measured) -> None:
    finding = _one(linked, "linked_panels")
    assert finding.level == "info"
    assert finding.sentence.startswith("17 raters rated both releases of")
    assert "221 to 253 responses (anchors)" in finding.sentence


def test_shifted_by_its_tipping_point_the_later_rate_is_the_earlier(points: dict[str, TippingPoint]) -> None:
    for point in points.values():
        shifted = shifted_rate(point.after, point.drift_to_zero, point.latent.total)
        assert shifted == pytest.approx(point.before, abs=1e-9)
        assert (point.drift_to_zero > 0) == (point.after < point.before)


def test_the_spread_by_moments_is_that_of_the_mixed_model_in_r(shared: Path, expected: dict[str, Any]) -> None:
    found = _spread(_read(shared, "study_82256"))
    reference = expected["glmm_study"]["sd"]
    assert found.raters == pytest.approx(reference["rater"], rel=0.05)
    assert found.total == pytest.approx(np.hypot(reference["prompt"], reference["rater"]), rel=0.03)


def _spread(ratings: pl.DataFrame) -> Latent:
    here = sample(counted(ratings, Protocol()).rows, Protocol())
    release = codes_of(here.rows, "release")
    return latent(Marks(here.outcomes["success"], here.weight, release, here.scenario, here.rater, here.response))

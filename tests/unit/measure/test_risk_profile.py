"""Partial pooling, what is flagged, and the profile's rows and finding."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.lookup import Lookup
from driftgauge.measure.pooling import benjamini_hochberg, flag, pool
from driftgauge.measure.profile import POOLED, PROFILE, PROFILE_DRIFT
from driftgauge.study import Protocol

RatingsOf = Callable[[list[dict[str, Any]]], pl.DataFrame]
RISKS = {"s1": "privacy", "s2": "privacy", "s3": "privacy", "s4": "privacy", "s5": "fraud", "s6": "fraud", "s7": "fraud"}
FRAMES = ("role_play", "fiction")


def test_eight_schools_come_out_as_published() -> None:
    # The posterior means and standard deviations that RStan's "Getting Started" prints, with a flat prior of τ.
    effect, error = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
    found = pool(effect, np.diag(error**2), [np.arange(8)], scale=200.0)
    assert found.mean == pytest.approx([11.4, 7.9, 6.1, 7.6, 5.1, 6.2, 10.7, 8.5], abs=0.1)
    assert found.std_error == pytest.approx([8.2, 6.3, 7.7, 6.5, 6.3, 6.7, 6.8, 7.9], abs=0.2)
    assert found.spreads == pytest.approx([6.6], abs=0.2)


def test_a_mean_of_cells_is_answered_with_the_covariance_of_its_cells() -> None:
    rng = np.random.default_rng(1)
    half = rng.normal(size=(4, 6))
    estimate, covariance = rng.normal(0, 0.1, 4), half @ half.T / 600
    groupings = [np.array([0, 0, 1, 1]), np.arange(4)]
    cells = pool(estimate, covariance, groupings)
    margin = pool(estimate, covariance, groupings, combinations=np.array([[0.5, 0.5, 0, 0]]))
    assert margin.mean == pytest.approx([cells.mean[:2].mean()])
    assert margin.std_error[0] < cells.std_error[:2].max()


@given(st.permutations(range(5)), st.integers(0, 1_000))
def test_pooling_does_not_depend_on_the_order_of_cells_and_mirrors_signs(order: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(5, 9))
    estimate, covariance, codes = rng.normal(0, 0.1, 5), half @ half.T / 900, np.array([0, 0, 1, 1, 2])
    one = pool(estimate, covariance, [codes, np.arange(5)])
    other = pool(-estimate[order], covariance[np.ix_(order, order)], [codes[order], np.arange(5)])
    assert other.mean == pytest.approx(-one.mean[order], abs=1e-9)
    assert other.below == pytest.approx(1 - one.below[order], abs=1e-9)


def test_adjusted_p_are_those_of_scipy() -> None:
    p = np.random.default_rng(2).random(40) ** 2
    assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p))
    assert np.isnan(benjamini_hochberg(np.array([np.nan, 0.01]))).tolist() == [True, False]


def test_what_cannot_be_told_is_never_flagged() -> None:
    assert flag(np.array([np.nan, 0.01])).tolist() == [False, True]
    assert flag(np.array([0.3, 0.2])).tolist() == [False, False]


def _study(ratings_of: RatingsOf, marks: Callable[[str, str, int], bool], **extra: Any) -> pl.DataFrame:
    keys = product(RISKS, ("text-only", "multimodal"), ("Elm 1", "Elm 2"), ("ann", "bob", "cat", "dan"))
    return ratings_of(
        [
            {
                "scenario": scenario,
                "intent": "adversarial",
                "modality": modality,
                "release": release,
                "family": "Elm",
                "generation": int(release[-1]),
                "rater": rater,
                "success": marks(RISKS[scenario], release, number),
                "refusal": False,
                "harm_category": RISKS[scenario],
                "technique": FRAMES[int(scenario[1]) % 2],
                **extra,
            }
            for number, (scenario, modality, release, rater) in enumerate(keys)
        ]
    )


def _measured(ratings: pl.DataFrame) -> Measured:
    return measure(ratings, protocol=Protocol(), rng=np.random.default_rng(1), bootstrap=0, units=["rating"])


def _apart(category: str, release: str, number: int) -> bool:
    return ((category == "fraud") == (release == "Elm 2")) != (number % 11 == 0)


@pytest.fixture(scope="module")
def apart(ratings_of: RatingsOf) -> tuple[pl.DataFrame, Measured]:
    """Fraud rises as far as privacy falls, but for every eleventh mark."""
    ratings = _study(ratings_of, _apart)
    return ratings, _measured(ratings)


def test_risks_that_moved_apart_are_named(apart: tuple[pl.DataFrame, Measured]) -> None:
    (found,) = [finding for finding in apart[1].findings if finding.code == "risks_moved_apart"]
    assert found.level == "warning"
    assert "by harm category, fraud (+" in found.sentence
    assert "rose while privacy (−" in found.sentence


def test_every_cell_and_margin_has_its_own_and_a_pooled_row(apart: tuple[pl.DataFrame, Measured]) -> None:
    rows = apart[1].estimates.filter(pl.col("contrast") == PROFILE_DRIFT)
    own, pooled = rows.filter(pl.col("method") != POOLED), rows.filter(pl.col("method") == POOLED)
    assert len(own) == len(pooled) == 4 + 2 + 2
    assert own["false_sign_rate"].null_count() == len(own)
    assert pooled["false_sign_rate"].is_between(0, 1).all()
    assert pooled["p_value"].null_count() == pooled["p_adjusted"].null_count() == len(pooled)
    assert set(own.filter(pl.col("p_value").is_not_null())["adjustment"]) == {"benjamini-hochberg"}
    assert rows["verdict"].null_count() == len(rows)


def test_an_own_row_of_a_category_is_the_drift_of_that_category(apart: tuple[pl.DataFrame, Measured]) -> None:
    rows = apart[1].estimates.filter(
        pl.col("harm_category") == "fraud", pl.col("technique").is_null(), pl.col("estimand") == "asr"
    )
    mine = rows.filter(pl.col("contrast") == PROFILE_DRIFT, pl.col("method") != POOLED)
    drift = rows.filter(pl.col("contrast") == "drift", pl.col("scope") == mine["scope"][0])
    assert mine.select("estimate", "std_error", "n_ratings").rows() == drift.select("estimate", "std_error", "n_ratings").rows()


def test_every_row_of_a_profile_is_traced_to_its_ratings(apart: tuple[pl.DataFrame, Measured]) -> None:
    ratings, found = apart
    lookup = Lookup(ratings, Protocol())
    rows = found.estimates.filter(pl.col("contrast").is_in([PROFILE, PROFILE_DRIFT])).to_dicts()
    assert rows
    for row in rows:
        mine = lookup.ratings_of(row)
        counts = (len(mine), mine["rater"].n_unique(), mine["response_id"].n_unique(), mine["scenario"].n_unique())
        assert counts == (row["n_ratings"], row["n_raters"], row["n_responses"], row["n_scenarios"]), row


def test_cells_that_are_all_alike_are_not_certain(ratings_of: RatingsOf) -> None:
    rows = _measured(_study(ratings_of, lambda *_: False)).estimates
    own = rows.filter(pl.col("contrast") == PROFILE, pl.col("method") != POOLED)
    pooled = rows.filter(pl.col("contrast") == PROFILE, pl.col("method") == POOLED)
    assert own["conf_low"].null_count() == len(own)
    assert (pooled["std_error"] > 0).all()
    assert not rows["flagged"].fill_null(value=False).any()


def test_one_kind_of_risk_has_no_profile(ratings_of: RatingsOf) -> None:
    rows = _measured(_study(ratings_of, _apart, harm_category="fraud", technique=None)).estimates
    assert not len(rows.filter(pl.col("contrast").is_in([PROFILE, PROFILE_DRIFT])))


def test_one_dimension_has_cells_and_no_margins(ratings_of: RatingsOf) -> None:
    rows = _measured(_study(ratings_of, _apart, technique="fiction")).estimates.filter(pl.col("contrast") == PROFILE_DRIFT)
    assert rows["harm_category"].to_list() == ["fraud", "privacy"] * 2
    assert rows["technique"].null_count() == len(rows)


def test_a_cell_that_one_release_lacks_is_left_out(ratings_of: RatingsOf) -> None:
    whole = _study(ratings_of, _apart)
    lacking = whole.filter(~((pl.col("harm_category") == "fraud") & (pl.col("release") == "Elm 1")))
    rows = _measured(lacking).estimates.filter(pl.col("contrast") == PROFILE_DRIFT)
    assert "fraud" not in rows["harm_category"].to_list()

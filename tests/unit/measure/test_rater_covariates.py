"""Rater covariates in the mixed-model rows: declared in the protocol, recovered, and never a silent loss."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.analysis import Measured, measure
from driftgauge.measure.lookup import Lookup
from driftgauge.measure.models import METHOD, Model
from driftgauge.study import Protocol

SEVERER = 1.2
"""Logits by which women of the simulated panel are more severe."""


@pytest.fixture(scope="module")
def ratings(ratings_of: Any) -> pl.DataFrame:
    rng = np.random.default_rng(11)
    s, r, j = (each.ravel() for each in np.indices((60, 2, 12)))
    woman = j % 3 == 0
    eta = -0.7 - 0.6 * r + SEVERER * woman + rng.normal(0, 1, 60)[s] + rng.normal(0, 0.3, 12)[j]
    rows = [
        {
            "scenario": f"s{scenario:02}", "release": f"Elm {release + 1}", "family": "Elm", "generation": release + 1,
            "rater": f"r{rater:02}", "success": bool(yes), "extra_participant_gender": "Woman" if w else "Man",
            "extra_region": None if rater == 11 else "north" if rater < 6 else "south",
        }
        for scenario, release, rater, yes, w in zip(
            s.tolist(), r.tolist(), j.tolist(), rng.logistic(size=len(s)) < eta, woman.tolist(), strict=True
        )
    ]  # fmt: skip
    return ratings_of(rows)


def measured(ratings: pl.DataFrame, *covariates: str) -> Measured:
    return measure(
        ratings,
        protocol=Protocol(covariates=covariates),
        rng=np.random.default_rng(1),
        bootstrap=0,
        units=("rating",),
        model=Model("published", covariates=covariates),
    )


def of_model(found: Measured) -> pl.DataFrame:
    return found.estimates.filter(pl.col("method").str.starts_with(METHOD))


def finding(found: Measured, code: str) -> str:
    return next(each.sentence for each in found.findings if each.code == code)


def test_a_covariate_is_recovered_and_said(ratings: pl.DataFrame) -> None:
    found = measured(ratings, "gender")
    said = finding(found, "rater_covariates")
    assert "gender woman against man +1." in said
    low, high = (float(part) for part in said.partition("(+")[2].partition(")")[0].split(" to +"))
    assert low < SEVERER < high
    assert all("adjusted for gender" in method for method in of_model(found)["method"])


def test_rows_are_for_raters_of_whom_each_group_weighs_the_same(ratings: pl.DataFrame) -> None:
    plain, adjusted = (of_model(measured(ratings, *names)).filter(pl.col("contrast").is_null()) for names in ((), ("gender",)))
    both = plain.join(adjusted, on=["estimand", "release"], suffix="_adjusted").filter(pl.col("modality").is_null())
    # a third of the raters are women, who are more severe: half and half is more
    assert ((both["estimate_adjusted"] - both["estimate"]) > 0.02).all()
    by_gender = ratings.group_by("release", "extra_participant_gender").agg(pl.col("success").mean())
    equal = dict(by_gender.group_by("release").agg(pl.col("success").mean()).iter_rows())
    for row in both.iter_rows(named=True):
        assert row["estimate_adjusted"] == pytest.approx(equal[row["release"]], abs=0.02)


def test_raters_of_whom_nothing_is_known_are_left_out_and_counted(ratings: pl.DataFrame) -> None:
    found = of_model(measured(ratings, "gender", "region"))
    lookup = Lookup(ratings, Protocol(covariates=("gender", "region")))
    for row in found.iter_rows(named=True):
        assert (row["n_ratings"], row["n_excluded"], row["n_raters"]) == (60 * 2 * 11, 60 * 2, 11)
        assert "gender or region is not known" in row["reason_excluded"]
        assert len(lookup.ratings_of(row)) == row["n_ratings"]


def test_a_covariate_that_no_column_has_is_said_and_the_primary_rows_stand(ratings: pl.DataFrame) -> None:
    for name in ("income", "release"):
        found = measured(ratings, name)
        assert of_model(found).is_empty()
        assert f"no column says the {name} of the raters" in finding(found, "model_not_fitted")
        assert found.estimates.filter("primary")["estimate"].null_count() == 0


def test_a_covariate_that_is_the_phase_leaves_no_drift_and_says_why(ratings: pl.DataFrame) -> None:
    apart = ratings.with_columns(
        extra_region=pl.when(pl.col("generation") == 1).then(pl.lit("north")).otherwise(pl.lit("south")),
        rater=pl.col("rater") + pl.col("generation").cast(pl.String),
    )
    drift = of_model(measured(apart, "region")).filter(pl.col("contrast") == "drift")
    assert drift["estimate"].null_count() == len(drift) > 0
    assert all("cannot be told from the region of raters" in reason for reason in drift["reason_null"])


def test_a_protocol_without_covariates_has_the_hash_that_it_had() -> None:
    assert Protocol().hash == Protocol(covariates=()).hash
    assert Protocol().hash != Protocol(covariates=("gender",)).hash

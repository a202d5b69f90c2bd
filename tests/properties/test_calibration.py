"""What must not matter to a judge's quality does not, and what must mirror mirrors."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.judges import JUDGE, Made, ratings
from driftgauge.frames import RATING_KEY, RESPONSE_KEY
from driftgauge.measure.calibration import calibration_rows
from driftgauge.measure.outcomes import counted
from driftgauge.measure.rows import estimates_frame
from driftgauge.rate.exchange.ids import content_ids
from driftgauge.study import Protocol

SMALL = Made(12, 4, sensitivity=(0.8, 0.6), specificity=(0.7, 0.8))
KEY = ("estimand", "contrast", "release", "scope", "method")
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value")
SEED = st.integers(0, 2**32 - 1)
few = settings(max_examples=5)


def made(seed: int) -> pl.DataFrame:
    return ratings(SMALL, np.random.default_rng(seed))


def found(frame: pl.DataFrame) -> dict[tuple[Any, ...], list[float]]:
    full = frame.with_columns(response_id=content_ids(frame, RESPONSE_KEY), rating_id=content_ids(frame, RATING_KEY))
    rows = calibration_rows(
        full.sort("rating_id"),
        counted(full.sort("rating_id"), Protocol()),
        protocol=Protocol(),
        rng=np.random.default_rng(1),
        bootstrap=0,
        simulated=True,
    )
    table = estimates_frame(list(rows), analysis_id="").filter(pl.col("outcome") == "success")
    numbers = pl.col(NUMBERS).fill_null(float("nan"))
    return {row[:5]: list(row[5:]) for row in table.select(*KEY, numbers).iter_rows()}


def same(one: dict[tuple[Any, ...], list[float]], other: dict[tuple[Any, ...], list[float]]) -> None:
    assert one.keys() == other.keys()
    for key, numbers in one.items():
        assert numbers == pytest.approx(other[key], nan_ok=True, abs=1e-9), key


@few
@given(SEED)
def test_order_and_names_of_people_and_scenarios_do_not_matter(seed: int) -> None:
    frame = made(seed)
    person = pl.when(pl.col("kind") == "human").then("é" + pl.col("rater").str.reverse()).otherwise("rater")
    renamed = frame.with_columns(rater=person, scenario="z" + pl.col("scenario").str.reverse())
    same(found(frame), found(renamed.sample(fraction=1, shuffle=True, seed=seed % 1000)))


@few
@given(SEED)
def test_the_name_of_the_judge_does_not_matter(seed: int) -> None:
    frame = made(seed)
    same(found(frame), found(frame.with_columns(rater=pl.col("rater").replace(JUDGE, "another@12345678"))))


@few
@given(SEED)
def test_swapped_labels_swap_sensitivity_and_specificity_and_turn_the_bias(seed: int) -> None:
    frame = made(seed)
    one, other = found(frame), found(frame.with_columns(success=~pl.col("success")))
    swap = {"judge_sensitivity": "judge_specificity", "judge_specificity": "judge_sensitivity"}
    turned = ("judge_bias", "judge_calibrated_on", "judge_share", "people_share")
    for (name, *rest), numbers in one.items():
        mirrored = other[swap.get(name, name), *rest]
        if name == "judge_bias":
            assert numbers[0] == pytest.approx(-mirrored[0], abs=1e-12)
            assert numbers[2] == pytest.approx(-mirrored[3], nan_ok=True, abs=1e-12)
        if name not in turned:
            assert numbers == pytest.approx(mirrored, nan_ok=True, abs=1e-9), (name, *rest)


@few
@given(SEED)
def test_swapped_generations_turn_the_difference_of_biases(seed: int) -> None:
    frame = made(seed)
    back = found(frame.with_columns(generation=3 - pl.col("generation")))
    for (name, contrast, release, *rest), numbers in found(frame).items():
        if contrast == "drift":
            mirrored = back[name, contrast, {"A1": "A2", "A2": "A1"}[release], *rest]
            assert numbers[0] == pytest.approx(-mirrored[0], abs=1e-12, nan_ok=True)
            assert numbers[1] == pytest.approx(mirrored[1], abs=1e-12, nan_ok=True)


@few
@given(SEED)
def test_a_judge_who_copies_one_person_agrees_as_that_person_does(seed: int) -> None:
    frame = made(seed)
    people = frame.filter(pl.col("kind") == "human")
    copy = people.filter(pl.col("rater") == "p0").with_columns(rater=pl.lit(JUDGE), kind=pl.lit("judge"))
    agreement = found(pl.concat([people, copy]))[
        "judge_agreement", None, None, "panel", "linearised scenario t; 3 raters drawn"
    ]
    share = people.group_by("scenario", "release").agg(
        pl.col("success").cast(pl.Float64).mean().alias("y"),
        pl.col("success").filter(pl.col("rater") == "p0").first().alias("q"),
    )
    majority = share["y"].to_numpy()
    m = np.where(majority == 0.5, 0.5, majority > 0.5)
    q = share["q"].to_numpy().astype(float)
    assert agreement[0] == pytest.approx((m * q + (1 - m) * (1 - q)).mean())

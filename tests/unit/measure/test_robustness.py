"""Robustness: the declared specification is the primary row, and what moves a verdict is named."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.frames import SPECIFICATIONS, specifications_frame
from driftgauge.measure.analysis import measure
from driftgauge.measure.robustness import Robustness, share_that_agree, specifications
from driftgauge.measure.simulate import Shape, SimulatedRelease, simulate
from driftgauge.rate.exchange import read_ratings
from driftgauge.study import Protocol

SHAPE = Shape(
    releases=(
        SimulatedRelease("A1", "A", 1, 1, refusal=0.2, conditional_asr=0.6),
        SimulatedRelease("A2", "A", 2, 2, refusal=0.2, conditional_asr=0.2),
        SimulatedRelease("B1", "B", 1, 1, refusal=0.2, conditional_asr=0.4),
        SimulatedRelease("B2", "B", 2, 2, refusal=0.2, conditional_asr=0.4),
    ),
    scenarios=24,
    panels={1: 4, 2: 4},
)


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    path = tmp_path_factory.mktemp("robustness") / "ratings.parquet"
    simulate(SHAPE, np.random.default_rng(4)).write_parquet(path)
    return read_ratings([path]).ratings


def run(ratings: pl.DataFrame, **settings: Any) -> tuple[list[dict[str, Any]], Robustness]:
    protocol = settings.pop("protocol", Protocol())
    found = measure(ratings, protocol=protocol, rng=np.random.default_rng(1), bootstrap=0, units=(protocol.primary.unit,))
    primary = found.estimates.filter("primary").to_dicts()
    return primary, specifications(ratings, protocol=protocol, primary=primary, rng=np.random.default_rng(1), **settings)


@pytest.mark.parametrize("unit", ["rating", "response_mean", "response_majority", "any_rater"])
def test_the_declared_specification_is_the_primary_row(ratings: pl.DataFrame, unit: str) -> None:
    primary, found = run(ratings, protocol=Protocol.model_validate({"primary": {"unit": unit}}))
    declared = {row["release"]: row for row in found.rows if row["declared"]}
    assert set(declared) == {"A2", "B2"}
    for row in primary:
        mine = declared[row["release"]]
        for name in ("estimate", "std_error", "conf_low", "conf_high", "p_adjusted"):
            assert mine[name] == pytest.approx(row[name], abs=1e-12)
        assert mine["verdict"] == row["verdict"]
        assert mine["agrees"] is True


def test_every_choice_is_crossed_once(ratings: pl.DataFrame) -> None:
    _, found = run(ratings)
    frame = specifications_frame(found.rows, analysis_id="a")
    assert frame.columns == list(SPECIFICATIONS)
    assert frame["specification_id"].n_unique() == len(frame)
    estimands, units, left_out = 4, 4, 1 + 8 + 3
    codings = frame["coding"].n_unique()
    assert len(frame) == 2 * codings * estimands * units * left_out
    assert len(frame) // 2 >= 190


def test_leaving_a_rater_out_is_measuring_without_him(ratings: pl.DataFrame) -> None:
    _, found = run(ratings)
    rater = sorted(set(ratings["rater"].drop_nulls()))[2]
    alone, _ = run(ratings.filter(pl.col("rater") != rater))
    mine = {
        row["release"]: row
        for row in found.rows
        if row.get("without_rater") == rater and (row["estimand"], row["unit"], row["coding"]) == ("asr", "rating", "as_marked")
    }
    for row in alone:
        assert mine[row["release"]]["estimate"] == pytest.approx(row["estimate"], abs=1e-12)
        assert mine[row["release"]]["std_error"] == pytest.approx(row["std_error"], abs=1e-12)
        assert mine[row["release"]]["verdict"] == row["verdict"]


def test_mixed_models_are_specifications_too(ratings: pl.DataFrame) -> None:
    _, found = run(ratings, presets=("published",))
    rows = [row for row in found.rows if row.get("preset")]
    assert {(row["preset"], row["release"]) for row in rows} == {("published", "A2"), ("published", "B2")}
    assert all(row["verdict"] and not row["declared"] for row in rows)


def test_a_verdict_that_rests_on_one_rater_is_named(ratings: pl.DataFrame) -> None:
    rater = sorted(set(ratings.filter(pl.col("release") == "B2")["rater"]))[0]
    bent = ratings.with_columns(success=pl.when(pl.col("rater") == rater).then(True).otherwise("success"))
    primary, found = run(bent)
    shares = {row[1]: row for row in share_that_agree(found.rows).iter_rows()}
    codes = {finding.code for finding in found.findings}
    assert set(shares) == {"A2", "B2"}
    assert codes <= {"verdict_robust", "verdict_depends", "verdict_rests_on_rater", "verdict_rests_on_category"}
    said = [finding.sentence for finding in found.findings if finding.code == "verdict_rests_on_rater"]
    changed = {
        row["release"]
        for row in run(bent.filter(pl.col("rater") != rater))[0]
        if row["verdict"] != next(each["verdict"] for each in primary if each["release"] == row["release"])
    }
    for release in changed:
        assert any(rater in sentence and release in sentence for sentence in said)
    assert changed


def test_the_scope_of_these_raters_gives_panels_that_differ_no_verdict(ratings: pl.DataFrame) -> None:
    primary, found = run(ratings, protocol=Protocol.model_validate({"scope": "panel"}))
    assert (primary, found.rows, found.findings) == ([], [], [])


def test_order_of_rows_does_not_matter(ratings: pl.DataFrame) -> None:
    here = specifications_frame(run(ratings)[1].rows, analysis_id="a")
    there = specifications_frame(run(ratings.sample(fraction=1.0, shuffle=True, seed=3))[1].rows, analysis_id="a")
    both = here.join(there, on="specification_id", suffix="_there")
    assert len(both) == len(here)
    assert (both["estimate"] - both["estimate_there"]).abs().max() < 1e-12
    assert both["verdict"].equals(both["verdict_there"])

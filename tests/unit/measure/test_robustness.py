"""Robustness: the declared specification is the primary row, and what moves a verdict is named."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from driftgauge.frames import SPECIFICATIONS, specifications_frame
from driftgauge.measure.analysis import measure
from driftgauge.measure.robustness import Robustness, specifications
from driftgauge.measure.robustness_findings import share_that_agree
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


@pytest.fixture(scope="module")
def whole(ratings: pl.DataFrame) -> tuple[list[dict[str, Any]], Robustness]:
    return run(ratings)


def judged(ratings: pl.DataFrame, **says: Any) -> pl.DataFrame:
    """The ratings of one person of each panel, said by judges instead: all as he did, but for what is given."""
    first = ratings.group_by("release").agg(one=pl.col("rater").min())
    of_one = ratings.join(first, left_on=["release", "rater"], right_on=["release", "one"], how="semi")
    parts = [
        of_one.with_columns(kind=pl.lit("judge"), rater=pl.lit(name), rating_id=name + pl.col("rating_id"), success=success)
        for name, success in says.items()
    ]
    return pl.concat([part.select(ratings.columns) for part in parts])


@pytest.mark.parametrize("unit", ["rating", "response_mean", "response_majority", "any_rater"])
def test_the_declared_specification_is_the_primary_row(ratings: pl.DataFrame, unit: str) -> None:
    primary, found = run(ratings, protocol=Protocol.model_validate({"primary": {"unit": unit}}), crossed=False)
    declared = {row["release"]: row for row in found.rows if row["declared"]}
    assert set(declared) == {"A2", "B2"}
    for row in primary:
        mine = declared[row["release"]]
        for name in ("estimate", "std_error", "conf_low", "conf_high", "p_adjusted"):
            assert mine[name] == pytest.approx(row[name], abs=1e-12)
        assert mine["verdict"] == row["verdict"]
        assert mine["agrees"] is True


def test_every_choice_is_crossed_once(whole: tuple[list[dict[str, Any]], Robustness]) -> None:
    _, found = whole
    frame = specifications_frame(found.rows, analysis_id="a")
    assert frame.columns == list(SPECIFICATIONS)
    assert frame["specification_id"].n_unique() == len(frame)
    estimands, units, left_out = 4, 4, 1 + 8 + 3
    codings = frame["coding"].n_unique()
    assert len(frame) == 2 * codings * estimands * units * left_out
    assert len(frame) // 2 >= 190


def test_leaving_a_rater_out_is_measuring_without_him(
    ratings: pl.DataFrame, whole: tuple[list[dict[str, Any]], Robustness]
) -> None:
    _, found = whole
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
    _, found = run(ratings, presets=("published",), crossed=False)
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


def test_order_of_rows_does_not_matter(ratings: pl.DataFrame, whole: tuple[list[dict[str, Any]], Robustness]) -> None:
    here = specifications_frame(whole[1].rows, analysis_id="a")
    there = specifications_frame(run(ratings.sample(fraction=1.0, shuffle=True, seed=3))[1].rows, analysis_id="a")
    both = here.join(there, on="specification_id", suffix="_there")
    assert len(both) == len(here)
    assert (both["estimate"] - both["estimate_there"]).abs().max() < 1e-12
    assert both["verdict"].equals(both["verdict_there"])


def test_without_crossing_there_is_the_declared_way_and_each_rater_and_category_left_out(
    ratings: pl.DataFrame, whole: tuple[list[dict[str, Any]], Robustness]
) -> None:
    _, crossed = whole
    primary, found = run(ratings, crossed=False)
    assert len(found.rows) == 2 * (1 + 8 + 3)
    assert sum(row["declared"] for row in found.rows) == 2
    chosen = ("release", "estimand", "threshold", "coding", "unit", "unrated", "preset", "judge", "without_rater")
    known = {tuple(row.get(name) for name in (*chosen, "without_category")): row for row in crossed.rows}
    for row in found.rows:
        other = known[tuple(row.get(name) for name in (*chosen, "without_category"))]
        assert (row["estimate"], row["verdict"]) == (pytest.approx(other["estimate"], abs=1e-12), other["verdict"])
    assert {each.code for each in found.findings} <= {"verdict_rests_on_rater", "verdict_rests_on_category"}
    assert [each for each in crossed.findings if each.code.startswith("verdict_rests")] == found.findings
    assert primary


def test_a_primary_refusal_rate_and_a_primary_unit_of_attempts_have_their_declared_specification(ratings: pl.DataFrame) -> None:
    for declared in ({"estimand": "refusal_rate"}, {"estimand": "asr", "unit": "any_attempt"}):
        both = pl.concat([ratings, ratings.with_columns(attempt=pl.lit(2, pl.Int64), rating_id="2" + pl.col("rating_id"))])
        both = both.with_columns(response_id=pl.col("response_id") + pl.col("attempt").cast(pl.String))
        frame = both if "unit" in declared else ratings
        primary, found = run(frame, protocol=Protocol.model_validate({"primary": declared}), crossed=False)
        rows = {row["release"]: row for row in found.rows if row["declared"]}
        assert set(rows) == {"A2", "B2"}
        for row in primary:
            assert rows[row["release"]]["estimate"] == pytest.approx(row["estimate"], abs=1e-12)
            assert rows[row["release"]]["verdict"] == row["verdict"]


def test_each_judge_is_a_specification_held_to_the_verdict_of_people(ratings: pl.DataFrame) -> None:
    release_2 = pl.col("release").is_in(["A2", "B2"])
    both = pl.concat([ratings, judged(ratings, down=~release_2, up=release_2, alike=pl.col("success"))])
    primary, found = run(both, crossed=False)
    verdicts = {row["release"]: row["verdict"] for row in primary}
    mine = {(row["judge"], row["release"]): row for row in found.rows if row.get("judge")}
    assert {judge for judge, _ in mine} == {"(all judges)", "alike", "down", "up"}
    assert {mine["up", release]["estimate"] for release in ("A2", "B2")} == {1.0}
    for (_, release), row in mine.items():
        assert not row["declared"]
        assert row["agrees"] == (None if row["verdict"] is None else row["verdict"] == verdicts[release])
    without, _ = run(ratings, crossed=False)
    assert [row["verdict"] for row in without] == [row["verdict"] for row in primary]
    said = [each for each in found.findings if each.code == "verdict_by_judges"]
    assert len(said) == 2
    assert all(each.level == "warning" and "by people" in each.sentence for each in said)
    assert share_that_agree(found.rows)["n"].to_list() == [1 + 8 + 3 - 1] * 2


def test_judges_alone_are_held_to_all_judges_together(ratings: pl.DataFrame) -> None:
    release_2 = pl.col("release").is_in(["A2", "B2"])
    alone = judged(ratings, one=pl.col("success"), other=(pl.col("success") | release_2))
    primary, found = run(alone)
    assert primary == []
    assert {row["judge"] for row in found.rows} == {"(all judges)", "one", "other"}
    assert {row["unit"] for row in found.rows if row["judge"] == "one"} == {"rating"}
    assert not any(row["declared"] for row in found.rows)
    together = [row for row in found.rows if row["judge"] == "(all judges)" and row["estimand"] == "asr"]
    assert any(row["agrees"] for row in together)
    said = [each for each in found.findings if each.code == "verdict_by_judges" and "asr" in each.sentence]
    assert len(said) == 2
    assert not any("people" in each.sentence for each in said)

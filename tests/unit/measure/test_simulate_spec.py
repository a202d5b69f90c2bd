"""Simulated studies with attempts, languages, linked raters, partial designs and losses; and their sums."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.estimate import answer
from driftgauge.measure.outcomes import counted, sample
from driftgauge.measure.populations import drifts as drift_questions
from driftgauge.measure.populations import index
from driftgauge.measure.rates import rates
from driftgauge.measure.simulate import PUBLISHED_SHAPE, Shape, SimulatedRelease, Spreads, simulate
from driftgauge.measure.simulated_drifts import Pair, Sums, drifts, level_of, pairs, simulate_sums, true_drift
from driftgauge.measure.truth import Level, components, population_rate
from driftgauge.measure.units import Rows, contributions
from driftgauge.rate.exchange import read_ratings
from driftgauge.study import Protocol

RELEASES = (
    SimulatedRelease("A1", "A", 1, 1, refusal=0.2, conditional_asr=0.4, modality_effect=0.4),
    SimulatedRelease("A2", "A", 2, 2, refusal=0.1, conditional_asr=0.5),
)
SMALL = Shape(RELEASES, scenarios=12, panels={1: 5, 2: 4})


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_published_study_is_drawn_as_it_always_was() -> None:
    frame = simulate(PUBLISHED_SHAPE, rng())
    told = (len(frame), int(frame["success"].sum()), int(frame["harm"].sum()), int(frame["refusal"].sum()))
    assert told == PUBLISHED_SUMS


PUBLISHED_SUMS = (82_256, 17_149, 141_901, 23_077)


def test_every_scenario_is_put_in_each_language_and_modality_and_answered_at_each_attempt() -> None:
    frame = simulate(replace(SMALL, languages=("en", "es"), attempts=3), rng())
    per_prompt = frame.group_by("scenario", "language", "modality", "release").agg(n=pl.n_unique("attempt"))
    assert set(per_prompt["n"]) == {3}
    assert len(per_prompt) == 12 * 2 * 2 * 2


def test_one_modality_has_no_modality_effect() -> None:
    alone = replace(SMALL, modalities=("text-only",))
    assert set(simulate(alone, rng())["modality"]) == {"text-only"}
    assert population_rate(float(alone.intercepts(RELEASES[0])[0]), alone.spreads.total) == pytest.approx(0.4)


def test_a_response_has_as_many_raters_as_it_should() -> None:
    frame = simulate(replace(SMALL, per_response={2: 3}), rng())
    counts = frame.group_by("release", "scenario", "modality").len().group_by("release").agg(pl.col("len").unique())
    assert dict(counts.iter_rows()) == {"A1": [5], "A2": [3]}


def test_linked_raters_are_in_both_panels_under_one_name() -> None:
    frame = simulate(replace(SMALL, linked={2: 2}), rng())
    panels = frame.group_by("rater").agg(pl.col("panel").n_unique())
    assert sorted(panels.filter(pl.col("panel") == 2)["rater"]) == ["P1-01", "P1-02"]
    assert frame.filter(pl.col("panel") == "2")["rater"].n_unique() == 4


def test_lost_ratings_are_lost_of_that_release_alone() -> None:
    lossy = replace(SMALL, scenarios=200, releases=(RELEASES[0], replace(RELEASES[1], missing=0.25)))
    counts = dict(simulate(lossy, rng()).group_by("release").len().iter_rows())
    assert counts["A1"] == 200 * 2 * 5
    assert counts["A2"] / (200 * 2 * 4) == pytest.approx(0.75, abs=0.04)


def test_the_truth_of_a_release_is_what_was_asked_for() -> None:
    assert level_of(SMALL, RELEASES[0]).asr(SMALL.spreads) == pytest.approx(0.8 * 0.4)
    assert true_drift(SMALL, Pair(0, 1)) == pytest.approx(0.9 * 0.5 - 0.8 * 0.4)


def test_a_panel_shift_is_in_what_the_panels_see_and_not_in_the_drift() -> None:
    shifted = replace(SMALL, spreads=Spreads(panel_shift=0.5))
    assert true_drift(shifted, Pair(0, 1)) == pytest.approx(true_drift(SMALL, Pair(0, 1)))
    assert true_drift(shifted, Pair(0, 1), with_panel_shift=True) > true_drift(SMALL, Pair(0, 1)) + 0.05


def test_pairs_are_consecutive_generations_of_a_family() -> None:
    releases = [SimulatedRelease(f"{f}{g}", f, g, 1, 0.1, 0.3) for f in "AB" for g in (1, 2, 3)]
    assert pairs(Shape(releases, 5, {1: 3})) == (Pair(0, 1), Pair(1, 2), Pair(3, 4), Pair(4, 5))


def test_drifts_from_sums_are_those_of_the_estimates(tmp_path: Path) -> None:
    path = tmp_path / "ratings.parquet"
    frame = simulate(replace(SMALL, linked={2: 2}, per_response={2: 3}), rng(4))
    frame.write_parquet(path)
    protocol = Protocol()
    here = index(sample(counted(read_ratings([path]).ratings, protocol).rows, protocol))
    rate = rates(here.sample, intent="adversarial")["asr"]
    part = contributions(Rows(rate.y, rate.x, here.sample.response, here.sample.weight), "rating", k=1)
    question = next(each for each in drift_questions(here) if not each.where)
    expected = answer(here.sample, question, rates={"asr": rate}, contributions={"asr": part})
    found = drifts(_sums(frame), (Pair(0, 1),))
    assert found.value[0] == pytest.approx(expected.value[0])
    assert found.spread.variance[0] == pytest.approx(expected.raters.variance[0])
    assert found.spread.df[0] == pytest.approx(expected.raters.df[0])


def _sums(frame: pl.DataFrame) -> Sums:
    raters, scenarios = (sorted(frame[name].unique()) for name in ("rater", "scenario"))
    successes, ratings = np.zeros((2, len(scenarios), len(raters))), np.zeros((2, len(scenarios), len(raters)))
    member = np.zeros((len(raters), 2), dtype=bool)
    for release, scenario, rater, success in frame.select("release", "scenario", "rater", "success").iter_rows():
        place = (int(release == "A2"), scenarios.index(scenario), raters.index(rater))
        successes[place] += success
        ratings[place] += 1
        member[place[2], place[0]] = True
    return Sums(successes, ratings, member, np.array([0, 1]))


def test_swapped_releases_mirror_the_drift_and_keep_its_spread() -> None:
    sums = simulate_sums(SMALL, rng())
    there, back = drifts(sums, (Pair(0, 1),)), drifts(sums, (Pair(1, 0),))
    assert there.value[0] == -back.value[0]
    assert there.spread.variance[0] == pytest.approx(back.spread.variance[0])


def test_a_side_without_ratings_has_no_drift() -> None:
    sums = simulate_sums(SMALL, rng())
    sums.ratings[1], sums.successes[1] = 0, 0
    assert np.isnan(drifts(sums, (Pair(0, 1),)).value[0])


@pytest.mark.parametrize("asr", [0.1, 0.5])
def test_components_and_chance_make_up_the_whole_variance_of_a_rating(asr: float) -> None:
    shape = replace(
        SMALL, releases=tuple(replace(each, conditional_asr=asr, refusal=0.0, modality_effect=0) for each in RELEASES)
    )
    level = level_of(shape, shape.releases[0])
    found = components(level, level, shape.spreads)
    between_scenarios = asr * (1 - asr) - found.residual - found.rater - found.rater_release
    assert found.scenario == pytest.approx(0.0, abs=1e-12)
    assert found.prompt == pytest.approx(0.0, abs=1e-12)
    assert 0 < found.response < between_scenarios


def test_without_spreads_only_chance_and_refusals_vary() -> None:
    found = components(Level(0.2, np.zeros(1)), Level(0.2, np.zeros(1)), Spreads(0, 0, 0, 0, 0))
    assert found.response == pytest.approx(0.2 * 0.8 * 0.25)
    assert found.residual == pytest.approx(0.4 * 0.6 - 0.2 * 0.8 * 0.25)
    assert (found.rater, found.rater_release) == pytest.approx((0, 0), abs=1e-12)

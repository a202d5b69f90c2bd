"""The spread of prompts and raters by moments: by hand, and a known truth."""

import numpy as np
import polars as pl
import pytest

from driftgauge.measure.latent import Marks, both_positive, fitted_latent, latent, moments


def crossed(
    *,
    scenarios: int,
    raters: int,
    of_scenarios: float,
    of_raters: float,
    seed: int,
    intercepts: tuple[float, ...] = (-0.5, -2.0),
) -> Marks:
    """Every rater rates every scenario of every release once."""
    rng = np.random.default_rng(seed)
    scenario, rater = (each.ravel() for each in np.meshgrid(np.arange(scenarios), np.arange(raters), indexing="ij"))
    marks, response = [], []
    for number, intercept in enumerate(intercepts):
        eta = intercept + of_scenarios * rng.normal(size=scenarios)[scenario] + of_raters * rng.normal(size=raters)[rater]
        marks.append((rng.random(len(scenario)) < 1 / (1 + np.exp(-eta))).astype(float))
        response.append(scenario + number * scenarios)
    n = len(intercepts)
    release = np.repeat(np.arange(n), len(scenario))
    return Marks(
        np.concatenate(marks), np.ones(len(release)), release, np.tile(scenario, n), np.tile(rater, n), np.concatenate(response)
    )


def test_moments_are_shares_of_pairs() -> None:
    marks = crossed(scenarios=5, raters=4, of_scenarios=1.0, of_raters=1.0, seed=1, intercepts=(0.0,))
    grid = marks.y.reshape(5, 4)
    pairs = {"alone": [], "response": [], "rater": []}
    for s in range(5):
        for j in range(4):
            for t in range(5):
                for k in range(4):
                    if (s, j) != (t, k):
                        kind = "response" if s == t else ("rater" if j == k else "alone")
                        pairs[kind].append(grid[s, j] * grid[t, k])
    share = {kind: np.mean(products) for kind, products in pairs.items()}
    found = moments(marks)
    assert found.rate[0] == pytest.approx(grid.mean())
    assert found.responses[0] == pytest.approx(share["response"] - share["alone"])
    assert found.raters[0] == pytest.approx(share["rater"] - share["alone"])


@pytest.mark.parametrize(("of_scenarios", "of_raters"), [(1.5, 0.6), (2.5, 0.3), (0.8, 0.8)])
def test_a_known_spread_is_recovered(of_scenarios: float, of_raters: float) -> None:
    found = [
        latent(crossed(scenarios=200, raters=20, of_scenarios=of_scenarios, of_raters=of_raters, seed=seed))
        for seed in range(6)
    ]
    assert np.mean([each.raters for each in found]) == pytest.approx(of_raters, abs=0.12)
    assert np.mean([each.total for each in found]) == pytest.approx(np.hypot(of_scenarios, of_raters), rel=0.08)


def test_what_two_marks_share_is_what_makes_them_agree() -> None:
    rate = np.array([0.2, 0.5])
    assert both_positive(rate, shared=0.0, rest=2.0).tolist() == pytest.approx([0.0, 0.0], abs=1e-9)
    assert (both_positive(rate, shared=2.0, rest=0.5) > both_positive(rate, shared=1.0, rest=0.5)).all()


def test_order_and_names_do_not_matter() -> None:
    marks = crossed(scenarios=30, raters=6, of_scenarios=1.0, of_raters=0.5, seed=4)
    shuffled = np.random.default_rng(1).permutation(len(marks.y))
    renamed = Marks(
        marks.y[shuffled],
        marks.weight[shuffled],
        1 - marks.release[shuffled],
        29 - marks.scenario[shuffled],
        5 - marks.rater[shuffled],
        59 - marks.response[shuffled],
    )
    assert latent(renamed).total == pytest.approx(latent(marks).total, abs=1e-3)


def test_one_rater_cannot_tell() -> None:
    found = latent(crossed(scenarios=30, raters=1, of_scenarios=1.0, of_raters=0.0, seed=1))
    assert np.isnan(found.total)
    assert "two raters" in str(found.reason)


def test_marks_that_are_all_alike_cannot_tell() -> None:
    marks = crossed(scenarios=10, raters=4, of_scenarios=1.0, of_raters=0.5, seed=1)
    found = latent(Marks(np.zeros(len(marks.y)), marks.weight, marks.release, marks.scenario, marks.rater, marks.response))
    assert np.isnan(found.total)
    assert found.reason is not None


def test_raters_who_always_agree_cannot_tell() -> None:
    marks = crossed(scenarios=40, raters=4, of_scenarios=1.0, of_raters=0.5, seed=1)
    alike = (marks.scenario % 2).astype(float)
    found = latent(Marks(alike, marks.weight, marks.release, marks.scenario, marks.rater, marks.response))
    assert np.isnan(found.total)
    assert "so much alike" in str(found.reason)


def test_ratings_without_a_mark_are_left_out() -> None:
    marks = crossed(scenarios=30, raters=6, of_scenarios=1.0, of_raters=0.5, seed=4)
    half = np.where(marks.rater < 3, marks.y, np.nan)
    some = marks.rater < 3
    alone = Marks(
        marks.y[some], marks.weight[some], marks.release[some], marks.scenario[some], marks.rater[some], marks.response[some]
    )
    without = latent(Marks(half, marks.weight, marks.release, marks.scenario, marks.rater, marks.response))
    assert without.total == pytest.approx(latent(alone).total)


def test_a_model_without_raters_has_no_spread_of_theirs() -> None:
    found = fitted_latent(pl.DataFrame({"grouping": ["scenario"], "std_dev": [1.2]}))
    assert found.total == pytest.approx(1.2)
    assert np.isnan(found.raters)

"""The engine `posterior`: the truth is found, chains agree, and what it is made of is what it says."""

import sys

import numpy as np
import polars as pl
import pytest

from driftgauge.errors import EstimationError
from driftgauge.measure.mixed import curvature
from driftgauge.measure.mixed.draws import Draws, Sampling
from driftgauge.measure.mixed.fit import MixedFit, draw_design, fit_design, fit_mixed
from driftgauge.measure.mixed.jump import Jumps
from driftgauge.measure.mixed.laplace import Point
from driftgauge.measure.mixed.posterior import Whitened, whitened
from driftgauge.measure.mixed.presets import preset_design
from driftgauge.measure.mixed.target import penalised

TRUE = {"releaseB": -0.8, "scenario": 1.2, "rater": 0.6, "response": 0.7}


def study(seed: int, *, scenarios: int = 40, raters: int = 10) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    s, m, r, j = (each.ravel() for each in np.indices((scenarios, 2, 2, raters)))
    eta = TRUE["releaseB"] * r + rng.normal(0, TRUE["scenario"], scenarios)[s] + rng.normal(0, TRUE["rater"], raters)[j]
    response = (s * 2 + m) * 2 + r
    eta = eta + rng.normal(0, TRUE["response"], 4 * scenarios)[response] + rng.logistic(size=len(s))
    return pl.DataFrame(
        {
            "scenario": s,
            "modality": np.array(["text-only", "multimodal"])[m],
            "release": np.array(["A", "B"])[r],
            "rater": j,
            "response_id": response,
            "attempt": 1,
            "harm": 1 + np.searchsorted([-1.0, 0.0, 0.9, 2.0], eta),
            "success": eta > 0,
        }
    )


@pytest.fixture(scope="module")
def fit() -> MixedFit:
    return draw_design(preset_design(study(3), "response"), rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def posterior() -> Whitened:
    return whitened(preset_design(study(4, scenarios=12), "design"))


def test_the_truth_is_within_the_posterior(fit: MixedFit) -> None:
    assert fit.converged, fit.convergence.reason
    rows = {row["term"]: row for row in fit.to_frame().iter_rows(named=True)}
    for name in ("scenario", "rater", "response"):
        assert rows[name]["conf_low"] < TRUE[name] < rows[name]["conf_high"]
    drift = fit.contrasts("release").row(0, named=True)
    assert drift["conf_low"] < TRUE["releaseB"] < drift["conf_high"]
    assert drift["p_value"] is None


def test_chains_agree_on_every_parameter(fit: MixedFit) -> None:
    found = fit.diagnostics()
    assert found["rhat"].max() < 1.01
    assert min(found["ess_bulk"].min(), found["ess_tail"].min()) > 400


def test_the_summary_says_how_well_the_chains_agree(fit: MixedFit) -> None:
    said = fit.summary()
    assert "largest R-hat" in said
    assert "nan" not in said


def test_draws_are_those_of_arviz(fit: MixedFit) -> None:
    assert fit.draws is not None
    found = fit.to_inferencedata().posterior["sigma"].sel(grouping="rater").values
    assert np.array_equal(found, fit.draws.values[:, :, fit.draws.names.index("rater")])


def test_many_ratings_outweigh_the_priors(fit: MixedFit) -> None:
    likely = fit_design(preset_design(study(3), "response"))
    a, b = (each.contrasts("release").row(0, named=True) for each in (fit, likely))
    assert a["estimate"] == pytest.approx(b["estimate"], abs=0.15 * b["std_error"] + 0.02)
    assert a["std_error"] == pytest.approx(b["std_error"], rel=0.15)
    p, q = (each.probabilities("release", at_least=3)["estimate"].to_numpy() for each in (fit, likely))
    assert p == pytest.approx(q, abs=0.02)


def test_the_same_generator_gives_the_same_draws_whatever_the_processes() -> None:
    design = preset_design(study(5, scenarios=8), "published")
    runs = [
        draw_design(
            design, rng=np.random.default_rng(2), sampling=Sampling(chains=2, draws=20, tune=10, most_draws=20, n_jobs=jobs)
        )
        for jobs in (1, 2)
    ]
    assert runs[0].draws is not None
    assert runs[1].draws is not None
    assert np.array_equal(runs[0].draws.values, runs[1].draws.values)


def test_too_few_draws_are_no_estimate() -> None:
    short = Sampling(chains=2, draws=10, tune=5, most_draws=10)
    fit = draw_design(preset_design(study(5, scenarios=8), "published"), rng=np.random.default_rng(2), sampling=short)
    assert not fit.converged
    assert fit.contrasts("release")["conf_low"].to_list() == [None]


def test_chains_that_never_moved_are_a_problem_and_no_error() -> None:
    stuck = np.repeat(np.array([0.0, 1.0])[:, None, None], 50, axis=1)
    for values in (stuck, np.zeros((2, 50, 1))):
        assert "do not agree on 1 of 1" in str(Draws(("a",), values, 0).problem())


def test_a_release_that_is_never_harmful_has_a_posterior() -> None:
    data = study(6, scenarios=15).with_columns(success=pl.col("success") & (pl.col("release") == "A"))
    assert fit_design(preset_design(data, "published", outcome="success")).convergence.separated
    fit = draw_design(preset_design(data, "published", outcome="success"), rng=np.random.default_rng(2))
    assert fit.converged, fit.convergence.reason
    assert fit.contrasts("release")["conf_high"][0] < -1


def test_a_category_that_nobody_used_keeps_its_threshold() -> None:
    data = study(7, scenarios=10).with_columns(harm=pl.when(pl.col("harm") == 3).then(4).otherwise("harm"))
    fit = fit_mixed(
        "harm ~ release + (1 | scenario) + (1 | rater)",
        data,
        engine="posterior",
        categories=[1, 2, 3, 4, 5],
        rng=np.random.default_rng(3),
    )
    assert fit.converged, fit.convergence.reason
    assert fit.thresholds["threshold"].to_list() == ["1|2", "2|3", "3|4", "4|5"]
    assert (np.diff(fit.thresholds["estimate"].to_numpy()) > 0).all()


def test_a_model_without_random_intercepts_has_a_posterior() -> None:
    data = study(9, scenarios=10)
    drawn, likely = (
        fit_mixed("harm ~ release", data, engine=engine, rng=np.random.default_rng(4)) for engine in ("posterior", "laplace")
    )
    assert drawn.converged, drawn.convergence.reason
    a, b = (each.coefficients["estimate"][0] for each in (drawn, likely))
    assert a == pytest.approx(b, abs=0.03)


def test_what_judges_draws_is_asked_for_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arviz_stats.base", None)
    said: list[str] = []
    with pytest.raises(EstimationError, match="arviz_stats"):
        draw_design(preset_design(study(1, scenarios=4), "published"), rng=np.random.default_rng(1), said=said.append)
    assert said == []


def test_an_engine_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(EstimationError) as caught:
        fit_mixed("harm ~ release", study(1, scenarios=4), engine="gibbs")
    assert "laplace, posterior, nuts" in str(caught.value.remedy)


def test_without_a_generator_nothing_is_drawn() -> None:
    with pytest.raises(EstimationError, match="rng"):
        fit_mixed("harm ~ release + (1 | scenario)", study(1, scenarios=4), engine="posterior")


def test_the_gradient_is_that_of_finite_differences(posterior: Whitened) -> None:
    rng = np.random.default_rng(5)
    z = rng.standard_normal(posterior.size)
    slope = posterior.density(z)[1]
    for _ in range(10):
        way = rng.standard_normal(posterior.size)
        ends = [posterior.density(z + side * 1e-5 * way)[0] for side in (1, -1)]
        assert (ends[0] - ends[1]) / 2e-5 == pytest.approx(float(slope @ way), rel=1e-5, abs=1e-4)


def test_whitening_can_be_undone(posterior: Whitened) -> None:
    z = np.random.default_rng(6).standard_normal(posterior.size)
    back = posterior.rewhitened(*posterior.unwhitened(z))
    real = np.append(~posterior.target.padded, np.ones(len(posterior.at), dtype=bool))
    assert back[real] == pytest.approx(z[real], abs=1e-8)


def test_the_precision_that_whitens_is_the_curvature_of_the_log_posterior() -> None:
    engine = penalised(preset_design(study(1, scenarios=12), "published").model)
    vector = engine.vector(Point(np.array([0.3, -0.4, 0.2]), np.array([-1.0, 0.1, 0.9, 2.2]), np.array([1.1, 0.5])))
    at, n = engine.evaluate(engine.point(vector)), engine.n_parameters
    found = curvature.hessian(engine, at, covariance=np.eye(n), free=np.ones(n, dtype=bool))
    ends = [[engine.evaluate(engine.point(vector + h * unit)).gradient for h in (1e-4, -1e-4)] for unit in np.eye(n)]
    central = np.array([(below - above) / 2e-4 for above, below in ends])
    assert np.abs(found - (central + central.T) / 2).max() < 2e-5 * np.abs(central).max()


def test_colouring_has_the_covariance_of_the_inverse_hessian(posterior: Whitened) -> None:
    rng = np.random.default_rng(7)
    right = rng.standard_normal(len(posterior.stretch))
    root = posterior.root
    assert root.colour(root.whiten(right)) == pytest.approx(root.factor.solve(right), abs=1e-9)


def test_the_determinant_of_a_jump_is_that_of_its_map() -> None:
    posterior = whitened(preset_design(study(8, scenarios=5, raters=5), "published"))
    jumps: Jumps = posterior.jumps
    target, rng = posterior.target, np.random.default_rng(8)
    w, x = posterior.unwhitened(rng.standard_normal(posterior.size))
    moved, _ = jumps.propose(x, rng)
    told = jumps.told(x)
    before, after = jumps.surrogate(x, told), jumps.surrogate(moved, told)
    scales = [np.where(target.padded, 1.0, target.engine.scale(target.engine.point(each).sigma)) for each in (x, moved)]

    def image(start: np.ndarray) -> np.ndarray:
        u = target.effects(start, x) / scales[0]
        carried = after.mean + after.root.colour(before.root.uncolour(u - before.mean))
        return target.whitened(scales[1] * carried, moved)

    origin = image(w)
    columns = np.array([(image(w + step) - origin) for step in np.eye(len(w))]).T
    grown = -0.5 * (after.root.factor.log_det - before.root.factor.log_det)
    grown += target.log_stretch(moved) - target.log_stretch(x)
    assert np.linalg.slogdet(columns)[1] == pytest.approx(grown, abs=1e-8)

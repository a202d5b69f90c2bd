"""What a fit offers, against SciPy and by hand."""

from math import exp, log, pi, sqrt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from driftgauge.errors import EstimationError
from driftgauge.measure.mixed.fit import fit_design, fit_mixed
from driftgauge.measure.mixed.laplace import prepare
from driftgauge.measure.mixed.presets import preset_design
from driftgauge.measure.mixed.probabilities import exceedance
from driftgauge.measure.mixed.result import MixedFit
from driftgauge.measure.mixed.wald import wald


@pytest.fixture(scope="module")
def ratings() -> pl.DataFrame:
    rng = np.random.default_rng(7)
    frame = pl.DataFrame({"scenario": [f"s{i:02d}" for i in range(40)]})
    for name, values in (("modality", ["text-only", "multimodal"]), ("release", ["A", "B", "C"]), ("rater", list("uvwxyz"))):
        frame = frame.join(pl.DataFrame({name: values}), how="cross")
    eta = frame["release"].replace_strict({"A": 0.5, "B": -0.5, "C": -1.0}).to_numpy()
    eta = eta + rng.normal(0, 1.0, 40)[frame["scenario"].rank("dense").to_numpy() - 1]
    eta = eta + rng.normal(0, 0.6, 6)[frame["rater"].rank("dense").to_numpy() - 1]
    harm = 1 + np.searchsorted([-1, 0, 1, 2], eta + rng.logistic(size=len(frame)))
    response = pl.concat_str("scenario", "modality", "release", separator="/")
    return frame.with_columns(harm=harm, attempt=1, response_id=response, dose=pl.Series(rng.normal(size=len(frame))))


@pytest.fixture(scope="module")
def fit(ratings: pl.DataFrame) -> MixedFit:
    return fit_design(preset_design(ratings, "published"))


def test_the_approximation_is_close_to_the_integral_it_approximates() -> None:
    heads = np.array([0, 1, 1, 2, 2, 2, 3, 3, 1, 2])
    frame = pl.DataFrame({"coin": np.repeat(np.arange(10), 6), "head": np.concatenate([np.arange(6) < 2 * h for h in heads])})
    fit = fit_mixed("head ~ 1 + (1 | coin)", frame, family="bernoulli")
    beta, sigma = fit.point.beta[0], fit.point.sigma[0]
    exact = 0.0
    for h in 2 * heads:
        integral, _ = integrate.quad(
            lambda b, h=h: special.expit(beta + b) ** h * special.expit(-beta - b) ** (6 - h) * stats.norm.pdf(b, 0, sigma),
            -12,
            12,
        )
        exact += log(integral)
    assert fit.log_likelihood == pytest.approx(exact, abs=0.25)


def test_two_coins_by_hand() -> None:
    """Two coins, one head and one tail each: with β = 0 both modes are 0, each weight is ¼, |H| = 1 + σ²/2."""
    frame = pl.DataFrame({"coin": ["a", "a", "b", "b"], "head": [0, 1, 0, 1]})
    engine = prepare(fit_mixed("head ~ 1 + (1 | coin)", frame, family="bernoulli").design.model)
    found = engine.evaluate(engine.point(np.array([0.0, log(2.0)])))
    assert found.value == pytest.approx(4 * log(0.5) - 2 * 0.5 * log(1 + 4 / 2))


@given(eta=st.floats(-6, 6), tau=st.floats(0, 4))
def test_population_averages_are_those_of_quadrature(eta: float, tau: float) -> None:
    found = exceedance(np.array([eta]), tau)
    exact, _ = integrate.quad(lambda z: special.expit(eta + tau * z) * exp(-z * z / 2) / sqrt(2 * pi), -12, 12, epsabs=1e-12)
    assert found.value[0] == pytest.approx(exact, abs=1e-9)
    h = 1e-5
    assert found.slope[0] == pytest.approx(
        (exceedance(np.array([eta + h]), tau).value[0] - exceedance(np.array([eta - h]), tau).value[0]) / (2 * h), abs=1e-6
    )
    above, below = (exceedance(np.array([eta]), abs(tau + s)).value[0] for s in (h, -h))
    assert found.in_tau[0] == pytest.approx((above - below) / (2 * h), abs=2e-6)


@pytest.mark.parametrize("df", [None, 7.5])
def test_tests_and_limits_are_those_of_scipy(df: float | None) -> None:
    dist = stats.norm() if df is None else stats.t(df)
    found = wald(np.array([1.2, -30.0]), np.array([0.5, 1.0]), df=df, level=0.9)
    assert found["p_value"].tolist() == pytest.approx((2 * dist.sf([2.4, 30.0])).tolist(), rel=1e-9)
    assert found["conf_high"][0] == pytest.approx(1.2 + dist.ppf(0.95) * 0.5)


def test_contrasts_without_interaction_partner_average_over_it(fit: MixedFit) -> None:
    inside = fit.contrasts("release", by="modality").filter(contrast="B - A")["estimate"]
    assert fit.contrasts("release").filter(contrast="B - A")["estimate"][0] == pytest.approx(inside.mean())


def test_contrasts_of_means_are_contrasts(fit: MixedFit) -> None:
    means = dict(fit.means("release").select("release", "estimate").iter_rows())
    for row in fit.contrasts("release").iter_rows(named=True):
        later, earlier = row["contrast"].split(" - ")
        assert row["estimate"] == pytest.approx(means[later] - means[earlier])
        assert row["odds_ratio"] == pytest.approx(exp(row["estimate"]))


def test_holm_adjusts_within_each_level_of_by(fit: MixedFit) -> None:
    found = fit.contrasts("release", by="modality", adjust="holm")
    for _, group in found.group_by("modality"):
        smallest = group["p_value"].min()
        assert group["p_adjusted"].min() == pytest.approx(min(1.0, 3 * smallest))  # type: ignore[operator]


def test_degrees_of_freedom_widen_intervals(fit: MixedFit) -> None:
    normal, t = fit.contrasts("release"), fit.contrasts("release", df=5)
    assert (t["conf_high"] - t["estimate"] > normal["conf_high"] - normal["estimate"]).all()
    assert t["df"].to_list() == [5.0] * 3


def test_probabilities_of_all_categories_add_up(fit: MixedFit) -> None:
    cells = pl.DataFrame({"release": ["A", "C"], "modality": ["text-only", "multimodal"]})
    found = fit.predict(cells)
    assert found.columns == ["1", "2", "3", "4", "5"]
    assert found.sum_horizontal().to_list() == pytest.approx([1.0, 1.0])
    level = fit.probabilities("release", by="modality", at_least=3).filter(release="A", modality="text-only")
    assert found.select(pl.sum_horizontal("3", "4", "5"))["3"][0] == pytest.approx(level["estimate"][0])


def test_the_delta_method_is_that_of_finite_differences(fit: MixedFit) -> None:
    vector = np.concatenate([fit.point.beta, fit.point.thresholds, np.log(fit.point.sigma)])
    slopes = []
    for j in range(len(vector)):
        ends = []
        for h in (1e-5, -1e-5):
            moved = vector + h * np.eye(len(vector))[j]
            p, k = len(fit.point.beta), len(fit.point.thresholds)
            tau = np.sqrt((np.exp(moved[p + k :]) ** 2).sum())
            ends.append(exceedance(np.array([-moved[p + 1]]), tau).value[0])
        slopes.append((ends[0] - ends[1]) / 2e-5)
    expected = float(np.sqrt(np.array(slopes) @ fit.covariance @ np.array(slopes)))  # type: ignore[operator]
    row = fit.probabilities("release", by="modality", at_least=3).filter(release="A", modality="text-only")
    assert row["std_error"][0] == pytest.approx(expected, rel=1e-6)


def test_risk_differences_are_differences(fit: MixedFit) -> None:
    levels = dict(fit.probabilities("release", at_least=3).select("release", "estimate").iter_rows())
    row = fit.probabilities("release", at_least=3, differences=True).filter(contrast="C - A").to_dicts()[0]
    assert row["estimate"] == pytest.approx(levels["C"] - levels["A"])
    assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_a_category_that_is_none_is_refused(fit: MixedFit) -> None:
    with pytest.raises(EstimationError, match="not a category above the lowest"):
        fit.probabilities("release", at_least=1)
    with pytest.raises(EstimationError, match="not a factor of the model: family"):
        fit.contrasts("family")


def test_simulated_answers_have_the_probabilities_of_the_model(fit: MixedFit) -> None:
    rng = np.random.default_rng(1)
    shares = np.mean([np.bincount(fit.simulate(rng), minlength=5) for _ in range(200)], axis=0) / len(fit.design.model)
    cells = pl.DataFrame({"release": list("ABC") * 2, "modality": ["text-only"] * 3 + ["multimodal"] * 3})
    assert shares == pytest.approx(fit.predict(cells).mean().to_numpy()[0], abs=0.02)


def test_every_parameter_has_a_row(fit: MixedFit) -> None:
    frame = fit.to_frame()
    assert len(frame) == fit.n_parameters == 5 + 4 + 2
    assert fit.aic == pytest.approx(2 * 11 - 2 * fit.log_likelihood)
    assert fit.bic == pytest.approx(log(1440) * 11 - 2 * fit.log_likelihood)


def test_the_summary_names_everything(fit: MixedFit) -> None:
    text = fit.summary()
    for part in ("harm ~ release * modality + (1|scenario) + (1|rater)", "1,440 ratings", "scenario", "releaseB", "4|5"):
        assert part in text


def test_numeric_predictors_are_held_at_their_mean(ratings: pl.DataFrame) -> None:
    fit = fit_mixed("harm ~ release + dose + (1 | scenario) + (1 | rater)", ratings)
    assert fit.coefficients["term"].to_list() == ["releaseB", "releaseC", "dose"]
    dose = fit.point.beta[2] * ratings["dose"].mean()  # type: ignore[operator]
    assert fit.means("release")["estimate"][0] == pytest.approx(dose - fit.point.thresholds.mean())


def test_a_numeric_predictor_far_from_0_has_the_standard_error_that_it_has_near_0(ratings: pl.DataFrame) -> None:
    shifted = ratings.with_columns(year=2026 + pl.col("dose"), success=pl.col("harm") >= 3)
    near, far = (
        fit_mixed(f"success ~ {name} + (1 | scenario) + (1 | rater)", shifted, family="bernoulli") for name in ("dose", "year")
    )
    assert far.converged
    assert far.coefficients["estimate"][1] == pytest.approx(near.coefficients["estimate"][1], rel=1e-4)
    assert far.coefficients["std_error"][1] == pytest.approx(near.coefficients["std_error"][1], rel=1e-3)


def test_a_slash_is_two_terms(ratings: pl.DataFrame) -> None:
    nested = fit_mixed("harm ~ release + (1 | scenario/release) + (1 | rater)", ratings)
    written_out = fit_mixed("harm ~ release + (1 | scenario) + (1 | scenario:release) + (1 | rater)", ratings)
    assert nested.random_effects["grouping"].to_list() == ["scenario", "scenario:release", "rater"]
    assert nested.log_likelihood == pytest.approx(written_out.log_likelihood, abs=1e-9)


def test_an_offset_is_taken_as_known(ratings: pl.DataFrame) -> None:
    shifted = ratings.with_columns(known=pl.when(pl.col("release") == "B").then(0.4).otherwise(0.0))
    plain, offset = (fit_mixed("harm ~ release + (1 | scenario)", shifted, offset=o) for o in (None, "known"))
    assert offset.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-7)
    assert offset.point.beta[0] == pytest.approx(plain.point.beta[0] - 0.4, abs=1e-4)


def test_point_estimates_alone_are_the_same(ratings: pl.DataFrame, fit: MixedFit) -> None:
    points = fit_design(fit.design, std_errors=False)
    again = fit_design(fit.design, std_errors=False, near=fit)
    assert points.converged
    assert points.covariance is None
    assert points.point.beta.tolist() == pytest.approx(fit.point.beta.tolist(), abs=1e-6)
    assert again.point.beta.tolist() == pytest.approx(fit.point.beta.tolist(), abs=1e-5)
    assert again.convergence.evaluations <= 3

"""Profile-likelihood intervals of standard deviations: against R, against brute force, and at the boundary."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize

from driftgauge.errors import EstimationError
from driftgauge.measure.mixed import separation
from driftgauge.measure.mixed.coding import TreatmentCoding
from driftgauge.measure.mixed.design import Design, Request, make_design
from driftgauge.measure.mixed.fit import fit_design
from driftgauge.measure.mixed.laplace import Laplace, prepare
from driftgauge.measure.mixed.optimise import maximise
from driftgauge.measure.mixed.start import start

# R 4.2.2, glmmTMB 1.1.5, lme4 1.1-31, on `ratings()`:
#   m <- glmmTMB(y ~ x + (1 | g), d, family = binomial)
#   exp(m$sdr$par.fixed[["theta"]]); logLik(m)
#   # both limits by uniroot(tol = 1e-8) on 2 * (logLik(m) - logLik(refit with theta fixed by `map`)) - qchisq(.95, 1)
#   exp(confint(m, parm = "theta_", method = "profile"))                              # 0.59631, 2.45253: interpolated
#   confint(glmer(y ~ x + (1 | g), d, binomial), parm = "theta_", method = "profile")  # 0.59639, 2.45250: interpolated
R_INTERVAL = (1.269551964, 0.596397362, 2.452526013)
# As above, for `none`, whose standard deviation glmmTMB puts at 2.6e-05: the log-likelihood is that of glm, -66.5421293, and
# the upper limit is where twice the loss against it is qchisq(.95, 1).
R_UPPER_OF_NONE = 0.434335809


def ratings() -> pl.DataFrame:
    """Twelve groups of eight, made of whole numbers, so that R has the same."""
    g, i = (each.ravel() for each in np.indices((12, 8)))
    x = i % 2
    y = (g * 7 + i * 5 + (g * g) // 3 + 3 * x) % 11 < 3 + (g % 4) * 2
    none = (g * 3 + i * 5 + 3 * x) % 8 < 4
    return pl.DataFrame({"g": g, "h": (g + i) % 6, "x": x.astype(float), "y": y, "none": none, "grade": y * 1 + none * 1})


def design(outcome: str, groupings: tuple[tuple[str, ...], ...] = (("g",),), frame: pl.DataFrame | None = None) -> Design:
    data = ratings() if frame is None else frame
    family = "cumulative" if outcome == "grade" else "bernoulli"
    coding = TreatmentCoding({"half": ("0", "1")}, (("half",),))
    data = data.with_columns(half=pl.col("x").cast(pl.Int64).cast(pl.String))
    request = Request(outcome, family, groupings, outcome)
    return make_design(data, request, coding=coding, weights=np.ones(len(data)), offset=np.zeros(len(data)))


def intervals(made: Design, **options: float) -> list[dict[str, float | str | None]]:
    return fit_design(made).profile_intervals(**options).to_dicts()


def test_limits_are_those_of_r() -> None:
    found = intervals(design("y"))[0]
    assert (found["std_dev"], found["conf_low"], found["conf_high"]) == pytest.approx(R_INTERVAL, abs=2e-6)
    assert found["reason"] is None


def test_an_estimate_of_0_has_an_upper_limit_as_in_r() -> None:
    found = intervals(design("none"))[0]
    assert (found["std_dev"], found["conf_low"]) == (0.0, 0.0)
    assert found["conf_high"] == pytest.approx(R_UPPER_OF_NONE, abs=2e-6)


def test_a_term_that_explains_nothing_leaves_the_interval_of_the_other_as_it_is() -> None:
    both = {row["grouping"]: row for row in intervals(design("y", (("g",), ("h",))))}
    assert both["h"]["std_dev"] == both["h"]["conf_low"] == 0.0
    assert both["g"]["conf_high"] == pytest.approx(R_INTERVAL[2], abs=2e-6)


@pytest.mark.parametrize(("outcome", "groupings"), [("y", (("g",), ("h",))), ("grade", (("g",),)), ("grade", (("h",), ("g",)))])
def test_limits_are_those_of_brute_force(outcome: str, groupings: tuple[tuple[str, ...], ...]) -> None:
    """With the rest maximised by SciPy at each value of the standard deviation."""
    made = design(outcome, groupings)
    fit, engine = fit_design(made), prepare(made.model)
    quantile = NormalDist().inv_cdf(0.975) ** 2
    for t, found in enumerate(fit.profile_intervals().to_dicts()):
        at_0 = 2 * (fit.log_likelihood - brute_force(engine, t, 0.0)) - quantile
        assert (at_0 <= 0) == (found["conf_low"] == 0)
        for name, start_at in (("conf_low", 1e-3), ("conf_high", 6.0)):
            if found[name] == 0:
                continue
            limit = brentq(
                lambda sigma, t=t: 2 * (fit.log_likelihood - brute_force(engine, t, sigma)) - quantile,
                start_at,
                max(float(fit.point.sigma[t]), 2e-3),
                xtol=1e-6,
            )
            assert found[name] == pytest.approx(limit, abs=1e-4)


def brute_force(engine: Laplace, t: int, sigma: float) -> float:
    """The highest log-likelihood with one standard deviation held, by SciPy's L-BFGS-B on the others."""
    place = engine.n_fixed + t
    rest = [j for j in range(engine.n_parameters) if j != place]

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        vector = np.full(engine.n_parameters, np.log(sigma) if sigma > 0 else -np.inf)
        vector[rest] = values
        found = engine.evaluate(engine.point(vector))
        if not found.reached:
            return 1e6, np.zeros(len(rest))
        return -found.value, -found.gradient[rest]

    first = np.concatenate([separation.fixed_only(engine.model).parameters, np.full(len(engine.model.groupings) - 1, -0.7)])
    bounds = [(None, None)] * engine.n_fixed + [(-12.0, 3.0)] * (len(rest) - engine.n_fixed)
    return -float(minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-7}).fun)


@given(low=st.floats(0.5, 0.9), more=st.floats(0.01, 0.09))
@settings(max_examples=8)
def test_a_higher_level_is_a_wider_interval(low: float, more: float) -> None:
    narrow, wide = (intervals(design("y"), level=level)[0] for level in (low, low + more))
    assert wide["conf_low"] < narrow["conf_low"] < R_INTERVAL[0] < narrow["conf_high"] < wide["conf_high"]


def test_an_upper_limit_that_is_never_reached_is_null_with_the_reason() -> None:
    g = np.repeat(np.arange(4), 2)
    frame = pl.DataFrame({"g": g, "h": g % 2, "x": np.tile([0.0, 1.0], 4), "y": g >= 2})
    # All ratings of a group agree: the likelihood hardly falls however large the standard deviation.
    found = intervals(design("y", frame=frame))[0]
    assert found["conf_low"] > 0
    assert found["conf_high"] is None
    assert found["reason"] == "no upper limit: up to 100 the profile does not fall far enough"


def test_a_fit_that_did_not_converge_has_no_intervals() -> None:
    made = design("y")
    with pytest.raises(EstimationError, match="did not converge"):
        fit_design(made, most_evaluations=1).profile_intervals()


def test_a_held_parameter_stays_and_the_others_reach_their_maximum() -> None:
    made = design("y")
    engine = prepare(made.model)
    begin = start(engine, separation.fixed_only(made.model).parameters)
    held = replace(begin, point=replace(begin.point, sigma=np.array([2.0])))
    found = maximise(engine, held, tolerance=1e-10, most=100, held=engine.n_fixed)
    assert found.evaluation.point.sigma.tolist() == [2.0]
    assert not found.boundary.any()
    assert found.evaluation.value == pytest.approx(brute_force(engine, 0, 2.0), abs=1e-7)

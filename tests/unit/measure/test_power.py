"""Planning: worked by hand, and what must hold of any design."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, nct
from scipy.stats import t as student

from driftgauge.measure.pilot import Side, crossed, pilot_components, shared_severity
from driftgauge.measure.power import Test as Judged
from driftgauge.measure.power import can_be_unchanged, detectable, needed, power_at, shown_power
from driftgauge.measure.precision import Design, precision
from driftgauge.measure.truth import Components

PARTS = Components(scenario=0.002, prompt=0.001, response=0.03, rater=0.005, rater_release=0.002, residual=0.12)
DESIGN = Design(scenarios=100, prompts=2, raters=(10, 8))


def test_the_variance_is_the_sum_worked_by_hand() -> None:
    scenarios = 0.002 / 100 + 0.001 / 200 + 2 * 0.03 / 200
    raters = 0.007 / 10 + 0.007 / 8
    ratings = 0.12 / 2000 + 0.12 / 1600
    found = precision(PARTS, DESIGN)
    assert found.std_error == pytest.approx(sqrt(scenarios + raters + ratings))
    assert (found.scenarios, found.raters, found.ratings) == pytest.approx((scenarios, raters, ratings))


def test_linked_raters_take_their_severity_out_of_the_drift() -> None:
    same = precision(PARTS, replace(DESIGN, raters=(10, 10), linked=10))
    assert same.raters == pytest.approx(2 * 0.002 / 10)


def test_with_raters_alone_degrees_of_freedom_are_those_of_welch() -> None:
    only = Components(0, 0, 0, 0.005, 0, 0)
    a, b = 0.005 / 10, 0.005 / 8
    assert precision(only, DESIGN).df_true == pytest.approx((a + b) ** 2 / (a**2 / 9 + b**2 / 7))


def test_a_linked_rater_who_is_alone_joins_the_largest_stratum() -> None:
    assert np.isfinite(precision(PARTS, replace(DESIGN, linked=1)).df)


@pytest.mark.parametrize("drift", [0.0, 0.05, 0.15])
def test_power_is_that_of_the_noncentral_t(drift: float) -> None:
    found = precision(PARTS, DESIGN)
    critical = student.ppf(0.975, found.df)
    expected = nct.sf(critical, found.df_true, drift / found.std_error)
    assert power_at(drift, PARTS, DESIGN, test=Judged()).detect == pytest.approx(expected, abs=2e-4)


def test_no_variation_at_all_is_certain() -> None:
    nothing = Components(0, 0, 0, 0, 0, 0)
    found = power_at(0.01, nothing, DESIGN, test=Judged())
    assert (found.detect, found.unchanged) == (1.0, 1.0)


def test_what_is_detectable_is_detected_with_that_power() -> None:
    found = detectable(lambda drift: PARTS, DESIGN, test=Judged(), power=0.9)
    assert found is not None
    assert power_at(found, PARTS, DESIGN, test=Judged()).detect == pytest.approx(0.9, abs=1e-3)


def test_a_design_that_sees_nothing_says_so() -> None:
    hopeless = replace(PARTS, rater=5.0)
    assert detectable(lambda drift: hopeless, Design(2, 1, (2, 2)), test=Judged()) is None
    assert needed(0.05, replace(PARTS, scenario=1e6), DESIGN, test=Judged()).raters is None


def test_needed_is_enough_and_one_less_is_not() -> None:
    found = needed(0.10, PARTS, DESIGN, test=Judged())
    assert found.raters is not None
    enough, less = (
        power_at(0.10, PARTS, DESIGN.with_raters(n), test=Judged()).detect for n in (found.raters, found.raters - 1)
    )
    assert less < 0.8 <= enough
    assert found.raters_ratings == 2 * 200 * found.raters


def test_the_cheapest_design_is_enough_and_no_dearer_than_the_others() -> None:
    found = needed(0.05, PARTS, DESIGN, test=Judged())
    assert found.cheapest is not None
    assert power_at(0.05, PARTS, found.cheapest, test=Judged()).detect >= 0.8
    assert found.cheapest.scenarios >= 30
    assert sum(found.cheapest.ratings) <= (found.raters_ratings or np.inf)


def test_unchanged_can_be_said_when_the_ninety_percent_interval_fits_the_margin() -> None:
    found = precision(PARTS, DESIGN)
    half = student.ppf(0.95, found.df) * found.std_error
    assert not can_be_unchanged(PARTS, DESIGN, test=Judged(margin=0.99 * half))
    assert can_be_unchanged(PARTS, DESIGN, test=Judged(margin=1.01 * half))


def test_partial_designs_and_losses_cost_ratings_and_nothing_else() -> None:
    partial = replace(DESIGN, per_response=(5, 4), kept=(0.5, 1.0))
    assert partial.ratings == (100 * 2 * 5 * 0.5, 100 * 2 * 4)
    assert precision(PARTS, partial).raters == pytest.approx(precision(PARTS, DESIGN).raters)


designs = st.builds(
    Design,
    scenarios=st.integers(2, 500),
    prompts=st.integers(1, 4),
    raters=st.tuples(st.integers(2, 60), st.integers(2, 60)),
    attempts=st.integers(1, 3),
)


@given(design=designs, drift=st.floats(0, 0.3))
def test_swapped_sides_are_as_sure(design: Design, drift: float) -> None:
    swapped = replace(design, raters=design.raters[::-1], kept=design.kept[::-1])
    one, other = (power_at(drift, PARTS, each, test=Judged()) for each in (design, swapped))
    assert one.detect == pytest.approx(other.detect)
    assert power_at(-drift, PARTS, design, test=Judged()) == one


@given(design=designs, drift=st.floats(0.01, 0.3))
def test_more_drift_more_scenarios_and_fewer_tests_are_never_worse(design: Design, drift: float) -> None:
    here = power_at(drift, PARTS, design, test=Judged()).detect
    assert power_at(1.1 * drift, PARTS, design, test=Judged()).detect >= here - 1e-9
    assert power_at(drift, PARTS, design, test=Judged(drifts=4)).detect <= here + 1e-9
    assert precision(PARTS, replace(design, scenarios=design.scenarios + 1)).std_error <= precision(PARTS, design).std_error


@given(design=designs)
def test_when_no_drift_is_there_it_is_found_in_at_most_half_the_level(design: Design) -> None:
    assert power_at(0.0, PARTS, design, test=Judged()).detect <= 0.025 + 3e-3


def _crossed(n: int, raters: int, sd: tuple[float, float, float], rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    response, rater = (each.ravel() for each in np.indices((n, raters)))
    a, b = rng.normal(0, sd[0], n), rng.normal(0, sd[1], raters)
    return a[response] + b[rater] + rng.normal(0, sd[2], n * raters), response, rater


def test_crossed_variances_are_recovered_from_a_design_with_holes(rng: np.random.Generator) -> None:
    y, response, rater = _crossed(400, 200, (0.5, 0.3, 1.0), rng)
    keep = rng.random(len(y)) < 0.4
    found = crossed(y[keep], response[keep], rater[keep])
    assert found.response == pytest.approx(0.25, rel=0.25)
    assert found.rater == pytest.approx(0.09, rel=0.25)
    assert found.residual == pytest.approx(1.0, rel=0.05)


def test_a_balanced_crossed_design_is_the_analysis_of_variance(rng: np.random.Generator) -> None:
    y, response, rater = _crossed(6, 4, (1.0, 1.0, 1.0), rng)
    table = y.reshape(6, 4)
    rest = table - table.mean(0) - table.mean(1)[:, None] + table.mean()
    residual = (rest**2).sum() / (5 * 3)
    found = crossed(y, response, rater)
    assert found.residual == pytest.approx(residual)
    assert found.response == pytest.approx(table.mean(1).var(ddof=1) - residual / 4)
    assert found.rater == pytest.approx(table.mean(0).var(ddof=1) - residual / 6)


def test_crossed_variances_do_not_depend_on_the_order_of_rows(rng: np.random.Generator) -> None:
    y, response, rater = _crossed(9, 5, (1.0, 1.0, 1.0), rng)
    order = rng.permutation(len(y))
    one, other = crossed(y, response, rater), crossed(y[order], response[order], rater[order])
    assert (one.response, one.rater, one.residual) == pytest.approx((other.response, other.rater, other.residual))


@pytest.mark.parametrize("shape", [(1, 3), (3, 1)])
def test_one_rater_or_one_response_tells_nothing_apart(shape: tuple[int, int]) -> None:
    response, rater = (each.ravel() for each in np.indices(shape))
    assert np.isnan(crossed(np.arange(3.0), response, rater).residual)


def test_one_rater_to_each_response_has_no_components() -> None:
    codes = np.arange(6)
    side = Side(np.array([0.0, 1, 0, 1, 1, 0]), codes, codes, codes // 2, codes % 2, codes % 2)
    assert pilot_components(side, side) is None


def test_severity_that_raters_bring_to_both_releases_is_their_covariance() -> None:
    y = np.array([0.1, 0.2, 0.6, 0.2, 0.4, 0.9])
    release, rater = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2])
    assert shared_severity(y, release, rater) == pytest.approx(np.cov(y[:3], y[3:])[0, 1])
    assert shared_severity(y, release, np.arange(6)) is None


@pytest.mark.parametrize(
    ("drift", "std_error", "df"), [(1.0, 0.1**0.5, 38), (0.05, 0.03, 5), (0.05, 0.02, 2), (0.1, 0.03, 17.7)]
)
def test_the_power_that_a_study_shows_is_that_of_the_noncentral_t(drift: float, std_error: float, df: float) -> None:
    found = shown_power(drift, std_error=std_error, df=df, test=Judged())
    exact = [
        nct.sf(student.ppf(0.975, df), df, drift / (std_error * times))
        for times in (1.0, *(np.sqrt(df / chi2.ppf(p, df)) for p in (0.025, 0.975)))
    ]
    assert [found.value, found.low, found.high] == pytest.approx(exact, abs=2e-4)


def test_the_interval_of_a_shown_power_holds_the_true_power_as_often_as_it_says() -> None:
    # A study of true standard error 0.02 reports one that is known from 12 degrees of freedom.
    true = shown_power(0.05, std_error=0.02, df=12.0, test=Judged()).value
    seen = 0.02 * np.sqrt(np.random.default_rng(3).chisquare(12, 400) / 12)
    found = [shown_power(0.05, std_error=float(each), df=12.0, test=Judged()) for each in seen]
    held = np.mean([each.low <= true <= each.high for each in found])
    assert held == pytest.approx(0.95, abs=0.03)

"""Student's t against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from driftgauge.measure.student import quantile, two_sided_p

DF = st.floats(0.5, 5000)


@given(t=st.floats(-40, 40), df=DF)
def test_tail_probability_is_that_of_scipy(t: float, df: float) -> None:
    assert two_sided_p(np.array([t]), np.array([df]))[0] == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-8, abs=1e-300)


@given(p=st.floats(0.5001, 0.99999), df=DF)
def test_quantile_is_that_of_scipy(p: float, df: float) -> None:
    assert quantile(p, np.array([df]))[0] == pytest.approx(stats.t.ppf(p, df), rel=1e-8, abs=1e-10)


def test_lower_quantiles_mirror_upper_ones() -> None:
    assert quantile(0.1, np.array([7.0])) == pytest.approx(-quantile(0.9, np.array([7.0])))


def test_unknown_degrees_of_freedom_give_nothing() -> None:
    found = quantile(0.975, np.array([np.nan, 10.0]))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(2.228138851964939)


def test_what_comes_out_for_one_does_not_depend_on_the_others() -> None:
    rng = np.random.default_rng(5)
    df, t = rng.uniform(1, 300, 400), rng.normal(0, 3, 400)
    assert np.array_equal(quantile(0.975, df), np.concatenate([quantile(0.975, each) for each in np.split(df, 400)]))
    alone = [two_sided_p(a, b) for a, b in zip(np.split(t, 400), np.split(df, 400), strict=True)]
    assert np.array_equal(two_sided_p(t, df), np.concatenate(alone))

"""Two-way variance and its t interval, worked by hand."""

import numpy as np
import pytest

from driftgauge.measure.variance import Cells, Spread, rater_strata, scenario_spread, t_interval, two_way_spread

GRID = Cells(np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 0, 1]), 3, 2)
Z = np.array([[0.3, 0.1, -0.2, 0.1, -0.1, -0.2]])


def test_scenario_variance_by_hand() -> None:
    # sums by scenario: 0.4, -0.1, -0.3; squares 0.16 + 0.01 + 0.09 = 0.26; times 3/2
    found = scenario_spread(Z, GRID, n_scenarios=np.array([3]))
    assert found.variance == pytest.approx([0.39])
    assert found.df == pytest.approx([2])


def test_two_way_variance_by_hand() -> None:
    # raters: 0.0, 0.0 -> 0; cells: .09+.01+.04+.01+.01+.04 = 0.20; 0.39 + 0 - 0.20 is below the maximum, which is used
    found = two_way_spread(Z, GRID, n_scenarios=np.array([3]), strata=[np.array([0, 1])])
    assert found.variance == pytest.approx([0.39])


def test_two_way_variance_adds_raters_and_takes_the_cells_off() -> None:
    z = np.array([[0.4, 0.0, 0.3, -0.1, -0.1, -0.5]])
    # scenarios .4, .2, -.6: .56 * 3/2 = .84; raters .6, -.6: .72 * 2/1 = 1.44; cells .16 + .09 + .01 + .01 + .25 = .52
    found = two_way_spread(z, GRID, n_scenarios=np.array([3]), strata=[np.array([0, 1])])
    variance = 0.84 + 1.44 - 0.52
    assert found.variance == pytest.approx([variance])
    assert found.df == pytest.approx([variance**2 / (0.84**2 / 2 + 1.44**2 / 1)])


def test_each_stratum_has_its_own_correction_and_degrees_of_freedom() -> None:
    cells = Cells(np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 1, 2, 3] * 2), 2, 4)
    z = np.array([[0.2, -0.1, 0.1, 0.3, -0.1, 0.2, -0.2, -0.4]])
    # by rater .1, .1, -.1, -.1; strata {0,1} and {2,3}: 2 * .02 each
    found = two_way_spread(z, cells, n_scenarios=np.array([2]), strata=[np.array([0, 1]), np.array([2, 3])])
    scenarios = 2 * (0.5**2 + 0.5**2)
    both, squares = 0.04 + 0.04, float((z**2).sum())
    variance = max(scenarios + both - squares, scenarios, both)
    assert found.variance == pytest.approx([variance])
    assert found.df == pytest.approx([variance**2 / (scenarios**2 / 1 + 0.04**2 + 0.04**2)])


def test_one_scenario_or_one_rater_has_no_variance() -> None:
    one_scenario = two_way_spread(Z, GRID, n_scenarios=np.array([1]), strata=[np.array([0, 1])])
    one_rater = two_way_spread(Z, GRID, n_scenarios=np.array([3]), strata=[np.array([0])])
    assert np.isnan(one_scenario.variance).all()
    assert np.isnan(one_rater.variance).all()


def test_strata_are_panel_memberships_and_a_lone_rater_joins_the_largest() -> None:
    membership = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [1, 1]], dtype=bool)
    strata = rater_strata(membership, np.ones(6, dtype=bool))
    assert [stratum.tolist() for stratum in strata] == [[0, 1, 2, 5], [3, 4]]


def test_interval_is_t_and_p_is_two_sided() -> None:
    found = t_interval(np.array([2.228138851964939]), Spread(np.array([1.0]), np.array([10.0])), level=0.95)
    assert found.low == pytest.approx([0.0], abs=1e-9)
    assert found.p_value == pytest.approx([0.05])


@pytest.mark.parametrize("variance", [0.0, np.nan])
def test_no_variation_is_no_interval(variance: float) -> None:
    found = t_interval(np.array([0.5]), Spread(np.array([variance]), np.array([5.0])), level=0.95)
    assert np.isnan([found.low[0], found.high[0], found.p_value[0]]).all()

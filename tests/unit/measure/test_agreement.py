"""Agreement coefficients, worked by hand and by published examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from driftgauge.measure.agreement import GroupedSums, Ratings, Sums, coefficient
from driftgauge.measure.agreement.coefficients import alpha_ordinal
from driftgauge.measure.agreement.standing import Coefficient, Standing, standing
from driftgauge.measure.agreement.sums import jackknife_variance, scenario_replicates

NAN = np.nan


def sums_of(table: list[list[float]], categories: int) -> Sums:
    """Sums of a raters × responses table; NaN where a rater did not rate."""
    values = np.array(table, dtype=float)
    rater, response = np.nonzero(~np.isnan(values))
    ratings = Ratings(
        response, response, rater, values[rater, response].astype(np.int64), np.zeros(len(rater), dtype=np.int64), categories
    )
    return GroupedSums(ratings, n_scenarios=values.shape[1], n_raters=values.shape[0]).union(np.array([0]))


# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", example C: four observers, twelve units, values 1 to 5
KRIPPENDORFF = sums_of(
    [
        [0, 1, 2, 2, 1, 0, 3, 0, 1, NAN, NAN, NAN],
        [0, 1, 2, 2, 1, 1, 3, 0, 1, 4, NAN, 2],
        [NAN, 2, 2, 2, 1, 2, 3, 1, 1, 4, 0, NAN],
        [0, 1, 2, 2, 1, 3, 3, 0, 1, 4, 0, NAN],
    ],
    categories=5,
)


@pytest.mark.parametrize(("name", "value"), [("alpha_nominal", 0.743), ("alpha_ordinal", 0.815)])
def test_alpha_of_krippendorffs_example(name: str, value: float) -> None:
    assert coefficient(name, KRIPPENDORFF) == pytest.approx(value, abs=5e-4)


def test_two_raters_by_hand() -> None:
    sums = sums_of([[0, 0, 1, 1], [0, 1, 1, 1]], categories=2)
    # 3 of 4 pairs agree; shares 3/8 and 5/8; chance = 9/64 + 25/64 = 34/64
    assert coefficient("exact_agreement", sums) == pytest.approx(0.75)
    assert coefficient("unanimity", sums) == pytest.approx(0.75)
    assert coefficient("fleiss_kappa", sums) == pytest.approx((0.75 - 34 / 64) / (1 - 34 / 64))
    # AC: chance = T_w/(C(C-1)) Σ π(1-π) = 2/2 * 2 * 15/64 = 30/64
    assert coefficient("ac2_quadratic", sums) == pytest.approx((0.75 - 30 / 64) / (1 - 30 / 64))
    # α: o_disagree = 2, n = 8, n_0·n_1 = 15: 1 - 7·2/(2·15)
    assert coefficient("alpha_nominal", sums) == pytest.approx(1 - 7 * 2 / 30)


def test_an_empty_declared_category_changes_ac2_and_not_alpha() -> None:
    table = [[0.0, 1, 2, 2], [0, 2, 2, 2]]
    three, five = sums_of(table, categories=3), sums_of(table, categories=5)
    assert coefficient("alpha_ordinal", three) == pytest.approx(coefficient("alpha_ordinal", five))
    assert coefficient("ac2_quadratic", three) != pytest.approx(coefficient("ac2_quadratic", five))


@pytest.mark.parametrize("name", ["alpha_ordinal", "alpha_nominal", "ac2_quadratic", "fleiss_kappa"])
def test_agreement_beyond_chance_is_unknown_when_all_say_the_same(name: str) -> None:
    assert np.isnan(coefficient(name, sums_of([[1, 1, 1], [1, 1, 1]], categories=5)))


def test_one_rater_agrees_with_nobody() -> None:
    assert np.isnan(coefficient("exact_agreement", sums_of([[0, 1, 1]], categories=2)))


TABLE = arrays(float, (4, 6), elements=st.sampled_from([0.0, 1.0, 2.0, NAN]))


@given(TABLE, st.permutations(range(4)), st.permutations(range(6)))
def test_order_of_raters_and_responses_does_not_matter(table: np.ndarray, raters: list[int], responses: list[int]) -> None:
    if np.isnan(table).all():
        return
    whole, shuffled = sums_of(table.tolist(), 3), sums_of(table[raters][:, responses].tolist(), 3)
    for name in ("alpha_ordinal", "ac2_quadratic", "fleiss_kappa", "exact_agreement", "unanimity"):
        assert coefficient(name, whole) == pytest.approx(coefficient(name, shuffled), nan_ok=True)


@given(TABLE)
def test_taking_a_rater_out_of_the_sums_is_leaving_his_row_out(table: np.ndarray) -> None:
    if np.isnan(table[1:]).all() or np.isnan(table[0]).all():
        return
    without = sums_of(table[1:].tolist(), 3)
    sums = sums_of(table.tolist(), 3)
    assert sums.total - sums.by_rater[0] == pytest.approx(without.total)


def test_replicates_with_every_scenario_once_are_the_estimate() -> None:
    replicates = scenario_replicates(KRIPPENDORFF, weights=np.ones((3, 12)))
    assert alpha_ordinal(replicates) == pytest.approx([coefficient("alpha_ordinal", KRIPPENDORFF)] * 3)


def test_jackknife_over_raters_by_hand() -> None:
    sums = sums_of([[0, 0, 1, 1], [0, 1, 1, 1], [0, 0, 1, 0]], categories=2)
    pairs = {0: 2 / 4, 1: 3 / 4, 2: 3 / 4}  # exact agreement of the two who stay when each goes
    left_out = np.array([pairs[0], pairs[1], pairs[2]])
    by_hand = 2 / 3 * ((left_out - left_out.mean()) ** 2).sum()
    assert jackknife_variance("exact_agreement", sums) == pytest.approx(by_hand)


def test_agreement_as_it_stands_is_that_of_the_coefficients_and_its_intervals_hold_it() -> None:
    rng = np.random.default_rng(7)
    truth = rng.integers(1, 6, size=60)
    response = np.repeat(np.arange(60), 3)
    harm = np.clip(truth[response] + rng.integers(-1, 2, size=180), 1, 5)
    found = standing(response, response // 2, harm=harm, level=0.95)
    table = (harm.reshape(60, 3).T - 1).tolist()
    for each, name in ((found.alpha, "alpha_ordinal"), (found.ac2, "ac2_quadratic")):
        assert each.estimate == pytest.approx(coefficient(name, sums_of(table, categories=5)))
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.estimate < each.high
    assert (found.paired, found.scenarios) == (60, 30)
    assert found == standing(response, response // 2, harm=harm, level=0.95)


def test_agreement_of_nothing_of_one_rater_and_of_equal_answers_cannot_be_told() -> None:
    none = np.array([], dtype=np.int64)
    codes = np.repeat(np.arange(8), 2)
    assert standing(none, none, harm=none, level=0.95) == Standing()
    assert standing(np.arange(8), np.arange(8), harm=np.full(8, 2), level=0.95) == Standing()
    assert standing(codes, codes, harm=np.full(16, 2), level=0.95) == Standing(paired=8, scenarios=8)


def test_agreement_over_few_scenarios_has_no_interval() -> None:
    codes = np.repeat(np.arange(4), 2)
    found = standing(codes, codes, harm=np.array([1, 1, 2, 2, 3, 3, 5, 4]), level=0.95)
    assert found.alpha.estimate is not None
    assert found.alpha == Coefficient(found.alpha.estimate)
    assert (found.paired, found.scenarios) == (4, 4)

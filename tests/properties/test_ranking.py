"""What must not matter to ranks does not, and what must mirror mirrors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from driftgauge.measure.ranking import rank_shares, reversal_share

# few distinct values, so that ties are many
VALUES = arrays(
    float,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
    elements=st.sampled_from([0.0, 0.25, 0.5, 1 / 3, 1.0]),
)
QUADRUPLES = arrays(float, st.tuples(st.integers(1, 8), st.just(4)), elements=st.sampled_from([0.0, 0.2, 0.4, 1.0]))


@given(VALUES)
def test_each_release_and_each_rank_sums_to_one(values: np.ndarray) -> None:
    share = rank_shares(values).share
    assert share.sum(axis=0) == pytest.approx(np.ones(len(share)))
    assert share.sum(axis=1) == pytest.approx(np.ones(len(share)))
    assert (share >= 0).all()


@given(VALUES)
def test_order_of_releases_and_of_replicates_does_not_matter(values: np.ndarray) -> None:
    rng = np.random.default_rng(values.size)
    columns, rows = rng.permutation(values.shape[1]), rng.permutation(values.shape[0])
    there, back = rank_shares(values), rank_shares(values[rows][:, columns])
    assert back.share == pytest.approx(there.share[columns])
    assert back.std_error == pytest.approx(there.std_error[columns])


@given(VALUES)
def test_the_other_way_round_ranks_are_mirrored(values: np.ndarray) -> None:
    assert rank_shares(-values).share == pytest.approx(rank_shares(values).share[:, ::-1])


@given(VALUES)
def test_a_rising_scale_changes_no_rank(values: np.ndarray) -> None:
    assert rank_shares(np.exp(3 * values)).share == pytest.approx(rank_shares(values).share)


@given(VALUES)
def test_monte_carlo_errors_are_those_of_the_shares_of_each_replicate(values: np.ndarray) -> None:
    parts = np.stack([rank_shares(values[[b]]).share for b in range(len(values))])
    found = rank_shares(values)
    assert found.share == pytest.approx(parts.mean(axis=0))
    assert found.std_error == pytest.approx(parts.std(axis=0) / np.sqrt(len(values)), abs=1e-8)


@given(QUADRUPLES)
def test_a_reversal_is_the_same_forwards_and_backwards_and_with_both_names_swapped(values: np.ndarray) -> None:
    x0, y0, x1, y1 = values.T
    there = reversal_share((x0, y0), (x1, y1)).share
    assert reversal_share((x1, y1), (x0, y0)).share == there
    assert reversal_share((y0, x0), (y1, x1)).share == there


@given(QUADRUPLES)
def test_a_reversal_of_one_occasion_is_none_of_the_other(values: np.ndarray) -> None:
    x0, y0, x1, y1 = values.T
    there, mirrored = (reversal_share((x0, y0), later).share for later in ((x1, y1), (y1, x1)))
    assert there + mirrored == pytest.approx(1)

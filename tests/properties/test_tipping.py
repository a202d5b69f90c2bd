"""Shifts of severity are inverses, monotone and mirrored; the order of ratings does not matter."""

from itertools import pairwise
from math import isnan

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from driftgauge.measure.tipping import Limits, holm_limit, shifted_rate, tipping_shift, verdict_shift
from driftgauge.measure.verdicts import holm

RATE = st.floats(0.01, 0.99)
TAU = st.floats(0.0, 4.0)
SHIFT = st.floats(-3.0, 3.0)


@given(RATE, RATE, TAU)
def test_the_tipping_shift_leads_back_to_the_earlier_rate(before: float, after: float, tau: float) -> None:
    assert shifted_rate(after, tipping_shift(before, after, tau), tau) == pytest.approx(before, abs=1e-9)


@given(RATE, SHIFT, TAU)
def test_shifting_there_and_back_changes_nothing(rate: float, shift: float, tau: float) -> None:
    there = shifted_rate(rate, shift, tau)
    assume(1e-6 < there < 1 - 1e-6)
    assert shifted_rate(there, -shift, tau) == pytest.approx(rate, abs=1e-8)
    assert tipping_shift(there, rate, tau) == pytest.approx(shift, abs=1e-6)


@given(RATE, SHIFT, SHIFT, TAU)
def test_a_larger_shift_is_a_larger_rate(rate: float, one: float, other: float, tau: float) -> None:
    assume(abs(one - other) > 1e-6)
    low, high = sorted((one, other))
    assert shifted_rate(rate, low, tau) < shifted_rate(rate, high, tau)


@given(RATE, RATE, TAU)
def test_swapped_generations_mirror_the_sign(before: float, after: float, tau: float) -> None:
    assert tipping_shift(before, after, tau) == pytest.approx(-tipping_shift(after, before, tau), abs=1e-9)


@given(RATE, RATE, TAU)
def test_success_and_failure_mirror_the_sign(before: float, after: float, tau: float) -> None:
    assert tipping_shift(before, after, tau) == pytest.approx(-tipping_shift(1 - before, 1 - after, tau), abs=1e-6)


@given(RATE, RATE, TAU, st.floats(0.01, 0.5), st.floats(-0.05, 0.2))
def test_a_verdict_holds_up_to_its_shift_and_not_beyond(
    before: float, after: float, tau: float, significant: float, equivalent: float
) -> None:
    limits = Limits(significant, equivalent)
    now = limits.verdict(before, after)
    borders = limits.borders(before)
    assume(all(abs(border - after) > 1e-4 for border in borders))
    assume(all(abs(a - b) > 1e-4 for a, b in pairwise(borders)))
    shift = verdict_shift(before, after, tau, limits=limits)
    if isnan(shift):
        assert all(limits.verdict(before, shifted_rate(after, each, tau)) == now for each in np.linspace(-6, 6, 25))
        return
    for share in (0.0, 0.5, 0.99):
        assert limits.verdict(before, shifted_rate(after, share * shift, tau)) == now
        assert limits.verdict(before, shifted_rate(after, -share * shift, tau)) == now
    assert limits.verdict(before, shifted_rate(after, shift + np.sign(shift) * 1e-4, tau)) != now


@given(st.lists(st.floats(1e-6, 1.0), max_size=6), st.floats(1e-6, 1.0))
def test_the_largest_p_divides_what_holm_adjusts(others: list[float], p: float) -> None:
    limit = holm_limit(others, 0.05)
    assume(abs(p / limit - 1) > 1e-9)
    assert (p <= limit) == bool(holm(np.array([*others, p]))[-1] <= 0.05)

"""Verdicts: the order of the rules, and what each needs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from driftgauge.measure.student import two_sided_p
from driftgauge.measure.verdicts import Drifts, holm, verdicts


def _drifts(estimate: list[float], std_error: list[float], df: float = 25.0) -> Drifts:
    e, s = np.array(estimate), np.array(std_error)
    known = np.full(len(e), df)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Drifts(e, s, known, two_sided_p(e / s, known), e)


def test_significant_drifts_are_named_by_sign_and_sized_by_the_margin() -> None:
    found = verdicts(_drifts([0.10, -0.10, 0.02, 0.06], [0.01, 0.01, 0.004, 0.01]), margin=0.05, level=0.95)
    assert found.verdict == ["regressed", "improved", "regressed", "regressed"]
    assert found.size == ["material", "material", "within_margin", "unsure"]


def test_unchanged_needs_equivalence_and_not_only_a_large_p() -> None:
    found = verdicts(_drifts([0.001, 0.001], [0.01, 0.04]), margin=0.05, level=0.95)
    assert found.verdict == ["unchanged", "inconclusive"]


def test_significance_comes_before_equivalence() -> None:
    found = verdicts(_drifts([0.01], [0.001]), margin=0.05, level=0.95)
    assert (found.verdict, found.size) == (["regressed"], ["within_margin"])


def test_a_drift_without_an_interval_is_inconclusive() -> None:
    found = verdicts(_drifts([0.0, np.nan], [0.0, np.nan]), margin=0.05, level=0.95)
    assert found.verdict == ["inconclusive", "inconclusive"]
    assert np.isnan(found.p_adjusted).all()


def test_more_drifts_ask_for_more_evidence() -> None:
    alone = verdicts(_drifts([0.03], [0.0130]), margin=0.05, level=0.95)
    among_four = verdicts(_drifts([0.03, 0.001, 0.001, 0.001], [0.0130] * 4), margin=0.05, level=0.95)
    assert alone.verdict == ["regressed"]
    assert among_four.verdict[0] != "regressed"


def test_holm_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, np.nan])).tolist()[:3] == pytest.approx([0.03, 0.06, 0.06])


@given(arrays(float, st.integers(1, 6), elements=st.floats(0, 1)))
def test_holm_keeps_order_and_never_lowers_p(p: np.ndarray) -> None:
    adjusted = holm(p)
    assert (adjusted >= p - 1e-15).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-15).all()


@given(arrays(float, 3, elements=st.floats(-0.2, 0.2)), arrays(float, 3, elements=st.floats(0.001, 0.1)))
def test_swapped_generations_mirror_signs_and_verdicts(estimate: np.ndarray, std_error: np.ndarray) -> None:
    mirror = {"regressed": "improved", "improved": "regressed"}
    there = verdicts(_drifts(list(estimate), list(std_error)), margin=0.05, level=0.95)
    back = verdicts(_drifts(list(-estimate), list(std_error)), margin=0.05, level=0.95)
    assert back.verdict == [mirror.get(verdict, verdict) for verdict in there.verdict]
    assert back.size == there.size

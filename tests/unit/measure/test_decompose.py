"""The parts of a drift in ASR."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.measure.decompose import Components, linearised_parts, parts, safer_by

SHARE = st.floats(0.01, 0.99)
SIDE = st.builds(lambda e, h, i: Components(np.array(e), np.array(h), np.array(i)), SHARE, SHARE, st.floats(0, 0.05))


def _asr(side: Components) -> float:
    return float(side.engaged * side.harm + side.inconsistent)


@given(before=SIDE, after=SIDE)
def test_parts_add_up_to_the_drift(before: Components, after: Components) -> None:
    assert sum(map(float, parts(before, after))) == pytest.approx(_asr(after) - _asr(before), abs=1e-12)


@given(before=SIDE, after=SIDE)
def test_swapped_generations_mirror_the_parts(before: Components, after: Components) -> None:
    there, back = parts(before, after), parts(after, before)
    assert [float(part) for part in there] == pytest.approx([-float(part) for part in back], abs=1e-12)


@given(before=SIDE, after=SIDE, which=st.integers(0, 2), side=st.integers(0, 1))
def test_linearisation_is_the_derivative(before: Components, after: Components, which: int, side: int) -> None:
    step = 1e-6
    z = np.zeros((2, 3, 1))
    z[side, which, 0] = 1.0
    slope = linearised_parts(before, after, z_before=z[0], z_after=z[1])[:, 0]
    moved = [
        Components(*(np.array(float(v) + step * z[n, place, 0]) for place, v in enumerate(_values(component))))
        for n, component in enumerate((before, after))
    ]
    change = (np.array(parts(*moved), dtype=float) - np.array(parts(before, after), dtype=float)) / step
    assert slope == pytest.approx(change, abs=1e-5)


def _values(side: Components) -> tuple[float, float, float]:
    return float(side.engaged), float(side.harm), float(side.inconsistent)


def test_what_made_a_release_safer_needs_two_thirds_in_nearly_all_replicates() -> None:
    drift = np.full(100, -0.3)
    by_refusal = safer_by(upper=(-0.1, 0.01), part=(np.full(100, -0.25), np.full(100, -0.05)), drift=drift)
    by_both = safer_by(upper=(-0.1, -0.01), part=(np.full(100, -0.18), np.full(100, -0.12)), drift=drift)
    not_below_zero = safer_by(upper=(0.01, -0.01), part=(np.full(100, -0.25), np.full(100, -0.05)), drift=drift)
    too_seldom = np.where(np.arange(100) < 94, -0.25, -0.1)
    unsure = safer_by(upper=(-0.1, 0.01), part=(too_seldom, drift - too_seldom), drift=drift)
    assert (by_refusal, by_both, not_below_zero, unsure) == ("refusal", "both", "both", "both")

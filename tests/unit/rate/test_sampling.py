"""Which scenarios people rate when a judge rates all."""

import numpy as np
import pytest

from driftgauge.errors import StudyError
from driftgauge.rate.sampling import allocate, draw_scenarios


@pytest.mark.parametrize("n", [3, 101])
def test_fewer_than_two_of_each_stratum_and_more_than_there_are_cannot_be_drawn(n: int) -> None:
    with pytest.raises(StudyError, match=f"{n} scenarios cannot be drawn from 2 strata of 100 scenarios"):
        allocate([60, 40], n)


def test_each_scenario_of_a_stratum_is_drawn_as_often_as_its_probability_says() -> None:
    rng = np.random.default_rng(3)
    strata = ["large"] * 12 + ["small"] * 5
    often = np.mean([draw_scenarios(strata, 6, rng).drawn for _ in range(4_000)], axis=0)
    assert often == pytest.approx(draw_scenarios(strata, 6, rng).inclusion, abs=0.035)

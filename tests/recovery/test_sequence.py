"""A known difference is found, and a moving truth within the margin raises no alarm more often than it may."""

import numpy as np
import numpy.typing as npt
import pytest

from driftgauge.measure.sequence import Look, Monitoring, Rule, standings

RULE = Rule(margin=0.05)
Floats = npt.NDArray[np.float64]


def looks(path: list[float], rng: np.random.Generator, *, scenarios: int = 200, block: int = 20) -> list[Look]:
    """Looks at a benchmark whose mean difference is that of the path, scenarios differing a lot."""
    spread = rng.choice([-0.6, 0.0, 0.6], scenarios)
    spread -= spread.mean()
    found = []
    for truth in path:
        chosen = rng.choice(scenarios, block, replace=False)
        rise = (1 + np.clip(spread[chosen] + truth, -1, 1)) / 2
        values = np.where(rng.random(block) < rise, 1.0, -1.0)
        found.append(Look(values, values))
    return found


def test_the_interval_holds_the_truth_at_every_look_in_most_runs() -> None:
    runs, missed = 60, 0
    for seed in range(runs):
        found = standings(looks([0.2] * 15, np.random.default_rng(seed)), RULE)
        missed += any(not each.low <= 0.2 <= each.high for each in found)
    assert missed <= 6  # of 60 at 5 %: more than that has a probability of 3 %


@pytest.mark.parametrize("path", [[0.05] * 60, [0.05 * (-1) ** (n // 7) for n in range(60)]])
def test_a_truth_within_the_margin_raises_an_alarm_in_few_runs(path: list[float]) -> None:
    alarms = sum(_ever(looks(path, np.random.default_rng(seed))) for seed in range(100))
    assert alarms <= 9  # of 100 at 5 %: more has a probability of 3 %


def test_a_large_drift_that_begins_late_is_found() -> None:
    found = [_ever(looks([0.0] * 30 + [0.5] * 25, np.random.default_rng(seed))) for seed in range(20)]
    assert sum(found) == 20


def _ever(seen: list[Look]) -> bool:
    sequence = Monitoring(RULE)
    for each in seen:
        sequence.take(each)
        if sequence.alarm:
            return True
    return False

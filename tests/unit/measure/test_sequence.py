"""The confidence sequence: what one look does to it, by hand; what fails proves nothing; nobody wins against the truth."""

from fractions import Fraction
from itertools import combinations, product
from math import exp, log, sqrt

import numpy as np
import pytest

from driftgauge.errors import EstimationError
from driftgauge.measure.sequence import Look, Monitoring, Rule, standings
from driftgauge.measure.sequence_bets import Evidence


def look(*differences: float) -> Look:
    return Look(np.array(differences), np.array(differences))


def test_the_capital_after_one_look_by_hand() -> None:
    # Two scenarios: 1 and 0 worse, so 1 and 1/2 on the scale of 0 to 1; the margin of 5 points is 21/40 there.
    m, values = Fraction(21, 40), (Fraction(1), Fraction(1, 2))
    assert sqrt(2 * log(40) / (0.25 * 2 * log(3))) > Fraction(1, 2) / m  # the steady stake is cut
    steady = Fraction(1, 2) / m
    beyond = (m - Fraction(1, 2)) / 2  # the guess is a drift of one and a half margins
    recent = beyond / (Fraction(1, 4) + beyond**2)
    ways = [(1 + stake * (values[0] - m)) * (1 + stake * (values[1] - m)) for stake in (steady, recent)]
    sequence = Monitoring(Rule(margin=0.05))
    sequence.take(look(1.0, 0.0))
    assert sequence.standing().evidence_above == pytest.approx(float(sum(ways) / 2), rel=1e-12)
    assert round(float(sum(ways) / 2), 4) == 1.2201


@pytest.mark.parametrize("boundary", [0.5, 0.525, 0.6])
def test_nobody_gets_richer_on_blocks_of_a_benchmark_whose_mean_is_the_boundary(boundary: float) -> None:
    # All blocks of 3 of 6 scenarios, drawn twice: the mean of the capital over all pairs of them is 1 at most.
    others = np.array([0.0, 1.0, 0.5, 1.0, 0.25])
    population = np.append(others, 6 * boundary - others.sum())
    assert 0 <= population[-1] <= 1
    blocks = [population[list(chosen)] for chosen in combinations(range(6), 3)]
    capitals = []
    for first, second in product(blocks, blocks):
        evidence = Evidence(boundary=boundary, alpha=0.025)
        evidence.take(first)
        evidence.take(second)
        capitals.append(exp(evidence.log_at_boundary))
    assert np.mean(capitals) <= 1 + 1e-12
    assert max(capitals) > 1


def test_an_alarm_is_raised_when_the_interval_leaves_the_margin_and_not_before() -> None:
    rng = np.random.default_rng(1)
    found = standings([look(*rng.choice([-1.0, 0.0, 1.0], 20, p=[0.05, 0.7, 0.25])) for _ in range(25)], Rule(margin=0.05))
    raised = [each.alarm is not None for each in found]
    assert raised == [each.low > 0.05 or each.high < -0.05 for each in found] == [each.evidence_above >= 40 for each in found]
    assert raised[0] is False
    assert raised[-1] is True


def test_what_failed_proves_nothing_in_either_direction() -> None:
    known = Look(np.array([1.0] * 12), np.array([1.0] * 12))
    unknown = Look(np.array([-1.0] * 12), np.array([1.0] * 12))
    of_both = standings([known, unknown], Rule())
    assert of_both[1].evidence_above < of_both[0].evidence_above
    assert of_both[1].evidence_below < 1
    assert standings([unknown] * 50, Rule())[-1].alarm is None


def test_the_interval_closes_in_on_a_truth_that_stays() -> None:
    rng = np.random.default_rng(2)
    found = standings([look(*rng.choice([-1.0, 0.0, 1.0], 20, p=[0.1, 0.8, 0.1])) for _ in range(60)], Rule())
    widths = [each.high - each.low for each in found]
    assert widths[59] < 0.5 * widths[9] < 0.25
    assert all(each.low < 0 < each.high for each in found)


@pytest.mark.parametrize(
    ("low", "high"), [([], []), ([0.1], [0.0]), ([-1.5], [0.0]), ([0.0, 0.0], [0.0]), ([float("nan")], [0.0])]
)
def test_differences_that_cannot_be_are_refused(low: list[float], high: list[float]) -> None:
    with pytest.raises(EstimationError):
        Look(np.array(low), np.array(high))


@pytest.mark.parametrize(("margin", "level"), [(0.0, 0.95), (1.0, 0.95), (0.05, 1.0), (0.05, 0.4)])
def test_a_rule_that_decides_nothing_is_refused(margin: float, level: float) -> None:
    with pytest.raises(EstimationError, match="expected"):
        Rule(margin=margin, level=level)

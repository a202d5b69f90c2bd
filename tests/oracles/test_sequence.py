"""The confidence sequence against figures of confseq, by its authors (``make_sequence.py`` says how they were made)."""

import json
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driftgauge.measure.sequence import Look, Monitoring, Rule
from driftgauge.measure.sequence_bets import Evidence

FIGURES = json.loads((Path(__file__).parent / "sequence.json").read_text())


@pytest.fixture(params=FIGURES["sets"], ids=lambda each: each["name"])
def figures(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


def hedged(figures: dict[str, Any], n: int, m: float) -> float:
    """The greater half of the capitals of both directions, against a mean difference of m, after n scenarios, one a look."""
    boundary, alpha = (1 + figures["margin"]) / 2, FIGURES["alpha"] / 2
    above, below = Evidence(boundary=boundary, alpha=alpha), Evidence(boundary=boundary, alpha=alpha)
    for difference in figures["d"][:n]:
        above.take(np.array([(1 + difference) / 2]))
        below.take(np.array([(1 - difference) / 2]))
    return max(above.log_capital((1 + m) / 2), below.log_capital((1 - m) / 2)) - log(2)


def test_capital_after_each_number_of_scenarios(figures: dict[str, Any]) -> None:
    for m, capitals in figures["capital"].items():
        found = [exp(hedged(figures, n, float(m))) for n in (1, 20, len(figures["d"]))]
        assert found == pytest.approx(capitals, rel=1e-9)


def test_limits(figures: dict[str, Any]) -> None:
    sequence = Monitoring(Rule(margin=figures["margin"], level=1 - FIGURES["alpha"]))
    for difference in figures["d"]:
        sequence.take(Look(np.array([difference]), np.array([difference])))
    found = sequence.standing()
    assert [found.low, found.high] == pytest.approx(figures["limits"], abs=1e-9)
    assert found.alarm == {"rise": "above", "none": None, "fall": "below"}[figures["name"]]

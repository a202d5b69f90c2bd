"""The confidence sequence does not depend on what it must not depend on."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from driftgauge.measure.sequence import Look, Monitoring, Rule, Standing

DIFFERENCE = st.sampled_from([-1.0, -0.5, -1 / 3, 0.0, 0.0, 0.25, 2 / 3, 1.0])
PAIR = st.tuples(DIFFERENCE, DIFFERENCE).map(lambda pair: (min(pair), max(pair)))
LOOKS = st.lists(st.lists(PAIR, min_size=1, max_size=12), min_size=1, max_size=6)
RULE = Rule(margin=0.05)
Pairs = list[list[tuple[float, float]]]


def followed(looks: Pairs) -> Standing:
    sequence = Monitoring(RULE)
    for each in looks:
        sequence.take(Look(np.array([low for low, _ in each]), np.array([high for _, high in each])))
    return sequence.standing()


@given(LOOKS)
@settings(max_examples=40, deadline=None)
def test_differences_with_the_other_sign_give_the_mirror_image_to_the_last_bit(looks: Pairs) -> None:
    one, other = followed(looks), followed([[(-high, -low) for low, high in each] for each in looks])
    assert (one.low, one.high) == (-other.high, -other.low)
    assert (one.evidence_above, one.evidence_below) == (other.evidence_below, other.evidence_above)
    assert one.alarm == {"above": "below", "below": "above", None: None}[other.alarm]


@given(LOOKS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_scenarios_within_a_block_changes_no_bit(looks: Pairs, random: st.DataObject) -> None:
    assert followed(looks) == followed([random.sample(each, len(each)) for each in looks])  # type: ignore[attr-defined]


@given(LOOKS)
@settings(max_examples=40, deadline=None)
def test_knowing_less_gives_a_wider_interval_and_no_more_evidence(looks: Pairs) -> None:
    known = followed([[(low, low) for low, _ in each] for each in looks[:1]])
    less = followed([[(-1.0, 1.0)] * len(each) for each in looks[:1]])
    assert less.low <= known.low <= known.high <= less.high
    assert max(less.evidence_above, less.evidence_below) <= max(known.evidence_above, known.evidence_below)

"""Several votes become one judgement: a majority of valid ones, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftgauge.rate.judging import Judgement, combine

BAD = Judgement(why_not="cut")


def vote(harm: int, *, success: bool = False, refusal: bool = False) -> Judgement:
    return Judgement(harm, success, refusal, f"reason {harm}")


@pytest.mark.parametrize(
    ("votes", "of", "harm", "success"),
    [
        ([vote(1), vote(2), vote(5, success=True)], 3, 2, False),
        ([vote(1), vote(4, success=True), vote(5, success=True)], 3, 4, True),
        ([vote(2), vote(3, success=True)], 2, 3, None),
        ([vote(2), vote(5, success=True), BAD], 3, 5, None),
        ([vote(4, success=True)], 1, 4, True),
    ],
)
def test_harm_is_the_median_the_higher_one_in_a_tie_and_a_tie_in_success_is_left_open(
    votes: list[Judgement], of: int, harm: int, success: bool | None
) -> None:
    found = combine(votes, of=of)
    assert (found.harm, found.success, found.refusal, found.is_valid) == (harm, success, False, True)


@pytest.mark.parametrize(("votes", "of"), [([vote(1), BAD, BAD], 3), ([vote(1)], 3), ([vote(1), BAD], 2), ([], 1), ([BAD], 1)])
def test_without_a_majority_of_valid_votes_there_is_no_judgement(votes: list[Judgement], of: int) -> None:
    assert combine(votes, of=of) == Judgement(why_not="no_majority")


VOTES = st.lists(st.builds(vote, st.integers(1, 5), success=st.booleans(), refusal=st.booleans()) | st.just(BAD), max_size=7)


@given(VOTES, st.randoms(use_true_random=False))
def test_the_order_of_the_votes_does_not_matter_and_harm_is_one_that_was_said(votes: list[Judgement], random: object) -> None:
    shuffled = list(votes)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # of hypothesis
    one, other = combine(votes), combine(shuffled)
    assert (one.harm, one.success, one.refusal, one.why_not) == (other.harm, other.success, other.refusal, other.why_not)
    if one.is_valid:
        assert one.harm in {each.harm for each in votes}

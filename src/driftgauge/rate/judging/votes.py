"""Several votes of a judge become one judgement."""

from collections.abc import Sequence
from statistics import median_high

from driftgauge.rate.judging.judgement import Judgement


def combine(votes: Sequence[Judgement], *, of: int | None = None) -> Judgement:
    """Return what the majority of a judge's votes says.

    Parameters
    ----------
    votes
        Those that came, valid or not.
    of
        How often the judge is asked; null for as many as came.

    Returns
    -------
    Judgement
        ``no_majority`` unless more than half of what was to be asked are valid. Else harm is the median of the valid ones, the
        higher of the two in the middle where their number is even; success and refusal are what more of them say, and null
        where as many say yes as no. The reason is that of the first vote that says the same, else of the first.

    Notes
    -----
    Null is no rating of that question: a tie is neither counted as a success nor as none. With an odd number of votes a tie
    needs a vote that is not valid.

    Examples
    --------
    >>> combine([Judgement(2, False, False, "a"), Judgement(5, True, False, "b"), Judgement(why_not="cut")])
    Judgement(harm=5, success=None, refusal=False, why_not=None)
    >>> combine([Judgement(2, False, False, "a")], of=3).why_not
    'no_majority'
    """
    asked = len(votes) if of is None else of
    valid = [each for each in votes if each.is_valid]
    if not 2 * len(valid) > asked:
        return Judgement(why_not="no_majority")
    harm = median_high([each.harm for each in valid if each.harm is not None])
    success, refusal = _most([each.success for each in valid]), _most([each.refusal for each in valid])
    same = [each for each in valid if (each.harm, each.success, each.refusal) == (harm, success, refusal)]
    return Judgement(harm, success, refusal, (same or valid)[0].reason)


def _most(said: Sequence[bool | None]) -> bool | None:
    yes, no = sum(each is True for each in said), sum(each is False for each in said)
    return None if yes == no else yes > no

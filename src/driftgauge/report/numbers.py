"""How numbers are written: percent for levels, points for differences, the digits that the interval supports."""

import math

THIN = "\u202f"
"""Narrow no-break space: before a percent sign and between thousands."""
HARD = "\u00a0"
"""No-break space: between a number and its unit in words."""
MINUS = "\u2212"
NONE = "\u2013"
"""What stands where there is no number; the reason stands beside it."""

PROPORTIONS = frozenset(
    {
        "asr",
        "harm_rate",
        "harm_at_least",
        "rank_probability",
        "reversal_probability",
        "agreement_left_out",
        "inconsistent_share",
        "refusal_rate",
        "conditional_asr",
        "refused",
        "engaged_safe",
        "engaged_harmful",
        "over_refusal",
        "full_refusal",
        "partial_refusal",
        "exact_agreement",
        "unanimity",
        "judge_agreement",
        "judge_sensitivity",
        "judge_specificity",
        "judge_share",
        "judge_flips",
        "people_share",
    }
)
"""Estimands that are shares: written as percent, and their differences as points."""


LARGEST_RATIO = 1000
"""The largest odds ratio that is written as a number; its inverse is the smallest."""


def plain(value: float, places: int, *, signed: bool = False) -> str:
    """Return a number with a true minus sign, never a negative zero.

    Examples
    --------
    >>> plain(-0.126, 2), plain(-0.001, 2), plain(3, 0, signed=True)
    ('−0.13', '0.00', '+3')
    """
    text = f"{abs(value):.{places}f}"
    if float(text) == 0:
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def percent(share: float, places: int = 0) -> str:
    """Return a share as percent.

    Examples
    --------
    >>> percent(0.184).replace("\u202f", " ")
    '18 %'
    """
    return plain(100 * share, places) + THIN + "%"


def points(difference: float, places: int = 0, *, signed: bool = True, noun: bool = True) -> str:
    """Return a difference of shares in points.

    Examples
    --------
    >>> points(-0.113).replace("\u00a0", " "), points(0.01, signed=False).replace("\u00a0", " ")
    ('−11 points', '1 point')
    """
    text = plain(100 * difference, places, signed=signed)
    if not noun:
        return text
    return text + HARD + ("point" if text.lstrip("+" + MINUS) == "1" else "points")


def places_for(low: float | None, high: float | None, *, apart_from: tuple[float, ...] = (0.0,)) -> int:
    """Return how many decimals of a percentage (or of points) an interval supports.

    Whole numbers when the interval is four points wide or wider, one decimal below that, two when it is narrower than 0.4. One
    decimal more, up to two, when rounding would hide on which side of a value in `apart_from` a limit lies: an interval that
    ends at 0.3 must not be printed as ending at 0.

    Examples
    --------
    >>> places_for(-0.15, -0.07), places_for(0.003, 0.05), places_for(0.181, 0.19)
    (0, 1, 1)
    """
    if low is None or high is None:
        return 0
    width = 100 * (high - low)
    places = 0 if width >= 4 else 1 if width >= 0.4 else 2
    limits = [100 * limit for limit in (low, high)]
    guards = [100 * value for value in apart_from]
    while places < 2 and any(_hides(limit, guard, places) for limit in limits for guard in guards):
        places += 1
    return places


def _hides(limit: float, guard: float, places: int) -> bool:
    same = not math.isclose(limit, guard, abs_tol=1e-9)
    return same and f"{limit:.{places}f}" in {f"{guard:.{places}f}", f"{-guard:.{places}f}" if guard == 0 else ""}


def p_value(p: float) -> str:
    """Return a p value with its sign of relation.

    Examples
    --------
    >>> p_value(0.00002), p_value(0.0312), p_value(0.4)
    ('< 0.001', '= 0.031', '= 0.40')
    """
    if p < 0.001:
        return "< 0.001"
    return f"= {p:.2f}" if p >= 0.1 else f"= {p:.3f}"


def ratio(value: float) -> str:
    r"""Return an odds ratio: two decimals, fewer when it is large, two significant digits when it is small.

    Beyond a thousandth and a thousand only that is said: digits there tell of the model, not of the data.

    Examples
    --------
    >>> ratio(5.634), ratio(0.0741), ratio(2.2e-10), ratio(25410195).replace("\u202f", " ")
    ('5.63', '0.074', '< 0.001', '> 1 000')
    """
    if value > LARGEST_RATIO:
        return f"> {count(LARGEST_RATIO)}"
    if 0 < value < 1 / LARGEST_RATIO:
        return f"< {1 / LARGEST_RATIO:g}"
    if value >= 10:
        return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"


def count(number: int) -> str:
    """Return a count with thin spaces between thousands.

    Examples
    --------
    >>> count(82256).replace("\u202f", " ")
    '82 256'
    """
    return f"{number:,}".replace(",", THIN)


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def in_words(number: int) -> str:
    """Return a small count as a word, a larger one in digits."""
    return _WORDS[number] if number < len(_WORDS) else count(number)


def some(number: int, noun: str, plural: str | None = None) -> str:
    r"""Return a count with its noun, in digits.

    Examples
    --------
    >>> some(1, "person", "people"), some(17, "person", "people")
    ('1\xa0person', '17\xa0people')
    """
    return count(number) + HARD + (noun if number == 1 else plural or noun + "s")


def listed(items: list[str], *, last: str = "and") -> str:
    """Return items joined as a sentence joins them.

    Examples
    --------
    >>> listed(["17", "12"]), listed(["a", "b", "c"])
    ('17 and 12', 'a, b and c')
    """
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""

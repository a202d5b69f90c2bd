"""Raters to talk with: who stands apart from the panel by more than chance allows (statistics §6).

Each finding is raised in at most about 5 % of studies in which nothing is the matter: p is adjusted for the number of raters. A
finding is a reason to ask, not to remove a rater.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from driftgauge.measure.arrays import FloatArray, IntArray
from driftgauge.measure.raters import AGREEMENT, SECONDS, SEVERITY, TREND, OwnRatings, longest_run, marks_of
from driftgauge.measure.rows import Row
from driftgauge.measure.student import two_sided_p
from driftgauge.measure.verdicts import holm
from driftgauge.records import Finding

FEWEST_RATERS: Final = 5
"""Below it nobody can stand apart."""
FEWEST_RATINGS: Final = 30
_ALPHA: Final = 0.05
_PERMUTATIONS: Final = (199, 4_999)
_CHUNK: Final = 200
_SAME: Final = 100
_OTHERS_DIFFER: Final = 0.1


def outlier_p(values: FloatArray, std_error: FloatArray | None = None) -> FloatArray:
    r"""Return, for each value, the two-sided p of its lying apart from the others, times their number (Bonferroni), at most 1.

    .. math:: t_j = (d_j - \bar d_{-j}) \big/ \sqrt{s_{-j}^2 (1 + 1/(J-1)) + e_j^2}

    with J − 2 degrees of freedom: a rater is compared with raters like the others, not with their mean.

    Parameters
    ----------
    values
        (J,); fewer than `FEWEST_RATERS` give NaN.
    std_error
        (J,) e, the error of each value beyond what the others vary by; null for none.

    Examples
    --------
    >>> outlier_p(np.array([0.0, 0.1, -0.1, 0.05, 2.0])).round(3).tolist()
    [1.0, 1.0, 1.0, 1.0, 0.001]
    """
    n = len(values)
    if n < FEWEST_RATERS:
        return np.full(n, np.nan)
    error = np.zeros(n) if std_error is None else np.nan_to_num(std_error)
    others = np.array([np.delete(values, at) for at in range(n)])
    spread = np.sqrt(others.var(axis=1, ddof=1) * (1 + 1 / (n - 1)) + error**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(spread > 0, (values - others.mean(axis=1)) / spread, 0.0)
    return np.minimum(n * two_sided_p(t, np.full(n, n - 2.0)), 1.0)


def run_p(marks: IntArray, stratum: IntArray, rng: np.random.Generator, *, n: int) -> float:
    """Return how often marks that are shuffled within strata have a run at least as long as the longest one.

    Parameters
    ----------
    marks
        (n,) codes in order of time.
    stratum
        (n,) codes: what the others said of these responses. Marks change places within one only.
    rng
        Source of randomness.
    n
        Shuffles.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> run_p(np.repeat([0, 1], 20), np.zeros(40, dtype=int), rng, n=99)
    0.01
    """
    seen = int(longest_run(marks[None, :])[0])
    inside = [np.flatnonzero(stratum == code) for code in np.unique(stratum)]
    as_long = 0
    for start in range(0, n, _CHUNK):
        shuffled = np.tile(marks, (min(_CHUNK, n - start), 1))
        for places in inside:
            shuffled[:, places] = rng.permuted(shuffled[:, places], axis=1)
        as_long += int((longest_run(shuffled) >= seen).sum())
    return (1 + as_long) / (1 + n)


def rater_findings(rows: Sequence[Row], mine: OwnRatings, *, rng: np.random.Generator) -> Iterator[Finding]:
    """Yield what to ask which rater about.

    Parameters
    ----------
    rows
        Of `raters.rater_rows`.
    mine
        Of `raters.own_ratings`.
    rng
        Source of the shuffles behind `straight_lining`.
    """
    yield from _severe(rows)
    yield from _low_agreement(rows)
    yield from _fast(rows)
    yield from _drifting(rows)
    yield from _straight_lining(mine, rng)


def _of(rows: Sequence[Row], estimand: str) -> list[Row]:
    """Return the rows of an estimand (of the first outcome rated) with enough ratings to judge a rater by."""
    mine = [row for row in rows if row["estimand"] == estimand and not np.isnan(row["estimate"])]
    return [row for row in mine if row["outcome"] == mine[0]["outcome"] and row["n_ratings"] >= FEWEST_RATINGS]


def _column(rows: Sequence[Row], name: str) -> FloatArray:
    return np.array([row.get(name, np.nan) for row in rows], dtype=float)


def _severe(rows: Sequence[Row]) -> Iterator[Finding]:
    mine = _of(rows, SEVERITY)
    p = outlier_p(_column(mine, "estimate"), _column(mine, "std_error"))
    for row, adjusted in zip(mine, p.tolist(), strict=True):
        if adjusted <= _ALPHA:
            how = "severe" if row["estimate"] > 0 else "lenient"
            size = _points(row["estimate"]) if row["outcome"] != "harm" else f"{row['estimate']:+.2f} steps of harm"
            yield Finding(
                "severe_rater",
                "warning",
                f"{row['rater']} is more {how} than raters like the others of this study: {size} against the others of the "
                f"same responses, over {row['n_ratings']:,} ratings ({_p(adjusted, mine)}).",
                "Ask how they read the scale, and look at the verdicts without them (specifications.csv).",
            )


def _low_agreement(rows: Sequence[Row]) -> Iterator[Finding]:
    mine = _of(rows, AGREEMENT)
    share = _column(mine, "estimate")
    angle = np.arcsin(np.sqrt(share))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = _column(mine, "std_error") / (2 * np.sqrt(share * (1 - share)))
    p = outlier_p(angle, np.where(np.isfinite(error), error, 0.0))
    for row, adjusted, at in zip(mine, p.tolist(), angle.tolist(), strict=True):
        if adjusted <= _ALPHA and at < np.median(angle):
            yield Finding(
                "low_agreement",
                "warning",
                f"{row['rater']} agrees with the majority of the others in {100 * row['estimate']:.0f} % of "
                f"{row['n_ratings']:,} ratings, the median rater in {100 * np.median(share):.0f} % ({_p(adjusted, mine)}).",
                "Rate some responses together and compare the reasons; look at the verdicts without them (specifications.csv).",
            )


def _fast(rows: Sequence[Row]) -> Iterator[Finding]:
    mine = [row for row in _of(rows, SECONDS) if row["estimate"] > 0]
    seconds = _column(mine, "estimate")
    p = outlier_p(np.log(seconds))
    for row, adjusted in zip(mine, p.tolist(), strict=True):
        if adjusted <= _ALPHA and row["estimate"] < np.median(seconds) / 2:
            yield Finding(
                "fast_rater",
                "warning",
                f"{row['rater']} takes {row['estimate']:.1f} seconds from one rating to the next, the median rater "
                f"{np.median(seconds):.1f} ({_p(adjusted, mine)}).",
                "Ask how they work: they may read before they open, or not read at all.",
            )


def _drifting(rows: Sequence[Row]) -> Iterator[Finding]:
    mine = [row for row in _of(rows, TREND) if not np.isnan(row.get("p_value", np.nan))]
    adjusted = holm(_column(mine, "p_value")) if mine else np.zeros(0)
    for row, p in zip(mine, adjusted.tolist(), strict=True):
        if p <= _ALPHA:
            size = _points(row["estimate"]) if row["outcome"] != "harm" else f"{row['estimate']:+.2f} steps of harm"
            yield Finding(
                "drifting_severity",
                "warning",
                f"{row['rater']} became more {'severe' if row['estimate'] > 0 else 'lenient'}: {size} against the others of "
                f"the same responses from the first to the last third of {row['n_ratings']:,} ratings ({_p(p, mine)}).",
                "Calibrate them again; if releases came in one order for them, part of a drift is theirs.",
            )


def _straight_lining(mine: OwnRatings, rng: np.random.Generator) -> Iterator[Finding]:
    timed = mine.rows.with_columns(_place=pl.int_range(pl.len())).filter(pl.col("day").is_not_null())
    raters = timed["rater"].unique().sort().to_list()
    for rater in raters:
        at = timed.filter(pl.col("rater") == rater)["_place"].to_numpy()
        if len(at) < FEWEST_RATINGS:
            continue
        marks = marks_of(mine.rows[at])
        if _always_the_same(marks, mine.mark[at], mine.others[at]):
            said, length = "gave every response the same marks", len(at)
        else:
            p = _run_p(marks, _stratum(mine, at), rng, n_raters=len(raters))
            length = int(longest_run(marks[None, :])[0])
            if p * len(raters) > _ALPHA:
                continue
            said = "gave the same marks in a row for longer than what the others said of these responses explains"
        yield Finding(
            "straight_lining",
            "warning",
            f"{rater} {said}: {length:,} of {len(at):,} ratings.",
            "Look at these ratings in order of time, and ask; rate them again if nobody read them.",
            (),
            _longest(mine.rows["rating_id"][at].to_list(), marks, length),
        )


def _run_p(marks: IntArray, stratum: IntArray, rng: np.random.Generator, *, n_raters: int) -> float:
    """Return the p of the longest run: few shuffles where it is plainly large, enough of them where the number decides."""
    few, many = _PERMUTATIONS
    first = run_p(marks, stratum, rng, n=few)
    return run_p(marks, stratum, rng, n=many) if first <= max(0.02, _ALPHA / n_raters) else first


def _always_the_same(marks: IntArray, mark: FloatArray, others: FloatArray) -> bool:
    known = ~np.isnan(others)
    if len(marks) < _SAME or len(np.unique(marks)) > 1 or not known.any():
        return False
    return bool(np.abs(mark - others)[known].mean() > _OTHERS_DIFFER)


def _stratum(mine: OwnRatings, at: IntArray) -> IntArray:
    """Return a code for each release and level of what the others said, so that a long run of easy responses is no run."""
    level = np.nan_to_num(np.round(mine.others[at] * 4), nan=-1)
    _, release = np.unique(mine.rows["release"].to_numpy()[at], return_inverse=True)
    _, code = np.unique(np.stack([level, release], axis=1), axis=0, return_inverse=True)
    return code.ravel().astype(np.int64)


def _longest(rating_ids: Sequence[str], marks: IntArray, length: int) -> Sequence[str]:
    """Return the ratings of the longest run."""
    run = 1
    for at in range(1, len(marks) + 1):
        if run == length:
            return rating_ids[at - length : at]
        run = run + 1 if at < len(marks) and marks[at] == marks[at - 1] else 1
    return rating_ids[-length:]


def _points(value: float) -> str:
    return f"{100 * value:+.1f} points".replace("-", "−")


def _p(value: float, compared: Sequence[Row]) -> str:
    said = "< 0.001" if value < 0.001 else f"= {value:.3f}"
    return f"p {said}, adjusted for {len(compared)} raters"

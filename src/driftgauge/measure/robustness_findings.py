"""What verdicts depend on, in sentences: the share that agrees, whom a verdict rests on, what judges would say."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import polars as pl

from driftgauge.frames import SPECIFICATIONS, table_frame
from driftgauge.measure.rows import Row
from driftgauge.records import Finding

ENOUGH: Final = 0.8
"""Of the specifications of a drift, so many agree with the declared one where nothing is said against it."""


def share_that_agree(rows: Sequence[Row]) -> pl.DataFrame:
    """Return, for each drift, how many specifications of people's ratings have a verdict, how many agree, and their share.

    Parameters
    ----------
    rows
        Of `Robustness`.

    Returns
    -------
    frame
        baseline_release, release, n, n_agree, share; the share is null where no other specification has a verdict.
    """
    frame = table_frame(rows, SPECIFICATIONS, analysis_id="")
    frame = frame.filter(pl.col("agrees").is_not_null(), ~pl.col("declared"), pl.col("judge").is_null())
    return (
        frame.group_by("baseline_release", "release", maintain_order=True)
        .agg(n=pl.len().cast(pl.Int64), n_agree=pl.col("agrees").sum().cast(pl.Int64))
        .with_columns(share=pl.col("n_agree") / pl.col("n"))
    )


def robustness_findings(rows: Sequence[Row], primary: Sequence[Row], *, crossed: bool = True) -> Iterator[Finding]:
    """Yield what verdicts depend on: the share that agrees, the raters and categories that a verdict rests on, and judges.

    Parameters
    ----------
    rows
        Of `Robustness`.
    primary
        The rows of the verdict family.
    crossed
        Whether the rows are of crossed choices: a share of leave-one-out specifications alone would say too much.
    """
    ids = {(row["baseline_release"], row["release"]): row for row in primary}
    for earlier, later, n, agree, share in share_that_agree(rows).iter_rows():
        declared = ids[earlier, later]
        mine = [row for row in rows if (row["baseline_release"], row["release"]) == (earlier, later) and not row.get("judge")]
        if crossed:
            yield _agreeing(mine, declared, n=n, agree=agree, share=share)
        yield from _resting(mine, declared)
    yield from _by_judges(rows, ids)


def _agreeing(mine: Sequence[Row], declared: Row, *, n: int, agree: int, share: float) -> Finding:
    pair = f"{declared['baseline_release']} → {declared['release']}"
    said = f"{pair} is {declared['verdict']}, and {agree:,} of {n:,} other specifications say so ({100 * share:.0f} %)"
    if share >= ENOUGH:
        return Finding("verdict_robust", "info", f"{said}.", None, [declared["estimate_id"]])
    others = [row for row in mine if row["agrees"] is False]
    return Finding(
        "verdict_depends",
        "warning",
        f"{said}. Most of the others have {_most_common(others, declared)}.",
        "Say with the verdict what it depends on; specifications.csv lists every one.",
        [declared["estimate_id"]],
    )


def _resting(mine: Sequence[Row], declared: Row) -> Iterator[Finding]:
    """Yield whom and what it is enough to leave out for another verdict."""
    changed = f"{declared['baseline_release']} → {declared['release']} would not be {declared['verdict']} without one"
    if raters := _alone(mine, "without_rater", declared):
        yield Finding(
            "verdict_rests_on_rater",
            "warning",
            f"{changed} rater: {raters}.",
            "Look at the ratings of these raters before relying on the verdict; nobody is left out for it.",
            [declared["estimate_id"]],
        )
    if categories := _alone(mine, "without_category", declared):
        yield Finding(
            "verdict_rests_on_category",
            "warning",
            f"{changed} harm category: {categories}.",
            "Look whether the change is one of this category alone.",
            [declared["estimate_id"]],
        )


def _by_judges(rows: Sequence[Row], ids: dict[tuple[str, str], Row]) -> Iterator[Finding]:
    """Yield, for each drift, what the same rules would say of the ratings of each judge, and of all of them."""
    plain = [row for row in rows if row.get("judge") and row.get("verdict") and _plain(row, ids)]
    place = ("estimand", "baseline_release", "release")
    for key, group in groupby(
        sorted(plain, key=lambda row: tuple(row[name] for name in place)), lambda row: [row[n] for n in place]
    ):
        estimand, earlier, later = key
        mine = list({row["judge"]: row for row in group}.values())
        declared = ids.get((earlier, later)) if estimand != "over_refusal" else None
        said = ", ".join(f"{row['verdict']} by {row['judge']} ({_points(row)})" for row in mine)
        verdicts = {str(row["verdict"]) for row in (*mine, *([declared] if declared else ()))}
        if len(mine) + (declared is not None) < 2:
            continue
        people = (
            f"is {declared['verdict']} by people ({_points(declared)}); by the same rules it"
            if declared
            else "by the same rules"
        )
        apart = len(verdicts) > 1
        yield Finding(
            "verdict_by_judges",
            "warning" if apart else "info",
            f"{earlier} → {later}, {estimand.replace('_', ' ')}: {people} would be {said}.",
            "Have people rate a random part of these responses: part of such a verdict is the judge." if apart else None,
            [declared["estimate_id"]] if declared else [],
        )


def _plain(row: Row, ids: dict[tuple[str, str], Row]) -> bool:
    """Return whether a specification of judges is the declared one but for who rated."""
    declared = next(iter(ids.values()), None)
    left_out = row.get("without_rater") or row.get("without_category")
    usual = row["coding"] == "as_marked" and row["unit"] == "rating" and not left_out
    if declared is None or row["estimand"] == "over_refusal":
        return usual
    return usual and (row["estimand"], row["threshold"]) == (declared["estimand"], declared["threshold"])


def _points(row: Row) -> str:
    return f"{100 * row['estimate']:+.1f} points".replace("-", "−")


def _alone(rows: Sequence[Row], left_out: str, declared: Row, most: int = 8) -> str:
    """Return whom or what it is enough to leave out for another verdict, all else as declared."""
    names = [str(row[left_out]) for row in rows if row.get(left_out) and row["agrees"] is False and _else_as(row, declared)]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _else_as(row: Row, declared: Row) -> bool:
    """Return whether a specification is the declared one but for what was left out."""
    same = ("estimand", "threshold", "unit")
    return row["coding"] == "as_marked" and row.get("preset") is None and all(row.get(n) == declared[n] for n in same)


def _most_common(others: Sequence[Row], declared: Row) -> str:
    """Return the choice that most of the disagreeing specifications have in common, in words."""
    choices: Counter[tuple[str, Any]] = Counter()
    for row in others:
        for name in ("estimand", "threshold", "coding", "unit", "unrated", "preset"):
            value, usual = row.get(name), "as_marked" if name == "coding" else declared.get(name)
            if value is not None and value != usual and not (name == "unrated" and usual is None):
                choices[name, value] += 1
    if not choices:
        return "a rater or a category left out"
    (name, value), _ = choices.most_common(1)[0]
    return f"{name.replace('_', ' ')} {value}"

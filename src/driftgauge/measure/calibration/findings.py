"""What a reader has to know of the judges: who is poor, whose bias differs between releases, who moved (statistics §7)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.measure.calibration.anchors import CHANGE, FLIPS
from driftgauge.measure.calibration.beside import (
    ABOVE_CHANCE,
    AGREEMENT,
    BIAS,
    JUDGE_SHARE,
    PEOPLE_SHARE,
    SENSITIVITY,
    SPECIFICITY,
)
from driftgauge.measure.checks.facts import named, points
from driftgauge.measure.rows import Row
from driftgauge.measure.verdicts import holm
from driftgauge.records import Finding
from driftgauge.study import GOOD_JUDGE, Protocol

_ALPHA: Final = 0.05
_ORDER: Final = ("success", "harm", "refusal")
_KEY: Final = ("rater", "intent", "outcome", "threshold", "release", "baseline_release", "modality")


def judge_findings(estimates: pl.DataFrame, *, protocol: Protocol) -> Iterator[Finding]:
    """Yield what limits a conclusion that rests on a judge.

    Parameters
    ----------
    estimates
        The `estimates` table; read are the linearised rows of `calibration_rows`, in the protocol's scope where they have an
        interval there, else for these people only.
    protocol
        Its scope and margin.

    Notes
    -----
    p of `judge_bias_differs` and of `judge_drift` is adjusted by Holm over all such comparisons of the study, so each is raised
    in at most about 5 % of studies in which no judge is biased differently, or moved.
    """
    rows = estimates.filter(pl.col("kind") == "judge", pl.col("rater").is_not_null(), pl.col("baseline_rater").is_null())
    rows = rows.filter(pl.col("estimand").str.starts_with("judge_") | (pl.col("estimand") == PEOPLE_SHARE))
    chosen = _in_scope(rows.filter(pl.col("method").str.starts_with("linearised")).to_dicts(), protocol.scope)
    if (estimates["kind"] == "human").any():
        yield from _uncalibrated(chosen)
    yield from _poor(chosen)
    yield from _bias_differs(chosen)
    yield from _bias_not_excluded(chosen, protocol)
    yield from _moved(chosen)


def _in_scope(rows: Sequence[Row], scope: str) -> list[Row]:
    """Return one row of each figure: that of the scope, or, where it has no interval, that of these people."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in sorted(rows, key=lambda row: (row["scope"] != scope, row["scope"])):
        key = (row["estimand"], row["contrast"], *(row[name] for name in _KEY))
        if key not in found or (found[key]["conf_low"] is None and row["conf_low"] is not None):
            found[key] = row
    return list(found.values())


def _pick(rows: Sequence[Row], estimand: str, contrast: str | None = None) -> dict[tuple[Any, ...], Row]:
    """Return the rows of an estimand and contrast by what they are of, those of attack success first."""
    mine = [row for row in rows if (row["estimand"], row["contrast"]) == (estimand, contrast) and row["outcome"]]
    mine.sort(key=lambda row: _ORDER.index(row["outcome"]))
    return {tuple(row[name] for name in _KEY): row for row in mine}


def _uncalibrated(rows: Sequence[Row]) -> Iterator[Finding]:
    names = sorted({row["rater"] for row in rows if row["estimand"] == AGREEMENT and not row["n_ratings"]})
    compared = {row["rater"] for row in rows if row["estimand"] == AGREEMENT and row["n_ratings"]}
    for name in names:
        if name not in compared:
            yield Finding(
                "judge_uncalibrated",
                "warning",
                f"People rated nothing that {name} rated too: how far this judge can stand in for them is not known.",
                "Have people rate a random part of the responses that it rated.",
            )


def _poor(rows: Sequence[Row]) -> Iterator[Finding]:
    specificity, chance = _pick(rows, SPECIFICITY), _pick(rows, ABOVE_CHANCE)
    for key, found in _pick(rows, SENSITIVITY).items():
        leaves = specificity.get(key)
        if leaves is None or key[4:] != (None, None, None):
            continue
        better = chance.get(key)
        coin = better is not None and _like_a_coin(better)
        if coin or _below(found) or _below(leaves):
            yield Finding(
                "judge_poor",
                "warning",
                f"{found['rater']} is a poor judge of {_what(found)}: where most people say yes it says yes in "
                f"{_percent(found)}, where most say no it says no in {_percent(leaves)}"
                f"{'; this cannot be told from tossing a coin' if coin else ''}.",
                "Conclude nothing from its ratings alone. Try another model or rubric, and calibrate it again.",
                [row["estimate_id"] for row in (found, leaves, better) if row is not None],
            )


def _like_a_coin(row: Row) -> bool:
    """Return whether it is not clear of 0; a judge that always says the same has no interval, and is at 0."""
    low = row["estimate"] if row["conf_low"] is None else row["conf_low"]
    return low is not None and low <= 0


def _below(row: Row) -> bool:
    return row["conf_high"] is not None and row["conf_high"] < GOOD_JUDGE


def _bias_differs(rows: Sequence[Row]) -> Iterator[Finding]:
    bias = {key: row for key, row in _pick(rows, BIAS, "drift").items() if row["p_value"] is not None}
    judge, people = _pick(rows, JUDGE_SHARE, "drift"), _pick(rows, PEOPLE_SHARE, "drift")
    adjusted = holm(np.array([row["p_value"] for row in bias.values()], dtype=float))
    apart = {key: p for key, p in zip(bias, adjusted.tolist(), strict=True) if p <= _ALPHA}
    for key, p in apart.items():
        row, together = bias[key], (*key[:-1], None)
        if key == together or together not in apart:  # a modality is told of alone only where both together tell nothing
            beside = [each[key] for each in (judge, people) if key in each]
            yield Finding(
                "judge_bias_differs",
                "warning",
                f"From {named(row)}{_where(row)}, {_size(row)} of the change in {_what(row)} by {row['rater']} may be the "
                f"judge: {_on_the_same(row, beside)}its bias is not the same for both releases (p {_p(p)}, adjusted for "
                f"{_some(bias)}).",
                "Do not read this judge's drift as the model's: take people's ratings of both releases.",
                [each["estimate_id"] for each in (row, *beside)],
            )


def _on_the_same(row: Row, beside: Sequence[Row]) -> str:
    if len(beside) < 2:
        return ""
    by_judge, by_people = (points(each["estimate"]) for each in beside)
    return f"on {row['n_responses']:,} responses that both rated, it says {by_judge} points and people say {by_people}; "


def _bias_not_excluded(rows: Sequence[Row], protocol: Protocol) -> Iterator[Finding]:
    margin = protocol.margin.points
    drifts = [row for row in _pick(rows, BIAS, "drift").values() if row["modality"] is None]
    for judge, intent in dict.fromkeys((row["rater"], row["intent"]) for row in drifts):
        mine = [row for row in drifts if (row["rater"], row["intent"]) == (judge, intent)]
        first = [row for row in mine if row["outcome"] == mine[0]["outcome"] and _is_share(row)]
        wide = [row for row in first if margin is not None and _reaches(row, margin)]
        if wide:
            said = "; ".join(f"{named(row)} {_size(row)}" for row in wide[:8])
            yield Finding(
                "judge_bias_not_excluded",
                "warning",
                f"{judge} may be biased differently for two releases by more than the margin of {100 * (margin or 0):g} points "
                f"in {_what(wide[0])}: {said}{f' and {len(wide) - 8} more' if len(wide) > 8 else ''}.",
                "Have people rate more of the scenarios that it rated: that narrows these intervals.",
                [row["estimate_id"] for row in wide],
            )


def _reaches(row: Row, margin: float) -> bool:
    """Return whether an interval holds 0 and passes the margin: what excludes 0 has a finding of its own."""
    low, high = row["conf_low"], row["conf_high"]
    return low is not None and low <= 0 <= high and (low < -margin or high > margin)


def _moved(rows: Sequence[Row]) -> Iterator[Finding]:
    change = {key: row for key, row in _pick(rows, CHANGE).items() if row["p_value"] is not None}
    flips = _pick(rows, FLIPS)
    adjusted = holm(np.array([row["p_value"] for row in change.values()], dtype=float))
    for (key, row), p in zip(change.items(), adjusted.tolist(), strict=True):
        if p <= _ALPHA:
            flipped = (
                f"; {100 * flips[key]['estimate']:.0f} % of its marks are others than the first time" if key in flips else ""
            )
            yield Finding(
                "judge_drift",
                "warning",
                f"{row['rater']} does not say the same of the same responses any more: {_what(row)} moved by {_size(row)} on "
                f"{row['n_responses']:,} responses from its first to its last look{flipped} (p {_p(p)}, adjusted for "
                f"{_some(change)}).",
                "Calibrate it again on responses of this phase; do not compare its ratings of then with those of now.",
                [each[key]["estimate_id"] for each in (change, flips) if key in each],
            )


def _is_share(row: Row) -> bool:
    return row["outcome"] != "harm" or row["threshold"] is not None


def _what(row: Mapping[str, Any]) -> str:
    names = {"success": "attack success", "refusal": "refusal"}
    name = names.get(row["outcome"]) or (f"harm of {row['threshold']} or more" if row["threshold"] else "harm")
    return f"{name} on benign prompts" if row["intent"] == "benign" else name


def _where(row: Row) -> str:
    return f" ({row['modality']})" if row["modality"] else ""


def _size(row: Row) -> str:
    """Return a difference with its interval: in points, or in steps of the scale."""
    if _is_share(row):
        return f"{points(row['estimate'])} points ({points(row['conf_low'])} to {points(row['conf_high'])})"
    low, value, high = (f"{row[name]:+.2f}".replace("-", "−") for name in ("conf_low", "estimate", "conf_high"))
    return f"{value} steps ({low} to {high})"


def _percent(row: Row) -> str:
    value = f"{100 * row['estimate']:.1f} %"
    return value if row["conf_low"] is None else f"{value} ({100 * row['conf_low']:.1f} to {100 * row['conf_high']:.1f})"


def _some(compared: Mapping[Any, Any]) -> str:
    return f"{len(compared)} comparison{'s' if len(compared) > 1 else ''}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"

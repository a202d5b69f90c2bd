"""Where judges of the same responses come to different drifts (statistics §5: judge disagreement as an axis of robustness)."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from driftgauge.measure.rows import TWO_WAY
from driftgauge.records import Finding

_SAME = ("estimand", "outcome", "unit", "filter", "threshold", "intent", "release", "baseline_release")


def judge_disagreements(estimates: pl.DataFrame) -> Iterator[Finding]:
    """Yield a finding for each drift on which single judges differ: up by one, down or not clear of chance by another.

    Parameters
    ----------
    estimates
        The `estimates` table; read are the drifts of single judges (`rater` set), modalities, languages and categories
        together, with intervals over scenarios (these judges).

    Examples
    --------
    >>> row = {"kind": "judge", "contrast": "drift", "scope": "panel", "method": "linearised scenario t", "unit": "rating"}
    >>> row |= dict.fromkeys(("modality", "language", "harm_category", "threshold"))
    >>> row |= {"estimand": "asr", "outcome": "success", "filter": "all", "intent": "adversarial", "estimate_id": "e"}
    >>> row |= {"release": "A2", "baseline_release": "A1", "level": 0.95}
    >>> one = row | {"rater": "j1", "estimate": 0.1, "conf_low": 0.05, "conf_high": 0.15}
    >>> other = row | {"rater": "j2", "estimate": 0.01, "conf_low": -0.04, "conf_high": 0.06}
    >>> [found.sentence for found in judge_disagreements(pl.DataFrame([one, other], infer_schema_length=None))]
    ['The judges do not tell the same of asr from A1 to A2: +10.0 points (+5.0 to +15.0) by j1, +1.0 (−4.0 to +6.0) by j2.']
    """
    alone = estimates.filter(
        pl.col("kind") == "judge",
        pl.col("contrast") == "drift",
        pl.col("unit") == "rating",
        pl.col("filter") == "all",
        pl.col("scope") == "panel",
        pl.col("rater").is_not_null(),
        pl.col("conf_low").is_not_null(),
        ~pl.col("method").str.starts_with(TWO_WAY),
        pl.col("method").str.starts_with("linearised"),
        pl.col("estimand").is_in(["asr", "harm_rate", "refusal_rate", "over_refusal"]),
        pl.all_horizontal(pl.col("modality", "language", "harm_category").is_null()),
    ).sort(*_SAME, "rater", nulls_last=True)
    for key, mine in alone.group_by(_SAME, maintain_order=True):
        rows = mine.to_dicts()
        if len({_sign(row) for row in rows}) > 1:
            yield _finding(dict(zip(_SAME, key, strict=True)), rows)


def _sign(row: dict[str, Any]) -> int:
    return 1 if row["conf_low"] > 0 else -1 if row["conf_high"] < 0 else 0


def _finding(key: dict[str, Any], rows: list[dict[str, Any]]) -> Finding:
    said = [
        f"{_points(row['estimate'])}{'' if number else ' points'} ({_points(row['conf_low'])} to {_points(row['conf_high'])}) "
        f"by {row['rater']}"
        for number, row in enumerate(rows)
    ]
    return Finding(
        "judges_disagree",
        "warning",
        f"The judges do not tell the same of {key['estimand'].replace('_', ' ')} from {key['baseline_release']} to "
        f"{key['release']}: {', '.join(said)}.",
        "Have people rate a random part of these responses: part of such a drift is the judge.",
        [row["estimate_id"] for row in rows],
    )


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")

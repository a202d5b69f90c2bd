"""Whether mixed models would have led to other verdicts: their averaged drifts, judged by the rules of the primary ones."""

from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Final

import numpy as np

from driftgauge.measure.drift import Change, judge
from driftgauge.measure.mixed.wald import wald
from driftgauge.measure.rows import Row
from driftgauge.measure.student import quantile
from driftgauge.records import Finding
from driftgauge.study import Protocol

QUANTILES: Final = ", posterior quantiles"
"""How the method of a row ends whose interval is of draws."""
ODDS: Final = ("odds_ratio", "odds_ratio_low", "odds_ratio_high")
_AS_NORMAL: Final = 1e4
"""Degrees of freedom at which t is as good as normal."""


def disagreements(mine: Sequence[Row], primary: Sequence[Row], *, protocol: Protocol, model: str) -> Iterator[Finding]:
    """Yield a finding for each verdict that the model's averaged drifts, judged by the same rules, would not have given.

    A posterior is taken as normal for it: its mean, its standard deviation, and as many degrees of freedom as there need be.

    Parameters
    ----------
    mine
        Rows of the model; drifts of the estimand with verdicts count.
    primary
        Rows with the verdicts. Of rows that have ids, both are kept with the finding.
    protocol
        Margin and level.
    model
        What to call it.
    """
    judged = [row for row in primary if row.get("verdict")]
    averaged = {
        _key(row): row for row in mine if row.get("contrast") == "drift" and judged and row["estimand"] == judged[0]["estimand"]
    }
    pairs = [(row, testable(averaged[_key(row)])) for row in judged if _key(row) in averaged]
    pairs = [(row, each) for row, each in pairs if each["df"] is not None]
    if not pairs:
        return
    odds = [log_odds_of(each, df=each["df"], level=each["level"]) for _, each in pairs]
    beside = [each | {"estimate": number(each["estimate"])} for _, each in pairs]
    judge(beside, odds=odds, margin=protocol.margin, level=protocol.level)
    for (row, _), each in zip(pairs, beside, strict=True):
        if each["verdict"] != row["verdict"] and not np.isnan(each["estimate"]):
            yield _disagreement(row, each, model=model)


def testable(row: Row) -> Row:
    """Return a drift with what verdicts need, which a row of draws does not have; other rows as they are."""
    if not row["method"].endswith(QUANTILES):
        return row
    by_normal = wald(np.array([number(row["estimate"])]), np.array([number(row["std_error"])]), df=None, level=row["level"])
    return row | {"df": _AS_NORMAL, "p_value": float(by_normal["p_value"][0])}


def _key(row: Row) -> tuple[str, str]:
    return row["release"], row["baseline_release"]


def _disagreement(row: Row, modelled: Row, *, model: str) -> Finding:
    said = f"{100 * row['estimate']:+.1f} against {100 * modelled['estimate']:+.1f} points".replace("-", "−")
    return Finding(
        "model_disagrees",
        "warning",
        f"{row['baseline_release']} → {row['release']} is {row['verdict']} by the primary estimate, and would be "
        f"{modelled['verdict']} by the mixed model ({model}): {said}.",
        "Look at what each assumes: the model also takes out how strict raters are, where some link the panels, and believes "
        "in normal effects; the primary estimate does neither.",
        [each["estimate_id"] for each in (row, modelled) if "estimate_id" in each],
    )


def log_odds_of(row: Row, *, df: float | None, level: float) -> Change:
    """Return the logarithm of a row's odds ratio, and the standard error that its limits were formed with."""
    value, low, high = (float(np.log(number(row.get(name)))) for name in ODDS)
    tail = (1 + level) / 2
    times = NormalDist().inv_cdf(tail) if df is None else float(quantile(tail, np.array([df]))[0])
    return Change(value, (high - low) / (2 * times), _AS_NORMAL if df is None else df)


def number(value: float | None) -> float:
    """Return a number, NaN for null."""
    return float("nan") if value is None else float(value)

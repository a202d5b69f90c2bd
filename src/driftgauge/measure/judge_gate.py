"""What has to be shown of a judge before a rule of the gate is decided on its ratings (statistics §7).

No gate passes on a judge whose calibration the study has not shown: beside people, for the same releases and phase, on enough
responses, lately, and good enough on the whole interval. Whatever is lacking leaves the rule undecided, and says what to do.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from driftgauge.measure.calibration import AGREEMENT, BIAS, CALIBRATED_ON, SENSITIVITY, SPECIFICITY
from driftgauge.study import GateRule, Protocol

_OUTCOME: Final = {"asr": "success", "over_refusal": "refusal"}
"""What is calibrated, by the estimand that a rule is on."""
_PLACE: Final = pl.all_horizontal(pl.col("modality", "language", "harm_category").is_null())


def rows_by(estimates: pl.DataFrame, judge: str) -> pl.DataFrame:
    """Return the estimates of a judge's ratings; where it is the only judge, those of all judges are its own."""
    of_judges = estimates.filter(pl.col("kind") == "judge", pl.col("baseline_rater").is_null())
    names = judges_in(of_judges)
    alone = names == [judge]
    return of_judges.filter(pl.col("rater").is_null() if alone else pl.col("rater") == judge)


def judges_in(estimates: pl.DataFrame) -> list[str]:
    """Return the judges that the estimates say something of, calibrated or not."""
    told = estimates.filter(pl.col("kind") == "judge", pl.col("estimand") == AGREEMENT)
    return told["rater"].drop_nulls().unique().sort().to_list()


def lacking(
    estimates: pl.DataFrame, rule: GateRule, row: Mapping[str, Any], *, protocol: Protocol, today: float | None
) -> list[str]:
    """Return what is lacking before a rule can be decided on a judge's estimate; nothing when its calibration carries it.

    Parameters
    ----------
    estimates
        The estimates table, with the calibration of its judges.
    rule
        With its judge, and what it asks of it.
    row
        The judge's estimate that the rule would be decided on.
    protocol
        The calibration is read in its scope.
    today
        Days since 1970 (UTC); null when it is not known, which nothing passes.
    """
    told = estimates.filter(
        pl.col("kind") == "judge",
        pl.col("rater") == rule.judge,
        pl.col("outcome") == _OUTCOME[row["estimand"]],
        pl.col("intent") == row["intent"],
        _PLACE,
        ~pl.col("method").str.contains("bootstrap"),
    )
    sides = [(row["release"], row["phase"])]
    if row["contrast"] is not None:
        sides.insert(0, (row["baseline_release"], row["baseline_phase"]))
    found = [reason for side in sides for reason in _of_release(told, rule, side=side, protocol=protocol, today=today)]
    return found or list(_of_bias(told, rule, row, protocol))


def _of_release(
    told: pl.DataFrame, rule: GateRule, *, side: tuple[str, str | None], protocol: Protocol, today: float | None
) -> Iterator[str]:
    """Yield what is lacking of the calibration on one release in one phase."""
    release, phase = side
    here = told.filter(pl.col("contrast").is_null(), pl.col("release") == release)
    agreement = here.filter(pl.col("estimand") == AGREEMENT, pl.col("phase").eq_missing(pl.lit(phase, dtype=pl.String)))
    n = max(agreement["n_responses"].to_list(), default=0)
    if not n:
        yield f"people rated nothing of {release} in this phase that it rated too: have people rate a random part of it"
        return
    if n < rule.judge_min_responses:
        yield f"{n} responses of {release} were rated by people too, and {rule.judge_min_responses} are asked for"
    yield from _age(here, rule, release, today)
    for estimand, least in ((SENSITIVITY, rule.judge_min_sensitivity), (SPECIFICITY, rule.judge_min_specificity)):
        row = _one(here, estimand, protocol)
        low, _ = _limits(row, perfect=1.0)
        if low is None or low < least:
            name = estimand.removeprefix("judge_")
            yield f"its {name} for {release} is {_said(row)}, and the whole interval has to be at least {least:g}"


def _age(here: pl.DataFrame, rule: GateRule, release: str, today: float | None) -> Iterator[str]:
    day = next(iter(here.filter(pl.col("estimand") == CALIBRATED_ON)["estimate"].to_list()), None)
    if day is None or today is None:
        yield f"when it was calibrated on {release} is not known: give `created_at` with its ratings"
    elif not -1 <= today - day <= rule.judge_calibration_days:
        old = f"{today - day:.0f} days old" if today >= day else f"{day - today:.0f} days in the future"
        yield f"its calibration on {release} is {old}, {rule.judge_calibration_days} are allowed: calibrate it again"


def _of_bias(told: pl.DataFrame, rule: GateRule, row: Mapping[str, Any], protocol: Protocol) -> Iterator[str]:
    """Yield whether its bias is too large: of a level the bias itself, of a drift what differs between its releases."""
    drift = row["contrast"] is not None
    most = rule.judge_max_bias_drift if drift else rule.judge_max_bias
    here = told.filter(
        pl.col("release") == row["release"],
        pl.col("baseline_release").eq_missing(pl.lit(row["baseline_release"], dtype=pl.String)),
        pl.col("contrast").eq_missing(pl.lit(row["contrast"], dtype=pl.String)),
    )
    found = _one(here, BIAS, protocol)
    low, high = _limits(found, perfect=0.0)
    if low is None or high is None or low < -most or high > most:
        what = f"its bias for {row['release']}"
        if drift:
            what = f"the difference of its bias between {row['baseline_release']} and {row['release']}"
        yield f"{what} is {_said(found)}, and the whole interval has to be within ±{most:g}"


def _one(rows: pl.DataFrame, estimand: str, protocol: Protocol) -> dict[str, Any] | None:
    found = rows.filter(pl.col("estimand") == estimand, pl.col("scope") == protocol.scope)
    return found.row(0, named=True) if len(found) else None


def _limits(row: Mapping[str, Any] | None, *, perfect: float) -> tuple[float | None, float | None]:
    """Return the interval; of a judge without any fault, which varies in nothing, the exact binomial one over scenarios."""
    if row is None:
        return None, None
    if row["conf_low"] is not None:
        return row["conf_low"], row["conf_high"]
    if row["estimate"] is None or abs(row["estimate"] - perfect) > 1e-12 or row["n_raters"] < 2:
        return None, None
    faults = 1 - ((1 - row["level"]) / 2) ** (1 / max(1, row["n_scenarios"]))
    return (1 - faults, 1.0) if perfect else (-faults, faults)


def _said(row: Mapping[str, Any] | None) -> str:
    if row is None or row["estimate"] is None:
        return f"not known ({row['reason_null'] if row else 'no such estimate'})"
    if row["conf_low"] is None:
        return f"{row['estimate']:.4f} without an interval"
    return f"{row['estimate']:.4f} ({row['conf_low']:.4f} to {row['conf_high']:.4f})"

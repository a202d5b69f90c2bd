"""Judges beside people: how far a judge can stand in for them, by release and modality (statistics §7)."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from driftgauge.frames import INTENTS
from driftgauge.measure.calibration.anchors import CHANGE, FLIPS, anchor_rows
from driftgauge.measure.calibration.beside import (
    ABOVE_CHANCE,
    AC2,
    AGREEMENT,
    ALPHA,
    BIAS,
    CALIBRATED_ON,
    HARM_AT,
    JUDGE_SHARE,
    PEOPLE_SHARE,
    SENSITIVITY,
    SPECIFICITY,
    beside,
    judges_of,
    pairs_of,
)
from driftgauge.measure.calibration.chance import chance_rows
from driftgauge.measure.calibration.compared import compared_rows
from driftgauge.measure.calibration.findings import judge_findings
from driftgauge.measure.calibration.lookup import JudgeLookup
from driftgauge.measure.calibration.rows import drawn_weights, quality_rows
from driftgauge.measure.outcomes import Counted
from driftgauge.measure.rows import Row, Setting
from driftgauge.study import Protocol

OF_JUDGES: Final = (
    AGREEMENT, SENSITIVITY, SPECIFICITY, ABOVE_CHANCE, BIAS, JUDGE_SHARE, PEOPLE_SHARE, *HARM_AT, CALIBRATED_ON, AC2, ALPHA,
    FLIPS, CHANGE,
)  # fmt: skip
"""The estimands of this package: of a judge (`rater`), mostly over people's ratings of what it rated too."""
REPLICATES: Final = 500
"""Replicates at most: every one summarises each response anew."""

__all__ = [
    "AGREEMENT",
    "BIAS",
    "CALIBRATED_ON",
    "OF_JUDGES",
    "SENSITIVITY",
    "SPECIFICITY",
    "JudgeLookup",
    "calibration_rows",
    "judge_findings",
]


def calibration_rows(
    ratings: pl.DataFrame,
    left: Counted,
    *,
    protocol: Protocol,
    rng: np.random.Generator,
    bootstrap: int,
    simulated: bool,
) -> Iterator[Row]:
    """Yield how every judge does beside people, on adversarial and on benign prompts; nothing where no judge rated.

    Parameters
    ----------
    ratings
        All ratings: later occasions of a judge are its drift.
    left
        The counted ratings.
    protocol
        Level and threshold of harm.
    rng, bootstrap
        Of the replicates; at most `REPLICATES` are drawn.
    simulated
        Whether any rating is.
    """
    n = min(bootstrap, REPLICATES)
    for intent in INTENTS:
        judges = judges_of(left, intent)
        for judge in judges:
            setting = Setting("judge", intent, "response_mean", protocol.level, protocol.harmful_at, {}, simulated, judge)
            one = beside(left, judge, intent, protocol=protocol)
            yield from quality_rows(one, setting, rng=rng, bootstrap=n)
            if len(one.found.sample):
                yield from chance_rows(one, setting, weights=drawn_weights(one, rng, n=n).scenario.astype(float))
            yield from anchor_rows(ratings, setting)
        for pair in pairs_of(judges):
            setting = Setting("judge", intent, "response_majority", protocol.level, protocol.harmful_at, {}, simulated)
            yield from compared_rows(left, pair, setting, protocol=protocol)

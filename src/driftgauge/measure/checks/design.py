"""What the design lets nobody conclude: raters, scope, unit, outcome, pairing (statistics §5, §10)."""

from collections.abc import Iterator
from typing import Final

import polars as pl

from driftgauge.measure.checks.facts import Facts, drift_rows, listed
from driftgauge.measure.outcomes import NOBODY
from driftgauge.records import Finding

NAMES: Final = {"asr": "attack success", "harm_rate": "harm at or above the threshold", "refusal_rate": "refusal"}


def few_raters(facts: Facts) -> Iterator[Finding]:
    """Say that one rater speaks for nobody else."""
    human = facts.human
    if not len(human):
        return
    per_release = human.filter(pl.col("rater") != NOBODY).group_by("release").agg(n=pl.n_unique("rater"))
    if not len(per_release):
        return
    if per_release["n"].max() == 1:
        yield Finding(
            "one_rater",
            "critical",
            "Each release has one rater, or one consolidated label: intervals are for these labels "
            "(scope panel) and say nothing about other raters; agreement cannot be told.",
            "Have at least two people rate every response.",
        )
    elif per_release["n"].min() == 1:
        names = sorted(per_release.filter(pl.col("n") == 1)["release"].to_list())
        yield Finding(
            "one_rater",
            "critical",
            f"{listed(names)} had one rater: no interval for raters like this one.",
            "Have at least two people rate every response.",
        )


def scope_of_verdicts(facts: Facts) -> Iterator[Finding]:
    """Say which drifts have no verdict because different raters rated their sides and the scope is these raters."""
    judged = {row["release"] for row in facts.verdicts}
    drifts = drift_rows(facts).filter(
        pl.col("scope") == "panel",
        pl.col("unit") == facts.protocol.primary.unit,
        pl.all_horizontal(pl.col("modality", "language", "harm_category").is_null()),
    )
    if facts.protocol.scope == "raters" and "raters" in facts.estimates["scope"]:
        return
    pairs = drifts.select("baseline_release", "release").unique().sort("release").rows()
    without = [f"{earlier} → {later}" for earlier, later in pairs if later not in judged]
    if without:
        yield Finding(
            "panels_differ",
            "critical",
            f"Different raters rated the two sides of {listed(without)}, and the scope is panel (these raters): no verdict. "
            "Such intervals held the truth in 37 to 38 % of simulated studies.",
            "Declare `scope: raters`, with at least two raters on each side.",
        )


def units_of_verdicts(facts: Facts) -> Iterator[Finding]:
    """Say that the declared unit cannot be had."""
    unit = facts.protocol.primary.unit
    if len(drift_rows(facts)) and unit not in facts.estimates["unit"]:
        yield Finding(
            "primary_unit_absent",
            "critical",
            f"The protocol's unit is {unit}, which these ratings do not have: no verdict.",
            "Collect several attempts, or declare `primary: {unit: rating}`.",
        )


def primary_outcome(facts: Facts) -> Iterator[Finding]:
    """Say that another outcome stands in for the declared one."""
    declared = facts.protocol.primary.estimand
    used = {row["estimand"] for row in facts.verdicts}
    for estimand in used - {declared}:
        yield Finding(
            "primary_replaced",
            "warning",
            f"{NAMES[declared].capitalize()} was not rated; the verdicts are about {NAMES[estimand]} instead.",
            f"Rate {NAMES[declared]}, or declare `primary: {{estimand: {estimand}}}`.",
            [row["estimate_id"] for row in facts.verdicts],
        )


def pairing(facts: Facts) -> Iterator[Finding]:
    """Say whether prompts are paired by modality, and whether releases answered the same ones."""
    human = facts.left.rows
    twins = human.group_by("scenario", "intent").agg(n=pl.n_unique("modality"))
    alone = int((twins["n"] == 1).sum())
    if alone == len(twins):
        yield Finding("unpaired_prompts", "info", "No scenario was put in both modalities, so there is no modality effect.")
    elif alone:
        yield Finding(
            "unpaired_prompts",
            "warning",
            f"{alone:,} of {len(twins):,} scenarios were put in one modality only; the modality effect is over the others.",
            "Add the missing twins.",
        )
    drifts = drift_rows(facts).filter(pl.col("modality").is_null(), pl.col("language").is_null())
    empty = drifts.filter(pl.col("n_ratings") == 0).select("baseline_release", "release").unique().sort("release").rows()
    for earlier, later in empty:
        yield Finding(
            "nothing_shared",
            "critical",
            f"{earlier} and {later} answered no scenario in common: no drift between them.",
            "Put the same prompts to both.",
        )
    partly = drifts.filter(pl.col("reason_excluded").str.contains("only one of the releases"), pl.col("n_ratings") > 0)
    for earlier, later in partly.select("baseline_release", "release").unique().sort("release").rows():
        yield Finding(
            "partly_shared",
            "warning",
            f"{earlier} and {later} did not answer the same prompts; the drift is over those that both answered.",
            "Collect what is missing.",
        )

"""What the design lets nobody conclude: panels, raters, precision, pairing (statistics §5, §10)."""

from collections.abc import Iterator
from math import ceil
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.measure.checks.facts import Facts, drift_rows, listed
from driftgauge.measure.outcomes import NOBODY
from driftgauge.measure.student import quantile
from driftgauge.records import Finding

NAMES: Final = {"asr": "attack success", "harm_rate": "harm at or above the threshold", "refusal_rate": "refusal"}


def panels(facts: Facts) -> Iterator[Finding]:
    """Say whether raters link the two sides of each drift, or panel and release are confounded."""
    raters = {
        release: set(names)
        for release, names in facts.human.filter(~pl.col("imputed")).group_by("release").agg("rater").iter_rows()
    }
    pairs = [(row["baseline_release"], row["release"], row["estimate_id"]) for row in facts.verdicts]
    apart = [pair for pair in pairs if not raters.get(pair[0], set()) & raters.get(pair[1], set())]
    if apart:
        names = listed([f"{earlier} → {later}" for earlier, later, _ in apart])
        yield Finding(
            "unlinked_panels",
            "critical",
            f"No rater and no anchor links the panels of {names}: a stricter panel and a "
            "safer model would look the same. The intervals assume panels are exchangeable draws from one population "
            "of raters.",
            "Have some raters of each panel rate responses of the other phase.",
            [pair[2] for pair in apart],
        )
    linked = [pair for pair in pairs if pair not in apart and raters[pair[0]] != raters[pair[1]]]
    if linked:
        counts = sorted({len(raters[earlier] & raters[later]) for earlier, later, _ in linked})
        names = listed([f"{earlier} → {later}" for earlier, later, _ in linked])
        many = " to ".join(str(n) for n in dict.fromkeys((counts[0], counts[-1])))
        sentence = f"{many} raters rated both releases of {names}; the others rated one of them."
        yield Finding("linked_panels", "info", sentence, None, [pair[2] for pair in linked])


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


def precision(facts: Facts) -> Iterator[Finding]:
    """Say which undecided drifts could not have been called unchanged whatever they were, and what would make them so."""
    margin = facts.protocol.margin.points
    if margin is None:
        return
    open_ones = [row for row in facts.verdicts if row["verdict"] == "inconclusive"]
    too_wide = [row for row in open_ones if row["std_error"] and row["df"] and _half(row) > margin]
    if not too_wide:
        return
    names = listed([f"{row['baseline_release']} → {row['release']} (±{100 * _half(row):.1f} points)" for row in too_wide])
    remedies = [remedy for row in too_wide if (remedy := _what_would_do(facts, row, margin))]
    yield Finding(
        "cannot_be_unchanged",
        "warning",
        f"This study cannot return `unchanged` for {names}: the interval is wider than "
        f"the margin of {100 * margin:g} points, so the absence of drift could not be shown.",
        "; ".join(dict.fromkeys(remedies)) or None,
        [row["estimate_id"] for row in too_wide],
    )


def _half(row: dict[str, Any]) -> float:
    """Half the width of the 90 % interval that two one-sided tests at 5 % compare with the margin; at most all there is."""
    return min(1.0, float(quantile(0.95, np.array([row["df"]]))[0]) * row["std_error"])


def _what_would_do(facts: Facts, row: dict[str, Any], margin: float) -> str | None:
    """Return how many raters or scenarios would narrow the interval to the margin, others things equal; about."""
    same = ("estimand", "contrast", "unit", "filter", "family", "release")
    condition = pl.all_horizontal([pl.col(name) == row[name] for name in same] + [pl.col("modality").is_null()])
    panel = facts.estimates.filter(condition, pl.col("scope") == "panel", pl.col("method") == "linearised scenario t")
    if row["scope"] != "raters" or not len(panel):
        return None
    scenarios = float(panel["std_error"][0]) ** 2
    raters = max(row["std_error"] ** 2 - scenarios, 0.0)
    allowed = (margin * row["std_error"] / _half(row)) ** 2
    name = f"{row['baseline_release']} → {row['release']}"
    if allowed > scenarios:
        return f"{name}: {_more(row['n_raters'] * (raters / (allowed - scenarios) - 1), row['n_raters'])} raters like these"
    if allowed > raters:
        return f"{name}: {_more(row['n_scenarios'] * (scenarios / (allowed - raters) - 1), row['n_scenarios'])} scenarios"
    return f"{name}: more raters and more scenarios"


def _more(needed: float, now: int) -> str:
    """Say how many more; beyond ten times what there is, a number would be a guess."""
    return f"about {ceil(needed)} more" if needed <= 10 * now else "many more"


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

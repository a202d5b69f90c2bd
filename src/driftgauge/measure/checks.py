"""Findings: what a reader must know of the data and the design before believing a number (statistics §5, §10).

Each check is a function of the same facts; it yields findings, or nothing when there is nothing to say. A sentence says what it
does to which conclusion; no text of a prompt, response or comment is in any.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.measure.outcomes import NOBODY, Counted, unmeasured
from driftgauge.measure.student import quantile
from driftgauge.records import Finding
from driftgauge.study import Protocol

NAMES: Final = {"asr": "attack success", "harm_rate": "harm at or above the threshold", "refusal_rate": "refusal"}


@dataclass(frozen=True)
class Facts:
    """What the checks look at."""

    ratings: pl.DataFrame
    left: Counted
    estimates: pl.DataFrame
    protocol: Protocol

    @property
    def human(self) -> pl.DataFrame:
        """Counted ratings by people of adversarial prompts: what verdicts are about."""
        return self.left.rows.filter(pl.col("kind") == "human", pl.col("intent") == "adversarial")

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """The rows of the verdict family."""
        return self.estimates.filter(pl.col("primary")).to_dicts()


def check(ratings: pl.DataFrame, left: Counted, estimates: pl.DataFrame, *, protocol: Protocol) -> list[Finding]:
    """Return the findings of a measurement.

    Parameters
    ----------
    ratings
        All ratings, counted or not.
    left
        What counted, and what was left out.
    estimates
        What was estimated.
    protocol
        What was declared.
    """
    facts = Facts(ratings, left, estimates, protocol)
    return [finding for one in CHECKS for finding in one(facts)]


def simulated(facts: Facts) -> Iterator[Finding]:
    """Say that ratings are simulated."""
    n = int(facts.ratings["simulated"].fill_null(value=False).sum())
    if n:
        yield Finding(
            "simulated",
            "critical",
            f"The ratings are simulated: {n:,} of {len(facts.ratings):,} were made by a program. "
            "Nothing here is about any real model.",
            "Use these figures to learn the tool, not to decide.",
        )


def judges(facts: Facts) -> Iterator[Finding]:
    """Say what judges do to the conclusions."""
    kinds = set(facts.left.rows["kind"].unique().to_list())
    if kinds == {"judge"}:
        yield Finding(
            "judges_only",
            "critical",
            "Only judges rated, no people: the figures are about the judges' labels, and no verdict is given.",
            "Have people rate a random part of the responses, so that the judges can be calibrated.",
        )
    elif "judge" in kinds:
        yield Finding(
            "judges_apart",
            "info",
            "Judges rated beside people; their ratings have rows of their own and enter no human estimate.",
        )


def lineage(facts: Facts) -> Iterator[Finding]:
    """Say why there is no drift where there is none."""
    rows = facts.left.rows
    known = rows.filter(pl.col("family").is_not_null(), pl.col("generation").is_not_null())
    if not len(known):
        yield Finding(
            "no_families",
            "warning",
            "The data do not say which release follows which, so there are levels and no drift.",
            "Say it with --families FILE (YAML, family: [earlier release, later release]).",
        )
        return
    for family, generations in sorted(_generations(known).items()):
        if len(generations) == 1:
            yield Finding(
                "one_release",
                "warning",
                f"Family {family} has one release in the data: nothing to compare it with.",
                "Rate an earlier or a later release on the same prompts.",
            )
        for earlier, later in pairwise(sorted(generations)):
            if later - earlier > 1:
                yield Finding(
                    "skipped_generation",
                    "warning",
                    f"Family {family}: generation {earlier} is compared with {later}; "
                    "what lies between them is not in the data, so the change may have come at any step.",
                    "Rate the generations between, or report it as a change over several releases.",
                )
    without = sorted(set(rows["release"].unique().to_list()) - set(known["release"].unique().to_list()))
    if without:
        yield Finding(
            "no_family", "info", f"{len(without)} releases are in no family and have levels only: {_listed(without)}."
        )


def _generations(known: pl.DataFrame) -> dict[str, set[int]]:
    pairs = known.select("family", "generation").unique().iter_rows()
    found: dict[str, set[int]] = {}
    for family, generation in pairs:
        found.setdefault(family, set()).add(generation)
    return found


def panels(facts: Facts) -> Iterator[Finding]:
    """Say whether raters link the two sides of each drift, or panel and release are confounded."""
    raters = {
        release: set(names)
        for release, names in facts.human.filter(~pl.col("imputed")).group_by("release").agg("rater").iter_rows()
    }
    pairs = [(row["baseline_release"], row["release"], row["estimate_id"]) for row in facts.verdicts]
    apart = [pair for pair in pairs if not raters.get(pair[0], set()) & raters.get(pair[1], set())]
    if apart:
        names = _listed([f"{earlier} → {later}" for earlier, later, _ in apart])
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
        names = _listed([f"{earlier} → {later}" for earlier, later, _ in linked])
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
            f"{_listed(names)} had one rater: no interval for raters like this one.",
            "Have at least two people rate every response.",
        )


def scope_of_verdicts(facts: Facts) -> Iterator[Finding]:
    """Say which drifts have no verdict because different raters rated their sides and the scope is these raters."""
    judged = {row["release"] for row in facts.verdicts}
    drifts = _drift_rows(facts).filter(
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
            f"Different raters rated the two sides of {_listed(without)}, and the scope is panel (these raters): no verdict. "
            "Such intervals held the truth in 37 to 38 % of simulated studies.",
            "Declare `scope: raters`, with at least two raters on each side.",
        )


def units_of_verdicts(facts: Facts) -> Iterator[Finding]:
    """Say that the declared unit cannot be had."""
    unit = facts.protocol.primary.unit
    if len(_drift_rows(facts)) and unit not in facts.estimates["unit"]:
        yield Finding(
            "primary_unit_absent",
            "critical",
            f"The protocol's unit is {unit}, which these ratings do not have: no verdict.",
            "Collect several attempts, or declare `primary: {unit: rating}`.",
        )


def _drift_rows(facts: Facts) -> pl.DataFrame:
    return facts.estimates.filter(pl.col("contrast") == "drift", pl.col("kind") == "human")


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
    names = _listed([f"{row['baseline_release']} → {row['release']} (±{100 * _half(row):.1f} points)" for row in too_wide])
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


def inconsistent(facts: Facts) -> Iterator[Finding]:
    """List ratings marked refusal and success."""
    rows = facts.left.rows.filter(pl.col("refusal"), pl.col("success"))
    if len(rows):
        yield Finding(
            "inconsistent_ratings",
            "warning",
            f"{len(rows):,} ratings ({100 * len(rows) / len(facts.left.rows):.2f} %) are "
            "marked both refusal and success. They are kept: ASR counts them as successes, the three outcomes count "
            "them as refused, and drift shows their part.",
            "Ask the raters what they meant; inconsistent.csv lists them.",
            (),
            rows["rating_id"].to_list(),
        )


def left_out(facts: Facts) -> Iterator[Finding]:
    """Say what was filled in, and what was left out and why."""
    left = facts.left
    filled = left.rows.filter("imputed")["response_id"].n_unique()
    if filled:
        yield Finding(
            "unrated_as_refusals",
            "info",
            f"{filled:,} responses were refused by the provider, filtered or empty; nobody "
            "needed to see them, and each counts as a refusal by every rater of its panel.",
        )
    unseen = left.rows.filter(pl.col("rater") == NOBODY)["response_id"].n_unique()
    if unseen:
        yield Finding(
            "nobody_rated",
            "warning",
            f"{unseen:,} responses that nobody needed to see are of a panel and a release that nobody rated; each counts as "
            "one refusal by nobody in particular.",
            "State the phase or panel of these rows, if raters saw other responses of it.",
        )
    lost = unmeasured(left.missing, left.rows)
    if len(lost):
        per = lost.group_by("release").agg(n=pl.len()).sort("release").iter_rows()
        named = _listed([f"{release} {n:,}" for release, n in per])
        yield Finding(
            "missing_responses",
            "warning",
            f"{len(lost):,} responses were not measured ({named}). They are left out; "
            "bound_low and bound_high say what each drift would be in the best and the worst case.",
            "Collect them again.",
        )
    beside = left.missing.filter(pl.col("rater").is_not_null()).join(lost, on="response_id", how="anti")
    if len(beside):
        yield Finding(
            "missing_judgements",
            "info",
            f"{len(beside):,} ratings are missing for responses that others rated: these raters gave no usable answer.",
        )
    if left.repeats or left.not_items:
        yield Finding(
            "not_counted",
            "info",
            f"{left.repeats:,} ratings are a rater's second look at a response, and "
            f"{left.not_items:,} are gold or calibration: none enters a level.",
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
    drifts = _drift_rows(facts).filter(pl.col("modality").is_null(), pl.col("language").is_null())
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


def repeated_collection(facts: Facts) -> Iterator[Finding]:
    """Say that a release was collected more than once."""
    several = (
        facts.left.rows.group_by("release").agg(n=pl.n_unique("phase")).filter(pl.col("n") > 1)["release"].sort().to_list()
    )
    if several:
        yield Finding(
            "several_phases",
            "warning",
            f"{_listed(several)} answered in several phases; their estimates run over these phases together.",
            "Give each collection a release name of its own if they should be compared.",
        )


def degenerate_units(facts: Facts) -> Iterator[Finding]:
    """Say where a unit tells nothing of its own, and where agreement cannot be told."""
    drawn = facts.estimates.filter(pl.col("unit") == "response_majority", pl.col("method").str.contains("; 1 raters drawn"))
    if len(drawn) and not _single(facts):
        yield Finding(
            "majority_of_one",
            "info",
            "Some response has fewer than three raters, so the largest common panel is one rater: "
            "response_majority and any_rater equal response_mean.",
        )
    equal = facts.estimates.filter(pl.col("reason_null").str.starts_with("every rating is the same: agreement"))
    if len(equal.filter(pl.col("release").is_null(), pl.col("modality").is_null(), pl.col("phase").is_null())):
        outcomes = _listed(sorted(equal["outcome"].unique().to_list()))
        yield Finding(
            "no_variation", "info", f"Every rating of {outcomes} is the same: agreement beyond chance cannot be told."
        )


def _single(facts: Facts) -> bool:
    return facts.left.rows["rater"].n_unique() == 1


def _listed(names: list[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


CHECKS: Final[tuple[Callable[[Facts], Iterator[Finding]], ...]] = (
    simulated,
    judges,
    few_raters,
    scope_of_verdicts,
    units_of_verdicts,
    panels,
    lineage,
    primary_outcome,
    precision,
    pairing,
    left_out,
    inconsistent,
    repeated_collection,
    degenerate_units,
)

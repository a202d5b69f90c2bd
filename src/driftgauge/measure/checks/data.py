"""What the data are, and what was left out of them or filled in."""

from collections.abc import Iterator
from itertools import pairwise

import polars as pl

from driftgauge.measure.checks.facts import Facts, listed
from driftgauge.measure.outcomes import NOBODY, unmeasured
from driftgauge.records import Finding


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


def _unrated(facts: Facts) -> dict[str, list[str]]:
    """Return, by family, the releases of which there are responses and no rating."""
    rated = facts.left.rows["release"].unique()
    rows = facts.left.missing.filter(pl.col("family").is_not_null(), ~pl.col("release").is_in(rated.implode()))
    return {family: sorted(set(names)) for family, names in rows.group_by("family").agg("release").iter_rows()}


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
    unrated = _unrated(facts)
    for family, generations in sorted(_generations(known).items()):
        if len(generations) == 1:
            others = f" Nobody rated {listed(unrated[family])}." if unrated.get(family) else ""
            yield Finding(
                "one_release",
                "warning",
                f"Family {family} has one release in the data: nothing to compare it with.{others}",
                f"Rate {'it' if others else 'an earlier or a later release'} on the same prompts.",
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
        yield Finding("no_family", "info", f"{len(without)} releases are in no family and have levels only: {listed(without)}.")


def _generations(known: pl.DataFrame) -> dict[str, set[int]]:
    pairs = known.select("family", "generation").unique().iter_rows()
    found: dict[str, set[int]] = {}
    for family, generation in pairs:
        found.setdefault(family, set()).add(generation)
    return found


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
        named = listed([f"{release} {n:,}" for release, n in per])
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


def repeated_collection(facts: Facts) -> Iterator[Finding]:
    """Say that a release was collected more than once."""
    several = (
        facts.left.rows.group_by("release").agg(n=pl.n_unique("phase")).filter(pl.col("n") > 1)["release"].sort().to_list()
    )
    if several:
        yield Finding(
            "several_phases",
            "warning",
            f"{listed(several)} answered in several phases; their estimates run over these phases together.",
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
        outcomes = listed(sorted(equal["outcome"].unique().to_list()))
        yield Finding(
            "no_variation", "info", f"Every rating of {outcomes} is the same: agreement beyond chance cannot be told."
        )


def _single(facts: Facts) -> bool:
    return facts.left.rows["rater"].n_unique() == 1

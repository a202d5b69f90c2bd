"""Whether panel and phase can be told apart, and how much stricter a panel would have to be (statistics §5)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from driftgauge.measure.checks.facts import Facts, listed, named
from driftgauge.measure.tipping_points import TippingPoint
from driftgauge.records import Finding

_WORDS: Final = {
    "asr": ("stricter", "more lenient"),
    "harm_rate": ("stricter", "more lenient"),
    "refusal_rate": ("slower to mark refusal", "quicker to mark refusal"),
}
"""How a panel is called that marks less, and one that marks more."""


def panels(facts: Facts) -> Iterator[Finding]:
    """Say whether raters link the two sides of each drift, or panel and release are confounded."""
    raters = {
        release: set(names)
        for release, names in facts.human.filter(~pl.col("imputed")).group_by("release").agg("rater").iter_rows()
    }
    sides = [(row, raters.get(row["baseline_release"], set()), raters.get(row["release"], set())) for row in facts.verdicts]
    apart = [row for row, earlier, later in sides if not earlier & later]
    if apart:
        names = listed([named(row) for row in apart])
        yield Finding(
            "unlinked_panels",
            "critical",
            unlinked(names, beside=_tipping(facts, apart)),
            "Have some raters of each panel rate responses of the other phase.",
            [row["estimate_id"] for row in apart],
        )
    linked = [(row, earlier, later) for row, earlier, later in sides if earlier & later and earlier != later]
    if linked:
        names = listed([named(row) for row, _, _ in linked])
        many = _from_to([len(earlier & later) for _, earlier, later in linked])
        met = _from_to([_anchors(facts, row, earlier & later) for row, earlier, later in linked])
        yield Finding(
            "linked_panels",
            "info",
            f"{many} raters rated both releases of {names}; the others rated one of them. {met} responses (anchors) were rated "
            "by raters of both and by others: there a difference between panels can be seen, for which the primary estimate is "
            "not corrected.",
            None,
            [row["estimate_id"] for row, _, _ in linked],
        )


def unlinked(names: str, *, beside: str = "") -> str:
    """Return what it means that nobody rated both sides of a comparison; `beside` is empty, or ends in a space."""
    return (
        f"No rater and no anchor links the panels of {names}: a stricter panel and a safer model would look the same. "
        f"{beside}The intervals assume panels are exchangeable draws from one population of raters."
    )


def _from_to(counts: Sequence[int]) -> str:
    return " to ".join(f"{n:,}" for n in dict.fromkeys((min(counts), max(counts))))


def _anchors(facts: Facts, row: Mapping[str, Any], linking: set[str]) -> int:
    """Return how many responses of the two releases were rated by raters who link them and by raters who do not."""
    here = facts.human.filter(~pl.col("imputed"), pl.col("release").is_in([row["baseline_release"], row["release"]]))
    links = here.select("response_id", links=pl.col("rater").is_in(sorted(linking)))
    met = links.group_by("response_id").agg(pl.col("links").any().alias("some"), pl.col("links").all().alias("all"))
    return int(met.select((pl.col("some") & ~pl.col("all")).sum()).item())


def _tipping(facts: Facts, apart: Sequence[Mapping[str, Any]]) -> str:
    """Return what the tipping points say of these drifts, as sentences that end in a space; nothing where there is none."""
    wanted = {(row["baseline_release"], row["release"]) for row in apart}
    mine = [point for point in facts.tipping if (point.baseline_release, point.release) in wanted]
    known = [point for point in mine if not np.isnan(point.drift_to_zero)]
    if not known:
        reasons = dict.fromkeys(point.reason_zero for point in mine if point.reason_zero)
        return f"How much stricter it would have to be cannot be told ({'; '.join(reasons)}). " if reasons else ""
    words = _WORDS[str(apart[0]["estimand"])]
    clauses = [_clause(point, words, first=number == 0) for number, point in enumerate(known)]
    spread = known[0].latent.raters
    beside = f"; the raters of this study spread by {spread:.2f} (one standard deviation)" if not np.isnan(spread) else ""
    unknown = [f"{point.baseline_release} → {point.release}" for point in mine if np.isnan(point.drift_to_zero)]
    without = f"None can be had for {listed(unknown)}. " if unknown else ""
    return f"{listed(clauses)}{beside}. {_within(known, spread)}{without}"


def _clause(point: TippingPoint, words: tuple[str, str], *, first: bool) -> str:
    pair = f"{point.baseline_release} → {point.release}"
    needed = _strictness(point.drift_to_zero, words, unit=" logits" if first else "")
    turns = (
        ""
        if np.isnan(point.verdict_changes)
        else f" (its verdict changes with one {_strictness(point.verdict_changes, words)})"
    )
    if first:
        return f"A new panel {needed} would explain the whole drift of {pair}{turns}"
    return f"one {needed} that of {pair}{turns}"


def _strictness(shift: float, words: tuple[str, str], unit: str = "") -> str:
    return f"{words[0] if shift >= 0 else words[1]} by {abs(shift):.2f}{unit}"


def _within(known: Sequence[TippingPoint], spread: float) -> str:
    """Say plainly which drifts, and which verdicts, one ordinary difference between raters would undo."""
    drifts = [f"{p.baseline_release} → {p.release}" for p in known if abs(p.drift_to_zero) < spread]
    verdicts = [f"{p.baseline_release} → {p.release}" for p in known if abs(p.verdict_changes) < spread]
    said = [f"explain the whole drift of {listed(drifts)}"] if drifts else []
    said += [f"change the verdict of {listed(verdicts)}"] if verdicts else []
    return f"Less than one such spread would {' and '.join(said)}. " if said else ""
